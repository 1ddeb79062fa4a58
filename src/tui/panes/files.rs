//! All files in one list: of the merged view, or every version in every layer.

use super::Request;
use crate::tui::command::Command;
use crate::tui::message::Edit;
use crate::tui::model::{Jobs, Reads};
use crate::tui::scroll::Scroll;

/// All files in one list: of the merged view, or every version in every layer.
#[derive(Debug, Default)]
pub struct FilesPane {
    /// Cursor.
    pub scroll: Scroll,
}

impl FilesPane {
    /// Takes a subject, a new one or the same refined: what can be kept is kept.
    pub fn show(&mut self, _reads: &Reads<'_>) {}

    /// Fits the pane to its place.
    pub fn resize(&mut self, _reads: &Reads<'_>) {}

    /// Returns whether letters are text.
    pub const fn is_typing(&self) -> bool {
        false
    }

    /// Does what a command means here.
    pub fn update(
        &mut self,
        _command: Command,
        _reads: &Reads<'_>,
        _jobs: &mut Jobs,
    ) -> Vec<Request> {
        Vec::new()
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, _edit: &Edit, _reads: &Reads<'_>, _jobs: &mut Jobs) -> Vec<Request> {
        Vec::new()
    }
}

/// Paths ranked by a fuzzy pattern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranking {
    /// What was typed.
    pub pattern: String,
    /// Best first.
    pub paths: Vec<crate::tree::PathId>,
}

impl FilesPane {
    /// Takes the result of a fuzzy search.
    pub fn take(&mut self, _ranking: &std::sync::Arc<Ranking>, _reads: &Reads<'_>) {}
}
