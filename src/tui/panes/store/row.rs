//! Rows of the tables of a store.

use ratatui::layout::Rect;

use super::columns::{Column, cell, table};
use super::{Key, SizedStore, StorePane, StoreTab};
use crate::text::bars::bar;
use crate::text::{Cut, Glyphs};
use crate::tui::paint::{Ink, Paint, behind};
use crate::tui::table::Table;
use crate::tui::theme::Role;

/// One table.
pub(super) struct RowSource<'a> {
    sizes: &'a SizedStore<'a>,
    pane: &'a StorePane,
    /// Bytes of the largest row, for bars.
    largest: u64,
    table: Table<Column>,
}

/// Columns in front of a row, for its mark.
const MARK: u16 = 2;

impl<'a> RowSource<'a> {
    /// Makes one for a view in a pane of a width.
    pub(super) fn new(
        sizes: &'a SizedStore<'a>,
        pane: &'a StorePane,
        tab: StoreTab,
        width: u16,
    ) -> Self {
        Self {
            sizes,
            pane,
            largest: pane.list(tab).largest,
            table: table(tab, width.saturating_sub(MARK)),
        }
    }

    pub(super) fn heading(&self, line: Rect, paint: &mut Paint<'_>) {
        self.table.headings(behind(line, MARK), paint);
    }

    pub(super) fn row(&self, key: Key, line: Rect, paint: &mut Paint<'_>) {
        let is_marked = self.pane.is_marked(key);
        if is_marked {
            let width = line.width.min(1);
            paint.text(Rect { width, ..line }, "*", Role::Marked);
        }
        self.table
            .row(behind(line, MARK), paint, |column, place, paint| {
                if column == Column::Bar {
                    self.bar(key, place, paint);
                    return None;
                }
                let mut cell = cell(self.sizes, key, column, paint.look);
                if matches!(column, Column::Name | Column::ShortName) {
                    if is_marked {
                        cell.ink = Ink::Role(Role::Marked);
                    }
                    // The end of a path tells most.
                    if matches!(key, Key::Orphan(_)) {
                        cell.cut = Cut::Middle;
                    }
                }
                Some(cell)
            });
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
        let whole = bar(columns, total, self.largest, paint.look.glyphs);
        let light = shared.repeat(whole.chars().count());
        paint.text(place, &light, Role::Dim);
        paint.bar(place, own, self.largest, Role::Bar);
    }
}
