//! Names of jobs and of versions.

use crate::layer::LayerIndex;
use crate::tree::PathId;

/// One piece of background work; later ones have larger numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct JobId(pub u64);

/// One version of a path: what a layer holds there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VersionAt {
    /// The path.
    pub path: PathId,
    /// The layer.
    pub layer: LayerIndex,
}
