//! Words for the state of the view that panes share.

use super::ids::JobId;

/// One of the five views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// Layers and their tree.
    #[default]
    Layers,
    /// Waste.
    Waste,
    /// All files.
    Files,
    /// Treemap.
    Treemap,
    /// Configuration and history.
    Image,
}

impl Tab {
    /// Every view, in the order of their keys.
    pub const ALL: [Self; 5] = [
        Self::Layers,
        Self::Waste,
        Self::Files,
        Self::Treemap,
        Self::Image,
    ];

    /// Returns the name on the screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Layers => "Layers",
            Self::Waste => "Waste",
            Self::Files => "Files",
            Self::Treemap => "Treemap",
            Self::Image => "Image",
        }
    }
}

/// Which pane of the layers view has the keys; [`Focus::Preview`] lies over the other views too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The list of layers.
    Layers,
    /// The tree.
    Tree,
    /// The contents of a file.
    Preview,
}

/// Whether the pane with the keys has the screen to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZoomState {
    /// It shares the screen.
    #[default]
    Shared,
    /// It does not.
    Zoomed,
}

/// How a sentence in the status line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Done,
    /// Something was not.
    Refused,
}

/// What is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Nothing yet: something is read.
    Loading,
    /// An image.
    Image,
    /// A layer store.
    Store,
    /// Two images of a store.
    Comparison,
}

/// Numbers jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Jobs {
    last: JobId,
}

impl Jobs {
    /// Returns a number that no job had.
    pub fn take_number(&mut self) -> JobId {
        self.last = JobId(self.last.0 + 1);
        self.last
    }
}
