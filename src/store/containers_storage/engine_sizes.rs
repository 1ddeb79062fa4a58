//! Sizes as Podman prints them.
//!
//! An image counts with the tars its layers were unpacked from and with its own documents, a container with
//! the lengths of files in the diff directories: the two do not add up, in Podman neither.

use crate::store::engine_sizes::{ContainerSizes, EngineSizes, ImageSizes, copies};
use crate::store::{
    Container, Contents, ImageId, LayerId, Listing, Location, Role, State, Store, StoredImage,
};

/// Returns the engine's own numbers.
pub(in crate::store) fn engine_sizes(store: &Store) -> EngineSizes {
    let sizes: Vec<Option<u64>> = store
        .images
        .iter()
        .map(|image| image_bytes(store, image))
        .collect();
    let mut has_children = vec![false; sizes.len()];
    for image in &store.images {
        if let Some(parent) = image.parent {
            has_children[parent.as_usize()] = true;
        }
    }
    let images = store.images.iter().enumerate();
    EngineSizes {
        images: images
            .map(|(position, image)| {
                let has_children = has_children[position] || image.is_intermediate;
                image_sizes(&sizes, position, image.parent.filter(|_| !has_children))
                    .unwrap_or_default()
                    .with_children(has_children)
            })
            .collect(),
        containers: store
            .containers
            .iter()
            .map(|container| container_sizes(store, container))
            .collect(),
    }
}

/// `podman system df -v` compares an image with its parent alone, and what has children is shared as a whole
/// (containers/common, `libimage/disk_usage.go`, `diskUsageForImage`).
fn image_sizes(
    sizes: &[Option<u64>],
    position: usize,
    parent: Option<ImageId>,
) -> Option<ImageSizes> {
    let size = sizes[position]?;
    let shared = match parent {
        Some(parent) => sizes[parent.as_usize()]?,
        None => 0,
    };
    Some(ImageSizes {
        size_bytes: Some(size),
        shared_bytes: Some(shared),
        unique_bytes: size.checked_sub(shared),
        inspect_bytes: Some(size),
    })
}

impl ImageSizes {
    fn with_children(self, has_children: bool) -> Self {
        if !has_children {
            return self;
        }
        Self {
            shared_bytes: self.size_bytes,
            unique_bytes: self.size_bytes.map(|_| 0),
            ..self
        }
    }
}

/// The uncompressed tars of the layers and the documents of the image (containers/storage, store.go, `ImageSize`).
fn image_bytes(store: &Store, image: &StoredImage) -> Option<u64> {
    let mut bytes = 0_u64;
    for layer in &image.layers {
        let layer = store.layer((*layer)?);
        bytes = bytes.checked_add(layer.recorded_bytes?)?;
    }
    let pieces = image.pieces.iter().map(|&piece| store.piece(piece));
    for documents in pieces.filter(|piece| piece.role == Role::Blob) {
        bytes = bytes.checked_add(documents.usage?.file_bytes)?;
    }
    Some(bytes)
}

/// Lengths of the files in the diff directories (`libpod/container_internal.go`, `rootFsSize` and `rwSize`). Podman
/// says nothing about what is not its own: Buildah's working containers.
fn container_sizes(store: &Store, container: &Container) -> ContainerSizes {
    if container.state == State::Working {
        return ContainerSizes::default();
    }
    let bytes_of: fn(&Store, LayerId, Option<LayerId>) -> Option<u64> = if store.driver == "vfs" {
        copied_bytes
    } else {
        |store, layer, _| diff_bytes(store, layer)
    };
    let mut sum = Some(0_u64);
    let mut below = None;
    for &layer in &container.layers {
        sum = sum.and_then(|sum| sum.checked_add(bytes_of(store, layer, below)?));
        below = Some(layer);
    }
    ContainerSizes {
        writable_bytes: container
            .writable
            .and_then(|layer| bytes_of(store, layer, below)),
        virtual_bytes: sum,
    }
}

/// A full copy tells what it adds only by comparison with the copy below.
fn copied_bytes(store: &Store, layer: LayerId, below: Option<LayerId>) -> Option<u64> {
    let below = match below {
        Some(below) => Some(copy_of(store, below)?),
        None => None,
    };
    copies::changed_bytes(copy_of(store, layer)?, below)
}

fn copy_of(store: &Store, layer: LayerId) -> Option<&Location> {
    match &store.layer(layer).listing {
        Listing::Copy { directory, .. }
        | Listing::TarSplit {
            contents: Contents::Directory(directory),
            ..
        } => Some(directory),
        _ => None,
    }
}

fn diff_bytes(store: &Store, layer: LayerId) -> Option<u64> {
    let layer = store.layer(layer);
    let piece = store.piece(*layer.pieces.first()?);
    // The diff directory is the first piece, unless it is missing.
    let is_diff = piece.location.path.ends_with(b"/diff");
    piece
        .usage
        .filter(|_| is_diff)
        .map(|usage| usage.file_bytes)
}
