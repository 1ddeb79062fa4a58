//! The same as rows with bars, where there is no room for areas.

use ratatui::layout::Rect;

use super::label::Labels;
use super::picture::Tile;
use crate::browse::Row;
use crate::text::Cut;
use crate::tui::paint::{Keys, Paint};
use crate::tui::theme::Role;

/// Columns of a size.
const SIZE: u16 = 10;

/// Columns of a bar.
const BAR: u16 = 4;

pub(super) fn draw(labels: &Labels<'_>, place: Rect, keys: Keys, paint: &mut Paint<'_>) {
    let picture = &labels.pane.picture;
    let height = usize::from(place.height);
    let line = |y: u16| Rect {
        y: place.y.saturating_add(y),
        height: 1,
        ..place
    };
    if picture.tiles.is_empty() {
        if height > 0 {
            let style = paint.style(Role::Dim);
            paint.text(line(0), "nothing is here; m another scope", style);
        }
        return;
    }
    let largest = picture.tiles.first().map_or(0, |tile| tile.bytes);
    let visible = labels.pane.scroll.visible(picture.tiles.len(), height);
    for (y, at) in (0u16..).zip(visible) {
        let Some(tile) = picture.tiles.get(at) else {
            return;
        };
        draw_row(labels, tile, (line(y), largest), paint);
        if at == picture.at {
            paint.cursor(line(y), keys);
        }
    }
}

fn draw_row(labels: &Labels<'_>, tile: &Tile, (line, largest): (Rect, u64), paint: &mut Paint<'_>) {
    let style = labels.style(tile, paint.theme);
    let part = |x: u16, width: u16| {
        let x = line.x.saturating_add(x);
        Rect { x, width, ..line }.intersection(line)
    };
    let (size, _) = labels.size(tile, paint.look);
    paint.text_right(part(0, SIZE), &size, style);
    let letter = labels.letter(tile);
    paint.text(part(SIZE + 1, 1), letter.encode_utf8(&mut [0; 4]), style);
    let mut at = SIZE + 3;
    if line.width >= 30 {
        let share = u128::from(tile.bytes) * u128::from(Row::FULL) / u128::from(largest.max(1));
        let bar = paint.style(Role::Bar);
        paint.bar(
            part(at, BAR),
            u16::try_from(share).unwrap_or(Row::FULL),
            bar,
        );
        at += BAR + 1;
    }
    let name = labels.name(tile, labels.pane.directory(), paint.look);
    paint.text_cut(
        part(at, line.width.saturating_sub(at)),
        &name,
        Cut::Middle,
        style,
    );
}
