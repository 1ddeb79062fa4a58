//! Filling a projection: one pass over all paths, children before parents.
//!
//! Siblings come one behind another, so that sums are kept at hand and stored once a directory.

use std::collections::HashMap;

use super::{Lens, below, mark, mark_of, state};
use crate::browse::weights::{Name, fact};
use crate::browse::{Mark, PathSet, Projection, Scope, Weights};
use crate::layer::LayerIndex;
use crate::tree::{Change, MergedTree, PathId, Version};

impl Projection {
    /// Projects a union. Cost is linear in its paths and versions, whatever the scope.
    pub fn new(tree: &MergedTree, weights: &Weights, scope: Scope) -> Self {
        let layer = match scope {
            Scope::Layer(layer) | Scope::Accumulated(layer) => layer,
            Scope::Merged => tree.top(),
        };
        let mut projection = Self {
            lens: Lens { scope, layer },
            state: vec![0; tree.len()],
            below: vec![0; tree.len()],
            bytes: vec![0; tree.len()],
            files: vec![0; tree.len()],
            layers: vec![[0, 0]; tree.len()],
            removed: HashMap::new(),
            useless: Vec::new(),
        };
        fill(&mut projection, tree, weights);
        projection
    }
}

fn fill(projection: &mut Projection, tree: &MergedTree, weights: &Weights) {
    let scales = Scales {
        lens: projection.lens,
        counted_elsewhere: counted_elsewhere(projection.lens, tree, weights),
        tree,
        weights,
    };
    let mut family = Family::of(PathId::ROOT);
    for path in tree.paths().skip(1).rev() {
        let index = path.as_usize();
        let parent = tree.parent(path);
        if parent != family.parent {
            projection.store_family(&scales, &family);
            family = Family::of(parent);
        }
        if projection.state[index] != 0 {
            // A directory with something shown in it was stored with that.
            family.take(&projection.stored(index));
            let removed = projection.removed_bytes(path);
            family.removed = family.removed.saturating_add(removed);
        } else if let Some(own) = scales.own(path) {
            projection.store(index, &own);
            family.take(&own);
        }
    }
    projection.store_family(&scales, &family);
    if projection.state.first() == Some(&0)
        && let Some(own) = scales.own(PathId::ROOT)
    {
        projection.store(0, &own);
    }
}

/// What is stored of one path: of itself, or with everything below it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    state: u8,
    /// Marks below it.
    below: u8,
    low: u16,
    above: u16,
    /// Below it.
    files: u32,
    bytes: u64,
}

/// Sums over children.
#[derive(Debug, Clone, Copy)]
struct Sums {
    bytes: u64,
    files: u32,
    low: u16,
    above: u16,
}

impl Sums {
    const NOTHING: Self = Self {
        bytes: 0,
        files: 0,
        low: u16::MAX,
        above: 0,
    };

    #[inline]
    fn add(&mut self, entry: &Entry) {
        let own = u32::from(entry.state & state::FILE != 0);
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.files = self.files.saturating_add(entry.files).saturating_add(own);
        self.low = self.low.min(entry.low);
        self.above = self.above.max(entry.above);
    }
}

/// Sums over the children of one directory, by whether they are there.
#[derive(Debug)]
struct Family {
    parent: PathId,
    living: Sums,
    gone: Sums,
    /// Bytes gone below those that are there.
    removed: u64,
    marks: u8,
}

impl Family {
    const fn of(parent: PathId) -> Self {
        Self {
            parent,
            living: Sums::NOTHING,
            gone: Sums::NOTHING,
            removed: 0,
            marks: 0,
        }
    }

    #[inline]
    fn take(&mut self, entry: &Entry) {
        let mark = 1 << (entry.state & state::MARK);
        self.marks |= entry.below | mark;
        if mark & (Mark::Removed.bit() | Mark::Hidden.bit()) == 0 {
            self.living.add(entry);
        } else {
            self.gone.add(entry);
        }
    }
}

impl Projection {
    #[inline]
    fn store(&mut self, index: usize, entry: &Entry) {
        self.state[index] = entry.state;
        self.bytes[index] = entry.bytes;
        self.layers[index] = [entry.low, entry.above];
    }

    #[inline]
    fn stored(&self, index: usize) -> Entry {
        let [low, above] = self.layers[index];
        Entry {
            state: self.state[index],
            below: self.below[index],
            low,
            above,
            files: self.files[index],
            bytes: self.bytes[index],
        }
    }

    /// Stores a directory with the sums over what is in it, if anything shown is.
    fn store_family(&mut self, scales: &Scales<'_>, family: &Family) {
        if family.marks == 0 {
            return;
        }
        let index = family.parent.as_usize();
        // A directory that its own layer buried stays for the whiteouts in it.
        let buried = Entry::of(Mark::Unchanged, self.lens.layer, fact::DIRECTORY);
        let mut entry = scales.own(family.parent).unwrap_or(buried);
        let (sums, others) = if mark_of(entry.state).is_gone() {
            (family.gone, family.living)
        } else {
            (family.living, family.gone)
        };
        entry.bytes = entry.bytes.saturating_add(sums.bytes);
        entry.low = entry.low.min(sums.low);
        entry.above = entry.above.max(sums.above);
        self.store(index, &entry);
        self.files[index] = sums.files;
        self.below[index] = family.marks;
        let removed = family.removed.saturating_add(others.bytes);
        if removed > 0 {
            self.removed.insert(family.parent, removed);
        }
    }
}

impl Entry {
    /// Makes the entry of a path owed to a layer, which weighs nothing yet.
    #[inline]
    fn of(mark: Mark, provider: LayerIndex, facts: u8) -> Self {
        let flag = |fact: u8, flag: u8| if facts & fact == 0 { 0 } else { flag };
        Self {
            state: state::SHOWN
                | mark as u8
                | flag(fact::FILE, state::FILE)
                | flag(fact::DIRECTORY, state::DIRECTORY)
                | flag(fact::SHARED, state::LINKED),
            below: 0,
            low: provider.0,
            above: provider.0.saturating_add(1),
            files: 0,
            bytes: 0,
        }
    }
}

/// What it takes to weigh a path by itself.
struct Scales<'a> {
    lens: Lens,
    tree: &'a MergedTree,
    weights: &'a Weights,
    counted_elsewhere: PathSet,
}

impl Scales<'_> {
    #[inline]
    fn own(&self, path: PathId) -> Option<Entry> {
        let (index, range) = (path.as_usize(), self.tree.version_range(path));
        let (first, end) = (range.start, range.end);
        let version = *self.tree.all_versions().get(first)?;
        if end - first > 1 || version.change == Change::Dangling {
            return self.own_of_several(index, first, end);
        }
        // The common case: a path that one layer has, which can only be added by it.
        let layer = self.lens.layer;
        let is_shown = match self.lens.scope {
            Scope::Layer(_) => version.layer == layer,
            Scope::Accumulated(_) | Scope::Merged => version.layer <= layer,
        };
        if !is_shown {
            return None;
        }
        let facts = self.weights.facts[first];
        let mark = if version.layer == layer && self.lens.scope != Scope::Merged {
            mark(version, facts)
        } else {
            Mark::Unchanged
        };
        let mut entry = Entry::of(mark, version.layer, facts);
        self.weigh(&mut entry, index, first);
        Some(entry)
    }

    // Out of the way of the common case, which then is short enough to be part of the loop.
    #[inline(never)]
    fn own_of_several(&self, index: usize, first: usize, end: usize) -> Option<Entry> {
        let versions = &self.tree.all_versions()[first..end];
        let facts = &self.weights.facts[first..end];
        let (at, mark) = self.lens.pick(versions, |at| facts[at])?;
        if versions[at].change == Change::Dangling && facts[at] & fact::DEAD != 0 {
            return None;
        }
        let from = if mark.is_gone() {
            below(versions, at)
        } else {
            Some(at)
        };
        let facts = from.map_or(0, |from| facts[from]);
        let mut entry = Entry::of(mark, self.provider(versions, at), facts);
        if let Some(from) = from {
            self.weigh(&mut entry, index, first + from);
        }
        Some(entry)
    }

    #[inline]
    fn weigh(&self, entry: &mut Entry, index: usize, version: usize) {
        entry.bytes = self.weights.bytes[version];
        if entry.state & state::LINKED != 0 {
            let path = PathId(u32::try_from(index).unwrap_or(u32::MAX));
            if self.counted_elsewhere.contains(path) {
                entry.state |= state::COUNTED_ELSEWHERE;
                entry.bytes = 0;
            }
        }
    }

    /// Returns the layer a path is owed to. A union does not owe a directory to a layer that only mentions it.
    fn provider(&self, versions: &[Version], at: usize) -> LayerIndex {
        let is_layer = matches!(self.lens.scope, Scope::Layer(_));
        if is_layer || versions[at].change != Change::Unchanged {
            return versions[at].layer;
        }
        let mut below = versions[..at].iter().rev();
        below
            .find(|version| version.is_visible() && version.change != Change::Unchanged)
            .unwrap_or(&versions[at])
            .layer
    }
}

/// A shown name of data that may have several.
#[derive(Debug, Clone, Copy)]
struct Linked {
    name: Name,
    mark: Mark,
    facts: u8,
}

/// Gives the length of data with several names to one of them, and returns the others: to one that is still there
/// rather than to one that is gone, to the one that stores it rather than to a link, else to the first. Gone
/// names have it only where no other name keeps the data; a layer counts what it stores itself.
fn counted_elsewhere(lens: Lens, tree: &MergedTree, weights: &Weights) -> PathSet {
    let linked = linked(lens, tree, weights);
    if linked.is_empty() {
        return PathSet::default();
    }
    let of_layer = matches!(lens.scope, Scope::Layer(_));
    let rank = |name: &Linked| {
        let is_link = u8::from(name.facts & fact::OWN == 0);
        match (
            name.mark.is_gone(),
            of_layer && name.facts & fact::NATIVE == 0,
        ) {
            (false, false) => Some(is_link),
            (false, true) => None,
            (true, _) => Some(2 + is_link),
        }
    };
    let mut ranked: Vec<(u8, Linked)> = linked
        .iter()
        .filter_map(|name| Some((rank(name)?, *name)))
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut elsewhere = PathSet::with_room(tree.len());
    for name in &linked {
        elsewhere.insert(name.name.path);
    }
    let mut is_counted = vec![false; weights.inodes];
    let gone = ranked.partition_point(|(rank, _)| *rank < 2);
    for (at, (_, Linked { name, .. })) in ranked.iter().enumerate() {
        if at == gone {
            note_living(lens, tree, weights, &mut is_counted);
        }
        if !std::mem::replace(&mut is_counted[name.inode as usize], true) {
            elsewhere.remove(name.path);
        }
    }
    elsewhere
}

/// Returns the names that are shown, in path order.
fn linked(lens: Lens, tree: &MergedTree, weights: &Weights) -> Vec<Linked> {
    let shown = weights.names.iter().filter_map(|&name| {
        let range = tree.version_range(name.path);
        let versions = &tree.all_versions()[range.clone()];
        let facts = &weights.facts[range.clone()];
        let (at, mark) = lens.pick(versions, |at| facts[at])?;
        let from = if mark.is_gone() {
            below(versions, at)?
        } else {
            at
        };
        (range.start + from == name.version as usize).then_some(Linked {
            name,
            mark,
            facts: facts[from],
        })
    });
    shown.collect()
}

/// Notes the data that some name keeps in the union up to the layer.
fn note_living(lens: Lens, tree: &MergedTree, weights: &Weights, is_counted: &mut [bool]) {
    for name in &weights.names {
        let at = tree.effective_position(name.path, lens.layer);
        is_counted[name.inode as usize] |= at == Some(name.version as usize);
    }
}
