//! What writing to files of an image cost a container: overlayfs copies a whole file before its first byte, or
//! its mode, is changed.
//!
//! The top layer is taken as what the container wrote. Where it notes which files were copied, only those count;
//! a file that was written anew over one of below has copied nothing. Where it does not, every file that is below
//! too counts as copied. A file that was emptied before it was written copied less than its length below, which
//! nothing tells afterwards.

mod difference;

use std::collections::HashSet;

use self::difference::{Buffers, buffers, difference};
use super::Analysis;
use crate::error::{Error, Result};
use crate::layer::{EntryKind, LayerIndex, Origin};
use crate::limits;
use crate::path::ImagePath;
use crate::progress::Job;
use crate::tree::{Change, MergedTree, NodeId, PathId, Version};

/// Every file that was copied up, and the sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyUps {
    /// In order of paths, directory by directory, those that were moved last; a file with several names once.
    pub files: Vec<CopyUp>,
    /// Bytes copied in all.
    pub copied_bytes: u64,
    /// Bytes that are other than before in all; of files that were compared in part, as far as that went.
    pub changed_bytes: u64,
    /// Part of `copied_bytes` that was copied for metadata alone.
    pub metadata_only_bytes: u64,
    /// Files that took the place of one of below without a copy of it.
    pub replaced_files: u64,
    /// Their length, in bytes.
    pub replaced_bytes: u64,
    /// Whether the layer copies files up at all.
    pub manner: Manner,
}

/// What a layer does with a file of below that is about to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// It copies the file.
    #[default]
    CopiesUp,
    /// Nothing: it is a whole file system (vfs, btrfs), where the file lies already.
    InPlace,
}

/// One file that was copied up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyUp {
    /// Where it is in the union.
    pub path: PathId,
    /// The layer it was copied from; `None` where nothing tells which file it was.
    pub from: Option<LayerIndex>,
    /// Length of the file as it was there, in bytes; 0 where overlayfs copied metadata alone (`metacopy`).
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
    /// It has another name now, or one more.
    Moved,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct MetadataChange {
    /// Permission bits.
    pub mode: Option<Shift<u16>>,
    /// Owner and group.
    pub owner: Option<Shift<(u32, u32)>>,
    /// Modification time, seconds since 1970; both are the same where it differs by less.
    pub time: Option<Shift<i64>>,
    /// Extended attributes.
    pub has_other_attributes: bool,
}

/// Something that was and is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shift<T> {
    /// As it was below.
    pub from: T,
    /// As it is in the top layer.
    pub to: T,
}

/// A file of one layer.
type EntryRef = (LayerIndex, NodeId);

/// A file of the top layer that may have been copied up.
struct Candidate {
    path: PathId,
    version: Version,
    newer: EntryRef,
    /// What stood at the same path before, if that was a file.
    older: Option<EntryRef>,
    origin: Origin,
}

/// Finds what the top layer copied up, and reads both versions of each file to see what for.
///
/// # Errors
/// [`Error::Interrupted`] when the job is cancelled.
pub fn copy_ups(analysis: &Analysis, job: &Job) -> Result<CopyUps> {
    let candidates = candidates(analysis, job)?;
    let mut copy_ups = CopyUps::default();
    if candidates.iter().any(|one| one.origin == Origin::InPlace) {
        copy_ups.manner = Manner::InPlace;
        return Ok(copy_ups);
    }
    let is_marked = is_marked(analysis, &candidates);
    let compared = candidates.iter().filter(|one| {
        let older = one.older;
        let is_copied = |older| !(is_marked && is_written_anew(analysis, one.origin, older));
        !is_of_same_data(analysis, one) && older.is_some_and(is_copied)
    });
    job.expect(compared.map(|one| shared_bytes(analysis, one)).sum());
    let mut buffers = buffers();
    for one in &candidates {
        job.check()?;
        if let Some(older) = one.older {
            if is_marked && is_written_anew(analysis, one.origin, older) {
                copy_ups.add_replaced(analysis.tree.layer(one.newer.0).size(one.newer.1));
            } else {
                copy_ups.add(copied(analysis, one, older, &mut buffers, job)?);
            }
        } else if one.origin == Origin::CopiedUp {
            copy_ups.add(CopyUp {
                path: one.path,
                from: None,
                copied_bytes: analysis.tree.layer(one.newer.0).size(one.newer.1),
                outcome: Outcome::Moved,
            });
        }
    }
    Ok(copy_ups)
}

/// Returns the files that the top layer stores, each once: first those that were files below, then others.
fn candidates(analysis: &Analysis, job: &Job) -> Result<Vec<Candidate>> {
    let tree = &analysis.tree;
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut fresh = Vec::new();
    for path in tree.paths() {
        let Some((version, newer)) = stored(tree, path) else {
            continue;
        };
        match below(tree, path) {
            Some(_) if !seen.insert(newer) => {}
            Some(older) => found.push((path, version, newer, Some(older))),
            None => fresh.push((path, version, newer, None)),
        }
    }
    fresh.retain(|(_, _, newer, _)| seen.insert(*newer));
    found.append(&mut fresh);
    let with_origin = found.into_iter().map(|(path, version, newer, older)| {
        job.check()?;
        Ok(Candidate {
            path,
            version,
            newer,
            older,
            origin: origin(analysis, newer, EntryKind::File),
        })
    });
    with_origin.collect()
}

/// Returns whether the top layer notes where copies came from. A directory of below that something was written to
/// was copied too.
fn is_marked(analysis: &Analysis, candidates: &[Candidate]) -> bool {
    let tree = &analysis.tree;
    let is_copied = |one: &Candidate| {
        let parent = tree.parent(one.path);
        let version = tree.at(parent, tree.top());
        let version = version.filter(|version| version.layer == tree.top());
        version.is_some_and(|version| {
            origin(analysis, (version.layer, version.node), EntryKind::Dir) == Origin::CopiedUp
        })
    };
    candidates.iter().any(|one| one.origin == Origin::CopiedUp)
        || candidates
            .iter()
            .any(|one| one.origin == Origin::Unmarked && is_copied(one))
}

fn origin(analysis: &Analysis, (layer, node): EntryRef, kind: EntryKind) -> Origin {
    let path = analysis.tree.layer(layer).path(node);
    let source = &analysis.image.layers[layer.as_usize()].source;
    ImagePath::new(&path).map_or(Origin::Unknown, |path| source.origin(path, kind))
}

/// The copy of a file with several names is not marked: it belongs to none of them.
fn is_written_anew(analysis: &Analysis, origin: Origin, older: EntryRef) -> bool {
    let data = analysis.tree.inode(older.0, older.1).unwrap_or(older);
    origin == Origin::Unmarked && !analysis.tree.is_linked(data.0, data.1)
}

/// Returns whether it is known already that no byte of the file is another.
fn is_of_same_data(analysis: &Analysis, one: &Candidate) -> bool {
    let is_same = matches!(one.version.change, Change::Touched | Change::Repeated);
    is_same || analysis.tree.is_metadata_alone(one.path, one.version)
}

/// Returns how many bytes of both versions are compared.
fn shared_bytes(analysis: &Analysis, one: &Candidate) -> u64 {
    let tree = &analysis.tree;
    let older = one.older.and_then(|older| tree.inode(older.0, older.1));
    let size = |(layer, node): EntryRef| tree.layer(layer).size(node);
    let shared = older.map_or(0, size).min(size(one.newer));
    shared.min(limits::COPY_UP_BYTES)
}

fn copied(
    analysis: &Analysis,
    one: &Candidate,
    older: EntryRef,
    buffers: &mut Buffers,
    job: &Job,
) -> Result<CopyUp> {
    let tree = &analysis.tree;
    let data = tree.inode(older.0, older.1).unwrap_or(older);
    let is_metadata_alone = tree.is_metadata_alone(one.path, one.version);
    let outcome = if is_of_same_data(analysis, one) {
        Outcome::MetadataOnly(metadata_change(tree, older, one.newer))
    } else {
        match difference(analysis, one.path, (data, one.newer), buffers, job) {
            Ok((0, Extent::Whole)) => {
                Outcome::MetadataOnly(metadata_change(tree, older, one.newer))
            }
            Ok((bytes, extent)) => Outcome::Changed { bytes, extent },
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => Outcome::Unread(error.to_string()),
        }
    };
    Ok(CopyUp {
        path: one.path,
        from: Some(data.0),
        copied_bytes: if is_metadata_alone {
            0
        } else {
            tree.layer(data.0).size(data.1)
        },
        outcome,
    })
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
            Outcome::Moved | Outcome::Unread(_) => {}
        }
        self.files.push(file);
    }

    fn add_replaced(&mut self, bytes: u64) {
        self.replaced_files += 1;
        self.replaced_bytes = self.replaced_bytes.saturating_add(bytes);
    }
}

impl CopyUp {
    /// Returns how many bytes are other than before; `None` where that could not be told.
    pub const fn changed_bytes(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Changed { bytes, .. } => Some(bytes),
            Outcome::MetadataOnly(_) | Outcome::Moved => Some(0),
            Outcome::Unread(_) => None,
        }
    }
}

impl<T: PartialEq> Shift<T> {
    fn between(from: T, to: T) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }
}

/// Returns the top layer's version of a path and where its file is, if the top layer has something of it: its data,
/// or with `metacopy` its metadata.
fn stored(tree: &MergedTree, path: PathId) -> Option<(Version, EntryRef)> {
    let top = tree.top();
    let version = tree.at(path, top).filter(|version| version.layer == top)?;
    if tree.is_metadata_alone(path, version) {
        return Some((version, (top, version.node)));
    }
    let newer = file(tree, version).filter(|newer| newer.0 == top)?;
    Some((version, newer))
}

/// Returns where the layers below the top one have the file that they show at a path: what tells its metadata.
fn below(tree: &MergedTree, path: PathId) -> Option<EntryRef> {
    let below = LayerIndex(tree.top().0.checked_sub(1)?);
    file(tree, tree.at(path, below)?)?;
    tree.metadata_at(path, below)
}

fn file(tree: &MergedTree, version: Version) -> Option<EntryRef> {
    let is_file = tree.layer(version.layer).kind(version.node).is_file();
    is_file
        .then(|| tree.inode(version.layer, version.node))
        .flatten()
}

/// Returns how the metadata of one entry differs from another's.
pub(super) fn metadata_change(
    tree: &MergedTree,
    older: EntryRef,
    newer: EntryRef,
) -> MetadataChange {
    let (old_tree, new_tree) = (tree.layer(older.0), tree.layer(newer.0));
    let (Some(old), Some(new)) = (old_tree.meta(older.1), new_tree.meta(newer.1)) else {
        return MetadataChange::default();
    };
    let is_same_time = (old.mtime, old.mtime_nanos) == (new.mtime, new.mtime_nanos);
    MetadataChange {
        mode: Shift::between(old.mode, new.mode),
        owner: Shift::between((old.uid, old.gid), (new.uid, new.gid)),
        time: (!is_same_time).then_some(Shift {
            from: old.mtime,
            to: new.mtime,
        }),
        has_other_attributes: old_tree.xattrs(older.1) != new_tree.xattrs(newer.1),
    }
}
