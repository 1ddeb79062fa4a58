//! Which directories to unfold without being asked: at the start, and around the matches of a filter.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::row_plan::{Sibling, Within};
use super::{Filtered, MarkSet, PathSet, Plan};
use crate::tree::{MergedTree, PathId};

/// Returns what to unfold at first, so that what is big and changed is visible: the root, and of the rows in it
/// those with changes and the most bytes for as long as `rows` rows hold everything.
///
/// No more than two levels are shown below the root. What is gone stays folded: its row says all there is to
/// know. Directories that share a row count as one and are all unfolded. [`Plan::open`] is not looked at. Cost is
/// linear in the children of what is unfolded.
pub fn first_open(tree: &MergedTree, plan: &Plan<'_>, rows: usize) -> PathSet {
    let mut open = PathSet::with_room(tree.len());
    open.insert(PathId::ROOT);
    let within = plan.within_root();
    let mut top = Vec::new();
    plan.arrange(tree, PathId::ROOT, within, &mut top);
    let mut left = rows.saturating_sub(1 + top.len());
    let projection = plan.projection;
    let foldable = top.iter().enumerate().filter(|(_, sibling)| {
        plan.is_branch(sibling.tail, plan.within(sibling.tail, within))
            && !projection.mark(sibling.tail).is_gone()
    });
    let ranked = foldable.map(|(at, sibling)| {
        let is_changed = projection.has_any(sibling.tail, MarkSet::CHANGES);
        (is_changed, projection.weight(sibling.tail), Reverse(at))
    });
    let mut ranked: BinaryHeap<_> = ranked.collect();
    while let Some((_, _, Reverse(at))) = ranked.pop() {
        let Sibling { head, tail, .. } = top[at];
        let shown = plan.shown_children(tree, tail, plan.within(tail, within));
        let count = shown.take(left + 1).count();
        if count <= left {
            left -= count;
            open_chain(tree, head, tail, &mut open);
        }
    }
    open
}

impl Filtered {
    /// Returns what to unfold so that matches are visible, the topmost first, for as long as `rows` rows hold
    /// everything; what does not fit stays folded, and [`Filtered::below`] says how much is in it.
    ///
    /// [`Plan::open`] and [`Plan::found`] are not looked at. Cost is linear in the paths.
    pub fn opened(&self, tree: &MergedTree, plan: &Plan<'_>, rows: usize) -> PathSet {
        let plan = Plan {
            found: Some(self),
            ..*plan
        };
        let mut open = PathSet::with_room(tree.len());
        let mut left = rows.saturating_sub(1);
        let mut siblings = Vec::new();
        let mut waiting = VecDeque::from([(PathId::ROOT, PathId::ROOT)]);
        while let Some((head, tail)) = waiting.pop_front() {
            let shown = plan.shown_children(tree, tail, Within::Filter);
            let heads = shown.take(left + 1).count();
            if heads > left {
                continue;
            }
            left -= heads;
            open_chain(tree, head, tail, &mut open);
            siblings.clear();
            plan.arrange(tree, tail, Within::Filter, &mut siblings);
            let branches = siblings
                .iter()
                .filter(|sibling| self.below(sibling.tail) > 0);
            waiting.extend(branches.map(|sibling| (sibling.head, sibling.tail)));
        }
        open
    }
}

/// Adds a directory and those above it up to `head`.
fn open_chain(tree: &MergedTree, head: PathId, tail: PathId, open: &mut PathSet) {
    let mut at = tail;
    open.insert(at);
    while at != head && at != PathId::ROOT {
        at = tree.parent(at);
        open.insert(at);
    }
}
