//! The line of a filter.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{TextFilter, case_sign, case_word};
use crate::path::display_str;
use crate::text::columns;
use crate::tui::paint::{Paint, behind};
use crate::tui::theme::Role;

/// Draws a filter with its cursor, and a few words at the right; while it is typed also how case counts.
pub(in crate::tui) fn draw(filter: &TextFilter, words: &str, place: Rect, paint: &mut Paint<'_>) {
    let before = paint.text(place, "/", paint.style(Role::Key));
    // The end of a long text is where it is being typed.
    let text = display_str(filter.line().text()).into_owned();
    let room = place.width.saturating_sub(before + 1);
    let hidden = text.width().saturating_sub(usize::from(room));
    let text = columns::behind(&text, hidden);
    let line = Rect {
        x: place.x + before.min(place.width),
        width: place.width.saturating_sub(before),
        ..place
    };
    let typed = paint.text(line, &text, Role::Plain);
    if filter.is_typing() {
        let cursor = u16::try_from(filter.line().cursor().saturating_sub(hidden));
        let cursor = line.x.saturating_add(cursor.unwrap_or(typed).min(typed));
        let cell = Rect::new(cursor, place.y, 1, 1).intersection(place);
        paint.tint(cell, Role::Cursor);
    }
    let used = before.saturating_add(typed).saturating_add(3);
    let rest = behind(place, used);
    let mut forms = vec![words.to_owned()];
    if filter.is_typing() {
        let sign = format!("{words} {}", case_sign(filter.case));
        let word = format!("{words}, {}", case_word(filter.case));
        forms = vec![word, sign.trim_end().to_owned(), words.to_owned()];
    }
    let fits = |form: &&String| form.width() <= usize::from(rest.width);
    if let Some(form) = forms.iter().find(fits) {
        paint.text_right(rest, form, Role::Dim);
    }
}
