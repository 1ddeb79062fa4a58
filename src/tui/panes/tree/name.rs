//! The name of a row, with the lines that connect it to its directory, and what else there is to say.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::listing::Shown;
use super::row_source::RowSource;
use crate::browse::{Mark, MarkSet, Row, Rows};
use crate::text::{Cut, Glyphs};
use crate::tui::layout::Arrangement;
use crate::tui::paint::{Paint, behind, matches};
use crate::tui::theme::Role;
use crate::units::count;

/// Pieces of the connecting lines.
struct Pieces {
    /// Beside a directory with more to come.
    beside: &'static str,
    /// Beside one that was the last.
    behind: &'static str,
    /// Before a row with siblings below.
    before: &'static str,
    /// Before the last row.
    last: &'static str,
    folded: &'static str,
    unfolded: &'static str,
    leaf: &'static str,
    /// For levels that there is no room for.
    deep: &'static str,
}

const LINES: Pieces = Pieces {
    beside: "│ ",
    behind: "  ",
    before: "├─",
    last: "└─",
    folded: "▸ ",
    unfolded: "▾ ",
    leaf: "─ ",
    deep: "… ",
};
const ASCII_LINES: Pieces = Pieces {
    beside: "| ",
    behind: "  ",
    before: "|-",
    last: "`-",
    folded: "> ",
    unfolded: "v ",
    leaf: "- ",
    deep: ".. ",
};
/// Without lines, for the smallest screens.
const BARE: Pieces = Pieces {
    beside: "  ",
    before: "  ",
    last: "  ",
    leaf: "  ",
    ..LINES
};
const ASCII_BARE: Pieces = Pieces {
    folded: "> ",
    unfolded: "v ",
    deep: ".. ",
    ..BARE
};

/// A note is not cut to less.
const LEAST_NOTE: u16 = 12;
/// Columns that stay for the name however deep the row is.
const LEAST_NAME: usize = 12;

pub(super) fn draw(
    sheet: &RowSource<'_>,
    at: usize,
    shown: &Shown,
    mut place: Rect,
    paint: &mut Paint<'_>,
) {
    let pieces = match (paint.arrangement <= Arrangement::Bare, paint.look.glyphs) {
        (false, Glyphs::Unicode) => &LINES,
        (false, Glyphs::Ascii) => &ASCII_LINES,
        (true, Glyphs::Unicode) => &BARE,
        (true, Glyphs::Ascii) => &ASCII_BARE,
    };
    let Some(row) = sheet.pane.rows.get(at) else {
        return;
    };
    let room = usize::from(place.width).saturating_sub(LEAST_NAME) / 2;
    let lines = guides(&sheet.pane.rows, row, pieces, room);
    advance(&mut place, |place| paint.text(place, &lines, Role::Dim));
    let is_match = sheet
        .pane
        .filter
        .found()
        .is_some_and(|found| found.matched.contains(row.path));
    let role = match shown.mark {
        _ if is_match => Role::Match,
        Mark::Unchanged => Role::Plain,
        mark => Role::Change(mark),
    };
    let label = label(sheet, at, shown, paint);
    advance(&mut place, |place| {
        paint.text_cut(place, &label, Cut::Middle, role)
    });
    for note in notes(sheet, row, shown, paint) {
        let note = format!("  {note}");
        if note.width() > usize::from(place.width) && place.width < LEAST_NOTE {
            break;
        }
        advance(&mut place, |place| paint.text(place, &note, Role::Dim));
    }
}

/// Takes the columns off a place that were drawn on.
fn advance(place: &mut Rect, draw: impl FnOnce(Rect) -> u16) {
    let used = draw(*place).min(place.width);
    *place = behind(*place, used);
}

fn label(sheet: &RowSource<'_>, at: usize, shown: &Shown, paint: &Paint<'_>) -> String {
    let label = sheet.pane.rows.label(sheet.subject.tree(), at);
    let label = paint.look.shown(&label);
    let slash = if shown.is_directory() { "/" } else { "" };
    format!("{label}{slash}")
}

fn notes(sheet: &RowSource<'_>, row: &Row, shown: &Shown, paint: &Paint<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let is_folded = row.is_branch() && !row.is_open();
    let found = sheet.pane.filter.found();
    let below = found.map_or(0, |found| found.below(row.path));
    if is_folded && below > 0 {
        notes.push(matches(u64::from(below)));
    } else if is_folded && shown.files > 0 {
        notes.push(format!("({})", count(u64::from(shown.files))));
    }
    if is_folded && shown.useless_bytes() > 0 && !shown.is_useless() {
        let useless = paint.look.units.size(shown.useless_bytes());
        notes.push(format!("{useless} useless"));
    }
    let is_there = !shown.mark.is_gone();
    if is_folded && is_there && sheet.projection.has_any_below(row.path, gone()) {
        let size = |bytes| paint.look.units.size(bytes);
        notes.extend(match (shown.removed, shown.bytes) {
            (0, _) => Some("D inside".into()),
            (removed, left) if removed <= left => Some(format!("-{}", size(removed))),
            (_, 0) => None,
            (_, left) => Some(format!("+{}", size(left))),
        });
    }
    notes.extend(shown.notes(sheet.subject.tree(), sheet.projection, paint.look));
    notes
}

/// Returns the marks of what is gone.
fn gone() -> MarkSet {
    let others = Mark::ALL.into_iter().filter(|mark| !mark.is_gone());
    others.fold(MarkSet::ALL, |marks, mark| marks.toggled(&[mark]))
}

/// Returns the lines before a name, for at most so many levels.
fn guides(rows: &Rows, row: &Row, pieces: &Pieces, most: usize) -> String {
    let own = if row.depth == 0 {
        ""
    } else if row.is_last() {
        pieces.last
    } else {
        pieces.before
    };
    let fold = if row.is_open() {
        pieces.unfolded
    } else if row.is_branch() {
        pieces.folded
    } else {
        pieces.leaf
    };
    let mut levels = vec![fold, own];
    let mut above = rows.get(row.parent as usize);
    while let Some(ancestor) = above.filter(|ancestor| ancestor.depth > 0) {
        if levels.len() > most.max(2) {
            levels.push(pieces.deep);
            break;
        }
        levels.push(if ancestor.is_last() {
            pieces.behind
        } else {
            pieces.beside
        });
        above = rows.get(ancestor.parent as usize);
    }
    levels.reverse();
    levels.concat()
}
