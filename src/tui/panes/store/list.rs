//! One list of a store: rows, cursor, order, filter.

use super::super::list::FilteredList;
use super::amounts::SizedStore;
use super::key::Key;
use super::rows::{Choice, Field, rows};
use super::{StepImages, StoreTab};
use crate::browse::Sorting;
use crate::tui::command::Command;
use crate::tui::scroll::{Moved, Scroll};

/// One list of a store.
#[derive(Debug, Default)]
pub struct StoreList {
    /// The rows, their cursor and filter.
    pub list: FilteredList<Key>,
    /// Their order.
    pub sorting: Sorting<Field>,
    /// Bytes of the largest of them, for bars.
    pub largest: u64,
    /// What the cursor is on, to find it again; kept while a filter holds it back.
    current: Option<Key>,
}

impl StoreList {
    /// Returns the row under the cursor.
    pub fn selected(&self) -> Option<Key> {
        self.list.selected().copied()
    }

    /// Moves by a command.
    pub(super) fn step(&mut self, command: Command, height: usize) -> Moved {
        let moved = self.list.step(command, height);
        if moved == Moved::Yes {
            self.current = self.selected();
        }
        moved
    }

    /// Takes what the cursor's row is in stores that were read again.
    pub(super) fn carry(&mut self, carried: impl Fn(Key) -> Option<Key>) {
        self.current = self.current.and_then(carried);
    }

    /// Forgets where the cursor was, for another store.
    pub(super) fn forget(&mut self) {
        self.current = None;
        self.list.scroll = Scroll::default();
    }

    /// Makes the rows anew and finds the cursor's again.
    pub(super) fn rebuild(&mut self, sizes: &SizedStore<'_>, tab: StoreTab, steps: StepImages) {
        self.list.rows = rows(
            sizes,
            Choice {
                tab,
                sorting: self.sorting,
                filter: &self.list.filter,
                steps,
            },
        );
        let total = self.list.rows.iter().map(|key| sizes.total(*key).bytes());
        self.largest = total.max().unwrap_or(0);
        let found = self
            .current
            .and_then(|current| self.list.rows.iter().position(|key| *key == current));
        let last = self.list.rows.len().saturating_sub(1);
        self.list.scroll.at = found.unwrap_or(self.list.scroll.at.min(last));
        let is_held_back = found.is_none() && self.current.is_some() && self.list.filter.is_on();
        // A cursor that nobody moved stays in the first row when sizes become known.
        let was_moved = self.current.is_some() || self.list.scroll.at > 0;
        if !is_held_back && was_moved {
            self.current = self.selected();
        }
    }
}
