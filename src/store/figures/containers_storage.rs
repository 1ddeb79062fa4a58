//! Sizes as this engine prints them.

use super::{ContainerFigures, Figures, ImageFigures};
use crate::store::Store;

/// Returns the engine's own numbers.
pub(super) fn of(store: &Store) -> Figures {
    Figures {
        images: vec![ImageFigures::default(); store.images.len()],
        containers: vec![ContainerFigures::default(); store.containers.len()],
    }
}
