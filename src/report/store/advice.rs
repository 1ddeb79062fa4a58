//! What could be freed, and the engine's own command for it. Only words: nothing is ever run.

use super::One;
use crate::store::{
    Amount, CacheId, ContainerId, Engine, ImageId, Naming, Owner, Ownership, State, StoredImage,
    VolumeId,
};

/// A group of things that an engine removes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Cache,
    Stopped,
    /// Buildah's own.
    Working,
    Dangling,
    Unused,
    Volumes,
}

/// One suggestion.
pub(super) struct Suggestion {
    /// What.
    pub(super) what: String,
    /// How much that is.
    pub(super) amount: Amount,
    /// The command, or what to do where there is none.
    pub(super) command: &'static str,
}

/// Returns what is worth suggesting for a store, in a fixed order.
pub(super) fn suggestions(one: &One<'_>) -> Vec<Suggestion> {
    let mut found: Vec<Suggestion> = [
        Group::Cache,
        Group::Stopped,
        Group::Working,
        Group::Dangling,
        Group::Unused,
        Group::Volumes,
    ]
    .into_iter()
    .filter_map(|group| suggestion(one, group))
    .collect();
    if !one.store.orphans.is_empty() {
        found.push(Suggestion {
            what: format!("orphans ({})", one.store.orphans.len()),
            amount: one.totals().orphans,
            command: for_orphans(one.store.engine),
        });
    }
    found
}

fn suggestion(one: &One<'_>, group: Group) -> Option<Suggestion> {
    let (noun, selection) = match group {
        Group::Cache => ("build cache", cache(one)),
        Group::Stopped => (
            "stopped containers",
            containers(one, &[State::Exited, State::Created]),
        ),
        Group::Working => ("working containers", containers(one, &[State::Working])),
        Group::Dangling => ("dangling images", dangling(one)),
        Group::Unused => ("images without a container", unused(one)),
        Group::Volumes => ("volumes without a container", volumes(one)),
    };
    let amount = one.freed(&selection);
    let is_nothing = amount == Amount::default();
    (!selection.is_empty() && !is_nothing).then(|| Suggestion {
        what: format!("{noun} ({})", selection.len()),
        amount,
        command: command(one.store.engine, group),
    })
}

/// Engines' manuals: docker-builder-prune(1), podman-image-prune(1), `ctr image --help`, `crictl rmi --help`.
const fn command(engine: Engine, group: Group) -> &'static str {
    match (engine, group) {
        (Engine::Docker | Engine::DockerContainerd, group) => match group {
            Group::Cache => "docker builder prune",
            Group::Stopped | Group::Working => "docker container prune",
            Group::Dangling => "docker image prune",
            Group::Unused => "docker image prune -a",
            Group::Volumes => "docker volume prune -a (before Docker 23 without -a)",
        },
        (Engine::ContainersStorage, group) => match group {
            Group::Cache | Group::Dangling => "podman image prune",
            Group::Stopped => "podman container prune",
            Group::Working => "buildah rm ID, when no build is at it",
            Group::Unused => "podman image prune -a",
            Group::Volumes => "podman volume prune",
        },
        (Engine::Kubernetes, group) => match group {
            Group::Cache => "buildctl prune",
            Group::Stopped | Group::Working => "crictl ps -a --state Exited, then crictl rm ID",
            Group::Dangling | Group::Unused => "crictl rmi --prune",
            Group::Volumes => "kubectl get pods, then kubectl delete pod NAME",
        },
        (Engine::Containerd, group) => match group {
            Group::Cache => "buildctl prune",
            Group::Stopped | Group::Working => "nerdctl container prune, or ctr containers rm ID",
            Group::Dangling => "nerdctl image prune, or ctr images rm NAME",
            Group::Unused => "nerdctl image prune -a, or ctr images rm NAME",
            Group::Volumes => "nerdctl volume prune",
        },
    }
}

const fn for_orphans(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => {
            "no docker command removes these: stop dockerd, look again, then remove by hand"
        }
        Engine::ContainersStorage => {
            "podman system check --repair (Podman 5), after a look at each"
        }
        Engine::DockerContainerd | Engine::Containerd | Engine::Kubernetes => {
            "containerd's garbage collection takes what it has a record of; the rest by hand, with containerd stopped"
        }
    }
}

fn cache(one: &One<'_>) -> Vec<Owner> {
    let records = 0..u32::try_from(one.store.cache.len()).unwrap_or(u32::MAX);
    records.map(|at| Owner::Cache(CacheId(at))).collect()
}

fn containers(one: &One<'_>, states: &[State]) -> Vec<Owner> {
    let containers = one.store.containers.iter().zip(0..);
    containers
        .filter(|(container, _)| states.contains(&container.state))
        .map(|(_, at)| Owner::Container(ContainerId(at)))
        .collect()
}

fn volumes(one: &One<'_>) -> Vec<Owner> {
    if one.store.ownership == Ownership::InPart {
        return Vec::new();
    }
    let volumes = one.store.volumes.iter().zip(0..);
    volumes
        .filter(|(volume, _)| volume.containers.is_empty())
        .map(|(_, at)| Owner::Volume(VolumeId(at)))
        .collect()
}

fn dangling(one: &One<'_>) -> Vec<Owner> {
    images(one, |image| one.store.is_dangling(image) == Some(true))
}

/// Where the names of images are lost, containers' records may be too: nothing is known to be unused.
fn unused(one: &One<'_>) -> Vec<Owner> {
    match one.store.naming {
        Naming::Recorded => images(one, |_| true),
        Naming::Unknown => Vec::new(),
    }
}

/// Chooses among images without a container. Steps of builds go with the last image that needs them.
///
/// Where containers' records are lost or out of reach, none is known to be without one.
fn images(one: &One<'_>, is_meant: impl Fn(&StoredImage) -> bool) -> Vec<Owner> {
    if one.store.ownership == Ownership::InPart {
        return Vec::new();
    }
    let images = one.store.images.iter().zip(0..);
    images
        .filter(|(image, _)| !image.is_intermediate && is_meant(image))
        .map(|(_, at)| ImageId(at))
        .filter(|id| one.image(id.as_usize()).containers == 0)
        .map(Owner::Image)
        .collect()
}
