//! What panes ask of the model.

use std::path::PathBuf;
use std::sync::Arc;

use super::image::on_image;
use super::{comparison, leave, load, store, zoom_out};
use crate::report::Format;
use crate::tui::ids::JobId;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::panes::Request;
use crate::tui::panes::popup::Purpose;
use crate::tui::screen::Screen;
use crate::tui::state::{Focus, Tone};

/// Does what panes ask of the model.
pub(super) fn fulfil(model: &mut Model, requests: Vec<Request>) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut requests = requests.into_iter().peekable();
    while let Some(request) = requests.next() {
        effects.extend(match request {
            Request::Say(said) => {
                model.said = Some(said);
                Vec::new()
            }
            Request::Do(effect) => vec![effect],
            Request::Show(popup) => {
                model.popups.push(popup);
                Vec::new()
            }
            // A choice that was not made leaves nothing to look at.
            Request::Close => close(model)
                .filter(|_| !is_choice(requests.peek()))
                .into_iter()
                .collect(),
            Request::Choose(index) => load(model, Some(index)),
            Request::Answer(purpose, text) => answer(model, purpose, &text),
            Request::ZoomOut if zoom_out(model) => Vec::new(),
            Request::ZoomOut => step_back(model),
            Request::Open(item) => store::open(model, item),
            Request::Compare(items) => comparison::compare(model, items),
            Request::LeaveComparison => leave(model),
            request => of_image(model, request),
        });
    }
    effects
}

/// Does what a pane of an image asks of another one.
fn of_image(model: &mut Model, request: Request) -> Vec<Effect> {
    on_image(model, |image, around, jobs| match request {
        Request::GoTo { path, layer } => image.go_to(path, layer, around, jobs),
        Request::ShowWaste { path, layer } => image.show_waste(path, layer, around, jobs),
        Request::ShowEdits => image.show_edits(around, jobs),
        Request::LeaveEdits => image.leave_edits(around, jobs),
        Request::TryEdits => image.try_edits(around, jobs),
        Request::SeeTried => image.see_tried(around, jobs),
        Request::TryWithout { layer, places } => image.try_without(layer, places, around, jobs),
        Request::ChooseLayer(layer) => image.choose_layer(layer, around, jobs),
        Request::Look(version) => image.look(version, around, jobs),
        Request::LeavePreview => image.give_keys(image.before_preview, around),
        Request::FocusTree => image.give_keys(Focus::Tree, around),
        Request::ShowView(tab) => image.show_tab(tab, around, jobs),
        Request::Tree(command) => image.tell_tree(command, around),
        _ => Vec::new(),
    })
}

const fn is_choice(request: Option<&Request>) -> bool {
    matches!(request, Some(Request::Choose(_)))
}

/// Takes away what is on top; leaves where that was all there is to see.
fn close(model: &mut Model) -> Option<Effect> {
    let is_last = model.is_last_popup();
    model.popups.pop();
    is_last.then_some(Effect::Quit)
}

/// Goes back to where a jump into the tree came from, or from an image to its store.
fn step_back(model: &mut Model) -> Vec<Effect> {
    let (screen, around, jobs) = model.screen_and_around();
    let Screen::Image(image) = screen else {
        return Vec::new();
    };
    match image.jump_back(around, jobs) {
        Some(requests) => fulfil(model, requests),
        None => leave(model),
    }
}

fn answer(model: &mut Model, purpose: Purpose, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if text.is_empty() {
        model.say(Tone::Refused, "nothing was written: no name was given");
        return Vec::new();
    }
    if let Purpose::Squash = purpose {
        return on_image(model, |image, around, jobs| {
            image.squash(text, around, jobs)
        });
    }
    if model
        .image()
        .is_some_and(|image| image.subject.as_it_is.is_some())
    {
        let words = "nothing was written: this is the image as it would be; Esc shows it as it is";
        model.say(Tone::Refused, words);
        return Vec::new();
    }
    let job = model.jobs.take_number();
    let effect = match purpose {
        Purpose::Squash => return Vec::new(),
        Purpose::Extract { paths, scope } => Effect::Extract {
            job,
            paths,
            scope,
            directory: text.into(),
            units: model.session.look.units,
        },
        Purpose::Export => match Format::of_file(text) {
            Some(format) => export(model, job, format, text.into()),
            None => return unknown_format(model),
        },
    };
    model.writing = Some(job);
    vec![effect]
}

fn unknown_format(model: &mut Model) -> Vec<Effect> {
    let words = match &model.screen {
        Screen::Store(_) => "nothing was written: the name has to end with .json, .txt or .ncdu",
        _ => "nothing was written: the name has to end with .json or .txt",
    };
    model.say(Tone::Refused, words);
    Vec::new()
}

fn export(model: &Model, job: JobId, format: Format, file: PathBuf) -> Effect {
    let look = model.session.look;
    match &model.screen {
        Screen::Store(store) => Effect::ExportStore {
            job,
            stores: Arc::clone(&store.subject),
            format,
            look,
            file,
        },
        _ => Effect::Export {
            job,
            format,
            look,
            file,
        },
    }
}
