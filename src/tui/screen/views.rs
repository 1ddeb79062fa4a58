//! The panes of an image, and which of them a view is made of: a new view has a line in every `match` here.

use crate::text::Look;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::paint::{Keys, Paint};
use crate::tui::panes::edits::{self, EditsPane};
use crate::tui::panes::files::{self, FilesPane};
use crate::tui::panes::image::{self, ImagePane};
use crate::tui::panes::layers::{self, LayersPane};
use crate::tui::panes::preview::{self, PreviewPane};
use crate::tui::panes::tree::{self, TreePane};
use crate::tui::panes::treemap::{self, TreemapPane};
use crate::tui::panes::waste::{self, WastePane};
use crate::tui::panes::{Request, Standing};
use crate::tui::reads::Reads;
use crate::tui::state::{Jobs, Pane, Tab};
use crate::tui::subject::Subject;
use crate::tui::table::RowsPlace;

/// The panes of all views.
#[derive(Debug, Default)]
pub struct Panes {
    /// The list of layers.
    pub layers: LayersPane,
    /// The tree.
    pub tree: TreePane,
    /// Contents of a file.
    pub preview: PreviewPane,
    /// Waste.
    pub waste: WastePane,
    /// Edits.
    pub edits: EditsPane,
    /// All files.
    pub files: FilesPane,
    /// Treemap.
    pub treemap: TreemapPane,
    /// Configuration and history.
    pub image: ImagePane,
}

impl Panes {
    /// Takes a subject, a new one or the same refined: what can be kept is kept.
    pub fn show(&mut self, pane: Pane, reads: &Reads<'_>) {
        match pane {
            Pane::Layers => self.layers.show(reads),
            Pane::Tree => self.tree.show(reads.layer, reads),
            Pane::Preview => self.preview.show(reads),
            Pane::Waste => self.waste.show(reads),
            Pane::Edits => self.edits.resize(reads),
            Pane::Files => self.files.show(reads),
            Pane::Treemap => self.treemap.show(reads),
            Pane::Image => self.image.show(reads),
        }
    }

    /// Fits a pane to its place.
    pub fn resize(&mut self, pane: Pane, reads: &Reads<'_>) {
        match pane {
            Pane::Layers => self.layers.resize(reads),
            Pane::Tree => self.tree.resize(reads),
            Pane::Preview => self.preview.resize(reads),
            Pane::Waste => self.waste.resize(reads),
            Pane::Edits => self.edits.resize(reads),
            Pane::Files => self.files.resize(reads),
            Pane::Treemap => self.treemap.resize(reads),
            Pane::Image => self.image.resize(reads),
        }
    }

    /// Lets a pane that is worked out when it is looked at catch up with image and layer.
    pub fn enter(&mut self, tab: Tab, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        match tab {
            Tab::Files => return self.files.enter(reads, jobs),
            Tab::Treemap => self.treemap.enter(reads),
            Tab::Layers | Tab::Waste | Tab::Image => {}
        }
        Vec::new()
    }

    /// Does what a command means in a pane.
    pub fn update(
        &mut self,
        pane: Pane,
        command: Command,
        reads: &Reads<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        match pane {
            Pane::Layers => self.layers.update(command, reads),
            Pane::Tree => self.tree.update(command, reads),
            Pane::Preview => self.preview.update(command, reads, jobs),
            Pane::Waste => self.waste.update(command, reads),
            Pane::Edits => self.edits.update(command, reads),
            Pane::Files => self.files.update(command, reads, jobs),
            Pane::Treemap => self.treemap.update(command, reads),
            Pane::Image => self.image.update(command, reads),
        }
    }

    /// Edits the line being typed in a pane.
    pub fn edit(
        &mut self,
        pane: Pane,
        edit: &Edit,
        reads: &Reads<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        match pane {
            Pane::Layers | Pane::Tree => self.tree.edit(edit, reads),
            Pane::Preview => self.preview.edit(edit, reads),
            Pane::Waste => self.waste.edit(edit, reads),
            Pane::Files => return self.files.edit(edit, reads, jobs),
            Pane::Edits | Pane::Treemap => {}
            Pane::Image => self.image.edit(edit, reads),
        }
        Vec::new()
    }

    /// Returns whether letters are text in a pane.
    pub fn is_typing(&self, pane: Pane) -> bool {
        match pane {
            Pane::Layers | Pane::Tree => self.tree.is_typing(),
            Pane::Preview => self.preview.is_typing(),
            Pane::Waste => self.waste.is_typing(),
            Pane::Files => self.files.is_typing(),
            Pane::Edits | Pane::Treemap => false,
            Pane::Image => self.image.is_typing(),
        }
    }

    /// Returns whether a command of a pane finds something to work on there.
    pub fn offers(&self, pane: Pane, command: Command, subject: &Subject) -> bool {
        let is_about_row = command.is_about_row();
        match pane {
            Pane::Preview => self.preview.offers(command, subject.tree()),
            Pane::Waste => !is_about_row || self.waste.list.selected().is_some(),
            Pane::Files => !is_about_row || self.files.selected().is_some(),
            Pane::Layers => !self.layers.rows.is_empty(),
            Pane::Edits => !is_about_row || !self.edits.is_empty(),
            Pane::Tree | Pane::Treemap | Pane::Image => true,
        }
    }

    /// Returns whether Esc has something to take back in a pane. Layers and tree ask for the step back themselves.
    pub fn has_step_back(&self, pane: Pane) -> bool {
        match pane {
            Pane::Layers | Pane::Tree | Pane::Preview | Pane::Edits => true,
            Pane::Waste => self.waste.list.filter.is_shown() || self.waste.within.is_some(),
            Pane::Files => self.files.is_sifting(),
            Pane::Treemap => self.treemap.is_zoomed(),
            Pane::Image => self.image.list.filter.is_shown(),
        }
    }

    /// Returns where the rows of a pane are that is one list.
    pub fn list(&self, pane: Pane, reads: &Reads<'_>) -> Option<RowsPlace> {
        match pane {
            Pane::Waste => Some(self.waste.rows_place(reads)),
            Pane::Edits => Some(self.edits.rows_place(reads)),
            Pane::Files => Some(self.files.rows_place(reads)),
            Pane::Layers | Pane::Tree | Pane::Preview | Pane::Treemap | Pane::Image => None,
        }
    }

    /// Returns what a pane is on, for the status line.
    pub fn standing(&self, pane: Pane, reads: &Reads<'_>) -> Option<Standing> {
        let (subject, look): (_, Look) = (reads.subject, reads.session.look);
        match pane {
            Pane::Layers => Some(self.layers.standing(subject, look)),
            Pane::Tree => Some(self.tree.standing(subject, look)),
            Pane::Preview => self.preview.standing(subject, look),
            Pane::Waste => self.waste.standing(subject, look),
            Pane::Files => self.files.standing(subject, look),
            Pane::Treemap => self.treemap.standing(subject, look),
            Pane::Edits | Pane::Image => None,
        }
    }

    /// Draws a pane.
    pub fn draw(&self, pane: Pane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
        match pane {
            Pane::Layers => layers::draw(&self.layers, reads, keys, paint),
            Pane::Tree => tree::draw(&self.tree, reads, keys, paint),
            Pane::Preview => preview::draw(&self.preview, reads, keys, paint),
            Pane::Waste => waste::draw(&self.waste, reads, keys, paint),
            Pane::Edits => edits::draw(&self.edits, reads, keys, paint),
            Pane::Files => files::draw(&self.files, reads, keys, paint),
            Pane::Treemap => treemap::draw(&self.treemap, reads, keys, paint),
            Pane::Image => image::draw(&self.image, reads, keys, paint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::command::Context;
    use crate::tui::keys::TABLE;

    #[test]
    fn every_view_has_a_key_and_every_pane_the_keys_of_all_views() {
        for tab in Tab::ALL {
            let shows = |command| command == Command::Show(tab);
            assert!(
                TABLE.iter().any(|binding| shows(binding.command)),
                "{tab:?}"
            );
        }
        for pane in Pane::ALL {
            let contexts = Context::Pane(pane).stack();
            assert!(contexts.contains(&Context::Views), "{pane:?}");
        }
    }
}
