//! A frame as a picture: cells to SVG.
//!
//! Browsers differ in how they treat blanks, and readers in their fonts. So no blank is written at all, every
//! character is told where it stands, and lines and bars are drawn.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

#[path = "svg/shapes.rs"]
mod shapes;

use shapes::{Shape, shape};

/// Width and height of a cell, in pixels.
pub const CELL: (u32, u32) = (9, 18);
/// Where the first cell begins, in pixels from the left and from the top.
pub const ORIGIN: (u32, u32) = (18, 48);

const FONTS: &str = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace";
/// Of the text; its characters are as wide as a cell in most of these fonts.
const FONT_PIXELS: u32 = 15;
/// From the top of a cell to the foot of its letters.
const BASELINE: u32 = 14;
const BAR_OF_TITLE: u32 = 36;
const MARGIN_BELOW: u32 = 16;

const PAPER: &str = "#16181d";
const INK: &str = "#d7dae0";

/// Returns the width and height of the picture of a frame, in pixels.
pub fn size(buffer: &Buffer) -> (u32, u32) {
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    (
        columns * CELL.0 + 2 * ORIGIN.0,
        rows * CELL.1 + ORIGIN.1 + MARGIN_BELOW,
    )
}

/// Returns the picture of a frame in a window; the same frame gives the same bytes.
///
/// `description` is for those who do not see it.
pub fn svg(buffer: &Buffer, title: &str, description: &str) -> String {
    let (width, height) = size(buffer);
    let mut picture = Picture::default();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            x += picture.cell(&buffer[(x, y)], x, y);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n{}{}</svg>\n",
        escaped(description),
        window((width, height), title),
        picture.drawn(),
    )
}

fn window((width, height): (u32, u32), title: &str) -> String {
    let mut window = format!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"10\" fill=\"{PAPER}\" stroke=\"#3b404b\"/>\n\
         <path d=\"M1 {BAR_OF_TITLE}V10.5A9.5 9.5 0 0 1 10.5 1H{}A9.5 9.5 0 0 1 {} 10.5V{BAR_OF_TITLE}Z\" \
         fill=\"#262a33\"/>\n",
        width - 1,
        height - 1,
        f64::from(width) - 10.5,
        width - 1,
    );
    for (x, colour) in [(22, "#ff5f57"), (42, "#febc2e"), (62, "#28c840")] {
        line(
            &mut window,
            format_args!("<circle cx=\"{x}\" cy=\"18.5\" r=\"6\" fill=\"{colour}\"/>"),
        );
    }
    line(
        &mut window,
        format_args!(
            "<text x=\"{}\" y=\"23\" text-anchor=\"middle\" font-family=\"{FONTS}\" font-size=\"13\" \
             fill=\"#9aa1ad\">{}</text>",
            width / 2,
            escaped(title)
        ),
    );
    window
}

/// What is in the cells, sorted by how it is drawn.
#[derive(Debug, Default)]
struct Picture {
    papers: Vec<Area>,
    bars: Vec<Area>,
    underlines: Vec<Area>,
    triangles: String,
    /// Lines of one look, in half cells: those along a row, and those along a column.
    lines: BTreeMap<Stroke, [Vec<Part>; 2]>,
    words: Vec<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    ink: &'static str,
    paper: Option<&'static str>,
    modifiers: Modifier,
}

/// A rectangle in eighths of a cell.
#[derive(Debug, Clone, Copy)]
struct Area {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    ink: &'static str,
    opacity: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stroke {
    ink: &'static str,
    weight: u8,
    is_dim: bool,
}

/// A piece of a row or column: which one, and from where to where.
type Part = (u32, u32, u32);

#[derive(Debug)]
struct Word {
    x: u16,
    y: u16,
    text: String,
    look: Look,
}

impl Picture {
    /// Takes a cell in and returns how many columns it has.
    fn cell(&mut self, cell: &Cell, x: u16, y: u16) -> u16 {
        let symbol = cell.symbol();
        let columns = unicode_width::UnicodeWidthStr::width(symbol).max(1);
        let columns = u16::try_from(columns).expect("a cell's width");
        let look = Look::of(cell);
        let (left, top) = (u32::from(x) * 8, u32::from(y) * 8);
        let all = Area {
            x: left,
            y: top,
            width: u32::from(columns) * 8,
            height: 8,
            ink: look.ink,
            opacity: if look.is(Modifier::DIM) { 0.6 } else { 1.0 },
        };
        if let Some(paper) = look.paper {
            let opacity = 1.0;
            push(
                &mut self.papers,
                Area {
                    ink: paper,
                    opacity,
                    ..all
                },
            );
        }
        if look.is(Modifier::UNDERLINED) {
            push(&mut self.underlines, all);
        }
        match shape(symbol) {
            Some(Shape::Lines(arms)) => self.arms(arms, look, (x, y)),
            Some(Shape::Left(width)) => {
                let width = u32::from(width);
                push(&mut self.bars, Area { width, ..all });
            }
            Some(Shape::Lower(height)) => {
                let height = u32::from(height);
                let y = top + 8 - height;
                push(&mut self.bars, Area { y, height, ..all });
            }
            Some(Shape::Shade(part)) => {
                let opacity = part * all.opacity;
                push(&mut self.bars, Area { opacity, ..all });
            }
            Some(Shape::Folded) => self.triangle([(2, 4), (7, 9), (2, 14)], all),
            Some(Shape::Unfolded) => self.triangle([(0, 6), (9, 6), (4, 12)], all),
            None if symbol.trim().is_empty() => {}
            None => self.character(symbol, look, (x, y)),
        }
        columns
    }

    fn arms(&mut self, arms: [u8; 4], look: Look, (x, y): (u16, u16)) {
        let (across, down) = (u32::from(x) * 2, u32::from(y) * 2);
        let parts = [
            (1, (across, down, down + 1)),
            (0, (down, across + 1, across + 2)),
            (1, (across, down + 1, down + 2)),
            (0, (down, across, across + 1)),
        ];
        for (weight, (direction, part)) in arms.into_iter().zip(parts) {
            if weight > 0 {
                let stroke = Stroke {
                    ink: look.ink,
                    weight,
                    is_dim: look.is(Modifier::DIM),
                };
                self.lines.entry(stroke).or_default()[direction].push(part);
            }
        }
    }

    fn triangle(&mut self, corners: [(u32, u32); 3], cell: Area) {
        let (x, y) = pixels(cell.x, cell.y);
        let points = corners
            .map(|(right, down)| format!("{},{}", x + f64::from(right), y + f64::from(down)));
        line(
            &mut self.triangles,
            format_args!(
                "<polygon points=\"{}\" fill=\"{}\"{}/>",
                points.join(" "),
                cell.ink,
                faded(cell.opacity)
            ),
        );
    }

    fn character(&mut self, symbol: &str, look: Look, (x, y): (u16, u16)) {
        assert_eq!(
            symbol.chars().count(),
            1,
            "no place for marks on {symbol:?}"
        );
        if let Some(word) = self.words.last_mut() {
            let length = u16::try_from(word.text.chars().count()).expect("a row's length");
            if (word.x + length, word.y, word.look) == (x, y, look) {
                word.text.push_str(symbol);
                return;
            }
        }
        let text = symbol.to_owned();
        self.words.push(Word { x, y, text, look });
    }

    fn drawn(&self) -> String {
        let mut all = String::new();
        // Without smoothing: areas that touch would show seams.
        all.push_str("<g shape-rendering=\"crispEdges\">\n");
        for area in self.papers.iter().chain(&self.bars) {
            area.draw(&mut all);
        }
        all.push_str("</g>\n");
        all.push_str(&self.triangles);
        for (stroke, [rows, columns]) in &self.lines {
            stroke.draw(&mut all, rows, columns);
        }
        for area in &self.underlines {
            area.underline(&mut all);
        }
        line(
            &mut all,
            format_args!("<g font-family=\"{FONTS}\" font-size=\"{FONT_PIXELS}\">"),
        );
        for word in &self.words {
            word.draw(&mut all);
        }
        all.push_str("</g>\n");
        all
    }
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let ink = colour(cell.fg);
        let modifiers = cell.modifier & (Modifier::BOLD | Modifier::DIM | Modifier::UNDERLINED);
        let (ink, paper) = if cell.modifier.contains(Modifier::REVERSED) {
            (PAPER, Some(ink))
        } else {
            (ink, None)
        };
        Self {
            ink,
            paper,
            modifiers,
        }
    }

    fn is(self, modifier: Modifier) -> bool {
        self.modifiers.contains(modifier)
    }
}

fn colour(colour: Color) -> &'static str {
    match colour {
        Color::Red => "#f07178",
        Color::Green => "#98c379",
        Color::Yellow => "#e5c07b",
        Color::Blue | Color::LightBlue => "#61afef",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#56b6c2",
        _ => INK,
    }
}

impl Area {
    fn draw(&self, all: &mut String) {
        let (x, y) = pixels(self.x, self.y);
        let (right, below) = pixels(self.x + self.width, self.y + self.height);
        line(
            all,
            format_args!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{}\"{}/>",
                right - x,
                below - y,
                self.ink,
                faded(self.opacity)
            ),
        );
    }

    fn underline(&self, all: &mut String) {
        let (x, y) = pixels(self.x, self.y);
        let (right, _) = pixels(self.x + self.width, self.y);
        let y = y + f64::from(CELL.1) - 1.5;
        line(
            all,
            format_args!(
                "<path d=\"M{x} {y}H{right}\" stroke=\"{}\"{}/>",
                self.ink,
                faded(self.opacity)
            ),
        );
    }
}

/// Adds an area, to the one on its left where they make one.
fn push(areas: &mut Vec<Area>, area: Area) {
    if let Some(last) = areas.last_mut() {
        let touches = (last.x + last.width, last.y, last.height) == (area.x, area.y, area.height);
        if touches && last.ink == area.ink && last.opacity.to_bits() == area.opacity.to_bits() {
            last.width += area.width;
            return;
        }
    }
    areas.push(area);
}

impl Stroke {
    fn draw(&self, all: &mut String, rows: &[Part], columns: &[Part]) {
        let mut path = String::new();
        for (row, from, to) in joined(rows) {
            let y = middle(ORIGIN.1, row, CELL.1);
            let (from, to) = (end(ORIGIN.0, from, CELL.0), end(ORIGIN.0, to, CELL.0));
            write!(path, "M{from} {y}H{to}").expect("room");
        }
        for (column, from, to) in joined(columns) {
            let x = middle(ORIGIN.0, column, CELL.0);
            let (from, to) = (end(ORIGIN.1, from, CELL.1), end(ORIGIN.1, to, CELL.1));
            write!(path, "M{x} {from}V{to}").expect("room");
        }
        let width = if self.weight == 2 { "2.5" } else { "1.2" };
        let opacity = if self.is_dim { 0.6 } else { 1.0 };
        // Square ends fill the corners.
        line(
            all,
            format_args!(
                "<path d=\"{path}\" stroke=\"{}\" stroke-width=\"{width}\" stroke-linecap=\"square\"{}/>",
                self.ink,
                faded(opacity)
            ),
        );
    }
}

/// Returns parts of rows or columns with those that touch in one.
fn joined(parts: &[Part]) -> Vec<Part> {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    let mut joined: Vec<Part> = Vec::new();
    for (row, from, to) in sorted {
        match joined.last_mut() {
            Some(last) if last.0 == row && last.2 == from => last.2 = to,
            _ => joined.push((row, from, to)),
        }
    }
    joined
}

/// Returns the middle of a cell that begins at this half cell, on whole pixels for a line to be sharp.
fn middle(origin: u32, half: u32, cell: u32) -> f64 {
    f64::from(origin + half * cell / 2 + cell / 2) + 0.5
}

/// Returns where a line begins or ends that does so at this half cell.
fn end(origin: u32, half: u32, cell: u32) -> f64 {
    if half.is_multiple_of(2) {
        f64::from(origin + half * cell / 2)
    } else {
        middle(origin, half - 1, cell)
    }
}

/// Returns the place of a point in eighths of cells.
fn pixels(x: u32, y: u32) -> (f64, f64) {
    (
        f64::from(ORIGIN.0) + f64::from(x * CELL.0) / 8.0,
        f64::from(ORIGIN.1) + f64::from(y * CELL.1) / 8.0,
    )
}

impl Word {
    fn draw(&self, all: &mut String) {
        let (x, y) = (u32::from(self.x), u32::from(self.y));
        let places = (x..).zip(self.text.chars());
        let places: Vec<String> = places
            .map(|(column, _)| (ORIGIN.0 + column * CELL.0).to_string())
            .collect();
        let bold = if self.look.is(Modifier::BOLD) {
            " font-weight=\"bold\""
        } else {
            ""
        };
        let dim = if self.look.is(Modifier::DIM) {
            0.6
        } else {
            1.0
        };
        line(
            all,
            format_args!(
                "<text x=\"{}\" y=\"{}\" fill=\"{}\"{bold}{}>{}</text>",
                places.join(" "),
                ORIGIN.1 + y * CELL.1 + BASELINE,
                self.look.ink,
                faded(dim),
                escaped(&self.text)
            ),
        );
    }
}

fn faded(opacity: f64) -> String {
    if opacity < 1.0 {
        format!(" opacity=\"{opacity}\"")
    } else {
        String::new()
    }
}

fn line(all: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(all, "{text}").expect("room");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
