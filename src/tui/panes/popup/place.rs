//! Where a popup is, by its contents and the size of the screen. Used by `update` for heights and by `draw`
//! for places.

use ratatui::layout::{Margin, Rect, Size};
use unicode_width::UnicodeWidthStr as _;

use super::{Picker, Popup};
use crate::text::wrap as wrapped;
use crate::tui::layout::{Arrangement, areas};
use crate::tui::session::Session;

/// Columns of a popup that is no wider than it has to be.
const LEAST_WIDTH: u16 = 44;
/// Columns beyond which sentences are hard to read.
const MOST_WIDTH: u16 = 100;
/// Columns of the list of keys in two columns.
const HELP_WIDTH: u16 = 150;

/// Returns the place of a popup, border included: the whole screen where there is no room around it.
pub fn area(popup: &Popup, session: &Session, size: Size) -> Rect {
    let screen = Rect::new(0, 0, size.width, size.height);
    let areas = areas(size);
    if areas.arrangement <= Arrangement::Bare {
        return screen;
    }
    let room = areas.body.inner(Margin::new(2, 0));
    let width = wanted_width(popup, session, room.width).min(room.width);
    let inner = usize::from(width.saturating_sub(SIDES));
    let lines = match popup {
        Popup::Help(_) => usize::from(room.height),
        Popup::Notice(notice) => notice.rows(inner).0.len(),
        Popup::Prompt(prompt) => question(&prompt.question, inner).len() + 1,
        Popup::Picker(picker) => picker.choices.len(),
    };
    let height = u16::try_from(lines + 2)
        .unwrap_or(u16::MAX)
        .min(room.height);
    Rect {
        x: room.x + (room.width - width) / 2,
        y: room.y + (room.height - height) / 2,
        width,
        height,
    }
}

/// Columns that border and padding take.
const SIDES: u16 = 4;

fn wanted_width(popup: &Popup, session: &Session, room: u16) -> u16 {
    let widest = |texts: &mut dyn Iterator<Item = usize>| {
        let columns = texts.max().unwrap_or(0);
        u16::try_from(columns).unwrap_or(u16::MAX)
    };
    let (columns, most) = match popup {
        Popup::Help(_) => (room, HELP_WIDTH),
        Popup::Notice(notice) => (
            widest(
                &mut notice
                    .lines
                    .iter()
                    .map(|line| line.width())
                    .chain([notice.title.width() + 2]),
            ),
            MOST_WIDTH,
        ),
        Popup::Prompt(prompt) => (prompt_width(&prompt.question), MOST_WIDTH),
        Popup::Picker(picker) => {
            let mut rows = picker.choices.iter().map(|choice| {
                let row = Picker::row(choice, session.look);
                row.iter().map(|cell| cell.width() + 2).sum()
            });
            (widest(&mut rows).saturating_add(4), HELP_WIDTH)
        }
    };
    columns.saturating_add(SIDES).clamp(LEAST_WIDTH, most)
}

fn prompt_width(question: &str) -> u16 {
    // Room for a path, so that the answer is seen whole.
    u16::try_from(question.width()).unwrap_or(u16::MAX).max(60)
}

/// Returns the question in rows.
pub fn question(question: &str, columns: usize) -> Vec<String> {
    wrapped::wrap(&[question.to_owned()], columns)
}

/// Returns what is inside of the border. Where there is none the first line is the title's.
pub fn inner(area: Rect, size: Size) -> Rect {
    if Arrangement::of(size) <= Arrangement::Bare {
        let title = area.height.min(1);
        return Rect {
            y: area.y + title,
            height: area.height - title,
            ..area
        };
    }
    area.inner(Margin::new(2, 1))
}

/// Returns the place of what is listed: what is inside of the border, without the line that is typed.
pub fn list(popup: &Popup, session: &Session, size: Size) -> Rect {
    let inner = inner(area(popup, session, size), size);
    match popup {
        Popup::Help(_) => {
            let typed = inner.height.min(1);
            Rect {
                y: inner.y + typed,
                height: inner.height - typed,
                ..inner
            }
        }
        _ => inner,
    }
}
