//! What goes when something is removed: what goes along, and what an engine refuses to remove.

use std::collections::{BTreeMap, BTreeSet};

use super::super::engine::Refusal;
use super::super::{ContainerId, ImageId, Owner, PodId, Store};

/// What keeps images of a store from being removed, and what is removed with them.
#[derive(Debug, Clone, Default)]
pub(super) struct Bonds {
    /// By image.
    images: Vec<Bond>,
    /// The containers of each pod: they go with it.
    pods: BTreeMap<PodId, Vec<ContainerId>>,
    refusal: Refusal,
}

#[derive(Debug, Clone, Default)]
struct Bond {
    /// A step of a build that nobody named, and what it was built on.
    is_step: bool,
    parent: Option<ImageId>,
    /// Images built on it.
    children: Vec<ImageId>,
    /// Containers made from it.
    containers: Vec<ContainerId>,
    /// Further platforms of the same name: one command removes them all.
    together: Vec<ImageId>,
}

impl Bonds {
    pub(super) fn of(store: &Store) -> Self {
        let mut images: Vec<Bond> = store
            .images
            .iter()
            .map(|image| Bond {
                is_step: image.is_intermediate,
                parent: image.parent,
                ..Bond::default()
            })
            .collect();
        for (id, image) in (0..).map(ImageId).zip(&store.images) {
            let parent = image.parent.and_then(|at| images.get_mut(at.as_usize()));
            if let Some(parent) = parent {
                parent.children.push(id);
            }
        }
        for (id, container) in (0..).map(ContainerId).zip(&store.containers) {
            let image = container.image.and_then(|at| images.get_mut(at.as_usize()));
            if let Some(image) = image {
                image.containers.push(id);
            }
        }
        for group in of_one_name(store) {
            for &id in &group {
                let others = group.iter().copied().filter(|&other| other != id);
                images[id.as_usize()].together = others.collect();
            }
        }
        let mut pods: BTreeMap<PodId, Vec<ContainerId>> = BTreeMap::new();
        for (id, container) in (0..).map(ContainerId).zip(&store.containers) {
            if let Some(pod) = container.pod {
                pods.entry(pod).or_default().push(id);
            }
        }
        Self {
            images,
            pods,
            refusal: store.engine.definition().refusal,
        }
    }

    fn bond(&self, owner: Owner) -> Option<&Bond> {
        match owner {
            Owner::Image(id) => self.images.get(id.as_usize()),
            _ => None,
        }
    }

    /// Returns everything that goes when some of it is removed by the engine.
    pub(super) fn removed(&self, selection: &[Owner]) -> BTreeSet<Owner> {
        let mut going: BTreeSet<Owner> = selection.iter().copied().collect();
        for &owner in selection {
            let together = self.bond(owner).into_iter().flat_map(|bond| &bond.together);
            going.extend(together.map(|&other| Owner::Image(other)));
            if let Owner::Pod(pod) = owner {
                let containers = self.pods.get(&pod).into_iter().flatten();
                going.extend(containers.map(|&container| Owner::Container(container)));
            }
        }
        self.add_steps(&mut going);
        while let Some(refused) = self.refused(&going) {
            going.retain(|owner| !refused.contains(owner));
        }
        going
    }

    /// Adds the steps that a build went through, as far as nothing else stands on them.
    fn add_steps(&self, going: &mut BTreeSet<Owner>) {
        let mut waiting: Vec<Owner> = going.iter().copied().collect();
        while let Some(owner) = waiting.pop() {
            let Some(parent) = self.bond(owner).and_then(|bond| bond.parent) else {
                continue;
            };
            let parent = Owner::Image(parent);
            let goes = self
                .bond(parent)
                .is_some_and(|bond| bond.is_step && !is_used(bond, going));
            if goes && going.insert(parent) {
                waiting.push(parent);
            }
        }
    }

    /// Returns images that the engine would keep although they are to go.
    fn refused(&self, going: &BTreeSet<Owner>) -> Option<BTreeSet<Owner>> {
        if self.refusal == Refusal::Never {
            return None;
        }
        let is_kept = |owner: &Owner| self.bond(*owner).is_some_and(|bond| is_used(bond, going));
        let refused: BTreeSet<Owner> = going.iter().copied().filter(is_kept).collect();
        (!refused.is_empty()).then_some(refused)
    }
}

/// Returns whether anything that stays needs an image.
fn is_used(bond: &Bond, going: &BTreeSet<Owner>) -> bool {
    let mut children = bond.children.iter();
    let mut containers = bond.containers.iter();
    children.any(|&child| !going.contains(&Owner::Image(child)))
        || containers.any(|&container| !going.contains(&Owner::Container(container)))
}

/// Returns the platforms of images that have several: containerd has one record for all of them.
fn of_one_name(store: &Store) -> impl Iterator<Item = Vec<ImageId>> {
    let mut groups: BTreeMap<_, Vec<ImageId>> = BTreeMap::new();
    for (id, image) in (0..).map(ImageId).zip(&store.images) {
        if let (Some(digest), false) = (&image.digest, image.names.is_empty()) {
            let record = (&image.namespace, digest.to_string(), &image.names);
            groups.entry(record).or_default().push(id);
        }
    }
    groups.into_values().filter(|group| group.len() > 1)
}
