//! What panes ask of the model.

use super::{PaneArea, enter_view, follow, load, resize, show_tab, with_place};
use crate::layer::LayerIndex;
use crate::report::Format;
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::ids::VersionAt;
use crate::tui::message::Effect;
use crate::tui::model::{Entered, Model};
use crate::tui::panes::Request;
use crate::tui::panes::popup::Purpose;
use crate::tui::panes::tree::TreeMode;
use crate::tui::state::{Focus, Screen, Tab, Tone, ZoomState};

/// Does what panes ask of the model.
pub(in crate::tui) fn fulfil(model: &mut Model, requests: Vec<Request>) -> Vec<Effect> {
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
            Request::ZoomOut if model.zoom == ZoomState::Zoomed => {
                model.zoom = ZoomState::Shared;
                resize(model, model.size);
            }
            Request::ZoomOut => {
                if let Some(tab) = model.before_jump.take() {
                    effects.extend(show_tab(model, tab));
                } else if model.screen() == Screen::Image && model.entered.is_some() {
                    effects.extend(super::store::leave(model));
                }
            }
            Request::Show(popup) => model.popups.push(popup),
            Request::Close => {
                model.popups.pop();
                // A choice that was not made leaves nothing to look at.
                let is_choosing = matches!(requests.peek(), Some(Request::Choose(_)));
                if model.popups.is_empty()
                    && model.screen() == Screen::Loading
                    && model.loading.is_none()
                    && !is_choosing
                {
                    effects.push(Effect::Quit);
                }
            }
            Request::Choose(index) => effects.extend(load(model, Some(index))),
            Request::Enter(item) => {
                if let Some(stores) = model.stores.clone() {
                    effects.extend(super::store::enter(model, Entered { stores, item }));
                }
            }
            Request::Compare(first, second) => {
                effects.extend(super::store::hold(model, [first, second]));
            }
            Request::LeaveComparison => effects.extend(super::store::leave_comparison(model)),
            Request::Answer(purpose, text) => effects.extend(answer(model, purpose, &text)),
        }
    }
    effects
}

fn tell_tree(model: &mut Model, command: Command) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let requests = with_place(model, &subject, PaneArea::Tree, |model, reads, jobs| {
        model.tree.update(command, reads, jobs)
    });
    fulfil(model, requests)
}

pub(super) fn go_to(model: &mut Model, path: PathId, layer: Option<LayerIndex>) -> Vec<Effect> {
    let before = Some(model.tab).filter(|tab| *tab != Tab::Layers);
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    model.focus = Focus::Tree;
    let mut effects = show_tab(model, Tab::Layers);
    model.before_jump = before;
    let mode = match layer {
        None => TreeMode::Merged,
        Some(layer) => {
            effects.extend(choose_layer(model, layer));
            TreeMode::Layer
        }
    };
    with_place(model, &subject, PaneArea::Tree, |model, reads, _| {
        model.tree.set_mode(mode, reads);
        model.tree.go_to(path, reads);
    });
    effects.extend(follow(model));
    effects
}

pub(super) fn choose_layer(model: &mut Model, layer: LayerIndex) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    with_place(model, &subject, PaneArea::Layers, |model, reads, _| {
        model.layers.choose(layer, reads);
    });
    with_place(model, &subject, PaneArea::Tree, |model, reads, _| {
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
    let requests = with_place(model, &subject, PaneArea::Preview, |model, reads, jobs| {
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
    let look = model.session.look;
    let effect = match purpose {
        Purpose::Extract { paths, scope } => Effect::Extract {
            job,
            paths,
            scope,
            directory: text.into(),
            units: look.units,
        },
        Purpose::Export => {
            let Some(format) = Format::of_file(text) else {
                let words = match model.screen() {
                    Screen::Store => {
                        "nothing was written: the name has to end with .json, .txt or .ncdu"
                    }
                    _ => "nothing was written: the name has to end with .json or .txt",
                };
                model.said = Some((Tone::Refused, words.into()));
                return Vec::new();
            };
            if model.screen() == Screen::Store
                && let Some(stores) = model.stores.clone()
            {
                model.writing = Some(job);
                return vec![Effect::ExportStore {
                    job,
                    stores,
                    format,
                    look,
                    file: text.into(),
                }];
            }
            Effect::Export {
                job,
                format,
                look,
                file: text.into(),
            }
        }
    };
    model.writing = Some(job);
    vec![effect]
}
