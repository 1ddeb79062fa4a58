//! What a pane may read beside its own state.

use std::sync::Arc;

use ratatui::layout::{Rect, Size};

use super::layout::Arrangement;
use super::session::Session;
use super::subject::Subject;
use crate::layer::LayerIndex;

/// What a pane may read beside its own state.
#[derive(Debug, Clone, Copy)]
pub struct Reads<'a> {
    /// The image.
    pub subject: &'a Arc<Subject>,
    /// What holds as long as the program runs.
    pub session: &'a Session,
    /// The layer that is chosen.
    pub layer: LayerIndex,
    /// The pane on the screen, its border included; empty while it is not on the screen.
    pub area: Rect,
    /// How much fits.
    pub arrangement: Arrangement,
}

impl Reads<'_> {
    /// Returns the pane without its border.
    pub fn inner(&self) -> Rect {
        self.arrangement.inner(self.area)
    }
}

/// What a screen has around it.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// What holds as long as the program runs.
    pub session: &'a Session,
    /// Of the terminal.
    pub size: Size,
}
