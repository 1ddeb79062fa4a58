//! Directories as areas.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::super::tree::TreeMode;
use super::label::Labels;
use super::lines::{Lines, Weight};
use super::picture::{Canvas, Drawing, Picture, Tile};
use super::{Colour, TreemapPane};
use super::{label, rows};
use crate::text::Cut;
use crate::tui::paint::{Keys, Paint};
use crate::tui::reads::Reads;
use crate::tui::theme::Role;

pub(in crate::tui) fn draw(
    pane: &TreemapPane,
    reads: &Reads<'_>,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let (subject, place) = (reads.subject, reads.area);
    let labels = Labels { pane, subject };
    let canvas = Canvas::of(place, paint.arrangement);
    if pane.picture.tiles.is_empty() || pane.picture.form == Drawing::Rows {
        let title = title(pane, reads, paint);
        let inner = paint.pane(place, &title, note(pane), keys);
        return rows::draw(&labels, inner, keys, paint);
    }
    let mut lines = Lines::new(canvas.cells.width + 2, canvas.cells.height + 2);
    outline(&pane.picture, &mut lines);
    lines.draw(canvas, paint);
    for (at, tile) in pane.picture.tiles.iter().enumerate() {
        let is_picked = at == pane.picture.at;
        draw_tile(&labels, tile, canvas, paint);
        if is_picked {
            let role = match keys {
                Keys::Here => Role::Cursor,
                Keys::Elsewhere => Role::Selected,
            };
            let name = on_screen(first_line(tile.interior()), canvas);
            paint.tint(name, role);
        }
    }
    if canvas.outside == 0 {
        let title = title(pane, reads, paint);
        head(&title, note(pane), place, paint);
    }
}

/// Puts the lines of all tiles together, those of the cursor last.
fn outline(picture: &Picture, lines: &mut Lines) {
    for tile in &picture.tiles {
        lines.outline(tile.place, Weight::Light);
        for inner in &tile.inside {
            lines.outline(inner.place, Weight::Light);
        }
    }
    if let Some(tile) = picture.selected() {
        lines.outline(tile.place, Weight::Heavy);
    }
}

/// Writes the title into the upper line and the note into the lower.
fn head(title: &str, note: &str, place: Rect, paint: &mut Paint<'_>) {
    let room = place.width.saturating_sub(4);
    let line = |y: u16| Rect::new(place.x.saturating_add(2), y, room, 1);
    paint.text_cut(
        line(place.y),
        &format!(" {title} "),
        Cut::Middle,
        Role::Focus,
    );
    let bottom = place.bottom().saturating_sub(1);
    paint.text_right(line(bottom), &format!(" {note} "), Role::Focus);
}

/// Returns the title, without what is said elsewhere too where there is no room for it.
fn title(pane: &TreemapPane, reads: &Reads<'_>, paint: &Paint<'_>) -> String {
    let path = paint
        .look
        .shown(&reads.subject.tree().path(pane.directory()));
    let size = paint.look.units.size(pane.total());
    let layer = reads.layer;
    let scope = match pane.mode {
        TreeMode::Layer => format!("layer L{layer}"),
        TreeMode::Accumulated => format!("up to layer L{layer}"),
        TreeMode::Merged => "merged".to_owned(),
    };
    let small = if pane.is_small_only() {
        "small entries of "
    } else {
        ""
    };
    let short = format!("{scope}   {small}/{path}   {size}");
    let long = format!("Treemap: {short}");
    if long.width() + 8 <= usize::from(reads.area.width) {
        long
    } else {
        short
    }
}

fn note(pane: &TreemapPane) -> &'static str {
    match pane.colour() {
        Colour::Change => "colour: change",
        Colour::Waste => "colour: waste",
    }
}

fn draw_tile(labels: &Labels<'_>, tile: &Tile, canvas: Canvas, paint: &mut Paint<'_>) {
    let interior = on_screen(tile.interior(), canvas);
    if tile.inside.is_empty() {
        labels.draw_block(tile, labels.pane.directory(), interior, paint);
        return;
    }
    labels.draw_line(tile, first_line(interior), paint);
    for inner in &tile.inside {
        let place = on_screen(inner.interior(), canvas);
        labels.draw_block(inner, label::path_of(tile), place, paint);
    }
}

const fn first_line(place: Rect) -> Rect {
    Rect {
        height: if place.height > 1 { 1 } else { place.height },
        ..place
    }
}

/// Moves a place among the lines to its cells, without those outside.
fn on_screen(place: Rect, canvas: Canvas) -> Rect {
    let cells = canvas.cells;
    let left = place.x.max(canvas.outside) - canvas.outside;
    let top = place.y.max(canvas.outside) - canvas.outside;
    let right = place.right().saturating_sub(canvas.outside);
    let bottom = place.bottom().saturating_sub(canvas.outside);
    Rect {
        x: cells.x.saturating_add(left),
        y: cells.y.saturating_add(top),
        width: right.saturating_sub(left),
        height: bottom.saturating_sub(top),
    }
    .intersection(cells)
}
