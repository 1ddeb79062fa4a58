//! What a tree pane shows of the union, in columns: one mark, one total and one count a path.
//!
//! Built in one pass (`build`) whenever the layer or the scope changes; everything drawn or sorted afterwards is
//! looked up. Totals of directories are sums over what the scope shows below them, every inode once. What is
//! gone has totals too, of what it was; every directory above it that is still there has them in a sum of their own.

mod build;

use std::collections::HashMap;

use super::useless::{self, Useless};
use super::weights::{fact, facts};
use super::{Mark, MarkSet, Scope};
use crate::analysis::WastedPath;
use crate::layer::LayerIndex;
use crate::tree::{Change, MergedTree, PathId, Version};

/// A scope, and the layer whose marks it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lens {
    pub(super) scope: Scope,
    pub(super) layer: LayerIndex,
}

/// Bits of [`Projection::state`].
pub(super) mod state {
    pub(in crate::browse) const MARK: u8 = 0b111;
    /// What is described is a directory.
    pub(in crate::browse) const DIRECTORY: u8 = 1 << 3;
    /// Several names may share the data.
    pub(in crate::browse) const LINKED: u8 = 1 << 4;
    /// The scope shows the path.
    pub(in crate::browse) const SHOWN: u8 = 1 << 5;
    /// Its data is counted at another name.
    pub(in crate::browse) const COUNTED_ELSEWHERE: u8 = 1 << 6;
    /// What is described is a file.
    pub(in crate::browse) const FILE: u8 = 1 << 7;
}

/// One scope of a union, ready to be listed. Costs up to 18 bytes a path.
#[derive(Debug)]
pub struct Projection {
    pub(super) lens: Lens,
    pub(super) state: Vec<u8>,
    /// Marks of everything shown below the path.
    pub(super) below: Vec<u8>,
    pub(super) bytes: Vec<u64>,
    /// Of files below the path; only directories write here, so that much of it takes no memory.
    pub(super) files: Vec<u32>,
    /// Lowest layer that provides something shown at or below the path, and the one above the highest.
    pub(super) layers: Vec<[u16; 2]>,
    /// Bytes gone anywhere below something that is still there.
    pub(super) removed: HashMap<PathId, u64>,
    /// What is useless, ascending by path.
    useless: Vec<Useless>,
}

impl Projection {
    /// Returns the scope.
    pub const fn scope(&self) -> Scope {
        self.lens.scope
    }

    /// Returns the layer whose marks are shown; of the merged view the top one.
    pub const fn layer(&self) -> LayerIndex {
        self.lens.layer
    }

    /// Returns whether the scope shows the path at all. What it shows it shows with every directory above.
    pub fn is_shown(&self, path: PathId) -> bool {
        self.state
            .get(path.as_usize())
            .is_some_and(|shown| shown & state::SHOWN != 0)
    }

    /// Returns the mark; [`Mark::Unchanged`] for what is not shown.
    pub fn mark(&self, path: PathId) -> Mark {
        mark_of(self.state[path.as_usize()])
    }

    /// Returns whether what is shown is a directory; of something gone, whether it was.
    pub fn is_directory(&self, path: PathId) -> bool {
        self.state[path.as_usize()] & state::DIRECTORY != 0
    }

    /// Returns whether the path is shown and it or anything shown below it has one of these marks.
    pub fn has_any(&self, path: PathId, marks: MarkSet) -> bool {
        let own = own_bit(self.state[path.as_usize()]);
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
        let own = self.state[path.as_usize()] & state::FILE != 0;
        self.files[path.as_usize()].saturating_add(u32::from(own))
    }

    /// Returns the lowest and highest layer that provides something at or below the path; of something gone the
    /// layer that ended it.
    pub fn layers(&self, path: PathId) -> Option<(LayerIndex, LayerIndex)> {
        let [low, above] = self.layers[path.as_usize()];
        let high = above.checked_sub(1)?;
        Some((LayerIndex(low), LayerIndex(high)))
    }

    /// Returns the bytes of what is gone anywhere below something that is still there; 0 for what is gone itself.
    pub fn removed_bytes(&self, path: PathId) -> u64 {
        // Most paths have nothing gone below them, and are not looked up.
        if self.below[path.as_usize()] & (Mark::Removed.bit() | Mark::Hidden.bit()) == 0 {
            return 0;
        }
        self.removed.get(&path).copied().unwrap_or(0)
    }

    /// Returns what a path counts beside its siblings: the bytes at and below it, and those that are gone there.
    pub fn weight(&self, path: PathId) -> u64 {
        self.bytes(path).saturating_add(self.removed_bytes(path))
    }

    /// Takes the waste of the image, ascending by path, so that the projection tells what of it is useless. Cost is
    /// linear in the waste and the directories above it.
    #[must_use]
    pub fn with_waste(mut self, tree: &MergedTree, waste: &[WastedPath]) -> Self {
        self.useless = useless::sums(tree, waste, self.lens.scope);
        self
    }

    /// Returns what is useless at and below a path; nothing where nothing is, or where no waste was taken.
    pub fn useless(&self, path: PathId) -> Option<&Useless> {
        let at = self.useless.binary_search_by_key(&path, |one| one.path);
        self.useless.get(at.ok()?)
    }

    /// Returns whether other names may share the data.
    pub fn is_linked(&self, path: PathId) -> bool {
        self.state[path.as_usize()] & state::LINKED != 0
    }

    /// Returns whether the data is counted at another name of its inode, or in another layer.
    pub fn is_counted_elsewhere(&self, path: PathId) -> bool {
        self.state[path.as_usize()] & state::COUNTED_ELSEWHERE != 0
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
        let picked = self.lens.pick(versions, |at| facts(tree, versions[at]));
        picked.map(|(at, _)| versions[at])
    }

    /// Returns the version to describe the path by: as [`Projection::version`], but of something gone what it
    /// was before.
    pub fn described(&self, tree: &MergedTree, path: PathId) -> Option<Version> {
        let versions = tree.versions(path);
        let (at, mark) = self.lens.pick(versions, |at| facts(tree, versions[at]))?;
        let from = if mark.is_gone() {
            below(versions, at)?
        } else {
            at
        };
        versions.get(from).copied()
    }
}

impl Lens {
    /// Returns which version shows the path, and its mark.
    pub(super) fn pick(
        self,
        versions: &[Version],
        facts: impl Fn(usize) -> u8,
    ) -> Option<(usize, Mark)> {
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
}

/// Returns the position of what a version made end: the last visible one before it.
pub(super) fn below(versions: &[Version], at: usize) -> Option<usize> {
    let below = versions[..at]
        .iter()
        .rposition(|version| version.change != Change::Dangling)?;
    versions[below].is_visible().then_some(below)
}

pub(super) fn mark(version: Version, facts: u8) -> Mark {
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

pub(super) fn mark_of(state: u8) -> Mark {
    Mark::ALL[usize::from(state & state::MARK)]
}

/// Returns the bit of the mark; none for what is not shown.
fn own_bit(state: u8) -> u8 {
    u8::from(state & state::SHOWN != 0) << (state & state::MARK)
}
