//! What a tree pane shows of the union, in columns: one mark, one total and one count a path.
//!
//! Built in two passes whenever the layer or the scope changes; everything drawn or sorted afterwards is
//! looked up. Totals of directories are sums over what the scope shows below them, every inode once.

use std::collections::HashMap;

use super::file_tree::flag;
use super::{Change, FileTree, MergedTree, PathId, PathSet, Version};
use crate::layer::{EntryKind, LayerIndex};

/// Which paths are shown, and against what they are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What this layer holds and does.
    Layer(LayerIndex),
    /// The union up to this layer, with the marks of this layer and what it removed.
    Accumulated(LayerIndex),
    /// What a container sees.
    Merged,
}

/// What the layer of a scope does to a path: the letter in front of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mark {
    /// Nothing.
    Unchanged,
    /// Not there before.
    Added,
    /// Other content, type or target.
    Modified,
    /// Only other metadata.
    Touched,
    /// Stored again without difference.
    Repeated,
    /// Removed by a whiteout of this path.
    Removed,
    /// Gone because of what happened to an ancestor.
    Hidden,
    /// A directory that hides what lower layers have in it.
    Opaque,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 8] = [
        Self::Unchanged,
        Self::Added,
        Self::Modified,
        Self::Touched,
        Self::Repeated,
        Self::Removed,
        Self::Hidden,
        Self::Opaque,
    ];

    /// Returns the letter that stands for it; a blank for [`Mark::Unchanged`]. What is hidden shows the letter
    /// of a removal.
    pub const fn letter(self) -> char {
        match self {
            Self::Unchanged => ' ',
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Touched => 'm',
            Self::Repeated => '=',
            Self::Removed | Self::Hidden => 'D',
            Self::Opaque => 'O',
        }
    }

    /// Returns whether the path is not there any more.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Removed | Self::Hidden)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A choice of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarkSet(u8);

impl MarkSet {
    /// Every mark.
    pub const ALL: Self = Self(0xFF);

    /// Returns whether a mark is chosen.
    pub const fn contains(self, mark: Mark) -> bool {
        self.0 & mark.bit() != 0
    }

    /// Returns the choice with these marks all in, or all out where the first was in.
    #[must_use]
    pub fn toggled(self, marks: &[Mark]) -> Self {
        let bits = marks.iter().fold(0, |bits, mark| bits | mark.bit());
        let is_in = marks.first().is_some_and(|&first| self.contains(first));
        Self(if is_in { self.0 & !bits } else { self.0 | bits })
    }
}

/// The data behind each version, looked up once for a union.
#[derive(Debug)]
pub struct Weights {
    /// By position in the union's versions: length of the data, [`SHARED`] where several names may share it,
    /// [`OWN`] where the entry stores it itself.
    bytes: Vec<u64>,
    /// For data with several names: a number for each.
    inodes: HashMap<u32, u32>,
    inode_count: usize,
}

const SHARED: u64 = 1 << 63;
const OWN: u64 = 1 << 62;
const LENGTH: u64 = OWN - 1;

impl Weights {
    /// Looks up the data of every version. Cost is linear in the versions.
    pub fn new(tree: &MergedTree) -> Self {
        let mut numbers = HashMap::new();
        let mut inodes = HashMap::new();
        let bytes = (0u32..).zip(&tree.versions).map(|(at, version)| {
            if version.change == Change::Hidden {
                return 0;
            }
            let layer = tree.layer(version.layer);
            let node = layer.node(version.node);
            if !node.kind().is_file() {
                return 0;
            }
            let own = if node.kind() == EntryKind::File {
                OWN
            } else {
                0
            };
            if own != 0 && !node.has(flag::LINKED) {
                return node.size.min(LENGTH) | OWN;
            }
            let Some(data) = tree.inode(version.layer, version.node) else {
                return own;
            };
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            inodes.insert(at, *numbers.entry(data).or_insert(next));
            tree.layer(data.0).size(data.1).min(LENGTH) | own | SHARED
        });
        let bytes = bytes.collect();
        Self {
            bytes,
            inodes,
            inode_count: numbers.len(),
        }
    }
}

/// Flag of [`Projection::state`]: several names may share the data.
const LINKED: u8 = 1 << 4;
/// Flag of [`Projection::state`]: the scope shows the path.
const SHOWN: u8 = 1 << 5;
/// Flag of [`Projection::state`]: its data is counted at another name.
const COUNTED_ELSEWHERE: u8 = 1 << 6;
const MARK: u8 = 0b1111;

/// One scope of a union, ready to be listed.
#[derive(Debug)]
pub struct Projection {
    scope: Scope,
    layer: LayerIndex,
    state: Vec<u8>,
    /// Marks of the path and of everything shown below it.
    below: Vec<u8>,
    bytes: Vec<u64>,
    files: Vec<u32>,
    /// Lowest and highest layer that provides something shown at or below the path.
    layers: Vec<(u16, u16)>,
    /// Bytes gone directly below something that is still there.
    lost: HashMap<PathId, u64>,
}

impl Projection {
    /// Projects a union. Cost is linear in its paths and versions, whatever the scope.
    pub fn new(tree: &MergedTree, weights: &Weights, scope: Scope) -> Self {
        let layer = match scope {
            Scope::Layer(layer) | Scope::Accumulated(layer) => layer,
            Scope::Merged => tree.top(),
        };
        let mut projection = Self {
            scope,
            layer,
            state: vec![0; tree.len()],
            below: vec![0; tree.len()],
            bytes: vec![0; tree.len()],
            files: vec![0; tree.len()],
            layers: vec![(u16::MAX, 0); tree.len()],
            lost: HashMap::new(),
        };
        projection.look_up(tree, weights);
        projection.add_up(tree);
        projection
    }

    fn look_up(&mut self, tree: &MergedTree, weights: &Weights) {
        let mut counted = PathSet::with_room(weights.inode_count);
        for path in tree.paths() {
            let range = tree.version_range(path);
            let versions = &tree.versions[range.clone()];
            let Some((at, mark)) = self.pick(tree, versions) else {
                continue;
            };
            let index = path.as_usize();
            let mut state = SHOWN | mark as u8;
            let from = if mark.is_gone() {
                below(versions, at)
            } else {
                Some(at)
            };
            if let Some(from) = from {
                let version = versions[from];
                let weight = weights.bytes[range.start + from];
                let is_file = version.change != Change::Hidden
                    && tree.layer(version.layer).kind(version.node).is_file();
                self.files[index] = u32::from(is_file);
                let counts = if weight & SHARED == 0 {
                    true
                } else {
                    state |= LINKED;
                    let position = u32::try_from(range.start + from).unwrap_or(u32::MAX);
                    let inode = weights.inodes.get(&position).copied().unwrap_or(0);
                    match self.scope {
                        // A layer stores its data under one name, whatever else names it.
                        Scope::Layer(_) if !mark.is_gone() => weight & OWN != 0,
                        _ => counted.insert(PathId(inode)),
                    }
                };
                if counts {
                    self.bytes[index] = weight & LENGTH;
                } else {
                    state |= COUNTED_ELSEWHERE;
                }
            }
            let provider = versions[at].layer.0;
            self.layers[index] = (provider, provider);
            self.state[index] = state;
        }
    }

    /// Returns which version shows the path, and its mark.
    fn pick(&self, tree: &MergedTree, versions: &[Version]) -> Option<(usize, Mark)> {
        let is_whiteout =
            |version: &Version| tree.layer(version.layer).kind(version.node) == EntryKind::Whiteout;
        if let Scope::Layer(layer) = self.scope {
            let at = versions.iter().position(|version| version.layer == layer)?;
            let version = &versions[at];
            return match version.change {
                Change::Dangling if is_whiteout(version) => Some((at, Mark::Removed)),
                Change::Dangling => self
                    .ghost(tree.layer(layer), *version)
                    .map(|mark| (at, mark)),
                _ => Some((at, mark(tree, *version))),
            };
        }
        let at = versions.iter().rposition(|version| {
            version.layer <= self.layer && version.change != Change::Dangling
        })?;
        let version = &versions[at];
        if !version.is_visible() {
            let is_news = version.layer == self.layer && self.scope != Scope::Merged;
            return is_news.then(|| (at, mark(tree, *version)));
        }
        if version.layer != self.layer || self.scope == Scope::Merged {
            return Some((at, Mark::Unchanged));
        }
        Some((at, mark(tree, *version)))
    }

    /// A directory that only carries whiteouts has no effect, but what it carries is to be found.
    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    fn ghost(&self, layer: &FileTree, version: Version) -> Option<Mark> {
        layer
            .node(version.node)
            .has(flag::GHOST)
            .then_some(Mark::Unchanged)
    }

    fn add_up(&mut self, tree: &MergedTree) {
        for path in tree.paths().skip(1).rev() {
            let index = path.as_usize();
            let state = self.state[index];
            if state & SHOWN == 0 {
                continue;
            }
            let mark = mark_of(state);
            self.below[index] |= mark.bit();
            let parent_path = tree.parent(path);
            let parent = parent_path.as_usize();
            if mark.is_gone() == mark_of(self.state[parent]).is_gone() {
                self.bytes[parent] = self.bytes[parent].saturating_add(self.bytes[index]);
                self.files[parent] = self.files[parent].saturating_add(self.files[index]);
            } else if self.bytes[index] > 0 {
                let lost = self.lost.entry(parent_path).or_default();
                *lost = lost.saturating_add(self.bytes[index]);
            }
            self.below[parent] |= self.below[index];
            let (low, high) = self.layers[index];
            let around = &mut self.layers[parent];
            *around = (around.0.min(low), around.1.max(high));
        }
        if let Some(root) = self.below.first_mut() {
            *root |= mark_of(self.state[0]).bit();
        }
    }

    /// Returns the scope.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Returns the layer whose marks are shown; of the merged view the top one.
    pub const fn layer(&self) -> LayerIndex {
        self.layer
    }

    /// Returns whether the scope shows the path at all.
    pub fn is_shown(&self, path: PathId) -> bool {
        self.state
            .get(path.as_usize())
            .is_some_and(|state| state & SHOWN != 0)
    }

    /// Returns the mark; [`Mark::Unchanged`] for what is not shown.
    pub fn mark(&self, path: PathId) -> Mark {
        mark_of(self.state[path.as_usize()])
    }

    /// Returns whether the path or anything shown below it has one of these marks.
    pub fn has_any(&self, path: PathId, marks: MarkSet) -> bool {
        self.below[path.as_usize()] & marks.0 != 0
    }

    /// Returns the length of the data at and below the path, every inode once; of something gone what it was.
    pub fn bytes(&self, path: PathId) -> u64 {
        self.bytes[path.as_usize()]
    }

    /// Returns the number of files at and below the path.
    pub fn files(&self, path: PathId) -> u32 {
        self.files[path.as_usize()]
    }

    /// Returns the lowest and highest layer that provides something at or below the path.
    pub fn layers(&self, path: PathId) -> Option<(LayerIndex, LayerIndex)> {
        let (low, high) = self.layers[path.as_usize()];
        (low <= high).then_some((LayerIndex(low), LayerIndex(high)))
    }

    /// Returns the bytes of what is gone directly in something that is still there: an opaque or replaced
    /// directory, or one with deleted children.
    pub fn lost_bytes(&self, path: PathId) -> u64 {
        self.lost.get(&path).copied().unwrap_or(0)
    }

    /// Returns whether other names may share the data.
    pub fn is_linked(&self, path: PathId) -> bool {
        self.state[path.as_usize()] & LINKED != 0
    }

    /// Returns whether the data is counted at another name of its inode.
    pub fn is_counted_elsewhere(&self, path: PathId) -> bool {
        self.state[path.as_usize()] & COUNTED_ELSEWHERE != 0
    }

    /// Returns the children that are shown, sorted by name bytes.
    pub fn children<'a>(
        &'a self,
        tree: &MergedTree,
        path: PathId,
    ) -> impl DoubleEndedIterator<Item = PathId> + 'a {
        tree.children(path)
            .map(PathId)
            .filter(|&child| self.is_shown(child))
    }

    /// Returns the version that shows the path; of something gone the one that ended it.
    pub fn version(&self, tree: &MergedTree, path: PathId) -> Option<Version> {
        let versions = tree.versions(path);
        self.pick(tree, versions).map(|(at, _)| versions[at])
    }

    /// Returns the version to describe the path by: as [`Projection::version`], but of something gone what it
    /// was before.
    pub fn described(&self, tree: &MergedTree, path: PathId) -> Option<Version> {
        let versions = tree.versions(path);
        let (at, mark) = self.pick(tree, versions)?;
        let from = if mark.is_gone() {
            below(versions, at)?
        } else {
            at
        };
        versions.get(from).copied()
    }
}

/// Returns the position of what a version made end: the last visible one before it.
fn below(versions: &[Version], at: usize) -> Option<usize> {
    let below = versions[..at]
        .iter()
        .rposition(|version| version.change != Change::Dangling)?;
    versions[below].is_visible().then_some(below)
}

fn mark(tree: &MergedTree, version: Version) -> Mark {
    let is_opaque = || tree.layer(version.layer).is_opaque(version.node);
    match version.change {
        Change::Added => Mark::Added,
        Change::Removed => Mark::Removed,
        Change::Hidden => Mark::Hidden,
        Change::Dangling => Mark::Unchanged,
        _ if is_opaque() => Mark::Opaque,
        Change::Modified => Mark::Modified,
        Change::Touched => Mark::Touched,
        Change::Repeated => Mark::Repeated,
        Change::Unchanged => Mark::Unchanged,
    }
}

fn mark_of(state: u8) -> Mark {
    Mark::ALL[usize::from(state & MARK).min(Mark::ALL.len() - 1)]
}
