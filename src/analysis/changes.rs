//! What a container changed, as `docker diff` and `podman diff` say it.
//!
//! The top layer is taken as what the container wrote.

use std::collections::BTreeMap;
use std::fmt;

use super::Analysis;
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::tree::{Change, HideCause, MergedTree, PathId, Version};

/// Whose way of telling changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Compares the container's view with its image's by name and metadata, whatever the driver (moby,
    /// pkg/archive, `ChangesDirs`).
    Docker,
    /// Lists the upper directory (containers/storage, pkg/archive, `OverlayChanges`): a directory made anew is
    /// said to be deleted, with what is in it added.
    Podman,
}

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
pub fn changes(analysis: &Analysis, engine: Engine) -> Vec<Changed> {
    let tree = &analysis.tree;
    let top = tree.top();
    let mut marks: BTreeMap<Vec<u8>, Mark> = BTreeMap::new();
    // Parents come before their children, so that a mark of their own stays.
    for path in tree.paths().skip(1) {
        let Some(version) = tree
            .versions(path)
            .last()
            .filter(|version| version.layer == top)
        else {
            continue;
        };
        let mark = match engine {
            Engine::Docker => docker_mark(tree, path, *version),
            Engine::Podman => podman_mark(tree, *version),
        };
        let Some(mark) = mark else { continue };
        let path = tree.path(path);
        if engine == Engine::Podman && PODMAN_OWN.contains(&path.as_slice()) {
            continue;
        }
        mark_parents(&mut marks, &path);
        marks.insert(path, mark);
    }
    let lines = marks.into_iter();
    lines.map(|(path, mark)| Changed { mark, path }).collect()
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
fn differs(tree: &MergedTree, path: PathId) -> bool {
    let top = tree.top();
    let below = LayerIndex(top.0.saturating_sub(1));
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
    let is_same_time = old.mtime == new.mtime
        && (old.mtime_nanos == new.mtime_nanos || old.mtime_nanos == 0 || new.mtime_nanos == 0);
    old.kind != EntryKind::Dir && (old.size != new.size || old_link != new_link || !is_same_time)
}

fn podman_mark(tree: &MergedTree, version: Version) -> Option<Mark> {
    match version.change {
        Change::Removed => Some(Mark::Deleted),
        Change::Hidden | Change::Dangling => None,
        _ if tree.layer(version.layer).is_implied(version.node) => None,
        Change::Added => Some(Mark::Added),
        _ if tree.layer(version.layer).is_opaque(version.node) => Some(Mark::Deleted),
        _ => Some(Mark::Changed),
    }
}
