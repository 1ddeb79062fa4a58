//! The rows of a tree pane: what is unfolded, in order, with what is needed to draw each.
//!
//! Rows are rebuilt when the view changes, never while drawing.

use std::cmp::Ordering;

use super::projection::{Mark, MarkSet, Projection};
use super::{MergedTree, PathId, PathSet};

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What it shows.
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

/// What siblings are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortField {
    /// Bytes, largest first.
    #[default]
    Size,
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

/// What a filter found, for rows: which paths match, and which have a match below.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Paths that match themselves.
    pub matched: PathSet,
    /// Those, and every directory above one.
    pub kept: PathSet,
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
    /// The filter. What is below a match stays reachable.
    pub found: Option<&'a Found>,
    /// Order of siblings.
    pub sort: SortField,
    /// Its direction.
    pub order: Order,
}

/// The rows of a tree pane, from the root down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    rows: Vec<Row>,
}

struct Pending {
    path: PathId,
    parent: u32,
    depth: u16,
    share: u16,
    is_last: bool,
    is_inside_match: bool,
}

impl Rows {
    /// Lists what is unfolded. Cost is that of sorting the rows.
    pub fn build(tree: &MergedTree, plan: &Plan<'_>) -> Self {
        let mut rows = Vec::new();
        let mut pending = vec![Pending {
            path: PathId::ROOT,
            parent: 0,
            depth: 0,
            share: Row::FULL,
            is_last: true,
            is_inside_match: false,
        }];
        let mut siblings = Vec::new();
        while let Some(next) = pending.pop() {
            let at = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let is_match = plan
                .found
                .is_some_and(|found| found.matched.contains(next.path));
            let inside = next.is_inside_match || is_match;
            let is_branch = tree
                .children(next.path)
                .any(|child| plan.shows(PathId(child), inside));
            let is_open = is_branch && plan.open.contains(next.path);
            let flags = (u8::from(next.is_last) * LAST)
                | (u8::from(is_branch) * BRANCH)
                | (u8::from(is_open) * OPEN);
            rows.push(Row {
                path: next.path,
                parent: next.parent,
                depth: next.depth,
                share: next.share,
                flags,
            });
            if !is_open {
                continue;
            }
            siblings.clear();
            siblings.extend(
                tree.children(next.path)
                    .map(PathId)
                    .filter(|&child| plan.shows(child, inside)),
            );
            plan.arrange(&mut siblings);
            let most = siblings
                .iter()
                .map(|&path| plan.projection.bytes(path))
                .max()
                .unwrap_or(0);
            let first = pending.len();
            for (position, &path) in siblings.iter().enumerate() {
                pending.push(Pending {
                    path,
                    parent: at,
                    depth: next.depth.saturating_add(1),
                    share: share(plan.projection.bytes(path), most),
                    is_last: position + 1 == siblings.len(),
                    is_inside_match: inside,
                });
            }
            pending[first..].reverse();
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

    /// Returns the position of the row of a path. Cost is linear in the rows.
    pub fn position(&self, path: PathId) -> Option<usize> {
        self.rows.iter().position(|row| row.path == path)
    }

    /// Returns the position of the row of a path or, without one, of the nearest directory above it.
    pub fn nearest(&self, tree: &MergedTree, path: PathId) -> usize {
        let mut at = path;
        loop {
            if let Some(position) = self.position(at) {
                return position;
            }
            if at == PathId::ROOT {
                return 0;
            }
            at = tree.parent(at);
        }
    }

    /// Returns the part of a path that a row names: what comes behind the row it is in, without slashes at the
    /// ends. Usually one component; more where directories with nothing else in them share a row.
    pub fn label(&self, tree: &MergedTree, at: usize) -> Vec<u8> {
        let Some(row) = self.get(at) else {
            return Vec::new();
        };
        let above = self.rows[row.parent as usize].path;
        let mut names = Vec::new();
        let mut path = row.path;
        while path != above && path != PathId::ROOT {
            names.push(tree.name(path));
            path = tree.parent(path);
        }
        names.reverse();
        names.join(&b'/')
    }
}

impl Plan<'_> {
    fn shows(&self, path: PathId, inside_match: bool) -> bool {
        self.projection.is_shown(path)
            && self.projection.has_any(path, self.marks)
            && (inside_match || self.found.is_none_or(|found| found.kept.contains(path)))
    }

    /// Sorts siblings; ties by name.
    fn arrange(&self, siblings: &mut [PathId]) {
        let projection = self.projection;
        let compare = |a: &PathId, b: &PathId| match self.sort {
            SortField::Size => projection.bytes(*b).cmp(&projection.bytes(*a)),
            SortField::Name => Ordering::Equal,
            SortField::Files => projection.files(*b).cmp(&projection.files(*a)),
            SortField::Mark => rank(projection.mark(*a)).cmp(&rank(projection.mark(*b))),
        };
        match self.order {
            Order::Natural => siblings.sort_unstable_by(|a, b| compare(a, b).then(a.cmp(b))),
            Order::Reversed => siblings.sort_unstable_by(|a, b| compare(b, a).then(b.cmp(a))),
        }
    }
}

fn rank(mark: Mark) -> u8 {
    match mark {
        Mark::Unchanged => u8::MAX,
        other => other as u8,
    }
}

fn share(bytes: u64, most: u64) -> u16 {
    if most == 0 {
        return 0;
    }
    let scaled = u128::from(bytes) * u128::from(Row::FULL) / u128::from(most);
    u16::try_from(scaled).unwrap_or(Row::FULL).min(Row::FULL)
}
