//! The columns of the list: which there are for a width, and what is in them.

use super::FilesPane;
use super::finder::Reach;
use super::row::{Fate, FileRow};
use crate::browse::{FlatView, Mark};
use crate::layer::EntryKind;
use crate::text::{Look, attributes};
use crate::tui::layout::Arrangement;
use crate::tui::panes::about::layer_title;
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Table, Width};
use crate::tui::theme::Role;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Size,
    Layer,
    Mark,
    /// Whether the merged view shows it, in a word.
    Fate,
    /// The same with cause and layer.
    FullFate,
    Mode,
    Owner,
    Time,
    Path,
    Instruction,
}

/// Returns the columns for a width.
pub(super) fn table(
    pane: &FilesPane,
    subject: &Subject,
    width: u16,
    arrangement: Arrangement,
) -> Table<What> {
    let left = |what, heading, columns| Column::left(what, heading, Width::Fixed(columns));
    let mut columns = vec![Column::right(What::Size, "Size", 10)];
    let has_versions = pane.view == FlatView::Versions || pane.finder.reach != Reach::List;
    if width >= 34 {
        columns.push(Column::right(What::Layer, "In", 4));
        columns.push(left(What::Mark, "", 2));
    }
    if has_versions && width >= 130 {
        columns.push(left(What::FullFate, "State", 22));
    } else if has_versions && width >= 40 && arrangement > Arrangement::Bare {
        columns.push(left(What::Fate, "State", 6));
    }
    if width >= 100 {
        columns.push(left(What::Mode, "Mode", 10));
        columns.push(left(What::Owner, "Owner", 11));
        columns.push(left(What::Time, "Modified", 16));
    }
    columns.push(Column::left(What::Path, "Path", Width::Rest));
    let layers = &subject.analysis.image.layers;
    let rest = Table::new(columns.clone(), width, GAP).width(What::Path);
    if rest > LEAST_PATH && layers.iter().any(|layer| layer.instruction.is_some()) {
        let instruction = (rest - GAP) * 2 / 5;
        columns.push(left(What::Instruction, "Layer", instruction - GAP));
    }
    Table::new(columns, width, GAP)
}

/// Columns between two columns.
const GAP: u16 = 1;

/// Columns of a path from which on it shares them with the instruction.
const LEAST_PATH: u16 = 80;

/// Returns what stands in a cell; a path is drawn.
pub(super) fn cell(what: What, row: &FileRow, subject: &Subject, look: Look) -> Option<Cell> {
    let meta = row.meta;
    Some(match what {
        What::Size if row.is_elsewhere() => Cell::dim(size(row, look)),
        What::Size => Cell::plain(size(row, look)),
        What::Layer => Cell::plain(format!("L{}", row.file.layer)),
        What::Mark => Cell::new(mark(row), Role::Change(row.mark)),
        What::Fate => Cell::new(fate(row), fate_role(row)),
        What::FullFate => Cell::new(row.fate.words(), fate_role(row)),
        What::Mode => {
            let kind = row.kind.unwrap_or(EntryKind::Whiteout);
            let mode = meta.map(|meta| meta.mode);
            Cell::dim(attributes::permissions(kind.letter(), mode))
        }
        What::Owner => {
            let owner = meta.map(|meta| format!("{}:{}", meta.uid, meta.gid));
            Cell::dim(owner.unwrap_or_default())
        }
        What::Time => {
            let time = meta.map(|meta| attributes::time(meta.mtime));
            Cell::dim(time.unwrap_or_default())
        }
        What::Instruction => Cell::dim(layer_title(subject, look, row.file.layer)),
        What::Path => return None,
    })
}

const fn fate_role(row: &FileRow) -> Role {
    match row.fate {
        Fate::Wasted { .. } => Role::Waste,
        Fate::Live | Fate::Gone { .. } => Role::Dim,
    }
}

fn size(row: &FileRow, look: Look) -> String {
    match row.kind {
        Some(EntryKind::File | EntryKind::Hardlink) => look.units.size(row.file.bytes),
        _ => "-".into(),
    }
}

/// Returns the letter of the change, and `H` for a name whose bytes are counted at another one.
fn mark(row: &FileRow) -> String {
    let link = if row.is_elsewhere() { 'H' } else { ' ' };
    let letter = match row.mark {
        Mark::Unchanged => ' ',
        mark => mark.letter(),
    };
    format!("{letter}{link}")
}

const fn fate(row: &FileRow) -> &'static str {
    match row.fate {
        Fate::Live => "live",
        Fate::Wasted { .. } => "wasted",
        Fate::Gone { .. } => "gone",
    }
}
