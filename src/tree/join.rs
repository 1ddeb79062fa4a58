//! Building the union: a sorted join of every directory's children over all layers, from the root down.
//!
//! Nothing is hashed and no tree is copied. A directory hands its children the layers at which everything
//! below was cut off; a path's versions follow from its own entries and those cuts alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::file_tree::flag;
use super::merged::{Comparison, Detail, MergedNode};
use super::{Change, FileTree, HideCause, MergedTree, NodeId, PathId, Version};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;

/// A layer at which everything below a path was cut off, ascending by layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    layer: LayerIndex,
    cause: HideCause,
}

/// One entry of one layer for the path at hand.
type Own = (LayerIndex, NodeId);

struct Joiner {
    tree: MergedTree,
    /// For every path the cuts its ancestors passed on, as an index into `cut_sets`.
    inherited: Vec<u32>,
    cut_sets: Vec<Box<[Cut]>>,
    /// Versions whose mark needs a hard link resolved or data compared: path, version within the path.
    undecided: Vec<(PathId, u32)>,
}

pub(super) fn join(layers: Vec<FileTree>) -> MergedTree {
    let most = layers.iter().map(FileTree::len).sum::<usize>();
    let mut joiner = Joiner {
        tree: MergedTree {
            layers,
            nodes: Vec::with_capacity(most / 2),
            versions: Vec::with_capacity(most),
            foreign: HashMap::new(),
            comparisons: Vec::new(),
        },
        inherited: Vec::with_capacity(most / 2),
        cut_sets: vec![Box::default()],
        undecided: Vec::new(),
    };
    joiner.join_all();
    joiner.tree.nodes.shrink_to_fit();
    joiner.tree.versions.shrink_to_fit();
    joiner.inherited = Vec::new();
    joiner.resolve_foreign_links();
    joiner.decide();
    joiner.tree
}

impl Joiner {
    fn join_all(&mut self) {
        let roots: Vec<Own> = (0u16..)
            .zip(&self.tree.layers)
            .map(|(layer, _)| (LayerIndex(layer), NodeId::ROOT))
            .collect();
        self.push_path(PathId::ROOT, 0, &roots);
        let mut at = 0;
        let mut streams = Vec::new();
        let mut own = Vec::new();
        while at < self.tree.nodes.len() {
            let path = PathId(u32::try_from(at).unwrap_or(u32::MAX));
            self.tree.nodes[at].first_child =
                u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX);
            self.streams_of(path, &mut streams);
            match streams.as_mut_slice() {
                [] => {}
                [stream] => {
                    let cuts = self.cuts_below(path);
                    for child in stream.next..stream.end {
                        self.push_path(path, cuts, &[(stream.layer, NodeId(child))]);
                    }
                }
                several => {
                    let cuts = self.cuts_below(path);
                    self.join_children(path, cuts, several, &mut own);
                }
            }
            at += 1;
        }
        // Closes the ranges of the last path.
        let end = MergedNode {
            parent: 0,
            first_child: u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX),
            first_version: u32::try_from(self.tree.versions.len()).unwrap_or(u32::MAX),
        };
        self.tree.nodes.push(end);
    }

    /// Collects the layers that have something below a path.
    fn streams_of(&self, path: PathId, streams: &mut Vec<Stream>) {
        streams.clear();
        let start = self.tree.nodes[path.as_usize()].first_version as usize;
        let end = self.tree.nodes.get(path.as_usize() + 1);
        let end = end.map_or(self.tree.versions.len(), |next| next.first_version as usize);
        for version in &self.tree.versions[start..end] {
            if version.change == Change::Hidden {
                continue;
            }
            let range = self.tree.layer(version.layer).children(version.node);
            if !range.is_empty() {
                streams.push(Stream {
                    layer: version.layer,
                    next: range.start,
                    end: range.end,
                });
            }
        }
    }

    /// Returns the cuts that hold for the children of a path: those above it and its own.
    fn cuts_below(&mut self, path: PathId) -> u32 {
        let inherited = self.inherited[path.as_usize()];
        let start = self.tree.nodes[path.as_usize()].first_version as usize;
        let end = self.tree.nodes.get(path.as_usize() + 1);
        let end = end.map_or(self.tree.versions.len(), |next| next.first_version as usize);
        let mut own = Vec::new();
        let mut is_directory = false;
        for version in &self.tree.versions[start..end] {
            let cause = self.cut_by(*version);
            if let Some(cause) = cause.filter(|_| is_directory) {
                own.push(Cut {
                    layer: version.layer,
                    cause,
                });
            }
            if version.change != Change::Dangling {
                is_directory = version.is_visible()
                    && self.tree.layer(version.layer).kind(version.node) == EntryKind::Dir;
            }
        }
        if own.is_empty() {
            return inherited;
        }
        own.extend_from_slice(&self.cut_sets[inherited as usize]);
        own.sort_by_key(|cut| cut.layer);
        own.dedup_by_key(|cut| cut.layer);
        self.cut_sets.push(own.into());
        u32::try_from(self.cut_sets.len() - 1).unwrap_or(u32::MAX)
    }

    /// Returns why this version of a directory cuts off what lower layers have below it.
    fn cut_by(&self, version: Version) -> Option<HideCause> {
        let tree = self.tree.layer(version.layer);
        match version.change {
            Change::Dangling | Change::Hidden => None,
            Change::Removed => Some(HideCause::DeletedDir),
            _ if tree.kind(version.node) != EntryKind::Dir => Some(HideCause::Replaced),
            _ if tree.is_opaque(version.node) => Some(HideCause::Opaque),
            _ => None,
        }
    }

    fn join_children(
        &mut self,
        path: PathId,
        cuts: u32,
        streams: &mut [Stream],
        own: &mut Vec<Own>,
    ) {
        // A handful of layers is scanned for the smallest name; more go through a heap.
        if streams.len() <= 8 {
            self.join_few(path, cuts, streams, own)
        } else {
            self.join_many(path, cuts, streams, own)
        }
    }

    fn join_few(&mut self, path: PathId, cuts: u32, streams: &mut [Stream], own: &mut Vec<Own>) {
        loop {
            let heads = streams.iter().filter_map(|stream| stream.head(&self.tree));
            let Some(least) = heads.min() else { return };
            own.clear();
            for stream in streams.iter() {
                if stream.head(&self.tree) == Some(least) {
                    own.push((stream.layer, NodeId(stream.next)));
                }
            }
            for stream in streams.iter_mut() {
                if own.contains(&(stream.layer, NodeId(stream.next))) {
                    stream.next += 1;
                }
            }
            self.push_path(path, cuts, own);
        }
    }

    fn join_many(&mut self, path: PathId, cuts: u32, streams: &mut [Stream], own: &mut Vec<Own>) {
        // The joined order is found first: the heap borrows names from the trees that pushing extends.
        let mut groups: Vec<Own> = Vec::new();
        let mut ends = Vec::new();
        {
            let mut heap: BinaryHeap<Reverse<(&[u8], usize)>> = streams
                .iter()
                .enumerate()
                .filter_map(|(at, stream)| Some(Reverse((stream.head(&self.tree)?, at))))
                .collect();
            let mut last: Option<&[u8]> = None;
            while let Some(Reverse((name, at))) = heap.pop() {
                if last.is_some_and(|last| last != name) {
                    ends.push(groups.len());
                }
                last = Some(name);
                let stream = &mut streams[at];
                groups.push((stream.layer, NodeId(stream.next)));
                stream.next += 1;
                if let Some(head) = stream.head(&self.tree) {
                    heap.push(Reverse((head, at)));
                }
            }
            ends.push(groups.len());
        }
        let mut start = 0;
        for end in ends {
            own.clear();
            own.extend_from_slice(&groups[start..end]);
            start = end;
            self.push_path(path, cuts, own);
        }
    }

    /// Appends one path with its versions. `own` holds its entries, bottom first.
    fn push_path(&mut self, parent: PathId, cuts: u32, own: &[Own]) {
        let path = PathId(u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX));
        self.tree.nodes.push(MergedNode {
            parent: parent.0,
            first_child: 0,
            first_version: u32::try_from(self.tree.versions.len()).unwrap_or(u32::MAX),
        });
        self.inherited.push(cuts);
        let is_cut = match (own, self.cut_sets[cuts as usize].last()) {
            ([(layer, _)], Some(last)) => *layer < last.layer,
            (_, cut) => cut.is_some(),
        };
        if let ([(layer, node)], false) = (own, is_cut) {
            self.push_only_version(*layer, *node);
        } else {
            self.push_versions(path, cuts, own);
        }
    }

    /// The common case: one layer has the path and nothing above it ever cut.
    fn push_only_version(&mut self, layer: LayerIndex, node: NodeId) {
        let raw = self.tree.layer(layer).node(node);
        let is_void = raw.kind() == EntryKind::Whiteout || raw.has(flag::GHOST | flag::DEAD);
        let change = if is_void {
            Change::Dangling
        } else {
            Change::Added
        };
        self.tree.versions.push(Version {
            node,
            layer,
            change,
            detail: Detail::None,
        });
    }

    fn push_versions(&mut self, path: PathId, cuts: u32, own: &[Own]) {
        let start = self.tree.versions.len();
        let mut state = State::default();
        let mut next_cut = 0;
        for &(layer, node) in own {
            // Cuts of lower layers come first; one of this very layer yields to the path's own entry.
            next_cut = self.apply_cuts(cuts, next_cut, layer, &mut state);
            let is_cut_here = self.cut_sets[cuts as usize]
                .get(next_cut)
                .is_some_and(|cut| cut.layer == layer);
            if is_cut_here && self.is_powerless(layer, node) {
                next_cut = self.apply_cuts(
                    cuts,
                    next_cut,
                    LayerIndex(layer.0.saturating_add(1)),
                    &mut state,
                );
            }
            let change = self.change(layer, node, &state);
            let whited_out = self.tree.layer(layer).node(node).has(flag::WHITED_OUT);
            let detail = if is_cut_here || whited_out {
                Detail::Fresh
            } else {
                Detail::None
            };
            let position = u32::try_from(self.tree.versions.len() - start).unwrap_or(u32::MAX);
            self.tree.versions.push(Version {
                node,
                layer,
                change,
                detail,
            });
            if change == Change::Dangling {
                continue;
            }
            if self.is_undecided(layer, node, change, &state) {
                self.undecided.push((path, position));
            }
            state.take(&self.tree, layer, node, change, detail);
        }
        self.apply_cuts(cuts, next_cut, LayerIndex(u16::MAX), &mut state);
    }

    /// Applies the inherited cuts below `layer`, from `next` on; returns the first that was not applied.
    fn apply_cuts(
        &mut self,
        cuts: u32,
        mut next: usize,
        layer: LayerIndex,
        state: &mut State,
    ) -> usize {
        while let Some(&cut) = self.cut_sets[cuts as usize].get(next) {
            if cut.layer >= layer {
                break;
            }
            next += 1;
            if state.visible.is_some_and(|(below, _)| below < cut.layer) {
                *state = State::default();
                self.tree.versions.push(Version {
                    node: NodeId::ROOT,
                    layer: cut.layer,
                    change: Change::Hidden,
                    detail: cut.cause.into(),
                });
            }
        }
        next
    }

    /// Returns whether an entry has no effect of its own where an ancestor is cut in the same layer.
    fn is_powerless(&self, layer: LayerIndex, node: NodeId) -> bool {
        self.tree
            .layer(layer)
            .node(node)
            .has(flag::GHOST | flag::DEAD)
    }

    fn change(&self, layer: LayerIndex, node: NodeId, state: &State) -> Change {
        let tree = self.tree.layer(layer);
        let raw = tree.node(node);
        if raw.has(flag::DEAD) {
            return Change::Dangling;
        }
        let Some((below_layer, below)) = state.visible else {
            let is_void = raw.kind() == EntryKind::Whiteout || raw.has(flag::GHOST);
            return if is_void {
                Change::Dangling
            } else {
                Change::Added
            };
        };
        let below_tree = self.tree.layer(below_layer);
        let (kind, below_kind) = (raw.kind(), below_tree.kind(below));
        match kind {
            EntryKind::Whiteout => Change::Removed,
            EntryKind::Dir if raw.has(flag::GHOST) && below_kind != EntryKind::Dir => {
                Change::Dangling
            }
            EntryKind::Dir if below_kind == EntryKind::Dir => {
                self.directory_change(layer, node, state)
            }
            _ if kind.is_file() && below_kind.is_file() => self
                .file_change((below_layer, below), (layer, node))
                .unwrap_or(Change::Modified),
            _ if kind != below_kind => Change::Modified,
            EntryKind::Symlink if tree.link(node) != below_tree.link(below) => Change::Modified,
            _ if tree.meta(node).map(|meta| meta.device)
                != below_tree.meta(below).map(|meta| meta.device) =>
            {
                Change::Modified
            }
            _ => self
                .tree
                .change_of_same((below_layer, below), (layer, node)),
        }
    }

    /// A directory listed again: touched where its metadata differ from the last entry that listed it.
    fn directory_change(&self, layer: LayerIndex, node: NodeId, state: &State) -> Change {
        if self.tree.layer(layer).is_implied(node) {
            return Change::Unchanged;
        }
        match state.listed {
            Some(below) if self.tree.change_of_same(below, (layer, node)) == Change::Repeated => {
                Change::Unchanged
            }
            _ => Change::Touched,
        }
    }

    /// Returns the mark of a file over a file, or `None` where it takes a closer look.
    fn file_change(&self, older: Own, newer: Own) -> Option<Change> {
        let older = self.tree.inode(older.0, older.1)?;
        let newer = self.tree.inode(newer.0, newer.1)?;
        if older == newer {
            return Some(Change::Repeated);
        }
        let (old_tree, new_tree) = (self.tree.layer(older.0), self.tree.layer(newer.0));
        if old_tree.size(older.1) != new_tree.size(newer.1) {
            return Some(Change::Modified);
        }
        let is_same = match (old_tree.content(older.1), new_tree.content(newer.1)) {
            _ if old_tree.size(older.1) == 0 => true,
            (Some(old), Some(new)) => old == new,
            _ => return None,
        };
        Some(if is_same {
            self.tree.change_of_same(older, newer)
        } else {
            Change::Modified
        })
    }

    /// Returns whether a mark has to be looked at again once hard links are resolved or data compared.
    fn is_undecided(&self, layer: LayerIndex, node: NodeId, change: Change, state: &State) -> bool {
        change == Change::Modified
            && state.visible.is_some_and(|below| {
                self.tree.layer(below.0).kind(below.1).is_file()
                    && self.tree.layer(layer).kind(node).is_file()
                    && self.file_change(below, (layer, node)).is_none()
            })
    }

    /// Finds the data of hard links that name a file of a lower layer, bottom layer first, so that links to links
    /// are resolved when they are needed.
    fn resolve_foreign_links(&mut self) {
        for index in 1..self.tree.layers.len() {
            let layer = LayerIndex(u16::try_from(index).unwrap_or(u16::MAX));
            let below = LayerIndex(layer.0 - 1);
            for position in 0..self.tree.layers[index].foreign_links.len() {
                let link = self.tree.layers[index].foreign_links[position];
                let target = self.tree.layers[index].link(link).and_then(ImagePath::new);
                let visible = target
                    .and_then(|target| self.tree.find(target))
                    .and_then(|path| self.tree.at(path, below));
                let data = visible.and_then(|version| self.tree.inode(version.layer, version.node));
                if let Some(data) = data {
                    self.tree.layers[data.0.as_usize()].nodes[data.1.as_usize()].packed |=
                        flag::LINKED;
                    self.tree.foreign.insert((layer, link), data);
                }
            }
        }
    }

    /// Decides what now can be decided; the rest becomes comparisons.
    fn decide(&mut self) {
        for (path, position) in std::mem::take(&mut self.undecided) {
            let versions = self.tree.version_range(path);
            let at = versions.start + position as usize;
            let newer = self.tree.versions[at];
            let older = self.tree.versions[versions.start..at]
                .iter()
                .rev()
                .find(|version| version.change != Change::Dangling);
            let Some(older) = older else { continue };
            let (older, newer) = ((older.layer, older.node), (newer.layer, newer.node));
            if let Some(change) = self.file_change(older, newer) {
                self.tree.versions[at].change = change;
            } else if let (Some(older), Some(newer)) = (
                self.tree.inode(older.0, older.1),
                self.tree.inode(newer.0, newer.1),
            ) {
                self.tree.comparisons.push(Comparison {
                    path,
                    version: position,
                    older,
                    newer,
                });
            }
        }
    }
}

/// What stands at a path while its versions are read from the bottom.
#[derive(Debug, Default, Clone, Copy)]
struct State {
    visible: Option<Own>,
    /// For a visible directory: the last entry that listed it.
    listed: Option<Own>,
}

impl State {
    fn take(
        &mut self,
        tree: &MergedTree,
        layer: LayerIndex,
        node: NodeId,
        change: Change,
        detail: Detail,
    ) {
        if change == Change::Removed {
            *self = Self::default();
            return;
        }
        let layer_tree = tree.layer(layer);
        let is_listed_directory =
            layer_tree.kind(node) == EntryKind::Dir && !layer_tree.is_implied(node);
        self.listed = match self.listed {
            _ if is_listed_directory => Some((layer, node)),
            below if change == Change::Unchanged && detail != Detail::Fresh => below,
            _ => None,
        };
        self.visible = Some((layer, node));
    }
}

/// One layer's children of the directory at hand.
#[derive(Debug, Clone, Copy)]
struct Stream {
    layer: LayerIndex,
    next: u32,
    end: u32,
}

impl Stream {
    fn head<'t>(&self, tree: &'t MergedTree) -> Option<&'t [u8]> {
        (self.next < self.end).then(|| tree.layer(self.layer).name(NodeId(self.next)))
    }
}
