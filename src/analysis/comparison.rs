//! What differs between the file systems of two images: path by path, and layer by layer.
//!
//! Two files have the same data where both are the same entry of the same layer, and where their hashes are known
//! and equal. All others of equal length are read and compared, within [`Bounds`]; what was not compared is listed
//! as such. Only where a store gives no data at all (zfs that is not mounted) length and time decide, as for rsync:
//! whoever changes such a file and turns its clock back is not found out, and [`ImageComparison::by_time`] says so.

mod contents;
mod rows;

use std::collections::HashSet;
use std::convert::Infallible;

use super::Analysis;
use crate::error::Result;
use crate::image::{Digest, Image};
use crate::layer::LayerIndex;
use crate::limits;
use crate::progress::Job;
use crate::tree::{EntryRef, Listed, MergedTree, PathId, View};
use rows::{rows, settle};

/// What happened to a path on the way from the first image to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// Other content, type or link target.
    Changed,
    /// Only mode, owner, time or attributes.
    MetadataOnly,
    /// Of equal length, and whether of equal content is not known: [`Difference::doubt`] says why.
    NotCompared,
}

/// Why the data of two files was not compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Each is longer than [`Bounds::file`].
    TooLong,
    /// Shorter files had used up [`Bounds::total`].
    TooMuch,
    /// One of them could not be read; why, escaped.
    Unreadable(String),
    /// A layer gives the data of none of its files, so that length and time decide; why, escaped.
    OutOfReach(String),
}

/// How much is read to tell files apart, in bytes of one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Longest file that is compared.
    pub file: u64,
    /// Most bytes in all. The shortest files come first, so that it leaves out as few as possible.
    pub total: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            file: limits::COPY_UP_BYTES,
            total: limits::DIFFERENCE_BYTES,
        }
    }
}

impl DifferenceKind {
    /// Returns the letter in front of a row.
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Removed => 'D',
            Self::Changed => 'M',
            Self::MetadataOnly => 'm',
            Self::NotCompared => '?',
        }
    }
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Relative, without leading slash.
    pub path: Vec<u8>,
    /// What happened.
    pub kind: DifferenceKind,
    /// Length of the file in the first image, in bytes; 0 for anything but files. Every name of a hard-linked
    /// file has it.
    pub bytes_a: u64,
    /// The same in the second image.
    pub bytes_b: u64,
    /// What keeps [`Difference::kind`] from being certain.
    pub doubt: Option<Doubt>,
}

impl Difference {
    /// Returns how much the path matters: the bytes that came and went.
    pub fn weight(&self) -> u64 {
        match self.kind {
            DifferenceKind::Added => self.bytes_b,
            DifferenceKind::Removed => self.bytes_a,
            DifferenceKind::Changed | DifferenceKind::NotCompared => self.bytes_a.max(self.bytes_b),
            DifferenceKind::MetadataOnly => 0,
        }
    }
}

/// Layers and their content bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layers {
    /// How many.
    pub count: usize,
    /// Content bytes they store.
    pub bytes: u64,
}

/// Two images compared with each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageComparison {
    /// Layers with the same diff ID in both, each once.
    pub common: Layers,
    /// Layers of the first image alone.
    pub only_a: Layers,
    /// Layers of the second image alone.
    pub only_b: Layers,
    /// Bytes the file system of the first image shows, every inode once.
    pub bytes_a: u64,
    /// The same of the second.
    pub bytes_b: u64,
    /// Paths that differ or may differ, sorted by path bytes.
    pub paths: Vec<Difference>,
    /// Paths whose data is out of reach and that are taken for the same because length and time are.
    pub by_time: u64,
}

/// Compares two images, within the bounds of [`Bounds::default`]. Reports the bytes that are read to `job`.
///
/// # Errors
/// [`crate::error::Error::Interrupted`] when the job is cancelled.
pub fn compare(a: &Analysis, b: &Analysis, job: &Job) -> Result<ImageComparison> {
    compare_within(a, b, Bounds::default(), job)
}

/// Compares two images. Cost is linear in their paths and in the data read.
///
/// # Errors
/// [`crate::error::Error::Interrupted`] when the job is cancelled.
pub fn compare_within(
    a: &Analysis,
    b: &Analysis,
    bounds: Bounds,
    job: &Job,
) -> Result<ImageComparison> {
    let shared = Shared::of(&a.image, &b.image);
    let sides = (Side::of(a), Side::of(b));
    let rows = rows(sides.0, sides.1);
    let pairs = rows.iter().filter_map(|row| row.pair);
    let verdicts = contents::compare(sides, pairs, bounds, job)?;
    let (paths, by_time) = settle(rows, &verdicts);
    Ok(ImageComparison {
        common: layers(a, |at| shared.a.contains(&at)),
        only_a: layers(a, |at| !shared.a.contains(&at)),
        only_b: layers(b, |at| !shared.b.contains(&at)),
        bytes_a: a.totals.effective_bytes,
        bytes_b: b.totals.effective_bytes,
        paths,
        by_time,
    })
}

fn layers(analysis: &Analysis, is_meant: impl Fn(usize) -> bool) -> Layers {
    let figures = analysis.layers.iter().enumerate();
    let meant = figures.filter(|(at, _)| is_meant(*at));
    meant.fold(Layers::default(), |sum, (_, layer)| Layers {
        count: sum.count + 1,
        bytes: sum.bytes.saturating_add(layer.content_bytes),
    })
}

/// Positions of layers that the other image has too.
struct Shared {
    a: HashSet<usize>,
    b: HashSet<usize>,
}

impl Shared {
    fn of(a: &Image, b: &Image) -> Self {
        Self {
            a: Self::positions(a, b),
            b: Self::positions(b, a),
        }
    }

    fn positions(of: &Image, other: &Image) -> HashSet<usize> {
        let digests: HashSet<&Digest> = other.layers.iter().filter_map(identity).collect();
        let objects: HashSet<(u64, u64)> = other.layers.iter().filter_map(object).collect();
        let is_known = |layer: &crate::image::Layer| {
            identity(layer).is_some_and(|digest| digests.contains(digest))
                || object(layer).is_some_and(|object| objects.contains(&object))
        };
        let layers = of.layers.iter().enumerate();
        layers
            .filter(|(_, layer)| is_known(layer))
            .map(|(at, _)| at)
            .collect()
    }
}

fn identity(layer: &crate::image::Layer) -> Option<&Digest> {
    layer.diff_id.as_ref().or(layer.digest.as_ref())
}

fn object(layer: &crate::image::Layer) -> Option<(u64, u64)> {
    layer.source.object()
}

/// One of the two.
#[derive(Clone, Copy)]
struct Side<'a> {
    tree: &'a MergedTree,
    image: &'a Image,
}

impl<'a> Side<'a> {
    const fn of(analysis: &'a Analysis) -> Self {
        Self {
            tree: &analysis.tree,
            image: &analysis.image,
        }
    }

    fn list(self, row: &mut dyn FnMut(&Listed)) {
        let listed = View::Union(self.tree.top()).list(self.tree, PathId::ROOT, &mut |listed| {
            row(listed);
            Ok::<(), Infallible>(())
        });
        match listed {
            Ok(()) => {}
        }
    }

    fn hash(self, (layer, node): EntryRef) -> Option<u64> {
        self.tree.layer(layer).content(node)
    }

    fn layer(self, layer: LayerIndex) -> Option<&'a crate::image::Layer> {
        self.image.layers.get(layer.as_usize())
    }
}

/// An entry of a layer of one of the two images.
#[derive(Clone, Copy)]
struct Placed<'a> {
    side: Side<'a>,
    at: EntryRef,
}

impl Placed<'_> {
    /// Returns whether both are the same entry of the same layer.
    fn is_same(self, other: Placed<'_>) -> bool {
        let ((layer, node), (other_layer, other_node)) = (self.at, other.at);
        let layers = (self.side.layer(layer), other.side.layer(other_layer));
        let (Some(mine), Some(theirs)) = layers else {
            return false;
        };
        let is_same_layer = match (identity(mine), identity(theirs)) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => object(mine).is_some_and(|object| Some(object) == theirs.source.object()),
        };
        if !is_same_layer {
            return false;
        }
        let tree = self.side.tree.layer(layer);
        let other_tree = other.side.tree.layer(other_layer);
        // The same layer read from a directory here and from an archive there may have other numbers.
        if tree.len() == other_tree.len() && node == other_node {
            return true;
        }
        tree.path(node) == other_tree.path(other_node)
    }
}
