//! Directories that a layer moved: what the lower layers have in them appears at the new place too.
//!
//! overlayfs gives such a directory a `redirect` (kernel, Documentation/filesystems/overlayfs.rst, `redirect_dir`),
//! and the scan tells it as a directory with a link. Here every name that only the lower layers have in it is added
//! to the layer's own tree: files as names of the data below, which cost nothing. Layers are taken bottom first, so
//! that those below are done and a chain of moves ends by itself.

mod shown;
mod unfolding;

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::sync::Arc;

use self::shown::Union;
use self::unfolding::Unfolding;
use super::FileTree;
use crate::layer::LayerIndex;
use crate::limits;

/// Moved directories of one layer whose old place is no directory of the layers below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The layer.
    pub layer: LayerIndex,
    /// Path and old path of the first [`limits::WARNINGS_PER_KIND`].
    pub first: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many there are in all.
    pub count: usize,
}

/// What may still be added, over all layers.
#[derive(Debug)]
struct Budget {
    entries: u32,
    bytes: usize,
    /// Most nodes that may be looked at.
    lookups: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            entries: limits::MOVED_ENTRIES,
            bytes: limits::LAYER_NAME_BYTES,
            lookups: limits::MOVED_LOOKUPS,
        }
    }
}

impl Budget {
    /// Takes one entry's share; `None` where too little is left.
    fn spend(&mut self, bytes: usize) -> Option<()> {
        (self.entries, self.bytes) = (self.entries.checked_sub(1)?, self.bytes.checked_sub(bytes)?);
        Some(())
    }
}

/// Gives moved directories what the layers below have in them; layers bottom first. Returns what led nowhere.
///
/// Trees of layers that moved nothing stay as they are. Cost is linear in the layers that did and in what is below
/// the directories that were moved, at most [`limits::MOVED_ENTRIES`] over all layers.
pub fn unfold(layers: &mut [Arc<FileTree>]) -> Vec<Lost> {
    unfold_within(layers, Budget::default())
}

fn unfold_within(layers: &mut [Arc<FileTree>], mut budget: Budget) -> Vec<Lost> {
    let mut lost = Vec::new();
    let lookups = Cell::new(0);
    for index in 0..layers.len() {
        let (lower, rest) = layers.split_at_mut(index);
        let Some(layer) = rest.first_mut().filter(|layer| layer.has_moves) else {
            continue;
        };
        let position = LayerIndex(u16::try_from(index).unwrap_or(u16::MAX));
        let lower = Union {
            layers: lower,
            lookups: &lookups,
        };
        let mut unfolding = Unfolding::new(lower, layer, &mut budget);
        unfolding.run();
        let (unfolded, nowhere) = unfolding.finish(position);
        *layer = Arc::new(unfolded);
        lost.extend(nowhere);
    }
    lost
}
