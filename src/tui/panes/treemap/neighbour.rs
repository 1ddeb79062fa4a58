//! Which tile is next to another.

use ratatui::layout::Rect;

use super::picture::Tile;

/// Where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Towards {
    Left,
    Right,
    Up,
    Down,
}

/// Returns the tile next to one: of those that touch it on that side the one with the longest side in common, of
/// equal ones the first.
pub(super) fn neighbour(tiles: &[Tile], at: usize, towards: Towards) -> Option<usize> {
    let from = tiles.get(at)?.place;
    let common = |place: Rect| match towards {
        Towards::Left if place.right() == from.x => overlap(down(from), down(place)),
        Towards::Right if place.x == from.right() => overlap(down(from), down(place)),
        Towards::Up if place.bottom() == from.y => overlap(across(from), across(place)),
        Towards::Down if place.y == from.bottom() => overlap(across(from), across(place)),
        _ => 0,
    };
    let touching = tiles
        .iter()
        .enumerate()
        .map(|(at, tile)| (common(tile.place), at))
        .filter(|&(common, _)| common > 0);
    let longest = touching.max_by_key(|&(common, at)| (common, std::cmp::Reverse(at)));
    longest.map(|(_, at)| at)
}

const fn down(place: Rect) -> (u16, u16) {
    (place.y, place.bottom())
}

const fn across(place: Rect) -> (u16, u16) {
    (place.x, place.right())
}

fn overlap(one: (u16, u16), other: (u16, u16)) -> u16 {
    one.1.min(other.1).saturating_sub(one.0.max(other.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panes::treemap::picture::What;

    #[test]
    fn the_cursor_moves_to_what_it_touches() {
        let places = [
            Rect::new(0, 0, 10, 12),
            Rect::new(10, 0, 20, 5),
            Rect::new(10, 5, 9, 7),
            Rect::new(19, 5, 11, 7),
        ];
        let tiles: Vec<Tile> = places
            .into_iter()
            .map(|place| Tile {
                what: What::Rest { count: 0 },
                bytes: 0,
                place,
                inside: Vec::new(),
            })
            .collect();
        let from = |at, towards| neighbour(&tiles, at, towards);
        assert_eq!(from(0, Towards::Right), Some(2));
        assert_eq!(from(2, Towards::Up), Some(1));
        assert_eq!(from(1, Towards::Down), Some(3));
        assert_eq!(from(3, Towards::Left), Some(2));
        assert_eq!(from(2, Towards::Left), Some(0));
        for (at, towards) in [
            (0, Towards::Left),
            (1, Towards::Up),
            (3, Towards::Right),
            (0, Towards::Down),
            (9, Towards::Down),
        ] {
            assert_eq!(from(at, towards), None);
        }
    }
}
