//! What the mouse means. Off by default, so that the terminal selects text as always.

use ratatui::layout::Position;

use super::command_given;
use super::image::{follow, on_image};
use crate::layer::LayerIndex;
use crate::tui::command::Command;
use crate::tui::layout::Arrangement;
use crate::tui::message::{Effect, Mouse};
use crate::tui::model::Model;
use crate::tui::panes::Request;
use crate::tui::reads::Surroundings;
use crate::tui::screen::{ImageScreen, Screen};
use crate::tui::state::{Focus, Pane, Tab};
use crate::tui::table::RowsPlace;
use crate::tui::tabs::TabLine;

/// Rows a turn of the wheel moves.
const WHEEL: usize = 3;

/// Does what the mouse means where it is.
pub(super) fn act(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse {
        Mouse::WheelDown(at) => turned(model, at, Command::Down),
        Mouse::WheelUp(at) => turned(model, at, Command::Up),
        Mouse::Press(at) if model.popups.is_empty() => pressed(model, at),
        Mouse::Press(_) => Vec::new(),
    }
}

/// The wheel moves in the pane under it; the keys stay where they are.
fn turned(model: &mut Model, at: Position, command: Command) -> Vec<Effect> {
    let keys = model.image().map(|image| image.focus);
    let under = model
        .image()
        .and_then(|image| image.focus_at(at, model.around()));
    set_focus(model, under.filter(|_| model.popups.is_empty()));
    let effects = (0..WHEEL)
        .flat_map(|_| command_given(model, command))
        .collect();
    set_focus(model, keys);
    effects
}

fn set_focus(model: &mut Model, focus: Option<Focus>) {
    if let (Screen::Image(image), Some(focus)) = (&mut model.screen, focus) {
        image.focus = focus;
    }
}

fn pressed(model: &mut Model, at: Position) -> Vec<Effect> {
    if matches!(model.screen, Screen::Loading(_) | Screen::Comparison(_)) {
        return Vec::new();
    }
    model.said = None;
    let areas = model.areas();
    if areas.tabs.contains(at) && areas.arrangement > Arrangement::Bare {
        let command = tab_at(model, at);
        return command.map_or_else(Vec::new, |command| command_given(model, command));
    }
    let around = model.around();
    match &model.screen {
        Screen::Store(store) => {
            let rows = store.pane.rows_place(&store.reads(around));
            move_to(model, at, rows)
        }
        Screen::Image(image) => match image.focus_at(at, around) {
            Some(focus) => pressed_in(model, focus, at),
            None if image.tab == Tab::Treemap => pressed_tile(model, at),
            None => {
                let pane = image.pane();
                let list = image.panes.list(pane, &image.reads(pane, around));
                list.map_or_else(Vec::new, |list| move_to(model, at, list))
            }
        },
        Screen::Loading(_) | Screen::Comparison(_) => Vec::new(),
    }
}

/// Returns what shows the view whose name is pressed.
fn tab_at(model: &Model, at: Position) -> Option<Command> {
    let keys = &model.session.keys;
    let tabs = match &model.screen {
        Screen::Image(image) => TabLine::of_image(keys, image.tab),
        Screen::Store(store) => TabLine::of_store(keys, store.pane.tab),
        Screen::Loading(_) | Screen::Comparison(_) => return None,
    };
    tabs.at(model.areas().tabs, at.x)
}

impl ImageScreen {
    /// Returns the pane at a place; `None` outside of all, and in views that have but one.
    fn focus_at(&self, at: Position, around: Surroundings<'_>) -> Option<Focus> {
        let columns = self.columns(around.size);
        let panes = [
            (columns.layers, Focus::Layers),
            (columns.tree, Focus::Tree),
            (columns.preview, Focus::Preview),
        ];
        let mut under = panes
            .into_iter()
            .filter(|(place, _)| place.is_some_and(|place| place.contains(at)));
        under.next().map(|(_, focus)| focus)
    }
}

/// Puts the cursor on a tile, or goes into the one it is on.
fn pressed_tile(model: &mut Model, at: Position) -> Vec<Effect> {
    let (screen, around, _) = model.screen_and_around();
    let Screen::Image(image) = screen else {
        return Vec::new();
    };
    let (panes, reads) = image.panes_and_reads(Pane::Treemap, around);
    let Some(tile) = panes.treemap.tile_at(at, &reads) else {
        return Vec::new();
    };
    let before = panes.treemap.picture.at;
    panes.treemap.go_to_tile(tile, &reads);
    if before == tile {
        return command_given(model, Command::Open);
    }
    Vec::new()
}

/// Puts the cursor of a list on the row that is pressed, or opens the one it is on.
fn move_to(model: &mut Model, at: Position, list: RowsPlace) -> Vec<Effect> {
    let Some(row) = list.row_at(at) else {
        return Vec::new();
    };
    let cursor = list.scroll.at;
    if row == cursor {
        return command_given(model, Command::Open);
    }
    let step = if row > cursor {
        Command::Down
    } else {
        Command::Up
    };
    // The list does what a move brings with it; no row on the screen is far.
    (0..row.abs_diff(cursor))
        .flat_map(|_| command_given(model, step))
        .collect()
}

/// Gives a pane the keys and puts its cursor there; where both are there already, opens the row.
fn pressed_in(model: &mut Model, focus: Focus, at: Position) -> Vec<Effect> {
    let (screen, around, _) = model.screen_and_around();
    let Screen::Image(image) = screen else {
        return Vec::new();
    };
    let had_keys = image.focus == focus;
    if !had_keys {
        image.give_keys(focus, around);
    }
    let pane = image.pane();
    let reads = image.reads(pane, around);
    let rows = match focus {
        Focus::Layers => image.panes.layers.rows_place(&reads),
        Focus::Tree => image.panes.tree.rows_place(&reads),
        Focus::Preview => return Vec::new(),
    };
    match rows.row_at_line(at.y) {
        None => Vec::new(),
        Some(row) if row == rows.scroll.at && had_keys => command_given(model, Command::Open),
        Some(row) if focus == Focus::Layers => on_image(model, |_, _, _| {
            let layer = LayerIndex(u16::try_from(row).unwrap_or(u16::MAX));
            vec![Request::ChooseLayer(layer)]
        }),
        Some(row) => {
            image.panes.tree.go_to_row(row);
            follow(model)
        }
    }
}
