//! The few shapes everything is drawn with: text cut to its place, borders, bars.
//!
//! All arithmetic saturates: a place may be empty, or partly off the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::layout::Arrangement;
use super::scroll::Scroll;
use super::theme::{Role, Theme};
use crate::browse::Mark;
use crate::text::bars::{Stack, bar, stacked_bar};
use crate::text::{Cut, Glyphs, Look, plural};
use crate::units;

/// A screen being drawn.
#[derive(Debug)]
pub struct Paint<'a> {
    /// Its cells.
    pub buffer: &'a mut Buffer,
    /// Which colours are used.
    pub theme: Theme,
    /// Units and characters.
    pub look: Look,
    /// How much fits.
    pub arrangement: Arrangement,
    /// Where something is drawn that a cursor leaves as it is.
    pictures: Vec<Rect>,
}

/// How something is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// As the theme has it.
    Role(Role),
    /// As worked out.
    Style(Style),
}

impl Ink {
    fn style(self, theme: Theme) -> Style {
        match self {
            Self::Role(role) => theme.style(role),
            Self::Style(style) => style,
        }
    }
}

impl From<Role> for Ink {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

impl From<Style> for Ink {
    fn from(style: Style) -> Self {
        Self::Style(style)
    }
}

/// Whether a pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// It has.
    Here,
    /// Another has.
    Elsewhere,
}

/// Corners and sides of a border: light, heavy, and what any terminal has.
const LIGHT: [&str; 6] = ["┌", "┐", "└", "┘", "─", "│"];
const HEAVY: [&str; 6] = ["┏", "┓", "┗", "┛", "━", "┃"];
const ASCII_LIGHT: [&str; 6] = ["+", "+", "+", "+", "-", "|"];
const ASCII_HEAVY: [&str; 6] = ["#", "#", "#", "#", "=", "#"];

impl<'a> Paint<'a> {
    /// Makes one of a screen's cells.
    pub const fn new(
        buffer: &'a mut Buffer,
        theme: Theme,
        look: Look,
        arrangement: Arrangement,
    ) -> Self {
        Self {
            buffer,
            theme,
            look,
            arrangement,
            pictures: Vec::new(),
        }
    }

    /// Returns how a piece of text looks.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Writes text of our own or already escaped, cut at the end; returns the columns it took. What a cell
    /// cannot show was escaped before; what slips through all the same becomes a blank.
    pub fn text(&mut self, place: Rect, text: &str, ink: impl Into<Ink>) -> u16 {
        self.text_cut(place, text, Cut::End, ink)
    }

    /// Writes text, cut as told; returns the columns it took.
    pub fn text_cut(&mut self, place: Rect, text: &str, cut: Cut, ink: impl Into<Ink>) -> u16 {
        let style = ink.into().style(self.theme);
        let place = place.intersection(self.buffer.area);
        if place.is_empty() {
            return 0;
        }
        if text.width() <= usize::from(place.width) {
            return self.put(place, text, style);
        }
        let fitted = self.look.fit(text, usize::from(place.width), cut);
        self.put(place, &fitted, style)
    }

    /// Writes text so that it ends at the right edge.
    pub fn text_right(&mut self, place: Rect, text: &str, ink: impl Into<Ink>) {
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        let shift = place.width.saturating_sub(width);
        let place = Rect {
            x: place.x.saturating_add(shift),
            width: place.width - shift,
            ..place
        };
        self.text(place, text, ink);
    }

    fn put(&mut self, place: Rect, text: &str, style: Style) -> u16 {
        let mut x = place.x;
        for character in text.chars() {
            let width = match character.width() {
                None => 1,
                Some(width) => u16::try_from(width).unwrap_or(1),
            };
            if x.saturating_add(width) > place.right() {
                break;
            }
            let shown = if character.is_control() {
                ' '
            } else {
                character
            };
            // A combining character would need the cell before it; images' names rarely have any.
            if width == 0 {
                if x > place.x
                    && let Some(cell) = self.buffer.cell_mut((x - 1, place.y))
                {
                    let symbol = format!("{}{shown}", cell.symbol());
                    cell.set_symbol(&symbol);
                }
                continue;
            }
            if let Some(cell) = self.buffer.cell_mut((x, place.y)) {
                cell.set_char(shown).set_style(style);
            }
            for behind in x + 1..x.saturating_add(width) {
                if let Some(cell) = self.buffer.cell_mut((behind, place.y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
            x = x.saturating_add(width);
        }
        x - place.x
    }

    /// Gives every cell of a place a style on top of what it has: the cursor.
    pub fn tint(&mut self, place: Rect, role: Role) {
        let place = place.intersection(self.buffer.area);
        self.buffer.set_style(place, self.theme.style(role));
    }

    /// Shows that the cursor is on a row. Bars in it stay as they are in any other, with a blank at either side that
    /// sets them off: reversed, what is filled would be a hole.
    pub fn cursor(&mut self, line: Rect, keys: Keys) {
        let role = match keys {
            Keys::Here => Role::Cursor,
            Keys::Elsewhere => Role::Selected,
        };
        let mut rest = line;
        let pictures = std::mem::take(&mut self.pictures);
        for picture in pictures.iter().filter(|picture| picture.intersects(line)) {
            let width = picture.x.saturating_sub(rest.x);
            self.tint(Rect { width, ..rest }, role);
            rest = behind(rest, picture.right().saturating_sub(rest.x));
        }
        self.tint(rest, role);
    }

    /// Keeps a place of a row, and a blank at either side, from the cursor.
    pub fn keep(&mut self, place: Rect) {
        if !place.is_empty() {
            self.pictures.push(Rect {
                x: place.x.saturating_sub(1),
                width: place.width.saturating_add(2),
                ..place
            });
        }
    }

    /// Leaves a column free where there is room.
    pub fn inset(&self, line: Rect) -> Rect {
        behind(line, u16::from(self.arrangement > Arrangement::Bare))
    }

    /// Says something in the first line of a place that is otherwise empty.
    pub fn remark(&mut self, place: Rect, words: &str) {
        self.text(first_line(place), words, Role::Dim);
    }

    /// Empties a place.
    pub fn clear(&mut self, place: Rect) {
        let place = place.intersection(self.buffer.area);
        for position in place.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// Draws a border, heavy where the keys are, with a title and a note at the lower right; returns what is
    /// inside. Draws nothing and returns the whole place where panes have no borders.
    pub fn pane(&mut self, place: Rect, title: &str, note: &str, keys: Keys) -> Rect {
        if self.arrangement <= Arrangement::Bare {
            return place;
        }
        self.frame(place, title, note, keys)
    }

    /// Draws a border in any arrangement.
    pub fn frame(&mut self, place: Rect, title: &str, note: &str, keys: Keys) -> Rect {
        let place = place.intersection(self.buffer.area);
        if place.width < 2 || place.height < 2 {
            return place;
        }
        let (lines, role) = match (keys, self.look.glyphs) {
            (Keys::Here, Glyphs::Unicode) => (HEAVY, Role::Focus),
            (Keys::Elsewhere, Glyphs::Unicode) => (LIGHT, Role::Border),
            (Keys::Here, Glyphs::Ascii) => (ASCII_HEAVY, Role::Focus),
            (Keys::Elsewhere, Glyphs::Ascii) => (ASCII_LIGHT, Role::Border),
        };
        let style = self.theme.style(role);
        let (right, bottom) = (place.right() - 1, place.bottom() - 1);
        for x in place.x..=right {
            self.symbol(x, place.y, lines[4], style);
            self.symbol(x, bottom, lines[4], style);
        }
        for y in place.y..=bottom {
            self.symbol(place.x, y, lines[5], style);
            self.symbol(right, y, lines[5], style);
        }
        self.symbol(place.x, place.y, lines[0], style);
        self.symbol(right, place.y, lines[1], style);
        self.symbol(place.x, bottom, lines[2], style);
        self.symbol(right, bottom, lines[3], style);
        let room = place.width.saturating_sub(4);
        let line = |y: u16| Rect::new(place.x + 2, y, room, 1);
        if !title.is_empty() {
            self.text(line(place.y), &format!(" {title} "), style);
        }
        if !note.is_empty() {
            self.text_right(line(bottom), &format!(" {note} "), style);
        }
        Rect::new(place.x + 1, place.y + 1, place.width - 2, place.height - 2)
    }

    /// Puts one symbol into a cell.
    pub fn symbol(&mut self, x: u16, y: u16, symbol: &str, ink: impl Into<Ink>) {
        let style = ink.into().style(self.theme);
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Draws a bar of as much of its place as a part is of the whole.
    pub fn bar(&mut self, place: Rect, part: u64, whole: u64, ink: impl Into<Ink>) {
        let bar = bar(usize::from(place.width), part, whole, self.look.glyphs);
        self.text(place, &bar, ink);
        self.keep(place);
    }

    /// Draws a bar of what is needed, what is wasted and what is removed, one behind the other.
    pub fn stacked_bar(&mut self, place: Rect, stack: Stack, whole: u64) {
        let columns = usize::from(place.width);
        let fills = stacked_bar(columns, stack, whole, self.look.glyphs);
        let removed = Role::Change(Mark::Removed);
        let roles = [Role::Bar, Role::Bar, Role::Waste, removed];
        let mut rest = place;
        for (fill, role) in fills.iter().zip(roles) {
            let used = self.text(rest, fill, role);
            rest = behind(rest, used);
        }
        self.keep(place);
    }
}

/// Returns what is left of a place behind some columns.
pub fn behind(place: Rect, columns: u16) -> Rect {
    let columns = columns.min(place.width);
    Rect {
        x: place.x.saturating_add(columns),
        width: place.width - columns,
        ..place
    }
}

/// Returns the first line of a place.
pub fn first_line(place: Rect) -> Rect {
    Rect {
        height: place.height.min(1),
        ..place
    }
}

/// Returns where in a list one is: `3 of 12`.
pub fn position(scroll: Scroll, rows: usize) -> String {
    let at = scroll.at.saturating_add(1).min(rows);
    format!(
        "{} of {}",
        units::count(at as u64),
        units::count(rows as u64)
    )
}

/// Returns a number of matches in words.
pub fn matches(count: u64) -> String {
    plural(count, "match", "matches")
}
