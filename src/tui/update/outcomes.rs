//! How jobs end: an image to show, contents, failures.

use std::sync::Arc;

use super::{PaneArea, enter_view, follow, with_place};
use crate::analysis::Stage;
use crate::layer::LayerIndex;
use crate::tui::ids::JobId;
use crate::tui::message::{Complaint, Effect, Outcome};
use crate::tui::model::Model;
use crate::tui::panes::popup::{Notice, Picker, Popup};
use crate::tui::reads::Reads;
use crate::tui::state::Tone;
use crate::tui::subject::Subject;

pub(super) fn job_done(model: &mut Model, job: JobId, outcome: Outcome) -> Vec<Effect> {
    let is_loading = model
        .loading
        .as_ref()
        .is_some_and(|loading| loading.job == job);
    match outcome {
        Outcome::Loaded(subject) if is_loading => return loaded(model, subject),
        Outcome::Choices(choices) if is_loading => {
            model.loading = None;
            model.popups.push(Popup::Picker(Picker {
                choices,
                scroll: crate::tui::scroll::Scroll::default(),
            }));
        }
        Outcome::Store(stores) => super::store::take(model, job, stores),
        Outcome::Held(comparison) => super::store::held(model, job, comparison),
        Outcome::Loaded(_) | Outcome::Choices(_) => {}
        Outcome::Read(content) => preview_done(model, |model, reads| {
            model.preview.take(job, &content, reads);
        }),
        Outcome::Compared(difference) => preview_done(model, |model, reads| {
            model.preview.compare(job, &difference, reads);
        }),
        Outcome::Ranked(ranking) => {
            if let Some(subject) = model.subject.clone() {
                with_place(model, &subject, PaneArea::Body, |model, reads, _| {
                    model.files.take(job, &ranking, reads);
                });
            }
        }
        Outcome::Written(words) => {
            model.writing = model.writing.filter(|writing| *writing != job);
            model.said = Some((Tone::Done, words));
        }
        Outcome::Failed(complaint) => failed(model, job, &complaint),
        Outcome::Cancelled => {
            model.writing = model.writing.filter(|writing| *writing != job);
            if is_loading {
                model.loading = None;
            }
            super::store::ended(model, job);
        }
    }
    Vec::new()
}

fn preview_done(model: &mut Model, call: impl FnOnce(&mut Model, &Reads<'_>)) {
    if let Some(subject) = model.subject.clone() {
        with_place(model, &subject, PaneArea::Preview, |model, reads, _| {
            call(model, reads);
        });
    }
}

fn failed(model: &mut Model, job: JobId, complaint: &Complaint) {
    model.writing = model.writing.filter(|writing| *writing != job);
    if model.preview.fail(job, complaint) {
        return;
    }
    if model
        .loading
        .as_ref()
        .is_some_and(|loading| loading.job == job)
    {
        model.loading = None;
        // Nothing of it is there to be looked at.
        if model.subject.is_none() {
            model.entered = None;
        }
    }
    super::store::ended(model, job);
    model.popups.push(Popup::Notice(Notice::failure(complaint)));
}

/// Shows an image, or the same one with more known about it.
fn loaded(model: &mut Model, subject: Arc<Subject>) -> Vec<Effect> {
    let is_first = model.subject.is_none();
    model.subject = Some(Arc::clone(&subject));
    if subject.analysis.stage == Stage::Final {
        model.loading = None;
    }
    let layers = subject.analysis.layers.len();
    with_place(model, &subject, PaneArea::Layers, |model, reads, _| {
        model.layers.show(reads);
    });
    if is_first {
        let first = crate::tui::panes::layers::first_choice(&subject);
        with_place(model, &subject, PaneArea::Layers, |model, reads, _| {
            model.layers.choose(first, reads);
        });
    }
    let layer = LayerIndex(
        model
            .layers
            .layer()
            .0
            .min(u16::try_from(layers.saturating_sub(1)).unwrap_or(u16::MAX)),
    );
    with_place(model, &subject, PaneArea::Tree, |model, reads, _| {
        model.tree.show(layer, reads);
    });
    with_place(model, &subject, PaneArea::Preview, |model, reads, _| {
        model.preview.show(reads);
    });
    with_place(model, &subject, PaneArea::Body, |model, reads, _| {
        model.waste.show(reads);
        model.files.show(reads);
        model.treemap.show(reads);
        model.image.show(reads);
    });
    let mut effects = enter_view(model);
    effects.extend(follow(model));
    effects
}
