//! From a message to the next state and what is to be done outside. No I/O, no clock, no terminal.

mod comparison;
mod image;
mod loading;
mod mouse;
mod outcomes;
mod requests;
mod store;

use super::command::{Command, Context};
use super::edit::Edit;
use super::keys::{Key, shown_key};
use super::line::Line;
use super::message::{Effect, MouseMode, Msg};
use super::model::Model;
use super::panes::popup::{HelpPopup, Popup, Prompt, Purpose};
use super::screen::{Reading, Screen};
use super::state::{Tone, ZoomState};

use requests::fulfil;

/// Begins: asks for the image to be read.
pub fn start(model: &mut Model) -> Vec<Effect> {
    load(model, None)
}

/// Reads what is on the screen, for the first time or again.
fn load(model: &mut Model, choice: Option<usize>) -> Vec<Effect> {
    let job = model.jobs.take_number();
    match model.screen.reading_mut() {
        Some(reading) => reading.begin(job, choice),
        None => store::read_again(model, job),
    }
}

/// Takes a message.
pub fn update(model: &mut Model, message: Msg) -> Vec<Effect> {
    match message {
        Msg::Command(command) => {
            model.said = None;
            command_given(model, command)
        }
        Msg::Unknown(key) => {
            say_unknown(model, key);
            Vec::new()
        }
        Msg::Text(edit) => text_typed(model, &edit),
        Msg::Resize(size) => {
            model.size = size;
            resize(model);
            image::follow(model)
        }
        Msg::Mouse(mouse) => mouse::act(model, mouse),
        Msg::Tick(progress) => {
            let reading = model.screen.reading_mut();
            if let Some(running) = reading.and_then(|reading| reading.running.as_mut()) {
                running.progress = Some(progress);
            } else if let Some(store) = model.screen.store_mut() {
                store.counted = progress.entries;
            }
            Vec::new()
        }
        Msg::Done(job, outcome) => outcomes::job_done(model, job, outcome),
    }
}

/// Says that a key means nothing, and where those are listed that do.
fn say_unknown(model: &mut Model, key: Key) {
    if model.popups.is_empty() {
        let help = model.session.keys.key(Context::Global, Command::Help);
        let help = help.map_or(String::new(), |help| format!("; {} help", shown_key(help)));
        let words = format!("no key {} here{help}", shown_key(key));
        model.say(Tone::Refused, &words);
    }
}

/// Does what a command means where the keys are.
fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::QuitNow => return cancel_or_quit(model),
        Command::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if let Some(popup) = model.popups.last_mut() {
        let requests = popup.update(command, &model.session, model.size);
        return fulfil(model, requests);
    }
    match &model.screen {
        Screen::Loading(_) => loading::command_given(model, command),
        Screen::Image(_) => image::command_given(model, command),
        Screen::Store(_) => store::command_given(model, command),
        Screen::Comparison(_) => comparison::command_given(model, command),
    }
}

fn text_typed(model: &mut Model, edit: &Edit) -> Vec<Effect> {
    if let Some(popup) = model.popups.last_mut() {
        let requests = popup.edit(edit);
        return fulfil(model, requests);
    }
    let (screen, around, jobs) = model.screen_and_around();
    match screen {
        Screen::Loading(_) => {}
        Screen::Image(image) => {
            let requests = image.text_typed(edit, around, jobs);
            let mut effects = fulfil(model, requests);
            effects.extend(image::follow(model));
            return effects;
        }
        Screen::Store(store) => {
            let (pane, reads) = store.pane_and_reads(around);
            pane.edit(edit, &reads);
        }
        Screen::Comparison(comparison) => {
            let height = comparison.height(around.size);
            comparison.pane.edit(edit, height);
        }
    }
    Vec::new()
}

/// Commands that mean the same on most screens; `None` where it is none of them.
fn shared(model: &mut Model, command: Command) -> Option<Vec<Effect>> {
    match command {
        Command::Help => {
            let contexts = model.contexts();
            model.popups.push(Popup::Help(HelpPopup::of(contexts)));
        }
        Command::Reload => return Some(load(model, None)),
        Command::ToggleMouse => return Some(toggle_mouse(model)),
        Command::Export => ask_for_export(model),
        Command::Quit => return Some(quit_now(model)),
        Command::Zoom => {
            if let Some(zoom) = model.screen.zoom_mut() {
                *zoom = zoom.other();
            }
            resize(model);
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Fits what is on the screen, and the store behind it, to the terminal.
fn resize(model: &mut Model) {
    let (screen, around, _) = model.screen_and_around();
    if let Some(store) = screen.store_mut() {
        store.resize(around);
    }
    match screen {
        Screen::Image(image) => image.resize(around),
        Screen::Comparison(comparison) => comparison.resize(around.size),
        Screen::Loading(_) | Screen::Store(_) => {}
    }
}

/// Gives a pane that is zoomed its neighbours back; returns whether there was one.
fn zoom_out(model: &mut Model) -> bool {
    let zoomed = model.screen.zoom_mut();
    let Some(zoom) = zoomed.filter(|zoom| **zoom == ZoomState::Zoomed) else {
        return false;
    };
    *zoom = ZoomState::Shared;
    resize(model);
    true
}

/// Goes back to the store; nothing of what was opened or compared is kept.
fn leave(model: &mut Model) -> Vec<Effect> {
    let cancel = match &mut model.screen {
        Screen::Comparison(comparison) => comparison.pane.job.map(Effect::Cancel),
        screen => screen.reading_mut().and_then(Reading::cancel),
    };
    model.screen = std::mem::take(&mut model.screen).back();
    cancel.into_iter().collect()
}

fn quit_now(model: &mut Model) -> Vec<Effect> {
    if let Some(job) = model.writing.take() {
        model.say(
            Tone::Refused,
            "cancelled; what was written until then stays",
        );
        return vec![Effect::Cancel(job)];
    }
    if let Some(effects) = image::give_up_preview(model) {
        return effects;
    }
    let reading = model.screen.reading_mut();
    let cancel = reading.and_then(Reading::cancel);
    cancel.into_iter().chain([Effect::Quit]).collect()
}

/// Ctrl-C: cancels what runs, or leaves. An image that is read again is still there when that is cancelled, and so
/// is the store while something of it is read.
fn cancel_or_quit(model: &mut Model) -> Vec<Effect> {
    let is_waiting = match &model.screen {
        Screen::Loading(reading) => reading.opened.is_some(),
        Screen::Comparison(comparison) => comparison.pane.job.is_some(),
        Screen::Image(_) | Screen::Store(_) => false,
    };
    if is_waiting && model.popups.is_empty() {
        model.say(Tone::Refused, "cancelled");
        return leave(model);
    }
    if model.writing.is_none()
        && let Screen::Image(image) = &mut model.screen
        && image.is_whole()
        && let Some(cancel) = image.reading.cancel()
    {
        model.say(
            Tone::Refused,
            "reading again was cancelled; this is as it was read before",
        );
        return vec![cancel];
    }
    quit_now(model)
}

fn toggle_mouse(model: &mut Model) -> Vec<Effect> {
    let (mode, words) = match model.mouse {
        MouseMode::Off => (
            MouseMode::On,
            "mouse on: click, wheel; hold Shift to select text",
        ),
        MouseMode::On => (MouseMode::Off, "mouse off"),
    };
    model.mouse = mode;
    model.say(Tone::Done, words);
    vec![Effect::Mouse(mode)]
}

fn ask_for_export(model: &mut Model) {
    let question = match &model.screen {
        Screen::Loading(_) | Screen::Comparison(_) => return,
        Screen::Image(_) => "Write a report to (.json or .txt)",
        Screen::Store(_) => "Write a report of the store to (.json, .txt or .ncdu)",
    };
    model.popups.push(Popup::Prompt(Prompt {
        question: question.into(),
        line: Line::new("layerscope.json"),
        purpose: Purpose::Export,
    }));
}
