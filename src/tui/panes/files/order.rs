//! Orders of a list of files.

use crate::browse::{FlatFile, Order, Sorting};
use crate::tree::PathId;

/// What files are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// How well they match what is looked for, best first.
    Match,
    /// Length, largest first.
    Size,
    /// Path, by its bytes.
    Path,
    /// Layer, lowest first; in a layer largest first.
    Layer,
}

impl Sorting<Field> {
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

    /// Returns whether sorting needs the places of all paths.
    pub const fn needs_ranks(self) -> bool {
        matches!(self.field, Field::Path)
    }

    /// Sorts files. `ranks` are the places of all paths, where they are needed, `matches` the paths found, best
    /// first.
    ///
    /// Equal files stand in the order of their identities, higher directories first, and versions of one path
    /// bottom first; reversed, all the other way round.
    pub fn sort(self, files: &mut [FlatFile], ranks: &[u32], matches: &[PathId]) {
        // Each key is one number: lists are long, and a person waits.
        match self.field {
            Field::Match => {
                let paths = matches.iter().map(|path| path.as_usize() + 1).max();
                let mut places = vec![u32::MAX; paths.unwrap_or(0)];
                for (place, path) in (0..).zip(matches) {
                    places[path.as_usize()] = place;
                }
                sort_by_place(files, &places);
            }
            Field::Size => files.sort_unstable_by_key(by_size),
            Field::Path => sort_by_place(files, ranks),
            Field::Layer => files.sort_unstable_by_key(|file| {
                u128::from(file.layer.0) << 96
                    | u128::from(!file.bytes) << 32
                    | u128::from(file.path.0)
            }),
        }
        if self.order == Order::Reversed {
            files.reverse();
        }
    }
}

/// Sorts by the places of the paths, told by path, and versions of one path by layer.
fn sort_by_place(files: &mut [FlatFile], places: &[u32]) {
    files.sort_by_cached_key(|file| {
        let place = places.get(file.path.as_usize()).copied();
        u64::from(place.unwrap_or(u32::MAX)) << 16 | u64::from(file.layer.0)
    });
}

fn by_size(file: &FlatFile) -> u128 {
    u128::from(!file.bytes) << 64 | u128::from(file.path.0) << 16 | u128::from(file.layer.0)
}
