//! Configuration, history, digests and warnings.

use ratatui::layout::Rect;

use super::{Fact, FactKind, ImagePane, LineSpan};
use crate::text::{Glyphs, columns};
use crate::tui::paint::{Keys, Paint, behind, matches};
use crate::tui::reads::Reads;
use crate::tui::text_filter;
use crate::tui::theme::Role;

pub(in crate::tui) fn draw(pane: &ImagePane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let note = pane.list.position();
    let inner = paint.pane(reads.area, "Image", &note, keys);
    let filter = u16::from(pane.list.filter.is_shown()).min(inner.height);
    let rows = Rect {
        height: inner.height - filter,
        ..inner
    };
    draw_rows(pane, rows, keys, paint);
    if filter > 0 {
        let line = Rect {
            y: rows.bottom(),
            height: filter,
            ..inner
        };
        let words = matches(pane.found as u64);
        text_filter::draw(&pane.list.filter, &words, line, paint);
    }
}

fn draw_rows(pane: &ImagePane, rows: Rect, keys: Keys, paint: &mut Paint<'_>) {
    let empty = "nothing matches; Esc clears the filter";
    pane.list
        .draw_rows(rows, empty, keys, paint, |piece, line, paint| {
            if let Some(fact) = pane.lines.get(piece.line) {
                draw_fact(fact, *piece, line, paint);
            }
        });
}

fn draw_fact(fact: &Fact, piece: LineSpan, line: Rect, paint: &mut Paint<'_>) {
    if fact.kind == FactKind::Heading {
        return draw_heading(fact, line, paint);
    }
    let role = match fact.kind {
        FactKind::Heading | FactKind::Plain => Role::Plain,
        FactKind::Faint => Role::Dim,
        FactKind::Odd => Role::Waste,
    };
    let indent = fact.indent(line.width);
    let label = Rect {
        x: line.x + 1,
        width: indent.saturating_sub(2),
        ..line
    };
    if piece.start == 0 && indent > 1 {
        paint.text(label.intersection(line), &fact.label, Role::Dim);
    }
    let text = behind(line, indent);
    let shown = fact.text.get(piece.start..piece.end).unwrap_or_default();
    paint.text(text, begin(shown, usize::from(text.width)), role);
}

/// Draws a line with the name in it.
fn draw_heading(fact: &Fact, line: Rect, paint: &mut Paint<'_>) {
    let dash = match paint.look.glyphs {
        Glyphs::Unicode => "─",
        Glyphs::Ascii => "-",
    };
    paint.text(line, &dash.repeat(usize::from(line.width)), Role::Border);
    let name = Rect {
        x: line.x.saturating_add(1),
        width: line.width.saturating_sub(2),
        ..line
    };
    paint.text(name, &format!(" {} ", fact.label), Role::Strong);
}

/// Returns the beginning of a text, a little more than fits: a label may be a megabyte long.
fn begin(text: &str, room: usize) -> &str {
    // What is cut behind an escape is none of what is shown of it.
    const LONGEST_PIECE: usize = 10;
    columns::head(text, room + LONGEST_PIECE)
}
