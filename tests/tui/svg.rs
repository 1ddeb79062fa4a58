//! A frame as a picture: cells to SVG, for the README.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Width and height of a cell, and of the margin around all of them, in pixels.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 12.0;

const PAPER: &str = "#16181d";
const INK: &str = "#d7dae0";

/// Returns the picture of a frame; the same frame gives the same bytes.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f64::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut all = String::new();
    writeln!(
        all,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">",
        escaped(title)
    )
    .expect("room");
    for y in 0..rows {
        for run in runs(buffer, y) {
            draw(&mut all, y, &run);
        }
    }
    all.push_str("</g>\n</svg>\n");
    all
}

/// Neighbouring cells that look alike.
struct Run {
    x: u16,
    columns: u16,
    text: String,
    look: Looks,
}

#[derive(Clone, Copy, PartialEq)]
struct Looks {
    ink: &'static str,
    paper: Option<&'static str>,
    modifiers: Modifier,
}

fn looks(cell: &Cell) -> Looks {
    let ink = colour(cell.fg);
    let modifiers = cell.modifier & (Modifier::BOLD | Modifier::DIM | Modifier::UNDERLINED);
    if cell.modifier.contains(Modifier::REVERSED) {
        return Looks {
            ink: PAPER,
            paper: Some(ink),
            modifiers,
        };
    }
    Looks {
        ink,
        paper: None,
        modifiers,
    }
}

fn colour(colour: Color) -> &'static str {
    match colour {
        Color::Red => "#e06c75",
        Color::Green => "#98c379",
        Color::Yellow => "#e5c07b",
        Color::Blue => "#61afef",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#56b6c2",
        _ => INK,
    }
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        let symbol = cell.symbol();
        let columns = u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1))
            .expect("a cell's width");
        let look = looks(cell);
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.text.push_str(symbol);
                run.columns += columns;
            }
            _ => runs.push(Run {
                x,
                columns,
                text: symbol.to_owned(),
                look,
            }),
        }
        x += columns;
    }
    runs.retain(|run| run.look.paper.is_some() || !run.text.trim().is_empty());
    runs
}

fn draw(all: &mut String, y: u16, run: &Run) {
    let x = MARGIN + f64::from(run.x) * CELL.0;
    let top = MARGIN + f64::from(y) * CELL.1;
    let width = f64::from(run.columns) * CELL.0;
    if let Some(paper) = run.look.paper {
        writeln!(
            all,
            "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{paper}\"/>",
            CELL.1
        )
        .expect("room");
    }
    let mut attributes = String::new();
    if run.look.modifiers.contains(Modifier::BOLD) {
        attributes.push_str(" font-weight=\"bold\"");
    }
    if run.look.modifiers.contains(Modifier::DIM) {
        attributes.push_str(" opacity=\"0.6\"");
    }
    if run.look.modifiers.contains(Modifier::UNDERLINED) {
        attributes.push_str(" text-decoration=\"underline\"");
    }
    // The length is given so that columns stay columns whatever font the reader has.
    writeln!(
        all,
        "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\"{attributes}>{}</text>",
        top + CELL.1 * 0.75,
        run.look.ink,
        escaped(&run.text)
    )
    .expect("room");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
