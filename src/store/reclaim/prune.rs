//! What could be freed group by group, how much that is, and the engine's own commands for it.

use std::collections::BTreeSet;

use super::commands::{Action, Subject, row};
use super::tools::tool_of;
use super::{Command, Step, Target, commanded, steps};
use crate::store::{
    Accounts, Activity, Amount, CacheId, ContainerId, ImageId, Naming, Owner, Ownership, State,
    Store, StoredImage, VolumeId,
};

/// Things that an engine removes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The build cache.
    Cache,
    /// Containers that ran once, or never.
    Stopped,
    /// Working containers of Buildah.
    Working,
    /// Images without a name and without a container.
    Dangling,
    /// Images without a container.
    Unused,
    /// Volumes without a container.
    Volumes,
    /// What nobody owns.
    Orphans,
}

impl Group {
    /// Every group, in the order of a report.
    pub const ALL: [Self; 7] = [
        Self::Cache,
        Self::Stopped,
        Self::Working,
        Self::Dangling,
        Self::Unused,
        Self::Volumes,
        Self::Orphans,
    ];

    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Stopped => "stopped-containers",
            Self::Working => "working-containers",
            Self::Dangling => "dangling-images",
            Self::Unused => "unused-images",
            Self::Volumes => "unused-volumes",
            Self::Orphans => "orphans",
        }
    }

    /// Returns what it is called in a report.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cache => "build cache",
            Self::Stopped => "stopped containers",
            Self::Working => "working containers",
            Self::Dangling => "dangling images",
            Self::Unused => "images without a container",
            Self::Volumes => "volumes without a container",
            Self::Orphans => "orphans",
        }
    }

    /// Returns the command that removes all of it; `None` where it has to be removed one by one.
    // `crictl rmi --prune` does not tell images without a name from others.
    const fn action(self) -> Option<Action> {
        match self {
            Self::Cache => Some(Action::PruneCache),
            Self::Stopped => Some(Action::PruneContainers),
            Self::Dangling => Some(Action::PruneDangling),
            Self::Unused => Some(Action::PruneImages),
            Self::Volumes => Some(Action::PruneVolumes),
            Self::Working | Self::Orphans => None,
        }
    }
}

/// One suggestion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What would go.
    pub group: Group,
    /// How many of it.
    pub count: usize,
    /// How much that gives back.
    pub amount: Amount,
    /// What to type for it, in order.
    pub steps: Vec<Step>,
}

impl Suggestion {
    /// Returns the commands alone.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.steps.iter().filter_map(|step| match step {
            Step::Command(command) => Some(command),
            Step::Perhaps { .. } | Step::Note(_) | Step::Place(_) => None,
        })
    }
}

/// Returns what is worth suggesting for a store, in a fixed order. Without accounts no amount is known.
pub fn suggestions(store: &Store, accounts: Option<&Accounts>) -> Vec<Suggestion> {
    let of_group = |group| {
        let targets = targets(store, group);
        let amount = match (accounts, group) {
            (None, _) => Amount::UNKNOWN,
            (Some(accounts), Group::Orphans) => accounts.totals.orphans,
            (Some(accounts), _) => accounts.freed(store, &owners(&targets)),
        };
        let is_worth_it = group == Group::Orphans || amount != Amount::default();
        (!targets.is_empty() && is_worth_it).then(|| Suggestion {
            group,
            count: targets.len(),
            amount,
            steps: group_steps(store, group, &targets),
        })
    };
    Group::ALL.into_iter().filter_map(of_group).collect()
}

/// One command for all that it reaches, and one each for the rest.
fn group_steps(store: &Store, group: Group, targets: &[Target]) -> Vec<Step> {
    // A prune reaches what the engine uses now: of a store left behind it removes nothing, of the other all.
    let is_reached = store.activity == Activity::Active;
    let action = match (group, &store.builder) {
        (Group::Cache, Some(_)) => Some(Action::PruneBuilder),
        _ => group.action(),
    };
    let Some(action) = action.filter(|_| is_reached) else {
        return steps(store, targets);
    };
    let tool = |target: &Target| match target {
        Target::Owner(owner) => tool_of(store, *owner),
        Target::Orphan(_) => None,
    };
    let prune = targets
        .iter()
        .filter_map(tool)
        .find_map(|tool| row(tool, action));
    let Some(prune) = prune else {
        return steps(store, targets);
    };
    let rest: Vec<Target> = targets
        .iter()
        .copied()
        .filter(|target| tool(target) != Some(prune.tool))
        .collect();
    let subject = Subject {
        builder: store.builder.as_deref().unwrap_or_default(),
        ..Subject::default()
    };
    let mut found = commanded(store.engine, prune.tool, action, subject);
    found.extend(steps(store, &rest));
    found
}

fn owners(targets: &[Target]) -> Vec<Owner> {
    let owners = targets.iter().filter_map(|target| match target {
        Target::Owner(owner) => Some(*owner),
        Target::Orphan(_) => None,
    });
    owners.collect()
}

/// What a prune of containers takes (moby, daemon/prune.go: all that does not run).
const STOPPED: [State; 4] = [State::Exited, State::Created, State::Removing, State::Dead];

fn targets(store: &Store, group: Group) -> Vec<Target> {
    let owners = match group {
        Group::Cache => each(store.cache.len(), |at| Owner::Cache(CacheId(at))),
        Group::Stopped => containers(store, &STOPPED),
        Group::Working => containers(store, &[State::Working]),
        Group::Dangling => images(store, |image| store.is_dangling(image) == Some(true)),
        // Where the names of images are lost, containers' records may be too: nothing is known to be unused.
        Group::Unused => match store.naming {
            Naming::Recorded => images(store, |_| true),
            Naming::Unknown => Vec::new(),
        },
        Group::Volumes => volumes(store),
        Group::Orphans => return each(store.orphans.len(), Target::Orphan),
    };
    owners.into_iter().map(Target::Owner).collect()
}

fn each<T>(length: usize, make: impl Fn(u32) -> T) -> Vec<T> {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    (0..length).map(make).collect()
}

fn containers(store: &Store, states: &[State]) -> Vec<Owner> {
    let containers = store.containers.iter().zip(0..);
    containers
        .filter(|(container, _)| states.contains(&container.state))
        .map(|(_, at)| Owner::Container(ContainerId(at)))
        .collect()
}

fn volumes(store: &Store) -> Vec<Owner> {
    if store.ownership == Ownership::InPart {
        return Vec::new();
    }
    let volumes = store.volumes.iter().zip(0..);
    volumes
        .filter(|(volume, _)| volume.containers.is_empty() && volume.has_known_users())
        .map(|(_, at)| Owner::Volume(VolumeId(at)))
        .collect()
}

/// Chooses among images without a container. Steps of builds go with the last image that needs them.
///
/// Where containers' records are lost or out of reach, none is known to be without one.
fn images(store: &Store, is_meant: impl Fn(&StoredImage) -> bool) -> Vec<Owner> {
    if store.ownership == Ownership::InPart {
        return Vec::new();
    }
    let used = store
        .containers
        .iter()
        .filter_map(|container| container.image);
    let used: BTreeSet<ImageId> = used.collect();
    let images = store.images.iter().zip(0..);
    images
        .filter(|(image, _)| !image.is_intermediate && is_meant(image))
        .map(|(_, at)| ImageId(at))
        .filter(|id| !used.contains(id))
        .map(Owner::Image)
        .collect()
}
