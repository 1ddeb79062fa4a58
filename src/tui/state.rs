//! Words for the state of the view that panes share.

use super::ids::JobId;
use crate::text::Cut;

/// One of the views of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
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
    /// Configuration and history. It stays the last: [`Tab::ALL`] is checked by it.
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

/// One of the panes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// The list of layers.
    Layers,
    /// The tree.
    Tree,
    /// Waste.
    Waste,
    /// Edits that would make the image smaller, over the waste.
    Edits,
    /// All files.
    Files,
    /// Treemap.
    Treemap,
    /// Configuration and history.
    Image,
    /// The contents of a file. It stays the last: [`Pane::ALL`] is checked by it.
    Preview,
}

impl Pane {
    /// Every pane, in the order of help.
    pub const ALL: [Self; 8] = [
        Self::Layers,
        Self::Tree,
        Self::Waste,
        Self::Edits,
        Self::Files,
        Self::Treemap,
        Self::Image,
        Self::Preview,
    ];

    /// Returns the pane that has the keys.
    pub const fn of(focus: Focus, tab: Tab) -> Self {
        match (focus, tab) {
            (Focus::Preview, _) => Self::Preview,
            (Focus::Layers, Tab::Layers) => Self::Layers,
            (Focus::Tree, Tab::Layers) => Self::Tree,
            (_, Tab::Waste) => Self::Waste,
            (_, Tab::Files) => Self::Files,
            (_, Tab::Treemap) => Self::Treemap,
            (_, Tab::Image) => Self::Image,
        }
    }

    /// Returns the heading under which help lists its keys.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Layers => "Layers",
            Self::Tree => "Tree",
            Self::Waste => "Waste",
            Self::Edits => "Edits",
            Self::Files => "Files",
            Self::Treemap => "Treemap",
            Self::Image => "Image",
            Self::Preview => "Preview",
        }
    }
}

// Whoever adds a view lists it, and its panes.
const _: () = assert!(Tab::ALL.len() == Tab::Image as usize + 1);
const _: () = assert!(Pane::ALL.len() == Pane::Preview as usize + 1);

/// One of the views of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum StoreTab {
    /// Images.
    #[default]
    Images,
    /// Layers, and who has them.
    Layers,
    /// Containers, by pod where there are pods.
    Containers,
    /// What nobody owns.
    Orphans,
    /// Build cache.
    Cache,
    /// Volumes.
    Volumes,
    /// Plugins, artifacts, what is foreign, and the largest paths of what has no rows.
    Extras,
}

impl StoreTab {
    /// Every view, in the order of their keys.
    pub const ALL: [Self; 7] = [
        Self::Images,
        Self::Layers,
        Self::Containers,
        Self::Orphans,
        Self::Cache,
        Self::Volumes,
        Self::Extras,
    ];

    /// Returns the name on the screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Images => "Images",
            Self::Layers => "Layers",
            Self::Containers => "Containers",
            Self::Orphans => "Orphans",
            Self::Cache => "Build cache",
            Self::Volumes => "Volumes",
            Self::Extras => "Extras",
        }
    }

    /// Returns the name in the row of views, which has to fit into 80 columns.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Cache => "Cache",
            other => other.title(),
        }
    }

    /// Returns its position in [`Self::ALL`].
    pub const fn position(self) -> usize {
        self as usize
    }

    /// Returns the view some steps further, from the last one on to the first.
    #[must_use]
    pub fn stepped(self, by: usize) -> Self {
        Self::ALL[(self.position() + by) % Self::ALL.len()]
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

impl ZoomState {
    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Shared => Self::Zoomed,
            Self::Zoomed => Self::Shared,
        }
    }
}

/// How a sentence in the status line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Done,
    /// Something was not.
    Refused,
}

/// What the status line says just happened; the next command clears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// How it is meant.
    pub tone: Tone,
    /// The sentence, escaped.
    pub text: String,
    /// What is left out of it where it does not fit.
    pub cut: Cut,
    /// The job that runs while the sentence is true.
    pub while_runs: Option<JobId>,
}

impl Said {
    /// Says something in a tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            tone,
            text: text.into(),
            cut: Cut::End,
            while_runs: None,
        }
    }

    /// Says what was copied: of a path both ends matter.
    pub fn copied(text: &str) -> Self {
        let cut = if text.starts_with('/') {
            Cut::Middle
        } else {
            Cut::End
        };
        Self {
            cut,
            ..Self::new(Tone::Done, format!("copied {text}"))
        }
    }
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
