//! What a person does with a tree: which paths a view shows, in which order, what is folded, found and counted.
//!
//! A [`Projection`] is what one scope shows of a union, [`Rows`] are its visible lines, a [`Plan`] decides their
//! order. No I/O happens here, and nothing knows what a terminal is.

pub mod carry_over;
pub mod filtered;
pub mod flat;
pub mod mark;
pub mod matches;
mod name_pattern;
pub mod names;
mod path_pattern;
pub mod path_set;
pub mod projection;
pub mod row_plan;
pub mod rows;
pub mod scope;
pub mod search;
mod search_error;
pub mod unfold;
pub mod useless;
pub mod weights;

pub use carry_over::{carry_over, carry_path};
pub use filtered::Filtered;
pub use flat::{Counted, FlatFile, FlatView};
pub use mark::{Mark, MarkSet};
pub use names::Names;
pub use path_set::PathSet;
pub use projection::Projection;
pub use row_plan::{Chains, Order, Plan, SortField, Sorting};
pub use rows::{Row, Rows};
pub use scope::Scope;
pub use search::{Case, Pattern, Search};
pub use search_error::SearchError;
pub use unfold::first_open;
pub use useless::Useless;
pub use weights::Weights;
