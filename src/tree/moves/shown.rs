//! What the union of some layers shows at a place, read from their own trees: no union of them is built for it.

use std::cell::Cell;
use std::sync::Arc;

use crate::layer::EntryKind;
use crate::path::ImagePath;
use crate::tree::file_tree::flag;
use crate::tree::{FileTree, NodeId};

/// A node of one of the layers, by its position from the bottom.
pub(super) type StackedNode = (usize, NodeId);

/// Most links to links of lower layers that are followed.
const HOPS: usize = 64;

/// What stands at a place.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// A directory.
    Directory(Directory),
    /// Anything else.
    Other(StackedNode),
}

/// A directory, and the layers that it is joined from.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    /// Its nodes, uppermost first, as far down as anything is seen.
    parts: Vec<StackedNode>,
    /// The uppermost entry that lists it.
    pub(super) listed: Option<StackedNode>,
}

/// The union of layers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Union<'l> {
    /// Bottom first.
    pub(super) layers: &'l [Arc<FileTree>],
    /// Nodes looked at.
    pub(super) lookups: &'l Cell<u64>,
}

impl<'l> Union<'l> {
    /// Returns what stands at a path.
    pub(super) fn find(self, path: ImagePath<'_>) -> Option<Standing> {
        let roots = (0..self.layers.len())
            .rev()
            .map(|layer| (layer, NodeId::ROOT));
        let root = self.standing(roots);
        path.components().fold(root, |at, name| match at {
            Some(Standing::Directory(directory)) => self.child(&directory, name),
            _ => None,
        })
    }

    fn below(self, layer: usize) -> Self {
        Self {
            layers: &self.layers[..layer],
            ..self
        }
    }

    fn count(self, more: usize) {
        let lookups = self.lookups.get();
        self.lookups.set(lookups.saturating_add(more as u64));
    }

    fn child(self, directory: &Directory, name: &[u8]) -> Option<Standing> {
        self.count(directory.parts.len());
        let own =
            |&(layer, node): &StackedNode| Some((layer, self.layers[layer].child(node, name)?));
        self.standing(directory.parts.iter().filter_map(own))
    }

    /// Returns everything in a directory, sorted by name.
    pub(super) fn children(self, directory: &Directory) -> Vec<(&'l [u8], Standing)> {
        let mut named: Vec<(&'l [u8], usize, StackedNode)> = Vec::new();
        for (depth, &(layer, node)) in directory.parts.iter().enumerate() {
            let tree = &self.layers[layer];
            let children = tree.children(node).map(NodeId);
            named.extend(children.map(|child| (tree.name(child), depth, (layer, child))));
        }
        self.count(named.len());
        named.sort_unstable_by_key(|&(name, depth, _)| (name, depth));
        let groups = named.chunk_by(|(first, ..), (second, ..)| first == second);
        let standing = groups.filter_map(|group| {
            let places = group.iter().map(|&(.., place)| place);
            Some((group.first()?.0, self.standing(places)?))
        });
        standing.collect()
    }

    /// Joins the nodes of one path, uppermost first.
    fn standing(self, places: impl Iterator<Item = StackedNode>) -> Option<Standing> {
        let mut directory = Directory::default();
        let (mut exists, mut is_cut) = (false, false);
        for (layer, node) in places {
            let tree = &self.layers[layer];
            let raw = tree.node(node);
            if raw.has(flag::DEAD) {
                // Buried by its own layer; whiteouts in it still count.
                if !is_cut {
                    directory.parts.push((layer, node));
                }
                continue;
            }
            match raw.kind() {
                EntryKind::Whiteout => break,
                EntryKind::Dir => {
                    exists = true;
                    if !is_cut {
                        directory.parts.push((layer, node));
                    }
                    let is_listed = !raw.has(flag::IMPLIED);
                    directory.listed = directory.listed.or(is_listed.then_some((layer, node)));
                    is_cut |= tree.is_opaque(node);
                    if raw.has(flag::WHITED_OUT) || is_cut && directory.listed.is_some() {
                        break;
                    }
                }
                _ if exists => break,
                _ => return Some(Standing::Other((layer, node))),
            }
        }
        exists.then_some(Standing::Directory(directory))
    }

    /// Returns the node whose metadata count for something that is no directory: of a hard link that of its data.
    pub(super) fn metadata(self, place: StackedNode) -> StackedNode {
        let (mut layer, mut node) = place;
        for _ in 0..HOPS {
            let tree = &self.layers[layer];
            if tree.kind(node) != EntryKind::Hardlink || tree.has_own_metadata(node) {
                break;
            }
            if let Some(data) = tree.inode(node) {
                return (layer, data);
            }
            let target = tree.link(node).and_then(ImagePath::new);
            match target.and_then(|target| self.below(layer).find(target)) {
                Some(Standing::Other(below)) => (layer, node) = below,
                _ => break,
            }
        }
        (layer, node)
    }
}
