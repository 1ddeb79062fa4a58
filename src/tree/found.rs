//! What a filter found: matches, the directories above them, and how many are where.

use super::{MergedTree, PathId, PathSet, Projection};

/// What a filter found in a projection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Paths that match themselves.
    pub matched: PathSet,
    /// Those, and every directory above one.
    pub kept: PathSet,
    /// Matches strictly below each path.
    below: Vec<u32>,
    directories: u32,
    files: u32,
}

impl Found {
    /// Adds up matches; they must be shown. Cost is linear in the paths.
    pub fn new(tree: &MergedTree, projection: &Projection, matched: PathSet) -> Self {
        let mut found = Self {
            kept: matched.clone(),
            below: vec![0; tree.len()],
            directories: 0,
            files: 0,
            matched,
        };
        for path in found.matched.iter() {
            if projection.is_directory(path) {
                found.directories += 1;
            } else {
                found.files += 1;
            }
        }
        for index in (1..found.below.len()).rev() {
            let path = PathId(u32::try_from(index).unwrap_or(u32::MAX));
            let at_and_below = found.below[index] + u32::from(found.matched.contains(path));
            if at_and_below > 0 {
                found.below[tree.parent(path).as_usize()] += at_and_below;
                found.kept.insert(path);
            }
        }
        if !found.is_empty() {
            found.kept.insert(PathId::ROOT);
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
