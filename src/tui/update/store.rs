//! Layer stores: what is listed of them, what is opened, reading them again.

use std::sync::Arc;

use super::{fulfil, shared};
use crate::tui::command::Command;
use crate::tui::ids::JobId;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::screen::{Opened, Reading, Screen, StoreScreen};
use crate::tui::state::{Said, Tone};
use crate::tui::store_subject::{Item, StoreSubject};

/// Does what a command means here.
pub(super) fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Some(effects) = shared(model, command) {
        return effects;
    }
    let (screen, around, _) = model.screen_and_around();
    let Screen::Store(store) = screen else {
        return Vec::new();
    };
    let (pane, reads) = store.pane_and_reads(around);
    let requests = pane.update(command, &reads);
    fulfil(model, requests)
}

/// Takes stores, new ones or the same with more known about them.
pub(super) fn take(model: &mut Model, job: JobId, stores: Arc<StoreSubject>) {
    let (screen, around, _) = model.screen_and_around();
    let is_first = screen
        .reading()
        .is_some_and(|reading| reading.opened.is_none() && reading.is_by(job));
    if is_first {
        *screen = Screen::Store(Box::new(StoreScreen::new(stores, job, around)));
        return;
    }
    let measured = screen
        .store_mut()
        .filter(|store| store.measuring == Some(job));
    let Some(store) = measured else {
        return;
    };
    store.take(stores, job, around);
    let is_over = store.measuring.is_none();
    let is_told = |said: &Said| said.while_runs == Some(job);
    if is_over && model.said.as_ref().is_some_and(is_told) {
        model.say(Tone::Done, "the store was read again");
    }
}

/// Reads the records again and measures anew; what is on the screen stays until then.
pub(super) fn read_again(model: &mut Model, job: JobId) -> Vec<Effect> {
    let Some(store) = model.screen.store_mut() else {
        return Vec::new();
    };
    let cancel = store.measuring.replace(job).map(Effect::Cancel);
    model.said = Some(Said {
        while_runs: Some(job),
        ..Said::new(Tone::Done, "reading the store again")
    });
    let load = Effect::Load { job, choice: None };
    cancel.into_iter().chain([load]).collect()
}

/// Opens an image or a container of the store on the screen.
pub(super) fn open(model: &mut Model, item: Item) -> Vec<Effect> {
    let store = match std::mem::take(&mut model.screen) {
        Screen::Store(store) => store,
        other => {
            model.screen = other;
            return Vec::new();
        }
    };
    let mut reading = Reading {
        running: None,
        opened: Some(Opened {
            stores: Arc::clone(&store.subject),
            from: store,
            item,
        }),
    };
    let effects = reading.begin(model.jobs.take_number(), None);
    model.screen = Screen::Loading(reading);
    effects
}
