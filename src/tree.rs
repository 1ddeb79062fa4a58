//! Trees of paths: one per layer, frozen, and one union of them all. No I/O happens here.

pub mod build;
pub mod file_tree;
pub mod merged;
pub mod view;

pub use build::TreeBuilder;
pub use file_tree::{FileTree, Node, NodeId, Shadowed};
pub use merged::{Change, HideCause, MergedTree, PathId, Version};
pub use view::{Listed, View};
