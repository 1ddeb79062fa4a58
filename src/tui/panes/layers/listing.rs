//! One row a layer.

use crate::text::Look;
use crate::text::bars::Stack;
use crate::text::columns::widest;
use crate::tui::subject::Subject;
use crate::tui::table::{Column, Width};
use crate::units::count;

/// A layer, in words. Everything is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerRow {
    /// Its position.
    pub number: String,
    /// Content bytes; an ellipsis while it is not read.
    pub size: String,
    /// Bytes as stored.
    pub blob: String,
    /// How many entries it has.
    pub entries: String,
    /// Bytes wasted.
    pub wasted: String,
    /// What of it is needed and what is wasted.
    pub stack: Stack,
    /// The instruction.
    pub title: String,
    /// Whether it is all there.
    pub condition: Condition,
    /// Whose it is.
    pub owner: Owner,
}

/// Whether a layer is all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It is.
    Whole,
    /// A part of it, or all, could not be read.
    Damaged,
    /// It is not read yet.
    Unread,
}

/// Whose work a layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// That of the base image.
    Base,
    /// That of the image itself.
    Own,
}

/// What a column of the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// [`LayerRow::number`].
    Number,
    /// The mark of layers of the base image.
    Base,
    /// [`LayerRow::size`].
    Size,
    /// [`LayerRow::stack`].
    Bar,
    /// [`LayerRow::blob`].
    Blob,
    /// [`LayerRow::entries`].
    Entries,
    /// [`LayerRow::wasted`].
    Wasted,
    /// [`LayerRow::title`].
    Title,
}

/// Columns that the instruction keeps where the list is narrow, and where it has room.
const TITLE: u16 = 10;
const LONG_TITLE: u16 = 24;
const LONG_FROM: u16 = 60;
/// Columns of bars, from the fewest that say something to the most.
const LEAST_BAR: u16 = 4;
const MOST_BAR: u16 = 12;

/// Returns the columns for some rows in a pane of a width: as wide as the widest cell.
pub fn columns(rows: &[LayerRow], width: u16) -> Vec<Column<What>> {
    let fitting = |what, heading: &'static str, cell: fn(&LayerRow) -> &str| {
        let cells = rows.iter().map(cell).chain([heading]);
        let columns = u16::try_from(widest(cells)).unwrap_or(u16::MAX);
        Column::right(what, heading, columns)
    };
    let mut columns = vec![fitting(What::Number, "#", |row| &row.number)];
    if rows.iter().any(|row| row.owner == Owner::Base) {
        columns.push(Column::left(What::Base, "", Width::Fixed(1)));
    }
    columns.push(fitting(What::Size, "Size", |row| &row.size));
    let title = if width >= LONG_FROM {
        LONG_TITLE
    } else {
        TITLE
    };
    let columns_of = |column: &Column<What>| match column.width {
        Width::Fixed(columns) => columns + 1,
        Width::Rest => 0,
    };
    // What there is no room for goes in this order: counts and stored sizes, bars, the waste; never the instruction.
    let taken = columns.iter().map(columns_of).sum::<u16>() + title;
    let mut room = width.saturating_sub(taken);
    let mut has_room = |columns: u16| {
        let fits = columns <= room;
        room -= if fits { columns } else { 0 };
        fits
    };
    let is_wasted = rows.iter().any(|row| row.stack.wasted > 0);
    let wasted = Some(fitting(What::Wasted, "Wasted", |row| &row.wasted));
    let wasted = wasted.filter(|wasted| is_wasted && has_room(columns_of(wasted)));
    let longest = (LEAST_BAR..=MOST_BAR).rev().find(|bar| has_room(bar + 1));
    let bar = longest.map(|bar| Column::left(What::Bar, "", Width::Fixed(bar)));
    let others = [
        fitting(What::Blob, "Blob", |row| &row.blob),
        fitting(What::Entries, "Entries", |row| &row.entries),
    ];
    let has_others = has_room(others.iter().map(columns_of).sum());
    columns.extend(others.into_iter().filter(|_| has_others));
    columns.extend(wasted.into_iter().chain(bar));
    columns.push(Column::left(What::Title, "Command", Width::Rest));
    columns
}

/// Returns the rows, bottom first.
pub fn rows(subject: &Subject, look: Look) -> Vec<LayerRow> {
    let analysis = &subject.analysis;
    let pairs = analysis.image.layers.iter().zip(&analysis.layers);
    let rows = pairs.map(|(layer, figures)| {
        let condition = match (figures.unread, figures.complete) {
            (true, _) => Condition::Unread,
            (false, true) => Condition::Whole,
            (false, false) => Condition::Damaged,
        };
        let known = |text: String| match condition {
            Condition::Unread => look.ellipsis().to_owned(),
            Condition::Whole | Condition::Damaged => text,
        };
        let is_base = layer.index.0 < analysis.base.layers;
        LayerRow {
            number: layer.index.to_string(),
            size: known(look.units.size(figures.content_bytes)),
            blob: layer
                .stored_bytes
                .map_or("?".into(), |bytes| look.units.size(bytes)),
            entries: known(count(figures.entries)),
            wasted: known(match figures.wasted_bytes {
                0 => "-".into(),
                bytes => look.units.size(bytes),
            }),
            stack: Stack {
                base: if is_base { figures.live_bytes } else { 0 },
                live: if is_base { 0 } else { figures.live_bytes },
                wasted: figures.wasted_bytes,
                removed: 0,
            },
            title: look.shown(layer.title().as_bytes()),
            condition,
            owner: if is_base { Owner::Base } else { Owner::Own },
        }
    });
    rows.collect()
}
