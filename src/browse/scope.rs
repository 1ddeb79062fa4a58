//! Which part of a union is shown.

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
