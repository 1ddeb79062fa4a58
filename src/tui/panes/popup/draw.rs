//! What lies on top: help, messages, prompts, choices.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::draw_help;
use super::{Notice, NoticeKind, Picker, Popup, Prompt, place};
use crate::text::Cut;
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::line::Typing;
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::session::Session;
use crate::tui::theme::Role;
use crate::tui::typed_line;
use crate::units::count;

pub(in crate::tui) fn draw(popup: &Popup, session: &Session, areas: &Areas, paint: &mut Paint<'_>) {
    let size = paint.buffer.area.as_size();
    let area = place::area(popup, session, size);
    let list = place::list(popup, session, size);
    let rows = popup.rows(session, size);
    dim(areas, paint);
    paint.clear(area);
    let title = title(popup);
    let note = note(popup, rows, usize::from(list.height));
    if areas.arrangement <= Arrangement::Bare {
        let line = Rect { height: 1, ..area };
        paint.text(line, &title, Role::Strong);
    } else {
        paint.frame(area, &title, &note, Keys::Here);
    }
    match popup {
        Popup::Help(popup) => {
            draw_help::draw(popup, session, place::inner(area, size), list, paint);
        }
        Popup::Notice(notice) => draw_notice(notice, list, paint),
        Popup::Prompt(prompt) => draw_prompt(prompt, list, paint),
        Popup::Picker(picker) => draw_picker(picker, list, paint),
    }
}

/// What is below matters less for now; the keys in the last line are those of the popup.
fn dim(areas: &Areas, paint: &mut Paint<'_>) {
    let screen = paint.buffer.area;
    let height = screen.height.saturating_sub(areas.footer.height);
    paint.tint(Rect { height, ..screen }, Role::Dim);
}

fn title(popup: &Popup) -> String {
    match popup {
        Popup::Help(_) => "Keys".into(),
        Popup::Notice(notice) => notice.title.clone(),
        Popup::Prompt(_) => "Where to".into(),
        Popup::Picker(_) => "Which image".into(),
    }
}

/// Says that there is more than is seen.
fn note(popup: &Popup, rows: usize, height: usize) -> String {
    if rows <= height {
        return String::new();
    }
    let last = match popup {
        Popup::Help(help) => help.scroll.offset + height,
        Popup::Notice(notice) => notice.scroll.offset + height,
        Popup::Picker(picker) => picker.scroll.offset + height,
        Popup::Prompt(_) => rows,
    };
    let last = last.min(rows);
    format!("{} of {}", count(last as u64), count(rows as u64))
}

/// Returns the lines of a place with the numbers of what stands on them.
fn visible(place: Rect, first: usize, rows: usize) -> impl Iterator<Item = (usize, Rect)> {
    let height = usize::from(place.height);
    let first = first.min(rows.saturating_sub(height));
    (first..rows).zip(place.rows())
}

fn draw_notice(notice: &Notice, place: Rect, paint: &mut Paint<'_>) {
    let (rows, first) = notice.rows(usize::from(place.width));
    for (at, line) in visible(place, notice.scroll.offset, rows.len()) {
        let role = match notice.kind {
            NoticeKind::Failure if at < first => Role::Alarm,
            NoticeKind::Facts if at < first => Role::Strong,
            _ => Role::Plain,
        };
        paint.text(line, &rows[at], role);
    }
}

fn draw_prompt(prompt: &Prompt, place: Rect, paint: &mut Paint<'_>) {
    let rows = place::question(&prompt.question, usize::from(place.width));
    // The answer is seen in any case.
    let room = usize::from(place.height.saturating_sub(1));
    let skipped = rows.len().saturating_sub(room);
    let mut lines = place.rows();
    for (row, line) in rows[skipped..].iter().zip(lines.by_ref().take(room)) {
        paint.text(line, row, Role::Plain);
    }
    if let Some(line) = lines.next() {
        let taken = paint.text(line, "> ", Role::Dim);
        let rest = behind(line, taken);
        typed_line::draw(&prompt.line, rest, Role::Strong, Typing::Begun, paint);
    }
}

fn draw_picker(picker: &Picker, place: Rect, paint: &mut Paint<'_>) {
    let cells = |paint: &Paint<'_>, at: usize| Picker::row(&picker.choices[at], paint.look);
    let lines: Vec<(usize, Rect)> =
        visible(place, picker.scroll.offset, picker.choices.len()).collect();
    let rows: Vec<[String; 5]> = lines.iter().map(|(at, _)| cells(paint, *at)).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].width())
            .max()
            .unwrap_or(0)
    };
    let with_gap = |columns: usize| if columns > 0 { columns + 2 } else { 0 };
    let others: usize = [0, 2, 3, 4]
        .map(|column| with_gap(width(column)))
        .iter()
        .sum();
    // Names give way, but not to nothing.
    let names = usize::from(place.width)
        .saturating_sub(others)
        .clamp(8, width(1).max(8));
    let widths = [width(0), names, width(2), width(3), width(4)];
    for ((at, line), row) in lines.iter().zip(&rows) {
        let role = match picker.choices[*at].missing {
            Some(_) => Role::Dim,
            None => Role::Plain,
        };
        let mut x = line.x;
        for (cell, columns) in row.iter().zip(widths) {
            if columns == 0 {
                continue;
            }
            let columns = u16::try_from(columns).unwrap_or(u16::MAX);
            let width = columns.min(line.right().saturating_sub(x));
            let part = Rect { x, width, ..*line };
            paint.text_cut(part, cell, Cut::End, role);
            x = x.saturating_add(columns).saturating_add(2);
        }
        if *at == picker.scroll.at {
            paint.tint(*line, Role::Cursor);
        }
    }
}
