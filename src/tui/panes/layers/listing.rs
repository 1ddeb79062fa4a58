//! One row a layer.

use crate::text::Look;
use crate::text::columns::widest;
use crate::tui::subject::Subject;
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
    /// Entries.
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

/// Columns of the widest cell of each column, or of its heading; 0 where there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Widths {
    /// Of [`LayerRow::number`].
    pub number: u16,
    /// Of the mark of layers of the base image.
    pub base: u16,
    /// Of [`LayerRow::size`].
    pub size: u16,
    /// Of [`LayerRow::blob`].
    pub blob: u16,
    /// Of [`LayerRow::entries`].
    pub entries: u16,
    /// Of [`LayerRow::wasted`].
    pub wasted: u16,
}

impl Widths {
    /// Measures rows.
    pub fn of(rows: &[LayerRow]) -> Self {
        let widest = |cell: fn(&LayerRow) -> &str, heading: &str| {
            let cells = rows.iter().map(cell).chain([heading]);
            u16::try_from(widest(cells)).unwrap_or(u16::MAX)
        };
        Self {
            number: widest(|row| &row.number, "#"),
            base: u16::from(rows.iter().any(|row| row.owner == Owner::Base)),
            size: widest(|row| &row.size, "Size"),
            blob: widest(|row| &row.blob, "Blob"),
            entries: widest(|row| &row.entries, "Entries"),
            wasted: widest(|row| &row.wasted, "Wasted"),
        }
    }
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
