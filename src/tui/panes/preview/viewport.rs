//! Which part of a document is on the screen.
//!
//! There is no cursor: the first row on the screen is the place one is at, as in a pager. A wrapped line has
//! several rows; only lines near the screen are ever measured.

use super::characters::rows;
use crate::text::Look;
use crate::tui::command::Command;
use crate::tui::results::Document;
use crate::tui::scroll::Moved;

/// Columns a key moves to the side.
const SIDEWAYS: usize = 8;

/// Whether long lines go on in further rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// They leave the screen at the side.
    #[default]
    Off,
    /// They do.
    On,
}

/// The first row on the screen, and the first column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Viewport {
    /// Line of the document.
    pub line: usize,
    /// Row of the line; 0 unless it is wrapped.
    pub row: usize,
    /// Columns to the left of the screen; 0 while lines are wrapped.
    pub left: usize,
}

/// What the place on the screen holds.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    /// How many rows it has.
    pub height: usize,
    /// Columns for text.
    pub columns: usize,
    /// Whether lines are wrapped.
    pub wrap: Wrap,
    /// Which characters may be drawn.
    pub look: Look,
}

impl Frame {
    fn rows(&self, document: &Document, line: usize) -> usize {
        match self.wrap {
            Wrap::Off => 1,
            Wrap::On => rows(document.line(line), self.columns.max(1), self.look),
        }
    }
}

impl Viewport {
    /// Moves by a command; returns whether it was one that moves.
    pub fn step(&mut self, command: Command, document: &Document, frame: &Frame) -> Moved {
        let page = frame.height.max(1);
        let half = (frame.height / 2).max(1);
        match command {
            Command::Up => self.up(1, document, frame),
            Command::Down => self.down(1, document, frame),
            Command::PageUp => self.up(page, document, frame),
            Command::PageDown => self.down(page, document, frame),
            Command::HalfPageUp => self.up(half, document, frame),
            Command::HalfPageDown => self.down(half, document, frame),
            Command::Top => (self.line, self.row) = (0, 0),
            Command::Bottom => (self.line, self.row) = last_screen(document, frame),
            Command::Left => self.left = self.left.saturating_sub(SIDEWAYS),
            Command::Right if frame.wrap == Wrap::Off => self.left += SIDEWAYS,
            _ => return Moved::No,
        }
        self.settle(document, frame);
        Moved::Yes
    }

    fn up(&mut self, count: usize, document: &Document, frame: &Frame) {
        for _ in 0..count {
            if self.row > 0 {
                self.row -= 1;
            } else if self.line > 0 {
                self.line -= 1;
                self.row = frame.rows(document, self.line) - 1;
            }
        }
    }

    fn down(&mut self, count: usize, document: &Document, frame: &Frame) {
        for _ in 0..count {
            if self.row + 1 < frame.rows(document, self.line) {
                self.row += 1;
            } else if self.line + 1 < document.len() {
                self.line += 1;
                self.row = 0;
            }
        }
    }

    /// Brings the place into the document, and no empty rows onto the screen while there are rows above.
    pub fn settle(&mut self, document: &Document, frame: &Frame) {
        let last = last_screen(document, frame);
        if frame.wrap == Wrap::On {
            self.left = 0;
            let line = self.line.min(document.len().saturating_sub(1));
            self.row = self.row.min(frame.rows(document, line) - 1);
        } else {
            self.row = 0;
        }
        (self.line, self.row) = (self.line, self.row).min(last);
    }

    /// Brings a byte onto the screen, scrolled as little as makes sense.
    pub fn show(&mut self, offset: usize, document: &Document, frame: &Frame) {
        let line = document.line_of(offset);
        let within = offset - document.range(line).start.min(offset);
        let (text, _) = super::characters::drawn(document.line(line));
        if frame.wrap == Wrap::On {
            let breaks = super::characters::wraps(text, frame.columns.max(1), frame.look);
            let row = breaks.take_while(|piece| piece.at <= within).count();
            self.bring((line, row), document, frame);
            return;
        }
        self.bring((line, 0), document, frame);
        let mut before =
            super::characters::pieces(text, frame.look).take_while(|piece| piece.at <= within);
        let column = before.by_ref().last().map_or(0, |piece| piece.column);
        let is_seen = (self.left..self.left + frame.columns * 3 / 4).contains(&column);
        if !is_seen {
            let is_near = column < frame.columns * 3 / 4;
            self.left = if is_near {
                0
            } else {
                column - frame.columns / 2
            };
        }
    }

    /// Scrolls to a row unless it is on the screen already.
    fn bring(&mut self, row: (usize, usize), document: &Document, frame: &Frame) {
        let mut end = *self;
        end.down(frame.height.saturating_sub(1), document, frame);
        let is_seen = ((self.line, self.row)..=(end.line, end.row)).contains(&row);
        if !is_seen {
            (self.line, self.row) = row;
            self.up(frame.height / 3, document, frame);
        }
        self.settle(document, frame);
    }
}

/// Returns the place from which the rest of the document just fits.
fn last_screen(document: &Document, frame: &Frame) -> (usize, usize) {
    let mut left = frame.height.max(1);
    for line in (0..document.len()).rev() {
        let rows = frame.rows(document, line);
        if rows >= left {
            return (line, rows - left);
        }
        left -= rows;
    }
    (0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Detail, Glyphs};
    use crate::units::Units;

    fn frame(height: usize, wrap: Wrap) -> Frame {
        Frame {
            height,
            columns: 10,
            wrap,
            look: Look {
                width: 80,
                units: Units::Iec,
                glyphs: Glyphs::Unicode,
                detail: Detail::Short,
            },
        }
    }

    #[test]
    fn the_place_stays_in_the_document_and_the_screen_full() {
        let document = Document::new(
            (0..30)
                .flat_map(|line| format!("{}\n", "x".repeat(line)).into_bytes())
                .collect(),
        );
        for wrap in [Wrap::Off, Wrap::On] {
            for height in [0, 1, 2, 7, 100] {
                let frame = frame(height, wrap);
                let mut viewport = Viewport::default();
                for command in [
                    Command::Down,
                    Command::PageDown,
                    Command::Bottom,
                    Command::Down,
                    Command::Up,
                    Command::HalfPageUp,
                    Command::PageUp,
                    Command::HalfPageDown,
                    Command::Top,
                ] {
                    assert_eq!(viewport.step(command, &document, &frame), Moved::Yes);
                    let place = (viewport.line, viewport.row);
                    assert!(place <= last_screen(&document, &frame));
                    assert!(viewport.row < frame.rows(&document, viewport.line));
                }
                assert_eq!((viewport.line, viewport.row), (0, 0));
            }
        }
        let mut viewport = Viewport::default();
        let frame = frame(7, Wrap::On);
        viewport.step(Command::Bottom, &document, &frame);
        // The last lines have three rows each.
        assert_eq!((viewport.line, viewport.row), (27, 2));
    }

    #[test]
    fn an_empty_document_has_one_place() {
        let mut viewport = Viewport::default();
        let document = Document::default();
        for wrap in [Wrap::Off, Wrap::On] {
            viewport.step(Command::Bottom, &document, &frame(5, wrap));
            viewport.show(3, &document, &frame(5, wrap));
            assert_eq!((viewport.line, viewport.row), (0, 0));
        }
    }

    #[test]
    fn a_place_is_brought_onto_the_screen() {
        let document = Document::new(format!("{}here\n", "0123456789\n".repeat(100)).into_bytes());
        let mut viewport = Viewport::default();
        viewport.show(50 * 11 + 3, &document, &frame(9, Wrap::Off));
        assert_eq!(viewport.line, 47);
        viewport.show(51 * 11, &document, &frame(9, Wrap::Off));
        assert_eq!(viewport.line, 47);
        let wide = Document::new([b"x".repeat(500), b"here".to_vec()].concat());
        viewport.show(500, &wide, &frame(9, Wrap::Off));
        assert!((viewport.left..viewport.left + 10).contains(&500));
        viewport.show(500, &wide, &frame(9, Wrap::On));
        assert_eq!(viewport.left, 0);
    }
}
