//! Tables whose last column may be as long as it likes: what does not fit beside the others goes below them,
//! broken, never cut.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use crate::text::Look;
use crate::text::columns::{flow, left, right, widest};
use crate::text::pieces::{pieces, split_head};

use super::{BOLD, DIMMED};

/// Columns between two cells.
const GAP: usize = 2;

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// One row; every text is escaped already.
#[derive(Debug, Default)]
pub(super) struct TableRow {
    /// One a column.
    pub(super) cells: Vec<String>,
    /// What it is about: the last column.
    pub(super) subject: String,
    /// A word behind the subject.
    pub(super) mark: String,
    /// Further facts, below.
    pub(super) notes: Vec<String>,
}

/// A table with a heading for each column.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<(&'static str, Side)>,
    subject: &'static str,
    rows: Vec<TableRow>,
}

impl Table {
    pub(super) fn new(columns: &[(&'static str, Side)], subject: &'static str) -> Self {
        Self {
            columns: columns.to_vec(),
            subject,
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, row: TableRow) {
        self.rows.push(row);
    }

    pub(super) fn write(&self, look: &Look, output: &mut dyn Write) -> io::Result<()> {
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let used: usize = widths.iter().map(|width| width + GAP).sum();
        let heading: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).into())
            .collect();
        let heading = self.line(&heading, &widths);
        writeln!(output, "{BOLD}{heading}{}{BOLD:#}", self.subject)?;
        for row in &self.rows {
            let cells = self.line(&row.cells, &widths);
            write_row(row, &cells, used, look, output)?;
        }
        Ok(())
    }

    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.cells.get(at));
        widest(cells.map(String::as_str)).max(self.columns[at].0.len())
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let sides = self.columns.iter().map(|(_, side)| *side);
        cells
            .iter()
            .zip(widths)
            .zip(sides)
            .map(|((cell, &width), side)| match side {
                Side::Left => left(cell, width + GAP),
                Side::Right => format!("{}{}", right(cell, width), " ".repeat(GAP)),
            })
            .collect()
    }
}

fn write_row(
    row: &TableRow,
    cells: &str,
    used: usize,
    look: &Look,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mark = if row.mark.is_empty() {
        String::new()
    } else {
        format!("  {}", row.mark)
    };
    if used + row.subject.width() + mark.width() <= look.width {
        writeln!(output, "{cells}{}{DIMMED}{mark}{DIMMED:#}", row.subject)?;
    } else {
        writeln!(output, "{}{DIMMED}{mark}{DIMMED:#}", cells.trim_end())?;
        write_broken(&row.subject, Style::new(), look, output)?;
    }
    let room = look.width.saturating_sub(INDENT.len());
    for line in flow(&row.notes, "  ", room) {
        write_broken(&line, DIMMED, look, output)?;
    }
    Ok(())
}

const INDENT: &str = "    ";

/// Writes a text below a row in as many lines as it takes.
fn write_broken(text: &str, style: Style, look: &Look, output: &mut dyn Write) -> io::Result<()> {
    for line in broken(text, look.width.saturating_sub(INDENT.len())) {
        writeln!(output, "{INDENT}{style}{line}{style:#}")?;
    }
    Ok(())
}

/// Returns the text in lines of at most so many columns, broken at spaces where there are any.
pub(super) fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut rest = text;
    let mut lines = Vec::new();
    while let Some(first) = pieces(rest).next() {
        let (fitting, behind) = split_head(rest, columns);
        let space = fitting.rfind(' ').filter(|_| !behind.is_empty());
        let end = space.map_or(fitting.len().max(first.len()), |space| space + 1);
        let (line, behind) = rest.split_at(end);
        lines.push(line.trim_end().to_owned());
        rest = behind;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_where_a_text_is_broken() {
        assert_eq!(broken("short", 8), ["short"]);
        assert_eq!(broken("one two three", 8), ["one two", "three"]);
        assert_eq!(
            broken("0123456789abcdef01", 8),
            ["01234567", "89abcdef", "01"]
        );
        assert_eq!(broken("a 123456789", 8), ["a", "12345678", "9"]);
        assert_eq!(broken("中中中", 4), ["中中", "中"]);
    }
}
