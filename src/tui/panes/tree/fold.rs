//! Folding and unfolding.

use super::{TreePane, Unfolding};
use crate::browse::{PathSet, Projection, first_open};
use crate::tree::{MergedTree, PathId};
use crate::tui::reads::Reads;

/// Rows that are unfolded at first where the screen has fewer: it may grow.
const LEAST_ROWS: usize = 12;

impl TreePane {
    /// Unfolds what is big and changed; what the user touched stays as it is.
    pub(super) fn unfold_first(&mut self, reads: &Reads<'_>) {
        let tree = reads.subject.tree();
        let Some(plan) = self.plan() else {
            return;
        };
        let plan = crate::browse::Plan {
            found: None,
            ..plan
        };
        let mut open = first_open(tree, &plan, self.height.max(LEAST_ROWS));
        if let Some(projection) = &self.projection {
            open_most_wasteful(tree, projection, &mut open);
        }
        let is_wanted = self
            .projection
            .as_ref()
            .is_some_and(|projection| projection.has_any(self.wanted, self.marks()));
        let kept = self.kept_open();
        for path in self.touched.iter() {
            if kept.contains(path) {
                open.insert(path);
            } else {
                open.remove(path);
            }
        }
        *self.kept_open_mut() = open;
        if is_wanted {
            self.reveal(tree);
        }
    }

    /// Returns what is unfolded without a filter.
    fn kept_open(&self) -> &PathSet {
        self.filter.open_before().unwrap_or(&self.open)
    }

    fn kept_open_mut(&mut self) -> &mut PathSet {
        match self.filter.open_before_mut() {
            Some(open) => open,
            None => &mut self.open,
        }
    }

    /// Unfolds everything above the wished place of the cursor.
    pub(super) fn reveal(&mut self, tree: &MergedTree) {
        let mut at = self.wanted;
        while at != PathId::ROOT {
            at = tree.parent(at);
            self.open.insert(at);
        }
    }

    /// Folds or unfolds the row of the cursor, with every directory that shares it.
    pub(super) fn set_open(&mut self, wish: Wish, reads: &Reads<'_>) {
        let tree = reads.subject.tree();
        let Some(row) = self.rows.get(self.scroll.at).copied() else {
            return;
        };
        let above = self.rows.get(row.parent as usize).map(|row| row.path);
        let mut at = row.path;
        loop {
            match wish {
                Wish::Unfolded => self.open.insert(at),
                Wish::Folded => self.open.remove(at),
            };
            if !self.filter.is_on() {
                self.touched.insert(at);
            }
            let parent = tree.parent(at);
            if at == PathId::ROOT || Some(parent) == above {
                break;
            }
            at = parent;
        }
        self.list(reads);
    }

    pub(super) fn fold_all(&mut self, reads: &Reads<'_>) {
        self.open.clear();
        self.open.insert(PathId::ROOT);
        self.unfolding = Unfolding::Manual;
        // The cursor goes to the row that now stands for what it was in.
        self.list(reads);
        self.wanted = self.path();
    }

    pub(super) fn unfold_all(&mut self, reads: &Reads<'_>) {
        for path in reads.subject.tree().paths() {
            self.open.insert(path);
        }
        self.unfolding = Unfolding::Manual;
        self.list(reads);
    }
}

/// Unfolds the directories that lead to where most of the waste is: as long as one child has the larger half of it.
fn open_most_wasteful(tree: &MergedTree, projection: &Projection, open: &mut PathSet) {
    let wasted = |path| projection.useless(path).map_or(0, |useless| useless.bytes);
    let (mut at, mut bytes) = (PathId::ROOT, wasted(PathId::ROOT));
    while bytes > 0 && projection.is_directory(at) {
        open.insert(at);
        let children = projection.children(tree, at);
        let Some(most) = children.max_by_key(|&child| wasted(child)) else {
            return;
        };
        let of_child = wasted(most);
        if of_child * 2 <= bytes {
            return;
        }
        (at, bytes) = (most, of_child);
    }
}

/// What is wished for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Folded,
    Unfolded,
}
