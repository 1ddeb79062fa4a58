//! One row a layer.

use crate::text::Look;
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
    /// Size among all layers, 0 for nothing to 8 for the largest.
    pub level: u8,
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
    /// [`LayerRow::level`].
    Level,
    /// [`LayerRow::blob`].
    Blob,
    /// [`LayerRow::entries`].
    Entries,
    /// [`LayerRow::wasted`].
    Wasted,
    /// [`LayerRow::title`].
    Title,
}

/// From this width on there are columns for blobs, entries and waste.
const WIDE_FROM: u16 = 56;

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
    columns.push(Column::left(What::Level, "", Width::Fixed(1)));
    if width >= WIDE_FROM {
        columns.push(fitting(What::Blob, "Blob", |row| &row.blob));
        columns.push(fitting(What::Entries, "Entries", |row| &row.entries));
        columns.push(fitting(What::Wasted, "Wasted", |row| &row.wasted));
    }
    columns.push(Column::left(What::Title, "Command", Width::Rest));
    columns
}

/// Returns the rows, bottom first.
pub fn rows(subject: &Subject, look: Look) -> Vec<LayerRow> {
    let analysis = &subject.analysis;
    let most = analysis.layers.iter().map(|layer| layer.content_bytes);
    let most = most.max().unwrap_or(0);
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
            level: level(figures.content_bytes, most),
            title: look.shown(layer.title().as_bytes()),
            condition,
            owner: if is_base { Owner::Base } else { Owner::Own },
        }
    });
    rows.collect()
}

/// Returns 1 to 8 for something, 0 for nothing.
fn level(bytes: u64, most: u64) -> u8 {
    let eighths = (u128::from(bytes) * 8).div_ceil(u128::from(most.max(1)));
    u8::try_from(eighths.min(8)).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn sizes_have_eight_levels_and_nothing_has_none() {
        assert_eq!(
            [0, 1, 50, 99, 100].map(|bytes| level(bytes, 100)),
            [0, 1, 4, 8, 8]
        );
        assert_eq!(level(0, 0), 0);
        assert_eq!(level(u64::MAX, u64::MAX), 8);
    }
}
