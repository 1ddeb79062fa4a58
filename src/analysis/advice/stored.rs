//! What a layer stores, asked by the recognisers: the proof that an edit brings the same files.

use super::case::{Case, Maker};
use super::operands::is_within;
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::path::ImagePath;
use crate::tree::{FileTree, NodeId};

/// Returns what a layer stores but directories and markers. Cost is linear in the layer.
pub(super) fn entries(tree: &FileTree) -> impl Iterator<Item = NodeId> + '_ {
    nodes(tree).filter(|&node| !matches!(tree.kind(node), EntryKind::Dir | EntryKind::Whiteout))
}

/// Returns every node but the root.
fn nodes(tree: &FileTree) -> impl Iterator<Item = NodeId> + '_ {
    let all = u32::try_from(tree.len()).unwrap_or(u32::MAX);
    (1..all).map(NodeId).filter(|&node| !tree.is_dead(node))
}

/// Returns the directories that an instruction made. Some builders put what a `WORKDIR` made into the next layer.
pub(super) fn made_directories(
    case: &Case<'_>,
    maker: Maker<'_>,
    layer: LayerIndex,
) -> Vec<String> {
    let below = layer.0.checked_sub(1).map(LayerIndex);
    let was_there = |path: &str| below.is_some_and(|below| is_there(case, path, below));
    let set = maker.directories_before();
    let is_set = |path: &str| set.iter().any(|directory| is_within(directory, path));
    let all = directories(case.analysis.tree.layer(layer));
    all.filter(|path| !was_there(path) && !is_set(path))
        .collect()
}

/// Returns the directories to which a layer gives another mode or owner.
pub(super) fn restyled_directories(case: &Case<'_>, layer: LayerIndex) -> Vec<String> {
    let style = |meta: Meta| (meta.mode, meta.uid, meta.gid);
    let differs = |path: &String| {
        let below = layer.0.checked_sub(1).map(LayerIndex);
        let old = below.and_then(|below| told(case, path, below));
        let new = told(case, path, layer);
        old.zip(new)
            .is_some_and(|(old, new)| style(old) != style(new))
    };
    directories(case.analysis.tree.layer(layer))
        .filter(differs)
        .collect()
}

fn directories(tree: &FileTree) -> impl Iterator<Item = String> + '_ {
    let all = nodes(tree).filter(|&node| tree.kind(node) == EntryKind::Dir);
    all.filter_map(|node| String::from_utf8(tree.path(node)).ok())
}

/// Returns the paths that a layer removes.
pub(super) fn removed(case: &Case<'_>, layer: LayerIndex) -> Vec<String> {
    let tree = case.analysis.tree.layer(layer);
    let all = nodes(tree).filter(|&node| tree.kind(node) == EntryKind::Whiteout);
    all.filter_map(|node| String::from_utf8(tree.path(node)).ok())
        .collect()
}

/// Returns whether the layers up to one have something at a path.
pub(super) fn is_there(case: &Case<'_>, path: &str, layer: LayerIndex) -> bool {
    let union = &case.analysis.tree;
    let found = ImagePath::new(path.as_bytes()).and_then(|path| union.find(path));
    found.is_some_and(|found| union.at(found, layer).is_some())
}

/// Returns the metadata that the layers up to one tell of a path.
fn told(case: &Case<'_>, path: &str, layer: LayerIndex) -> Option<Meta> {
    let union = &case.analysis.tree;
    let found = union.find(ImagePath::new(path.as_bytes())?)?;
    let (layer, node) = union.metadata_at(found, layer)?;
    union.layer(layer).meta(node)
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
