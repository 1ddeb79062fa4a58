//! A line being typed in a popup.

use ratatui::layout::{Position, Rect, Size};

use crate::text::columns;
use crate::tui::line::Line;
use crate::tui::paint::Paint;
use crate::tui::theme::Role;

/// Draws a line being typed with its cursor, scrolled so that the cursor is seen.
pub(super) fn draw_line(line: &Line, place: Rect, paint: &mut Paint<'_>) {
    let shown = paint.look.shown(line.text().as_bytes());
    let room = usize::from(place.width.max(1)) - 1;
    let hidden = line.cursor().saturating_sub(room);
    paint.text(place, &columns::behind(&shown, hidden), Role::Strong);
    let x = u16::try_from(line.cursor() - hidden).unwrap_or(u16::MAX);
    let cell = Rect::from((
        Position::new(place.x.saturating_add(x), place.y),
        Size::new(1, 1),
    ));
    paint.tint(cell.intersection(place), Role::Cursor);
}
