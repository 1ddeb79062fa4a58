//! How what nobody owns is got rid of: by the names that an engine still has for it, by the engine itself when its
//! time comes, or by hand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::commands::{Action, Subject};
use super::freed_together::listed;
use super::{Command, Step, Tool, commanded, note};
use crate::path::display_str;
use crate::store::{Engine, Exit, LayerId, Orphan, PieceId, Record, Store};

/// Returns what frees the orphans: snapshots before those that they stand on.
pub(super) fn steps(store: &Store, orphans: &[&Orphan]) -> Vec<Step> {
    let mut steps = of_records(store, orphans);
    for (exit, words) in [
        (Exit::Collection, store.engine.definition().collection),
        (Exit::Start, "the engine removes this when it starts:"),
        (
            Exit::Stop,
            "the engine removes this when it stops in good order:",
        ),
        (Exit::Pod, POD),
        // moby, plugin/backend_linux.go, Remove, and plugin/manager.go, GC.
        (
            Exit::NextPlugin,
            "Docker removes this with the next plugin that is removed:",
        ),
    ] {
        let places = places(store, orphans, &exit);
        if !places.is_empty() {
            steps.push(note(words));
            steps.extend(places);
        }
    }
    steps.extend(at_once(store, orphans));
    let places = places(store, orphans, &Exit::ByHand);
    if !places.is_empty() {
        steps.push(note(store.engine.definition().no_command));
        steps.push(note(
            "by hand: stop the engine, make sure that nothing is mounted from there, then remove",
        ));
        steps.extend(places);
    }
    steps
}

const POD: &str = "the kubelet removes this with its pod, or has left it behind: make sure that the cluster has no \
                   pod of this UID and that nothing is mounted there, then remove it by hand:";

fn places(store: &Store, orphans: &[&Orphan], exit: &Exit) -> Vec<Step> {
    let meant = orphans.iter().filter(|orphan| orphan.exit == *exit);
    meant.map(|orphan| place(store, orphan)).collect()
}

fn place(store: &Store, orphan: &Orphan) -> Step {
    let piece = store.pieces.get(orphan.piece.as_usize());
    Step::Place(piece.map_or_else(String::new, |piece| piece.location.shown()))
}

/// Some tools have one command for all that there is no record of, and one for all that is unused.
fn at_once(store: &Store, orphans: &[&Orphan]) -> Vec<Step> {
    let has = |exit: &Exit| orphans.iter().any(|orphan| orphan.exit == *exit);
    let tool = store.engine.definition().tool;
    let mut steps = Vec::new();
    for (exit, action) in [
        (Exit::Recorded, Action::Repair),
        (Exit::ByHand, Action::RemoveUnrecorded),
    ] {
        if has(&exit) {
            let subject = Subject::default();
            steps.extend(commanded(store.engine, tool, action, subject));
        }
    }
    steps
}

/// Returns the commands for an orphan that the engine has names for; none for any other.
pub fn by_name(engine: Engine, orphan: &Orphan) -> Vec<Command> {
    let Exit::Records(records) = &orphan.exit else {
        return Vec::new();
    };
    let steps = records.iter().flat_map(|record| of_record(engine, record));
    let commands = steps.filter_map(|step| match step {
        Step::Command(command) => Some(command),
        Step::Perhaps { .. } | Step::Note(_) | Step::Place(_) => None,
    });
    commands.collect()
}

fn of_records(store: &Store, orphans: &[&Orphan]) -> Vec<Step> {
    let is_named = |orphan: &&Orphan| matches!(orphan.exit, Exit::Records(_));
    if !orphans.iter().any(is_named) {
        return Vec::new();
    }
    let layers = Layers::of(store);
    let chosen: BTreeSet<PieceId> = orphans.iter().map(|orphan| orphan.piece).collect();
    let mut records: Vec<(&Orphan, &Record)> = Vec::new();
    for orphan in orphans {
        if let Exit::Records(of_orphan) = &orphan.exit {
            records.extend(of_orphan.iter().map(|record| (*orphan, record)));
        }
    }
    // One sort that keeps the order of equals: what stands on most goes first.
    records.sort_by_key(|(orphan, _)| Reverse(layers.depth(orphan.piece)));
    let mut steps = Vec::new();
    let mut written = BTreeSet::new();
    for (orphan, record) in records {
        let above = layers.keys_above(orphan.piece, &chosen);
        if !above.is_empty() {
            steps.push(note(format!(
                "snapshots that stand on it have to go first: {}",
                listed(&above)
            )));
        }
        for step in of_record(store.engine, record) {
            // A lease may hold several, and a note is said once.
            if written.insert(step.lines()) {
                steps.push(step);
            }
        }
    }
    steps
}

fn of_record(engine: Engine, record: &Record) -> Vec<Step> {
    let (action, subject) = match record {
        Record::Snapshot {
            namespace,
            snapshotter,
            key,
        } => (
            Action::RemoveSnapshot,
            Subject {
                namespace,
                snapshotter,
                names: &[key],
                ..Subject::default()
            },
        ),
        Record::Blob { namespace, digest } => (
            Action::RemoveBlob,
            Subject {
                namespace,
                names: &[digest.as_str()],
                ..Subject::default()
            },
        ),
        Record::Lease { namespace, id } => (
            Action::RemoveLease,
            Subject {
                namespace,
                names: &[id],
                ..Subject::default()
            },
        ),
    };
    commanded(engine, Tool::Ctr, action, subject)
}

/// Which orphans are layers, and what stands on what.
struct Layers<'a> {
    by_piece: BTreeMap<PieceId, LayerId>,
    depths: Vec<usize>,
    /// Orphans by the layer that they stand on.
    above: BTreeMap<LayerId, Vec<&'a Orphan>>,
}

impl<'a> Layers<'a> {
    fn of(store: &'a Store) -> Self {
        let by_piece: BTreeMap<PieceId, LayerId> = (0..)
            .map(LayerId)
            .zip(&store.layers)
            .flat_map(|(id, layer)| layer.pieces.iter().map(move |&piece| (piece, id)))
            .collect();
        let mut above: BTreeMap<LayerId, Vec<&Orphan>> = BTreeMap::new();
        for orphan in &store.orphans {
            let layer = by_piece.get(&orphan.piece);
            let parent = layer.and_then(|layer| store.layers.get(layer.as_usize())?.parent);
            if let Some(parent) = parent {
                above.entry(parent).or_default().push(orphan);
            }
        }
        Self {
            by_piece,
            depths: depths(store),
            above,
        }
    }

    fn depth(&self, piece: PieceId) -> usize {
        let layer = self.by_piece.get(&piece);
        let depth = layer.and_then(|layer| self.depths.get(layer.as_usize()));
        depth.copied().unwrap_or(0)
    }

    /// Returns the keys of orphans that stand on one and are not chosen with it.
    fn keys_above(&self, piece: PieceId, chosen: &BTreeSet<PieceId>) -> Vec<String> {
        let layer = self.by_piece.get(&piece);
        let above = layer.and_then(|layer| self.above.get(layer));
        let left = above.into_iter().flatten();
        let left = left.filter(|orphan| !chosen.contains(&orphan.piece));
        left.filter_map(|orphan| match &orphan.exit {
            Exit::Records(records) => records.iter().find_map(|record| match record {
                Record::Snapshot { key, .. } => Some(display_str(key).into_owned()),
                Record::Blob { .. } | Record::Lease { .. } => None,
            }),
            _ => None,
        })
        .collect()
    }
}

/// Returns on how many layers each stands, itself counted; in a loop of parents any number.
fn depths(store: &Store) -> Vec<usize> {
    let mut depths = vec![0_usize; store.layers.len()];
    for start in 0..depths.len() {
        let mut way = Vec::new();
        let mut at = Some(start);
        let mut below = 0;
        while let Some(layer) = at {
            match depths.get(layer) {
                Some(0) => {}
                Some(&known) => {
                    below = known;
                    break;
                }
                None => break,
            }
            // A layer on the way is marked, so that a loop ends.
            depths[layer] = 1;
            way.push(layer);
            at = store.layers[layer].parent.map(LayerId::as_usize);
        }
        for (height, layer) in (1..).zip(way.into_iter().rev()) {
            depths[layer] = below + height;
        }
    }
    depths
}
