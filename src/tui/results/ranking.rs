//! What a fuzzy search found.

use crate::browse::FlatView;
use crate::tree::PathId;

/// Among which paths something is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sought {
    /// The files of a list.
    Files(FlatView),
    /// Every path of every layer: directories and what was deleted too.
    Everything,
}

impl Default for Sought {
    fn default() -> Self {
        Self::Files(FlatView::default())
    }
}

/// Paths ranked by a fuzzy pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranking {
    /// What was typed.
    pub pattern: String,
    /// Among which paths.
    pub sought: Sought,
    /// Among how many.
    pub looked_at: u32,
    /// All that match, best first.
    pub paths: Vec<PathId>,
}
