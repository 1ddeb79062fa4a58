//! What a tree pane shows of the union, in columns: one mark, one total and one count a path.
//!
//! Built in two passes whenever the layer or the scope changes; everything drawn or sorted afterwards is
//! looked up. Totals of directories are sums over what the scope shows below them, every inode once. What is
//! gone has totals too, of what it was, but they end at the directory it is gone from.

use std::collections::HashMap;

use super::weights::{Name, fact, facts};
use super::{Change, Mark, MarkSet, MergedTree, PathId, Version, Weights};
use crate::layer::LayerIndex;

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

/// Bits of [`Projection::state`]; the mark is in the lowest three.
const MARK: u8 = 0b111;
/// What is described is a directory.
const DIRECTORY: u8 = 1 << 3;
/// Several names may share the data.
const LINKED: u8 = 1 << 4;
/// The scope shows the path.
const SHOWN: u8 = 1 << 5;
/// Its data is counted at another name.
const COUNTED_ELSEWHERE: u8 = 1 << 6;

/// One scope of a union, ready to be listed. Costs 18 bytes a path.
#[derive(Debug)]
pub struct Projection {
    scope: Scope,
    layer: LayerIndex,
    state: Vec<u8>,
    /// Marks of everything shown below the path.
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
        let linked = projection.look_up(tree, weights);
        projection.count_linked(tree, weights, &linked);
        projection.add_up(tree);
        projection
    }

    /// Fills in what concerns each path alone; returns the names of data that may have several.
    fn look_up(&mut self, tree: &MergedTree, weights: &Weights) -> Vec<Linked> {
        let mut linked = Vec::new();
        let mut names = weights.names.iter().peekable();
        for path in tree.paths() {
            let range = tree.version_range(path);
            let versions = &tree.versions[range.clone()];
            let known = &weights.facts[range.clone()];
            let Some((at, mark)) = self.pick(versions, |at| known[at]) else {
                continue;
            };
            let is_buried = versions[at].change == Change::Dangling && known[at] & fact::DEAD != 0;
            if is_buried {
                continue;
            }
            let index = path.as_usize();
            let mut state = SHOWN | mark as u8;
            let from = if mark.is_gone() {
                below(versions, at)
            } else {
                Some(at)
            };
            if let Some(from) = from {
                let facts = known[from];
                state |= if facts & fact::DIRECTORY == 0 {
                    0
                } else {
                    DIRECTORY
                };
                self.files[index] = u32::from(facts & fact::FILE != 0);
                if facts & fact::SHARED == 0 {
                    self.bytes[index] = weights.bytes[range.start + from];
                } else {
                    state |= LINKED | COUNTED_ELSEWHERE;
                    let version = range.start + from;
                    while names
                        .next_if(|name| (name.version as usize) < version)
                        .is_some()
                    {}
                    linked.extend(names.peek().map(|&&name| Linked { name, mark, facts }));
                }
            }
            let provider = self.provider(versions, at);
            self.layers[index] = (provider.0, provider.0);
            self.state[index] = state;
        }
        linked
    }

    /// Gives the length of data with several names to one of them: to one that is still there rather than to
    /// one that is gone, to the one that stores it rather than to a link, else to the first. Gone names have it
    /// only where no other name keeps the data.
    fn count_linked(&mut self, tree: &MergedTree, weights: &Weights, linked: &[Linked]) {
        if linked.is_empty() {
            return;
        }
        let mut counted = vec![false; weights.inodes];
        let of_layer = matches!(self.scope, Scope::Layer(_));
        let is_of_scope = |name: &Linked| !of_layer || name.facts & fact::NATIVE != 0;
        let is_own = |name: &Linked| name.facts & fact::OWN != 0;
        let living = |name: &&Linked| !name.mark.is_gone() && is_of_scope(name);
        let gone = |name: &&Linked| name.mark.is_gone();
        let own_first = |chosen: &dyn Fn(&&Linked) -> bool| -> Vec<Linked> {
            let (mut own, links): (Vec<Linked>, Vec<Linked>) = linked
                .iter()
                .copied()
                .filter(|name| chosen(&name))
                .partition(is_own);
            own.extend(links);
            own
        };
        self.count_once(weights, &own_first(&living), &mut counted);
        let gone = own_first(&gone);
        if of_layer && !gone.is_empty() {
            for name in &weights.names {
                let at = tree.effective_position(name.path, self.layer);
                counted[name.inode as usize] |= at == Some(name.version as usize);
            }
        }
        self.count_once(weights, &gone, &mut counted);
    }

    fn count_once(&mut self, weights: &Weights, names: &[Linked], counted: &mut [bool]) {
        for Linked { name, .. } in names {
            if !std::mem::replace(&mut counted[name.inode as usize], true) {
                let index = name.path.as_usize();
                self.bytes[index] = weights.bytes[name.version as usize];
                self.state[index] &= !COUNTED_ELSEWHERE;
            }
        }
    }

    /// Returns which version shows the path, and its mark.
    fn pick(&self, versions: &[Version], facts: impl Fn(usize) -> u8) -> Option<(usize, Mark)> {
        if let Scope::Layer(layer) = self.scope {
            let at = versions.iter().position(|version| version.layer == layer)?;
            if versions[at].change != Change::Dangling {
                return Some((at, mark(versions[at], facts(at))));
            }
            // Without effect, but what the layer holds is to be found: a whiteout of nothing, or a directory
            // that only carries whiteouts.
            return match facts(at) {
                facts if facts & fact::WHITEOUT != 0 => Some((at, Mark::Removed)),
                facts if facts & fact::DIRECTORY != 0 => Some((at, Mark::Unchanged)),
                _ => None,
            };
        }
        let at = versions.iter().rposition(|version| {
            version.layer <= self.layer && version.change != Change::Dangling
        })?;
        let version = versions[at];
        if version.layer == self.layer && self.scope != Scope::Merged {
            return Some((at, mark(version, facts(at))));
        }
        version.is_visible().then_some((at, Mark::Unchanged))
    }

    /// Returns the layer a path is owed to. A union does not owe a directory to a layer that only mentions it.
    fn provider(&self, versions: &[Version], at: usize) -> LayerIndex {
        let is_mention = |version: &&Version| version.change == Change::Unchanged;
        let owed = match self.scope {
            Scope::Layer(_) => None,
            Scope::Accumulated(_) | Scope::Merged => {
                let below = versions[..=at].iter().rev();
                below
                    .skip_while(is_mention)
                    .find(|version| version.is_visible())
            }
        };
        owed.filter(|_| versions[at].is_visible())
            .unwrap_or(&versions[at])
            .layer
    }

    fn add_up(&mut self, tree: &MergedTree) {
        for index in (1..self.state.len()).rev() {
            let state = self.state[index];
            if state & SHOWN == 0 {
                continue;
            }
            let mark = mark_of(state);
            let parent = tree.nodes[index].parent as usize;
            if self.state[parent] & SHOWN == 0 {
                // A directory that its own layer buried stays for the whiteouts in it.
                self.state[parent] = SHOWN | DIRECTORY;
            }
            self.below[parent] |= self.below[index] | mark.bit();
            if mark.is_gone() == mark_of(self.state[parent]).is_gone() {
                self.bytes[parent] = self.bytes[parent].saturating_add(self.bytes[index]);
                self.files[parent] = self.files[parent].saturating_add(self.files[index]);
                let (low, high) = self.layers[index];
                let around = &mut self.layers[parent];
                *around = (around.0.min(low), around.1.max(high));
            } else if self.bytes[index] > 0 {
                let lost = self
                    .lost
                    .entry(PathId(tree.nodes[index].parent))
                    .or_default();
                *lost = lost.saturating_add(self.bytes[index]);
            }
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

    /// Returns whether the scope shows the path at all. What it shows it shows with every directory above.
    pub fn is_shown(&self, path: PathId) -> bool {
        self.state
            .get(path.as_usize())
            .is_some_and(|state| state & SHOWN != 0)
    }

    /// Returns the mark; [`Mark::Unchanged`] for what is not shown.
    pub fn mark(&self, path: PathId) -> Mark {
        mark_of(self.state[path.as_usize()])
    }

    /// Returns whether what is shown is a directory; of something gone, whether it was.
    pub fn is_directory(&self, path: PathId) -> bool {
        self.state[path.as_usize()] & DIRECTORY != 0
    }

    /// Returns whether the path is shown and it or anything shown below it has one of these marks.
    pub fn has_any(&self, path: PathId, marks: MarkSet) -> bool {
        let state = self.state[path.as_usize()];
        let own = if state & SHOWN == 0 {
            0
        } else {
            mark_of(state).bit()
        };
        (self.below[path.as_usize()] | own) & marks.bits() != 0
    }

    /// Returns whether anything shown below the path has one of these marks.
    pub fn has_any_below(&self, path: PathId, marks: MarkSet) -> bool {
        self.below[path.as_usize()] & marks.bits() != 0
    }

    /// Returns the length of the data at and below the path, every inode once; of something gone what it was.
    pub fn bytes(&self, path: PathId) -> u64 {
        self.bytes[path.as_usize()]
    }

    /// Returns the number of files at and below the path; of something gone what it was.
    pub fn files(&self, path: PathId) -> u32 {
        self.files[path.as_usize()]
    }

    /// Returns the lowest and highest layer that provides something at or below the path; of something gone the
    /// layer that ended it.
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

    /// Returns whether the data is counted at another name of its inode, or in another layer.
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
        let picked = self.pick(versions, |at| facts(tree, versions[at]));
        picked.map(|(at, _)| versions[at])
    }

    /// Returns the version to describe the path by: as [`Projection::version`], but of something gone what it
    /// was before.
    pub fn described(&self, tree: &MergedTree, path: PathId) -> Option<Version> {
        let versions = tree.versions(path);
        let (at, mark) = self.pick(versions, |at| facts(tree, versions[at]))?;
        let from = if mark.is_gone() {
            below(versions, at)?
        } else {
            at
        };
        versions.get(from).copied()
    }
}

/// A shown name of data that may have several.
#[derive(Debug, Clone, Copy)]
struct Linked {
    name: Name,
    mark: Mark,
    facts: u8,
}

/// Returns the position of what a version made end: the last visible one before it.
fn below(versions: &[Version], at: usize) -> Option<usize> {
    let below = versions[..at]
        .iter()
        .rposition(|version| version.change != Change::Dangling)?;
    versions[below].is_visible().then_some(below)
}

fn mark(version: Version, facts: u8) -> Mark {
    match version.change {
        Change::Added => Mark::Added,
        Change::Removed => Mark::Removed,
        Change::Hidden => Mark::Hidden,
        Change::Modified => Mark::Modified,
        Change::Touched | Change::Unchanged if facts & fact::OPAQUE != 0 => Mark::Opaque,
        Change::Touched => Mark::Touched,
        Change::Repeated => Mark::Repeated,
        Change::Unchanged | Change::Dangling => Mark::Unchanged,
    }
}

fn mark_of(state: u8) -> Mark {
    Mark::ALL[usize::from(state & MARK)]
}
