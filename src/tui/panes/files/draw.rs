//! The flat list of files.

use ratatui::layout::Rect;

use super::FilesPane;
use super::cells::What;
use super::finder::Reach;
use super::row::{Fate, FileRow, shown_path};
use super::{cells, path};
use crate::browse::FlatView;
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::reads::Reads;
use crate::tui::subject::Subject;
use crate::tui::table::Table;
use crate::tui::theme::Role;
use crate::tui::typed_line;
use crate::units::count;

pub(in crate::tui) fn draw(pane: &FilesPane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let (subject, place) = (reads.subject, reads.area);
    let inner = paint.pane(place, title(pane), &note(pane), keys);
    let parts = pane.parts(inner, paint.arrangement);
    draw_finder(pane, parts.finder, paint);
    let table = cells::table(pane, subject, parts.rows.width, paint.arrangement);
    table.headings(parts.titles, paint);
    if pane.rows().is_empty() {
        paint.remark(parts.rows, &empty(pane, subject));
    }
    let rows = pane.rows_place(reads);
    rows.draw(keys, paint, |at, line, paint| {
        draw_row(&table, reads, pane, at, line, paint);
    });
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
            let found = count(ranking.paths.len() as u64);
            format!("{found} of {of} paths")
        }
        None => String::new(),
    };
    let used = paint.text(place, sign, Role::Strong);
    let room = behind(place, used);
    let counts_width = u16::try_from(counts.chars().count() + 2).unwrap_or(u16::MAX);
    let text_room = Rect {
        width: room.width.saturating_sub(counts_width),
        ..room
    };
    let finder = &pane.finder;
    typed_line::draw(&finder.line, text_room, Role::Plain, finder.typing, paint);
    if text_room.width >= 4 {
        paint.text_right(room, &counts, Role::Plain);
    }
}

fn draw_row(
    table: &Table<What>,
    reads: &Reads<'_>,
    pane: &FilesPane,
    at: usize,
    line: Rect,
    paint: &mut Paint<'_>,
) {
    let Some(&file) = pane.rows().get(at) else {
        return;
    };
    let subject = reads.subject;
    let row = FileRow::of(subject, file);
    table.row(line, paint, |what, place, paint| {
        let cell = cells::cell(what, &row, subject, paint.look);
        if cell.is_none() {
            let path = shown_path(subject.tree(), paint.look, file.path, row.kind);
            let role = match row.fate {
                Fate::Live => Role::Plain,
                _ => Role::Dim,
            };
            path::draw(place, &path, pane.hits(at), role, paint);
        }
        cell
    });
}
