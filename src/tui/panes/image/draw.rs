//! Configuration, history, digests and warnings.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthChar as _;

use super::{Fact, FactKind, ImagePane, LineSpan};
use crate::text::Glyphs;
use crate::tui::paint::{Keys, Paint, matches};
use crate::tui::panes::sieve;
use crate::tui::reads::Reads;
use crate::tui::theme::Role;
use crate::units;

pub(in crate::tui) fn draw(pane: &ImagePane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let at = (pane.scroll.at + 1).min(pane.rows.len());
    let note = format!(
        "{} of {}",
        units::count(at as u64),
        units::count(pane.rows.len() as u64)
    );
    let inner = paint.pane(reads.area, "Image", &note, keys);
    let filter = u16::from(pane.sieve.is_shown()).min(inner.height);
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
        sieve::draw(&pane.sieve, &words, line, paint);
    }
}

fn draw_rows(pane: &ImagePane, rows: Rect, keys: Keys, paint: &mut Paint<'_>) {
    if pane.rows.is_empty() {
        let style = paint.style(Role::Dim);
        let line = Rect {
            height: rows.height.min(1),
            ..rows
        };
        paint.text(line, "nothing matches; Esc clears the filter", style);
        return;
    }
    let visible = pane
        .scroll
        .visible(pane.rows.len(), usize::from(rows.height));
    for (y, at) in (rows.y..rows.bottom()).zip(visible) {
        let line = Rect {
            y,
            height: 1,
            ..rows
        };
        let piece = pane.rows.get(at);
        let Some((piece, fact)) =
            piece.and_then(|piece| Some((piece, pane.lines.get(piece.line)?)))
        else {
            continue;
        };
        draw_fact(fact, *piece, line, paint);
        if at == pane.scroll.at {
            paint.cursor(line, keys);
        }
    }
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
        let style = paint.style(Role::Dim);
        paint.text(label.intersection(line), &fact.label, style);
    }
    let text = Rect {
        x: line.x + indent,
        width: line.width.saturating_sub(indent),
        ..line
    };
    let style = paint.style(role);
    let shown = fact.text.get(piece.start..piece.end).unwrap_or_default();
    paint.text(text, begin(shown, usize::from(text.width)), style);
}

/// Draws a line with the name in it.
fn draw_heading(fact: &Fact, line: Rect, paint: &mut Paint<'_>) {
    let dash = match paint.look.glyphs {
        Glyphs::Unicode => "─",
        Glyphs::Ascii => "-",
    };
    let border = paint.style(Role::Border);
    paint.text(line, &dash.repeat(usize::from(line.width)), border);
    let name = Rect {
        x: line.x.saturating_add(1),
        width: line.width.saturating_sub(2),
        ..line
    };
    let style = paint.style(Role::Strong);
    paint.text(name, &format!(" {} ", fact.label), style);
}

/// Returns the beginning of a text, a little more than fits: a label may be a megabyte long.
fn begin(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        let is_beyond = used > columns;
        used += character.width().unwrap_or(0);
        is_beyond
    });
    let end = end.map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}
