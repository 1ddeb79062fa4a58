//! Waste as a person would tell it: one line for what one instruction did to one directory.
//!
//! Nothing is added or left out: the bytes of all groups are the bytes of all wasted paths, and so are those of
//! all bundles of groups.

use std::collections::HashMap;

use super::{WasteCause, WastedPath};
use crate::layer::LayerIndex;
use crate::tree::{Change, MergedTree, PathId};

/// One thing that happened: a layer stored something, and a layer made it useless in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    /// The layer that stores the bytes.
    pub created_in: LayerIndex,
    /// The layer that made them useless.
    pub destroyed_in: LayerIndex,
    /// How.
    pub cause: WasteCause,
}

impl WastedPath {
    /// Returns what happened to it.
    pub const fn event(&self) -> Event {
        Event {
            created_in: self.created_in,
            destroyed_in: self.destroyed_in,
            cause: self.cause,
        }
    }
}

impl Group {
    /// Returns what happened to all of it.
    pub const fn event(&self) -> Event {
        Event {
            created_in: self.created_in,
            destroyed_in: self.destroyed_in,
            cause: self.cause,
        }
    }
}

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

/// Returns the group that a wasted path is in. Cost is linear in `groups`.
pub fn of<'g>(tree: &MergedTree, groups: &'g [Group], wasted: &WastedPath) -> Option<&'g Group> {
    let anchor = anchor(tree, wasted);
    groups.iter().find(|group| {
        let place = if group.count == 1 {
            wasted.path
        } else {
            anchor
        };
        group.event() == wasted.event() && group.place == place
    })
}

/// What is put together in a row of waste.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// What happened: one creator, one destroyer, one cause.
    #[default]
    Event,
    /// The same by directory: every group for itself.
    Directory,
    /// A path, with all its copies.
    Path,
    /// The cause.
    Cause,
}

/// Waste put together: what is useless at or below a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundle {
    /// What tells for all of it.
    pub lead: Lead,
    /// The path, or the nearest directory that holds all of it.
    pub place: PathId,
    /// How many groups; of a path 1.
    pub groups: usize,
    /// How many versions.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// The largest part of a bundle, the first one of equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lead {
    /// Position among the groups.
    Group(usize),
    /// Position among the wasted paths.
    Version(usize),
}

impl Bundle {
    fn add(&mut self, tree: &MergedTree, group: &Group) {
        self.place = nearest_common(tree, self.place, group.place);
        self.groups += 1;
        self.count += group.count;
        self.bytes = self.bytes.saturating_add(group.bytes);
    }
}

/// Puts groups together, given by position and largest first; the result is in the order of its leads. Cost is
/// linear in what is chosen, times the depth of the places. Of a path nothing is put together here: see [`copies`].
pub fn bundle(
    tree: &MergedTree,
    groups: &[Group],
    chosen: impl IntoIterator<Item = usize>,
    by: Grouping,
) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut events: HashMap<Event, usize> = HashMap::new();
    let mut causes: HashMap<WasteCause, usize> = HashMap::new();
    for position in chosen {
        let Some(group) = groups.get(position) else {
            continue;
        };
        let next = bundles.len();
        let at = match by {
            Grouping::Event => *events.entry(group.event()).or_insert(next),
            Grouping::Cause => *causes.entry(group.cause).or_insert(next),
            Grouping::Directory | Grouping::Path => next,
        };
        match bundles.get_mut(at) {
            Some(bundle) => bundle.add(tree, group),
            None => bundles.push(Bundle {
                lead: Lead::Group(position),
                place: group.place,
                groups: 1,
                count: group.count,
                bytes: group.bytes,
            }),
        }
    }
    bundles
}

/// Puts the wasted versions of each path together, in the order of the paths. Cost is linear in `paths`, which have to
/// ascend; those that do not pass are left out.
pub fn copies(paths: &[WastedPath], passes: impl Fn(&WastedPath) -> bool) -> Vec<Bundle> {
    let mut bundles: Vec<Bundle> = Vec::new();
    let mut largest = 0;
    let passing = paths
        .iter()
        .enumerate()
        .filter(|(_, wasted)| passes(wasted));
    for (position, wasted) in passing {
        let lead = Lead::Version(position);
        if let Some(bundle) = bundles.last_mut().filter(|last| last.place == wasted.path) {
            bundle.count += 1;
            bundle.bytes = bundle.bytes.saturating_add(wasted.bytes);
            if wasted.bytes > largest {
                (bundle.lead, largest) = (lead, wasted.bytes);
            }
        } else {
            largest = wasted.bytes;
            bundles.push(Bundle {
                lead,
                place: wasted.path,
                groups: 1,
                count: 1,
                bytes: wasted.bytes,
            });
        }
    }
    bundles
}

/// Returns the wasted versions of a path, bottom first. `paths` have to ascend by path and layer.
pub fn of_path(paths: &[WastedPath], path: PathId) -> &[WastedPath] {
    let from = paths.partition_point(|wasted| wasted.path < path);
    let below = paths.get(from..).unwrap_or_default();
    let count = below.partition_point(|wasted| wasted.path == path);
    below.get(..count).unwrap_or_default()
}

/// Returns the deepest path that holds both. Ids grow from the root down.
fn nearest_common(tree: &MergedTree, mut one: PathId, mut other: PathId) -> PathId {
    while one != other {
        if one > other {
            one = tree.parent(one);
        } else {
            other = tree.parent(other);
        }
    }
    one
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
