//! Manifests: OCI image-spec 1.1 and Docker's version 2, which differ in media types only.
//!
//! Media types are hints. What a document is, its members tell.

use oci_spec::image::{MediaType, ToDockerV2S2 as _};

use super::blobs::{BlobRef, BlobStore, unusable};
use super::described::{DescribedImage, Descriptor, Document, LayerBlob, read_annotations};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::ConfigDocument;
use crate::image::json::Json;
use crate::layer::media_type;
use crate::path;

/// What a JSON blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
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

impl DocumentKind {
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
    artifact_type(manifest).is_some()
        || cache_in(manifest).is_some()
        || DocumentKind::of(manifest) == DocumentKind::Artifact
}

/// Returns the media type of a cache that a manifest is of, or that an index lists among its layers.
pub(super) fn cache_in(document: &Json) -> Option<&str> {
    let listed = document.get("manifests").list().iter();
    let mut types = listed.chain([document.get("config")]).map(type_of);
    types.find(|written| media_type::is_cache(written))
}

/// Returns what a manifest says it is of, where that is no image: the type of the artifact, that of its configuration, or
/// that of its first blob where none may be a layer.
fn artifact_type(manifest: &Json) -> Option<&str> {
    let config = type_of(manifest.get("config"));
    let layers = manifest.get("layers").list();
    if !is_image_config(config) {
        let named = manifest.get("artifactType").text();
        let is_empty = config == MediaType::EmptyJSON.as_ref();
        let first = || layers.first().map(type_of).filter(|_| is_empty);
        return named.or_else(first).or(Some(config));
    }
    let has_layer = layers
        .iter()
        .any(|layer| media_type::may_be_layer(type_of(layer)));
    layers.first().map(type_of).filter(|_| !has_layer)
}

/// Returns whether a manifest is of an artifact that has surely no layer of a file system, or no stack of layers.
pub(super) fn has_no_layer(manifest: &Json) -> bool {
    let is_of_image = is_image_config(type_of(manifest.get("config")));
    let is_none = |layer: &Json| {
        let written = type_of(layer);
        !media_type::may_be_layer(written)
            && (!is_of_image || media_type::artifact(written).is_some())
    };
    let is_empty = || manifest.get("layers").list().iter().all(is_none);
    cache_in(manifest).is_some() || (artifact_type(manifest).is_some() && is_empty())
}

fn type_of(descriptor: &Json) -> &str {
    descriptor.get("mediaType").text().unwrap_or_default()
}

/// Says that what is of this media type is no image.
pub(super) fn no_image(written: &str) -> String {
    format!("it is an artifact, {}, not an image", kind_of(written))
}

/// Says in a noun what is of this media type, escaped.
pub(super) fn kind_of(written: &str) -> String {
    let shown = path::display_str(written);
    match media_type::artifact(written) {
        Some(what) => format!("{what} ({shown})"),
        None => format!("of type {shown}"),
    }
}

/// Returns whether a media type is one of an image configuration; an absent one may be.
fn is_image_config(media_type: &str) -> bool {
    let is_of_docker = MediaType::ImageConfig.to_docker_v2s2() == Ok(media_type);
    matches!(media_type, "" | "application/octet-stream")
        || media_type == MediaType::ImageConfig.as_ref()
        || is_of_docker
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
    parts.artifact = artifact_type(json).map(no_image);
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

/// Returns the error for a cache of a build.
pub(super) fn cache(store: &dyn BlobStore, written: &str) -> Error {
    Error::NotAnImage {
        name: store.name().to_owned(),
        found: no_image(written),
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
