//! From a message to the next state and what is to be done outside. No I/O, no clock, no terminal.

mod outcomes;
mod places;
mod requests;
mod store;

use std::sync::Arc;

use super::command::Command;
use super::edit::Edit;
use super::message::{Effect, MouseMode, Msg};
use super::model::Model;
use super::panes::Request;
use super::panes::loading::LoadingPane;
use super::panes::popup::{HelpPopup, Popup, Prompt, Purpose};
use super::state::{Focus, Screen, Tab, Tone, ZoomState};
use super::subject::Subject;
use crate::analysis::Stage;
use crate::layer::LayerIndex;

use outcomes::job_done;
use places::with_reads;
pub(super) use places::{PaneArea, follow, resize, with_place};
pub(super) use requests::fulfil;
pub(super) use store::name_of;

/// Begins: asks for the image to be read.
pub fn start(model: &mut Model) -> Vec<Effect> {
    load(model, None)
}

fn load(model: &mut Model, choice: Option<usize>) -> Vec<Effect> {
    if let Some(entered) = model.entered.clone() {
        return store::enter(model, entered);
    }
    let job = model.jobs.take_number();
    if model.stores.is_some() {
        return store::read_again(model, job);
    }
    let running = model.loading.replace(LoadingPane {
        job,
        ..LoadingPane::default()
    });
    let cancel = running.map(|running| Effect::Cancel(running.job));
    cancel
        .into_iter()
        .chain([Effect::Load { job, choice }])
        .collect()
}

/// Takes a message.
pub fn update(model: &mut Model, message: Msg) -> Vec<Effect> {
    match message {
        Msg::Command(command) => {
            model.said = None;
            command_given(model, command)
        }
        Msg::Text(edit) => text_typed(model, &edit),
        Msg::Resize(size) => {
            resize(model, size);
            follow(model)
        }
        Msg::Mouse(mouse) => super::mouse::act(model, mouse),
        Msg::Tick(progress) => {
            if let Some(loading) = &mut model.loading {
                loading.progress = Some(progress);
            } else {
                model.counted = progress.entries;
            }
            Vec::new()
        }
        Msg::Done(job, outcome) => job_done(model, job, outcome),
    }
}

/// Does what a command means where the keys are.
pub(super) fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::QuitNow => return cancel_or_quit(model),
        Command::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if let Some(popup) = model.popups.last_mut() {
        let requests = popup.update(command, &model.session, model.size);
        return fulfil(model, requests);
    }
    if model.screen() == Screen::Loading && command == Command::Open {
        return browse(model);
    }
    if let Some(effects) = store::command_given(model, command) {
        return effects;
    }
    if let Some(effects) = global(model, command) {
        return effects;
    }
    if model.screen() == Screen::Loading {
        return Vec::new();
    }
    let requests = focused(model, command);
    let mut effects = fulfil(model, requests);
    effects.extend(follow(model));
    effects
}

/// Asks for what is read so far, if anything is.
fn browse(model: &mut Model) -> Vec<Effect> {
    let Some(loading) = &model.loading else {
        return Vec::new();
    };
    if loading.has_read_layers() {
        return vec![Effect::Browse(loading.job)];
    }
    model.said = Some((Tone::Refused, "no layer is read yet".into()));
    Vec::new()
}

fn quit_now(model: &mut Model) -> Vec<Effect> {
    if let Some(job) = model.writing.take() {
        let words = "cancelled; what was written until then stays";
        model.said = Some((Tone::Refused, words.into()));
        return vec![Effect::Cancel(job)];
    }
    if model.focus == Focus::Preview && model.preview.job().is_some() {
        model.said = Some((Tone::Refused, "cancelled: v reads it again".into()));
        let requests = with_reads(model, |model, reads, _| model.preview.give_up(reads));
        return fulfil(model, requests);
    }
    let cancel = model.loading.take();
    let cancel = cancel.map(|loading| Effect::Cancel(loading.job));
    cancel.into_iter().chain([Effect::Quit]).collect()
}

/// Ctrl-C: cancels what runs, or leaves. An image that is read again is still there when that is cancelled.
fn cancel_or_quit(model: &mut Model) -> Vec<Effect> {
    if let Some(effects) = store::give_up(model) {
        return effects;
    }
    let is_whole = |subject: &Arc<Subject>| subject.analysis.stage == Stage::Final;
    if model.writing.is_none()
        && model.subject.as_ref().is_some_and(is_whole)
        && let Some(loading) = model.loading.take()
    {
        let words = "reading again was cancelled; this is as it was read before";
        model.said = Some((Tone::Refused, words.into()));
        return vec![Effect::Cancel(loading.job)];
    }
    quit_now(model)
}

/// Commands that mean the same in every pane.
fn global(model: &mut Model, command: Command) -> Option<Vec<Effect>> {
    let is_preview = model.focus == Focus::Preview;
    match command {
        Command::Help => {
            let contexts = model.contexts();
            model.popups.push(Popup::Help(HelpPopup::of(contexts)));
        }
        Command::ShowLayers => return Some(show_tab(model, Tab::Layers)),
        Command::ShowWaste => return Some(show_tab(model, Tab::Waste)),
        Command::ShowFiles => return Some(show_tab(model, Tab::Files)),
        Command::ShowTreemap => return Some(show_tab(model, Tab::Treemap)),
        Command::ShowImage => return Some(show_tab(model, Tab::Image)),
        Command::Reload => return Some(load(model, None)),
        Command::ToggleMouse => return Some(toggle_mouse(model)),
        Command::Export => ask_for_export(model),
        Command::Quit if !is_preview => return Some(quit_now(model)),
        Command::Zoom => {
            model.zoom = match model.zoom {
                ZoomState::Shared => ZoomState::Zoomed,
                ZoomState::Zoomed => ZoomState::Shared,
            };
            resize(model, model.size);
        }
        Command::NextPane => next_pane(model, Direction::Forward),
        Command::PreviousPane => next_pane(model, Direction::Backward),
        Command::NextLayer | Command::PreviousLayer if !is_preview => {
            return Some(step_layer(model, command));
        }
        Command::Fuzzy => return Some(find(model)),
        _ => return None,
    }
    Some(follow(model))
}

fn find(model: &mut Model) -> Vec<Effect> {
    let from = model.tab;
    let mut effects = show_tab(model, Tab::Files);
    let requests = with_reads(model, |model, reads, _| model.files.find(from, reads));
    effects.extend(fulfil(model, requests));
    effects
}

fn show_tab(model: &mut Model, tab: Tab) -> Vec<Effect> {
    model.tab = tab;
    model.before_jump = None;
    if model.focus == Focus::Preview {
        model.focus = model.before_preview;
    }
    resize(model, model.size);
    let mut effects = enter_view(model);
    effects.extend(follow(model));
    effects
}

/// Lets views that are worked out when they are looked at catch up with image and layer.
fn enter_view(model: &mut Model) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let requests = with_place(
        model,
        &subject,
        PaneArea::Body,
        |model, reads, jobs| match model.tab {
            Tab::Files => model.files.enter(reads, jobs),
            Tab::Treemap => {
                model.treemap.enter(reads);
                Vec::new()
            }
            Tab::Layers | Tab::Waste | Tab::Image => Vec::new(),
        },
    );
    fulfil(model, requests)
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
    model.said = Some((Tone::Done, words.into()));
    vec![Effect::Mouse(mode)]
}

fn ask_for_export(model: &mut Model) {
    let question = match model.screen() {
        Screen::Loading | Screen::Comparison => return,
        Screen::Image => "Write a report to (.json or .txt)",
        Screen::Store => "Write a report of the store to (.json, .txt or .ncdu)",
    };
    model.popups.push(Popup::Prompt(Prompt {
        question: question.into(),
        line: super::line::Line::new("layerscope.json"),
        purpose: Purpose::Export,
    }));
}

enum Direction {
    Forward,
    Backward,
}

fn next_pane(model: &mut Model, direction: Direction) {
    if model.tab != Tab::Layers {
        return;
    }
    let columns = super::layout::columns(&model.areas(), model.focus, ZoomState::Shared);
    let has_preview = columns.preview.is_some();
    model.focus = match (model.focus, direction, has_preview) {
        (Focus::Layers, Direction::Forward, _) | (Focus::Preview, Direction::Backward, _) => {
            Focus::Tree
        }
        (Focus::Tree, Direction::Forward, true) | (Focus::Layers, Direction::Backward, true) => {
            model.before_preview = Focus::Tree;
            Focus::Preview
        }
        (Focus::Tree | Focus::Preview, ..) => Focus::Layers,
        (Focus::Layers, Direction::Backward, false) => Focus::Tree,
    };
    resize(model, model.size);
}

fn step_layer(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let at = model.layers.layer().0;
    let last = subject.analysis.layers.len().saturating_sub(1);
    let next = match command {
        Command::NextLayer => at.saturating_add(1),
        _ => at.saturating_sub(1),
    };
    let next = next.min(u16::try_from(last).unwrap_or(u16::MAX));
    fulfil(model, vec![Request::ChooseLayer(LayerIndex(next))])
}

/// Hands a command to the pane that has the keys.
fn focused(model: &mut Model, command: Command) -> Vec<Request> {
    with_reads(model, |model, reads, jobs| match (model.focus, model.tab) {
        (Focus::Preview, _) => model.preview.update(command, reads, jobs),
        (Focus::Layers, Tab::Layers) => model.layers.update(command, reads, jobs),
        (_, Tab::Layers) => model.tree.update(command, reads, jobs),
        (_, Tab::Waste) => model.waste.update(command, reads, jobs),
        (_, Tab::Files) => model.files.update(command, reads, jobs),
        (_, Tab::Treemap) => model.treemap.update(command, reads, jobs),
        (_, Tab::Image) => model.image.update(command, reads, jobs),
    })
}

fn text_typed(model: &mut Model, edit: &Edit) -> Vec<Effect> {
    if let Some(popup) = model.popups.last_mut() {
        let requests = popup.edit(edit);
        return fulfil(model, requests);
    }
    if let Some(effects) = store::text_typed(model, edit) {
        return effects;
    }
    let requests = with_reads(model, |model, reads, jobs| match (model.focus, model.tab) {
        (Focus::Preview, _) => model.preview.edit(edit, reads, jobs),
        (_, Tab::Layers) => model.tree.edit(edit, reads, jobs),
        (_, Tab::Waste) => model.waste.edit(edit, reads, jobs),
        (_, Tab::Files) => model.files.edit(edit, reads, jobs),
        (_, Tab::Image) => model.image.edit(edit, reads, jobs),
        (_, Tab::Treemap) => Vec::new(),
    });
    let mut effects = fulfil(model, requests);
    effects.extend(follow(model));
    effects
}
