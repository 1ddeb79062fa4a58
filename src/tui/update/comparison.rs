//! Two images or containers of a store: asking for what differs, and moving in it.

use std::sync::Arc;

use ratatui::layout::Size;

use super::{fulfil, shared};
use crate::tui::command::Command;
use crate::tui::ids::JobId;
use crate::tui::layout;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::panes::comparison::{ComparisonAreas, ComparisonPane};
use crate::tui::panes::store::names;
use crate::tui::results::StoreComparison;
use crate::tui::screen::{ComparisonScreen, Screen};
use crate::tui::store_subject::Item;

impl ComparisonScreen {
    /// Returns how many rows of the list fit.
    pub(super) fn height(&self, size: Size) -> usize {
        let areas = layout::areas(size);
        let parts = ComparisonAreas::of(areas.body, areas.arrangement, &self.pane.list.filter);
        usize::from(parts.lines.rows.height)
    }

    /// Fits the list to the screen.
    pub(super) fn resize(&mut self, size: Size) {
        let height = self.height(size);
        self.pane.fit(height);
    }
}

/// Does what a command means here.
pub(super) fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    if command == Command::Help {
        return shared(model, command).unwrap_or_default();
    }
    let size = model.size;
    let Screen::Comparison(comparison) = &mut model.screen else {
        return Vec::new();
    };
    let height = comparison.height(size);
    let requests = comparison.pane.update(command, height);
    fulfil(model, requests)
}

/// Asks for two images or containers of the store on the screen to be compared.
pub(super) fn compare(model: &mut Model, items: [Item; 2]) -> Vec<Effect> {
    let store = match std::mem::take(&mut model.screen) {
        Screen::Store(store) => store,
        other => {
            model.screen = other;
            return Vec::new();
        }
    };
    let job = model.jobs.take_number();
    let stores = Arc::clone(&store.subject);
    let names = items.map(|item| names::item(&stores, item));
    model.screen = Screen::Comparison(Box::new(ComparisonScreen {
        from: store,
        pane: ComparisonPane::waiting(job, names),
    }));
    vec![Effect::CompareItems { job, stores, items }]
}

/// Takes what differs.
pub(super) fn take(model: &mut Model, job: JobId, comparison: Arc<StoreComparison>) {
    let size = model.size;
    if let Screen::Comparison(screen) = &mut model.screen
        && screen.pane.job == Some(job)
    {
        let height = screen.height(size);
        screen.pane.take(comparison, height);
    }
}
