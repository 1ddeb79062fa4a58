//! What the mouse means. Off by default, so that the terminal selects text as always.

use ratatui::layout::{Position, Rect};

use super::command::Command;
use super::layout::Arrangement;
use super::message::{Effect, Mouse};
use super::model::Model;
use super::panes::{Request, store, waste};
use super::scroll::Scroll;
use super::state::{Focus, Screen, Tab};
use super::tabs;
use super::update::{PaneArea, command_given, follow, fulfil, resize, with_place};
use crate::layer::LayerIndex;

/// Rows a turn of the wheel moves.
const WHEEL: usize = 3;

/// Does what the mouse means where it is.
pub(super) fn act(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse {
        Mouse::WheelDown(at) => turned(model, at, Command::Down),
        Mouse::WheelUp(at) => turned(model, at, Command::Up),
        Mouse::Press(at) => pressed(model, at),
    }
}

/// The wheel moves in the pane under it; the keys stay where they are.
fn turned(model: &mut Model, at: Position, command: Command) -> Vec<Effect> {
    let keys = model.focus;
    let under = pane_at(model, at).filter(|_| model.popups.is_empty());
    model.focus = under.unwrap_or(keys);
    let effects = (0..WHEEL)
        .flat_map(|_| command_given(model, command))
        .collect();
    model.focus = keys;
    effects
}

fn pressed(model: &mut Model, at: Position) -> Vec<Effect> {
    if !model.popups.is_empty() {
        return Vec::new();
    }
    match model.screen() {
        Screen::Image => {}
        Screen::Store => return pressed_store(model, at),
        Screen::Loading | Screen::Comparison => return Vec::new(),
    }
    model.said = None;
    let areas = model.areas();
    if areas.tabs.contains(at) && areas.arrangement > Arrangement::Bare {
        let keys = &model.session.keys;
        let tab = tabs::at(keys, model.tab, areas.tabs.width, at.x);
        return tab.map_or_else(Vec::new, |tab| command_given(model, tabs::command(tab)));
    }
    match pane_at(model, at) {
        Some(pane) => pressed_in(model, pane, at),
        None if model.tab == Tab::Treemap => pressed_tile(model, at),
        None => pressed_list(model, at),
    }
}

/// Shows the view whose name is pressed, or puts the cursor on a row and opens the one it is on.
fn pressed_store(model: &mut Model, at: Position) -> Vec<Effect> {
    model.said = None;
    let areas = model.areas();
    if areas.tabs.contains(at) && areas.arrangement > Arrangement::Bare {
        let tab = store::tab_at(model, areas.tabs, at.x);
        return tab.map_or_else(Vec::new, |tab| command_given(model, tab.command()));
    }
    let pane = &model.store;
    let parts = store::StoreAreas::of(areas.body, areas.arrangement, pane.tab, model.zoom);
    let [_, place, _] = store::StoreAreas::inside(parts.list, areas.arrangement, pane.has_filter());
    let list = pane.list(pane.tab);
    move_to(model, at, (place, list.scroll, list.rows.len()))
}

/// Puts the cursor on a tile, or goes into the one it is on.
fn pressed_tile(model: &mut Model, at: Position) -> Vec<Effect> {
    let Some(subject) = model.subject.clone() else {
        return Vec::new();
    };
    let was_on = with_place(model, &subject, PaneArea::Body, |model, reads, _| {
        let tile = model.treemap.tile_at(at, reads)?;
        let before = model.treemap.picture.at;
        model.treemap.go_to_tile(tile, reads);
        Some(before == tile)
    });
    if was_on == Some(true) {
        return command_given(model, Command::Open);
    }
    Vec::new()
}

/// As [`pressed_in`], in a view that is one list.
fn pressed_list(model: &mut Model, at: Position) -> Vec<Effect> {
    list_of(model).map_or_else(Vec::new, |list| move_to(model, at, list))
}

/// Puts the cursor of a list on the row that is pressed, or opens the one it is on.
fn move_to(
    model: &mut Model,
    at: Position,
    (place, scroll, rows): (Rect, Scroll, usize),
) -> Vec<Effect> {
    let down = at.y.checked_sub(place.y).filter(|_| place.contains(at));
    let row = down.map(|down| scroll.offset.saturating_add(usize::from(down)));
    let Some(row) = row.filter(|&row| row < rows) else {
        return Vec::new();
    };
    if row == scroll.at {
        return command_given(model, Command::Open);
    }
    let step = if row > scroll.at {
        Command::Down
    } else {
        Command::Up
    };
    // The list does what a move brings with it; no row on the screen is far.
    (0..row.abs_diff(scroll.at))
        .flat_map(|_| command_given(model, step))
        .collect()
}

/// Returns where the rows of the view are, its cursor and how many rows there are.
fn list_of(model: &Model) -> Option<(Rect, Scroll, usize)> {
    let subject = model.subject.as_ref()?;
    let areas = model.areas();
    let arrangement = areas.arrangement;
    match model.tab {
        Tab::Waste => {
            let parts = waste::WasteAreas::of(areas.body, arrangement, subject);
            let rows = parts.rows(arrangement, &model.waste.sieve);
            Some((rows, model.waste.scroll, model.waste.rows.len()))
        }
        Tab::Files => {
            let parts = model
                .files
                .parts(arrangement.inner(areas.body), arrangement);
            let rows = model.files.rows().len();
            Some((parts.rows, model.files.scroll, rows))
        }
        Tab::Layers | Tab::Treemap | Tab::Image => None,
    }
}

/// Gives a pane the keys and puts its cursor there; where both are there already, opens the row.
fn pressed_in(model: &mut Model, pane: Focus, at: Position) -> Vec<Effect> {
    let had_keys = model.focus == pane;
    if !had_keys {
        if pane == Focus::Preview {
            model.before_preview = model.focus;
        }
        model.focus = pane;
        resize(model, model.size);
    }
    let (row, cursor) = match pane {
        Focus::Layers => (row_at(model, PaneArea::Layers, at), model.layers.scroll.at),
        Focus::Tree => (row_at(model, PaneArea::Tree, at), model.tree.scroll.at),
        Focus::Preview => return Vec::new(),
    };
    match row {
        None => Vec::new(),
        Some(row) if row == cursor && had_keys => command_given(model, Command::Open),
        Some(row) if pane == Focus::Layers => {
            let layer = LayerIndex(u16::try_from(row).unwrap_or(u16::MAX));
            fulfil(model, vec![Request::ChooseLayer(layer)])
        }
        Some(row) => {
            model.tree.go_to_row(row);
            follow(model)
        }
    }
}

fn row_at(model: &mut Model, place: PaneArea, at: Position) -> Option<usize> {
    let subject = model.subject.clone()?;
    with_place(model, &subject, place, |model, reads, _| match place {
        PaneArea::Layers => model.layers.row_at(at.y, reads),
        _ => model.tree.row_at(at.y, reads),
    })
}

/// Returns the pane at a place; `None` outside of all, and in views that have but one.
fn pane_at(model: &Model, at: Position) -> Option<Focus> {
    let columns = model.columns();
    let panes = [
        (columns.layers, Focus::Layers),
        (columns.tree, Focus::Tree),
        (columns.preview, Focus::Preview),
    ];
    let mut under = panes
        .into_iter()
        .filter(|(place, _)| place.is_some_and(|place| place.contains(at)));
    under.next().map(|(_, pane)| pane)
}
