//! Every command that the program can print to give room back: a row each, and nothing prints another.
//!
//! A command for it that stands in no row here is a mistake: `tests/architecture.rs` looks for them. What a row
//! promises is held against real engines by `tests/engines_commands.rs`, or the row says that nobody did.

mod table;

use super::shell_quote::quoted;
use crate::store::engine::{Engine, Tool};

pub use table::ROWS;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Ends what a container runs, which frees nothing and has to come first.
    StopContainer,
    /// Removes one pod.
    RemovePod,
    /// Removes one container.
    RemoveContainer,
    /// Removes one image.
    RemoveImage,
    /// Removes one volume.
    RemoveVolume,
    /// Removes one record of the build cache.
    RemoveCache,
    /// Ends a plugin, which frees nothing and has to come first.
    DisablePlugin,
    /// Removes one plugin.
    RemovePlugin,
    /// Removes one artifact.
    RemoveArtifact,
    /// Removes one snapshot that nothing refers to.
    RemoveSnapshot,
    /// Removes one blob that nothing refers to.
    RemoveBlob,
    /// Removes a lease, and what it alone holds.
    RemoveLease,
    /// Removes what the engine has no record of.
    RemoveUnrecorded,
    /// Removes what the engine has a record of and nothing uses.
    Repair,
    /// Removes the build cache.
    PruneCache,
    /// Removes the cache of a builder that keeps one of its own.
    PruneBuilder,
    /// Removes one record of it.
    RemoveFromBuilder,
    /// Removes all containers that do not run.
    PruneContainers,
    /// Removes images without a name.
    PruneDangling,
    /// Removes images without a container.
    PruneImages,
    /// Removes volumes without a container.
    PruneVolumes,
}

/// A part of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// As it stands.
    Plain(&'static str),
    /// The namespace of containerd.
    Namespace,
    /// The snapshotter of containerd.
    Snapshotter,
    /// The builder of `docker buildx`.
    Builder,
    /// What it is about, a word each.
    Names,
    /// What it is about, behind the start of a filter.
    Filter(&'static str),
}

/// How it is known that a command does what its row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The engine and its version that `tests/engines_commands.rs` ran it on; `None` where nobody did.
    pub run_on: Option<&'static str>,
    /// Stores for which that run speaks.
    pub engines: &'static [Engine],
    /// What documents it.
    pub documented: &'static str,
}

/// A command that gives room back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Whose it is.
    pub tool: Tool,
    /// What it does.
    pub action: Action,
    /// What is typed.
    pub words: &'static [Word],
    /// What is gone after it.
    pub removes: &'static str,
    /// What that gives back.
    pub frees: &'static str,
    /// What it leaves alone, whatever happens.
    pub spares: &'static str,
    /// What the reader has to know before typing it.
    pub note: Option<&'static str>,
    /// How this is known.
    pub proof: Proof,
}

/// A command about something, ready for a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Printable ASCII.
    pub text: String,
    /// Where it comes from.
    pub row: &'static Row,
    /// The engine and its version that it was seen to work on; `None` where only documentation says so.
    pub verified_on: Option<&'static str>,
}

/// What the words of a row stand for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Subject<'a> {
    pub(super) namespace: &'a str,
    pub(super) snapshotter: &'a str,
    pub(super) builder: &'a str,
    pub(super) names: &'a [&'a str],
}

impl Command {
    /// Returns what the reader has to do before typing it; `None` where it was seen to work.
    pub fn check_first(&self) -> Option<String> {
        self.verified_on
            .is_none()
            .then(|| format!("known from {} alone", self.row.proof.documented))
    }

    /// Returns the command for a line of a table; one that nobody ran says so.
    pub fn shown(&self) -> String {
        match self.verified_on {
            Some(_) => self.text.clone(),
            None => format!("check first: {}", self.text),
        }
    }
}

impl Row {
    /// Returns the command with capitals for what it is about: `docker image rm NAME`.
    pub fn pattern(&self) -> String {
        let words: Vec<String> = self
            .words
            .iter()
            .map(|word| match word {
                Word::Plain(words) => (*words).to_owned(),
                Word::Namespace => "NAMESPACE".to_owned(),
                Word::Snapshotter => "SNAPSHOTTER".to_owned(),
                Word::Builder => "BUILDER".to_owned(),
                Word::Names => "NAME".to_owned(),
                Word::Filter(start) => format!("{start}NAME"),
            })
            .collect();
        words.join(" ")
    }

    /// Returns the engine and version that it was run on, if that speaks for a store.
    pub fn verified_on(&self, engine: Engine) -> Option<&'static str> {
        let run_on = self.proof.run_on?;
        self.proof.engines.contains(&engine).then_some(run_on)
    }

    /// Returns the command about something, quoted for a shell; no name in it can be taken for an option.
    pub(super) fn about(&'static self, engine: Engine, subject: Subject<'_>) -> Command {
        let mut words: Vec<String> = Vec::new();
        for word in self.words {
            match word {
                Word::Plain(plain) => words.push((*plain).to_owned()),
                Word::Namespace => words.push(quoted(subject.namespace).into_owned()),
                Word::Snapshotter => words.push(quoted(subject.snapshotter).into_owned()),
                Word::Builder => words.push(quoted(subject.builder).into_owned()),
                Word::Names => {
                    if subject.names.iter().any(|name| name.starts_with('-')) {
                        words.push("--".to_owned());
                    }
                    let names = subject.names.iter();
                    words.extend(names.map(|name| quoted(name).into_owned()));
                }
                Word::Filter(start) => {
                    let names = subject.names.iter();
                    words.extend(names.map(|name| quoted(&format!("{start}{name}")).into_owned()));
                }
            }
        }
        Command {
            text: words.join(" "),
            row: self,
            verified_on: self.verified_on(engine),
        }
    }
}

/// Returns the row for an action with a tool, if there is such a command.
pub fn row(tool: Tool, action: Action) -> Option<&'static Row> {
    ROWS.iter()
        .find(|row| row.tool == tool && row.action == action)
}
