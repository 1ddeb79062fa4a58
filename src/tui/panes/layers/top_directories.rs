//! Which top directories a layer consists of.

use std::cmp::Reverse;

use crate::layer::LayerIndex;
use crate::text::Look;
use crate::tree::{FileTree, NodeId};
use crate::tui::subject::Subject;

/// A top directory of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Top {
    /// Name, escaped, with a slash where it is a directory.
    pub name: String,
    /// Bytes, for people.
    pub size: String,
    /// Its bytes, and those of the largest one.
    pub share: (u64, u64),
}

/// Directories listed.
const TOPS: usize = 12;

/// Returns the largest top directories and files of a layer. Cost is linear in its nodes.
pub fn tops(subject: &Subject, look: Look, layer: LayerIndex) -> Vec<Top> {
    let Some(tree) = subject.tree().layers().get(layer.as_usize()) else {
        return Vec::new();
    };
    let mut sizes = top_sizes(tree);
    sizes.retain(|(_, bytes)| *bytes > 0);
    sizes.sort_by_key(|(node, bytes)| (Reverse(*bytes), node.0));
    sizes.truncate(TOPS);
    let most = sizes.first().map_or(1, |(_, bytes)| *bytes);
    let top = |(node, bytes): (NodeId, u64)| {
        let slash = if tree.children(node).is_empty() {
            ""
        } else {
            "/"
        };
        Top {
            name: format!("{}{slash}", look.shown(tree.name(node))),
            size: look.units.size(bytes),
            share: (bytes, most),
        }
    };
    sizes.into_iter().map(top).collect()
}

/// Adds up what is below each child of the root. Nodes come parents first.
fn top_sizes(tree: &FileTree) -> Vec<(NodeId, u64)> {
    let tops = tree.children(NodeId::ROOT);
    let mut sizes: Vec<(NodeId, u64)> = tops.clone().map(|node| (NodeId(node), 0)).collect();
    let mut top_of = vec![0usize; tree.len()];
    for (at, node) in tops.enumerate() {
        if let Some(place) = top_of.get_mut(node as usize) {
            *place = at;
        }
    }
    for node in (1u32..).take(tree.len().saturating_sub(1)) {
        let top = top_of.get(node as usize).copied().unwrap_or(0);
        if let Some((_, bytes)) = sizes.get_mut(top) {
            *bytes = bytes.saturating_add(tree.size(NodeId(node)));
        }
        for child in tree.children(NodeId(node)) {
            if let Some(place) = top_of.get_mut(child as usize) {
                *place = top;
            }
        }
    }
    sizes
}
