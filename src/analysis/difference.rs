//! What differs between the file systems of two images: path by path, and layer by layer. Pure; reads no file.
//!
//! Two files are the same where both are the same entry of the same layer, where their hashes are known and equal,
//! or where length, modification time and mode agree. That last one is a guess, the one that rsync makes: whoever
//! changes a file and turns its clock back is not found out. Where the times differ and no hash tells, files of
//! equal length count as changed.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::convert::Infallible;

use super::Analysis;
use crate::image::{Digest, Image};
use crate::layer::{EntryKind, LayerIndex};
use crate::tree::{Listed, MergedTree, NodeId, PathId, View};

/// What happened to a path on the way from the first image to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
    /// Other content, type or link target.
    Changed,
    /// Only mode, owner, time or attributes.
    MetadataOnly,
}

impl Kind {
    /// Returns the letter in front of a row.
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Removed => 'D',
            Self::Changed => 'M',
            Self::MetadataOnly => 'm',
        }
    }
}

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Relative, without leading slash.
    pub path: Vec<u8>,
    /// What happened.
    pub kind: Kind,
    /// Length of the file in the first image, in bytes; 0 for anything but files. Every name of a hard-linked
    /// file has it.
    pub bytes_a: u64,
    /// The same in the second image.
    pub bytes_b: u64,
}

impl Difference {
    /// Returns how much the path matters: the bytes that came and went.
    pub fn weight(&self) -> u64 {
        match self.kind {
            Kind::Added => self.bytes_b,
            Kind::Removed => self.bytes_a,
            Kind::Changed => self.bytes_a.max(self.bytes_b),
            Kind::MetadataOnly => 0,
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

/// Two images held against each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
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
    /// Paths that differ, sorted by path bytes.
    pub paths: Vec<Difference>,
}

/// Compares two images. Cost is linear in their paths.
pub fn compare(a: &Analysis, b: &Analysis) -> Compared {
    let shared = Shared::of(&a.image, &b.image);
    Compared {
        common: layers(a, |at| shared.a.contains(&at)),
        only_a: layers(a, |at| !shared.a.contains(&at)),
        only_b: layers(b, |at| !shared.b.contains(&at)),
        bytes_a: a.totals.effective_bytes,
        bytes_b: b.totals.effective_bytes,
        paths: paths(Side::of(a), Side::of(b)),
    }
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
        let known: HashSet<&Digest> = other.layers.iter().filter_map(identity).collect();
        let layers = of.layers.iter().enumerate();
        layers
            .filter(|(_, layer)| identity(layer).is_some_and(|id| known.contains(id)))
            .map(|(at, _)| at)
            .collect()
    }
}

fn identity(layer: &crate::image::Layer) -> Option<&Digest> {
    layer.diff_id.as_ref().or(layer.digest.as_ref())
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

    fn hash(self, listed: &Listed) -> Option<u64> {
        let (layer, node) = listed.data?;
        self.tree.layer(layer).content(node)
    }

    /// Returns which layer of which content an entry is in.
    fn entry(self, place: Option<(LayerIndex, NodeId)>) -> Option<(&'a Digest, NodeId)> {
        let (layer, node) = place?;
        Some((identity(self.image.layers.get(layer.as_usize())?)?, node))
    }
}

/// Walks both views in the order of their paths.
fn paths(a: Side<'_>, b: Side<'_>) -> Vec<Difference> {
    let mut second = Vec::new();
    b.list(&mut |listed| second.push(listed.clone()));
    let mut second = second.into_iter().peekable();
    let mut found = Vec::new();
    a.list(&mut |first| {
        while let Some(other) = second.next_if(|other| other.path < first.path) {
            found.push(one_sided(&other, Kind::Added));
        }
        match second.next_if(|other| other.path.cmp(&first.path) == Ordering::Equal) {
            None => found.push(one_sided(first, Kind::Removed)),
            Some(other) => {
                if let Some(kind) = kind_of((a, first), (b, &other)) {
                    found.push(Difference {
                        path: other.path,
                        kind,
                        bytes_a: first.size,
                        bytes_b: other.size,
                    });
                }
            }
        }
    });
    found.extend(second.map(|other| one_sided(&other, Kind::Added)));
    found
}

fn one_sided(listed: &Listed, kind: Kind) -> Difference {
    let (bytes_a, bytes_b) = match kind {
        Kind::Removed => (listed.size, 0),
        _ => (0, listed.size),
    };
    Difference {
        path: listed.path.clone(),
        kind,
        bytes_a,
        bytes_b,
    }
}

fn kind_of((a, first): (Side<'_>, &Listed), (b, second): (Side<'_>, &Listed)) -> Option<Kind> {
    let entry = a.entry(first.metadata);
    if entry.is_some()
        && entry == b.entry(second.metadata)
        && first.data.is_some() == second.data.is_some()
    {
        return None;
    }
    let is_same_thing = what_it_is(first.kind) == what_it_is(second.kind)
        && first.link == second.link
        && first.device == second.device
        && has_same_content((a, first), (b, second));
    if !is_same_thing {
        return Some(Kind::Changed);
    }
    // Times of directories change with what is in them, and links have none that matters.
    let has_time = first.kind.is_file();
    let is_same = (first.mode, first.uid, first.gid) == (second.mode, second.uid, second.gid)
        && (!has_time || (first.mtime, first.mtime_nanos) == (second.mtime, second.mtime_nanos))
        && xattrs(a, first) == xattrs(b, second);
    (!is_same).then_some(Kind::MetadataOnly)
}

/// Hard links are files.
fn what_it_is(kind: EntryKind) -> EntryKind {
    if kind.is_file() {
        EntryKind::File
    } else {
        kind
    }
}

fn has_same_content((a, first): (Side<'_>, &Listed), (b, second): (Side<'_>, &Listed)) -> bool {
    if !first.kind.is_file() {
        return true;
    }
    if first.size != second.size {
        return false;
    }
    match (a.hash(first), b.hash(second)) {
        (Some(one), Some(other)) => one == other,
        _ => (first.mtime, first.mode) == (second.mtime, second.mode) || first.size == 0,
    }
}

fn xattrs<'a>(side: Side<'a>, listed: &Listed) -> &'a [(Vec<u8>, Vec<u8>)] {
    listed
        .metadata
        .map_or(&[], |(layer, node)| side.tree.layer(layer).xattrs(node))
}
