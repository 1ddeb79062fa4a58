//! Which directories hold what was written.

use std::collections::HashMap;

use super::top_version;
use crate::layer::EntryKind;
use crate::tree::{MergedTree, PathId};

/// Most directories named.
const NAMED: usize = 5;

/// A directory that holds much of what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// The directory.
    pub path: PathId,
    /// Length of the data that the top layer stores below it, in bytes.
    pub bytes: u64,
}

#[derive(Default, Clone, Copy)]
struct Sums {
    bytes: u64,
    /// The largest sum among the directories in it.
    largest: u64,
}

/// Returns the directories that hold most of the top layer, largest first; none lies in another.
///
/// A directory that holds nearly everything of the one above is named in its place: `/var/log`, not `/var`.
pub(super) fn largest(tree: &MergedTree) -> Vec<Growth> {
    let sums = sums(tree);
    let whole = sums.get(&PathId::ROOT).map_or(0, |sums| sums.bytes);
    let mut named: Vec<Growth> = sums
        .iter()
        .filter(|(path, sums)| {
            let is_spread = sums.largest < sums.bytes / 5 * 4;
            **path != PathId::ROOT && sums.bytes > 0 && sums.bytes >= whole / 20 && is_spread
        })
        .map(|(&path, sums)| Growth {
            path,
            bytes: sums.bytes,
        })
        .collect();
    named.sort_by_key(|growth| (std::cmp::Reverse(growth.bytes), growth.path));
    let mut chosen: Vec<Growth> = Vec::new();
    for growth in named {
        let is_apart = |other: &Growth| {
            !is_within(tree, growth.path, other.path) && !is_within(tree, other.path, growth.path)
        };
        if chosen.len() < NAMED && chosen.iter().all(is_apart) {
            chosen.push(growth);
        }
    }
    chosen
}

/// Children come behind their parents: from the end on, every sum is complete when it is added to the one above.
fn sums(tree: &MergedTree) -> HashMap<PathId, Sums> {
    let mut sums: HashMap<PathId, Sums> = HashMap::new();
    for path in tree.paths().rev() {
        let own = sums.get(&path).map_or(0, |sums| sums.bytes);
        let stored = stored(tree, path);
        if path == PathId::ROOT || own.saturating_add(stored) == 0 {
            continue;
        }
        let above = sums.entry(tree.parent(path)).or_default();
        above.bytes = above.bytes.saturating_add(own).saturating_add(stored);
        above.largest = above.largest.max(own);
    }
    sums
}

/// Returns the length of the data that the top layer stores at a path.
fn stored(tree: &MergedTree, path: PathId) -> u64 {
    let version = top_version(tree, path).filter(|version| version.is_visible());
    version.map_or(0, |version| {
        let layer = tree.layer(version.layer);
        match layer.kind(version.node) {
            EntryKind::File => layer.size(version.node),
            _ => 0,
        }
    })
}

fn is_within(tree: &MergedTree, path: PathId, above: PathId) -> bool {
    let mut at = path;
    while at != above && at != PathId::ROOT {
        at = tree.parent(at);
    }
    at == above
}
