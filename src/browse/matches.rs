//! From one match of a filter to the next, in the order the rows would have if everything were unfolded.

use std::cmp::Ordering;

use super::row_plan::{Sibling, Within};
use super::{Filtered, Plan};
use crate::tree::{MergedTree, PathId};

impl Plan<'_> {
    /// Returns the match behind a path, inside folded directories too; behind the last one the first. `None`
    /// without a filter or matches. Cost is that of looking at the children of each directory on the way.
    pub fn next_match(&self, tree: &MergedTree, from: PathId) -> Option<PathId> {
        let found = self.found.filter(|found| !found.is_empty())?;
        if found.below(from) > 0 {
            return self.first_below(tree, found, from);
        }
        let mut at = from;
        while at != PathId::ROOT {
            if let Some(next) = self.beside(tree, found, at, Ordering::Greater) {
                return if found.matched.contains(next) {
                    Some(next)
                } else {
                    self.first_below(tree, found, next)
                };
            }
            at = tree.parent(at);
        }
        self.first_below(tree, found, PathId::ROOT)
    }

    /// Returns the match in front of a path; in front of the first one the last. As [`Plan::next_match`].
    pub fn previous_match(&self, tree: &MergedTree, from: PathId) -> Option<PathId> {
        let found = self.found.filter(|found| !found.is_empty())?;
        let mut at = from;
        while at != PathId::ROOT {
            if let Some(previous) = self.beside(tree, found, at, Ordering::Less) {
                return self.last_at(tree, found, previous);
            }
            at = tree.parent(at);
            if found.matched.contains(at) {
                return Some(at);
            }
        }
        self.last_at(tree, found, PathId::ROOT)
    }

    fn first_below(&self, tree: &MergedTree, found: &Filtered, path: PathId) -> Option<PathId> {
        let mut at = path;
        loop {
            let siblings = self.kept_siblings(tree, found, at);
            at = siblings
                .min_by(|left, right| self.compare(left, right))?
                .head;
            if found.matched.contains(at) {
                return Some(at);
            }
        }
    }

    fn last_at(&self, tree: &MergedTree, found: &Filtered, path: PathId) -> Option<PathId> {
        let mut at = path;
        while found.below(at) > 0 {
            let siblings = self.kept_siblings(tree, found, at);
            at = siblings
                .max_by(|left, right| self.compare(left, right))?
                .head;
        }
        Some(at)
    }

    /// Returns the nearest sibling on one side that is or contains a match.
    fn beside(
        &self,
        tree: &MergedTree,
        found: &Filtered,
        path: PathId,
        side: Ordering,
    ) -> Option<PathId> {
        let here = self.sibling(tree, path, self.within_parent(tree, path));
        let siblings = self.kept_siblings(tree, found, tree.parent(path));
        let beyond = siblings.filter(|sibling| self.compare(sibling, &here) == side);
        let nearest = match side {
            Ordering::Greater => beyond.min_by(|left, right| self.compare(left, right)),
            _ => beyond.max_by(|left, right| self.compare(left, right)),
        };
        nearest.map(|sibling| sibling.head)
    }

    fn kept_siblings<'a>(
        &'a self,
        tree: &'a MergedTree,
        found: &'a Filtered,
        parent: PathId,
    ) -> impl Iterator<Item = Sibling> + 'a {
        let children = tree.children(parent).map(PathId);
        let kept = children.filter(|&child| found.kept.contains(child));
        // Where something is kept, the filter decides what is shown.
        kept.map(move |child| self.sibling(tree, child, Within::Filter))
    }
}
