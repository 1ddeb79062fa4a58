//! Who keeps which piece. A piece is free to go when the last of its owners is.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{
    CacheId, Container, ContainerId, ExtraId, ImageId, LayerId, LeaseId, Owner, PieceId, PodId,
    Store, StoredImage, VolumeId,
};

/// Owners by piece, and pieces by owner.
#[derive(Debug, Clone, Default)]
pub(super) struct Owners {
    by_piece: Vec<BTreeSet<Owner>>,
    by_owner: BTreeMap<Owner, Vec<PieceId>>,
}

impl Owners {
    /// Collects them.
    pub(super) fn of(store: &Store) -> Self {
        let mut owners = Self {
            by_piece: vec![BTreeSet::new(); store.pieces.len()],
            by_owner: BTreeMap::new(),
        };
        for (id, image) in (0..).map(ImageId).zip(&store.images) {
            owners.add(Owner::Image(id), &pieces_of_image(store, image));
        }
        for (id, container) in (0..).map(ContainerId).zip(&store.containers) {
            let owner = Owner::Container(id);
            owners.add(owner, &pieces_of_container_alone(store, container));
            // What a container stands on stays as long as it does; the compressed form may go.
            owners.add(owner, &files_of_layers(store, &container.layers));
        }
        for (id, record) in (0..).map(CacheId).zip(&store.cache) {
            let chain = record.layer.map_or(Vec::new(), |layer| store.chain(layer));
            owners.add(Owner::Cache(id), &files_of_layers(store, &chain));
            owners.add(Owner::Cache(id), &record.pieces);
        }
        for (id, volume) in (0..).map(VolumeId).zip(&store.volumes) {
            owners.add(Owner::Volume(id), &volume.pieces);
        }
        for (id, pod) in (0..).map(PodId).zip(&store.pods) {
            owners.add(Owner::Pod(id), &pod.pieces);
        }
        for (id, lease) in (0..).map(LeaseId).zip(&store.leases) {
            owners.add(Owner::Lease(id), &lease.pieces);
        }
        for (id, extra) in (0..).map(ExtraId).zip(&store.extras) {
            owners.add(Owner::Extra(id), &extra.pieces);
        }
        owners
    }

    fn add(&mut self, owner: Owner, pieces: &[PieceId]) {
        for &piece in pieces {
            if let Some(owners) = self.by_piece.get_mut(piece.as_usize()) {
                owners.insert(owner);
            }
        }
        self.by_owner.entry(owner).or_default().extend(pieces);
    }

    /// Returns who keeps a piece.
    pub(super) fn of_piece(&self, piece: PieceId) -> impl Iterator<Item = Owner> {
        let owners = self.by_piece.get(piece.as_usize());
        owners.into_iter().flatten().copied()
    }

    /// Returns the pieces that any of these keeps.
    pub(super) fn pieces_of(&self, owners: &BTreeSet<Owner>) -> BTreeSet<PieceId> {
        let pieces = owners.iter().filter_map(|owner| self.by_owner.get(owner));
        pieces.flatten().copied().collect()
    }
}

/// Returns everything an image needs: its own documents, its layers and their compressed form.
pub(super) fn pieces_of_image(store: &Store, image: &StoredImage) -> Vec<PieceId> {
    let mut pieces = image.pieces.clone();
    for layer in image.layers.iter().flatten() {
        if let Some(layer) = store.layers.get(layer.as_usize()) {
            pieces.extend(layer.pieces.iter().chain(&layer.blobs));
        }
    }
    pieces
}

/// Returns what belongs to a container and goes with it.
pub(super) fn pieces_of_container_alone(store: &Store, container: &Container) -> Vec<PieceId> {
    let own: Vec<LayerId> = container
        .init
        .into_iter()
        .chain(container.writable)
        .collect();
    let mut pieces = files_of_layers(store, &own);
    pieces.extend(container.logs.iter().chain(&container.pieces));
    pieces
}

fn files_of_layers(store: &Store, layers: &[LayerId]) -> Vec<PieceId> {
    let layers = layers
        .iter()
        .filter_map(|layer| store.layers.get(layer.as_usize()));
    layers.flat_map(|layer| &layer.pieces).copied().collect()
}

/// Names every layer with everybody who stands on it, owners ascending for each layer.
pub(super) fn each_layer(store: &Store, take: &mut dyn FnMut(LayerId, Owner)) {
    for (id, image) in (0..).map(ImageId).zip(&store.images) {
        for layer in image.layers.iter().flatten() {
            take(*layer, Owner::Image(id));
        }
    }
    for (id, container) in (0..).map(ContainerId).zip(&store.containers) {
        let own = container.init.iter().chain(&container.writable);
        for layer in container.layers.iter().chain(own) {
            take(*layer, Owner::Container(id));
        }
    }
    // Further pieces of a record may be another layer's: that of the view by which BuildKit mounts it.
    let layers = (0..).map(LayerId).zip(&store.layers);
    let by_piece: BTreeMap<PieceId, LayerId> = layers
        .flat_map(|(id, layer)| layer.pieces.iter().map(move |&piece| (piece, id)))
        .collect();
    for (id, record) in (0..).map(CacheId).zip(&store.cache) {
        let chain = record.layer.map_or(Vec::new(), |layer| store.chain(layer));
        let further = record.pieces.iter().filter_map(|piece| by_piece.get(piece));
        for layer in chain.into_iter().chain(further.copied()) {
            take(layer, Owner::Cache(id));
        }
    }
}
