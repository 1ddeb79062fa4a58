//! Lines that meet: each cell knows in which directions a line leaves it, and how heavy.

use ratatui::layout::Rect;

use super::picture::Canvas;
use crate::text::Glyphs;
use crate::tui::paint::Paint;
use crate::tui::theme::Role;

/// How heavy a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Weight {
    #[default]
    None,
    Light,
    Heavy,
}

/// The lines that leave a cell: up, right, down, left.
type Cell = [Weight; 4];

const UP: usize = 0;
const RIGHT: usize = 1;
const DOWN: usize = 2;
const LEFT: usize = 3;

/// Symbols by weight up, right, down and left, as digits of a number to base 3.
const SYMBOLS: &str =
    " ╴╸╷┐┑╻┒┓╶─╾┌┬┭┎┰┱╺╼━┍┮┯┏┲┳╵┘┙│┤┥╽┧┪└┴┵├┼┽┟╁╅┕┶┷┝┾┿┢╆╈╹┚┛╿┦┩┃┨┫┖┸┹┞╀╃┠╂╉┗┺┻┡╄╇┣╊╋";

/// The lines of a picture.
#[derive(Debug)]
pub(super) struct Lines {
    width: u16,
    height: u16,
    cells: Vec<Cell>,
}

impl Lines {
    pub(super) fn new(width: u16, height: u16) -> Self {
        Self {
            width,
            height,
            cells: vec![Cell::default(); usize::from(width) * usize::from(height)],
        }
    }

    /// Draws around a tile: its lines are at its top and left, and those of the next tiles.
    pub(super) fn outline(&mut self, tile: Rect, weight: Weight) {
        let (right, bottom) = (tile.right(), tile.bottom());
        for x in tile.x..right {
            for y in [tile.y, bottom] {
                self.mark((x, y), RIGHT, weight);
                self.mark((x + 1, y), LEFT, weight);
            }
        }
        for y in tile.y..bottom {
            for x in [tile.x, right] {
                self.mark((x, y), DOWN, weight);
                self.mark((x, y + 1), UP, weight);
            }
        }
    }

    fn mark(&mut self, (x, y): (u16, u16), direction: usize, weight: Weight) {
        if x >= self.width || y >= self.height {
            return;
        }
        let at = usize::from(y) * usize::from(self.width) + usize::from(x);
        if let Some(cell) = self.cells.get_mut(at) {
            cell[direction] = cell[direction].max(weight);
        }
    }

    pub(super) fn draw(&self, canvas: Canvas, paint: &mut Paint<'_>) {
        let glyphs = paint.look.glyphs;
        let light = paint.style(Role::Border);
        let heavy = paint.style(Role::Focus);
        let mut text = [0; 4];
        for (y, row) in (0u16..).zip(self.cells.chunks(usize::from(self.width).max(1))) {
            for (x, cell) in (0u16..).zip(row) {
                let outside = x < canvas.outside || y < canvas.outside;
                if outside || *cell == Cell::default() {
                    continue;
                }
                let style = if cell.contains(&Weight::Heavy) {
                    heavy
                } else {
                    light
                };
                let (x, y) = (x - canvas.outside, y - canvas.outside);
                if x < canvas.cells.width && y < canvas.cells.height {
                    let symbol = symbol(*cell, glyphs).encode_utf8(&mut text);
                    let (x, y) = (canvas.cells.x + x, canvas.cells.y + y);
                    paint.symbol(x, y, symbol, style);
                }
            }
        }
    }
}

fn symbol(cell: Cell, glyphs: Glyphs) -> char {
    match glyphs {
        Glyphs::Unicode => {
            let at = cell.iter().fold(0, |at, &weight| at * 3 + weight as usize);
            SYMBOLS.chars().nth(at).unwrap_or(' ')
        }
        Glyphs::Ascii => ascii(cell),
    }
}

fn ascii(cell: Cell) -> char {
    let has = |direction: usize| cell[direction] != Weight::None;
    let (across, down) = (has(LEFT) || has(RIGHT), has(UP) || has(DOWN));
    let is_heavy = cell.contains(&Weight::Heavy);
    match (across, down) {
        (true, false) if is_heavy => '=',
        (true, false) => '-',
        (false, true) if !is_heavy => '|',
        (true, true) if !is_heavy => '+',
        _ => '#',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &Lines, glyphs: Glyphs) -> Vec<String> {
        let rows = lines.cells.chunks(usize::from(lines.width));
        let symbol = |cell: &Cell| match cell {
            cell if *cell == Cell::default() => ' ',
            cell => symbol(*cell, glyphs),
        };
        rows.map(|row| row.iter().map(symbol).collect()).collect()
    }

    #[test]
    fn there_is_a_symbol_for_every_meeting() {
        assert_eq!(SYMBOLS.chars().count(), 81);
    }

    #[test]
    fn lines_meet_in_the_right_symbols() {
        let mut lines = Lines::new(7, 5);
        lines.outline(Rect::new(0, 0, 3, 4), Weight::Light);
        lines.outline(Rect::new(3, 0, 3, 2), Weight::Light);
        lines.outline(Rect::new(3, 2, 3, 2), Weight::Heavy);
        assert_eq!(
            text(&lines, Glyphs::Unicode),
            ["┌──┬──┐", "│  │  │", "│  ┢━━┪", "│  ┃  ┃", "└──┺━━┛"]
        );
        assert_eq!(
            text(&lines, Glyphs::Ascii),
            ["+--+--+", "|  |  |", "|  #==#", "|  #  #", "+--#==#"]
        );
    }

    #[test]
    fn what_leaves_the_picture_is_cut() {
        let mut lines = Lines::new(2, 2);
        lines.outline(Rect::new(1, 1, 9, 9), Weight::Light);
        assert_eq!(text(&lines, Glyphs::Unicode), ["  ", " ┌"]);
    }
}
