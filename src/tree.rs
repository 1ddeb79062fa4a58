//! Trees of paths: one per layer, frozen, and one union of them all. No I/O happens here.

pub mod build;
pub mod file_tree;
pub mod flat;
pub mod found;
mod join;
pub mod mark;
pub mod matches;
pub mod merged;
pub mod path_set;
pub mod plan;
pub mod projection;
pub mod rows;
mod settle;
pub mod view;
pub mod weights;

pub use build::TreeBuilder;
pub use file_tree::{FileTree, NodeId, Shadowed};
pub use flat::{Counted, FlatFile, FlatView};
pub use found::Found;
pub use mark::{Mark, MarkSet};
pub use merged::{Change, Comparison, Content, HideCause, MergedTree, PathId, Version};
pub use path_set::PathSet;
pub use plan::{Chains, Order, Plan, SortField};
pub use projection::{Projection, Scope};
pub use rows::{Row, Rows};
pub use view::{Listed, View};
pub use weights::Weights;
