//! The columns of the list: which there are for a width, and what is in them.

use ratatui::layout::Rect;

use super::super::about::layer_title;
use super::FilesPane;
use super::draw::{is_bare, is_elsewhere};
use super::finder::Reach;
use super::row::{Fate, FileRow};
use crate::browse::{FlatView, Mark};
use crate::layer::EntryKind;
use crate::text::{Look, attributes};
use crate::tui::layout::Arrangement;
use crate::tui::subject::Subject;
use crate::tui::theme::Role;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
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

impl Column {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Size => "Size",
            Self::Layer => "In",
            Self::Mark => "",
            Self::Fate | Self::FullFate => "State",
            Self::Mode => "Mode",
            Self::Owner => "Owner",
            Self::Time => "Modified",
            Self::Path => "Path",
            Self::Instruction => "Layer",
        }
    }

    pub(super) const fn is_right(self) -> bool {
        matches!(self, Self::Size | Self::Layer)
    }

    /// Returns the columns it takes; 0 for those that take the rest.
    const fn width(self) -> u16 {
        match self {
            Self::Size | Self::Mode => 10,
            Self::Layer => 4,
            Self::Mark => 2,
            Self::Fate => 6,
            Self::FullFate => 22,
            Self::Owner => 11,
            Self::Time => 16,
            Self::Path | Self::Instruction => 0,
        }
    }
}

/// The columns of one width.
#[derive(Debug)]
pub(super) struct Cells {
    columns: Vec<(Column, u16)>,
}

impl Cells {
    pub(super) fn of(
        width: u16,
        pane: &FilesPane,
        subject: &Subject,
        arrangement: Arrangement,
    ) -> Self {
        let mut columns = vec![Column::Size];
        let has_versions = pane.view == FlatView::Versions || pane.finder.reach != Reach::List;
        if width >= 34 {
            columns.extend([Column::Layer, Column::Mark]);
        }
        if has_versions && width >= 130 {
            columns.push(Column::FullFate);
        } else if has_versions && width >= 40 && !is_bare(arrangement) {
            columns.push(Column::Fate);
        }
        if width >= 100 {
            columns.extend([Column::Mode, Column::Owner, Column::Time]);
        }
        columns.push(Column::Path);
        let is_told = subject
            .analysis
            .image
            .layers
            .iter()
            .any(|layer| layer.instruction.is_some());
        let fixed: u16 = columns.iter().map(|column| column.width() + 1).sum();
        let rest = width.saturating_sub(fixed);
        let instruction = if is_told && rest >= 80 {
            rest * 2 / 5
        } else {
            0
        };
        let mut columns: Vec<(Column, u16)> = columns
            .into_iter()
            .map(|column| match column {
                Column::Path => (column, (rest + 1).saturating_sub(instruction)),
                _ => (column, column.width()),
            })
            .collect();
        if instruction > 1 {
            columns.push((Column::Instruction, instruction - 1));
        }
        Self { columns }
    }

    /// Returns where the columns are in a line.
    pub(super) fn places(&self, line: Rect) -> Vec<(Column, Rect)> {
        let mut x = line.x;
        let mut places = Vec::with_capacity(self.columns.len());
        for &(column, width) in &self.columns {
            let left = line.right().saturating_sub(x);
            let place = Rect {
                x,
                width: width.min(left),
                ..line
            };
            places.push((column, place));
            x = x.saturating_add(width).saturating_add(1);
        }
        places
    }
}

pub(super) fn role(column: Column, row: &FileRow) -> Role {
    let is_over = row.fate != Fate::Live;
    match column {
        Column::Size if is_elsewhere(row) => Role::Dim,
        Column::Mark => Role::Change(row.mark),
        Column::Fate | Column::FullFate => match row.fate {
            Fate::Wasted { .. } => Role::Waste,
            Fate::Live | Fate::Gone { .. } => Role::Dim,
        },
        Column::Mode | Column::Owner | Column::Time | Column::Instruction => Role::Dim,
        Column::Path if is_over => Role::Dim,
        Column::Size | Column::Layer | Column::Path => Role::Plain,
    }
}

pub(super) fn text(column: Column, row: &FileRow, subject: &Subject, look: Look) -> String {
    match column {
        Column::Size => size(row, look),
        Column::Layer => format!("L{}", row.file.layer),
        Column::Mark => mark(row),
        Column::Fate => fate(row).into(),
        Column::FullFate => row.fate.words(),
        Column::Mode => {
            let kind = row.kind.unwrap_or(EntryKind::Whiteout);
            attributes::permissions(kind.letter(), row.meta.map(|meta| meta.mode))
        }
        Column::Owner => row
            .meta
            .map(|meta| format!("{}:{}", meta.uid, meta.gid))
            .unwrap_or_default(),
        Column::Time => row
            .meta
            .map(|meta| attributes::time(meta.mtime))
            .unwrap_or_default(),
        Column::Instruction => layer_title(subject, look, row.file.layer),
        Column::Path => String::new(),
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
    let link = if is_elsewhere(row) { 'H' } else { ' ' };
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
