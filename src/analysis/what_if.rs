//! An image as it would be, were it made otherwise: what is stored for nothing left out, layers made in one step.
//!
//! Nothing is subtracted. The layers that an edit touches are put together anew from the entries of those there are, the
//! union is built again, and every figure comes from that union as it does for any image.

mod edits;
mod rewrite;

pub use edits::{Edit, Suggestions, edits, suggest};

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::OnceLock;

use super::{Analysis, Stage, is_complete, layer_figures, totals, waste};
use crate::error::Result;
use crate::image::Layer;
use crate::layer::gathered::GatheredLayer;
use crate::layer::{EntryKind, LayerIndex, LayerSource};
use crate::tree::{Change, Comparison, Content, EntryRef, MergedTree, PathId, Version};

/// Something done otherwise than the image has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A layer does not store what a later one removes or stores again, at or below some places.
    Spare {
        /// The layer that stores it.
        layer: LayerIndex,
        /// The one that makes it useless.
        until: LayerIndex,
        /// The places.
        places: Vec<PathId>,
    },
    /// A layer does not store the earlier ones of paths that it holds twice.
    Once {
        /// The layer.
        layer: LayerIndex,
    },
    /// A layer stores paths at once as a later one leaves them, which does not store them again.
    Finish {
        /// The layer.
        layer: LayerIndex,
        /// The later one.
        from: LayerIndex,
        /// Each path with the one that it had before.
        paths: Vec<Finished>,
    },
    /// Two layers and all between them are one.
    Join {
        /// The lower one.
        from: LayerIndex,
        /// The upper one.
        to: LayerIndex,
    },
    /// A layer does not store some places, nor what is below them.
    LeaveOut {
        /// The layer.
        layer: LayerIndex,
        /// The places.
        places: Vec<PathId>,
    },
}

/// A path that is stored at once as it is in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finished {
    /// What the earlier layer has now.
    pub before: PathId,
    /// What the later layer has, and the earlier one is to have.
    pub after: PathId,
}

/// Returns the image as it would be with all of these done.
///
/// Paths have other identities in it than in `analysis`: by name they are the same. Blobs that would be others have no
/// stored length, and layers that would be others no digest. Cost is that of building the union again, and the layers
/// that are touched.
///
/// # Errors
/// [`crate::error::Error::Limit`] where a joined layer is larger than a layer may be.
pub fn apply(analysis: &Analysis, deeds: &[Deed]) -> Result<Analysis> {
    let plan = Plan::new(&analysis.tree, deeds);
    let sources: Vec<Arc<dyn LayerSource>> = analysis
        .image
        .layers
        .iter()
        .map(|layer| Arc::clone(&layer.source))
        .collect();
    let sources: Arc<[_]> = sources.into();
    let trees = rewrite::layers(&analysis.tree, &plan)?;
    let mut tree = MergedTree::build(trees);
    let outcomes: Vec<Content> = tree
        .comparisons()
        .iter()
        .map(|comparison| plan.compare(analysis, &tree, comparison))
        .collect();
    tree.settle(&outcomes);
    let mut image = analysis.image.clone();
    image.layers = plan
        .layers
        .iter()
        .enumerate()
        .filter_map(|(index, new)| new.describe(analysis, index, &sources))
        .collect();
    let balance = waste::balance(&tree);
    let layers = layer_figures(&tree, &balance, &[]);
    let mut base = analysis.base.clone();
    let is_base = |new: &&NewLayer| new.to.0 < analysis.base.layers;
    base.layers = u16::try_from(plan.layers.iter().filter(is_base).count()).unwrap_or(u16::MAX);
    let totals = totals(&image, &layers, &balance, base.layers);
    let warnings = analysis.warnings.clone();
    Ok(Analysis {
        source: analysis.source.clone(),
        complete: is_complete(&layers, &warnings),
        image,
        tree,
        layers,
        totals,
        waste: balance.report,
        base,
        warnings,
        stage: Stage::Final,
        waste_groups: OnceLock::new(),
    })
}

/// A layer of the image as it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NewLayer {
    /// The lowest layer it is made of.
    from: LayerIndex,
    /// The highest.
    to: LayerIndex,
    /// Whether it is another than the one there is.
    is_touched: bool,
}

impl NewLayer {
    /// Returns what is said about it.
    fn describe(
        self,
        analysis: &Analysis,
        index: usize,
        sources: &Arc<[Arc<dyn LayerSource>]>,
    ) -> Option<Layer> {
        let first = analysis.image.layers.get(self.from.as_usize())?;
        let mut layer = first.clone();
        layer.index = LayerIndex(u16::try_from(index).ok()?);
        if self.is_touched {
            layer.source = Arc::new(GatheredLayer::new(Arc::clone(sources)));
            (layer.diff_id, layer.digest, layer.stored_bytes) = (None, None, None);
        }
        if self.from != self.to {
            let titles = analysis
                .image
                .layers
                .get(self.from.as_usize()..=self.to.as_usize())?;
            let titles: Vec<String> = titles.iter().map(Layer::title).collect();
            layer.label = Some(format!(
                "L{}-{} in one: {}",
                self.from,
                self.to,
                titles.join("; ")
            ));
            (layer.instruction, layer.history) = (None, None);
        }
        Some(layer)
    }
}

/// What becomes of layers and of versions.
#[derive(Debug)]
struct Plan {
    layers: Vec<NewLayer>,
    /// The new layer of each layer.
    places: Vec<u16>,
    /// Versions that are stored no more, by their position among all.
    dropped: HashSet<usize>,
    /// Versions that another layer stores: their position among all, and that layer.
    moved: HashMap<usize, LayerIndex>,
    /// Layers that hold no path twice.
    once: HashSet<LayerIndex>,
}

impl Plan {
    fn new(tree: &MergedTree, deeds: &[Deed]) -> Self {
        let mut plan = Self {
            layers: Vec::new(),
            places: Vec::new(),
            dropped: HashSet::new(),
            moved: HashMap::new(),
            once: HashSet::new(),
        };
        let mut touched: HashSet<LayerIndex> = HashSet::new();
        let mut joined: Vec<(LayerIndex, LayerIndex)> = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Spare {
                    layer,
                    until,
                    places,
                } => {
                    touched.extend([*layer, *until]);
                    let ends = |path| end(tree, path, *layer) == Some(*until);
                    plan.drop_below(tree, places, *layer, ends);
                }
                Deed::LeaveOut { layer, places } => {
                    touched.insert(*layer);
                    plan.drop_below(tree, places, *layer, |_| true);
                }
                Deed::Once { layer } => {
                    touched.insert(*layer);
                    plan.once.insert(*layer);
                }
                Deed::Finish { layer, from, paths } => {
                    touched.extend([*layer, *from]);
                    for finished in paths {
                        plan.dropped.extend(position(tree, finished.before, *layer));
                        let after = position(tree, finished.after, *from);
                        plan.moved.extend(after.map(|after| (after, *layer)));
                    }
                }
                Deed::Join { from, to } => joined.push((*from, *to)),
            }
        }
        plan.place(tree.layers().len(), &touched, &joined);
        plan
    }

    /// Drops what a layer stores at or below places, where it may.
    fn drop_below(
        &mut self,
        tree: &MergedTree,
        places: &[PathId],
        layer: LayerIndex,
        may: impl Fn(PathId) -> bool,
    ) {
        let linked = linked_from_elsewhere(tree);
        let mut pending = places.to_vec();
        while let Some(path) = pending.pop() {
            pending.extend(tree.children(path).map(PathId));
            let found = position(tree, path, layer).filter(|_| may(path));
            // What a hard link of another layer has its data in stays.
            let is_needed = |position: &usize| {
                let version = tree.all_versions()[*position];
                let data = tree.inode(version.layer, version.node);
                data.is_some_and(|data| linked.contains(&data))
            };
            self.dropped.extend(found.filter(|found| !is_needed(found)));
        }
    }

    /// Numbers the new layers.
    fn place(
        &mut self,
        count: usize,
        touched: &HashSet<LayerIndex>,
        joined: &[(LayerIndex, LayerIndex)],
    ) {
        let is_joined = |upper: LayerIndex| {
            let mut ranges = joined.iter();
            ranges.any(|(from, to)| *from < upper && upper <= *to)
        };
        for layer in (0u16..).take(count).map(LayerIndex) {
            let is_touched = touched.contains(&layer);
            match self.layers.last_mut().filter(|_| is_joined(layer)) {
                Some(last) => {
                    last.to = layer;
                    last.is_touched = true;
                }
                None => self.layers.push(NewLayer {
                    from: layer,
                    to: layer,
                    is_touched,
                }),
            }
            let last = self.layers.len() - 1;
            self.places.push(u16::try_from(last).unwrap_or(u16::MAX));
        }
    }

    /// Returns the new layer that stores a version; `None` where none does.
    fn place_of(&self, position: usize, layer: LayerIndex) -> Option<u16> {
        if self.dropped.contains(&position) {
            return None;
        }
        let layer = self.moved.get(&position).copied().unwrap_or(layer);
        self.places.get(layer.as_usize()).copied()
    }

    /// Says whether two versions that are neighbours now have one content: they have where none of those that led from
    /// one to the other changed it.
    fn compare(&self, analysis: &Analysis, new: &MergedTree, comparison: &Comparison) -> Content {
        let tree = &analysis.tree;
        let name = new.path(comparison.path);
        let path = crate::path::ImagePath::new(&name).and_then(|name| tree.find(name));
        let Some(path) = path else {
            return Content::Different;
        };
        let place = |layer: LayerIndex| layer.0;
        let (older, newer) = (place(comparison.older.0), place(comparison.newer.0));
        let positions = tree.version_range(path);
        let versions = positions.clone().zip(tree.versions(path));
        let stored =
            versions.map(|(position, version)| (self.place_of(position, version.layer), version));
        let stored: Vec<_> = stored.collect();
        let is_at = |at: u16| stored.iter().rposition(|(place, _)| *place == Some(at));
        let is_same = is_at(older)
            .zip(is_at(newer))
            .is_some_and(|(older, newer)| {
                let between = stored.get(older + 1..=newer).unwrap_or_default();
                !between.is_empty()
                    && between.iter().all(|(_, version)| {
                        matches!(version.change, Change::Touched | Change::Repeated)
                    })
            });
        if is_same {
            Content::Same
        } else {
            Content::Different
        }
    }
}

/// Returns the data that hard links of other layers name.
fn linked_from_elsewhere(tree: &MergedTree) -> HashSet<EntryRef> {
    let layers = (0u16..).map(LayerIndex).zip(tree.layers());
    let links =
        layers.flat_map(|(layer, of)| of.foreign_links().iter().map(move |&link| (layer, link)));
    links
        .filter_map(|(layer, link)| tree.inode(layer, link))
        .collect()
}

/// Returns the position of what a layer has at a path, among the versions of all paths.
fn position(tree: &MergedTree, path: PathId, layer: LayerIndex) -> Option<usize> {
    let range = tree.version_range(path);
    let mut versions = range.zip(tree.versions(path));
    let (position, _) = versions.find(|(_, version)| version.layer == layer)?;
    Some(position)
}

/// Returns the layer that ends what a layer has at a path: of a directory the one that takes it away.
fn end(tree: &MergedTree, path: PathId, layer: LayerIndex) -> Option<LayerIndex> {
    let mut versions = tree.versions(path).iter();
    let own = versions.find(|version| version.layer == layer && version.is_visible())?;
    let is_directory = tree.layer(layer).kind(own.node) == EntryKind::Dir;
    let ends = |version: &&Version| {
        version.change != Change::Dangling && (!is_directory || !version.is_visible())
    };
    versions.find(ends).map(|version| version.layer)
}
