//! The tiles of a directory, those of what is in them too.

use ratatui::layout::{Position, Rect};

use super::entries::{self, Entry, Largest};
use crate::browse::Projection;
use crate::tree::{MergedTree, PathId};
use crate::tui::layout::Arrangement;
use crate::tui::squarify::{self, Tiling, Weights, most_tiles};

/// What a tile stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A child of the directory.
    Entry {
        /// The child itself.
        head: PathId,
        /// What it leads to: the end of directories that hold but one thing.
        path: PathId,
    },
    /// What is too small for a tile of its own.
    Rest {
        /// How many.
        count: usize,
    },
}

/// An area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// What it stands for.
    pub what: What,
    /// Bytes at and below; of something gone what it was.
    pub bytes: u64,
    /// Lines at its top and left, counted from those of the whole picture; the next tile has those at its bottom
    /// and right.
    pub place: Rect,
    /// Tiles in it, their lines counted like its own.
    pub inside: Vec<Self>,
}

impl Tile {
    /// Returns the cells between the lines.
    pub const fn interior(&self) -> Rect {
        let place = self.place;
        Rect::new(
            place.x + 1,
            place.y + 1,
            place.width.saturating_sub(1),
            place.height.saturating_sub(1),
        )
    }
}

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drawing {
    /// As areas.
    #[default]
    Tiles,
    /// As rows: there is no room for two tiles.
    Rows,
}

/// The tiles of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    /// Largest first, that of the small entries last.
    pub tiles: Vec<Tile>,
    /// How it is drawn.
    pub form: Drawing,
    /// Which tile the cursor is on.
    pub at: usize,
}

impl Picture {
    /// Returns the tile the cursor is on.
    pub fn selected(&self) -> Option<&Tile> {
        self.tiles.get(self.at)
    }

    /// Returns the first tile like this, or the first of all.
    pub(super) fn position(&self, is_meant: impl Fn(What) -> bool) -> usize {
        let mut tiles = self.tiles.iter();
        tiles.position(|tile| is_meant(tile.what)).unwrap_or(0)
    }
}

/// Where a picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canvas {
    /// Its cells on the screen.
    pub cells: Rect,
    /// Lines that lie outside of the cells at the top and left: none, or one where panes have no borders.
    pub outside: u16,
}

impl Canvas {
    /// Finds it in a pane.
    pub fn of(area: Rect, arrangement: Arrangement) -> Self {
        Self {
            cells: area,
            outside: u16::from(arrangement <= Arrangement::Bare),
        }
    }

    /// Returns where a cell of the screen is among the lines; `None` outside.
    pub(super) fn among_lines(self, at: Position) -> Option<Position> {
        let x = at.x.checked_sub(self.cells.x)? + self.outside;
        let y = at.y.checked_sub(self.cells.y)? + self.outside;
        self.cells.contains(at).then_some(Position::new(x, y))
    }

    /// Returns the place of the tiles, from the first line to the last.
    const fn tiles(self) -> Rect {
        let both = 2 * self.outside;
        Rect::new(
            0,
            0,
            (self.cells.width + both).saturating_sub(1),
            (self.cells.height + both).saturating_sub(1),
        )
    }
}

/// Lays out what is in a directory.
pub(super) fn lay_out(
    tree: &MergedTree,
    projection: &Projection,
    entries: &[Entry],
    canvas: Canvas,
) -> Picture {
    let place = canvas.tiles();
    if !squarify::has_room(place) {
        return rows(entries);
    }
    let most = most_tiles(place).min(entries.len());
    let (shown, others) = entries.split_at(most);
    let largest = Largest {
        entries: shown.to_vec(),
        others: others.len(),
        others_bytes: others.iter().map(|entry| entry.bytes).sum(),
    };
    let mut tiles = tile(&largest, place);
    for outer in &mut tiles {
        outer.inside = inside(tree, projection, outer);
    }
    Picture {
        tiles,
        form: Drawing::Tiles,
        at: 0,
    }
}

fn rows(entries: &[Entry]) -> Picture {
    let tiles = entries.iter().map(|entry| Tile {
        what: What::Entry {
            head: entry.head,
            path: entry.path,
        },
        bytes: entry.bytes,
        place: Rect::ZERO,
        inside: Vec::new(),
    });
    Picture {
        tiles: tiles.collect(),
        form: Drawing::Rows,
        at: 0,
    }
}

fn tile(largest: &Largest, place: Rect) -> Vec<Tile> {
    let bytes: Vec<u64> = largest.entries.iter().map(|entry| entry.bytes).collect();
    let weights = Weights {
        largest: &bytes,
        others: largest.others,
        others_sum: largest.others_bytes,
    };
    let Tiling { tiles, rest } = squarify::divide(weights, place);
    let (shown, small) = largest.entries.split_at(tiles.len());
    let small_bytes: u64 = small.iter().map(|entry| entry.bytes).sum();
    let rest = rest.map(|place| Tile {
        what: What::Rest {
            count: small.len() + largest.others,
        },
        bytes: small_bytes.saturating_add(largest.others_bytes),
        place,
        inside: Vec::new(),
    });
    let shown = shown.iter().zip(&tiles).map(|(entry, &place)| Tile {
        what: What::Entry {
            head: entry.head,
            path: entry.path,
        },
        bytes: entry.bytes,
        place,
        inside: Vec::new(),
    });
    shown.chain(rest).collect()
}

/// Lays out what is in a tile, where there is room for it below the name.
fn inside(tree: &MergedTree, projection: &Projection, outer: &Tile) -> Vec<Tile> {
    let What::Entry { path, .. } = outer.what else {
        return Vec::new();
    };
    // A blank at both sides, and the name above.
    let place = Rect::new(
        outer.place.x + 2,
        outer.place.y + 2,
        outer.place.width.saturating_sub(4),
        outer.place.height.saturating_sub(3),
    );
    if !squarify::has_room(place) || !projection.is_directory(path) {
        return Vec::new();
    }
    let largest = entries::largest(tree, projection, path, most_tiles(place));
    let tiles = tile(&largest, place);
    // One tile alone says nothing that the one around it does not say.
    if tiles.len() < 2 {
        return Vec::new();
    }
    tiles
}
