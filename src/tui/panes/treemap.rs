//! Directories as areas.

use super::Request;
use crate::tui::command::Command;
use crate::tui::message::Edit;
use crate::tui::model::{Jobs, Reads};
use crate::tui::scroll::Scroll;

/// Directories as areas.
#[derive(Debug, Default)]
pub struct TreemapPane {
    /// Cursor.
    pub scroll: Scroll,
}

impl TreemapPane {
    /// Takes a subject, a new one or the same refined: what can be kept is kept.
    pub fn show(&mut self, _reads: &Reads<'_>) {}

    /// Catches up with image and layer.
    pub fn enter(&mut self, _reads: &Reads<'_>) {}

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
