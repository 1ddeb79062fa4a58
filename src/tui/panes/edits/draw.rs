//! The edits, and what to write for the one under the cursor.

use ratatui::layout::Rect;

use super::{EditRow, EditsPane};
use crate::text::{Cut, Look};
use crate::tui::layout::Arrangement;
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::reads::Reads;
use crate::tui::theme::Role;

/// The parts of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct EditsAreas {
    /// The list, with its border.
    pub(in crate::tui) list: Rect,
    /// The rows in it.
    pub(in crate::tui) rows: Rect,
    /// The lines to write, with their border; empty where there is no room.
    pub(in crate::tui) lines: Rect,
}

/// Rows that the list keeps beside the lines.
const LEAST_LIST: u16 = 6;

impl EditsAreas {
    /// Divides the body.
    pub(in crate::tui) fn of(area: Rect, arrangement: Arrangement) -> Self {
        let wanted = if area.height >= 34 { 10 } else { 7 };
        let has_lines = arrangement > Arrangement::Bare && area.height >= LEAST_LIST + wanted;
        let lines = if has_lines { wanted } else { 0 };
        let list = Rect {
            height: area.height - lines,
            ..area
        };
        Self {
            list,
            rows: arrangement.inner(list),
            lines: Rect {
                y: list.bottom(),
                height: lines,
                ..area
            },
        }
    }
}

pub(in crate::tui) fn draw(pane: &EditsPane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let areas = EditsAreas::of(reads.area, paint.arrangement);
    let applied = pane.list.rows.iter().filter(|row| row.is_applied).count();
    let note = match (pane.job, applied) {
        (Some(_), _) => format!("working{}", paint.look.ellipsis()),
        (None, 0) => format!("none applied   {}", pane.list.position()),
        (None, applied) => format!("{applied} applied   {}", pane.list.position()),
    };
    paint.pane(areas.list, "Edits: what to write instead", &note, keys);
    let empty = match (&pane.subject, pane.job) {
        (None, Some(_)) => "looking for edits",
        (None, None) => "edits are looked for once every layer is read",
        (Some(_), _) => "nothing can be written otherwise that would certainly help",
    };
    pane.list
        .draw_rows(areas.rows, empty, keys, paint, |row, line, paint| {
            draw_row(row, line, paint);
        });
    if !areas.lines.is_empty() {
        draw_lines(pane, areas.lines, paint);
    }
}

/// Columns of a size with its sign.
const SIZE: u16 = 11;
/// Columns of the layers, from the width on where there is room for them.
const LAYERS: u16 = 9;
const LAYERS_FROM: u16 = 60;

fn draw_row(row: &EditRow, line: Rect, paint: &mut Paint<'_>) {
    let (mark, role) = if row.is_applied {
        ("[x]", Role::Strong)
    } else {
        ("[ ]", Role::Plain)
    };
    paint.text(line, mark, role);
    let mut rest = behind(line, 4);
    let saves = row.saves.map(|bytes| saved(bytes, paint.look));
    let place = Rect {
        width: SIZE.min(rest.width),
        ..rest
    };
    paint.text_right(place, &saves.unwrap_or_default(), Role::Waste);
    rest = behind(rest, SIZE + 2);
    if line.width >= LAYERS_FROM {
        let place = Rect {
            width: LAYERS,
            ..rest
        };
        paint.text(place, &row.layers, Role::Dim);
        rest = behind(rest, LAYERS + 1);
    }
    paint.text_cut(rest, &row.goal, Cut::End, role);
}

fn saved(bytes: u64, look: Look) -> String {
    match bytes {
        0 => "-".to_owned(),
        bytes => format!("-{}", look.units.size(bytes)),
    }
}

fn draw_lines(pane: &EditsPane, place: Rect, paint: &mut Paint<'_>) {
    let inner = paint.pane(place, "Dockerfile", "", Keys::Elsewhere);
    let Some(row) = pane.list.selected() else {
        return;
    };
    let before = row.before.iter().map(|line| ("-", Role::Dim, line));
    let after = row.after.iter().map(|line| ("+", Role::Good, line));
    let mut places = inner.rows();
    if row.after.is_empty()
        && let Some(line) = places.next()
    {
        paint.text(behind(line, 1), &row.goal, Role::Strong);
    }
    for (line, (sign, role, text)) in places.zip(before.chain(after)) {
        paint.text(behind(line, 1), sign, role);
        paint.text(behind(line, 3), text, role);
    }
}
