//! One layer's tree, frozen.

use crate::layer::{EntryKind, Meta};
use crate::path::ImagePath;

/// A node of one [`FileTree`]; 0 is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// One layer's tree.
#[derive(Debug, Default)]
pub struct FileTree {}

/// A file that a later entry of the same layer replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shadowed {
    /// The path, as the node that replaced it.
    pub node: NodeId,
    /// Its length in bytes.
    pub size: u64,
}

/// One node.
#[derive(Debug)]
pub struct Node {}

impl FileTree {
    /// Number of nodes.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// Children of a directory, sorted by name bytes.
    pub fn children(&self, _node: NodeId) -> std::ops::Range<u32> {
        todo!()
    }
    /// Last component.
    pub fn name(&self, _node: NodeId) -> &[u8] {
        todo!()
    }
    /// Symlink target or unresolved hard-link target.
    pub fn link(&self, _node: NodeId) -> Option<&[u8]> {
        todo!()
    }
    /// Everything but name and link; implied directories have none.
    pub fn meta(&self, _node: NodeId) -> Option<Meta> {
        todo!()
    }
    /// Type.
    pub fn kind(&self, _node: NodeId) -> EntryKind {
        todo!()
    }
    /// Looks a path up.
    pub fn find(&self, _path: ImagePath<'_>) -> Option<NodeId> {
        todo!()
    }
}
