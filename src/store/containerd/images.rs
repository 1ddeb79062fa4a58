//! Images: from a name to its manifest, its configuration, and the snapshots it was unpacked to.
//!
//! OCI image-spec, image-index.md, manifest.md, config.md; containerd, core/images.

mod search;
mod unpacked;

use std::collections::BTreeMap;

use super::{ContainerdReader, MOBY};
use crate::error::{Result, WarningCode};
use crate::image::Digest;
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::store::{ImageId, PieceId, StoredImage};

use search::{BehindTarget, Manifest};
use unpacked::chain_ids;

/// What one name points to.
#[derive(Debug)]
struct Target {
    namespace: String,
    digest: Digest,
    names: Vec<String>,
}

impl ContainerdReader {
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
            let place = self.meta_place();
            let reason = format!("the image {} points to no digest", path::display_str(&name));
            self.bad(&place, &reason);
        }
        targets
    }

    fn add_target(&mut self, target: &Target, found: &BehindTarget) {
        if found.manifests.is_empty() {
            self.add_absent(target, found);
            return;
        }
        for manifest in &found.manifests {
            self.add_image(target, found, manifest);
        }
    }

    /// Adds an image of which only the name is there.
    fn add_absent(&mut self, target: &Target, found: &BehindTarget) {
        // That no blob is within reach was told once.
        if self.content.refused.is_none() {
            let name = target.names.first().map_or("", String::as_str);
            let message = format!(
                "{}: it is known by name and not pulled",
                path::display_str(name)
            );
            self.warn(WarningCode::NotInSource, message);
        }
        let pieces = self.claim_blobs(found.indexes.iter().chain(&found.others));
        let image = StoredImage {
            names: names_of(target),
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

    fn add_image(&mut self, target: &Target, found: &BehindTarget, manifest: &Manifest) {
        let diff_ids: Vec<Option<Digest>> = manifest
            .config
            .diff_ids
            .iter()
            .take(limits::LAYERS)
            .cloned()
            .collect();
        // The documents that lead to the configuration first; see `engine_sizes`.
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
            names: names_of(target),
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

    fn push_image(&mut self, target: &Target, mut image: StoredImage, manifest: Digest) {
        image.pieces.extend(self.content.refused);
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

    /// Returns the namespace where that tells images apart.
    fn namespace_of(&self, target: &Target) -> Option<String> {
        let namespaces = self.namespaces.iter();
        let with_images = namespaces.filter(|namespace| !namespace.is_empty());
        (with_images.count() > 1).then(|| target.namespace.clone())
    }
}

/// Returns the names as the engine prints them.
fn names_of(target: &Target) -> Vec<String> {
    let names = target.names.iter();
    if target.namespace != MOBY {
        return names.cloned().collect();
    }
    names
        .filter(|name| !name.starts_with("moby-dangling@"))
        .map(|name| familiar(name).to_owned())
        .collect()
}

/// Returns a name as Docker prints it (distribution/reference, `FamiliarString`).
fn familiar(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    match name.strip_prefix("library/") {
        Some(short) if !short.contains('/') => short,
        _ => name,
    }
}
