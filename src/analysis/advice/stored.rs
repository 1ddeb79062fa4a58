//! What a layer stores, asked by the recognisers: the proof that an edit brings the same files.

use super::case::{Case, Maker};
use super::operands::{Located, is_within};
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::path::ImagePath;
use crate::tree::{FileTree, NodeId, PathId};

/// Returns what a layer stores but directories and markers. Cost is linear in the layer.
pub(super) fn entries(tree: &FileTree) -> impl Iterator<Item = NodeId> + '_ {
    let all = u32::try_from(tree.len()).unwrap_or(u32::MAX);
    (1..all).map(NodeId).filter(|&node| is_entry(tree, node))
}

pub(super) fn is_entry(tree: &FileTree, node: NodeId) -> bool {
    let kind = tree.kind(node);
    !tree.is_dead(node) && !matches!(kind, EntryKind::Dir | EntryKind::Whiteout)
}

/// Returns how much of that is at or below a place. Cost is linear in what is there.
pub(super) fn count(tree: &FileTree, place: &str) -> usize {
    let path = ImagePath::new(place.as_bytes());
    let mut stack: Vec<NodeId> = path.and_then(|path| tree.find(path)).into_iter().collect();
    let mut count = 0;
    while let Some(node) = stack.pop() {
        count += usize::from(node != NodeId::ROOT && is_entry(tree, node));
        stack.extend(tree.children(node).map(NodeId));
    }
    count
}

/// Returns whether anything but directories that layers up to one show at or below a place is there up to a later
/// one too, changed or not. Cost is linear in what is there.
pub(super) fn stays(case: &Case<'_>, place: &str, from: LayerIndex, to: LayerIndex) -> bool {
    let union = &case.analysis.tree;
    let kind = |path, layer| {
        let version = union.at(path, layer)?;
        Some(union.layer(version.layer).kind(version.node))
    };
    let mut stack: Vec<PathId> = found(case, place).into_iter().collect();
    while let Some(path) = stack.pop() {
        match (kind(path, from), kind(path, to)) {
            (Some(EntryKind::Dir), Some(EntryKind::Dir)) => {
                stack.extend(union.children(path).map(PathId));
            }
            (Some(_), Some(_)) => return true,
            _ => {}
        }
    }
    false
}

/// Returns whether a command names a directory, at or around a place, that is there only for what vanished.
pub(super) fn leans_on(case: &Case<'_>, call: &Located<'_, '_>, place: &str) -> bool {
    let (from, to) = (case.group.created_in, case.group.destroyed_in);
    let is_made = |path: &str| is_there(case, path, from) && !is_there_before(case, path, from);
    let is_lost = |path: &str| {
        let is_about = is_within(path, place) || is_within(place, path);
        is_about && is_made(path) && !stays(case, path, from, to)
    };
    let operands = call.operands().unwrap_or_default();
    operands.iter().any(|operand| {
        let text = operand.text();
        let mut ends = text
            .match_indices('/')
            .map(|(end, _)| end)
            .chain([text.len()]);
        ends.any(|end| text.get(..end).is_some_and(is_lost))
    })
}

fn is_there_before(case: &Case<'_>, place: &str, layer: LayerIndex) -> bool {
    found(case, place).is_some_and(|path| was_there(case, path, layer))
}

/// Returns every node of a layer but the root, with its place in the union, parents first. Makes no path.
pub(super) fn nodes<'a>(
    case: &Case<'a>,
    layer: LayerIndex,
) -> impl Iterator<Item = (NodeId, PathId)> + use<'a> {
    let union = &case.analysis.tree;
    let tree = union.layer(layer);
    let mut stack = vec![(NodeId::ROOT, PathId::ROOT)];
    let next = move || {
        let (node, path) = stack.pop()?;
        let children = tree.children(node).rev().map(NodeId);
        let pair = |child| Some((child, union.child(path, tree.name(child))?));
        stack.extend(children.filter_map(pair));
        Some((node, path))
    };
    let all = std::iter::from_fn(next).skip(1);
    all.filter(|&(node, _)| !tree.is_dead(node))
}

/// Returns the directories that an instruction made. Some builders put what a `WORKDIR` made into the next layer.
pub(super) fn made_directories(
    case: &Case<'_>,
    maker: Maker<'_>,
    layer: LayerIndex,
) -> Vec<String> {
    let set = maker.directories_before();
    let is_set = |path: &str| set.iter().any(|directory| is_within(directory, path));
    let new = directories(case, layer).filter(|&path| !was_there(case, path, layer));
    new.filter_map(|path| case.text(path))
        .filter(|path| !is_set(path))
        .collect()
}

/// Returns the directories to which a layer gives another mode or owner.
pub(super) fn restyled_directories(case: &Case<'_>, layer: LayerIndex) -> Vec<String> {
    let union = &case.analysis.tree;
    let style = |path, layer| {
        let (layer, node) = union.metadata_at(path, layer)?;
        let meta = union.layer(layer).meta(node)?;
        Some((meta.mode, meta.uid, meta.gid))
    };
    let differs = |&path: &PathId| {
        let below = layer.0.checked_sub(1).map(LayerIndex);
        let old = below.and_then(|below| style(path, below));
        let new = style(path, layer);
        old.zip(new).is_some_and(|(old, new)| old != new)
    };
    let restyled = directories(case, layer).filter(differs);
    restyled.filter_map(|path| case.text(path)).collect()
}

fn directories<'a>(case: &Case<'a>, layer: LayerIndex) -> impl Iterator<Item = PathId> + use<'a> {
    of_kind(case, layer, EntryKind::Dir).map(|(_, path)| path)
}

/// Returns the entries of a layer of one kind.
pub(super) fn of_kind<'a>(
    case: &Case<'a>,
    layer: LayerIndex,
    kind: EntryKind,
) -> impl Iterator<Item = (NodeId, PathId)> + use<'a> {
    let tree = case.analysis.tree.layer(layer);
    nodes(case, layer).filter(move |&(node, _)| tree.kind(node) == kind)
}

/// Returns whether the layers below one have something at a path.
pub(super) fn was_there(case: &Case<'_>, path: PathId, layer: LayerIndex) -> bool {
    let below = layer.0.checked_sub(1).map(LayerIndex);
    below.is_some_and(|below| case.analysis.tree.at(path, below).is_some())
}

/// Returns whether the layers up to one have something at a place.
pub(super) fn is_there(case: &Case<'_>, place: &str, layer: LayerIndex) -> bool {
    found(case, place).is_some_and(|path| case.analysis.tree.at(path, layer).is_some())
}

fn found(case: &Case<'_>, place: &str) -> Option<PathId> {
    case.analysis.tree.find(ImagePath::new(place.as_bytes())?)
}

/// Returns what a layer has at a path.
pub(super) fn node_at(case: &Case<'_>, path: PathId, layer: LayerIndex) -> Option<NodeId> {
    let mut versions = case.analysis.tree.versions(path).iter();
    let found = versions.find(|version| version.layer == layer);
    found.map(|version| version.node)
}

/// Returns the file that a layer stores at a path.
pub(super) fn file_at(case: &Case<'_>, path: PathId, layer: LayerIndex) -> Option<(NodeId, Meta)> {
    let node = node_at(case, path, layer)?;
    let meta = case.analysis.tree.layer(layer).meta(node)?;
    (meta.kind == EntryKind::File).then_some((node, meta))
}

/// Returns the metadata of a file that a layer stores at a path.
pub(super) fn file(tree: &FileTree, path: &str) -> Option<(NodeId, Meta)> {
    let node = tree.find(ImagePath::new(path.as_bytes())?)?;
    let meta = tree.meta(node)?;
    (meta.kind == EntryKind::File).then_some((node, meta))
}

/// Returns whether two files may be one: the same length, and the same content where the scan knows it.
pub(super) fn is_alike(one: (&FileTree, NodeId), other: (&FileTree, NodeId)) -> bool {
    let content = |(tree, node): (&FileTree, NodeId)| tree.content(node);
    let differs = content(one)
        .zip(content(other))
        .is_some_and(|(one, other)| one != other);
    one.0.kind(one.1) == other.0.kind(other.1)
        && one.0.size(one.1) == other.0.size(other.1)
        && one.0.link(one.1) == other.0.link(other.1)
        && !differs
}
