//! What decides which rows there are, and in which order: marks, filter, sorting, joined directories.

use std::cmp::Ordering;

use super::{Filtered, Mark, MarkSet, PathSet, Projection, Useless};
use crate::tree::{MergedTree, PathId};

/// What siblings are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortField {
    /// Bytes, those that are gone too, largest first.
    #[default]
    Size,
    /// Bytes that are wasted at and below it, or by what is there, most first.
    Waste,
    /// Name, bytewise.
    Name,
    /// Number of files, most first.
    Files,
    /// Kind of change: added, modified, touched, …; unchanged last.
    Mark,
}

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The field's own.
    #[default]
    Natural,
    /// The other.
    Reversed,
}

impl Order {
    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Natural => Self::Reversed,
            Self::Reversed => Self::Natural,
        }
    }
}

/// A field that rows are sorted by, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sorting<F> {
    /// What is compared.
    pub field: F,
    /// Which way.
    pub order: Order,
}

impl<F: Copy> Sorting<F> {
    /// Sorts by a field in its own direction.
    pub const fn by(field: F) -> Self {
        Self {
            field,
            order: Order::Natural,
        }
    }

    /// Returns the other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            field: self.field,
            order: self.order.other(),
        }
    }
}

/// Whether directories with nothing of their own to show share a row with the one directory in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chains {
    /// `var/lib/dpkg/` is one row.
    #[default]
    Joined,
    /// Each has its own.
    Apart,
}

/// Everything that decides which rows there are.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The scope.
    pub projection: &'a Projection,
    /// Unfolded directories.
    pub open: &'a PathSet,
    /// Marks that are shown; a directory stays while something shown is below it.
    pub marks: MarkSet,
    /// The filter; it must have been run on this projection with these marks. A match with no match below it
    /// shows everything in it.
    pub found: Option<&'a Filtered>,
    /// Order of siblings.
    pub sort: SortField,
    /// Its direction.
    pub order: Order,
    /// Whether rows are shared.
    pub chains: Chains,
}

/// How much of a directory is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// What the filter keeps.
    Filter,
    /// Everything: there is no filter, or the directory or one above it is a match.
    Whole,
}

/// A row to be: one child, or several directories in one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sibling {
    /// Smallest first.
    pub(super) key: u64,
    /// The child itself.
    pub(super) head: PathId,
    /// What its row shows: the deepest directory of a chain, else the child.
    pub(super) tail: PathId,
}

impl Sibling {
    fn rank(&self) -> (u64, u32) {
        (self.key, self.head.0)
    }
}

impl Plan<'_> {
    /// Returns how much of the root is shown.
    pub(super) fn within_root(&self) -> Within {
        self.within(PathId::ROOT, Within::Filter)
    }

    /// Returns how much of a directory is shown, given how much of the one it is in.
    pub(super) fn within(&self, path: PathId, around: Within) -> Within {
        let Some(found) = self.found else {
            return Within::Whole;
        };
        if around == Within::Whole || found.matched.contains(path) && found.below(path) == 0 {
            Within::Whole
        } else {
            Within::Filter
        }
    }

    /// Returns how much of the directory a path is in is shown. Cost is its depth.
    pub(super) fn within_parent(&self, tree: &MergedTree, path: PathId) -> Within {
        let mut at = path;
        while at != PathId::ROOT {
            at = tree.parent(at);
            if self.within(at, Within::Filter) == Within::Whole {
                return Within::Whole;
            }
        }
        self.within_root()
    }

    /// Returns whether a child of a directory shown this far is shown.
    pub(super) fn shows(&self, path: PathId, within: Within) -> bool {
        match (self.found, within) {
            (Some(found), Within::Filter) => found.kept.contains(path),
            _ => self.projection.has_any(path, self.marks),
        }
    }

    /// Returns whether a directory shown this far has something to unfold.
    pub(super) fn is_branch(&self, path: PathId, within: Within) -> bool {
        match (self.found, within) {
            (Some(found), Within::Filter) => found.below(path) > 0,
            _ => self.projection.has_any_below(path, self.marks),
        }
    }

    /// Returns the children that are shown, sorted by name.
    pub(super) fn shown_children(
        &self,
        tree: &MergedTree,
        path: PathId,
        within: Within,
    ) -> impl DoubleEndedIterator<Item = PathId> {
        let children = tree.children(path).map(PathId);
        children.filter(move |&child| self.shows(child, within))
    }

    /// Returns the last directory of the chain that begins at a child of a directory shown this far. The others
    /// of the chain are no matches, so all of it is shown as far.
    pub(super) fn tail(&self, tree: &MergedTree, head: PathId, around: Within) -> PathId {
        let mut tail = head;
        if self.chains == Chains::Apart {
            return tail;
        }
        while let Some(next) = self.only_directory(tree, tail, around) {
            tail = next;
        }
        tail
    }

    /// Returns the directory that shares the row of this one.
    fn only_directory(&self, tree: &MergedTree, path: PathId, around: Within) -> Option<PathId> {
        let is_plain = self.projection.is_directory(path)
            && self.projection.mark(path) == Mark::Unchanged
            && self.found.is_none_or(|found| !found.matched.contains(path));
        if !is_plain {
            return None;
        }
        let mut shown = self.shown_children(tree, path, self.within(path, around));
        let only = shown.next()?;
        (shown.next().is_none() && self.projection.is_directory(only)).then_some(only)
    }

    /// Appends the rows to be in a directory shown this far, in order.
    pub(super) fn arrange(
        &self,
        tree: &MergedTree,
        path: PathId,
        within: Within,
        siblings: &mut Vec<Sibling>,
    ) {
        let from = siblings.len();
        let children = self.shown_children(tree, path, within);
        siblings.extend(children.map(|head| self.sibling(tree, head, within)));
        let added = &mut siblings[from..];
        if self.sort != SortField::Name {
            // Stable: they come sorted by name, which decides between equals.
            added.sort_by_key(|sibling| sibling.key);
        }
        if self.order == Order::Reversed {
            added.reverse();
        }
    }

    pub(super) fn sibling(&self, tree: &MergedTree, head: PathId, within: Within) -> Sibling {
        let tail = self.tail(tree, head, within);
        let key = match self.sort {
            SortField::Size => !self.projection.weight(tail),
            SortField::Waste => !self.projection.useless(tail).map_or(0, Useless::all_bytes),
            SortField::Name => 0,
            SortField::Files => !u64::from(self.projection.files(tail)),
            SortField::Mark => match self.projection.mark(tail) {
                Mark::Unchanged => u64::MAX,
                other => other as u64,
            },
        };
        Sibling { key, head, tail }
    }

    /// Compares siblings by where their rows stand.
    pub(super) fn compare(&self, left: &Sibling, right: &Sibling) -> Ordering {
        match self.order {
            Order::Natural => left.rank().cmp(&right.rank()),
            Order::Reversed => right.rank().cmp(&left.rank()),
        }
    }
}
