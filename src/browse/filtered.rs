//! What a filter found: matches, the directories above them, and how many are where.

use super::{PathSet, Projection};
use crate::tree::{MergedTree, PathId};

/// What a filter found in a projection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filtered {
    /// Paths that match themselves.
    pub matched: PathSet,
    /// Those, and every directory above one.
    pub kept: PathSet,
    /// Matches strictly below each path.
    below: Vec<u32>,
    directories: u32,
    files: u32,
}

impl Filtered {
    /// Adds up matches; they must be shown. Cost is linear in the matches.
    pub fn new(tree: &MergedTree, projection: &Projection, matched: PathSet) -> Self {
        let mut found = Self {
            kept: matched.clone(),
            below: vec![0; tree.len()],
            directories: 0,
            files: 0,
            matched,
        };
        let mut at = PathId(u32::try_from(tree.len()).unwrap_or(u32::MAX));
        while let Some(path) = found.kept.last_before(at) {
            at = path;
            let mut at_and_below = found.below[path.as_usize()];
            if found.matched.contains(path) {
                at_and_below += 1;
                let is_directory = projection.is_directory(path);
                found.directories += u32::from(is_directory);
                found.files += u32::from(!is_directory);
            }
            if path != PathId::ROOT {
                let parent = tree.parent(path);
                found.below[parent.as_usize()] += at_and_below;
                // Comes before its children, so it is yet to come here.
                found.kept.insert(parent);
            }
        }
        found
    }

    /// Returns the number of matches strictly below a path.
    pub fn below(&self, path: PathId) -> u32 {
        self.below.get(path.as_usize()).copied().unwrap_or(0)
    }

    /// Returns the number of directories that match.
    pub const fn directories(&self) -> u32 {
        self.directories
    }

    /// Returns the number of matches that are no directories.
    pub const fn files(&self) -> u32 {
        self.files
    }

    /// Returns whether nothing matches.
    pub const fn is_empty(&self) -> bool {
        self.directories == 0 && self.files == 0
    }
}
