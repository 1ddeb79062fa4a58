//! What a stack of layers must look like: a simulation that is simple rather than fast.
//!
//! Layers are applied one after another to a map from path to node, the way a runtime unpacks them. Data has
//! an identity of its own (an *inode*), shared by hard links. Nothing of the crate under test is used, and
//! nothing is clever: every question is answered by looking at all paths. The rules are those of the
//! documentation's page on figures; where that leaves a choice, the choice is named where it is made.

mod apply;
mod node;
mod own;

use std::collections::{BTreeMap, BTreeSet};

use super::item::{Item, Kind};
use apply::Stack;

pub use node::{Meta, Node, Visible};

/// A path inside the image.
pub type Path = Vec<u8>;

/// What one layer does to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Added,
    Modified,
    Touched,
    Repeated,
    /// A directory listed again or implied, without difference.
    Unchanged,
    Removed,
    /// A whiteout of a path that is not visible below.
    Dangling,
    /// An ancestor was cut.
    Hidden(Cause),
}

/// Why stored data is useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    Deleted,
    DeletedDir,
    Opaque,
    Replaced,
    Overwritten,
    MetadataOnly,
    Identical,
    ShadowedInLayer,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 8] = [
        Self::Deleted,
        Self::DeletedDir,
        Self::Opaque,
        Self::Replaced,
        Self::Overwritten,
        Self::MetadataOnly,
        Self::Identical,
        Self::ShadowedInLayer,
    ];

    /// Returns the word reports use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::DeletedDir => "deleted-dir",
            Self::Opaque => "opaque",
            Self::Replaced => "replaced",
            Self::Overwritten => "overwritten",
            Self::MetadataOnly => "metadata-only",
            Self::Identical => "identical",
            Self::ShadowedInLayer => "shadowed-in-layer",
        }
    }
}

/// Stored data that the merged view does not show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wasted {
    /// Path of the entry that stored it.
    pub path: Path,
    pub bytes: u64,
    pub cause: Cause,
    pub created_in: usize,
    pub destroyed_in: usize,
}

/// File data, whatever names it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Data {
    /// Which data; equal for hard links.
    pub inode: usize,
    /// The layer that stores it.
    pub layer: usize,
    pub bytes: u64,
}

/// A row of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `file`, `dir`, `symlink`, `fifo`, `char`, `block`.
    pub kind: &'static str,
    /// `None` for directories no layer lists.
    pub meta: Option<Meta>,
    pub size: u64,
    /// Names of the inode visible in the view; 1 for anything but files.
    pub nlink: u32,
    pub link: Option<Vec<u8>>,
    /// The layer that provides what is shown.
    pub layer: usize,
}

/// Everything the model says about a stack.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The union of layers 0 to each.
    pub views: Vec<BTreeMap<Path, Row>>,
    /// The data of every file of each view.
    pub data: Vec<BTreeMap<Path, Data>>,
    /// What each layer does to paths.
    pub changes: Vec<BTreeMap<Path, Change>>,
    /// Paths that each layer cuts off from what lies below: where its markers really are, its own links followed.
    pub cut: Vec<BTreeSet<Path>>,
    /// Content of each view, every inode once.
    pub effective_bytes: Vec<u64>,
    /// Content each layer stores.
    pub content_bytes: Vec<u64>,
    /// Sorted.
    pub wasted: Vec<Wasted>,
    /// Layer and position of records that no rule gives a meaning.
    pub ambiguous: Vec<(usize, usize)>,
    /// Layer and position of every hard link, and what its header has to say; `None`: it names no file.
    pub links: Vec<(usize, usize, Option<Meta>)>,
}

impl Outcome {
    /// Applies the layers, bottom first.
    ///
    /// # Panics
    /// When the books do not balance: that is a fault of the model.
    pub fn of(layers: &[Vec<Item>]) -> Self {
        let mut stack = Stack::default();
        let mut outcome = Self::default();
        for items in layers {
            stack.apply(items, &mut outcome);
            outcome.views.push(stack.rows());
            outcome.data.push(stack.data());
            outcome.effective_bytes.push(stack.effective_bytes());
            outcome.content_bytes.push(stored(items));
        }
        outcome.wasted.sort();
        let total: u64 = outcome.content_bytes.iter().sum();
        assert_eq!(
            total - outcome.merged_bytes(),
            outcome.wasted_bytes(),
            "content that is not shown is waste"
        );
        outcome
    }

    /// Returns the content of the merged view.
    pub fn merged_bytes(&self) -> u64 {
        self.effective_bytes.last().copied().unwrap_or(0)
    }

    /// Returns the sum of all waste.
    pub fn wasted_bytes(&self) -> u64 {
        self.wasted.iter().map(|wasted| wasted.bytes).sum()
    }

    /// Returns the waste of one cause.
    pub fn wasted_by(&self, cause: Cause) -> u64 {
        let of_cause = self.wasted.iter().filter(|wasted| wasted.cause == cause);
        of_cause.map(|wasted| wasted.bytes).sum()
    }

    /// Returns how often a layer makes a change.
    pub fn count(&self, layer: usize, change: Change) -> usize {
        let changes = self.changes[layer].values();
        changes.filter(|&&found| found == change).count()
    }
}

fn stored(items: &[Item]) -> u64 {
    items.iter().map(|item| item.data().len() as u64).sum()
}

/// Returns the proper ancestors of a path, nearest first, the root last.
pub fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(path).filter(|path| !path.is_empty());
    std::iter::from_fn(move || {
        let path = rest?;
        let slash = path.iter().rposition(|&byte| byte == b'/');
        let parent = slash.map_or(&path[..0], |slash| &path[..slash]);
        rest = slash.map(|_| parent);
        Some(parent)
    })
}
