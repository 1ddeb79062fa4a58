//! The tree of a layer, accumulated up to it, or merged.

use super::Request;
use crate::layer::LayerIndex;
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::message::{Edit, VersionAt};
use crate::tui::model::{Jobs, Reads};
use crate::tui::scroll::Scroll;

/// Which scope the tree shows, whatever the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TreeMode {
    /// What this layer holds and does.
    #[default]
    Layer,
    /// Everything up to this layer.
    Accumulated,
    /// What a container sees.
    Merged,
}

/// The tree.
#[derive(Debug, Default)]
pub struct TreePane {
    /// Which scope.
    pub mode: TreeMode,
    /// Cursor in the rows.
    pub scroll: Scroll,
}

impl TreePane {
    /// Takes a subject, a new one or the same refined: cursor and what is unfolded stay.
    pub fn show(&mut self, _layer: LayerIndex, _reads: &Reads<'_>) {}

    /// Fits the pane to its place.
    pub fn resize(&mut self, _reads: &Reads<'_>) {}

    /// Shows another layer; cursor and what is unfolded stay as far as they make sense.
    pub fn choose(&mut self, _layer: LayerIndex, _reads: &Reads<'_>) {}

    /// Shows another scope.
    pub fn set_mode(&mut self, _mode: TreeMode, _reads: &Reads<'_>) {}

    /// Puts the cursor on a path, unfolding what is above it.
    pub fn go_to(&mut self, _path: PathId, _reads: &Reads<'_>) {}

    /// Returns the version of a file the cursor is on.
    pub fn selected(&self, _reads: &Reads<'_>) -> Option<VersionAt> {
        None
    }

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

    /// Edits the filter.
    pub fn edit(&mut self, _edit: &Edit, _reads: &Reads<'_>, _jobs: &mut Jobs) -> Vec<Request> {
        Vec::new()
    }
}
