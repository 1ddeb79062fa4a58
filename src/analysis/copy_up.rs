//! What writing to files of an image cost a container: overlayfs copies a whole file before its first byte, or
//! its mode, is changed.
//!
//! The top layer is taken as what the container wrote.

use std::collections::HashSet;
use std::io::{self, Read};

use super::Analysis;
use crate::error::{Error, Result};
use crate::layer::LayerIndex;
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::tree::{Change, MergedTree, NodeId, PathId, Version};

/// Bytes read of each of two files at a time.
const BLOCK: usize = 64 * 1024;

/// Every file that was copied up, and the sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyUps {
    /// In order of paths, directory by directory; a file with several names once.
    pub files: Vec<CopyUp>,
    /// Bytes copied in all.
    pub copied_bytes: u64,
    /// Bytes that are other than before in all; of files that were compared in part, as far as that went.
    pub changed_bytes: u64,
    /// Part of `copied_bytes` that was copied for metadata alone.
    pub metadata_only_bytes: u64,
}

/// One file that was copied up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyUp {
    /// Where.
    pub path: PathId,
    /// The layer it was copied from.
    pub from: LayerIndex,
    /// Length of the file as it was there, in bytes.
    pub copied_bytes: u64,
    /// What for.
    pub outcome: Outcome,
}

/// What became of a file that was copied up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its data is another.
    Changed {
        /// Bytes that differ, and the difference of the lengths.
        bytes: u64,
        /// Whether that is all.
        extent: Extent,
    },
    /// Its data is the same.
    MetadataOnly(MetadataChange),
    /// One of the two could not be read; escaped.
    Unread(String),
}

/// How much of two files was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Whole,
    /// The first bytes, this many; the rest counts as the same.
    First(u64),
}

/// Which metadata changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four answers that have nothing to do with each other"
)]
pub struct MetadataChange {
    /// Permission bits.
    pub mode: bool,
    /// Owner or group.
    pub owner: bool,
    /// Modification time.
    pub time: bool,
    /// Extended attributes.
    pub attributes: bool,
}

/// A file of one layer.
type Place = (LayerIndex, NodeId);

/// Finds what the top layer copied up, and reads both versions of each file to see what for.
///
/// # Errors
/// [`Error::Interrupted`] when the job is cancelled.
pub fn copy_ups(analysis: &Analysis, job: &Job) -> Result<CopyUps> {
    let tree = &analysis.tree;
    let mut copy_ups = CopyUps::default();
    let mut seen = HashSet::new();
    let mut buffers = (vec![0; BLOCK], vec![0; BLOCK]);
    for path in tree.paths() {
        let Some((version, older, newer)) = copied(tree, path) else {
            continue;
        };
        if !seen.insert(newer) {
            continue;
        }
        job.check()?;
        let outcome = if matches!(version.change, Change::Touched | Change::Repeated) {
            Outcome::MetadataOnly(metadata_change(tree, older, newer))
        } else {
            match difference(analysis, path, (older, newer), &mut buffers, job) {
                Ok(outcome) => outcome,
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) => Outcome::Unread(error.to_string()),
            }
        };
        copy_ups.add(CopyUp {
            path,
            from: older.0,
            copied_bytes: tree.layer(older.0).size(older.1),
            outcome,
        });
    }
    Ok(copy_ups)
}

impl CopyUps {
    fn add(&mut self, file: CopyUp) {
        self.copied_bytes = self.copied_bytes.saturating_add(file.copied_bytes);
        match file.outcome {
            Outcome::Changed { bytes, .. } => {
                self.changed_bytes = self.changed_bytes.saturating_add(bytes);
            }
            Outcome::MetadataOnly(_) => {
                self.metadata_only_bytes =
                    self.metadata_only_bytes.saturating_add(file.copied_bytes);
            }
            Outcome::Unread(_) => {}
        }
        self.files.push(file);
    }
}

/// Returns the top layer's version of a path, and where the data below it and its own are, if both are files and
/// the top layer has data of its own.
fn copied(tree: &MergedTree, path: PathId) -> Option<(Version, Place, Place)> {
    let top = tree.top();
    let below = LayerIndex(top.0.checked_sub(1)?);
    let version = tree.at(path, top).filter(|version| version.layer == top)?;
    let newer = file(tree, version).filter(|newer| newer.0 == top)?;
    let older = file(tree, tree.at(path, below)?)?;
    Some((version, older, newer))
}

fn file(tree: &MergedTree, version: Version) -> Option<Place> {
    let is_file = tree.layer(version.layer).kind(version.node).is_file();
    is_file
        .then(|| tree.inode(version.layer, version.node))
        .flatten()
}

fn metadata_change(tree: &MergedTree, older: Place, newer: Place) -> MetadataChange {
    let (old_tree, new_tree) = (tree.layer(older.0), tree.layer(newer.0));
    let (Some(old), Some(new)) = (old_tree.meta(older.1), new_tree.meta(newer.1)) else {
        return MetadataChange::default();
    };
    MetadataChange {
        mode: old.mode != new.mode,
        owner: (old.uid, old.gid) != (new.uid, new.gid),
        time: (old.mtime, old.mtime_nanos) != (new.mtime, new.mtime_nanos),
        attributes: old_tree.xattrs(older.1) != new_tree.xattrs(newer.1),
    }
}

fn difference(
    analysis: &Analysis,
    path: PathId,
    (older, newer): (Place, Place),
    (left, right): &mut (Vec<u8>, Vec<u8>),
    job: &Job,
) -> Result<Outcome> {
    let tree = &analysis.tree;
    let (mut old, mut new) = (open(analysis, older)?, open(analysis, newer)?);
    let (old_size, new_size) = (
        tree.layer(older.0).size(older.1),
        tree.layer(newer.0).size(newer.1),
    );
    let shared = old_size.min(new_size);
    let wanted = shared.min(limits::COPY_UP_BYTES);
    let mut bytes = old_size.abs_diff(new_size);
    let mut done = 0;
    while done < wanted {
        job.check()?;
        let length = usize::try_from(wanted - done).map_or(BLOCK, |left| left.min(BLOCK));
        let (left, right) = (&mut left[..length], &mut right[..length]);
        let read = old.read_exact(left).and_then(|()| new.read_exact(right));
        read.map_err(|source| unreadable(tree, path, done, source))?;
        if left != right {
            let differing = left
                .iter()
                .zip(&*right)
                .filter(|(old, new)| old != new)
                .count();
            bytes = bytes.saturating_add(differing as u64);
        }
        done += length as u64;
    }
    Ok(match bytes {
        0 if wanted == shared => Outcome::MetadataOnly(metadata_change(tree, older, newer)),
        _ => Outcome::Changed {
            bytes,
            extent: if wanted == shared {
                Extent::Whole
            } else {
                Extent::First(wanted)
            },
        },
    })
}

fn open(analysis: &Analysis, (layer, node): Place) -> Result<Box<dyn Read + '_>> {
    let tree = analysis.tree.layer(layer);
    let path = tree.path(node);
    let layer = &analysis.image.layers[layer.as_usize()];
    layer.source.open(tree.file_at(node, &path))
}

fn unreadable(tree: &MergedTree, path: PathId, offset: u64, source: io::Error) -> Error {
    Error::Read {
        name: path::display_absolute(&tree.path(path)),
        offset,
        source,
    }
}
