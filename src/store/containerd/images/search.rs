//! From a name to manifests: indexes in indexes, platforms that are absent, what was attested.

use super::super::ContainerdReader;
use crate::image::config::read_platform;
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest, Platform};
use crate::limits;

/// What is found behind a target.
#[derive(Debug, Default)]
pub(super) struct BehindTarget {
    /// Indexes on the way, the target first.
    pub indexes: Vec<Digest>,
    pub manifests: Vec<Manifest>,
    /// Whatever else is there: attestations, manifests without the rest.
    pub others: Vec<Digest>,
    /// Platforms that are listed and not there.
    pub absent: Vec<Platform>,
}

/// One image manifest whose configuration is there.
#[derive(Debug)]
pub(super) struct Manifest {
    pub digest: Digest,
    pub config_digest: Digest,
    pub config: ConfigDocument,
    pub created: Option<String>,
    pub blobs: Vec<Option<Digest>>,
}

impl ContainerdReader {
    /// Follows a name to the manifests behind it; the order is that of the indexes.
    pub(super) fn search(&mut self, target: &Digest) -> BehindTarget {
        let mut found = BehindTarget::default();
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

    fn take_attestation(&mut self, found: &mut BehindTarget, digest: Digest) {
        if let Some(document) = self.document(&digest) {
            found.others.extend(referenced(&document));
        }
        found.others.push(digest);
    }

    fn take_manifest(
        &mut self,
        found: &mut BehindTarget,
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
fn referenced(manifest: &Json) -> Vec<Digest> {
    let descriptors = std::iter::once(manifest.get("config"))
        .chain(manifest.get("layers").list())
        .chain(manifest.get("manifests").list());
    descriptors
        .filter_map(|descriptor| Digest::parse(descriptor.get("digest").text()?))
        .take(limits::MANIFESTS)
        .collect()
}
