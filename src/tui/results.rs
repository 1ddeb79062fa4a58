//! What background work brings back.

mod comparison;
mod document;
mod progress;
mod ranking;

pub use comparison::StoreComparison;
pub use document::{Content, Document, FileDiff, LineKind, Nature, unfinished};
pub use progress::{LayerProgress, LayerState, LoadProgress};
pub use ranking::{Ranking, Sought};
