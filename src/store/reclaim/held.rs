//! What is said of a store within a volume, and of the volume in which a builder of `buildx` keeps its cache.

use super::commands::{Action, Subject, row};
use super::{Command, Step, Tool, note, quoted};
use crate::store::{Held, Store, Volume, buildx};

/// Returns what people want to know of it, escaped: what it is, and how to look into it.
pub fn told_of(held: &Held) -> String {
    let place = held.location.shown();
    let place = quoted(&place);
    match held.engine {
        "BuildKit" => format!("holds a build cache of BuildKit: layerscope {place}"),
        engine => format!("holds a {engine} store: layerscope {place}"),
    }
}

/// Returns the command that empties the cache in a volume; `None` where it is no builder's.
pub fn of_builder(store: &Store, volume: &Volume) -> Option<Command> {
    if !volume.holds.iter().any(|held| held.engine == "BuildKit") {
        return None;
    }
    let subject = Subject {
        builder: buildx::builder_of(&volume.name)?,
        ..Subject::default()
    };
    let row = row(Tool::Docker, Action::PruneBuilder)?;
    Some(row.about(store.engine, subject))
}

/// What frees its cache comes before what removes the volume.
pub(super) fn steps(store: &Store, volume: &Volume) -> Vec<Step> {
    let Some(command) = of_builder(store, volume) else {
        return Vec::new();
    };
    let words = "a builder keeps its cache here: this empties it, and the builder stays";
    vec![note(words), Step::Command(command)]
}
