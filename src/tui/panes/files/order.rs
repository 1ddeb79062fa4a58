//! Orders of a list of files.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::tree::{FlatFile, Order, PathId};

/// What files are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// How well they match what is looked for, best first.
    Match,
    /// Length, largest first.
    Size,
    /// Path.
    Path,
    /// Layer, lowest first; in a layer largest first.
    Layer,
}

/// A field and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorting {
    /// The field.
    pub field: Field,
    /// Its direction.
    pub order: Order,
}

impl Sorting {
    /// Sorts by a field in its own direction.
    pub const fn by(field: Field) -> Self {
        Self {
            field,
            order: Order::Natural,
        }
    }

    /// Returns the next one of a list that is filtered.
    #[must_use]
    pub const fn next_of_found(self) -> Self {
        Self::by(match self.field {
            Field::Match => Field::Size,
            Field::Size => Field::Path,
            Field::Path => Field::Layer,
            Field::Layer => Field::Match,
        })
    }

    /// Returns the next one of a list that is not filtered.
    #[must_use]
    pub const fn next_of_all(self) -> Self {
        Self::by(match self.field {
            Field::Size => Field::Path,
            Field::Path => Field::Layer,
            Field::Layer | Field::Match => Field::Size,
        })
    }

    /// Returns the other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            order: match self.order {
                Order::Natural => Order::Reversed,
                Order::Reversed => Order::Natural,
            },
            ..self
        }
    }

    /// Returns the name on the screen.
    pub const fn words(self) -> &'static str {
        match (self.field, self.order) {
            (Field::Match, Order::Natural) => "best match first",
            (Field::Match, Order::Reversed) => "best match last",
            (Field::Size, Order::Natural) => "largest first",
            (Field::Size, Order::Reversed) => "smallest first",
            (Field::Path, Order::Natural) => "by path",
            (Field::Path, Order::Reversed) => "by path, last first",
            (Field::Layer, Order::Natural) => "by layer",
            (Field::Layer, Order::Reversed) => "by layer, top first",
        }
    }

    /// Sorts files. `ranks` are the places of all paths, `matches` the paths found, best first.
    ///
    /// Equal files stand in path order, versions of one path bottom first; reversed, all the other way round.
    pub fn sort(self, files: &mut [FlatFile], ranks: &[u32], matches: &[PathId]) {
        let rank = |file: &FlatFile| {
            let place = ranks.get(file.path.0 as usize).copied();
            (place.unwrap_or(u32::MAX), file.layer)
        };
        match self.field {
            Field::Match => {
                let places: HashMap<PathId, usize> = matches.iter().copied().zip(0..).collect();
                let place = |file: &FlatFile| places.get(&file.path).copied().unwrap_or(usize::MAX);
                files.sort_unstable_by_key(|file| (place(file), rank(file)));
            }
            Field::Size => files.sort_unstable_by_key(|file| (Reverse(file.bytes), rank(file))),
            Field::Path => files.sort_unstable_by_key(rank),
            Field::Layer => {
                files.sort_unstable_by_key(|file| (file.layer, Reverse(file.bytes), rank(file)));
            }
        }
        if self.order == Order::Reversed {
            files.reverse();
        }
    }
}
