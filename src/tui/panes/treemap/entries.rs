//! What is in a directory, by size.

use std::cmp::Reverse;

use crate::browse::Projection;
use crate::tree::{MergedTree, PathId};
use crate::tui::subject::Subject;

/// Something in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// The child itself.
    pub(super) head: PathId,
    /// What it leads to: the end of directories that hold but one thing.
    pub(super) path: PathId,
    /// Bytes at and below; of something gone what it was.
    pub(super) bytes: u64,
}

impl Entry {
    fn of(tree: &MergedTree, projection: &Projection, head: PathId) -> Self {
        Self {
            head,
            path: chain_end(tree, projection, head),
            bytes: projection.weight(head),
        }
    }

    /// Returns whether a path is the entry.
    pub(super) fn has(&self, path: PathId) -> bool {
        self.head == path || self.path == path
    }
}

/// Lists a directory, largest first. Cost is linear in what is in it, and sorting that.
pub(super) fn of(tree: &MergedTree, projection: &Projection, directory: PathId) -> Vec<Entry> {
    let mut heads: Vec<(u64, PathId)> = projection
        .children(tree, directory)
        .map(|child| (projection.weight(child), child))
        .collect();
    heads.sort_unstable_by_key(|&(bytes, path)| (Reverse(bytes), path));
    heads
        .into_iter()
        .map(|(_, head)| Entry::of(tree, projection, head))
        .collect()
}

/// The largest of a directory, and what the others come to.
#[derive(Debug)]
pub(super) struct Largest {
    pub(super) entries: Vec<Entry>,
    pub(super) others: usize,
    pub(super) others_bytes: u64,
}

/// Returns the largest of a directory. Cost is linear in what is in it.
pub(super) fn largest(
    tree: &MergedTree,
    projection: &Projection,
    directory: PathId,
    most: usize,
) -> Largest {
    let key = |&(bytes, path): &(u64, PathId)| (Reverse(bytes), path);
    let mut heads: Vec<(u64, PathId)> = projection
        .children(tree, directory)
        .map(|child| (projection.weight(child), child))
        .collect();
    let mut others = Vec::new();
    if heads.len() > most {
        heads.select_nth_unstable_by_key(most, key);
        others = heads.split_off(most);
    }
    heads.sort_unstable_by_key(key);
    let entries = heads
        .iter()
        .map(|&(_, head)| Entry::of(tree, projection, head));
    Largest {
        entries: entries.collect(),
        others: others.len(),
        others_bytes: others.iter().map(|(bytes, _)| bytes).sum(),
    }
}

/// Follows directories that hold but one thing.
fn chain_end(tree: &MergedTree, projection: &Projection, head: PathId) -> PathId {
    let mut at = head;
    loop {
        let mut children = projection.children(tree, at);
        match (children.next(), children.next()) {
            (Some(only), None) => at = only,
            _ => return at,
        }
    }
}

/// Adds up the waste at and below every path. Cost is linear in the paths.
pub(super) fn waste_below(subject: &Subject) -> Vec<u64> {
    let tree = subject.tree();
    let mut sums = vec![0u64; tree.len()];
    for wasted in &subject.analysis.waste.paths {
        if let Some(sum) = sums.get_mut(wasted.path.0 as usize) {
            *sum = sum.saturating_add(wasted.bytes);
        }
    }
    // Ids grow from the root down.
    for path in tree.paths().skip(1).rev() {
        let own = sums[path.0 as usize];
        let parent = &mut sums[tree.parent(path).0 as usize];
        *parent = parent.saturating_add(own);
    }
    sums
}
