//! `docker system df -v` and `docker ps -s` of a graph-driver store.

use std::collections::HashMap;

use crate::store::engine_sizes::{ContainerSizes, EngineSizes, ImageSizes, copies};
use crate::store::{Container, LayerId, Listing, Store, StoredImage};

pub(in crate::store) fn engine_sizes(store: &Store) -> EngineSizes {
    let references = references(store);
    EngineSizes {
        images: store
            .images
            .iter()
            .map(|image| of_image(store, image, &references))
            .collect(),
        containers: store
            .containers
            .iter()
            .map(|container| of_container(store, container))
            .collect(),
    }
}

/// Counts how many images have each layer.
///
/// Since 23.0 steps of a build count too, before that only what `docker images` lists (moby,
/// `daemon/images/image_list.go` and, in 20.10, `daemon/images/images.go`). 23.0 also began to write `engine-id`.
fn references(store: &Store) -> HashMap<LayerId, u32> {
    let counts_steps = matches!(store.root.status(b"engine-id"), Ok(Some(_)));
    let images = store.images.iter();
    let counted = images.filter(|image| counts_steps || !image.is_intermediate);
    let mut references = HashMap::new();
    for layer in counted.flat_map(|image| image.layers.iter().flatten()) {
        *references.entry(*layer).or_default() += 1;
    }
    references
}

fn of_image(store: &Store, image: &StoredImage, references: &HashMap<LayerId, u32>) -> ImageSizes {
    if image.is_intermediate {
        return ImageSizes::default();
    }
    let size = sum(image.layers.iter().map(|layer| recorded(store, (*layer)?)));
    let is_shared = |layer: &LayerId| references.get(layer).is_some_and(|&count| count > 1);
    let shared = image
        .layers
        .iter()
        .flatten()
        .filter(|layer| is_shared(layer));
    let shared = sum(shared.map(|&layer| recorded(store, layer)));
    let shared = size.and(shared);
    ImageSizes {
        size_bytes: size,
        shared_bytes: shared,
        unique_bytes: size
            .zip(shared)
            .and_then(|(size, shared)| size.checked_sub(shared)),
        inspect_bytes: None,
    }
}

fn recorded(store: &Store, layer: LayerId) -> Option<u64> {
    store.layers.get(layer.as_usize())?.recorded_bytes
}

fn sum(mut bytes: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    bytes.try_fold(0_u64, |sum, bytes| sum.checked_add(bytes?))
}

fn of_container(store: &Store, container: &Container) -> ContainerSizes {
    let writable = written(store, container);
    let layers = container.layers.iter().copied();
    let below = sum(layers.map(|layer| recorded(store, layer)));
    ContainerSizes {
        writable_bytes: writable,
        virtual_bytes: writable
            .zip(below)
            .and_then(|(own, below)| own.checked_add(below)),
    }
}

/// Drivers with an upper directory add up what is in it (moby, `pkg/directory/directory_unix.go`), the others
/// what differs from the layer below (daemon/graphdriver/fsdiff.go).
fn written(store: &Store, container: &Container) -> Option<u64> {
    let layer = store.layers.get(container.writable?.as_usize())?;
    if let Listing::Copy { directory, below } = &layer.listing {
        return copies::changed_bytes(directory, below.as_ref());
    }
    let files = store.pieces.get(layer.pieces.first()?.as_usize())?;
    match files.unmeasured {
        None => files.usage.map(|usage| usage.file_bytes),
        Some(_) => None,
    }
}
