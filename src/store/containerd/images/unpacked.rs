//! From a manifest to the layers of a store: the snapshots it was unpacked to, or its blobs.

use super::super::ContainerdReader;
use super::super::layers::LayerNotes;
use super::Target;
use super::search::Manifest;
use crate::error::WarningCode;
use crate::image::Digest;
use crate::store::{Layer, LayerId, Listing, PieceId};

impl ContainerdReader {
    /// Returns the snapshotters to which an image was unpacked, the one that counts first.
    pub(super) fn snapshotters_of(
        &self,
        target: &Target,
        manifest: &Manifest,
        chains: &[Option<Digest>],
    ) -> Vec<String> {
        let Some(namespace) = self
            .namespaces
            .iter()
            .find(|of| of.name == target.namespace)
        else {
            return Vec::new();
        };
        let mut names: Vec<&String> = namespace.snapshots.keys().map(|(name, _)| name).collect();
        names.dedup();
        let present = |name: &str| {
            let chains = chains.iter().flatten();
            chains
                .filter(|chain| self.chain_layer(&target.namespace, name, chain).is_some())
                .count()
        };
        let mut found: Vec<_> = names
            .into_iter()
            .map(|name| {
                let label = format!("containerd.io/gc.ref.snapshot.{name}");
                let label = self.blob_label(&target.namespace, &manifest.config_digest, &label);
                let count = self.snapshots_of(&target.namespace, name);
                (present(name), label.is_some(), count, name)
            })
            .filter(|(present, ..)| *present > 0)
            .collect();
        found.sort_by(|one, other| other.cmp(one));
        found.into_iter().map(|(.., name)| name.clone()).collect()
    }

    fn chain_layer(&self, namespace: &str, snapshotter: &str, chain: &Digest) -> Option<LayerId> {
        let key = (snapshotter.to_owned(), chain.as_str().to_owned());
        self.layer_named(namespace, &key)
    }

    /// Returns the layers of a manifest, bottom first: snapshots, or else blobs; `None` where neither is there.
    pub(super) fn layers_of(
        &mut self,
        target: &Target,
        manifest: &Manifest,
        diff_ids: &[Option<Digest>],
        snapshotter: Option<&String>,
    ) -> Vec<Option<LayerId>> {
        if diff_ids.len() != manifest.blobs.len() && !diff_ids.is_empty() {
            let message = format!(
                "{}: the manifest has {} layers and the configuration {}",
                manifest.digest,
                manifest.blobs.len(),
                diff_ids.len()
            );
            self.warn(WarningCode::MetadataMismatch, message);
        }
        let mut layers = Vec::new();
        let mut below = None;
        for (index, chain) in chain_ids(diff_ids).into_iter().enumerate() {
            let blob = manifest.blobs.get(index).cloned().flatten();
            let claimed = blob.clone().and_then(|blob| {
                let pieces = self.claim_blobs(std::iter::once(&blob));
                Some((*pieces.first()?, blob))
            });
            let unpacked = chain
                .as_ref()
                .zip(snapshotter)
                .and_then(|(chain, snapshotter)| {
                    self.chain_layer(&target.namespace, snapshotter, chain)
                });
            let layer =
                unpacked.or_else(|| self.packed_layer(chain.as_ref(), claimed.as_ref(), below));
            if let Some(layer) = layer {
                self.describe_layer(layer, diff_ids[index].as_ref(), chain, claimed);
                if unpacked.is_some() {
                    self.keep(layer);
                }
            }
            below = layer;
            layers.push(layer);
        }
        layers
    }

    /// Returns the layer of a blob that was never unpacked, or whose snapshot is gone; images share it.
    fn packed_layer(
        &mut self,
        chain: Option<&Digest>,
        blob: Option<&(PieceId, Digest)>,
        below: Option<LayerId>,
    ) -> Option<LayerId> {
        let (piece, digest) = blob?;
        let key = match chain {
            Some(chain) => chain.as_str().to_owned(),
            None => format!("{digest} of an unknown chain"),
        };
        // No snapshotter has an empty name.
        let name = (String::new(), (String::new(), key.clone()));
        if let Some(layer) = self.layers_by_name.get(&name) {
            return Some(*layer);
        }
        let location = self.store.piece(*piece).location.clone();
        let layer = self.push_layer(
            Layer {
                chain_id: chain.cloned(),
                parent: below,
                ..Layer::new(
                    key,
                    Listing::Archive {
                        blob: location,
                        digest: digest.clone(),
                    },
                )
            },
            LayerNotes::default(),
        );
        self.layers_by_name.insert(name, layer);
        Some(layer)
    }

    fn describe_layer(
        &mut self,
        layer: LayerId,
        diff_id: Option<&Digest>,
        chain: Option<Digest>,
        blob: Option<(PieceId, Digest)>,
    ) {
        let layer = &mut self.store.layers[layer.as_usize()];
        if layer.diff_id.is_none() {
            layer.diff_id = diff_id.cloned();
        }
        if layer.chain_id.is_none() {
            layer.chain_id = chain;
        }
        let Some((piece, digest)) = blob else {
            return;
        };
        if !layer.blobs.contains(&piece) {
            layer.blobs.push(piece);
        }
        if let Listing::Unavailable(_) = layer.listing {
            let blob = self.store.pieces[piece.as_usize()].location.clone();
            layer.listing = Listing::Archive { blob, digest };
        }
    }

    /// Returns the pieces of the same layers in another snapshotter.
    pub(super) fn second_copies(
        &mut self,
        namespace: &str,
        snapshotter: &str,
        chains: &[Option<Digest>],
    ) -> Vec<PieceId> {
        let mut pieces = Vec::new();
        for chain in chains.iter().flatten() {
            if let Some(layer) = self.chain_layer(namespace, snapshotter, chain) {
                self.keep(layer);
                self.details[layer.as_usize()].is_whole = true;
                pieces.extend(&self.store.layer(layer).pieces);
            }
        }
        pieces
    }
}

/// Returns the digest of each layer with everything below (OCI image-spec, config.md, "Layer `ChainID`").
pub(super) fn chain_ids(diff_ids: &[Option<Digest>]) -> Vec<Option<Digest>> {
    let mut below: Option<Digest> = None;
    let mut chains = Vec::new();
    for (index, diff_id) in diff_ids.iter().enumerate() {
        let chain = match (&below, diff_id) {
            (None, Some(diff_id)) if index == 0 => Some(diff_id.clone()),
            (Some(below), Some(diff_id)) => Some(Digest::chain_id(Some(below), diff_id)),
            _ => None,
        };
        chains.push(chain.clone());
        below = chain;
    }
    chains
}
