//! Trees of paths: one per layer, frozen, and one union of them all. No I/O happens here.

pub mod build;
pub mod file_tree;
mod freeze;
mod headers;
mod join;
pub mod merged;
pub mod moves;
pub mod view;

use crate::layer::LayerIndex;

pub use build::TreeBuilder;
pub use file_tree::{FileTree, NodeId, Shadowed};
pub use merged::{Change, Comparison, Content, HideCause, MergedTree, PathId, Turned, Version};
pub use view::{Listed, View};

/// One layer's entry: of which layer, and which of its tree.
pub type EntryRef = (LayerIndex, NodeId);
