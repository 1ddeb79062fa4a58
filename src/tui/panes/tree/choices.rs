//! What a user can choose about the tree.

use crate::browse::{Mark, SortField};
use crate::layer::LayerIndex;

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

impl TreeMode {
    /// Every mode, in the order of the key.
    pub const ALL: [Self; 3] = [Self::Layer, Self::Accumulated, Self::Merged];

    /// Returns the one after.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Layer => Self::Accumulated,
            Self::Accumulated => Self::Merged,
            Self::Merged => Self::Layer,
        }
    }

    /// Returns a word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Layer => "this layer",
            Self::Accumulated => "accumulated",
            Self::Merged => "merged",
        }
    }

    /// Returns what a tree of this mode shows.
    pub fn title(self, layer: LayerIndex) -> String {
        match self {
            Self::Layer => format!("Tree: this layer (L{layer})"),
            Self::Accumulated => format!("Tree: accumulated up to L{layer}"),
            Self::Merged => "Tree: merged (what the container sees)".into(),
        }
    }
}

/// What stands for a size beside the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bars {
    /// A bar relative to the largest sibling, and the percentage of the parent.
    #[default]
    Both,
    /// The bar.
    Bar,
    /// The percentage.
    Percent,
    /// The number alone.
    Neither,
}

impl Bars {
    /// Returns the one after, and what to say about it.
    pub const fn next(self) -> (Self, &'static str) {
        match self {
            Self::Both => (Self::Bar, "bars"),
            Self::Bar => (Self::Percent, "percent of the directory"),
            Self::Percent => (Self::Neither, "no bars"),
            Self::Neither => (Self::Both, "bars and percent"),
        }
    }
}

/// Whether mode, owner and time have columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Columns {
    /// Where there is room.
    #[default]
    WhereWide,
    /// Because somebody asked for them.
    Shown,
    /// Because somebody asked for none.
    Hidden,
}

impl Columns {
    /// Columns of the pane from which on there is room without asking.
    const WIDE: u16 = 90;

    /// Returns the choice for a pane of a width: shown or hidden.
    #[must_use]
    pub const fn settled(self, width: u16) -> Self {
        match self {
            Self::WhereWide if width >= Self::WIDE => Self::Shown,
            Self::WhereWide => Self::Hidden,
            chosen => chosen,
        }
    }

    /// Returns the other choice than the one in effect in a pane of a width.
    #[must_use]
    pub const fn toggled(self, width: u16) -> Self {
        match self.settled(width) {
            Self::Shown => Self::Hidden,
            _ => Self::Shown,
        }
    }
}

/// A group of marks that is shown or hidden with one key.
#[derive(Debug, Clone, Copy)]
pub struct Toggle {
    /// Its key, and its letter where the shown ones are listed.
    pub letter: char,
    /// For sentences.
    pub word: &'static str,
    /// Its marks; the first tells for all.
    pub marks: &'static [Mark],
}

/// Every group, in the order in which they are listed.
pub const TOGGLES: [Toggle; 4] = [
    Toggle {
        letter: 'A',
        word: "added",
        marks: &[Mark::Added],
    },
    Toggle {
        letter: 'M',
        word: "modified",
        marks: &[Mark::Modified, Mark::Touched, Mark::Repeated],
    },
    Toggle {
        letter: 'D',
        word: "deleted",
        marks: &[Mark::Removed, Mark::Hidden, Mark::Opaque],
    },
    Toggle {
        letter: 'U',
        word: "unchanged",
        marks: &[Mark::Unchanged],
    },
];

/// Returns the field to sort by after this one.
pub const fn next_sort(sort: SortField) -> SortField {
    match sort {
        SortField::Size => SortField::Waste,
        SortField::Waste => SortField::Name,
        SortField::Name => SortField::Files,
        SortField::Files => SortField::Mark,
        SortField::Mark => SortField::Size,
    }
}

/// Returns a word for a field.
pub const fn sort_word(sort: SortField) -> &'static str {
    match sort {
        SortField::Size => "size",
        SortField::Waste => "waste",
        SortField::Name => "name",
        SortField::Files => "files",
        SortField::Mark => "change",
    }
}
