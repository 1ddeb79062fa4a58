//! What every version of a union weighs, looked up once, so that a projection need not visit the layers.

use std::collections::HashMap;

use crate::layer::EntryKind;
use crate::tree::{Change, MergedTree, PathId, Version};

/// The data behind each version, looked up once for a union.
///
/// Stays true when [`MergedTree::settle`] refines marks. Costs 9 bytes a version.
#[derive(Debug)]
pub struct Weights {
    /// By position in the union's versions: bits of [`fact`].
    pub(super) facts: Vec<u8>,
    /// By position in the union's versions: length of the data in bytes.
    pub(super) bytes: Vec<u64>,
    /// Versions whose data may have further names, by position.
    pub(super) names: Vec<Name>,
    /// Number of different data among them.
    pub(super) inodes: usize,
}

/// One of several names of data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) path: PathId,
    /// Position among the union's versions.
    pub(super) version: u32,
    /// A number for the data.
    pub(super) inode: u32,
}

/// What is to be known of a version beside its change.
pub(super) mod fact {
    /// A file or a hard link.
    pub(in crate::browse) const FILE: u8 = 1;
    /// A file whose entry stores its data itself.
    pub(in crate::browse) const OWN: u8 = 1 << 1;
    /// Other names may share the data.
    pub(in crate::browse) const SHARED: u8 = 1 << 2;
    /// The data is in the layer of the version.
    pub(in crate::browse) const NATIVE: u8 = 1 << 3;
    pub(in crate::browse) const DIRECTORY: u8 = 1 << 4;
    pub(in crate::browse) const WHITEOUT: u8 = 1 << 5;
    /// A directory that hides what lower layers have in it.
    pub(in crate::browse) const OPAQUE: u8 = 1 << 6;
    /// A later entry of the same layer buried it.
    pub(in crate::browse) const DEAD: u8 = 1 << 7;
}

impl Weights {
    /// Looks up the data of every version. Cost is linear in the versions.
    pub fn new(tree: &MergedTree) -> Self {
        let mut weights = Self {
            facts: Vec::with_capacity(tree.all_versions().len()),
            bytes: Vec::with_capacity(tree.all_versions().len()),
            names: Vec::new(),
            inodes: 0,
        };
        let mut numbers = HashMap::new();
        for path in tree.paths() {
            for version in tree.versions(path) {
                let (facts, bytes) = weigh(tree, *version);
                if facts & fact::SHARED != 0
                    && let Some(data) = tree.inode(version.layer, version.node)
                {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                    weights.names.push(Name {
                        path,
                        version: u32::try_from(weights.facts.len()).unwrap_or(u32::MAX),
                        inode: *numbers.entry(data).or_insert(next),
                    });
                }
                weights.facts.push(facts);
                weights.bytes.push(bytes);
            }
        }
        weights.inodes = numbers.len();
        weights
    }
}

fn weigh(tree: &MergedTree, version: Version) -> (u8, u64) {
    let facts = facts(tree, version);
    if facts & fact::FILE == 0 {
        return (facts, 0);
    }
    let layer = tree.layer(version.layer);
    if facts & (fact::OWN | fact::SHARED) == fact::OWN {
        return (facts, layer.size(version.node));
    }
    match tree.inode(version.layer, version.node) {
        Some((at, data)) => {
            let is_native = at == version.layer;
            let native = if is_native { fact::NATIVE } else { 0 };
            (facts | native, tree.layer(at).size(data))
        }
        // A hard link to nothing.
        None => (facts & !fact::SHARED, 0),
    }
}

/// Returns what the entry of a version is; nothing for what an ancestor hid. [`fact::NATIVE`] is left out.
pub(super) fn facts(tree: &MergedTree, version: Version) -> u8 {
    if version.change == Change::Hidden {
        return 0;
    }
    let (layer, node) = (tree.layer(version.layer), version.node);
    let dead = if layer.is_dead(node) { fact::DEAD } else { 0 };
    dead | match layer.kind(node) {
        EntryKind::File if layer.is_linked(node) => fact::FILE | fact::OWN | fact::SHARED,
        EntryKind::File => fact::FILE | fact::OWN,
        EntryKind::Hardlink => fact::FILE | fact::SHARED,
        EntryKind::Dir if layer.is_opaque(node) => fact::DIRECTORY | fact::OPAQUE,
        EntryKind::Dir => fact::DIRECTORY,
        EntryKind::Whiteout => fact::WHITEOUT,
        _ => 0,
    }
}
