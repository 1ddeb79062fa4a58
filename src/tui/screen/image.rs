//! An image: which view is shown, which pane has the keys, and what each pane may read.

use std::sync::Arc;

use ratatui::layout::{Rect, Size};

use super::views::Panes;
use super::{Reading, Surroundings};
use crate::layer::LayerIndex;
use crate::tui::layout::{self, Areas, Columns};
use crate::tui::panes::tree::TreeMode;
use crate::tui::reads::Reads;
use crate::tui::state::{Focus, Pane, Tab, ZoomState};
use crate::tui::subject::Subject;

/// An image, or as much of it as is read.
#[derive(Debug)]
pub struct ImageScreen {
    /// The image.
    pub subject: Arc<Subject>,
    /// What is still read of it, or again.
    pub reading: Reading,
    /// Which view.
    pub tab: Tab,
    /// Which pane has the keys.
    pub focus: Focus,
    /// Whether it is alone.
    pub zoom: ZoomState,
    /// Whether edits lie over the waste.
    pub over_waste: OverWaste,
    /// The panes of all views.
    pub panes: Panes,
    /// Where the keys go back to when the preview is left.
    pub before_preview: Focus,
    /// Whether the user has done anything yet: until then the first layer may become another.
    pub hands: Hands,
    /// Where a jump into the tree came from; Esc goes back there.
    pub before_jump: Option<Place>,
}

/// Whether the user has done anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hands {
    /// Not yet.
    #[default]
    Off,
    /// Yes.
    On,
}

/// What the view of waste shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OverWaste {
    /// The waste.
    #[default]
    Nothing,
    /// Edits to try.
    Edits,
}

/// A place to come back to: which view, and what its layer and its tree showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The view.
    pub tab: Tab,
    /// Whether edits lie over the waste.
    pub over_waste: OverWaste,
    /// The pane that had the keys.
    pub focus: Focus,
    /// The layer.
    pub layer: LayerIndex,
    /// The scope of the tree.
    pub mode: TreeMode,
    /// Where the cursor of the tree was; it outlives the identities of a union.
    pub path: Vec<u8>,
}

impl ImageScreen {
    /// Makes a screen whose panes show nothing yet.
    pub fn new(subject: Arc<Subject>, reading: Reading) -> Self {
        Self {
            subject,
            reading,
            tab: Tab::default(),
            focus: Focus::Tree,
            zoom: ZoomState::default(),
            over_waste: OverWaste::default(),
            panes: Panes::default(),
            before_preview: Focus::Tree,
            hands: Hands::default(),
            before_jump: None,
        }
    }

    /// Returns the pane that has the keys.
    pub const fn pane(&self) -> Pane {
        match (self.over_waste, Pane::of(self.focus, self.tab)) {
            (OverWaste::Edits, Pane::Waste) => Pane::Edits,
            (_, pane) => pane,
        }
    }

    /// Returns the image as it is, whether it is the one on the screen or not.
    pub fn as_it_is(&self) -> &Arc<Subject> {
        let kept = self.panes.edits.subject.as_ref();
        match self.subject.as_it_is {
            Some(_) => kept.unwrap_or(&self.subject),
            None => &self.subject,
        }
    }

    /// Returns where one is.
    pub fn place(&self) -> Place {
        let tree = &self.panes.tree;
        Place {
            tab: self.tab,
            over_waste: self.over_waste,
            focus: self.focus,
            layer: self.panes.layers.layer(),
            mode: tree.mode,
            path: self.subject.tree().path(tree.path()),
        }
    }

    /// Returns where the panes of the view are.
    pub fn columns(&self, size: Size) -> Columns {
        let areas = layout::areas(size);
        if self.tab == Tab::Layers {
            return layout::columns(&areas, self.focus, self.zoom);
        }
        let preview = (self.focus == Focus::Preview).then_some(areas.body);
        Columns {
            preview,
            ..Columns::default()
        }
    }

    /// Returns what a pane may read.
    pub fn reads<'a>(&'a self, pane: Pane, around: Surroundings<'a>) -> Reads<'a> {
        let areas = layout::areas(around.size);
        Reads {
            subject: &self.subject,
            session: around.session,
            layer: self.panes.layers.layer(),
            area: self.area(pane, &areas, around.size),
            arrangement: areas.arrangement,
        }
    }

    /// Returns the panes with what one of them may read.
    pub fn panes_and_reads<'a>(
        &'a mut self,
        pane: Pane,
        around: Surroundings<'a>,
    ) -> (&'a mut Panes, Reads<'a>) {
        let areas = layout::areas(around.size);
        let reads = Reads {
            area: self.area(pane, &areas, around.size),
            subject: &self.subject,
            session: around.session,
            layer: self.panes.layers.layer(),
            arrangement: areas.arrangement,
        };
        (&mut self.panes, reads)
    }

    fn area(&self, pane: Pane, areas: &Areas, size: Size) -> Rect {
        let columns = self.columns(size);
        let area = match pane {
            Pane::Layers => columns.layers,
            Pane::Tree => columns.tree,
            Pane::Preview => columns.preview,
            // Every other view has the body to itself.
            _ => None,
        };
        // A pane that is not on the screen keeps the height it would have there.
        area.unwrap_or(areas.body)
    }

    /// Fits every pane to the screen.
    pub fn resize(&mut self, around: Surroundings<'_>) {
        for pane in Pane::ALL {
            let (panes, reads) = self.panes_and_reads(pane, around);
            panes.resize(pane, &reads);
        }
    }
}
