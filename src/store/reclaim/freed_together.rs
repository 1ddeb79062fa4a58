//! What else goes with something that is removed, what stays, and what has to go first: the remarks beside commands.

use std::collections::BTreeSet;

use super::{Step, Target, Writer, note, shown_name};
use crate::path::display_str;
use crate::store::{CacheId, ContainerId, ImageId, Owner, Refusal, StoredImage, Volume, VolumeId};

/// Most names before the rest is only counted.
const MOST_USERS: usize = 5;

impl Writer<'_> {
    /// Names the volumes of a container, unless they go too.
    pub(super) fn volumes_of(&self, id: ContainerId) -> Option<Step> {
        let volumes = (0..).map(VolumeId).zip(&self.store.volumes);
        let staying = volumes.filter(|(volume, found)| {
            let target = Target::Owner(Owner::Volume(*volume));
            found.containers.contains(&id) && !self.targets.contains(&target)
        });
        let names: Vec<String> = staying
            .map(|(_, volume)| display_str(&volume.name).into_owned())
            .collect();
        (!names.is_empty()).then(|| note(format!("its volumes stay: {}", listed(&names))))
    }

    /// Names the images that were built on one, unless they go too: it stays for them.
    pub(super) fn built_on(&self, id: ImageId) -> Option<Step> {
        let images = (0..).map(ImageId).zip(&self.store.images);
        let children = images.filter(|(child, image)| {
            let target = Target::Owner(Owner::Image(*child));
            image.parent == Some(id) && !self.targets.contains(&target)
        });
        let names: Vec<String> = children
            .map(|(_, image)| {
                let name = image.names.first().cloned();
                let id = image.id.as_ref().map(|id| id.short().to_owned());
                display_str(&name.or(id).unwrap_or_default()).into_owned()
            })
            .collect();
        (!names.is_empty()).then(|| {
            note(format!(
                "only its name goes: images that were built on it keep the rest: {}",
                listed(&names)
            ))
        })
    }

    /// Returns how many records of the build cache a record stands on; 0 for anything else.
    pub(super) fn depth(&self, owner: Owner) -> usize {
        let Owner::Cache(id) = owner else {
            return 0;
        };
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&str> = self.parents(id).collect();
        while let Some(parent) = waiting.pop() {
            if seen.insert(parent) {
                let of_name = (0..).map(CacheId).zip(&self.store.cache);
                let mut found = of_name.filter(|(_, record)| record.id == parent);
                waiting.extend(
                    found
                        .next()
                        .into_iter()
                        .flat_map(|(id, _)| self.parents(id)),
                );
            }
        }
        seen.len()
    }

    fn parents(&self, id: CacheId) -> impl Iterator<Item = &str> {
        let record = self.store.cache.get(id.as_usize());
        record
            .into_iter()
            .flat_map(|record| record.parents.iter().map(String::as_str))
    }

    /// Names the records of the build cache that stand on one, unless they go too: it stays for them.
    pub(super) fn above(&self, id: CacheId) -> Option<Step> {
        let record = self.store.cache.get(id.as_usize())?;
        let above = (0..).map(CacheId).zip(&self.store.cache);
        let above = above.filter(|(other, found)| {
            let target = Target::Owner(Owner::Cache(*other));
            found.parents.contains(&record.id) && !self.targets.contains(&target)
        });
        let names: Vec<String> = above
            .map(|(_, record)| display_str(&record.id).into_owned())
            .collect();
        (!names.is_empty()).then(|| {
            note(format!(
                "it stays while other records stand on it: {}",
                listed(&names)
            ))
        })
    }

    /// Says that one command removes more than what is chosen.
    pub(super) fn platforms(&self, image: &StoredImage) -> Option<Step> {
        let is_same = |other: &&StoredImage| {
            other.names == image.names
                && other.namespace == image.namespace
                && other.digest == image.digest
        };
        let has_name = !image.names.is_empty() && image.digest.is_some();
        let others = self.store.images.iter().filter(is_same).count();
        (has_name && others > 1)
            .then(|| note(format!("all {others} platforms of this name go together")))
    }

    /// Names the containers that have to go before an image, unless they do.
    pub(super) fn users_of(&self, id: ImageId) -> Option<Step> {
        let users: Vec<String> = (0..)
            .map(ContainerId)
            .zip(&self.store.containers)
            .filter(|(container, _)| {
                let target = Target::Owner(Owner::Container(*container));
                !self.targets.contains(&target)
            })
            .filter(|(_, container)| container.image == Some(id))
            .map(|(_, container)| shown_name(container))
            .collect();
        let words = match self.store.engine.definition().refusal {
            Refusal::InUse => "containers made from it have to be removed first",
            Refusal::Never => "containers made from it keep what they stand on",
        };
        (!users.is_empty()).then(|| note(format!("{words}: {}", listed(&users))))
    }

    /// Names the containers that have to go before a volume, unless they do.
    pub(super) fn mounted_by(&self, volume: &Volume) -> Option<Step> {
        let mounted = volume.containers.iter().filter(|container| {
            let target = Target::Owner(Owner::Container(**container));
            !self.targets.contains(&target)
        });
        let mounted = mounted.filter_map(|id| self.store.containers.get(id.as_usize()));
        let mounted: Vec<String> = mounted.map(shown_name).collect();
        if !volume.has_known_users() {
            return Some(note(
                "a container that was never started may mount it: then it is refused",
            ));
        }
        (!mounted.is_empty()).then(|| {
            note(format!(
                "containers that mount it have to be removed first: {}",
                listed(&mounted)
            ))
        })
    }
}

pub(super) fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_USERS);
    let first = names.get(..MOST_USERS).unwrap_or(names).join(", ");
    if more > 0 {
        format!("{first} and {more} more")
    } else {
        first
    }
}
