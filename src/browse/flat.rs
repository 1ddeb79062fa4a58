//! Every file of a union in one list, directories left out: of the merged view, or every version of every layer.
//!
//! The list is made in path order and small enough to be sorted while a person waits.

use super::Weights;
use super::weights::fact;
use crate::layer::LayerIndex;
use crate::tree::{Change, MergedTree, PathId};

/// Which files a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlatView {
    /// What a container sees.
    #[default]
    Merged,
    /// What each layer stores, useless versions too; whiteouts are none.
    Versions,
}

/// Where the bytes of a file with several names are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Counted {
    /// At this name.
    Here,
    /// At another name of the inode.
    Elsewhere,
}

/// One file of a list: a version of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlatFile {
    /// Length of the data in bytes, hard links resolved; 0 for anything but files.
    pub bytes: u64,
    /// The path.
    pub path: PathId,
    /// The layer that stores it.
    pub layer: LayerIndex,
    /// Whether `bytes` are counted here.
    pub counted: Counted,
}

const _: () = assert!(size_of::<FlatFile>() == 16);

impl FlatView {
    /// Lists the files in path order, versions of one path bottom first. Cost is linear in paths and versions.
    pub fn list(self, tree: &MergedTree, weights: &Weights) -> Vec<FlatFile> {
        match self {
            Self::Merged => merged(tree, weights),
            Self::Versions => versions(tree, weights),
        }
    }
}

fn merged(tree: &MergedTree, weights: &Weights) -> Vec<FlatFile> {
    let mut files = Vec::with_capacity(tree.len());
    let mut shared = Vec::new();
    let mut names = weights.names.iter().peekable();
    for path in tree.paths() {
        let Some(at) = tree.effective_position(path, tree.top()) else {
            continue;
        };
        let (version, facts) = (tree.all_versions()[at], weights.facts[at]);
        if !version.is_visible() || facts & fact::DIRECTORY != 0 {
            continue;
        }
        if facts & fact::SHARED != 0 {
            while names.next_if(|name| (name.version as usize) < at).is_some() {}
            let inode = names.peek().map(|name| name.inode as usize);
            shared.extend(inode.map(|inode| (files.len(), inode, facts & fact::OWN != 0)));
        }
        files.push(FlatFile {
            bytes: weights.bytes[at],
            path,
            layer: version.layer,
            counted: Counted::Here,
        });
    }
    // A name that stores the data itself has it rather than a link, else the first.
    shared.sort_by_key(|&(_, _, is_own)| !is_own);
    let mut counted = vec![false; weights.inodes];
    for (at, inode, _) in shared {
        if std::mem::replace(&mut counted[inode], true) {
            files[at].counted = Counted::Elsewhere;
        }
    }
    files
}

fn versions(tree: &MergedTree, weights: &Weights) -> Vec<FlatFile> {
    let mut files = Vec::with_capacity(tree.all_versions().len());
    for path in tree.paths() {
        for at in tree.version_range(path) {
            let (version, facts) = (tree.all_versions()[at], weights.facts[at]);
            let is_file = facts & (fact::DIRECTORY | fact::WHITEOUT) == 0;
            if version.change == Change::Hidden || !is_file {
                continue;
            }
            let is_link = facts & (fact::SHARED | fact::OWN) == fact::SHARED;
            files.push(FlatFile {
                bytes: weights.bytes[at],
                path,
                layer: version.layer,
                counted: if is_link {
                    Counted::Elsewhere
                } else {
                    Counted::Here
                },
            });
        }
    }
    files
}

/// Returns for each path its place among all paths as a tree lists them: parents first, siblings by name.
///
/// Cost is linear in the paths.
pub fn ranks(tree: &MergedTree) -> Vec<u32> {
    // Ids grow from the root down, so that sizes add up backwards and places are handed out forwards.
    let mut sizes = vec![1u32; tree.len()];
    for path in tree.paths().skip(1).rev() {
        let size = sizes[path.as_usize()];
        sizes[tree.parent(path).as_usize()] += size;
    }
    let mut ranks = vec![0u32; tree.len()];
    for path in tree.paths() {
        let mut next = ranks[path.as_usize()] + 1;
        for child in tree.children(path).map(PathId) {
            ranks[child.as_usize()] = next;
            next += sizes[child.as_usize()];
        }
    }
    ranks
}
