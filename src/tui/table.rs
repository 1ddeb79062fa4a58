//! Tables: columns side by side, headings, and the rows on the screen with the cursor among them.

use ratatui::layout::{Position, Rect};

use super::paint::{Ink, Keys, Paint};
use super::scroll::Scroll;
use super::theme::Role;
use crate::text::Cut;

/// Where text stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// At the left.
    Left,
    /// At the right.
    Right,
}

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// As wide as this.
    Fixed(u16),
    /// It shares what the others leave.
    Rest,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column<C> {
    /// What it shows.
    pub what: C,
    /// Its heading.
    pub heading: String,
    /// How wide it is.
    pub width: Width,
    /// Where text stands.
    pub side: Side,
}

impl<C> Column<C> {
    /// Makes one whose text stands at the left.
    pub fn left(what: C, heading: impl Into<String>, width: Width) -> Self {
        Self {
            what,
            heading: heading.into(),
            width,
            side: Side::Left,
        }
    }

    /// Makes one whose text stands at the right.
    pub fn right(what: C, heading: impl Into<String>, columns: u16) -> Self {
        Self {
            side: Side::Right,
            ..Self::left(what, heading, Width::Fixed(columns))
        }
    }
}

/// Text of a cell, escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The text.
    pub text: String,
    /// How it looks.
    pub ink: Ink,
    /// What is left out where it does not fit.
    pub cut: Cut,
}

impl Cell {
    /// Makes one that is cut at its end.
    pub fn new(text: impl Into<String>, ink: impl Into<Ink>) -> Self {
        Self {
            text: text.into(),
            ink: ink.into(),
            cut: Cut::End,
        }
    }

    /// Makes one like text around it.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Role::Plain)
    }

    /// Makes one that matters less.
    pub fn dim(text: impl Into<String>) -> Self {
        Self::new(text, Role::Dim)
    }

    /// Leaves out the middle, as of a path.
    #[must_use]
    pub fn cut_in_the_middle(self) -> Self {
        Self {
            cut: Cut::Middle,
            ..self
        }
    }
}

/// Columns with their places in a line of one width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<C> {
    columns: Vec<(Column<C>, u16, u16)>,
}

impl<C> Default for Table<C> {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
        }
    }
}

impl<C: Copy + PartialEq> Table<C> {
    /// Places columns side by side in a line of a width: those that share the rest divide it evenly, and what does
    /// not divide goes to the first of them.
    pub fn new(columns: Vec<Column<C>>, width: u16, gap: u16) -> Self {
        let fixed = columns.iter().map(|column| match column.width {
            Width::Fixed(columns) => columns,
            Width::Rest => 0,
        });
        let gaps = gap.saturating_mul(u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0));
        let taken = fixed.fold(gaps, u16::saturating_add);
        let room = width.saturating_sub(taken);
        let sharing = columns.iter().filter(|column| column.width == Width::Rest);
        let others = u16::try_from(sharing.count().saturating_sub(1)).unwrap_or(0);
        let share = room / (others + 1);
        let mut first = Some(room - share * others);
        let mut x: u16 = 0;
        let placed = columns.into_iter().map(|column| {
            let columns = match column.width {
                Width::Fixed(columns) => columns,
                Width::Rest => first.take().unwrap_or(share),
            };
            let at = x.min(width);
            x = x.saturating_add(columns).saturating_add(gap);
            (column, at, columns.min(width - at))
        });
        Self {
            columns: placed.collect(),
        }
    }

    /// Returns the place of a column in a line; empty where there is no such column.
    pub fn place(&self, what: C, line: Rect) -> Rect {
        let mut found = self.columns.iter();
        let found = found.find(|(column, ..)| column.what == what);
        let (x, width) = found.map_or((0, 0), |(_, x, width)| (*x, *width));
        within(line, x, width)
    }

    /// Returns how many columns of the screen one takes.
    pub fn width(&self, what: C) -> u16 {
        let mut found = self.columns.iter();
        let found = found.find(|(column, ..)| column.what == what);
        found.map_or(0, |(.., width)| *width)
    }

    /// Draws the headings.
    pub fn headings(&self, line: Rect, paint: &mut Paint<'_>) {
        if line.is_empty() {
            return;
        }
        for (column, x, width) in &self.columns {
            let cell = Cell::dim(column.heading.as_str());
            put(&cell, column.side, within(line, *x, *width), paint);
        }
    }

    /// Draws the cells of a row; a column for which nothing is returned was drawn by the one who was asked.
    pub fn row(
        &self,
        line: Rect,
        paint: &mut Paint<'_>,
        mut cell: impl FnMut(C, Rect, &mut Paint<'_>) -> Option<Cell>,
    ) {
        for (column, x, width) in &self.columns {
            let place = within(line, *x, *width);
            if let Some(cell) = cell(column.what, place, paint) {
                put(&cell, column.side, place, paint);
            }
        }
    }
}

fn within(line: Rect, x: u16, width: u16) -> Rect {
    let x = line.x.saturating_add(x);
    Rect { x, width, ..line }.intersection(line)
}

fn put(cell: &Cell, side: Side, place: Rect, paint: &mut Paint<'_>) {
    match side {
        Side::Left => {
            paint.text_cut(place, &cell.text, cell.cut, cell.ink);
        }
        Side::Right => paint.text_right(place, &cell.text, cell.ink),
    }
}

/// The rows of a list: where they are, where its cursor is, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsPlace {
    /// The rows on the screen.
    pub area: Rect,
    /// The cursor.
    pub scroll: Scroll,
    /// How many rows there are.
    pub len: usize,
}

impl RowsPlace {
    /// Returns how many rows fit.
    pub fn height(&self) -> usize {
        usize::from(self.area.height)
    }

    /// Returns the row at a place of the screen.
    pub fn row_at(&self, at: Position) -> Option<usize> {
        self.row_at_line(at.y).filter(|_| self.area.contains(at))
    }

    /// Returns the row at a line of the screen, beside its place too.
    pub fn row_at_line(&self, y: u16) -> Option<usize> {
        let down = y.checked_sub(self.area.y);
        let down = down.filter(|&down| down < self.area.height)?;
        let row = self.scroll.offset.saturating_add(usize::from(down));
        (row < self.len).then_some(row)
    }

    /// Draws the rows that are on the screen, and shows which one the cursor is on.
    pub fn draw(
        &self,
        keys: Keys,
        paint: &mut Paint<'_>,
        mut draw: impl FnMut(usize, Rect, &mut Paint<'_>),
    ) {
        let visible = self.scroll.visible(self.len, self.height());
        for (at, line) in visible.zip(self.area.rows()) {
            draw(at, line, paint);
            if at == self.scroll.at {
                paint.cursor(line, keys);
            }
        }
    }
}
