//! A list with a cursor and a filter of plain text: what every list does alike.

use ratatui::layout::Rect;

use super::{Request, done, refused};
use crate::tui::command::Command;
use crate::tui::layout::Arrangement;
use crate::tui::paint::{Keys, Paint, matches, position};
use crate::tui::scroll::{Moved, Scroll};
use crate::tui::table::RowsPlace;
use crate::tui::text_filter;
use crate::tui::text_filter::TextFilter;

/// The lines of a list inside of its pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListAreas {
    /// The names of the columns.
    pub heading: Rect,
    /// The rows.
    pub rows: Rect,
    /// The line of the filter; empty where there is none.
    pub filter: Rect,
}

impl ListAreas {
    /// Divides a pane.
    pub fn of(pane: Rect, arrangement: Arrangement, filter: &TextFilter) -> Self {
        let inner = arrangement.inner(pane);
        let heading = inner.height.min(1);
        let filter = u16::from(filter.is_shown() && inner.height > 1);
        let rows = inner.height.saturating_sub(heading + filter);
        let line = |y: u16, height: u16| Rect { y, height, ..inner };
        Self {
            heading: line(inner.y, heading),
            rows: line(inner.y + heading, rows),
            filter: line(inner.y + heading + rows, filter),
        }
    }
}

/// Rows that pass a filter, with a cursor among them.
#[derive(Debug, Clone)]
pub struct FilteredList<R> {
    /// The cursor, and the first row on the screen.
    pub scroll: Scroll,
    /// Which rows are shown.
    pub filter: TextFilter,
    /// Those that pass, in order.
    pub rows: Vec<R>,
}

impl<R> Default for FilteredList<R> {
    fn default() -> Self {
        Self {
            scroll: Scroll::default(),
            filter: TextFilter::default(),
            rows: Vec::new(),
        }
    }
}

impl<R> FilteredList<R> {
    /// Returns the row under the cursor.
    pub fn selected(&self) -> Option<&R> {
        self.rows.get(self.scroll.at)
    }

    /// Moves by a command.
    pub fn step(&mut self, command: Command, height: usize) -> Moved {
        self.scroll.step(command, self.rows.len(), height)
    }

    /// Puts the cursor on a row and brings it onto the screen.
    pub fn go(&mut self, at: usize, height: usize) {
        self.scroll.go(at, self.rows.len(), height);
    }

    /// Keeps the cursor on the screen.
    pub fn fit(&mut self, height: usize) {
        self.go(self.scroll.at, height);
    }

    /// Does what a command means to the filter, after which the rows have to be made anew; `None` where it means
    /// nothing to it.
    pub fn filter(&mut self, command: Command) -> Option<Vec<Request>> {
        match command {
            Command::Filter => self.filter.begin(),
            Command::Accept => self.filter.keep(),
            Command::Back => self.filter.clear(),
            Command::ToggleCase => return Some(done(self.filter.toggle_case())),
            Command::NextPattern => return Some(refused("this filter takes plain text")),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Returns its rows in their place.
    pub fn place(&self, area: Rect) -> RowsPlace {
        RowsPlace {
            area,
            scroll: self.scroll,
            len: self.rows.len(),
        }
    }

    /// Returns where in the list one is.
    pub fn position(&self) -> String {
        position(self.scroll, self.rows.len())
    }

    /// Draws the rows on the screen, or why there are none.
    pub fn draw_rows(
        &self,
        area: Rect,
        empty: &str,
        keys: Keys,
        paint: &mut Paint<'_>,
        mut draw: impl FnMut(&R, Rect, &mut Paint<'_>),
    ) {
        if self.rows.is_empty() {
            return paint.remark(area, empty);
        }
        self.place(area).draw(keys, paint, |at, line, paint| {
            if let Some(row) = self.rows.get(at) {
                draw(row, line, paint);
            }
        });
    }

    /// Draws the line of the filter, and how many rows it lets pass.
    pub fn draw_filter(&self, line: Rect, paint: &mut Paint<'_>) {
        if !line.is_empty() {
            let words = matches(self.rows.len() as u64);
            text_filter::draw(&self.filter, &words, line, paint);
        }
    }
}
