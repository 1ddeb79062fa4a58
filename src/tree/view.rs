//! What one view shows: the union up to a layer, or one layer alone, as rows.

use super::{Change, MergedTree, NodeId, PathId};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The union of layers 0 to this one.
    Union(LayerIndex),
    /// The entries of this layer alone.
    Layer(LayerIndex),
}

/// One row of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative, without leading slash; the root itself is never listed.
    pub path: Vec<u8>,
    /// Its place in the union.
    pub id: PathId,
    /// The layer that provides it.
    pub layer: LayerIndex,
    /// Its node there, hard links resolved to the file that has the data.
    pub data: Option<(LayerIndex, NodeId)>,
    /// Type.
    pub kind: EntryKind,
    /// Permission bits; `None` for directories no layer lists.
    pub mode: Option<u16>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Length of the data in bytes; 0 for anything but files.
    pub size: u64,
    /// Names of the inode visible in the view.
    pub nlink: u32,
    /// Seconds since 1970.
    pub mtime: Option<i64>,
    /// Symlink target.
    pub link: Option<Vec<u8>>,
    /// Device numbers, for devices.
    pub device: Option<(u32, u32)>,
    /// What the layer did; `None` in a union view.
    pub change: Option<Change>,
    /// Whether it is an opaque directory of this layer; always `false` in a union view.
    pub opaque: bool,
}

impl View {
    /// Calls `row` for `start` (unless it is the root) and everything below it, sorted by path bytes.
    ///
    /// # Errors
    /// What `row` returns; the walk ends there.
    pub fn list<E>(
        self,
        _tree: &MergedTree,
        _start: PathId,
        _row: &mut dyn FnMut(&Listed) -> Result<(), E>,
    ) -> Result<(), E> {
        todo!()
    }

    /// Returns the row of one path, where the view shows it.
    pub fn get(self, _tree: &MergedTree, _path: ImagePath<'_>) -> Option<Listed> {
        todo!()
    }
}
