//! How a line being typed is drawn, wherever it is typed.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::line::{Line, Typing};
use super::paint::Paint;
use super::theme::Role;
use crate::text::columns;

/// Draws a line being typed, scrolled so that its cursor is seen; a cursor where letters go into it.
pub(super) fn draw(line: &Line, place: Rect, role: Role, typing: Typing, paint: &mut Paint<'_>) {
    if place.is_empty() {
        return;
    }
    // Escaped text may be wider than what was typed.
    let before: String = line.text().chars().take(line.position()).collect();
    let cursor = paint.look.shown(before.as_bytes()).width();
    let hidden = (cursor + 1).saturating_sub(usize::from(place.width));
    let shown = paint.look.shown(line.text().as_bytes());
    paint.text(place, &columns::behind(&shown, hidden), role);
    if typing == Typing::Begun {
        let x = u16::try_from(cursor - hidden).unwrap_or(u16::MAX);
        let cell = Rect {
            x: place.x.saturating_add(x),
            width: 1,
            ..place
        };
        paint.tint(cell.intersection(place), Role::Cursor);
    }
}
