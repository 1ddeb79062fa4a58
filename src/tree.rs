//! Trees of paths: one per layer, frozen, and one union of them all. No I/O happens here.

pub mod build;
pub mod carry;
pub mod file_tree;
pub mod found;
mod join;
pub mod mark;
pub mod matches;
pub mod merged;
mod name_test;
pub mod names;
pub mod path_set;
pub mod plan;
mod projecting;
pub mod projection;
pub mod rows;
pub mod search;
mod settle;
mod steps;
pub mod unfold;
pub mod view;
pub mod weights;

pub use build::TreeBuilder;
pub use carry::{carry_over, carry_path};
pub use file_tree::{FileTree, NodeId, Shadowed};
pub use found::Found;
pub use mark::{Mark, MarkSet};
pub use merged::{Change, Comparison, Content, HideCause, MergedTree, PathId, Version};
pub use names::Names;
pub use path_set::PathSet;
pub use plan::{Chains, Order, Plan, SortField};
pub use projection::{Projection, Scope};
pub use rows::{Row, Rows};
pub use search::{Case, Pattern, Search, SearchError};
pub use unfold::first_open;
pub use view::{Listed, View};
pub use weights::Weights;
