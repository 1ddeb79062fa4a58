//! What a person would type to get room back. Nothing here runs anything: the text is for reading and copying.
//!
//! Every command is a [`Row`] of one table, with what it frees, what it never touches, and whether it was seen to.
//! Names are a stranger's text. What stands in a command is an ID or a plain name where there is one, and quoted
//! for a shell where there is not, so that no name can become a second command or steer a terminal.

mod commands;
mod freed_together;
mod held;
mod orphans;
mod prune;
mod shell_quote;
#[cfg(test)]
mod tests;
mod tools;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{
    Activity, CacheId, Container, ContainerId, Engine, ExtraId, ExtraKind, ImageId, LeaseId,
    Orphan, Owner, Ownership, PieceId, PodId, State, Store, VolumeId,
};
use crate::path::display_str;

use super::engine::Ctr;
pub use super::engine::Tool;
use commands::Subject;
pub use commands::{Action, Command, Proof, ROWS, Row, Word, row};
pub use held::{of_builder, told_of};
pub use orphans::by_name;
pub use prune::{Group, Suggestion, suggestions};
pub use shell_quote::quoted;

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
    /// For a shell.
    Command(Command),
    /// For a shell, and only where something is so that the store does not tell.
    Perhaps {
        /// What, escaped.
        condition: String,
        /// What is done then.
        command: Command,
    },
    /// For the reader, escaped: what has to be done or known before the command that follows.
    Note(String),
    /// Where something lies that the note before is about, escaped.
    Place(String),
}

impl Step {
    /// Returns the lines as a shell can read them: notes are comments, and so is that nobody ran a command.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Command(command) => {
                let doubt = command.check_first();
                let doubt = doubt.map(|doubt| format!("# check first, {doubt}:"));
                doubt.into_iter().chain([command.text.clone()]).collect()
            }
            Self::Perhaps { condition, command } => {
                vec![format!("# {condition}: {}", command.shown())]
            }
            Self::Note(note) => vec![format!("# {note}")],
            Self::Place(place) => vec![format!("#   {place}")],
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
    steps.extend(orphans::steps(store, &orphans));
    steps
}

/// The engine does not list what it holds any more, so that its commands do not reach it.
// Docker, "Select a storage driver": images and containers of another driver are inaccessible until one switches
// back.
fn left_behind(store: &Store) -> [Step; 2] {
    if let Some(why) = &store.left_for {
        let root = store.root.name();
        return [
            note(format!("none of the engine's commands reaches this: {why}")),
            note(format!(
                "start the engine with {root} once more to remove things one by one, or remove the directory {root}"
            )),
        ];
    }
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
        let owners = self.targets.iter().filter_map(|target| match target {
            Target::Owner(owner) => Some(*owner),
            Target::Orphan(_) => None,
        });
        let mut owners: Vec<Owner> = owners.collect();
        // A record of the build cache stays while another stands on it.
        owners.sort_by_key(|&owner| (rank_of(owner), Reverse(self.depth(owner))));
        for owner in owners {
            match owner {
                Owner::Container(id) if self.goes_with_pod(id) => {}
                Owner::Pod(id) => steps.extend(self.pod(id)),
                Owner::Container(id) => steps.extend(self.container(id)),
                Owner::Image(id) => steps.extend(self.image(id)),
                Owner::Volume(id) => steps.extend(self.volume(id)),
                Owner::Cache(id) => steps.extend(self.cache(id)),
                Owner::Lease(id) => steps.extend(self.lease(id)),
                Owner::Extra(id) => steps.extend(self.extra(id)),
            }
        }
        steps
    }

    fn pod(&self, id: PodId) -> Vec<Step> {
        let Some(pod) = self.store.pods.get(id.as_usize()) else {
            return Vec::new();
        };
        let subject = Subject {
            namespace: &pod.namespace,
            names: &[&pod.name],
            ..Subject::default()
        };
        self.command(Tool::Kubectl, Action::RemovePod, subject)
    }

    fn container(&self, id: ContainerId) -> Vec<Step> {
        let Some(container) = self.store.containers.get(id.as_usize()) else {
            return Vec::new();
        };
        if let Some(pod) = container.pod.filter(|_| container.is_sandbox()) {
            let mut steps = vec![note("it holds its pod together, and goes with it")];
            steps.extend(self.pod(pod));
            return steps;
        }
        let (tool, namespace) = tools::of_container(self.store, id, container);
        let name = match tool {
            Tool::Docker | Tool::Podman => name_of(container),
            _ => container.id.as_str(),
        };
        let subject = Subject {
            namespace,
            names: &[name],
            ..Subject::default()
        };
        let mut steps = Vec::new();
        match &container.state {
            State::Running => {
                steps.push(note(format!(
                    "{} is running, as its record says; what it has written is lost with it. Stop it first:",
                    shown_name(container)
                )));
                steps.extend(self.command(tool, Action::StopContainer, subject));
            }
            // Containerd keeps what runs in memory alone.
            State::Other(word) if word.is_empty() => {
                steps.extend(self.if_it_runs(tool, subject));
            }
            _ => {}
        }
        steps.extend(self.volumes_of(id));
        let tool = match (tool, &container.state) {
            (Tool::Podman, State::Working) => Tool::Buildah,
            _ => tool,
        };
        steps.extend(self.command(tool, Action::RemoveContainer, subject));
        steps
    }

    /// Returns whether the pod of a container is to go too: its command takes the container along.
    fn goes_with_pod(&self, id: ContainerId) -> bool {
        let container = self.store.containers.get(id.as_usize());
        let pod = container.and_then(|container| container.pod);
        pod.is_some_and(|pod| self.targets.contains(&Target::Owner(Owner::Pod(pod))))
    }

    fn if_it_runs(&self, tool: Tool, subject: Subject<'_>) -> Option<Step> {
        let stop = row(tool, Action::StopContainer)?;
        Some(Step::Perhaps {
            condition: "its record does not tell whether it runs; if it does, this comes first"
                .into(),
            command: stop.about(self.store.engine, subject),
        })
    }

    fn image(&self, id: ImageId) -> Vec<Step> {
        let Some(image) = self.store.images.get(id.as_usize()) else {
            return Vec::new();
        };
        let mut steps: Vec<Step> = self.users_of(id).into_iter().collect();
        steps.extend(self.built_on(id));
        steps.extend(self.platforms(image));
        let (tool, namespace) = tools::of_image(self.store, image);
        let digest = image.id.as_ref().or(image.digest.as_ref());
        let digest = digest.map(ToString::to_string);
        let is_plain = !image.names.is_empty() && image.names.iter().all(|name| is_plain(name));
        // By its ID an image with several names is not removed without force; by all of its names it is. For
        // containerd only names exist.
        let by_name = is_plain || (tool == Tool::Ctr && !image.names.is_empty());
        let names: Vec<&str> = match &digest {
            Some(digest) if !by_name => vec![digest],
            _ => image.names.iter().map(String::as_str).collect(),
        };
        if names.is_empty() {
            steps.push(note(
                "this image has neither a name nor an ID to remove it by",
            ));
            return steps;
        }
        if !by_name && image.names.len() > 1 {
            steps.push(note("it has several names: the engine asks for --force"));
        }
        let subject = Subject {
            namespace,
            names: &names,
            ..Subject::default()
        };
        steps.extend(self.command(tool, Action::RemoveImage, subject));
        steps
    }

    fn volume(&self, id: VolumeId) -> Vec<Step> {
        let Some(volume) = self.store.volumes.get(id.as_usize()) else {
            return Vec::new();
        };
        let tool = match tools::of_volume(self.store, volume) {
            Ok(tool) => tool,
            Err(reason) => return vec![note(reason)],
        };
        let mut steps: Vec<Step> = self.mounted_by(volume).into_iter().collect();
        steps.extend(held::steps(self.store, volume));
        steps.extend(volume.holds.iter().map(|held| note(told_of(held))));
        let subject = Subject {
            namespace: volume.namespace.as_deref().unwrap_or("default"),
            names: &[&volume.name],
            ..Subject::default()
        };
        steps.extend(self.command(tool, Action::RemoveVolume, subject));
        steps
    }

    fn cache(&self, id: CacheId) -> Vec<Step> {
        let Some(record) = self.store.cache.get(id.as_usize()) else {
            return Vec::new();
        };
        let (tool, action) = match tools::of_cache(self.store) {
            Ok(tool) if self.store.builder.is_some() => (tool, Action::RemoveFromBuilder),
            Ok(tool) => (tool, Action::RemoveCache),
            Err(reason) => return vec![note(reason)],
        };
        let mut steps: Vec<Step> = self.above(id).into_iter().collect();
        let subject = Subject {
            builder: self.store.builder.as_deref().unwrap_or_default(),
            names: &[&record.id],
            ..Subject::default()
        };
        steps.extend(self.command(tool, action, subject));
        steps
    }

    fn lease(&self, id: LeaseId) -> Vec<Step> {
        let Some(lease) = self.store.leases.get(id.as_usize()) else {
            return Vec::new();
        };
        let subject = Subject {
            namespace: &lease.namespace,
            names: &[&lease.id],
            ..Subject::default()
        };
        let mut steps = vec![note(
            "a pull or a build that is going on needs it, and fails without: wait until it ends",
        )];
        steps.extend(self.command(Tool::Ctr, Action::RemoveLease, subject));
        steps
    }

    fn extra(&self, id: ExtraId) -> Vec<Step> {
        let Some(extra) = self.store.extras.get(id.as_usize()) else {
            return Vec::new();
        };
        let subject = Subject {
            names: &[&extra.name],
            ..Subject::default()
        };
        let disable = |tool| self.command(tool, Action::DisablePlugin, subject);
        match extra.kind {
            ExtraKind::Plugin { is_enabled } => {
                let mut steps = if is_enabled {
                    disable(Tool::Docker)
                } else {
                    Vec::new()
                };
                steps.extend(self.command(Tool::Docker, Action::RemovePlugin, subject));
                steps
            }
            ExtraKind::Artifact => self.command(Tool::Podman, Action::RemoveArtifact, subject),
            ExtraKind::Pool => self.by_hand(POOL, &extra.pieces),
            ExtraKind::Bound => self.by_hand(BOUND, &extra.pieces),
            ExtraKind::Foreign => self.by_hand(FOREIGN, &extra.pieces),
        }
    }

    fn by_hand(&self, words: &str, pieces: &[PieceId]) -> Vec<Step> {
        let places = pieces
            .iter()
            .filter_map(|piece| self.store.pieces.get(piece.as_usize()));
        let places = places.map(|piece| Step::Place(piece.location.shown()));
        [note(words)].into_iter().chain(places).collect()
    }

    fn command(&self, tool: Tool, action: Action, subject: Subject<'_>) -> Vec<Step> {
        commanded(self.store.engine, tool, action, subject)
    }
}

const FOREIGN: &str = "the engine is not known to make this: ask whoever put it there, then move or remove it by hand:";

const BOUND: &str = "a volume shows this directory of the machine, and removing the volume leaves its files alone; they \
                     are whoever's keeps them there:";

const POOL: &str = "devicemapper has all of its images and containers in this file, and no reader looks inside: it \
                    shrinks as the engine removes them, and goes by hand once no engine works with that driver:";

/// Returns a command of the table with what has to be known before it; nothing where there is no such command.
fn commanded(engine: Engine, tool: Tool, action: Action, subject: Subject<'_>) -> Vec<Step> {
    let Some(row) = row(tool, action) else {
        return Vec::new();
    };
    let own = match engine.definition().ctr {
        _ if tool != Tool::Ctr => None,
        Ctr::OutOfReach => return Vec::new(),
        Ctr::AtHand => None,
        Ctr::With(how) => Some(how),
    };
    let notes = own.into_iter().chain(row.note).map(note);
    let command = Step::Command(row.about(engine, subject));
    notes.chain([command]).collect()
}

/// Containers come before what they stand on.
const fn rank_of(owner: Owner) -> u8 {
    match owner {
        Owner::Pod(_) => 0,
        Owner::Container(_) => 1,
        Owner::Image(_) => 2,
        Owner::Volume(_) => 3,
        Owner::Cache(_) => 4,
        Owner::Lease(_) => 5,
        Owner::Extra(_) => 6,
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
