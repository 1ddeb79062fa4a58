//! From a message to the next state and what is to be done outside. No I/O, no clock, no terminal.

use std::sync::Arc;

use ratatui::layout::Size;

use super::command::Command;
use super::message::{Complaint, Edit, Effect, JobId, MouseMode, Msg, Outcome, VersionAt};
use super::model::{Focus, Model, Reads, Tab, Tone, ZoomState};
use super::panes::Request;
use super::panes::loading::{LayerState, LoadingPane};
use super::panes::popup::{HelpPopup, Notice, Picker, Popup, Prompt, Purpose};
use super::panes::tree::TreeMode;
use super::subject::Subject;
use crate::analysis::Stage;
use crate::layer::LayerIndex;
use crate::report::Format;
use crate::tree::PathId;

/// Begins: asks for the image to be read.
pub fn start(model: &mut Model) -> Vec<Effect> {
    load(model, None)
}

fn load(model: &mut Model, choice: Option<usize>) -> Vec<Effect> {
    let job = model.jobs.take_number();
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
            }
            Vec::new()
        }
        Msg::Done(job, outcome) => job_done(model, job, outcome),
    }
}

/// Does what a command means where the keys are.
pub(super) fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::QuitNow => return quit_now(model),
        Command::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if let Some(popup) = model.popups.last_mut() {
        let requests = popup.update(command, &model.session, model.size);
        return fulfil(model, requests);
    }
    if model.subject.is_none() && command == Command::Open {
        return browse(model);
    }
    if let Some(effects) = global(model, command) {
        return effects;
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
    let layers = loading
        .progress
        .iter()
        .flat_map(|progress| &progress.layers);
    let mut states = layers.map(|layer| layer.state);
    if states.any(|state| matches!(state, LayerState::Done | LayerState::Damaged)) {
        return vec![Effect::Browse(loading.job)];
    }
    model.said = Some((Tone::Refused, "no layer is read yet".into()));
    Vec::new()
}

fn quit_now(model: &mut Model) -> Vec<Effect> {
    if let Some(job) = model.writing.take() {
        model.said = Some((Tone::Refused, "cancelled".into()));
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
        Place::Body,
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
    if model.subject.is_none() {
        return;
    }
    model.popups.push(Popup::Prompt(Prompt {
        question: "Write a report to (.json or .txt)".into(),
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

/// Calls a pane with what it may read. The place is that of the pane that has the keys.
fn with_reads(
    model: &mut Model,
    call: impl FnOnce(&mut Model, &Reads<'_>, &mut super::model::Jobs) -> Vec<Request>,
) -> Vec<Request> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let place = Place::of_focus(model);
    with_place(model, &subject, place, call)
}

/// Which pane a place is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Layers,
    Tree,
    Preview,
    Body,
}

impl Place {
    fn of_focus(model: &Model) -> Self {
        match (model.focus, model.tab) {
            (Focus::Preview, _) => Self::Preview,
            (Focus::Layers, Tab::Layers) => Self::Layers,
            (Focus::Tree, Tab::Layers) => Self::Tree,
            _ => Self::Body,
        }
    }
}

pub(super) fn with_place<T>(
    model: &mut Model,
    subject: &Arc<Subject>,
    place: Place,
    call: impl FnOnce(&mut Model, &Reads<'_>, &mut super::model::Jobs) -> T,
) -> T {
    let areas = model.areas();
    let columns = model.columns();
    let area = match place {
        Place::Layers => columns.layers,
        Place::Tree => columns.tree,
        Place::Preview => columns.preview,
        Place::Body => Some(areas.body),
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

pub(super) fn resize(model: &mut Model, size: Size) {
    model.size = size;
    let Some(subject) = model.subject.clone() else {
        return;
    };
    with_place(model, &subject, Place::Layers, |model, reads, _| {
        model.layers.resize(reads);
    });
    with_place(model, &subject, Place::Tree, |model, reads, _| {
        model.tree.resize(reads);
    });
    with_place(model, &subject, Place::Preview, |model, reads, _| {
        model.preview.resize(reads);
    });
    with_place(model, &subject, Place::Body, |model, reads, _| {
        model.waste.resize(reads);
        model.files.resize(reads);
        model.treemap.resize(reads);
        model.image.resize(reads);
    });
}

/// Lets the preview beside the tree show what the cursor is on.
pub(super) fn follow(model: &mut Model) -> Vec<Effect> {
    let is_beside = model.tab == Tab::Layers
        && model.focus != Focus::Preview
        && model.columns().preview.is_some();
    let Some(subject) = model.subject.clone().filter(|_| is_beside) else {
        return Vec::new();
    };
    let selected = with_place(model, &subject, Place::Tree, |model, reads, _| {
        model.tree.selected(reads)
    });
    let requests = with_place(model, &subject, Place::Preview, |model, reads, jobs| {
        model.preview.follow(selected, reads, jobs)
    });
    fulfil(model, requests)
}

/// Does what panes ask of the model.
pub(super) fn fulfil(model: &mut Model, requests: Vec<Request>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut requests = requests.into_iter().peekable();
    while let Some(request) = requests.next() {
        match request {
            Request::Say(tone, text) => model.said = Some((tone, text)),
            Request::Do(effect) => effects.push(effect),
            Request::GoTo { path, layer } => effects.extend(go_to(model, path, layer)),
            Request::ChooseLayer(layer) => effects.extend(choose_layer(model, layer)),
            Request::Look(version) => effects.extend(look(model, version)),
            Request::LeavePreview => {
                model.focus = model.before_preview;
                resize(model, model.size);
            }
            Request::FocusTree => {
                model.focus = Focus::Tree;
                resize(model, model.size);
            }
            Request::ShowView(tab) => effects.extend(show_tab(model, tab)),
            Request::Tree(command) => effects.extend(tell_tree(model, command)),
            Request::ZoomOut => {
                model.zoom = ZoomState::Shared;
                resize(model, model.size);
            }
            Request::Show(popup) => model.popups.push(popup),
            Request::Close => {
                model.popups.pop();
                // A choice that was not made leaves nothing to look at.
                let is_choosing = matches!(requests.peek(), Some(Request::Choose(_)));
                if model.popups.is_empty()
                    && model.subject.is_none()
                    && model.loading.is_none()
                    && !is_choosing
                {
                    effects.push(Effect::Quit);
                }
            }
            Request::Choose(index) => effects.extend(load(model, Some(index))),
            Request::Answer(purpose, text) => effects.extend(answer(model, purpose, &text)),
        }
    }
    effects
}

fn tell_tree(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let requests = with_place(model, &subject, Place::Tree, |model, reads, jobs| {
        model.tree.update(command, reads, jobs)
    });
    fulfil(model, requests)
}

fn go_to(model: &mut Model, path: PathId, layer: Option<LayerIndex>) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    model.focus = Focus::Tree;
    let mut effects = show_tab(model, Tab::Layers);
    let mode = match layer {
        None => TreeMode::Merged,
        Some(layer) => {
            effects.extend(choose_layer(model, layer));
            TreeMode::Layer
        }
    };
    with_place(model, &subject, Place::Tree, |model, reads, _| {
        model.tree.set_mode(mode, reads);
        model.tree.go_to(path, reads);
    });
    effects.extend(follow(model));
    effects
}

fn choose_layer(model: &mut Model, layer: LayerIndex) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    with_place(model, &subject, Place::Layers, |model, reads, _| {
        model.layers.choose(layer, reads);
    });
    with_place(model, &subject, Place::Tree, |model, reads, _| {
        model.tree.choose(layer, reads);
    });
    let mut effects = enter_view(model);
    effects.extend(follow(model));
    effects
}

fn look(model: &mut Model, version: VersionAt) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    if model.focus != Focus::Preview {
        model.before_preview = model.focus;
        model.focus = Focus::Preview;
        resize(model, model.size);
    }
    let requests = with_place(model, &subject, Place::Preview, |model, reads, jobs| {
        model.preview.look(version, reads, jobs)
    });
    fulfil(model, requests)
}

fn answer(model: &mut Model, purpose: Purpose, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if text.is_empty() {
        model.said = Some((
            Tone::Refused,
            "nothing was written: no name was given".into(),
        ));
        return Vec::new();
    }
    let job = model.jobs.take_number();
    model.writing = Some(job);
    match purpose {
        Purpose::Extract { paths, scope } => vec![Effect::Extract {
            job,
            paths,
            scope,
            directory: text.into(),
            units: model.session.look.units,
        }],
        Purpose::Export => vec![Effect::Export {
            job,
            format: format_of(text),
            look: model.session.look,
            file: text.into(),
        }],
    }
}

/// Reads the format of a report from the ending of its file.
fn format_of(name: &str) -> Format {
    let ending = name.rsplit('.').next().unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "txt" | "text" => Format::Text,
        _ => Format::Json,
    }
}

fn job_done(model: &mut Model, job: JobId, outcome: Outcome) -> Vec<Effect> {
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
                scroll: super::scroll::Scroll::default(),
            }));
        }
        Outcome::Loaded(_) | Outcome::Choices(_) => {}
        Outcome::Read(content) => preview_done(model, |model, reads| {
            model.preview.take(job, &content, reads);
        }),
        Outcome::Compared(difference) => preview_done(model, |model, reads| {
            model.preview.compare(job, &difference, reads);
        }),
        Outcome::Ranked(ranking) => {
            if let Some(subject) = model.subject.clone() {
                with_place(model, &subject, Place::Body, |model, reads, _| {
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
        }
    }
    Vec::new()
}

fn preview_done(model: &mut Model, call: impl FnOnce(&mut Model, &Reads<'_>)) {
    if let Some(subject) = model.subject.clone() {
        with_place(model, &subject, Place::Preview, |model, reads, _| {
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
    }
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
    with_place(model, &subject, Place::Layers, |model, reads, _| {
        model.layers.show(reads);
    });
    if is_first {
        let first = super::panes::layers::first_choice(&subject);
        with_place(model, &subject, Place::Layers, |model, reads, _| {
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
    with_place(model, &subject, Place::Tree, |model, reads, _| {
        model.tree.show(layer, reads);
    });
    with_place(model, &subject, Place::Preview, |model, reads, _| {
        model.preview.show(reads);
    });
    with_place(model, &subject, Place::Body, |model, reads, _| {
        model.waste.show(reads);
        model.files.show(reads);
        model.treemap.show(reads);
        model.image.show(reads);
    });
    let mut effects = enter_view(model);
    effects.extend(follow(model));
    effects
}
