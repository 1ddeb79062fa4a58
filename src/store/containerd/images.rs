//! Images: from a name to its manifest, its configuration, and the snapshots it was unpacked to.
//!
//! OCI image-spec, image-index.md, manifest.md, config.md; containerd, core/images.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::layers::Detail;
use super::{MOBY, Reader};
use crate::error::{Result, WarningCode};
use crate::image::config::read_platform;
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest, Platform};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::store::{ImageId, Layer, LayerId, Listing, PieceId, StoredImage};

/// What one name points to.
#[derive(Debug)]
struct Target {
    namespace: String,
    digest: Digest,
    names: Vec<String>,
}

/// What is found behind a target.
#[derive(Debug, Default)]
struct Found {
    /// Indexes on the way, the target first.
    indexes: Vec<Digest>,
    manifests: Vec<Manifest>,
    /// Whatever else is there: attestations, manifests without the rest.
    others: Vec<Digest>,
    /// Platforms that are listed and not there.
    absent: Vec<Platform>,
}

/// One image manifest whose configuration is there.
#[derive(Debug)]
struct Manifest {
    digest: Digest,
    config_digest: Digest,
    config: ConfigDocument,
    created: Option<String>,
    blobs: Vec<Option<Digest>>,
}

impl Reader {
    /// Makes an image of every manifest that a name leads to.
    pub(super) fn add_images(&mut self, job: &Job) -> Result<()> {
        for target in self.targets() {
            job.check()?;
            let found = self.search(&target.digest);
            self.add_target(&target, &found);
        }
        Ok(())
    }

    /// Returns what the names point to; several names of one digest are one image.
    fn targets(&mut self) -> Vec<Target> {
        let mut targets: Vec<Target> = Vec::new();
        let mut bad = Vec::new();
        for namespace in &self.namespaces {
            let mut positions: BTreeMap<&Digest, usize> = BTreeMap::new();
            for image in &namespace.images {
                let Some(digest) = &image.target else {
                    bad.push(image.name.clone());
                    continue;
                };
                let at = *positions.entry(digest).or_insert_with(|| {
                    targets.push(Target {
                        namespace: namespace.name.clone(),
                        digest: digest.clone(),
                        names: Vec::new(),
                    });
                    targets.len() - 1
                });
                targets[at].names.push(image.name.clone());
            }
        }
        for name in bad {
            let place = self
                .places
                .home
                .join("io.containerd.metadata.v1.bolt/meta.db");
            let reason = format!("the image {} points to no digest", path::display_str(&name));
            self.bad(&place, &reason);
        }
        targets
    }

    fn search(&mut self, target: &Digest) -> Found {
        let mut found = Found::default();
        let mut seen = vec![target.clone()];
        let mut waiting = vec![(target.clone(), 0, Platform::default())];
        while let Some((digest, depth, platform)) = waiting.pop() {
            let Some(document) = self.document(&digest) else {
                found.absent.push(platform);
                continue;
            };
            let children = document.get("manifests").list();
            if children.is_empty() {
                self.take_manifest(&mut found, digest, &document, platform);
                continue;
            }
            found.indexes.push(digest);
            if depth >= limits::INDEX_DEPTH {
                continue;
            }
            // Last in, first out: in the order of the index.
            for child in children.iter().take(limits::MANIFESTS).rev() {
                let Some(digest) = child.get("digest").text().and_then(Digest::parse) else {
                    continue;
                };
                if seen.contains(&digest) || seen.len() >= limits::MANIFESTS {
                    continue;
                }
                seen.push(digest.clone());
                if is_attestation(child) {
                    self.take_attestation(&mut found, digest);
                } else {
                    let platform = read_platform(child.get("platform"));
                    waiting.push((digest, depth + 1, platform));
                }
            }
        }
        found
    }

    fn take_attestation(&mut self, found: &mut Found, digest: Digest) {
        if let Some(document) = self.document(&digest) {
            found.others.extend(referenced(&document));
        }
        found.others.push(digest);
    }

    fn take_manifest(
        &mut self,
        found: &mut Found,
        digest: Digest,
        document: &Json,
        platform: Platform,
    ) {
        let config_digest = document.get("config").get("digest").text();
        let Some(config_digest) = config_digest.and_then(Digest::parse) else {
            let shown = self.blob(&digest).map(|(_, place)| place);
            if let Some(place) = shown {
                self.bad(&place, "it is no manifest with a configuration");
            }
            found.others.push(digest);
            return;
        };
        let Some(config) = self.document(&config_digest) else {
            found.absent.push(platform);
            found.others.push(digest);
            return;
        };
        let created = config.get("created").to_text();
        let mut config = ConfigDocument::read(&config);
        if config.platform.is_unknown() {
            config.platform = platform;
        }
        let blobs = document.get("layers").list().iter();
        found.manifests.push(Manifest {
            digest,
            config_digest,
            config,
            created,
            blobs: blobs
                .take(limits::LAYERS)
                .map(|layer| layer.get("digest").text().and_then(Digest::parse))
                .collect(),
        });
    }

    fn add_target(&mut self, target: &Target, found: &Found) {
        if found.manifests.is_empty() {
            self.add_absent(target, found);
            return;
        }
        for manifest in &found.manifests {
            self.add_image(target, found, manifest);
        }
    }

    /// Adds an image of which only the name is there.
    fn add_absent(&mut self, target: &Target, found: &Found) {
        let name = target.names.first().map_or("", String::as_str);
        let message = format!(
            "{}: it is known by name and not pulled",
            path::display_str(name)
        );
        self.warn(WarningCode::NotInSource, message);
        let pieces = self.claim_blobs(found.indexes.iter().chain(&found.others));
        let image = StoredImage {
            names: self.names_of(target),
            id: None,
            digest: Some(target.digest.clone()),
            platform: found.absent.first().cloned().unwrap_or_default(),
            created: None,
            config: None,
            layers: Vec::new(),
            diff_ids: Vec::new(),
            pieces,
            parent: None,
            namespace: self.namespace_of(target),
            is_intermediate: false,
        };
        self.push_image(target, image, target.digest.clone());
    }

    fn add_image(&mut self, target: &Target, found: &Found, manifest: &Manifest) {
        let diff_ids: Vec<Option<Digest>> = manifest
            .config
            .diff_ids
            .iter()
            .take(limits::LAYERS)
            .cloned()
            .collect();
        // The documents that lead to the configuration first; see `figures::containerd`.
        let documents = found
            .indexes
            .iter()
            .chain([&manifest.digest, &manifest.config_digest])
            .chain(&found.others);
        let mut pieces = self.claim_blobs(documents);
        let chains = chain_ids(&diff_ids);
        let snapshotters = self.snapshotters_of(target, manifest, &chains);
        let layers = self.layers_of(target, manifest, &diff_ids, snapshotters.first());
        for other in snapshotters.iter().skip(1) {
            pieces.extend(self.second_copies(&target.namespace, other, &chains));
        }
        if layers.is_empty() {
            // No image for a container runtime: what it holds is its own.
            let blobs: Vec<Digest> = manifest.blobs.iter().flatten().cloned().collect();
            pieces.extend(self.claim_blobs(blobs.iter()));
        }
        let image = StoredImage {
            names: self.names_of(target),
            id: Some(manifest.config_digest.clone()),
            digest: Some(target.digest.clone()),
            platform: manifest.config.platform.clone(),
            created: manifest.created.clone(),
            config: self.blob(&manifest.config_digest).map(|(_, place)| place),
            layers,
            diff_ids: diff_ids.into_iter().flatten().collect(),
            pieces,
            parent: None,
            namespace: self.namespace_of(target),
            is_intermediate: false,
        };
        self.push_image(target, image, manifest.digest.clone());
    }

    fn push_image(&mut self, target: &Target, image: StoredImage, manifest: Digest) {
        let id = ImageId(u32::try_from(self.store.images.len()).unwrap_or(u32::MAX));
        for name in &target.names {
            let name = (target.namespace.clone(), name.clone());
            self.images_by_name.entry(name).or_default().push(id);
        }
        self.store.images.push(image);
        self.manifests.push(manifest);
    }

    /// Returns the pieces of blobs that are there, each once, in order.
    fn claim_blobs<'d>(&mut self, digests: impl Iterator<Item = &'d Digest>) -> Vec<PieceId> {
        let mut pieces = Vec::new();
        for digest in digests {
            if let Some((piece, _)) = self.blob(digest) {
                self.content.kept.insert(digest.clone());
                if !pieces.contains(&piece) {
                    pieces.push(piece);
                }
            }
        }
        pieces
    }

    /// Returns the snapshotters to which an image was unpacked, the one that counts first.
    fn snapshotters_of(
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

    fn layers_of(
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
                name: key,
                diff_id: None,
                chain_id: chain.cloned(),
                parent: below,
                pieces: Vec::new(),
                blobs: Vec::new(),
                recorded_bytes: None,
                created: None,
                listing: Listing::Archive {
                    blob: location,
                    digest: digest.clone(),
                },
            },
            Detail::default(),
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
    fn second_copies(
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

    fn names_of(&self, target: &Target) -> Vec<String> {
        let names = target.names.iter();
        if target.namespace != MOBY {
            return names.cloned().collect();
        }
        names
            .filter(|name| !name.starts_with("moby-dangling@"))
            .map(|name| familiar(name).to_owned())
            .collect()
    }

    /// Returns the namespace where that tells images apart.
    fn namespace_of(&self, target: &Target) -> Option<String> {
        let namespaces = self.namespaces.iter();
        let with_images = namespaces.filter(|namespace| !namespace.is_empty());
        (with_images.count() > 1).then(|| target.namespace.clone())
    }
}

/// Returns a name as Docker prints it (distribution/reference, `FamiliarString`).
fn familiar(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    match name.strip_prefix("library/") {
        Some(short) if !short.contains('/') => short,
        _ => name,
    }
}

/// Returns whether a descriptor is of what was attested about an image: moby/buildkit, docs/attestations.
fn is_attestation(descriptor: &Json) -> bool {
    let annotations = descriptor.get("annotations");
    let platform = descriptor.get("platform");
    let is_unknown = |key: &str| platform.get(key).text() == Some("unknown");
    annotations.get("vnd.docker.reference.type").text() == Some("attestation-manifest")
        || (is_unknown("os") && is_unknown("architecture"))
}

/// Returns the blobs that a manifest names.
pub(super) fn referenced(manifest: &Json) -> Vec<Digest> {
    let descriptors = std::iter::once(manifest.get("config"))
        .chain(manifest.get("layers").list())
        .chain(manifest.get("manifests").list());
    descriptors
        .filter_map(|descriptor| Digest::parse(descriptor.get("digest").text()?))
        .take(limits::MANIFESTS)
        .collect()
}

/// Returns the digest of each layer with everything below (OCI image-spec, config.md, "Layer `ChainID`").
fn chain_ids(diff_ids: &[Option<Digest>]) -> Vec<Option<Digest>> {
    let mut below: Option<Digest> = None;
    let mut chains = Vec::new();
    for (index, diff_id) in diff_ids.iter().enumerate() {
        let chain = match (&below, diff_id) {
            (None, Some(diff_id)) if index == 0 => Some(diff_id.clone()),
            (Some(below), Some(diff_id)) => joined(below, diff_id),
            _ => None,
        };
        chains.push(chain.clone());
        below = chain;
    }
    chains
}

fn joined(below: &Digest, diff_id: &Digest) -> Option<Digest> {
    use std::fmt::Write as _;
    let hash = Sha256::digest(format!("{below} {diff_id}"));
    let mut text = String::from("sha256:");
    for byte in hash {
        write!(text, "{byte:02x}").ok()?;
    }
    Digest::parse(&text)
}
