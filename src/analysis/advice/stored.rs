//! What a layer stores, asked by the recognisers: the proof that an edit brings the same files.

use super::case::Case;
use crate::layer::{EntryKind, LayerIndex, Meta};
use crate::path::ImagePath;
use crate::tree::{Change, FileTree, NodeId};

/// Returns what a layer stores but directories and markers. Cost is linear in the layer.
pub(super) fn entries(tree: &FileTree) -> impl Iterator<Item = NodeId> + '_ {
    nodes(tree).filter(|&node| !matches!(tree.kind(node), EntryKind::Dir | EntryKind::Whiteout))
}

/// Returns every node but the root.
fn nodes(tree: &FileTree) -> impl Iterator<Item = NodeId> + '_ {
    let all = u32::try_from(tree.len()).unwrap_or(u32::MAX);
    (1..all).map(NodeId).filter(|&node| !tree.is_dead(node))
}

/// Returns the directories to which a layer did something, each with what it did.
pub(super) fn directories<'a>(
    case: &'a Case<'_>,
    layer: LayerIndex,
) -> impl Iterator<Item = (String, Change)> + 'a {
    let union = &case.analysis.tree;
    let tree = union.layer(layer);
    let all = nodes(tree).filter(|&node| tree.kind(node) == EntryKind::Dir);
    all.filter_map(move |node| {
        let path = tree.path(node);
        let id = union.find(ImagePath::new(&path)?)?;
        let mut versions = union.versions(id).iter();
        let change = versions.find(|version| version.layer == layer)?.change;
        Some((String::from_utf8(path).ok()?, change))
    })
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
