//! The same as rows with bars, where there is no room for areas.

use ratatui::layout::Rect;

use super::label::Labels;
use super::picture::Tile;
use crate::tui::paint::{Keys, Paint};
use crate::tui::scroll::Scroll;
use crate::tui::table::{Cell, Column, RowsPlace, Table, Width};
use crate::tui::theme::Role;

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Size,
    Letter,
    Bar,
    Name,
}

fn table(width: u16) -> Table<What> {
    let mut columns = vec![
        Column::right(What::Size, "", 10),
        Column::left(What::Letter, "", Width::Fixed(1)),
    ];
    if width >= 30 {
        columns.push(Column::left(What::Bar, "", Width::Fixed(4)));
    }
    columns.push(Column::left(What::Name, "", Width::Rest));
    Table::new(columns, width, 1)
}

pub(super) fn draw(labels: &Labels<'_>, place: Rect, keys: Keys, paint: &mut Paint<'_>) {
    let picture = &labels.pane.picture;
    let Some(largest) = picture.tiles.first().map(|tile| tile.bytes) else {
        return paint.remark(place, "nothing is here; m another scope");
    };
    let rows = RowsPlace {
        area: place,
        scroll: Scroll {
            at: picture.at,
            ..labels.pane.scroll
        },
        len: picture.tiles.len(),
    };
    let table = table(place.width);
    rows.draw(keys, paint, |at, line, paint| {
        if let Some(tile) = picture.tiles.get(at) {
            draw_row(labels, &table, tile, largest, line, paint);
        }
    });
}

fn draw_row(
    labels: &Labels<'_>,
    table: &Table<What>,
    tile: &Tile,
    largest: u64,
    line: Rect,
    paint: &mut Paint<'_>,
) {
    let style = labels.style(tile, paint.theme);
    let look = paint.look;
    table.row(line, paint, |what, place, paint| {
        Some(match what {
            What::Size => Cell::new(labels.size(tile, look).0, style),
            What::Letter => Cell::new(labels.letter(tile), style),
            What::Bar => {
                paint.bar(place, tile.bytes, largest, Role::Bar);
                return None;
            }
            What::Name => {
                let name = labels.name(tile, labels.pane.directory(), look);
                Cell::new(name, style).cut_in_the_middle()
            }
        })
    });
}
