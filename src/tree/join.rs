//! Building the union: a sorted join of every directory's children over all layers, from the root down.
//!
//! Nothing is hashed and no tree is copied. A directory hands its children the layers at which everything
//! below was cut off; a path's versions follow from its own entries and those cuts alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::file_tree::flag;
use super::merged::{Comparison, MergedNode, Turned, VersionDetail, change_of_same};
use super::{Change, EntryRef, FileTree, HideCause, MergedTree, NodeId, PathId, Version};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;

/// A layer at which everything below a path was cut off, ascending by layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    layer: LayerIndex,
    cause: HideCause,
}

struct Joiner<'l> {
    layers: &'l [Arc<FileTree>],
    nodes: Vec<MergedNode>,
    versions: Vec<Version>,
    dangling: Vec<(LayerIndex, PathId)>,
    turned: Vec<Turned>,
    /// For every path the cuts its ancestors passed on, as an index into `cut_sets`.
    inherited: Vec<u32>,
    cut_sets: Vec<Box<[Cut]>>,
    /// Versions whose mark needs a hard link resolved or data compared: path, version within the path.
    undecided: Vec<(PathId, u32)>,
}

impl MergedTree {
    /// Joins the layers, bottom first. Cost is linear in their nodes.
    ///
    /// A layer that somebody else holds too is copied only if a hard link of another layer concerns it.
    pub fn build<L: Into<Arc<FileTree>>>(layers: Vec<L>) -> Self {
        join(layers.into_iter().map(Into::into).collect())
    }
}

fn join(layers: Vec<Arc<FileTree>>) -> MergedTree {
    let most = layers.iter().map(|layer| layer.len()).sum::<usize>();
    let mut joiner = Joiner {
        layers: &layers,
        nodes: Vec::with_capacity(most / 2),
        versions: Vec::with_capacity(most),
        dangling: Vec::new(),
        turned: Vec::new(),
        inherited: Vec::with_capacity(most / 2),
        cut_sets: vec![Box::default()],
        undecided: Vec::new(),
    };
    joiner.join_all();
    let Joiner {
        mut nodes,
        mut versions,
        dangling,
        turned,
        undecided,
        ..
    } = joiner;
    nodes.shrink_to_fit();
    versions.shrink_to_fit();
    let mut tree = MergedTree {
        layers,
        nodes: Arc::new(nodes),
        versions,
        foreign: Arc::default(),
        comparisons: Vec::new(),
        dangling: Arc::new(dangling),
        turned: Arc::new(turned),
    };
    resolve_foreign_links(&mut tree);
    decide(&mut tree, undecided);
    tree
}

impl<'l> Joiner<'l> {
    fn layer(&self, layer: LayerIndex) -> &'l FileTree {
        &self.layers[layer.as_usize()]
    }

    fn join_all(&mut self) {
        let roots: Vec<EntryRef> = (0u16..)
            .zip(self.layers)
            .map(|(layer, _)| (LayerIndex(layer), NodeId::ROOT))
            .collect();
        self.push_path(PathId::ROOT, 0, &roots);
        let mut at = 0;
        let mut streams = Vec::new();
        let mut own = Vec::new();
        while at < self.nodes.len() {
            let path = PathId(u32::try_from(at).unwrap_or(u32::MAX));
            self.nodes[at].first_child = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
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
            first_child: u32::try_from(self.nodes.len()).unwrap_or(u32::MAX),
            first_version: u32::try_from(self.versions.len()).unwrap_or(u32::MAX),
        };
        self.nodes.push(end);
    }

    /// Returns the versions of a path that was pushed before.
    fn versions_of(&self, path: PathId) -> &[Version] {
        let start = self.nodes[path.as_usize()].first_version as usize;
        let next = self.nodes.get(path.as_usize() + 1);
        &self.versions[start..next.map_or(self.versions.len(), |next| next.first_version as usize)]
    }

    /// Collects the layers that have something below a path.
    fn streams_of(&self, path: PathId, streams: &mut Vec<Stream<'l>>) {
        streams.clear();
        for version in self.versions_of(path) {
            if version.change == Change::Hidden {
                continue;
            }
            let range = self.layer(version.layer).children(version.node);
            if !range.is_empty() {
                let mut stream = Stream {
                    layer: version.layer,
                    next: range.start,
                    end: range.end,
                    head: None,
                };
                stream.read_head(self.layers);
                streams.push(stream);
            }
        }
    }

    /// Returns the cuts that hold for the children of a path: those above it and its own.
    fn cuts_below(&mut self, path: PathId) -> u32 {
        let inherited = self.inherited[path.as_usize()];
        let mut own = Vec::new();
        let mut is_directory = false;
        for version in self.versions_of(path) {
            let cause = self.cut_by(*version);
            if let Some(cause) = cause.filter(|_| is_directory) {
                own.push(Cut {
                    layer: version.layer,
                    cause,
                });
            }
            if version.change != Change::Dangling {
                is_directory = version.is_visible()
                    && self.layer(version.layer).kind(version.node) == EntryKind::Dir;
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
        let tree = self.layer(version.layer);
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
        streams: &mut [Stream<'l>],
        own: &mut Vec<EntryRef>,
    ) {
        // A handful of layers is scanned for the smallest name; more go through a heap.
        if streams.len() <= 8 {
            self.join_few(path, cuts, streams, own);
        } else {
            self.join_many(path, cuts, streams, own);
        }
    }

    fn join_few(
        &mut self,
        path: PathId,
        cuts: u32,
        streams: &mut [Stream<'l>],
        own: &mut Vec<EntryRef>,
    ) {
        while let Some(least) = streams.iter().filter_map(|stream| stream.head).min() {
            own.clear();
            for stream in streams
                .iter_mut()
                .filter(|stream| stream.head == Some(least))
            {
                own.push((stream.layer, NodeId(stream.next)));
                stream.advance(self.layers);
            }
            self.push_path(path, cuts, own);
        }
    }

    fn join_many(
        &mut self,
        path: PathId,
        cuts: u32,
        streams: &mut [Stream<'l>],
        own: &mut Vec<EntryRef>,
    ) {
        let heads = streams
            .iter()
            .enumerate()
            .filter_map(|(at, stream)| Some((stream.head?, at)));
        let mut heap: BinaryHeap<Reverse<(&[u8], usize)>> = heads.map(Reverse).collect();
        while let Some(&Reverse((least, _))) = heap.peek() {
            own.clear();
            // Of equal names the lowest stream, and with it the lowest layer, comes first.
            while let Some(&Reverse((name, at))) = heap.peek() {
                if name != least {
                    break;
                }
                heap.pop();
                let stream = &mut streams[at];
                own.push((stream.layer, NodeId(stream.next)));
                stream.advance(self.layers);
                if let Some(head) = stream.head {
                    heap.push(Reverse((head, at)));
                }
            }
            self.push_path(path, cuts, own);
        }
    }

    /// Appends one path with its versions. `own` holds its entries, bottom first.
    fn push_path(&mut self, parent: PathId, cuts: u32, own: &[EntryRef]) {
        let path = PathId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(MergedNode {
            parent: parent.0,
            first_child: 0,
            first_version: u32::try_from(self.versions.len()).unwrap_or(u32::MAX),
        });
        self.inherited.push(cuts);
        let is_cut = match (own, self.cut_sets[cuts as usize].last()) {
            ([(layer, _)], Some(last)) => *layer < last.layer,
            (_, cut) => cut.is_some(),
        };
        if let ([(layer, node)], false) = (own, is_cut) {
            self.push_only_version(path, *layer, *node);
        } else {
            self.push_versions(path, cuts, own);
        }
    }

    /// The common case: one layer has the path and nothing above it ever cut.
    fn push_only_version(&mut self, path: PathId, layer: LayerIndex, node: NodeId) {
        let raw = self.layer(layer).node(node);
        let is_void = raw.kind() == EntryKind::Whiteout || raw.has(flag::DEAD);
        let change = if is_void {
            self.note_dangling(path, layer, raw.kind());
            Change::Dangling
        } else {
            Change::Added
        };
        self.versions.push(Version {
            node,
            layer,
            change,
            detail: VersionDetail::None,
        });
    }

    fn push_versions(&mut self, path: PathId, cuts: u32, own: &[EntryRef]) {
        let start = self.versions.len();
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
            let whited_out = self.layer(layer).node(node).has(flag::WHITED_OUT);
            let detail = if is_cut_here || whited_out {
                VersionDetail::Fresh
            } else {
                VersionDetail::None
            };
            let position = u32::try_from(self.versions.len() - start).unwrap_or(u32::MAX);
            self.versions.push(Version {
                node,
                layer,
                change,
                detail,
            });
            if change == Change::Dangling {
                self.note_dangling(path, layer, self.layer(layer).kind(node));
                continue;
            }
            if let Some(below) = state
                .visible
                .filter(|&below| self.turns(below, (layer, node)))
            {
                self.turned.push(Turned { path, layer, below });
            }
            if self.is_undecided(layer, node, change, &state) {
                self.undecided.push((path, position));
            }
            state.take(self.layers, layer, node, change, detail);
        }
        self.apply_cuts(cuts, next_cut, LayerIndex(u16::MAX), &mut state);
    }

    /// Returns whether a directory takes the place of something else although nobody seems to have meant it to.
    ///
    /// Who removes a name and makes a directory of it leaves a whiteout, or an opaque directory that is listed. Who
    /// followed a link of a lower layer lists its name, or what is in it alone.
    fn turns(&self, (below_layer, below): EntryRef, (layer, node): EntryRef) -> bool {
        let raw = self.layer(layer).node(node);
        let below = self.layer(below_layer).kind(below);
        if raw.kind() != EntryKind::Dir || below == EntryKind::Dir || raw.has(flag::WHITED_OUT) {
            return false;
        }
        raw.has(flag::IMPLIED) || below == EntryKind::Symlink && !raw.has(flag::OPAQUE)
    }

    fn note_dangling(&mut self, path: PathId, layer: LayerIndex, kind: EntryKind) {
        if kind == EntryKind::Whiteout {
            self.dangling.push((layer, path));
        }
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
                self.versions.push(Version {
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
        self.layer(layer).node(node).has(flag::DEAD)
    }

    fn change(&self, layer: LayerIndex, node: NodeId, state: &State) -> Change {
        let tree = self.layer(layer);
        let raw = tree.node(node);
        if raw.has(flag::DEAD) {
            return Change::Dangling;
        }
        let Some((below_layer, below)) = state.visible else {
            return if raw.kind() == EntryKind::Whiteout {
                Change::Dangling
            } else {
                Change::Added
            };
        };
        let below_tree = self.layer(below_layer);
        let (kind, below_kind) = (raw.kind(), below_tree.kind(below));
        match kind {
            EntryKind::Whiteout => Change::Removed,
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
            _ => change_of_same(self.layers, (below_layer, below), (layer, node)),
        }
    }

    /// A directory listed again: touched where its metadata differ from the last entry that listed it.
    fn directory_change(&self, layer: LayerIndex, node: NodeId, state: &State) -> Change {
        if self.layer(layer).is_implied(node) {
            return Change::Unchanged;
        }
        match state.listed {
            Some(below)
                if change_of_same(self.layers, below, (layer, node)) == Change::Repeated =>
            {
                Change::Unchanged
            }
            _ => Change::Touched,
        }
    }

    fn file_change(&self, older: EntryRef, newer: EntryRef) -> Option<Change> {
        let data = |own: EntryRef| Some((own.0, self.layer(own.0).inode(own.1)?));
        file_change(self.layers, data(older)?, data(newer)?)
    }

    /// Returns whether a mark has to be looked at again once hard links are resolved or data compared.
    fn is_undecided(&self, layer: LayerIndex, node: NodeId, change: Change, state: &State) -> bool {
        change == Change::Modified
            && state.visible.is_some_and(|below| {
                self.layer(below.0).kind(below.1).is_file()
                    && self.layer(layer).kind(node).is_file()
                    && self.file_change(below, (layer, node)).is_none()
            })
    }
}

/// Returns the mark of a file over a file, or `None` where it takes a closer look. Both are where the data is.
fn file_change(layers: &[Arc<FileTree>], older: EntryRef, newer: EntryRef) -> Option<Change> {
    if older == newer {
        return Some(Change::Repeated);
    }
    let (old_tree, new_tree) = (&layers[older.0.as_usize()], &layers[newer.0.as_usize()]);
    if old_tree.size(older.1) != new_tree.size(newer.1) {
        return Some(Change::Modified);
    }
    let is_same = match (old_tree.content(older.1), new_tree.content(newer.1)) {
        _ if old_tree.size(older.1) == 0 => true,
        (Some(old), Some(new)) => old == new,
        _ => return None,
    };
    Some(if is_same {
        change_of_same(layers, older, newer)
    } else {
        Change::Modified
    })
}

/// Finds the data of hard links that name a file of a lower layer, bottom layer first, so that links to links
/// are resolved when they are needed.
fn resolve_foreign_links(tree: &mut MergedTree) {
    for index in 1..tree.layers.len() {
        let layer = LayerIndex(u16::try_from(index).unwrap_or(u16::MAX));
        let below = LayerIndex(layer.0 - 1);
        for position in 0..tree.layers[index].foreign_links.len() {
            let link = tree.layers[index].foreign_links[position];
            let target = tree.layers[index].link(link).and_then(ImagePath::new);
            let visible = target
                .and_then(|target| tree.find(target))
                .and_then(|path| tree.at(path, below));
            let data = visible.and_then(|version| tree.inode(version.layer, version.node));
            if let Some(data) = data {
                mark_linked(&mut tree.layers[data.0.as_usize()], data.1);
                Arc::make_mut(&mut tree.foreign).insert((layer, link), data);
            } else if let Some(version) = visible {
                // A second name of a symbolic link is another one just like it, as within a layer.
                let aim = tree
                    .layer(version.layer)
                    .link(version.node)
                    .map(<[u8]>::to_vec);
                let is_symlink = tree.layer(version.layer).kind(version.node) == EntryKind::Symlink;
                if let Some(aim) = aim.filter(|_| is_symlink) {
                    Arc::make_mut(&mut tree.layers[index]).become_symlink(link, &aim);
                }
            }
        }
    }
}

/// Copies the layer only where somebody else holds it too and does not know the link yet.
fn mark_linked(layer: &mut Arc<FileTree>, data: NodeId) {
    if !layer.node(data).has(flag::LINKED) {
        Arc::make_mut(layer).nodes[data.as_usize()].packed |= flag::LINKED;
    }
}

/// Decides what can be decided once links are resolved; the rest becomes comparisons.
fn decide(tree: &mut MergedTree, undecided: Vec<(PathId, u32)>) {
    for (path, position) in undecided {
        let versions = tree.version_range(path);
        let at = versions.start + position as usize;
        let newer = tree.versions[at];
        let below = tree.versions[versions.start..at].iter().rev();
        let Some(older) = below
            .copied()
            .find(|version| version.change != Change::Dangling)
        else {
            continue;
        };
        if tree.is_metadata_alone(path, newer) {
            let (older, newer) = ((older.layer, older.node), (newer.layer, newer.node));
            tree.versions[at].change = change_of_same(&tree.layers, older, newer);
            continue;
        }
        let (Some(older), Some(newer)) = (
            tree.inode(older.layer, older.node),
            tree.inode(newer.layer, newer.node),
        ) else {
            continue;
        };
        match file_change(&tree.layers, older, newer) {
            Some(change) => tree.versions[at].change = change,
            None => tree.comparisons.push(Comparison {
                path,
                version: position,
                older,
                newer,
            }),
        }
    }
}

/// What stands at a path while its versions are read from the bottom.
#[derive(Debug, Default, Clone, Copy)]
struct State {
    visible: Option<EntryRef>,
    /// For a visible directory: the last entry that listed it.
    listed: Option<EntryRef>,
}

impl State {
    fn take(
        &mut self,
        layers: &[Arc<FileTree>],
        layer: LayerIndex,
        node: NodeId,
        change: Change,
        detail: VersionDetail,
    ) {
        if change == Change::Removed {
            *self = Self::default();
            return;
        }
        let layer_tree = &layers[layer.as_usize()];
        let is_listed_directory =
            layer_tree.kind(node) == EntryKind::Dir && !layer_tree.is_implied(node);
        self.listed = match self.listed {
            _ if is_listed_directory => Some((layer, node)),
            below if change == Change::Unchanged && detail != VersionDetail::Fresh => below,
            _ => None,
        };
        self.visible = Some((layer, node));
    }
}

/// One layer's children of the directory at hand.
#[derive(Debug, Clone, Copy)]
struct Stream<'l> {
    layer: LayerIndex,
    next: u32,
    end: u32,
    /// Name of the next child.
    head: Option<&'l [u8]>,
}

impl<'l> Stream<'l> {
    fn advance(&mut self, layers: &'l [Arc<FileTree>]) {
        self.next += 1;
        self.read_head(layers);
    }

    fn read_head(&mut self, layers: &'l [Arc<FileTree>]) {
        let is_left = self.next < self.end;
        self.head = is_left.then(|| layers[self.layer.as_usize()].name(NodeId(self.next)));
    }
}
