//! Setting text for people: columns, wrapping, attributes, which characters may be drawn. Reports and screens use
//! the same.

pub(crate) mod attributes;
pub(crate) mod bars;
pub(crate) mod columns;
pub mod counted;
pub(crate) mod pieces;
pub mod wrap;

use crate::units::Units;

pub use columns::Cut;
pub use counted::plural;

/// Which characters a report may draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// Any printable ones.
    #[default]
    Unicode,
    /// Only those of ASCII; others of the image are escaped.
    Ascii,
}

/// How many of the warnings a report for people lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// The first few.
    #[default]
    Short,
    /// Every one of them.
    Full,
}

/// How a report for people is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal or page.
    pub width: usize,
    /// Units of sizes.
    pub units: Units,
    /// Characters to draw with.
    pub glyphs: Glyphs,
    /// Warnings to list.
    pub detail: Detail,
}
