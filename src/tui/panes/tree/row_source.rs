//! What rows of the tree are drawn from.

use super::TreePane;
use super::spans::Spans;
use crate::browse::Projection;
use crate::tui::subject::Subject;

/// What rows are drawn from.
pub(super) struct RowSource<'a> {
    pub(super) pane: &'a TreePane,
    pub(super) projection: &'a Projection,
    pub(super) subject: &'a Subject,
    pub(super) spans: Spans,
}
