//! Lines of text, of a difference, of hex: only those on the screen, and of each only what is seen of it.

use std::ops::Range;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::areas::gap;
use super::characters::{ShownCharacter, drawn, pieces, wraps};
use super::{Margin, PreviewPane, Wrap, hex};
use crate::browse::Mark;
use crate::tui::paint::{Paint, behind};
use crate::tui::results::{Document, LineKind};
use crate::tui::theme::Role;
use crate::units::count;

/// Draws lines with what stands in front of them.
pub(super) fn draw_lines(
    pane: &PreviewPane,
    document: &Document,
    margin: Margin<'_>,
    place: Rect,
    paint: &mut Paint<'_>,
) {
    let indent = pane.sheet().margin(place.width).min(place.width);
    let mut line = pane.viewport.line;
    let mut skipped = pane.viewport.row;
    let mut y = place.y;
    while y < place.bottom() && line < document.len() {
        let row = Rect {
            y,
            height: 1,
            ..place
        };
        let gutter = Rect {
            width: indent,
            ..row
        };
        let style = draw_margin(margin, line, gutter, gap(place.width), paint);
        let text = Text {
            bytes: document.line(line),
            matches: matches_in(pane, document.bytes(), document.range(line)),
            current: current_in(pane, &document.range(line)),
            style,
            hides_return: matches!(margin, Margin::Numbers),
        };
        let area = Rect {
            x: place.x + indent,
            width: place.width - indent,
            height: place.bottom() - y,
            y,
        };
        y += match pane.wrap {
            Wrap::Off => text.draw_cut(area, pane.viewport.left, paint),
            Wrap::On => text.draw_wrapped(area, skipped, paint),
        };
        skipped = 0;
        line += 1;
    }
}

/// Draws the number or the sign of a line; returns the style of its text.
fn draw_margin(
    margin: Margin<'_>,
    line: usize,
    place: Rect,
    gap: u16,
    paint: &mut Paint<'_>,
) -> Style {
    let plain = paint.style(Role::Plain);
    match margin {
        Margin::None => plain,
        Margin::Numbers => {
            let number = Rect {
                width: place.width.saturating_sub(gap),
                ..place
            };
            paint.text_right(number, &(line + 1).to_string(), Role::Dim);
            plain
        }
        Margin::Changes(kinds) => {
            let kind = kinds.get(line).copied().unwrap_or(LineKind::Remark);
            let (sign, role) = match kind {
                LineKind::Kept => (" ", Role::Plain),
                LineKind::Removed => ("-", Role::Change(Mark::Removed)),
                LineKind::Added => ("+", Role::Change(Mark::Added)),
                LineKind::Place => ("", Role::Key),
                LineKind::Remark => ("\\", Role::Dim),
            };
            let style = paint.style(role);
            paint.text(place, sign, style);
            style
        }
    }
}

fn matches_in(pane: &PreviewPane, bytes: &[u8], part: Range<usize>) -> Vec<Range<usize>> {
    let (line, _) = drawn(&bytes[part.clone()]);
    let part = part.start..part.start + line.len();
    let start = part.start;
    let within = pane.search.within(bytes, part);
    let shift = |found: Range<usize>| found.start - start..found.end - start;
    within.into_iter().map(shift).collect()
}

fn current_in(pane: &PreviewPane, part: &Range<usize>) -> Option<Range<usize>> {
    let at = pane.search.at.as_ref()?;
    part.contains(&at.start)
        .then(|| at.start - part.start..at.end.min(part.end) - part.start)
}

/// A line to be drawn.
struct Text<'a> {
    bytes: &'a [u8],
    /// Bytes that match, within the line.
    matches: Vec<Range<usize>>,
    /// The match one is at.
    current: Option<Range<usize>>,
    style: Style,
    /// Whether a carriage return at the end is taken for a part of the line end.
    hides_return: bool,
}

impl Text<'_> {
    fn bytes(&self) -> (&[u8], usize) {
        let bytes = match self.bytes {
            [line @ .., b'\r'] if self.hides_return => line,
            line => line,
        };
        drawn(bytes)
    }

    /// Draws what is on the screen of a line that is not wrapped; returns its rows.
    fn draw_cut(&self, place: Rect, left: usize, paint: &mut Paint<'_>) -> u16 {
        let (bytes, cut) = self.bytes();
        let row = Rect { height: 1, ..place };
        let right = left + usize::from(place.width);
        let look = paint.look;
        let mut end = 0;
        for piece in pieces(bytes, look) {
            if piece.column >= right {
                // Something is to the right of the screen.
                draw_edge(row, paint);
                return 1;
            }
            end = piece.column + piece.width;
            self.draw_piece(&piece, row, left, paint);
        }
        if cut > 0 {
            draw_remark(row, end.saturating_sub(left), cut, paint);
        }
        1
    }

    /// Draws a wrapped line without its first rows; returns the rows it took.
    fn draw_wrapped(&self, place: Rect, skipped: usize, paint: &mut Paint<'_>) -> u16 {
        let (bytes, cut) = self.bytes();
        let look = paint.look;
        let columns = usize::from(place.width).max(1);
        let mut breaks = wraps(bytes, columns, look).map(|piece| piece.column);
        let (mut row, mut begin) = (0, 0);
        let mut next = breaks.next();
        let mut end = 0;
        for piece in pieces(bytes, look) {
            if next == Some(piece.column) {
                (row, begin) = (row + 1, piece.column);
                next = breaks.next();
            }
            end = piece.column + piece.width - begin;
            if row < skipped {
                continue;
            }
            let Some(line) = row_of(place, row - skipped) else {
                return place.height;
            };
            self.draw_piece(&piece, line, begin, paint);
        }
        if let Some(line) = row_of(place, row.saturating_sub(skipped))
            && cut > 0
        {
            draw_remark(line, end, cut, paint);
        }
        u16::try_from((row + 1).saturating_sub(skipped)).unwrap_or(place.height)
    }

    fn draw_piece(&self, piece: &ShownCharacter, row: Rect, left: usize, paint: &mut Paint<'_>) {
        // What begins to the left of the screen is not drawn by half.
        let Some(column) = piece.column.checked_sub(left) else {
            return;
        };
        let Ok(column) = u16::try_from(column) else {
            return;
        };
        let place = behind(row, column);
        let is_in = |range: &Range<usize>| range.contains(&piece.at);
        let style = match &self.current {
            Some(range) if is_in(range) => self.style.patch(paint.style(Role::Cursor)),
            _ if self.matches.iter().any(is_in) => self.style.patch(paint.style(Role::Match)),
            _ => self.style,
        };
        paint.text(place, &piece.text, style);
    }
}

/// Marks that a line goes on to the right.
fn draw_edge(row: Rect, paint: &mut Paint<'_>) {
    let mark = match paint.look.glyphs {
        crate::text::Glyphs::Unicode => "…",
        crate::text::Glyphs::Ascii => ">",
    };
    let last = Rect {
        x: row.right().saturating_sub(1),
        width: row.width.min(1),
        ..row
    };
    paint.text(last, mark, Role::Dim);
}

/// Says that the rest of a long line is not drawn.
fn draw_remark(row: Rect, column: usize, cut: usize, paint: &mut Paint<'_>) {
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    let place = behind(row, column);
    let more = format!(
        "{} {} bytes more on this line: o pager, m hex",
        paint.look.ellipsis(),
        count(cut as u64)
    );
    paint.text(place, &more, Role::Dim);
}

fn row_of(place: Rect, row: usize) -> Option<Rect> {
    let row = u16::try_from(row).ok().filter(|row| *row < place.height)?;
    Some(Rect {
        y: place.y + row,
        height: 1,
        ..place
    })
}

/// Draws rows of hex with the matches in them.
pub(super) fn draw_hex(pane: &PreviewPane, bytes: &[u8], place: Rect, paint: &mut Paint<'_>) {
    let per_row = hex::bytes_per_row(usize::from(place.width));
    let first = pane.offset.min(bytes.len());
    let seen = bytes[first..]
        .chunks(per_row)
        .take(usize::from(place.height));
    let last = (first + per_row * usize::from(place.height)).min(bytes.len());
    let matches = pane.search.within(bytes, first..last);
    for ((row, chunk), y) in seen.enumerate().zip(place.y..) {
        let offset = first + row * per_row;
        let line = Rect {
            y,
            height: 1,
            ..place
        };
        paint.text(line, &hex::row(chunk, offset as u64, per_row), Role::Plain);
        let part = offset..offset + chunk.len();
        for found in &matches {
            tint_bytes(found, &part, line, Role::Match, paint);
        }
        if let Some(found) = &pane.search.at {
            tint_bytes(found, &part, line, Role::Cursor, paint);
        }
    }
}

/// Marks the bytes of a match in both halves of a row.
fn tint_bytes(
    found: &Range<usize>,
    part: &Range<usize>,
    line: Rect,
    role: Role,
    paint: &mut Paint<'_>,
) {
    let per_row = hex::bytes_per_row(usize::from(line.width));
    for byte in found.start.max(part.start)..found.end.min(part.end) {
        let (pair, character) = hex::columns_of(byte - part.start, per_row);
        for (column, width) in [(pair, 2), (character, 1)] {
            let x = line
                .x
                .saturating_add(u16::try_from(column).unwrap_or(u16::MAX));
            let cell = Rect { x, width, ..line };
            paint.tint(cell.intersection(line), role);
        }
    }
}
