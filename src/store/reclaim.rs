//! What a person would type to get room back. Nothing here runs anything: the text is for reading and copying.
//!
//! Names are a stranger's text. What stands in a command is an ID or a plain name where there is one, and quoted
//! for a shell where there is not, so that no name can become a second command or steer a terminal.

mod company;
mod quote;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::{
    Activity, CacheId, Container, ContainerId, Engine, ImageId, Orphan, Owner, Ownership, PodId,
    State, Store, VolumeId,
};
use crate::path::display_str;

pub use quote::quoted;

/// Something to be got rid of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Something an engine has a record of.
    Owner(Owner),
    /// Position in [`Store::orphans`].
    Orphan(u32),
}

/// A line of what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// For a shell; printable ASCII.
    Command(String),
    /// For the reader, escaped: what has to be done or known before the command that follows.
    Note(String),
}

impl Step {
    /// Returns the line as a shell can read it: notes are comments.
    pub fn line(&self) -> String {
        match self {
            Self::Command(command) => command.clone(),
            Self::Note(note) => format!("# {note}"),
        }
    }
}

/// Returns what frees the targets, in an order in which it works: containers before their images.
pub fn steps(store: &Store, targets: &[Target]) -> Vec<Step> {
    let targets: BTreeSet<Target> = targets.iter().copied().collect();
    let has_owner = targets
        .iter()
        .any(|target| matches!(target, Target::Owner(_)));
    let mut steps = Vec::new();
    if store.ownership == Ownership::InPart {
        steps.push(note(
            "not every record of this store could be read: something unknown may need this, see its warnings",
        ));
    }
    if store.activity == Activity::LeftBehind && has_owner {
        steps.extend(left_behind(store));
    } else {
        let writer = Writer {
            store,
            targets: &targets,
        };
        steps.extend(writer.owners());
    }
    let orphans: Vec<&Orphan> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Orphan(at) => store.orphans.get(usize::try_from(*at).ok()?),
            Target::Owner(_) => None,
        })
        .collect();
    if !orphans.is_empty() {
        steps.extend(of_orphans(store, &orphans));
    }
    steps
}

/// The engine does not list what it holds any more, so that its commands do not reach it.
// Docker, "Select a storage driver": images and containers of another driver are inaccessible until one switches
// back.
fn left_behind(store: &Store) -> [Step; 2] {
    [
        note("the engine does not use this store any more: none of its commands reaches it"),
        note(format!(
            "switch back to the driver {} to remove things one by one, or stop the engine and remove the \
             directory {}",
            store.driver,
            store.root.name()
        )),
    ]
}

fn of_orphans(store: &Store, orphans: &[&Orphan]) -> Vec<Step> {
    let advice = match store.engine {
        Engine::Docker | Engine::DockerContainerd => {
            "no command removes these: `docker system prune` leaves alone what Docker has no record of"
        }
        Engine::Containerd | Engine::Kubernetes => {
            "containerd's garbage collection takes what it still knows and nobody refers to, at its next run; \
             no command removes the rest"
        }
        Engine::ContainersStorage => {
            "`podman system check` lists what is inconsistent, and with --repair removes it; `podman system \
             prune` leaves these alone"
        }
    };
    let mut steps = vec![
        note(advice),
        note("by hand: stop the engine, make sure that nothing is mounted from there, then remove"),
    ];
    let places = orphans.iter().map(|orphan| {
        let piece = store.pieces.get(orphan.piece.as_usize());
        let place = piece.map_or_else(String::new, |piece| piece.location.shown());
        note(format!("  {place}"))
    });
    steps.extend(places);
    steps
}

fn note(text: impl Into<String>) -> Step {
    Step::Note(text.into())
}

/// Writes the commands for what an engine has records of.
struct Writer<'a> {
    store: &'a Store,
    targets: &'a BTreeSet<Target>,
}

impl Writer<'_> {
    fn owners(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let each = |wanted: fn(Owner) -> u8, rank: u8| {
            self.targets.iter().filter_map(move |target| match target {
                Target::Owner(owner) if wanted(*owner) == rank => Some(*owner),
                _ => None,
            })
        };
        for rank in 0..=4 {
            for owner in each(rank_of, rank) {
                match owner {
                    Owner::Pod(id) => steps.extend(self.pod(id)),
                    Owner::Container(id) => steps.extend(self.container(id)),
                    Owner::Image(id) => steps.extend(self.image(id)),
                    Owner::Volume(id) => steps.extend(self.volume(id)),
                    Owner::Cache(id) => steps.extend(self.cache(id)),
                }
            }
        }
        steps
    }

    fn pod(&self, id: PodId) -> Vec<Step> {
        let Some(pod) = self.store.pods.get(id.as_usize()) else {
            return Vec::new();
        };
        vec![
            note("a pod comes back where a controller wants it: look at its owner first"),
            command(
                "kubectl delete pod -n",
                &[pod.namespace.as_str(), pod.name.as_str()],
            ),
        ]
    }

    fn container(&self, id: ContainerId) -> Vec<Step> {
        let Some(container) = self.store.containers.get(id.as_usize()) else {
            return Vec::new();
        };
        let name = name_of(container);
        let mut steps = Vec::new();
        if container.state == State::Running {
            steps.push(note(format!(
                "{} is running, as its record says; what it has written is lost with it. Stop it first:",
                shown_name(container)
            )));
            steps.push(self.stop(container, name));
        }
        steps.extend(self.volumes_of(id));
        steps.push(match self.tool(self.namespace_of(container)) {
            Tool::Docker => command("docker container rm", &[name]),
            Tool::Podman if container.state == State::Working => command("buildah rm", &[name]),
            Tool::Podman => command("podman container rm", &[name]),
            Tool::Crictl => command("crictl rm", &[container.id.as_str()]),
            Tool::Ctr(namespace) => {
                let start = ctr(namespace, "containers rm");
                command(&start, &[container.id.as_str()])
            }
        });
        steps
    }

    fn stop(&self, container: &Container, name: &str) -> Step {
        match self.tool(self.namespace_of(container)) {
            Tool::Docker => command("docker container stop", &[name]),
            Tool::Podman => command("podman container stop", &[name]),
            Tool::Crictl => command("crictl stop", &[container.id.as_str()]),
            Tool::Ctr(namespace) => {
                let start = ctr(namespace, "tasks kill");
                command(&start, &[container.id.as_str()])
            }
        }
    }

    fn image(&self, id: ImageId) -> Vec<Step> {
        let Some(image) = self.store.images.get(id.as_usize()) else {
            return Vec::new();
        };
        let mut steps: Vec<Step> = self.users_of(id).into_iter().collect();
        steps.extend(self.built_on(id));
        steps.extend(self.platforms(image));
        let digest = image.id.as_ref().or(image.digest.as_ref());
        let digest = digest.map(ToString::to_string);
        let is_plain = !image.names.is_empty() && image.names.iter().all(|name| is_plain(name));
        // By its ID an image with several names is not removed without force; by all of its names it is.
        let names: Vec<&str> = match &digest {
            Some(digest) if !is_plain => vec![digest],
            _ => image.names.iter().map(String::as_str).collect(),
        };
        if names.is_empty() {
            steps.push(note(
                "this image has neither a name nor an ID to remove it by",
            ));
            return steps;
        }
        if !is_plain && image.names.len() > 1 {
            steps.push(note("it has several names: the engine asks for --force"));
        }
        steps.push(match self.tool(image.namespace.as_deref()) {
            Tool::Docker => command("docker image rm", &names),
            Tool::Podman => command("podman image rm", &names),
            Tool::Crictl => command("crictl rmi", &names),
            Tool::Ctr(namespace) => {
                let names: Vec<&str> = if image.names.is_empty() {
                    names
                } else {
                    image.names.iter().map(String::as_str).collect()
                };
                // Without --sync containerd frees the room at its next garbage collection.
                command(&ctr(namespace, "images rm --sync"), &names)
            }
        });
        steps
    }

    fn volume(&self, id: VolumeId) -> Vec<Step> {
        let Some(volume) = self.store.volumes.get(id.as_usize()) else {
            return Vec::new();
        };
        let mut steps = vec![note("a volume is data, and nothing brings it back")];
        steps.extend(self.mounted_by(volume));
        let name = [volume.name.as_str()];
        steps.push(match self.store.engine {
            Engine::Docker | Engine::DockerContainerd => command("docker volume rm", &name),
            Engine::ContainersStorage => command("podman volume rm", &name),
            Engine::Containerd => command("nerdctl volume rm", &name),
            Engine::Kubernetes => note("the volume goes with its pod"),
        });
        steps
    }

    fn cache(&self, id: CacheId) -> Option<Step> {
        let record = self.store.cache.get(id.as_usize())?;
        Some(match self.store.engine {
            // Without --all only what no image shares is pruned.
            Engine::Docker | Engine::DockerContainerd => {
                let filter = format!("id={}", record.id);
                command("docker builder prune --all --filter", &[filter.as_str()])
            }
            Engine::Containerd | Engine::Kubernetes => {
                let filter = format!("id=={}", record.id);
                command("buildctl prune --filter", &[filter.as_str()])
            }
            Engine::ContainersStorage => note(
                "Podman and Buildah keep their build cache as images without a name: `podman image prune`",
            ),
        })
    }

    /// Returns the namespace of a container that stands on an image; `None` where the store has but one.
    fn namespace_of(&self, container: &Container) -> Option<&str> {
        let image = container
            .image
            .and_then(|id| self.store.images.get(id.as_usize()));
        image.and_then(|image| image.namespace.as_deref())
    }

    /// Returns what reaches a namespace of containerd: engines see their own alone.
    // moby, daemon/config: `--containerd-namespace` is moby by default; containerd, internal/cri/constants:
    // K8sContainerdNamespace.
    fn tool<'a>(&self, namespace: Option<&'a str>) -> Tool<'a> {
        match (self.store.engine, namespace) {
            (Engine::Docker, _) | (Engine::DockerContainerd, None | Some("moby")) => Tool::Docker,
            (Engine::ContainersStorage, _) => Tool::Podman,
            (Engine::Kubernetes, None | Some("k8s.io")) => Tool::Crictl,
            (_, namespace) => Tool::Ctr(namespace.unwrap_or("default")),
        }
    }
}

/// Whose commands reach something.
enum Tool<'a> {
    Docker,
    /// Podman, and Buildah for its working containers.
    Podman,
    Crictl,
    /// containerd's own, for a namespace.
    Ctr(&'a str),
}

fn ctr(namespace: &str, words: &str) -> String {
    format!("ctr -n {} {words}", quoted(namespace))
}

/// Containers come before what they stand on.
const fn rank_of(owner: Owner) -> u8 {
    match owner {
        Owner::Pod(_) => 0,
        Owner::Container(_) => 1,
        Owner::Image(_) => 2,
        Owner::Volume(_) => 3,
        Owner::Cache(_) => 4,
    }
}

/// Returns the name where it needs no quotes, else the ID.
fn name_of(container: &Container) -> &str {
    if is_plain(&container.name) {
        &container.name
    } else {
        &container.id
    }
}

fn shown_name(container: &Container) -> String {
    let name = if container.name.is_empty() {
        &container.id
    } else {
        &container.name
    };
    display_str(name).into_owned()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && quoted(name) == name
}

/// Returns a command with its arguments, quoted; none of them can be taken for an option.
fn command(words: &str, arguments: &[&str]) -> Step {
    let needs_end = arguments.iter().any(|argument| argument.starts_with('-'));
    let end = if needs_end { " --" } else { "" };
    let mut line = format!("{words}{end}");
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(argument));
    }
    Step::Command(line)
}
