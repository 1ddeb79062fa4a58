//! Waste as a person would tell it: one line for what one instruction did to one directory.
//!
//! Nothing is added or left out: the bytes of all groups are the bytes of all wasted paths, and so are those of
//! all bundles of groups.

use std::collections::HashMap;

use super::{WasteCause, WastedPath};
use crate::layer::LayerIndex;
use crate::tree::{Change, MergedTree, PathId};

/// Wasted paths with one cause, one creator, one destroyer and one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The directory that holds them all, or the path itself where there is only one.
    pub place: PathId,
    /// Versions in it.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Why they are useless.
    pub cause: WasteCause,
    /// The layer that stores them.
    pub created_in: LayerIndex,
    /// The layer that made them useless.
    pub destroyed_in: LayerIndex,
}

/// Returns groups, largest first, ties by place.
pub fn group<'a>(tree: &MergedTree, paths: impl IntoIterator<Item = &'a WastedPath>) -> Vec<Group> {
    let mut groups: HashMap<(PathId, WasteCause, LayerIndex, LayerIndex), Group> = HashMap::new();
    for wasted in paths {
        let anchor = anchor(tree, wasted);
        let key = (anchor, wasted.cause, wasted.created_in, wasted.destroyed_in);
        let group = groups.entry(key).or_insert(Group {
            place: wasted.path,
            count: 0,
            bytes: 0,
            cause: wasted.cause,
            created_in: wasted.created_in,
            destroyed_in: wasted.destroyed_in,
        });
        if group.count > 0 {
            group.place = anchor;
        }
        group.count += 1;
        group.bytes = group.bytes.saturating_add(wasted.bytes);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    let key = |group: &Group| (group.cause, group.created_in, group.destroyed_in);
    groups.sort_by(|one, other| {
        let by_bytes = other.bytes.cmp(&one.bytes);
        by_bytes
            .then_with(|| tree.compare_paths(one.place, other.place))
            .then_with(|| key(one).cmp(&key(other)))
    });
    groups
}

/// Returns the wasted paths that make up a group, in their order. Cost is linear in `paths`.
pub fn members<'a>(
    tree: &'a MergedTree,
    paths: &'a [WastedPath],
    group: &'a Group,
) -> impl Iterator<Item = &'a WastedPath> {
    paths.iter().filter(move |wasted| {
        let is_same = wasted.cause == group.cause
            && wasted.created_in == group.created_in
            && wasted.destroyed_in == group.destroyed_in;
        // A group of one is named after its path, any other one after what holds its paths.
        is_same
            && match group.count {
                1 => wasted.path == group.place,
                _ => anchor(tree, wasted) == group.place,
            }
    })
}

/// What groups may be put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// Nothing: every directory for itself.
    #[default]
    Directory,
    /// The layer that stored the bytes and the one that made them useless.
    Layers,
    /// The cause.
    Cause,
}

/// What groups of a bundle have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Layers(LayerIndex, LayerIndex),
    Cause(WasteCause),
}

impl Grouping {
    fn key(self, group: &Group) -> Option<Key> {
        match self {
            Self::Directory => None,
            Self::Layers => Some(Key::Layers(group.created_in, group.destroyed_in)),
            Self::Cause => Some(Key::Cause(group.cause)),
        }
    }

    /// Returns whether two groups come together.
    pub fn joins(self, one: &Group, other: &Group) -> bool {
        match self.key(one) {
            None => one == other,
            Some(key) => self.key(other) == Some(key),
        }
    }
}

/// Groups put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundle {
    /// Position of the largest group, the first one of equals.
    pub lead: usize,
    /// How many groups.
    pub groups: usize,
    /// How many versions.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Puts some of the groups together, given by position and largest first; the result is in the order of its
/// leads. Cost is linear in what is chosen.
pub fn bundle(
    groups: &[Group],
    chosen: impl IntoIterator<Item = usize>,
    by: Grouping,
) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut known: HashMap<Key, usize> = HashMap::new();
    for position in chosen {
        let Some(group) = groups.get(position) else {
            continue;
        };
        let next = bundles.len();
        let at = match by.key(group) {
            None => next,
            Some(key) => *known.entry(key).or_insert(next),
        };
        if at == next {
            bundles.push(Bundle {
                lead: position,
                groups: 0,
                count: 0,
                bytes: 0,
            });
        }
        let bundle = &mut bundles[at];
        bundle.groups += 1;
        bundle.count += group.count;
        bundle.bytes = bundle.bytes.saturating_add(group.bytes);
    }
    bundles
}

/// Returns the directory a person would name.
///
/// What vanished with a directory belongs to that directory. What was stored again with other metadata
/// belongs to the topmost directory in a row that was touched with it: the argument of `chown -R`.
fn anchor(tree: &MergedTree, wasted: &WastedPath) -> PathId {
    let layer = wasted.destroyed_in;
    match wasted.cause {
        WasteCause::DeletedDir | WasteCause::Opaque | WasteCause::Replaced => {
            let hidden = |path| change(tree, path, layer) == Some(Change::Hidden);
            climb(tree, wasted.path, hidden)
        }
        WasteCause::MetadataOnly | WasteCause::Identical => {
            let touched = |path| {
                let parent = tree.parent(path);
                let both = [path, parent].map(|place| change(tree, place, layer));
                parent != PathId::ROOT && both == [Some(Change::Touched); 2]
            };
            climb(tree, tree.parent(wasted.path), touched)
        }
        WasteCause::Deleted | WasteCause::Overwritten | WasteCause::ShadowedInLayer => {
            tree.parent(wasted.path)
        }
    }
}

/// Goes to the parent while `further` holds for the place reached.
fn climb(tree: &MergedTree, from: PathId, further: impl Fn(PathId) -> bool) -> PathId {
    let mut place = from;
    while place != PathId::ROOT && further(place) {
        place = tree.parent(place);
    }
    place
}

fn change(tree: &MergedTree, path: PathId, layer: LayerIndex) -> Option<Change> {
    let versions = tree.versions(path);
    versions
        .iter()
        .find(|version| version.layer == layer)
        .map(|version| version.change)
}
