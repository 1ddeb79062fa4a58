//! Sizes as `docker system df -v`, `docker ps -s` and `docker image inspect` print them where images are stored
//! with containerd, and as `ctr images ls` and `ctr snapshots usage` do.
//!
//! A snapshot weighs its disk blocks, directories and whiteouts included: committed ones have that written down,
//! others are measured. An image's content weighs what its manifests say, a layer that occurs twice counted twice
//! (containerd, core/images/usage). Docker's size of an image is its snapshots and the content of its manifest and of what
//! was attested about it, without the index (moby, `daemon/containerd/image_list.go`); inspecting one counts the
//! index, and neither snapshots nor attestations.

use std::collections::BTreeMap;

use crate::store::engine_sizes::{ContainerSizes, EngineSizes, ImageSizes};
use crate::store::{Container, Engine, LayerId, PieceId, Store, StoredImage};

/// Returns the engine's own numbers.
pub(in crate::store) fn engine_sizes(store: &Store) -> EngineSizes {
    let users = users(store);
    let image = |image| match store.engine {
        Engine::DockerContainerd => of_docker(store, image, &users),
        _ => ImageSizes {
            size_bytes: content(store, image),
            ..ImageSizes::default()
        },
    };
    let containers = store.containers.iter();
    EngineSizes {
        images: store.images.iter().map(image).collect(),
        containers: containers.map(|of| container(store, of)).collect(),
    }
}

/// Counts the images that stand on each layer.
fn users(store: &Store) -> BTreeMap<LayerId, usize> {
    let mut users = BTreeMap::new();
    for image in &store.images {
        for layer in image.layers.iter().flatten() {
            *users.entry(*layer).or_default() += 1;
        }
    }
    users
}

fn of_docker(store: &Store, image: &StoredImage, users: &BTreeMap<LayerId, usize>) -> ImageSizes {
    let layers: Vec<LayerId> = image.layers.iter().flatten().copied().collect();
    let snapshots = sum(layers.iter().map(|layer| snapshot(store, *layer)));
    let is_shared = |layer: &&LayerId| users.get(*layer).is_some_and(|count| *count > 1);
    let shared = sum(layers
        .iter()
        .filter(is_shared)
        .map(|layer| snapshot(store, *layer)));
    let documents = config_at(store, image).and_then(|config| {
        // The manifest is right before its configuration, and indexes are before both.
        let manifest = config.checked_sub(1)?;
        sum(image
            .pieces
            .get(manifest..)?
            .iter()
            .map(|piece| length(store, *piece)))
    });
    let size = sum([snapshots, documents, blobs(store, image)]);
    ImageSizes {
        size_bytes: size,
        shared_bytes: shared,
        unique_bytes: size
            .zip(shared)
            .map(|(size, shared)| size.saturating_sub(shared)),
        inspect_bytes: content(store, image),
    }
}

/// Returns the length of everything from the index to the layers, without attestations.
fn content(store: &Store, image: &StoredImage) -> Option<u64> {
    let config = config_at(store, image)?;
    let documents = image.pieces.get(..=config)?;
    let documents = sum(documents.iter().map(|piece| length(store, *piece)));
    sum([documents, blobs(store, image)])
}

/// Returns the position of the configuration among an image's pieces.
fn config_at(store: &Store, image: &StoredImage) -> Option<usize> {
    let config = image.config.as_ref()?;
    let mut pieces = image.pieces.iter();
    pieces.position(|piece| store.piece(*piece).location.path == config.path)
}

/// Returns the length of the compressed layers, as often as they occur.
fn blobs(store: &Store, image: &StoredImage) -> Option<u64> {
    let layers = image.layers.iter().map(|layer| {
        let blob = *store.layer((*layer)?).blobs.first()?;
        length(store, blob)
    });
    sum(layers)
}

fn length(store: &Store, piece: PieceId) -> Option<u64> {
    Some(store.piece(piece).usage?.file_bytes)
}

/// Returns what a snapshot weighs; nothing where a layer was never unpacked.
fn snapshot(store: &Store, layer: LayerId) -> Option<u64> {
    let layer = store.layer(layer);
    if let Some(bytes) = layer.recorded_bytes {
        return Some(bytes);
    }
    match layer.pieces.first() {
        None => Some(0),
        Some(files) => {
            let files = store.piece(*files);
            let usage = files.usage.filter(|_| files.unmeasured.is_none());
            usage.map(|usage| usage.own_disk_bytes)
        }
    }
}

fn container(store: &Store, container: &Container) -> ContainerSizes {
    let writable = container.writable.and_then(|layer| snapshot(store, layer));
    let below = container.layers.iter().chain(&container.init);
    let below = sum(below.map(|layer| snapshot(store, *layer)));
    let virtual_bytes = match store.engine {
        Engine::DockerContainerd => sum([writable, below]),
        _ => None,
    };
    ContainerSizes {
        writable_bytes: writable,
        virtual_bytes,
    }
}

/// Adds up; nothing where a part is not known.
fn sum(parts: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    parts
        .into_iter()
        .try_fold(0_u64, |sum, part| sum.checked_add(part?))
}
