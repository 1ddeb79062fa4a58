//! The union of all layers.

use std::ops::Range;

use super::{FileTree, NodeId};
use crate::layer::LayerIndex;
use crate::path::ImagePath;

/// A path of the union; 0 is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u32);

/// What one layer does to a path, against the view of the layers below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Change {
    /// Not visible below.
    Added,
    /// Content, type or link target differ.
    Modified,
    /// Only metadata differ.
    Touched,
    /// Stored again, nothing differs.
    Repeated,
    /// A directory listed again, or implied, without difference: not a change.
    Unchanged,
    /// A whiteout of this path, which was visible below.
    Removed,
    /// A whiteout of this path, which was not visible below: no effect.
    Dangling,
    /// An ancestor was removed, emptied or replaced by this layer.
    Hidden,
}

/// What hid a path whose ancestor changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HideCause {
    /// An ancestor was removed by a whiteout.
    DeletedDir,
    /// An ancestor was made opaque.
    Opaque,
    /// An ancestor became something other than a directory.
    Replaced,
}

/// One layer's effect on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The node in that layer's tree; meaningless for [`Change::Hidden`].
    pub node: NodeId,
    /// The layer.
    pub layer: LayerIndex,
    /// The effect.
    pub change: Change,
    /// For [`Change::Hidden`]: why.
    pub hidden_by: HideCause,
}

/// All paths of all layers.
#[derive(Debug)]
pub struct MergedTree {}

impl MergedTree {
    /// The root directory.
    pub const ROOT: PathId = PathId(0);
    /// Number of paths of all layers, those no view shows too.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// The layers' own trees, bottom first.
    pub fn layers(&self) -> &[FileTree] {
        todo!()
    }
    /// Children, sorted by name bytes.
    pub fn children(&self, _path: PathId) -> Range<u32> {
        todo!()
    }
    /// Last component; empty for the root.
    pub fn name(&self, _path: PathId) -> &[u8] {
        todo!()
    }
    /// Parent; the root is its own parent.
    pub fn parent(&self, _path: PathId) -> PathId {
        todo!()
    }
    /// The whole path, relative, without leading slash. Cost is its depth.
    pub fn path(&self, _path: PathId) -> Vec<u8> {
        todo!()
    }
    /// What every layer does to the path, bottom first.
    pub fn versions(&self, _path: PathId) -> &[Version] {
        todo!()
    }
    /// Looks a path up, whether a view shows it or not.
    pub fn find(&self, _path: ImagePath<'_>) -> Option<PathId> {
        todo!()
    }
    /// What the union of layers `0..=layer` shows at the path.
    pub fn at(&self, _path: PathId, _layer: LayerIndex) -> Option<Version> {
        todo!()
    }
}
