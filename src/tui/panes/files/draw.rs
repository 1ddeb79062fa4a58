//! The flat list of files.

use ratatui::layout::Rect;

use super::FilesPane;
use super::cells::{Cells, Column};
use super::finder::Reach;
use super::row::{FileRow, shown_path};
use super::{cells, path};
use crate::browse::{Counted, FlatView};
use crate::text::Cut;
use crate::tui::layout::Arrangement;
use crate::tui::paint::{Keys, Paint};
use crate::tui::reads::Reads;
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units::count;

pub(in crate::tui) fn draw(pane: &FilesPane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let (subject, place) = (reads.subject, reads.area);
    let inner = paint.pane(place, title(pane), &note(pane), keys);
    let parts = pane.parts(inner, paint.arrangement);
    draw_finder(pane, parts.finder, paint);
    let cells = Cells::of(parts.rows.width, pane, subject, paint.arrangement);
    draw_titles(&cells, parts.titles, paint);
    let height = usize::from(parts.rows.height);
    if pane.rows().is_empty() && height > 0 {
        let style = paint.style(Role::Dim);
        let words = empty(pane, subject);
        paint.text(line_of(parts.rows, 0), &words, style);
    }
    let visible = pane.scroll.visible(pane.rows().len(), height);
    for (y, at) in (0u16..).zip(visible) {
        let place = line_of(parts.rows, y);
        draw_row(subject, pane, at, &cells, (place, paint));
        if at == pane.scroll.at {
            paint.tint(
                place,
                match keys {
                    Keys::Here => Role::Cursor,
                    Keys::Elsewhere => Role::Selected,
                },
            );
        }
    }
}

fn line_of(place: Rect, y: u16) -> Rect {
    Rect {
        y: place.y.saturating_add(y),
        height: 1,
        ..place
    }
}

const fn title(pane: &FilesPane) -> &'static str {
    match (pane.finder.reach, pane.view) {
        (Reach::Everything(_), _) => "Find: all paths of all layers",
        (Reach::List, FlatView::Merged) => "Files: merged (what the container sees)",
        (Reach::List, FlatView::Versions) => "Files: every version in every layer",
    }
}

fn note(pane: &FilesPane) -> String {
    let rows = pane.rows().len();
    if rows == 0 {
        return String::new();
    }
    let at = count(pane.scroll.at as u64 + 1);
    let of = count(rows as u64);
    format!("{}   {at} of {of}", pane.sorting().words())
}

fn empty(pane: &FilesPane, subject: &Subject) -> String {
    if pane.finder.is_waiting() {
        return "searching".into();
    }
    match (pane.finder.is_on(), pane.finder.reach, pane.view) {
        (true, ..) => "nothing matches; Esc clears".into(),
        (false, Reach::Everything(_), _) => {
            let paths = count(subject.tree().len().saturating_sub(1) as u64);
            format!("type parts of a path: {paths} paths, deleted ones too")
        }
        (false, Reach::List, FlatView::Merged) => {
            "no files in the merged view; m every version of every layer".into()
        }
        (false, Reach::List, FlatView::Versions) => "no layer stores a file".into(),
    }
}

/// Draws what is looked for, and how much of it was found.
fn draw_finder(pane: &FilesPane, place: Rect, paint: &mut Paint<'_>) {
    if place.is_empty() {
        return;
    }
    let finder = &pane.finder;
    let sign = match finder.reach {
        Reach::List => "/",
        Reach::Everything(_) => "F ",
    };
    let counts = match &finder.ranking {
        _ if finder.is_waiting() => paint.look.ellipsis().to_owned(),
        Some(ranking) => {
            let of = count(u64::from(ranking.looked_at));
            let found = count(u64::from(ranking.matched));
            let best = if (ranking.matched as usize) > ranking.paths.len() {
                format!(", best {}", count(ranking.paths.len() as u64))
            } else {
                String::new()
            };
            format!("{found} of {of} paths{best}")
        }
        None => String::new(),
    };
    let strong = paint.style(Role::Strong);
    let used = paint.text(place, sign, strong);
    let room = Rect {
        x: place.x.saturating_add(used),
        width: place.width.saturating_sub(used),
        ..place
    };
    let plain = paint.style(Role::Plain);
    let counts_width = u16::try_from(counts.chars().count() + 2).unwrap_or(u16::MAX);
    let text_room = Rect {
        width: room.width.saturating_sub(counts_width),
        ..room
    };
    draw_line(pane, text_room, paint);
    if text_room.width >= 4 {
        paint.text_right(room, &counts, plain);
    }
}

/// Draws the line being typed, its end in sight while the cursor is there.
fn draw_line(pane: &FilesPane, place: Rect, paint: &mut Paint<'_>) {
    let line = &pane.finder.line;
    let text = paint.look.shown(line.text().as_bytes());
    let cursor = u16::try_from(line.cursor()).unwrap_or(u16::MAX);
    let shift = (cursor + 1).saturating_sub(place.width);
    let shown: String = text.chars().skip(usize::from(shift)).collect();
    let style = paint.style(Role::Plain);
    paint.text(place, &shown, style);
    if pane.is_typing() && place.width > 0 {
        let at = Rect {
            x: place.x.saturating_add(cursor - shift),
            width: 1,
            ..place
        };
        paint.tint(at, Role::Cursor);
    }
}

fn draw_titles(cells: &Cells, place: Rect, paint: &mut Paint<'_>) {
    let style = paint.style(Role::Dim);
    for (column, at) in cells.places(place) {
        if column.is_right() {
            paint.text_right(at, column.title(), style);
        } else {
            paint.text(at, column.title(), style);
        }
    }
}

fn draw_row(
    subject: &Subject,
    pane: &FilesPane,
    at: usize,
    cells: &Cells,
    (place, paint): (Rect, &mut Paint<'_>),
) {
    let Some(&file) = pane.rows().get(at) else {
        return;
    };
    let row = FileRow::of(subject, file);
    for (column, at_cell) in cells.places(place) {
        let role = cells::role(column, &row);
        let style = paint.style(role);
        if column == Column::Path {
            let path = shown_path(subject.tree(), paint.look, file.path, row.kind);
            path::draw(at_cell, &path, pane.hits(at), (style, paint));
            continue;
        }
        let text = cells::text(column, &row, subject, paint.look);
        if column.is_right() {
            paint.text_right(at_cell, &text, style);
        } else {
            paint.text_cut(at_cell, &text, Cut::End, style);
        }
    }
}

/// Returns whether a row is about bytes that are counted in another one.
pub(super) fn is_elsewhere(row: &FileRow) -> bool {
    row.file.counted == Counted::Elsewhere
}

/// Returns whether there is room for borders.
pub(super) fn is_bare(arrangement: Arrangement) -> bool {
    arrangement <= Arrangement::Bare
}
