//! How jobs end: an image to show, contents, failures.

use super::image::{self, on_image};
use super::{comparison, leave, store};
use crate::tui::ids::JobId;
use crate::tui::message::{Complaint, Effect, Outcome};
use crate::tui::model::Model;
use crate::tui::panes::popup::{Notice, Picker, Popup};
use crate::tui::reads::Reads;
use crate::tui::screen::{Panes, Screen};
use crate::tui::scroll::Scroll;
use crate::tui::state::{Pane, Said, Tone};

pub(super) fn job_done(model: &mut Model, job: JobId, outcome: Outcome) -> Vec<Effect> {
    match outcome {
        Outcome::Loaded(subject) if is_read_by(model, job) => return image::take(model, subject),
        Outcome::Choices(choices) if is_read_by(model, job) => {
            stop_reading(model);
            model.popups.push(Popup::Picker(Picker {
                choices,
                scroll: Scroll::default(),
            }));
        }
        Outcome::Loaded(_) | Outcome::Choices(_) => {}
        Outcome::Store(stores) => store::take(model, job, stores),
        Outcome::Compared(found) => comparison::take(model, job, found),
        Outcome::Read(content) => pane_done(model, Pane::Preview, |panes, reads| {
            panes.preview.take(job, &content, reads);
        }),
        Outcome::Diffed(diff) => pane_done(model, Pane::Preview, |panes, reads| {
            panes.preview.take_diff(job, &diff, reads);
        }),
        Outcome::Ranked(ranking) => pane_done(model, Pane::Files, |panes, reads| {
            panes.files.take(job, &ranking, reads);
        }),
        Outcome::Suggested(found) => return image::take_edits(model, job, &found),
        Outcome::Tried(subject) => return image::take_tried(model, job, subject),
        Outcome::Written(words) => {
            forget_writing(model, job);
            model.said = Some(Said::new(Tone::Done, words));
        }
        Outcome::Failed(complaint) => failed(model, job, &complaint),
        Outcome::Cancelled => {
            forget_writing(model, job);
            if is_read_by(model, job) {
                stop_reading(model);
            }
            forget(model, job);
        }
    }
    Vec::new()
}

/// Hands a pane what a job has for it, if the image is still there.
fn pane_done(model: &mut Model, pane: Pane, take: impl FnOnce(&mut Panes, &Reads<'_>)) {
    on_image(model, |image, around, _| {
        let (panes, reads) = image.panes_and_reads(pane, around);
        take(panes, &reads);
        Vec::new()
    });
}

/// Returns whether a job reads what is on the screen, or is to be.
fn is_read_by(model: &Model, job: JobId) -> bool {
    let reading = model.screen.reading();
    reading.is_some_and(|reading| reading.is_by(job))
}

fn stop_reading(model: &mut Model) {
    if let Some(reading) = model.screen.reading_mut() {
        reading.running = None;
    }
}

fn forget_writing(model: &mut Model, job: JobId) {
    model.writing = model.writing.filter(|writing| *writing != job);
}

/// Forgets a job that came to nothing: one that measured a store, or compared two images.
fn forget(model: &mut Model, job: JobId) {
    if let Some(store) = model.screen.store_mut() {
        store.measuring = store.measuring.filter(|measuring| *measuring != job);
    }
    if let Screen::Comparison(comparison) = &mut model.screen
        && comparison.pane.job.take_if(|own| *own == job).is_some()
    {
        leave(model);
    }
}

fn failed(model: &mut Model, job: JobId, complaint: &Complaint) {
    forget_writing(model, job);
    if let Screen::Image(image) = &mut model.screen
        && image.panes.preview.fail(job, complaint)
    {
        return;
    }
    if is_read_by(model, job) {
        stop_reading(model);
        // Nothing of it is there to be looked at.
        if matches!(model.screen, Screen::Loading(_)) {
            leave(model);
        }
    }
    forget(model, job);
    let notice = Notice::failure(complaint);
    model.popups.push(Popup::Notice(notice));
}
