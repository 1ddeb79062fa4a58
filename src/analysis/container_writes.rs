//! What a container, or whoever writes to the upper directory of an overlay, made of the image below.

mod batches;
mod growth;

use std::collections::HashSet;

use super::Analysis;
use super::changes::{Changed, DiffDialect, changes, differs, is_engines_own};
use super::copy_up::{CopyUps, copy_ups};
use crate::error::Result;
use crate::image::Writable;
use crate::layer::{EntryKind, LayerIndex};
use crate::progress::Job;
use crate::tree::{Change, EntryRef, MergedTree, PathId, Version};

pub use batches::{Batch, Why};
pub use growth::Growth;

/// Everything that reports tell of the layer that is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The layer, and who writes to it.
    pub writable: Writable,
    /// Length of all file data in the layer, in bytes.
    pub bytes: u64,
    /// Paths that are not below; bytes are those of their files.
    pub added: Tally,
    /// Paths that are below and other here; bytes are those the layer stores for them. A directory in which
    /// something else changed is not counted.
    pub changed: Tally,
    /// Paths that are below and hidden; bytes are those that the layers below still store.
    pub deleted: Tally,
    /// What the engine says changed, sorted by path.
    pub changes: Vec<Changed>,
    /// What was copied up, largest first.
    pub copy_ups: CopyUps,
    /// The same as people would tell it, largest first.
    pub batches: Vec<Batch>,
    /// Directories that hold most of what was written, largest first; none lies in another.
    pub growth: Vec<Growth>,
    /// `false` where the layer could only be read in part.
    pub complete: bool,
}

/// How much of something there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Everything but directories.
    pub files: u64,
    /// Directories alone.
    pub directories: u64,
    /// Bytes of file data, every inode once.
    pub bytes: u64,
}

/// Tells what was written, if the image is a container's or an overlay's. Reads the files that were copied up.
///
/// # Errors
/// [`crate::error::Error::Interrupted`] when the job is cancelled.
pub fn written(analysis: &Analysis, job: &Job) -> Result<Option<Written>> {
    let tree = &analysis.tree;
    let writable = analysis.image.writable.as_ref();
    let Some(writable) = writable.filter(|writable| writable.layer == tree.top()) else {
        return Ok(None);
    };
    let Some(figures) = analysis.layers.get(writable.layer.as_usize()) else {
        return Ok(None);
    };
    let mut copy_ups = copy_ups(analysis, job)?;
    copy_ups.files.sort_by(|one, other| {
        let by_bytes = other.copied_bytes.cmp(&one.copied_bytes);
        by_bytes.then_with(|| tree.compare_paths(one.path, other.path))
    });
    let mut written = Written {
        writable: writable.clone(),
        bytes: figures.content_bytes,
        added: Tally::default(),
        changed: Tally::default(),
        deleted: Tally::default(),
        changes: changes(analysis, writable.engine),
        batches: batches::batches(tree, &copy_ups),
        copy_ups,
        growth: growth::largest(tree),
        complete: figures.complete && !figures.unread,
    };
    written.count(tree, writable.engine);
    Ok(Some(written))
}

impl Written {
    fn count(&mut self, tree: &MergedTree, engine: DiffDialect) {
        let mut hidden = HashSet::new();
        for path in tree.paths().skip(1) {
            let Some(version) = top_version(tree, path) else {
                continue;
            };
            if is_engines_own(&tree.path(path), engine) {
                continue;
            }
            match version.change {
                Change::Added => self.added.add(tree, version),
                Change::Modified | Change::Touched | Change::Repeated => {
                    let is_dir = tree.layer(version.layer).kind(version.node) == EntryKind::Dir;
                    if !is_dir || differs(tree, path) {
                        self.changed.add(tree, version);
                    }
                }
                Change::Removed | Change::Hidden => {
                    if let Some(below) = below(tree, path) {
                        let data = tree.inode(below.layer, below.node);
                        let is_first = data.is_none_or(|data| hidden.insert(data));
                        self.deleted
                            .add_hidden(tree, below, is_first.then_some(data).flatten());
                    }
                }
                Change::Unchanged | Change::Dangling => {}
            }
        }
    }
}

impl Tally {
    fn add(&mut self, tree: &MergedTree, version: Version) {
        let layer = tree.layer(version.layer);
        self.count(layer.kind(version.node));
        self.bytes = self.bytes.saturating_add(layer.size(version.node));
    }

    fn add_hidden(&mut self, tree: &MergedTree, version: Version, data: Option<EntryRef>) {
        self.count(tree.layer(version.layer).kind(version.node));
        let bytes = data.map_or(0, |(layer, node)| tree.layer(layer).size(node));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn count(&mut self, kind: EntryKind) {
        match kind {
            EntryKind::Dir => self.directories += 1,
            _ => self.files += 1,
        }
    }
}

/// Returns what the top layer does to a path.
fn top_version(tree: &MergedTree, path: PathId) -> Option<Version> {
    let last = tree.effective(path, tree.top());
    last.filter(|version| version.layer == tree.top())
}

/// Returns what the layers below the top one show at a path.
fn below(tree: &MergedTree, path: PathId) -> Option<Version> {
    let below = tree.top().0.checked_sub(1)?;
    tree.at(path, LayerIndex(below))
}
