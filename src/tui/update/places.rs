//! Which pane is where, and what it may read there.

use std::sync::Arc;

use ratatui::layout::Size;

use super::fulfil;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::panes::Request;
use crate::tui::reads::Reads;
use crate::tui::state::{Focus, Jobs, Tab};
use crate::tui::subject::Subject;

/// Calls a pane with what it may read. The place is that of the pane that has the keys.
pub(super) fn with_reads(
    model: &mut Model,
    call: impl FnOnce(&mut Model, &Reads<'_>, &mut Jobs) -> Vec<Request>,
) -> Vec<Request> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let place = PaneArea::of_focus(model);
    with_place(model, &subject, place, call)
}

/// Which pane a place is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum PaneArea {
    Layers,
    Tree,
    Preview,
    Body,
}

impl PaneArea {
    fn of_focus(model: &Model) -> Self {
        match (model.focus, model.tab) {
            (Focus::Preview, _) => Self::Preview,
            (Focus::Layers, Tab::Layers) => Self::Layers,
            (Focus::Tree, Tab::Layers) => Self::Tree,
            _ => Self::Body,
        }
    }
}

pub(in crate::tui) fn with_place<T>(
    model: &mut Model,
    subject: &Arc<Subject>,
    place: PaneArea,
    call: impl FnOnce(&mut Model, &Reads<'_>, &mut Jobs) -> T,
) -> T {
    let areas = model.areas();
    let columns = model.columns();
    let area = match place {
        PaneArea::Layers => columns.layers,
        PaneArea::Tree => columns.tree,
        PaneArea::Preview => columns.preview,
        PaneArea::Body => Some(areas.body),
    };
    let session = Arc::clone(&model.session);
    let reads = Reads {
        subject,
        session: &session,
        layer: model.layers.layer(),
        // A pane that is not on the screen keeps the height it would have there.
        area: area.unwrap_or(areas.body),
        arrangement: areas.arrangement,
    };
    let mut jobs = model.jobs;
    let result = call(model, &reads, &mut jobs);
    model.jobs = jobs;
    result
}

pub(in crate::tui) fn resize(model: &mut Model, size: Size) {
    model.size = size;
    super::store::resize(model);
    let Some(subject) = model.subject.clone() else {
        return;
    };
    with_place(model, &subject, PaneArea::Layers, |model, reads, _| {
        model.layers.resize(reads);
    });
    with_place(model, &subject, PaneArea::Tree, |model, reads, _| {
        model.tree.resize(reads);
    });
    with_place(model, &subject, PaneArea::Preview, |model, reads, _| {
        model.preview.resize(reads);
    });
    with_place(model, &subject, PaneArea::Body, |model, reads, _| {
        model.waste.resize(reads);
        model.files.resize(reads);
        model.treemap.resize(reads);
        model.image.resize(reads);
    });
}

/// Lets the preview beside the tree show what the cursor is on.
pub(in crate::tui) fn follow(model: &mut Model) -> Vec<Effect> {
    let is_beside = model.tab == Tab::Layers
        && model.focus != Focus::Preview
        && model.columns().preview.is_some();
    let Some(subject) = model.subject.clone().filter(|_| is_beside) else {
        return Vec::new();
    };
    let selected = with_place(model, &subject, PaneArea::Tree, |model, reads, _| {
        model.tree.selected(reads)
    });
    let requests = with_place(model, &subject, PaneArea::Preview, |model, reads, jobs| {
        model.preview.follow(selected, reads, jobs)
    });
    fulfil(model, requests)
}
