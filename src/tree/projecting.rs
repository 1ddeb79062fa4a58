//! Filling a projection: one pass over all paths, children before parents.
//!
//! Siblings come one behind another, so that sums are kept at hand and stored once a directory.

use super::projection::{below, mark, mark_of, state};
use super::weights::{Name, fact};
use super::{Change, Mark, MergedTree, PathId, PathSet, Projection, Scope, Version, Weights};
use crate::layer::LayerIndex;

pub(super) fn fill(projection: &mut Projection, tree: &MergedTree, weights: &Weights) {
    let mut filler = Filler {
        counted_elsewhere: counted_elsewhere(projection, tree, weights),
        tree,
        weights,
        projection,
    };
    filler.fill();
}

struct Filler<'a> {
    projection: &'a mut Projection,
    tree: &'a MergedTree,
    weights: &'a Weights,
    counted_elsewhere: PathSet,
}

/// What concerns one path alone.
struct Own {
    state: u8,
    bytes: u64,
    /// The layer it is owed to.
    provider: u16,
}

/// Sums over children.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    bytes: u64,
    files: u32,
    layers: [u16; 2],
}

impl Sums {
    fn add(&mut self, bytes: u64, files: u32, layers: [u16; 2]) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.files = self.files.saturating_add(files);
        self.layers = around(self.layers, layers);
    }
}

/// Returns the range that contains both; one that ends at 0 contains nothing.
fn around([low, above]: [u16; 2], [other_low, other_above]: [u16; 2]) -> [u16; 2] {
    if above == 0 {
        [other_low, other_above]
    } else if other_above == 0 {
        [low, above]
    } else {
        [low.min(other_low), above.max(other_above)]
    }
}

/// Sums over the children of one directory, by whether they are there.
#[derive(Debug, Default)]
struct Family {
    parent: usize,
    living: Sums,
    gone: Sums,
    marks: u8,
}

impl Filler<'_> {
    fn fill(&mut self) {
        let mut family = Family::default();
        for index in (1..self.tree.len()).rev() {
            let parent = self.tree.nodes[index].parent as usize;
            if parent != family.parent {
                self.store_family(&family);
                family = Family {
                    parent,
                    ..Family::default()
                };
            }
            // A directory with something shown in it was stored with that.
            if self.projection.state[index] == 0 {
                let Some(own) = self.own(index) else {
                    continue;
                };
                self.store(index, &own, Sums::default());
            }
            self.take(&mut family, index);
        }
        self.store_family(&family);
        if self.projection.state[0] == 0
            && let Some(own) = self.own(0)
        {
            self.store(0, &own, Sums::default());
        }
    }

    fn take(&self, family: &mut Family, index: usize) {
        let projection = &self.projection;
        let state = projection.state[index];
        let mark = mark_of(state);
        family.marks |= projection.below[index] | mark.bit();
        let sums = if mark.is_gone() {
            &mut family.gone
        } else {
            &mut family.living
        };
        let files = projection.files[index] + u32::from(state & state::FILE != 0);
        sums.add(projection.bytes[index], files, projection.layers[index]);
    }

    fn store(&mut self, index: usize, own: &Own, sums: Sums) {
        let projection = &mut *self.projection;
        projection.state[index] = own.state;
        projection.bytes[index] = own.bytes.saturating_add(sums.bytes);
        let provider = [own.provider, own.provider.saturating_add(1)];
        projection.layers[index] = around(provider, sums.layers);
        if sums.files > 0 {
            projection.files[index] = sums.files;
        }
    }

    /// Stores a directory with the sums over what is in it, if anything shown is.
    fn store_family(&mut self, family: &Family) {
        if family.marks == 0 {
            return;
        }
        let index = family.parent;
        // A directory that its own layer buried stays for the whiteouts in it.
        let own = self.own(index).unwrap_or(Own {
            state: state::SHOWN | state::DIRECTORY,
            bytes: 0,
            provider: self.projection.layer.0,
        });
        let (sums, others) = if mark_of(own.state).is_gone() {
            (family.gone, family.living)
        } else {
            (family.living, family.gone)
        };
        self.store(index, &own, sums);
        self.projection.below[index] = family.marks;
        if others.bytes > 0 {
            let path = PathId(u32::try_from(index).unwrap_or(u32::MAX));
            self.projection.lost.insert(path, others.bytes);
        }
    }

    fn own(&self, index: usize) -> Option<Own> {
        let first = self.tree.nodes[index].first_version as usize;
        let end = self.tree.nodes[index + 1].first_version as usize;
        if end - first == 1 && self.tree.versions[first].change != Change::Dangling {
            return self.own_of_only(index, first);
        }
        let versions = &self.tree.versions[first..end];
        let facts = &self.weights.facts[first..end];
        let (at, mark) = self.projection.pick(versions, |at| facts[at])?;
        if versions[at].change == Change::Dangling && facts[at] & fact::DEAD != 0 {
            return None;
        }
        let from = if mark.is_gone() {
            below(versions, at)
        } else {
            Some(at)
        };
        let provider = self.provider(versions, at).0;
        let nothing = Own {
            state: state::SHOWN | mark as u8,
            bytes: 0,
            provider,
        };
        Some(from.map_or(nothing, |from| {
            self.weighed(index, first + from, (mark, provider))
        }))
    }

    /// The common case: a path that one layer has, which can only be added by it.
    fn own_of_only(&self, index: usize, at: usize) -> Option<Own> {
        let version = self.tree.versions[at];
        let layer = self.projection.layer;
        let mark = match self.projection.scope {
            Scope::Layer(_) if version.layer != layer => return None,
            Scope::Accumulated(_) if version.layer > layer => return None,
            Scope::Accumulated(_) if version.layer < layer => Mark::Unchanged,
            Scope::Merged => Mark::Unchanged,
            Scope::Layer(_) | Scope::Accumulated(_) => mark(version, self.weights.facts[at]),
        };
        Some(self.weighed(index, at, (mark, version.layer.0)))
    }

    fn weighed(&self, index: usize, at: usize, (mark, provider): (Mark, u16)) -> Own {
        let facts = self.weights.facts[at];
        let mut own = Own {
            state: state::SHOWN | mark as u8,
            bytes: self.weights.bytes[at],
            provider,
        };
        if facts & fact::FILE != 0 {
            own.state |= state::FILE;
        }
        if facts & fact::DIRECTORY != 0 {
            own.state |= state::DIRECTORY;
        }
        if facts & fact::SHARED != 0 {
            own.state |= state::LINKED;
            let path = PathId(u32::try_from(index).unwrap_or(u32::MAX));
            if self.counted_elsewhere.contains(path) {
                own.state |= state::COUNTED_ELSEWHERE;
                own.bytes = 0;
            }
        }
        own
    }

    /// Returns the layer a path is owed to. A union does not owe a directory to a layer that only mentions it.
    fn provider(&self, versions: &[Version], at: usize) -> LayerIndex {
        let is_layer = matches!(self.projection.scope, Scope::Layer(_));
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
fn counted_elsewhere(projection: &Projection, tree: &MergedTree, weights: &Weights) -> PathSet {
    let linked = linked(projection, tree, weights);
    if linked.is_empty() {
        return PathSet::default();
    }
    let of_layer = matches!(projection.scope, Scope::Layer(_));
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
            note_living(projection, tree, weights, &mut is_counted);
        }
        if !std::mem::replace(&mut is_counted[name.inode as usize], true) {
            elsewhere.remove(name.path);
        }
    }
    elsewhere
}

/// Returns the names that are shown, in path order.
fn linked(projection: &Projection, tree: &MergedTree, weights: &Weights) -> Vec<Linked> {
    let shown = weights.names.iter().filter_map(|&name| {
        let range = tree.version_range(name.path);
        let versions = &tree.versions[range.clone()];
        let facts = &weights.facts[range.clone()];
        let (at, mark) = projection.pick(versions, |at| facts[at])?;
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
fn note_living(
    projection: &Projection,
    tree: &MergedTree,
    weights: &Weights,
    is_counted: &mut [bool],
) {
    for name in &weights.names {
        let at = tree.effective_position(name.path, projection.layer);
        is_counted[name.inode as usize] |= at == Some(name.version as usize);
    }
}
