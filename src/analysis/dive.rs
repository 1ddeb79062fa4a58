//! dive's figures, reproduced so that thresholds can be moved over knowingly. They are not ours.
//!
//! dive 0.13 looks at the leaves of every layer's own tree and adds up, by path, what each occurrence weighs:
//! a file its size, a whiteout of a directory all that lay below. Opaque markers mean nothing to it, and the
//! copy that survives counts as wasted as well.

use std::collections::HashMap;

use super::Analysis;
use crate::layer::{EntryKind, LayerIndex};
use crate::tree::{Change, MergedTree, NodeId, PathId};

/// What `dive --ci` would judge.
#[derive(Debug, Clone, PartialEq)]
pub struct DiveFigures {
    /// Sum of all entry sizes, in bytes.
    pub size_bytes: u64,
    /// The same without layer 0.
    pub user_size_bytes: u64,
    /// Sum over paths that occur at least twice of all their occurrences, in bytes.
    pub wasted_bytes: u64,
    /// `wasted_bytes / user_size_bytes`; may exceed 1 or be infinite. dive prints NaN where both are 0; this is 0.
    pub user_wasted_percent: f64,
    /// Sum of the smallest occurrences over the sum of all; 1 where nothing is stored.
    pub efficiency: f64,
    /// Paths that occur at least twice, largest first, ties by path.
    pub inefficient: Vec<InefficientPath>,
}

/// A path that dive finds more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InefficientPath {
    /// The path.
    pub path: PathId,
    /// Occurrences, whiteouts included.
    pub count: u32,
    /// Sum of all occurrences in bytes.
    pub bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Weight {
    sum: u64,
    least: u64,
    count: u32,
}

impl DiveFigures {
    /// Computes the figures. Cost is linear in the entries, and in what lies below each removed directory.
    pub fn of(analysis: &Analysis) -> Self {
        Self::of_tree(&analysis.tree)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "dive's formulas are in floating point"
    )]
    fn of_tree(tree: &MergedTree) -> Self {
        let weights = weigh(tree);
        let sums = weights.values().map(|weight| weight.sum).sum::<u64>();
        let least = weights.values().map(|weight| weight.least).sum::<u64>();
        let mut inefficient: Vec<InefficientPath> = weights
            .iter()
            .filter(|(_, weight)| weight.count >= 2)
            .map(|(&path, weight)| InefficientPath {
                path,
                count: weight.count,
                bytes: weight.sum,
            })
            .collect();
        inefficient.sort_by(|one, other| {
            let by_bytes = other.bytes.cmp(&one.bytes);
            by_bytes.then_with(|| tree.compare_paths(one.path, other.path))
        });
        let wasted_bytes: u64 = inefficient.iter().map(|found| found.bytes).sum();
        let sizes = tree.layers().iter().map(|layer| visible_size(layer));
        let (size_bytes, base) = (sizes.clone().sum::<u64>(), sizes.take(1).sum::<u64>());
        let user_size_bytes = size_bytes - base;
        let percent = wasted_bytes as f64 / user_size_bytes as f64;
        Self {
            size_bytes,
            user_size_bytes,
            wasted_bytes,
            user_wasted_percent: if percent.is_nan() { 0.0 } else { percent },
            efficiency: if sums == 0 {
                1.0
            } else {
                least as f64 / sums as f64
            },
            inefficient,
        }
    }
}

/// Returns what dive adds up for a layer: later entries of a path replace earlier ones.
fn visible_size(layer: &crate::tree::FileTree) -> u64 {
    let shadowed: u64 = layer.shadowed().iter().map(|shadowed| shadowed.size).sum();
    layer.content_bytes() - shadowed
}

fn weigh(tree: &MergedTree) -> HashMap<PathId, Weight> {
    let mut weights: HashMap<PathId, Weight> = HashMap::new();
    for path in tree.paths().skip(1) {
        for version in tree.versions(path) {
            if version.change == Change::Hidden {
                continue;
            }
            let layer = tree.layer(version.layer);
            let is_leaf = layer.children(version.node).is_empty();
            if !is_leaf {
                continue;
            }
            let size = match layer.kind(version.node) {
                EntryKind::Whiteout => removed_size(tree, path, version.layer),
                _ => layer.size(version.node),
            };
            let weight = weights.entry(path).or_insert(Weight {
                sum: 0,
                least: u64::MAX,
                count: 0,
            });
            weight.sum += size;
            weight.least = weight.least.min(size);
            weight.count += 1;
        }
    }
    weights
}

/// Returns what a whiteout weighs: all files below a directory of the stack beneath it.
fn removed_size(tree: &MergedTree, path: PathId, layer: LayerIndex) -> u64 {
    let Some(below) = layer.0.checked_sub(1).map(LayerIndex) else {
        return 0;
    };
    let mut total = 0;
    let mut left: Vec<PathId> = tree.children(path).map(PathId).collect();
    while let Some(path) = left.pop() {
        if let Some(version) = tree.at(path, below) {
            total += own_size(tree, version.layer, version.node);
            left.extend(tree.children(path).map(PathId));
        }
    }
    total
}

fn own_size(tree: &MergedTree, layer: LayerIndex, node: NodeId) -> u64 {
    tree.layer(layer).size(node)
}
