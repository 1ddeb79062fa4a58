//! What a container changed, as `docker diff` and `podman diff` say it.
//!
//! The top layer is taken as what the container wrote.

use std::collections::BTreeMap;
use std::fmt;

use super::Analysis;
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::tree::{Change, HideCause, MergedTree, PathId, Version};

pub use crate::image::writable::DiffDialect;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It is new.
    Added,
    /// It is another, or something in it is.
    Changed,
    /// It is gone.
    Deleted,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// What happened.
    pub mark: Mark,
    /// Where; relative to the root.
    pub path: Vec<u8>,
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Added => "A",
            Self::Changed => "C",
            Self::Deleted => "D",
        })
    }
}

/// What Podman itself puts into every container, and leaves out: libpod, `initInodes`.
const PODMAN_OWN: [&[u8]; 11] = [
    b"dev",
    b"etc/hostname",
    b"etc/hosts",
    b"etc/mtab",
    b"etc/resolv.conf",
    b"proc",
    b"run",
    b"run/.containerenv",
    b"run/notify",
    b"run/secrets",
    b"sys",
];

/// Returns what the top layer changed, sorted by path. A deleted directory stands for what was in it.
pub fn changes(analysis: &Analysis, engine: DiffDialect) -> Vec<Changed> {
    let tree = &analysis.tree;
    let top = tree.top();
    let mut marks: BTreeMap<Vec<u8>, Mark> = BTreeMap::new();
    // Parents come before their children, so that a mark of their own stays.
    for path in tree.paths().skip(1) {
        let version = tree.effective(path, top);
        let Some(version) = version.filter(|version| version.layer == top) else {
            continue;
        };
        let mark = match engine {
            DiffDialect::Docker | DiffDialect::PodmanComparing => docker_mark(tree, path, version),
            DiffDialect::Podman => podman_mark(tree, path, version),
        };
        let Some(mark) = mark else { continue };
        let path = tree.path(path);
        if is_engines_own(&path, engine) {
            continue;
        }
        match engine {
            DiffDialect::Docker | DiffDialect::PodmanComparing => mark_parents(&mut marks, &path),
            DiffDialect::Podman if mark == Mark::Changed => {}
            DiffDialect::Podman => mark_parent(&mut marks, &path),
        }
        marks.insert(path, mark);
    }
    let lines = marks.into_iter();
    lines.map(|(path, mark)| Changed { mark, path }).collect()
}

/// Returns whether an engine itself puts a path into every container, and leaves it out of what it tells.
pub(super) fn is_engines_own(path: &[u8], engine: DiffDialect) -> bool {
    engine != DiffDialect::Docker && PODMAN_OWN.contains(&path)
}

fn mark_parents(marks: &mut BTreeMap<Vec<u8>, Mark>, path: &[u8]) {
    let mut at = path;
    while let Some(slash) = memchr::memrchr(b'/', at) {
        at = &at[..slash];
        if marks.contains_key(at) {
            break;
        }
        marks.insert(at.to_vec(), Mark::Changed);
    }
}

/// Only what comes or goes changes the directory it is in, and only that one.
fn mark_parent(marks: &mut BTreeMap<Vec<u8>, Mark>, path: &[u8]) {
    if let Some(slash) = memchr::memrchr(b'/', path) {
        let parent = path[..slash].to_vec();
        marks.entry(parent).or_insert(Mark::Changed);
    }
}

fn docker_mark(tree: &MergedTree, path: PathId, version: Version) -> Option<Mark> {
    match version.change {
        Change::Added => Some(Mark::Added),
        Change::Removed => Some(Mark::Deleted),
        // What is below a deleted or replaced directory goes without saying; an emptied one is still there.
        Change::Hidden => {
            let is_emptied = version.hidden_by() == Some(HideCause::Opaque);
            let parent = tree.at(tree.parent(path), tree.top());
            (is_emptied && parent.is_some()).then_some(Mark::Deleted)
        }
        Change::Dangling => None,
        Change::Modified | Change::Touched | Change::Repeated | Change::Unchanged => {
            differs(tree, path).then_some(Mark::Changed)
        }
    }
}

/// Returns whether a path that both views have is another in the upper one: moby, pkg/archive, `statDifferent`.
pub(super) fn differs(tree: &MergedTree, path: PathId) -> bool {
    let top = tree.top();
    let below = LayerIndex(top.0.saturating_sub(1));
    let kind = |layer| {
        let version = tree.at(path, layer)?;
        Some(tree.layer(version.layer).kind(version.node).as_str())
    };
    if kind(below) != kind(top) {
        return true;
    }
    let at = |layer| {
        let (layer, node) = tree.metadata_at(path, layer)?;
        let tree = tree.layer(layer);
        let capability = tree
            .xattrs(node)
            .iter()
            .find(|(name, _)| name == b"security.capability");
        Some((tree.meta(node)?, tree.link(node), capability))
    };
    let (Some((old, old_link, old_capability)), Some((new, new_link, new_capability))) =
        (at(below), at(top))
    else {
        // A directory that no layer lists.
        return false;
    };
    let described = |meta: &Meta| (meta.kind, meta.mode, meta.uid, meta.gid, meta.device);
    if described(&old) != described(&new) || old_capability != new_capability {
        return true;
    }
    let is_other = old.size != new.size || old_link != new_link || !is_same_time(&old, &new);
    old.kind != EntryKind::Dir && is_other
}

/// Archives may have kept whole seconds: moby, pkg/archive, `sameFsTime`.
fn is_same_time(old: &Meta, new: &Meta) -> bool {
    let is_exact =
        old.mtime_nanos == new.mtime_nanos || old.mtime_nanos == 0 || new.mtime_nanos == 0;
    old.mtime == new.mtime && is_exact
}

fn podman_mark(tree: &MergedTree, path: PathId, version: Version) -> Option<Mark> {
    match version.change {
        Change::Removed => Some(Mark::Deleted),
        Change::Hidden | Change::Dangling => None,
        _ if tree.layer(version.layer).is_implied(version.node) => None,
        Change::Added => Some(Mark::Added),
        _ if tree.layer(version.layer).is_opaque(version.node) => Some(Mark::Deleted),
        _ if is_parent_alone(tree, path) => None,
        _ => Some(Mark::Changed),
    }
}

/// Returns whether a directory is there for what is in it: mode and time are as below. The owner is not looked at,
/// and its length on disk, which Podman compares too, is not known of a layer.
fn is_parent_alone(tree: &MergedTree, path: PathId) -> bool {
    let top = tree.top();
    let meta = |layer| {
        let (layer, node) = tree.metadata_at(path, layer)?;
        tree.layer(layer).meta(node)
    };
    let both = meta(LayerIndex(top.0.saturating_sub(1))).zip(meta(top));
    both.is_some_and(|(old, new)| {
        (old.kind, new.kind) == (EntryKind::Dir, EntryKind::Dir)
            && old.mode == new.mode
            && is_same_time(&old, &new)
    })
}
