//! The layers of an image as it would be: those that are touched are put together from the versions of every path.

use std::collections::HashMap;
use std::sync::Arc;

use super::Plan;
use crate::error::Result;
use crate::layer::gathered::GatheredLayer;
use crate::layer::{Completeness, Entry, EntryKind, EntrySink as _, LayerIndex, Meta, Placement};
use crate::path::ImagePath;
use crate::tree::{Change, EntryRef, FileTree, MergedTree, NodeId, PathId, TreeBuilder, Version};

/// Returns the layers, bottom first. What is not touched is shared with the union.
pub(super) fn layers(tree: &MergedTree, plan: &Plan) -> Result<Vec<Arc<FileTree>>> {
    let mut rewrite = Rewrite {
        tree,
        plan,
        builders: plan
            .layers
            .iter()
            .map(|layer| {
                layer
                    .is_touched
                    .then(|| Layer::new(tree, plan, layer.from, layer.to))
            })
            .collect(),
    };
    for path in tree.paths() {
        rewrite.take(path)?;
    }
    let layers = plan.layers.iter().zip(rewrite.builders);
    let layers = layers.map(|(layer, builder)| match builder {
        None => Ok(Arc::clone(&tree.layers()[layer.from.as_usize()])),
        Some(builder) => {
            let parts = &tree.layers()[layer.from.as_usize()..=layer.to.as_usize()];
            let is_whole = |part: &Arc<FileTree>| part.completeness() == Completeness::Complete;
            let completeness = if parts.iter().all(is_whole) {
                Completeness::Complete
            } else {
                Completeness::Partial
            };
            Ok(Arc::new(builder.finish(tree)?.freeze(completeness)))
        }
    });
    layers.collect()
}

struct Rewrite<'a> {
    tree: &'a MergedTree,
    plan: &'a Plan,
    /// By new layer; `None` where it is as it was.
    builders: Vec<Option<Layer>>,
}

/// A layer that is put together.
struct Layer {
    builder: TreeBuilder,
    /// The first name of data that several names share.
    names: HashMap<EntryRef, Vec<u8>>,
    /// Lengths of what was stored before at the same path of the same layer.
    shadowed: HashMap<EntryRef, Vec<u64>>,
}

impl Layer {
    fn new(tree: &MergedTree, plan: &Plan, from: LayerIndex, to: LayerIndex) -> Self {
        let mut shadowed: HashMap<EntryRef, Vec<u64>> = HashMap::new();
        if from == to && !plan.once.contains(&from) {
            let of = tree.layer(from);
            for (node, size) in stored_before(of) {
                shadowed.entry((from, node)).or_default().push(size);
            }
        }
        Self {
            builder: TreeBuilder::new("a layer as it would be"),
            names: HashMap::new(),
            shadowed,
        }
    }
}

impl Layer {
    /// Puts files before an entry that its layer stored at its path, or below, before it.
    fn put_stored_before(&mut self, name: ImagePath<'_>, by: EntryRef) -> Result<()> {
        for size in self.shadowed.remove(&by).unwrap_or_default() {
            let meta = Meta {
                size,
                kind: EntryKind::File,
                ..NOTHING
            };
            self.builder.entry(entry(name, meta, None, None))?;
        }
        Ok(())
    }

    /// Puts files that a whiteout of their own layer took away, with one: of those only a device takes a name.
    fn finish(mut self, tree: &MergedTree) -> Result<TreeBuilder> {
        let is_marker = |by: &EntryRef| tree.layer(by.0).kind(by.1) == EntryKind::Whiteout;
        let mut left: Vec<EntryRef> = self.shadowed.keys().copied().filter(is_marker).collect();
        left.sort_unstable();
        for by in left {
            let name = tree.layer(by.0).path(by.1);
            if let Some(name) = ImagePath::new(&name) {
                self.put_stored_before(name, by)?;
                let device = Meta {
                    kind: EntryKind::CharDevice,
                    ..NOTHING
                };
                self.builder.entry(Entry {
                    placement: Placement::Vacated,
                    ..Entry::marker(name, device, 0)
                })?;
            }
        }
        Ok(self.builder)
    }
}

/// What a marker says.
const NOTHING: Meta = Meta {
    size: 0,
    mtime: 0,
    mtime_nanos: 0,
    uid: 0,
    gid: 0,
    mode: 0,
    kind: EntryKind::Whiteout,
    opaque: false,
    device: (0, 0),
};

/// Returns the lengths of files that a later entry of their layer replaced or buried, each with what did.
fn stored_before(tree: &FileTree) -> impl Iterator<Item = (NodeId, u64)> + '_ {
    let all = u32::try_from(tree.len()).unwrap_or(u32::MAX);
    let is_buried = |node: &NodeId| {
        let is_alone = tree.kind(*node) == EntryKind::File && !tree.is_linked(*node);
        tree.is_dead(*node) && is_alone
    };
    let buried = (0..all).map(NodeId).filter(is_buried);
    let buried = buried.map(|node| (node, tree.size(node)));
    let replaced = tree.shadowed().iter().map(|one| (one.node, one.size));
    replaced.chain(buried).map(|(mut by, size)| {
        let is_hidden = |node| {
            let is_in_file = tree.kind(tree.parent(node)) != EntryKind::Dir;
            node != NodeId::ROOT && (tree.is_dead(node) || is_in_file)
        };
        while is_hidden(by) {
            by = tree.parent(by);
        }
        (by, size)
    })
}

/// A version, and the new layer that stores it.
type Placed = (u16, Version);

impl Rewrite<'_> {
    /// Returns what the new layers do to a path, bottom first; of one layer in the order of the old ones.
    fn placed(&self, path: PathId) -> Vec<Placed> {
        let range = self.tree.version_range(path);
        let versions = range.zip(self.tree.versions(path));
        let effective = versions.filter(|(_, version)| version.change != Change::Dangling);
        let mut placed: Vec<Placed> = effective
            .filter_map(|(position, version)| {
                Some((self.plan.place_of(position, version.layer)?, *version))
            })
            .collect();
        placed.sort_by_key(|(place, _)| *place);
        placed
    }

    fn take(&mut self, path: PathId) -> Result<()> {
        let is_touched = |version: &Version| {
            let place = self.plan.places[version.layer.as_usize()];
            self.plan.layers[usize::from(place)].is_touched
        };
        if !self.tree.versions(path).iter().any(is_touched) {
            return Ok(());
        }
        let placed = self.placed(path);
        let mut below: Option<Version> = None;
        for same in placed.chunk_by(|one, other| one.0 == other.0) {
            let Some((place, last)) = same.last().copied() else {
                continue;
            };
            if self.builders[usize::from(place)].is_some() {
                match (last.is_visible(), below) {
                    (false, None) => {}
                    (false, Some(_)) if self.is_swept(self.tree.parent(path), place) => {}
                    (false, Some(_)) => self.remove(place, path)?,
                    (true, Some(_)) if self.is_made_anew(same) => {
                        self.remove(place, path)?;
                        self.store(place, path, same)?;
                    }
                    (true, _) => self.store(place, path, same)?,
                }
            }
            below = Some(last).filter(|version| version.is_visible());
        }
        Ok(())
    }

    /// Returns whether a version is a directory that is there.
    fn is_directory(&self, version: Version) -> bool {
        let tree = self.tree.layer(version.layer);
        version.is_visible() && tree.kind(version.node) == EntryKind::Dir
    }

    /// Returns whether the last of the versions of one new layer is a directory that nothing shines through from below.
    fn is_made_anew(&self, same: &[Placed]) -> bool {
        let is_broken = |(_, version): &Placed| version.is_fresh() || !self.is_directory(*version);
        let last = same.last();
        last.is_some_and(|(_, last)| self.is_directory(*last)) && same.iter().any(is_broken)
    }

    /// Returns the last of the versions of one new layer that says what a directory is like.
    fn listed(&self, same: &[Placed]) -> Option<Version> {
        for (_, version) in same.iter().rev() {
            let is_directory = self.is_directory(*version);
            if is_directory && !self.tree.layer(version.layer).is_implied(version.node) {
                return Some(*version);
            }
            if !is_directory || version.is_fresh() {
                return None;
            }
        }
        None
    }

    /// Returns whether nothing is left of a directory in a new layer of what lower ones have in it without a word about
    /// each: it is none any more, or made anew, or opaque.
    fn is_swept(&self, path: PathId, place: u16) -> bool {
        let placed = self.placed(path);
        let same = placed.chunk_by(|one, other| one.0 == other.0);
        let here = same
            .clone()
            .find(|same| same.first().is_some_and(|(at, _)| *at == place));
        let last = placed.iter().rfind(|(at, _)| *at <= place);
        if !last.is_some_and(|(_, version)| self.is_directory(*version)) {
            return true;
        }
        here.is_some_and(|same| self.is_made_anew(same) || self.is_opaque(same))
    }

    /// Returns whether the last of the versions of one new layer is a directory that hides what is below.
    fn is_opaque(&self, same: &[Placed]) -> bool {
        same.last().is_some_and(|(_, last)| {
            self.is_directory(*last) && self.tree.layer(last.layer).is_opaque(last.node)
        })
    }

    fn remove(&mut self, place: u16, path: PathId) -> Result<()> {
        let name = self.tree.path(path);
        match (
            ImagePath::new(&name),
            &mut self.builders[usize::from(place)],
        ) {
            (Some(name), Some(layer)) => layer.builder.entry(Entry::marker(name, NOTHING, 0)),
            _ => Ok(()),
        }
    }

    /// Stores what the last of the versions of one new layer has at a path.
    fn store(&mut self, place: u16, path: PathId, same: &[Placed]) -> Result<()> {
        let Some((_, mut version)) = same.last().copied() else {
            return Ok(());
        };
        let name = self.tree.path(path);
        let Some(name) = ImagePath::new(&name) else {
            return Ok(());
        };
        let is_implied = self.tree.layer(version.layer).is_implied(version.node);
        if let Some(layer) = &mut self.builders[usize::from(place)]
            .as_mut()
            .filter(|_| !is_implied)
        {
            layer.put_stored_before(name, (version.layer, version.node))?;
        }
        if self.tree.layer(version.layer).kind(version.node) == EntryKind::Dir {
            let listed = self.listed(same);
            let is_opaque = self.is_opaque(same) && !self.is_made_anew(same);
            if let Some(layer) = &mut self.builders[usize::from(place)] {
                layer.builder.imply(name)?;
                if is_opaque {
                    let marker = Meta {
                        opaque: true,
                        ..NOTHING
                    };
                    layer.builder.entry(Entry::marker(name, marker, 0))?;
                }
            }
            match listed {
                Some(listed) => version = listed,
                None => return Ok(()),
            }
        }
        match self.tree.layer(version.layer).meta(version.node) {
            Some(meta) => self.put(place, path, name, version, meta),
            None => Ok(()),
        }
    }

    /// Returns whether a new layer has something else where a hard link has its data in a lower one: it cannot name that
    /// any more, and stores it.
    fn is_named_anew(&self, target: Option<&[u8]>, place: u16) -> bool {
        let target = target.and_then(ImagePath::new);
        let target = target.and_then(|target| self.tree.find(target));
        target.is_some_and(|target| {
            let mut placed = self.placed(target).into_iter();
            placed.any(|(at, version)| at == place && version.is_visible())
        })
    }

    fn put(
        &mut self,
        place: u16,
        path: PathId,
        name: ImagePath<'_>,
        version: Version,
        meta: Meta,
    ) -> Result<()> {
        let of = self.tree.layer(version.layer);
        let is_alone = self.tree.is_metadata_alone(path, version);
        let data = self.tree.inode(version.layer, version.node);
        let data = data.filter(|(layer, _)| {
            let is_here = *layer == version.layer || self.plan.places[layer.as_usize()] == place;
            is_here || self.is_named_anew(of.link(version.node), place)
        });
        let Some(layer) = &mut self.builders[usize::from(place)] else {
            return Ok(());
        };
        let mut stored = entry(name, meta, of.link(version.node), of.content(version.node));
        stored.xattrs = of.xattrs(version.node);
        stored.offset = GatheredLayer::offset(version.layer, of.offset(version.node)).unwrap_or(0);
        stored.meta.opaque = false;
        if is_alone {
            stored.meta.kind = EntryKind::File;
            return layer.builder.entry(stored);
        }
        if let Some(data) = data.filter(|_| meta.kind.is_file()) {
            let is_shared = meta.kind == EntryKind::Hardlink || of.is_linked(version.node);
            let first = layer.names.get(&data).filter(|_| is_shared).cloned();
            if let Some(first) = first {
                stored.meta.kind = EntryKind::Hardlink;
                stored.link = Some(&first);
                return layer.builder.entry(stored);
            }
            if is_shared {
                layer.names.insert(data, name.as_bytes().to_vec());
            }
            let (from, node) = data;
            let from_tree = self.tree.layer(from);
            stored.meta.kind = EntryKind::File;
            stored.meta.size = from_tree.size(node);
            stored.content = from_tree.content(node);
            stored.offset = GatheredLayer::offset(from, from_tree.offset(node)).unwrap_or(0);
            stored.link = None;
        }
        layer.builder.entry(stored)
    }
}

const fn entry<'a>(
    path: ImagePath<'a>,
    meta: Meta,
    link: Option<&'a [u8]>,
    content: Option<u64>,
) -> Entry<'a> {
    Entry {
        path,
        link,
        meta,
        xattrs: &[],
        content,
        offset: 0,
        data: None,
        placement: Placement::Shown,
    }
}
