//! The rows of a tree pane: what is unfolded, in order, with what is needed to draw each.
//!
//! Rows are rebuilt when the view changes, never while drawing.

use super::Plan;
use super::row_plan::{Sibling, Within};
use crate::tree::{MergedTree, PathId};

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it shows; of several directories that share the row the deepest.
    pub path: PathId,
    /// Position of the row of the directory it is in; its own for the root.
    pub parent: u32,
    /// Directories above it that have rows.
    pub depth: u16,
    /// Size relative to the largest sibling, 0 to [`Row::FULL`].
    pub share: u16,
    flags: u8,
}

const LAST: u8 = 1;
const BRANCH: u8 = 2;
const OPEN: u8 = 4;

impl Row {
    /// [`Row::share`] of the largest sibling.
    pub const FULL: u16 = 10_000;

    /// Returns whether no sibling comes after it.
    pub const fn is_last(&self) -> bool {
        self.flags & LAST != 0
    }

    /// Returns whether there is something to unfold.
    pub const fn is_branch(&self) -> bool {
        self.flags & BRANCH != 0
    }

    /// Returns whether it is unfolded.
    pub const fn is_open(&self) -> bool {
        self.flags & OPEN != 0
    }
}

/// The rows of a tree pane, from the root down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    rows: Vec<Row>,
}

/// A row that waits for those before it.
struct Pending {
    path: PathId,
    parent: u32,
    depth: u16,
    share: u16,
    flags: u8,
    /// How much of the directory it is in is shown.
    around: Within,
}

impl Rows {
    /// Lists what is unfolded. Cost is that of sorting the rows.
    pub fn build(tree: &MergedTree, plan: &Plan<'_>) -> Self {
        let mut rows = Vec::new();
        let mut siblings = Vec::new();
        let whole = plan.projection.weight(PathId::ROOT);
        let mut pending = vec![Pending {
            path: PathId::ROOT,
            parent: 0,
            depth: 0,
            share: share(whole, whole),
            flags: LAST,
            around: plan.within_root(),
        }];
        while let Some(mut next) = pending.pop() {
            let within = plan.within(next.path, next.around);
            if plan.is_branch(next.path, within) {
                let is_open = plan.open.contains(next.path);
                next.flags |= if is_open { BRANCH | OPEN } else { BRANCH };
            }
            let at = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            rows.push(next.row());
            if next.flags & OPEN != 0 {
                siblings.clear();
                plan.arrange(tree, next.path, within, &mut siblings);
                next.push_below(plan, (at, within), &siblings, &mut pending);
            }
        }
        Self { rows }
    }

    /// Returns the rows.
    pub fn as_slice(&self) -> &[Row] {
        &self.rows
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the row at a position.
    pub fn get(&self, at: usize) -> Option<&Row> {
        self.rows.get(at)
    }

    /// Returns the position of the row that shows exactly this path. Cost is linear in the rows.
    pub fn position(&self, path: PathId) -> Option<usize> {
        self.rows.iter().position(|row| row.path == path)
    }

    /// Returns the position of the row that contains a path, alone or with other directories, or without one
    /// that of the nearest directory above it. Cost is linear in the rows and the depth.
    pub fn nearest(&self, tree: &MergedTree, path: PathId) -> usize {
        let mut line = vec![path];
        let mut top = path;
        while top != PathId::ROOT {
            top = tree.parent(top);
            line.push(top);
        }
        line.pop();
        let mut nearest = 0;
        for (at, row) in self.rows.iter().enumerate().skip(1) {
            // Rows come in order, so that of the next directory on the way comes behind that of the last.
            if row.parent as usize != nearest || line.is_empty() {
                continue;
            }
            let shared = self.chain(tree, row);
            if shared.last() != line.last() {
                continue;
            }
            nearest = at;
            let steps = shared.iter().rev().zip(line.iter().rev());
            let same = steps.take_while(|(here, there)| here == there).count();
            line.truncate(line.len() - same);
            if same < shared.len() {
                break;
            }
        }
        nearest
    }

    /// Returns the paths that share a row, deepest first.
    fn chain(&self, tree: &MergedTree, row: &Row) -> Vec<PathId> {
        let above = self.rows[row.parent as usize].path;
        let mut chain = Vec::new();
        let mut path = row.path;
        while path != above && path != PathId::ROOT {
            chain.push(path);
            path = tree.parent(path);
        }
        chain
    }

    /// Returns the part of a path that a row names: what comes behind the row it is in, without slashes at the
    /// ends. Usually one component; more where directories with nothing else in them share a row.
    pub fn label(&self, tree: &MergedTree, at: usize) -> Vec<u8> {
        let Some(row) = self.get(at) else {
            return Vec::new();
        };
        let chain = self.chain(tree, row);
        let names: Vec<&[u8]> = chain.iter().rev().map(|&path| tree.name(path)).collect();
        names.join(&b'/')
    }
}

impl Pending {
    const fn row(&self) -> Row {
        Row {
            path: self.path,
            parent: self.parent,
            depth: self.depth,
            share: self.share,
            flags: self.flags,
        }
    }

    /// Pushes the rows below this one, which is at a position and shown this far, the first to be popped last.
    fn push_below(
        &self,
        plan: &Plan<'_>,
        (at, within): (u32, Within),
        siblings: &[Sibling],
        pending: &mut Vec<Self>,
    ) {
        let weight = |sibling: &Sibling| plan.projection.weight(sibling.tail);
        let most = siblings.iter().map(weight).max().unwrap_or(0);
        let mut flags = LAST;
        for sibling in siblings.iter().rev() {
            pending.push(Self {
                path: sibling.tail,
                parent: at,
                depth: self.depth.saturating_add(1),
                share: share(weight(sibling), most),
                flags: std::mem::take(&mut flags),
                around: within,
            });
        }
    }
}

/// Returns a part of the largest sibling, rounded down.
fn share(bytes: u64, most: u64) -> u16 {
    let full = u64::from(Row::FULL);
    // What would overflow has more digits than the result needs.
    let (bytes, most) = if most > u64::MAX / full {
        (bytes >> 16, most >> 16)
    } else {
        (bytes, most)
    };
    (bytes * full)
        .checked_div(most)
        .and_then(|share| u16::try_from(share).ok())
        .unwrap_or(0)
}
