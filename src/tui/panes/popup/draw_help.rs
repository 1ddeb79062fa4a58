//! The list of keys.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::HelpPopup;
use super::help::{GAP, HelpLine, table};
use crate::tui::line::Typing;
use crate::tui::paint::{Paint, behind, first_line};
use crate::tui::session::Session;
use crate::tui::theme::Role;
use crate::tui::typed_line;

pub(super) fn draw(
    popup: &HelpPopup,
    session: &Session,
    inner: Rect,
    list: Rect,
    paint: &mut Paint<'_>,
) {
    draw_search(popup, first_line(inner), paint);
    let table = table(popup, &session.keys, usize::from(list.width));
    if table.height() == 0 {
        paint.remark(list, "no key, action or help has these letters");
        return;
    }
    let count = table.columns.len().max(1);
    let width = usize::from(list.width) / count;
    let height = usize::from(list.height);
    let first = popup
        .scroll
        .offset
        .min(table.height().saturating_sub(height));
    for (at, column) in table.columns.iter().enumerate() {
        let place = part(list, at * width, width);
        for (line, row) in column.iter().skip(first).zip(place.rows()) {
            draw_line(line, table.keys_width, row, paint);
        }
    }
}

/// Returns some columns of a place.
fn part(place: Rect, from: usize, width: usize) -> Rect {
    let from = u16::try_from(from).unwrap_or(u16::MAX).min(place.width);
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    Rect {
        x: place.x + from,
        width: width.min(place.width - from),
        ..place
    }
}

fn draw_search(popup: &HelpPopup, place: Rect, paint: &mut Paint<'_>) {
    typed_line::draw(&popup.search, place, Role::Strong, Typing::Begun, paint);
    if popup.search.text().is_empty() && place.width > 1 {
        let rest = behind(place, 1);
        paint.text(rest, "type to search, Esc closes", Role::Dim);
    }
}

fn draw_line(line: &HelpLine, keys_width: usize, place: Rect, paint: &mut Paint<'_>) {
    let behind = |left: usize| part(place, keys_width.max(left) + 2 * GAP, usize::MAX);
    let (left, style, help) = match line {
        HelpLine::Blank => return,
        HelpLine::Heading(title) => {
            paint.text(place, title, Role::Strong);
            return;
        }
        HelpLine::More(help) => {
            paint.text(behind(0), help, Role::Plain);
            return;
        }
        HelpLine::Keys { keys, help } => (keys.clone(), paint.style(Role::Key), help),
        HelpLine::Mark { mark, letter, help } => {
            let role = mark.map_or(Role::Plain, Role::Change);
            (letter.to_string(), paint.style(role), help)
        }
    };
    paint.text(part(place, GAP, usize::MAX), &left, style);
    paint.text(behind(left.width()), help, Role::Plain);
}
