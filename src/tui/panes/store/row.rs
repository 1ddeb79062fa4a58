//! Rows of the tables of a store.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::columns::{Column, GAP, Placed, Side, cell, placed};
use super::{Key, SizedStore, StorePane, StoreTab};
use crate::browse::Row;
use crate::text::{Cut, Glyphs};
use crate::tui::paint::{Paint, bar};
use crate::tui::theme::Role;

/// One table.
pub(super) struct Table<'a> {
    pub(super) sizes: &'a SizedStore<'a>,
    pub(super) tab: StoreTab,
    pub(super) pane: &'a StorePane,
    /// Bytes of the largest row, for bars.
    pub(super) largest: u64,
}

/// Columns in front of a row, for its mark.
const MARK: u16 = 2;

impl Table<'_> {
    pub(super) fn heading(&self, line: Rect, paint: &mut Paint<'_>) {
        let style = paint.style(Role::Dim);
        self.each(line, |placed, place| {
            put(place, placed, placed.heading, (Cut::End, style), paint);
        });
    }

    pub(super) fn row(&self, key: Key, line: Rect, paint: &mut Paint<'_>) {
        let is_marked = self.pane.is_marked(key);
        if is_marked {
            let style = paint.style(Role::Marked);
            paint.text(
                Rect {
                    width: line.width.min(1),
                    ..line
                },
                "*",
                style,
            );
        }
        self.each(line, |placed, place| {
            if placed.column == Column::Bar {
                self.bar(key, place, paint);
                return;
            }
            let cell = cell(self.sizes, key, placed.column, paint.look);
            let role = match placed.column {
                Column::Name | Column::ShortName if is_marked => Role::Marked,
                _ => cell.role,
            };
            let cut = match (placed.column, key) {
                // The end of a path tells most.
                (Column::Name | Column::ShortName, Key::Orphan(_)) => Cut::Middle,
                _ => Cut::End,
            };
            let style = paint.style(role);
            put(place, placed, &cell.text, (cut, style), paint);
        });
    }

    fn each(&self, line: Rect, mut draw: impl FnMut(&Placed, Rect)) {
        let indent = MARK.min(line.width);
        let mut x = line.x + indent;
        for placed in placed(self.tab, line.width - indent) {
            let width = placed.width.min(line.right().saturating_sub(x));
            draw(&placed, Rect { x, width, ..line });
            x = x.saturating_add(placed.width).saturating_add(GAP);
        }
    }

    /// Draws what is a row's own, and behind it what it shares.
    fn bar(&self, key: Key, place: Rect, paint: &mut Paint<'_>) {
        let own = self.sizes.own(key).bytes();
        let total = self.sizes.total(key).bytes().max(own);
        let columns = usize::from(place.width);
        let shared = match paint.look.glyphs {
            Glyphs::Unicode => "░",
            Glyphs::Ascii => ".",
        };
        let whole = bar(columns, share(total, self.largest), paint.look.glyphs);
        let light = shared.repeat(whole.chars().count());
        let dim = paint.style(Role::Dim);
        paint.text(place, &light, dim);
        let style = paint.style(Role::Bar);
        paint.bar(place, share(own, self.largest), style);
    }
}

fn put(
    place: Rect,
    placed: &Placed,
    text: &str,
    (cut, style): (Cut, Style),
    paint: &mut Paint<'_>,
) {
    match placed.side {
        Side::Left => {
            paint.text_cut(place, text, cut, style);
        }
        Side::Right => paint.text_right(place, text, style),
    }
}

/// Returns which part of a whole something is, of [`Row::FULL`].
pub(super) fn share(part: u64, whole: u64) -> u16 {
    if whole == 0 {
        return 0;
    }
    let full = u128::from(Row::FULL);
    let share = (u128::from(part) * full).div_ceil(u128::from(whole));
    u16::try_from(share.min(full)).unwrap_or(Row::FULL)
}
