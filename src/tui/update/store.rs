//! Stores: what is on the screen of them, what is opened, what is compared.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{fulfil, quit_now, resize as resize_all};
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::ids::JobId;
use crate::tui::message::Effect;
use crate::tui::model::{Entered, Model};
use crate::tui::panes::comparison::{ComparisonAreas, ComparisonPane};
use crate::tui::panes::files::FilesPane;
use crate::tui::panes::image::ImagePane;
use crate::tui::panes::layers::LayersPane;
use crate::tui::panes::loading::LoadingPane;
use crate::tui::panes::preview::PreviewPane;
use crate::tui::panes::store::{Key, StoreReads, names};
use crate::tui::panes::tree::TreePane;
use crate::tui::panes::treemap::TreemapPane;
use crate::tui::panes::waste::WastePane;
use crate::tui::results::StoreComparison;
use crate::tui::state::{Focus, Screen, Tab, Tone};
use crate::tui::store_subject::{Item, Known, StoreSubject, What};

const READING_AGAIN: &str = "reading the store again";

/// Takes stores, new ones or the same with more known about them.
pub(super) fn take(model: &mut Model, job: JobId, stores: Arc<StoreSubject>) {
    let is_loading = model
        .loading
        .as_ref()
        .is_some_and(|loading| loading.job == job && model.entered.is_none());
    if !is_loading && model.measuring != Some(job) {
        return;
    }
    if is_loading {
        model.loading = None;
    }
    model.measuring = (stores.known == Known::Records).then_some(job);
    let is_over = model.measuring.is_none();
    if is_over
        && model
            .said
            .as_ref()
            .is_some_and(|(_, said)| said == READING_AGAIN)
    {
        model.said = Some((Tone::Done, "the store was read again".into()));
    }
    model.stores = Some(stores);
    with_store(model, |model, reads| model.store.show(reads));
}

/// Forgets a job that came to nothing.
pub(super) fn ended(model: &mut Model, job: JobId) {
    if model.measuring == Some(job) {
        model.measuring = None;
    }
    let is_it = |pane: &ComparisonPane| pane.job == Some(job);
    if model.comparison.as_ref().is_some_and(is_it) {
        model.comparison = None;
    }
}

/// Reads the records again and measures anew; what is on the screen stays until then.
pub(super) fn read_again(model: &mut Model, job: JobId) -> Vec<Effect> {
    let former = model.measuring.replace(job);
    model.said = Some((Tone::Done, READING_AGAIN.into()));
    let cancel = former.map(Effect::Cancel);
    let load = Effect::Load { job, choice: None };
    cancel.into_iter().chain([load]).collect()
}

/// Calls the pane with what it may read.
fn with_store<T: Default>(
    model: &mut Model,
    call: impl FnOnce(&mut Model, &StoreReads<'_>) -> T,
) -> T {
    let Some(subject) = model.stores.clone() else {
        return T::default();
    };
    let areas = model.areas();
    let session = Arc::clone(&model.session);
    let reads = StoreReads {
        subject: &subject,
        session: &session,
        body: areas.body,
        arrangement: areas.arrangement,
        zoom: model.zoom,
    };
    call(model, &reads)
}

/// Fits what is on the screen of stores to its size.
pub(super) fn resize(model: &mut Model) {
    with_store(model, |model, reads| model.store.resize(reads));
    let height = comparison_height(model);
    if let Some(pane) = &mut model.comparison {
        pane.fit(height);
    }
}

fn comparison_height(model: &Model) -> usize {
    let areas = model.areas();
    let rows = model.comparison.as_ref().map_or(Rect::ZERO, |pane| {
        ComparisonAreas::of(areas.body, areas.arrangement, &pane.sieve).rows
    });
    usize::from(rows.height)
}

/// Does what a command means on the screens of stores; `None` where it means what it always does.
pub(super) fn command_given(model: &mut Model, command: Command) -> Option<Vec<Effect>> {
    let is_global = matches!(
        command,
        Command::Help | Command::Reload | Command::ToggleMouse | Command::Export | Command::Zoom
    );
    match model.screen() {
        Screen::Store if command == Command::Quit => Some(quit_now(model)),
        Screen::Store if !is_global => {
            let requests = with_store(model, |model, reads| model.store.update(command, reads));
            Some(fulfil(model, requests))
        }
        Screen::Comparison if command != Command::Help => {
            let height = comparison_height(model);
            let requests = match &mut model.comparison {
                Some(pane) => pane.update(command, height),
                None => Vec::new(),
            };
            Some(fulfil(model, requests))
        }
        Screen::Loading if model.entered.is_some() => match command {
            Command::Quit | Command::Back => Some(leave(model)),
            _ => None,
        },
        Screen::Image if model.entered.is_some() && model.focus != Focus::Preview => {
            let leaves = command == Command::Quit
                || (command == Command::Back && has_nothing_to_undo(model));
            leaves.then(|| leave(model))
        }
        _ => None,
    }
}

/// Returns whether Esc has nothing to take back in a view that has no step back of its own.
fn has_nothing_to_undo(model: &Model) -> bool {
    match model.tab {
        // The tree and the layers ask for the step back themselves.
        Tab::Layers => false,
        Tab::Waste => !model.waste.sieve.is_shown(),
        Tab::Files => !model.files.is_sifting(),
        Tab::Treemap => !model.treemap.is_zoomed(),
        Tab::Image => !model.image.sieve.is_shown(),
    }
}

/// Takes what is typed on the screens of stores.
pub(super) fn text_typed(model: &mut Model, edit: &Edit) -> Option<Vec<Effect>> {
    match model.screen() {
        Screen::Store => {
            let requests = with_store(model, |model, reads| model.store.edit(edit, reads));
            Some(fulfil(model, requests))
        }
        Screen::Comparison => {
            let height = comparison_height(model);
            if let Some(pane) = &mut model.comparison {
                pane.edit(edit, height);
            }
            Some(Vec::new())
        }
        Screen::Loading => Some(Vec::new()),
        Screen::Image => None,
    }
}

/// Opens an image or a container, or reads it again.
pub(super) fn enter(model: &mut Model, entered: Entered) -> Vec<Effect> {
    let job = model.jobs.take_number();
    let running = model.loading.replace(LoadingPane {
        job,
        ..LoadingPane::default()
    });
    let cancel = running.map(|running| Effect::Cancel(running.job));
    model.entered = Some(entered.clone());
    let enter = Effect::Enter {
        job,
        stores: entered.stores,
        item: entered.item,
    };
    cancel.into_iter().chain([enter]).collect()
}

/// Goes back to the store; nothing of the image is kept.
pub(super) fn leave(model: &mut Model) -> Vec<Effect> {
    let cancel = model.loading.take();
    model.entered = None;
    model.subject = None;
    model.tab = Tab::default();
    model.focus = Focus::Tree;
    model.layers = LayersPane::default();
    model.tree = TreePane::default();
    model.waste = WastePane::default();
    model.files = FilesPane::default();
    model.treemap = TreemapPane::default();
    model.image = ImagePane::default();
    model.preview = PreviewPane::default();
    model.before_preview = Focus::Tree;
    model.before_jump = None;
    model.zoom = super::ZoomState::default();
    resize_all(model, model.size);
    let cancel = cancel.map(|loading| Effect::Cancel(loading.job));
    cancel.into_iter().collect()
}

/// Ctrl-C while something of a store is read: gives that up and stays with the store.
pub(super) fn give_up(model: &mut Model) -> Option<Vec<Effect>> {
    if !model.popups.is_empty() {
        return None;
    }
    let is_held = model
        .comparison
        .as_ref()
        .is_some_and(|pane| pane.job.is_some());
    let effects = match model.screen() {
        Screen::Loading if model.entered.is_some() => leave(model),
        Screen::Comparison if is_held => leave_comparison(model),
        _ => return None,
    };
    model.said = Some((Tone::Refused, "cancelled".into()));
    Some(effects)
}

/// Asks for two images or containers to be held against each other.
pub(super) fn hold(model: &mut Model, items: [Item; 2]) -> Vec<Effect> {
    let Some(stores) = model.stores.clone() else {
        return Vec::new();
    };
    let job = model.jobs.take_number();
    let names = items.map(|item| name_of(&stores, item));
    model.comparison = Some(ComparisonPane::waiting(job, names));
    vec![Effect::Hold { job, stores, items }]
}

/// Returns what an image or a container is called, unescaped.
pub(in crate::tui) fn name_of(stores: &StoreSubject, item: Item) -> String {
    let Some(store) = stores.store(item.store) else {
        return String::new();
    };
    match item.what {
        What::Image(id) => names::image_briefly(store, id),
        What::Container(id) => names::name(store, Key::Container(id)),
    }
}

/// Takes what differs.
pub(super) fn held(model: &mut Model, job: JobId, comparison: Arc<StoreComparison>) {
    let height = comparison_height(model);
    if let Some(pane) = model
        .comparison
        .as_mut()
        .filter(|pane| pane.job == Some(job))
    {
        pane.take(comparison, height);
    }
}

/// Goes back to the store.
pub(super) fn leave_comparison(model: &mut Model) -> Vec<Effect> {
    let pane = model.comparison.take();
    let cancel = pane.and_then(|pane| pane.job).map(Effect::Cancel);
    cancel.into_iter().collect()
}
