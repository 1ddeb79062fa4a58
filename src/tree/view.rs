//! What one view shows: the union up to a layer, or one layer alone, as rows sorted by path bytes.

use std::collections::HashMap;

use super::{Change, EntryRef, MergedTree, PathId, Version};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The union of layers 0 to this one.
    Union(LayerIndex),
    /// The entries of this layer alone.
    Layer(LayerIndex),
}

/// One row of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative, without leading slash; the root itself is never listed.
    pub path: Vec<u8>,
    /// Its place in the union.
    pub id: PathId,
    /// The layer that provides what is shown; for a directory, the last that lists it.
    pub layer: LayerIndex,
    /// Files: where the data is, hard links resolved. `None` for links to nothing.
    pub data: Option<EntryRef>,
    /// What kind of file it is.
    pub kind: EntryKind,
    /// Permission bits; `None` for directories no layer lists.
    pub mode: Option<u16>,
    /// Number of the user who owns it; `None` as for the mode.
    pub uid: Option<u32>,
    /// Number of the group that owns it; `None` as for the mode.
    pub gid: Option<u32>,
    /// Length of the data in bytes; 0 for anything but files.
    pub size: u64,
    /// Names of the inode visible in the view.
    pub nlink: u32,
    /// Seconds since 1970.
    pub mtime: Option<i64>,
    /// Nanoseconds beyond `mtime`.
    pub mtime_nanos: u32,
    /// Symlink target as stored.
    pub link: Option<Vec<u8>>,
    /// Device numbers, for devices.
    pub device: Option<(u32, u32)>,
    /// Where the extended attributes and the rest of the metadata are; `None` where no entry says anything.
    pub metadata: Option<EntryRef>,
    /// What the layer did; `None` in a union view and where it changed nothing.
    pub change: Option<Change>,
    /// Whether it is an opaque directory of this layer; always `false` in a union view.
    pub opaque: bool,
}

impl View {
    /// Calls `row` for `start` (unless it is the root) and everything below it, sorted by path bytes.
    ///
    /// # Errors
    /// What `row` returns; the walk ends there.
    pub fn list<E>(
        self,
        tree: &MergedTree,
        start: PathId,
        row: &mut dyn FnMut(&Listed) -> Result<(), E>,
    ) -> Result<(), E> {
        let links = self.link_counts(tree);
        let mut path = tree.path(start);
        path.truncate(path.len() - tree.name(start).len());
        let mut steps = vec![PendingPath {
            path: start,
            prefix: path.len(),
            what: What::Below,
        }];
        if start != PathId::ROOT && self.version(tree, start).is_some() {
            steps.push(PendingPath {
                path: start,
                prefix: path.len(),
                what: What::Row,
            });
        }
        while let Some(step) = steps.pop() {
            path.truncate(step.prefix);
            path.extend_from_slice(tree.name(step.path));
            match step.what {
                What::Row => {
                    let listed = self.row(tree, step.path, &path, &links);
                    if let Some(listed) = listed.filter(|listed| self.is_listed(tree, listed)) {
                        row(&listed)?;
                    }
                }
                What::Below => {
                    if step.path != PathId::ROOT {
                        path.push(b'/');
                    }
                    self.push_children(tree, step.path, path.len(), &mut steps);
                }
            }
        }
        Ok(())
    }

    /// Returns the row of one path, where the view shows it.
    pub fn get(self, tree: &MergedTree, path: ImagePath<'_>) -> Option<Listed> {
        let id = tree.find(path)?;
        let links = self.link_counts(tree);
        self.row(tree, id, path.as_bytes(), &links)
            .filter(|listed| self.is_listed(tree, listed))
    }

    /// Pushes the rows of a directory's children and what is below them, first to be popped last pushed.
    ///
    /// Bytewise, `a-b` and `a.b` come between `a` and `a/b`: what is below a directory waits until no sibling
    /// with a smaller path is left.
    fn push_children(
        self,
        tree: &MergedTree,
        parent: PathId,
        prefix: usize,
        steps: &mut Vec<PendingPath>,
    ) {
        let first = steps.len();
        let mut waiting: Vec<PathId> = Vec::new();
        let below = |path| PendingPath {
            path,
            prefix,
            what: What::Below,
        };
        for child in tree.children(parent).map(PathId) {
            if self.version(tree, child).is_none() {
                continue;
            }
            let name = tree.name(child);
            while let Some(&directory) = waiting.last() {
                let stem = tree.name(directory);
                let comes_between = name
                    .strip_prefix(stem)
                    .is_some_and(|rest| rest.first().is_some_and(|&byte| byte < b'/'));
                if comes_between {
                    break;
                }
                steps.push(below(directory));
                waiting.pop();
            }
            steps.push(PendingPath {
                path: child,
                prefix,
                what: What::Row,
            });
            if !tree.children(child).is_empty() {
                waiting.push(child);
            }
        }
        steps.extend(waiting.into_iter().rev().map(below));
        steps[first..].reverse();
    }

    /// Returns the version that puts the path into the view.
    fn version(self, tree: &MergedTree, path: PathId) -> Option<Version> {
        match self {
            Self::Union(layer) => tree.at(path, layer),
            Self::Layer(layer) => tree.versions(path).iter().copied().find(|version| {
                version.layer == layer
                    && version.change != Change::Hidden
                    && !tree.layer(layer).is_dead(version.node)
            }),
        }
    }

    fn row(
        self,
        tree: &MergedTree,
        path: PathId,
        bytes: &[u8],
        links: &HashMap<EntryRef, u32>,
    ) -> Option<Listed> {
        let version = self.version(tree, path)?;
        let node_tree = tree.layer(version.layer);
        let kind = node_tree.kind(version.node);
        let data = if kind.is_file() {
            tree.inode(version.layer, version.node)
        } else {
            None
        };
        let metadata = match self {
            Self::Union(layer) => tree.metadata_at(path, layer),
            Self::Layer(_) => Some((version.layer, version.node)),
        };
        let meta = metadata.and_then(|(layer, node)| tree.layer(layer).meta(node));
        let is_union = matches!(self, Self::Union(_));
        let change =
            Some(version.change).filter(|change| !is_union && *change != Change::Unchanged);
        Some(Listed {
            path: bytes.to_vec(),
            id: path,
            layer: if kind == EntryKind::Dir {
                metadata.map_or(version.layer, |at| at.0)
            } else {
                version.layer
            },
            data,
            kind,
            mode: meta.map(|meta| meta.mode),
            uid: meta.map(|meta| meta.uid),
            gid: meta.map(|meta| meta.gid),
            size: data.map_or(0, |(layer, node)| tree.layer(layer).size(node)),
            nlink: data.and_then(|data| links.get(&data).copied()).unwrap_or(1),
            mtime: meta.map(|meta| meta.mtime),
            mtime_nanos: meta.map_or(0, |meta| meta.mtime_nanos),
            link: node_tree
                .link(version.node)
                .filter(|_| kind == EntryKind::Symlink)
                .map(<[u8]>::to_vec),
            device: meta
                .filter(|_| matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice))
                .map(|meta| meta.device),
            metadata,
            change,
            opaque: !is_union && node_tree.is_opaque(version.node),
        })
    }

    /// A layer's own listing leaves out directories that no entry names.
    fn is_listed(self, tree: &MergedTree, listed: &Listed) -> bool {
        match (self, listed.metadata) {
            (Self::Layer(_), Some((layer, node))) => {
                !tree.layer(layer).is_implied(node) || listed.opaque
            }
            _ => true,
        }
    }

    /// Counts the visible names of data that may have several.
    fn link_counts(self, tree: &MergedTree) -> HashMap<EntryRef, u32> {
        let mut counts = HashMap::new();
        if !tree.layers().iter().any(|layer| layer.has_links()) {
            return counts;
        }
        for path in tree.paths() {
            let Some(version) = self.version(tree, path) else {
                continue;
            };
            if !tree.layer(version.layer).kind(version.node).is_file() {
                continue;
            }
            if let Some(data) = tree.inode(version.layer, version.node)
                && tree.is_linked(data.0, data.1)
            {
                *counts.entry(data).or_default() += 1;
            }
        }
        counts
    }
}

/// One thing left to do while listing.
struct PendingPath {
    path: PathId,
    /// Length of the path up to and including the slash before the name.
    prefix: usize,
    what: What,
}

enum What {
    Row,
    Below,
}
