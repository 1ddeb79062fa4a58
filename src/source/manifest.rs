//! Descriptors and manifests: OCI image-spec 1.1 and Docker's version 2, which differ in media types only.
//!
//! Media types are hints. What a document is, its members tell.

use base64::Engine as _;

use super::assemble::{DescribedImage, LayerBlob};
use super::blobs::{BlobRef, BlobStore, digest_of, read_document, unusable};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::config::read_platform;
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest, Platform};
use crate::path;

/// A reference to a blob as documents write it. Size and media type are claims.
#[derive(Debug, Clone, Default)]
pub(super) struct Descriptor {
    pub digest: Option<Digest>,
    /// The digest as written, for messages.
    pub written: String,
    pub media_type: Option<String>,
    pub size: Option<u64>,
    pub platform: Platform,
    pub annotations: Vec<(String, String)>,
    /// The content itself, where it is inlined.
    pub data: Option<Vec<u8>>,
}

/// A JSON blob with what was odd about it.
#[derive(Debug)]
pub(super) struct Document {
    pub json: Json,
    pub digest: Option<Digest>,
    pub warnings: Vec<Warning>,
}

impl Descriptor {
    /// Reads a descriptor (OCI image-spec, descriptor.md); whatever is unusable is absent.
    pub(super) fn read(json: &Json) -> Self {
        let written = json.get("digest").text().unwrap_or_default();
        let data = json.get("data").text();
        Self {
            digest: Digest::parse(written),
            written: written.to_owned(),
            media_type: json.get("mediaType").to_text(),
            size: json.get("size").integer(),
            platform: read_platform(json.get("platform")),
            annotations: read_annotations(json.get("annotations")),
            data: data.and_then(|data| base64::engine::general_purpose::STANDARD.decode(data).ok()),
        }
    }

    /// Returns an annotation that is not empty.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        let (_, value) = self.annotations.iter().find(|(name, _)| name == key)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Returns what names the blob in messages, escaped.
    pub(super) fn shown(&self) -> String {
        match &self.digest {
            Some(digest) => digest.to_string(),
            None if self.written.is_empty() => "a blob without digest".into(),
            None => path::display_str(&self.written).into_owned(),
        }
    }

    /// Reads the blob as JSON; `None` where it is neither in the store nor inlined.
    ///
    /// # Errors
    /// [`Error::BadDocument`] when it is not JSON, too long or unreadable.
    pub(super) fn load(&self, store: &dyn BlobStore) -> Result<Option<Document>> {
        let Some(bytes) = self.bytes(store)? else {
            return Ok(None);
        };
        let json = Json::parse(&bytes).map_err(|reason| Error::BadDocument {
            name: store.name().to_owned(),
            document: self.shown(),
            reason,
        })?;
        let digest = digest_of(&bytes);
        Ok(Some(Document {
            json,
            warnings: self.check(&bytes, digest.as_ref()),
            digest,
        }))
    }

    fn bytes(&self, store: &dyn BlobStore) -> Result<Option<Vec<u8>>> {
        let stored = match &self.digest {
            Some(digest) => read_document(store, &BlobRef::Digest(digest.clone()))?,
            None => None,
        };
        Ok(stored.or_else(|| self.data.clone()))
    }

    /// Compares what is claimed with what is there.
    fn check(&self, bytes: &[u8], found: Option<&Digest>) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let is_comparable = self
            .digest
            .as_ref()
            .is_some_and(|digest| digest.algorithm() == "sha256");
        if is_comparable && self.digest.as_ref() != found {
            let found = found.map(ToString::to_string).unwrap_or_default();
            let message = format!("the content of {} has digest {found}", self.shown());
            warnings.push(Warning::new(WarningCode::DigestMismatch, message));
        }
        warnings.extend(self.check_size(bytes.len() as u64));
        warnings
    }

    /// Compares the size claimed with the size found.
    pub(super) fn check_size(&self, found: u64) -> Option<Warning> {
        let claimed = self.size.filter(|size| *size != found)?;
        let message = format!(
            "{} is said to have {claimed} bytes and has {found}",
            self.shown()
        );
        Some(Warning::new(WarningCode::MetadataMismatch, message))
    }
}

fn read_annotations(json: &Json) -> Vec<(String, String)> {
    let mut read: Vec<_> = json
        .members()
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.text()?.to_owned())))
        .collect();
    read.sort();
    read
}

/// What a JSON blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An OCI index or Docker manifest list.
    Index,
    /// An OCI or Docker v2 manifest.
    Manifest,
    /// Docker's first manifest format.
    Schema1,
    /// An OCI 1.1-rc artifact manifest: blobs, but no image.
    Artifact,
    /// None of these.
    Unknown,
}

impl Kind {
    /// Tells by the members a document has, and by its media type where they say nothing.
    pub(super) fn of(json: &Json) -> Self {
        let has = |key: &str| !json.get(key).is_null();
        let media_type = json.get("mediaType").text().unwrap_or_default();
        if has("manifests") {
            Self::Index
        } else if has("fsLayers") {
            Self::Schema1
        } else if has("layers") || json.get("config").get("digest").text().is_some() {
            Self::Manifest
        } else if has("blobs") || media_type.contains("artifact.manifest") {
            Self::Artifact
        } else if media_type.contains("image.index") || media_type.contains("manifest.list") {
            Self::Index
        } else if media_type.contains("manifest.v2") || media_type.contains("image.manifest") {
            Self::Manifest
        } else {
            Self::Unknown
        }
    }
}

/// Returns whether a manifest is of something else than an image: a signature, a bill of materials, a chart.
pub(super) fn is_artifact(manifest: &Json) -> bool {
    let config = manifest
        .get("config")
        .get("mediaType")
        .text()
        .unwrap_or_default();
    !is_image_config(config) || Kind::of(manifest) == Kind::Artifact
}

/// Returns whether a media type is one of an image configuration; an absent one may be.
fn is_image_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "" | "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json"
            | "application/octet-stream"
    )
}

/// Describes the image of a manifest blob.
///
/// # Errors
/// [`Error::BadDocument`] where the manifest itself cannot be used; a configuration may be in any state.
pub(super) fn describe(store: &dyn BlobStore, manifest: &Document) -> Result<DescribedImage> {
    let json = &manifest.json;
    let config_descriptor = Descriptor::read(json.get("config"));
    let mut parts = DescribedImage {
        digest: manifest.digest.clone(),
        id: config_descriptor.digest.clone(),
        annotations: read_annotations(json.get("annotations")),
        warnings: manifest.warnings.clone(),
        ..DescribedImage::default()
    };
    parts.config = read_config(store, &config_descriptor, &mut parts.warnings)?;
    parts.layers = json
        .get("layers")
        .list()
        .iter()
        .map(|layer| LayerBlob::from_descriptor(Descriptor::read(layer)))
        .collect();
    Ok(parts)
}

/// Reads a configuration in whatever state it is; trouble becomes warnings.
fn read_config(
    store: &dyn BlobStore,
    descriptor: &Descriptor,
    warnings: &mut Vec<Warning>,
) -> Result<Option<ConfigDocument>> {
    let bad = |message: String| Warning::new(WarningCode::BadConfig, message);
    let media_type = descriptor.media_type.as_deref().unwrap_or_default();
    if !is_image_config(media_type) {
        let shown = path::display_str(media_type);
        warnings.push(bad(format!(
            "the configuration is {shown}, not that of an image"
        )));
    }
    match descriptor.load(store) {
        Ok(Some(document)) => {
            warnings.extend(document.warnings);
            Ok(Some(ConfigDocument::read(&document.json)))
        }
        Ok(None) => {
            warnings.push(bad(format!(
                "the configuration {} is missing",
                descriptor.shown()
            )));
            Ok(None)
        }
        Err(Error::Interrupted) => Err(Error::Interrupted),
        Err(Error::BadDocument { reason, .. }) => {
            let shown = descriptor.shown();
            warnings.push(bad(format!(
                "the configuration {shown} cannot be used: {reason}"
            )));
            Ok(None)
        }
        Err(error) => {
            warnings.push(bad(format!("the configuration cannot be used: {error}")));
            Ok(None)
        }
    }
}

/// Returns the error for a manifest that is not there.
pub(super) fn missing(store: &dyn BlobStore, descriptor: &Descriptor) -> Error {
    Error::MissingBlob {
        name: store.name().to_owned(),
        blob: descriptor.shown(),
    }
}

/// Returns the error for a blob that is no manifest.
pub(super) fn no_manifest(store: &dyn BlobStore, descriptor: &Descriptor) -> Error {
    match &descriptor.digest {
        Some(digest) => unusable(
            store,
            &BlobRef::Digest(digest.clone()),
            "it is no manifest of an image",
        ),
        None => missing(store, descriptor),
    }
}
