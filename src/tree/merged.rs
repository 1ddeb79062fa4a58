//! The union of all layers: one tree of every path any layer names, with what each layer does to it.
//!
//! Built once by `join`; afterwards only the marks of files whose content had to be compared by
//! reading are refined. Every question about a view is answered from the versions of a path.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{EntryRef, FileTree, NodeId};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;

/// A path of the union; 0 is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(pub u32);

impl PathId {
    /// The root directory.
    pub const ROOT: Self = Self(0);

    pub(crate) const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// What one layer does to a path, against the view of the layers below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Change {
    /// Not visible below.
    Added,
    /// Content, type or link target differ.
    Modified,
    /// Only metadata differ.
    Touched,
    /// Stored again, nothing differs.
    Repeated,
    /// A directory listed again, or implied, without difference: not a change.
    Unchanged,
    /// A whiteout of this path, which was visible below.
    Removed,
    /// No effect: a whiteout of what was not visible below, or an entry that its own layer buried.
    Dangling,
    /// An ancestor was removed, emptied or replaced by this layer.
    Hidden,
}

/// What hid a path whose ancestor changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HideCause {
    /// An ancestor was removed by a whiteout.
    DeletedDir,
    /// An ancestor was made opaque.
    Opaque,
    /// An ancestor became something other than a directory.
    Replaced,
}

/// One layer's effect on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The node in that layer's tree; meaningless for [`Change::Hidden`].
    pub node: NodeId,
    /// The layer.
    pub layer: LayerIndex,
    /// The effect.
    pub change: Change,
    pub(super) detail: VersionDetail,
}

const _: () = assert!(size_of::<Version>() == 8);

/// The rest of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum VersionDetail {
    None,
    /// The path begins anew here: nothing of a lower directory's metadata shines through.
    Fresh,
    /// Of [`Change::Hidden`]: why.
    DeletedDir,
    Opaque,
    Replaced,
}

impl From<HideCause> for VersionDetail {
    fn from(cause: HideCause) -> Self {
        match cause {
            HideCause::DeletedDir => Self::DeletedDir,
            HideCause::Opaque => Self::Opaque,
            HideCause::Replaced => Self::Replaced,
        }
    }
}

impl Version {
    /// Returns what hid the path, for [`Change::Hidden`].
    pub const fn hidden_by(self) -> Option<HideCause> {
        match self.detail {
            VersionDetail::DeletedDir => Some(HideCause::DeletedDir),
            VersionDetail::Opaque => Some(HideCause::Opaque),
            VersionDetail::Replaced => Some(HideCause::Replaced),
            VersionDetail::None | VersionDetail::Fresh => None,
        }
    }

    /// Returns whether a directory begins anew here: nothing of a lower one's metadata shines through.
    pub const fn is_fresh(self) -> bool {
        matches!(self.detail, VersionDetail::Fresh)
    }

    /// Returns whether the path is visible once this version is on top.
    pub const fn is_visible(self) -> bool {
        matches!(
            self.change,
            Change::Added
                | Change::Modified
                | Change::Touched
                | Change::Repeated
                | Change::Unchanged
        )
    }
}

/// A link, or anything else but a directory, that became a directory because a higher layer has something in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turned {
    /// The path.
    pub path: PathId,
    /// The layer that has the directory.
    pub layer: LayerIndex,
    /// What was there.
    pub below: (LayerIndex, NodeId),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct MergedNode {
    pub(super) parent: u32,
    pub(super) first_child: u32,
    pub(super) first_version: u32,
}

/// Two files of one path and length whose data must be read to tell whether they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The path.
    pub path: PathId,
    /// Position of the newer one among [`MergedTree::versions`] of the path.
    pub(super) version: u32,
    /// The older data.
    pub older: EntryRef,
    /// The newer data.
    pub newer: EntryRef,
}

/// Outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Byte for byte the same.
    Same,
    /// Not the same.
    Different,
}

/// Hard links to files of lower layers: where the data is.
pub(super) type ForeignLinks = HashMap<EntryRef, EntryRef>;

/// All paths of all layers.
///
/// Everything but the versions is shared between a union and what [`MergedTree::settled`] makes of it.
#[derive(Debug)]
pub struct MergedTree {
    pub(super) layers: Vec<Arc<FileTree>>,
    /// Breadth-first, children contiguous and sorted by name; one more at the end closes the ranges.
    pub(super) nodes: Arc<Vec<MergedNode>>,
    pub(super) versions: Vec<Version>,
    pub(super) foreign: Arc<ForeignLinks>,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) dangling: Arc<Vec<(LayerIndex, PathId)>>,
    pub(super) turned: Arc<Vec<Turned>>,
}

impl MergedTree {
    /// Returns the number of paths of all layers, those that no view shows too, the root included.
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Returns whether there is nothing but the root.
    pub fn is_empty(&self) -> bool {
        self.len() <= 1
    }

    /// Returns the layers' own trees, bottom first.
    pub fn layers(&self) -> &[Arc<FileTree>] {
        &self.layers
    }

    /// Returns one layer's own tree.
    pub fn layer(&self, layer: LayerIndex) -> &FileTree {
        &self.layers[layer.as_usize()]
    }

    /// Returns the index of the top layer; 0 where there is none.
    pub fn top(&self) -> LayerIndex {
        LayerIndex(u16::try_from(self.layers.len().saturating_sub(1)).unwrap_or(u16::MAX))
    }

    /// Returns every path, parents before children.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = PathId> + DoubleEndedIterator + use<> {
        (0..u32::try_from(self.len()).unwrap_or(u32::MAX)).map(PathId)
    }

    /// Returns the children as raw ids, sorted by name bytes.
    pub fn children(&self, path: PathId) -> Range<u32> {
        self.nodes[path.as_usize()].first_child..self.nodes[path.as_usize() + 1].first_child
    }

    /// Returns the last component; empty for the root.
    pub fn name(&self, path: PathId) -> &[u8] {
        match self.versions(path).first() {
            Some(version) => self.layer(version.layer).name(version.node),
            None => b"",
        }
    }

    /// Returns the parent; the root is its own.
    pub fn parent(&self, path: PathId) -> PathId {
        PathId(self.nodes[path.as_usize()].parent)
    }

    /// Returns the whole path, relative, without leading slash. Cost is its depth.
    pub fn path(&self, path: PathId) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = path;
        while at != PathId::ROOT {
            names.push(self.name(at));
            at = self.parent(at);
        }
        names.reverse();
        names.join(&b'/')
    }

    /// Compares two paths byte by byte, as [`MergedTree::path`] returns them, without making either: a list of places
    /// may be long, and so may each path. Cost is that of the deeper one.
    pub fn compare_paths(&self, one: PathId, other: PathId) -> Ordering {
        let (one, other) = (self.names_to(one), self.names_to(other));
        let pairs = one.iter().zip(&other);
        let shared = pairs.take_while(|(one, other)| one == other).count();
        let rest = |names: Vec<PathId>| {
            let names = names.into_iter().skip(shared);
            let bytes = names.flat_map(|name| b"/".iter().chain(self.name(name)));
            bytes.skip(1)
        };
        rest(one).cmp(rest(other))
    }

    fn names_to(&self, path: PathId) -> Vec<PathId> {
        let above = |&at: &PathId| (at != PathId::ROOT).then(|| self.parent(at));
        let mut names: Vec<PathId> = std::iter::successors(Some(path), above).collect();
        names.reverse();
        names
    }

    /// Returns what the layers do to the path, bottom first; layers that do nothing are left out.
    pub fn versions(&self, path: PathId) -> &[Version] {
        &self.versions[self.version_range(path)]
    }

    /// Returns the positions of the path's versions among [`Self::all_versions`].
    pub fn version_range(&self, path: PathId) -> Range<usize> {
        let start = self.nodes[path.as_usize()].first_version;
        start as usize..self.nodes[path.as_usize() + 1].first_version as usize
    }

    /// Returns the versions of all paths, one path's behind another's: columns beside the union go by these positions.
    pub fn all_versions(&self) -> &[Version] {
        &self.versions
    }

    /// Looks a path up, whether a view shows it or not.
    pub fn find(&self, path: ImagePath<'_>) -> Option<PathId> {
        path.components()
            .try_fold(PathId::ROOT, |at, name| self.child(at, name))
    }

    /// Looks a child up by name.
    pub fn child(&self, path: PathId, name: &[u8]) -> Option<PathId> {
        let range = self.children(path);
        let (mut low, mut high) = (range.start, range.end);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.name(PathId(middle)).cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(PathId(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Returns what the union of layers `0..=layer` shows at the path.
    pub fn at(&self, path: PathId, layer: LayerIndex) -> Option<Version> {
        self.effective(path, layer)
            .filter(|version| version.is_visible())
    }

    /// Returns the last version up to a layer that has an effect, visible or not.
    pub fn effective(&self, path: PathId, layer: LayerIndex) -> Option<Version> {
        let versions = self.versions(path).iter().rev();
        versions
            .copied()
            .find(|version| version.layer <= layer && version.change != Change::Dangling)
    }

    /// Returns the position, among all versions, of the one that shows the path in the union of layers `0..=layer`.
    pub fn effective_position(&self, path: PathId, layer: LayerIndex) -> Option<usize> {
        let range = self.version_range(path);
        let at = self.versions[range.clone()]
            .iter()
            .rposition(|version| version.layer <= layer && version.change != Change::Dangling)?;
        self.versions[range.start + at]
            .is_visible()
            .then_some(range.start + at)
    }

    /// Returns the node whose metadata the union of layers `0..=layer` shows: for a directory the highest entry
    /// that lists it, as far as it was not removed and made again in between.
    pub fn metadata_at(&self, path: PathId, layer: LayerIndex) -> Option<EntryRef> {
        let visible = self.at(path, layer)?;
        if self.layer(visible.layer).kind(visible.node) != EntryKind::Dir {
            let (at, node) = (visible.layer, visible.node);
            let has_own = self.layer(at).has_own_metadata(node);
            if has_own || self.is_metadata_alone(path, visible) {
                return Some((at, node));
            }
            return Some(self.inode(at, node).unwrap_or((at, node)));
        }
        for version in self
            .versions(path)
            .iter()
            .rev()
            .filter(|version| version.layer <= visible.layer)
        {
            if version.change == Change::Dangling {
                continue;
            }
            let tree = self.layer(version.layer);
            if !version.is_visible() || tree.kind(version.node) != EntryKind::Dir {
                return None;
            }
            if !tree.is_implied(version.node) {
                return Some((version.layer, version.node));
            }
            if version.detail == VersionDetail::Fresh || version.change == Change::Added {
                return None;
            }
        }
        None
    }

    /// Returns whether a version gives a file other metadata and leaves its data to the lower layers: a hard link
    /// to its own path, as which overlayfs' `metacopy` files are told.
    pub fn is_metadata_alone(&self, path: PathId, version: Version) -> bool {
        let tree = self.layer(version.layer);
        tree.kind(version.node) == EntryKind::Hardlink
            && tree.inode(version.node).is_none()
            && tree.link(version.node) == Some(&self.path(path))
    }

    /// Returns where the data of a file or hard link is; `None` for everything else and for links to nothing.
    pub fn inode(&self, layer: LayerIndex, node: NodeId) -> Option<EntryRef> {
        match self.layer(layer).inode(node) {
            Some(data) => Some((layer, data)),
            None => self.foreign.get(&(layer, node)).copied(),
        }
    }

    /// Returns whether several names may share the data of this file.
    pub fn is_linked(&self, layer: LayerIndex, node: NodeId) -> bool {
        self.layer(layer).is_linked(node)
    }

    /// Returns whiteouts of what was not visible below, in tree order.
    pub fn dangling_whiteouts(&self) -> &[(LayerIndex, PathId)] {
        &self.dangling
    }

    /// Returns what became a directory by what a higher layer has in it, ascending by path.
    pub fn turned(&self) -> &[Turned] {
        &self.turned
    }

    /// Returns the files that could not be told apart without reading them, in path order.
    ///
    /// Until [`MergedTree::settle`] says otherwise they count as different.
    pub fn comparisons(&self) -> &[Comparison] {
        &self.comparisons
    }

    /// Takes the outcome of comparisons: one per element of [`MergedTree::comparisons`], in order.
    pub fn settle(&mut self, outcomes: &[Content]) {
        for (comparison, outcome) in std::mem::take(&mut self.comparisons).iter().zip(outcomes) {
            self.note(*comparison, *outcome);
        }
    }

    /// Returns the union that [`MergedTree::settle`] would make of this one, with the same paths. Copies only the
    /// versions.
    #[must_use]
    pub fn settled(&self, outcomes: &[Content]) -> Self {
        let mut settled = Self {
            layers: self.layers.clone(),
            nodes: Arc::clone(&self.nodes),
            versions: self.versions.clone(),
            foreign: Arc::clone(&self.foreign),
            comparisons: Vec::new(),
            dangling: Arc::clone(&self.dangling),
            turned: Arc::clone(&self.turned),
        };
        for (comparison, outcome) in self.comparisons.iter().zip(outcomes) {
            settled.note(*comparison, *outcome);
        }
        settled
    }

    fn note(&mut self, comparison: Comparison, outcome: Content) {
        if outcome == Content::Same {
            let at = self.version_range(comparison.path).start + comparison.version as usize;
            self.versions[at].change =
                change_of_same(&self.layers, comparison.older, comparison.newer);
        }
    }
}

/// Returns the mark of something stored again with the same content.
pub(super) fn change_of_same(layers: &[Arc<FileTree>], older: EntryRef, newer: EntryRef) -> Change {
    let (old_tree, new_tree) = (&layers[older.0.as_usize()], &layers[newer.0.as_usize()]);
    if new_tree.has_same_metadata(newer.1, old_tree, older.1) {
        Change::Repeated
    } else {
        Change::Touched
    }
}
