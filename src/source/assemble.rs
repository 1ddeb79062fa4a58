//! From a described image to an [`Image`]: pairs layers with diff IDs and history, opens their blobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::blobs::BlobStore;
use super::described::{DescribedImage, Descriptor, LayerBlob};
use super::manifest::kind_of;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::history::{LayerFill, pair_or_warn};
use crate::image::{ConfigDocument, Digest, Image, Layer, Platform};
use crate::layer::bytes::Region;
use crate::layer::codec::Codec;
use crate::layer::tar::TarLayer;
use crate::layer::{LayerIndex, LayerSource, UnreadableLayer, media_type};
use crate::limits;
use crate::path;

/// Makes the image. Layers that name the same blob have the same source; reads 16 bytes of each layer, and 512 uncompressed ones where its media type is none of a layer.
///
/// # Errors
/// [`Error::Limit`] above [`limits::LAYERS`], [`Error::NotAnImage`] for an artifact without any layer, or
/// [`Error::Interrupted`]; layers in any state are not errors.
pub(super) fn assemble(store: &dyn BlobStore, parts: DescribedImage) -> Result<Image> {
    if parts.layers.len() > limits::LAYERS {
        return Err(Error::limit(
            store.name(),
            "the number of layers",
            limits::LAYERS,
        ));
    }
    let mut warnings = parts.warnings;
    // Without a configuration there is nothing to be at odds with; its absence has a warning of its own.
    let mut config = parts.config.unwrap_or_else(|| ConfigDocument {
        diff_ids: vec![None; parts.layers.len()],
        ..ConfigDocument::default()
    });
    let problems = std::mem::take(&mut config.problems);
    warnings.extend(problems.into_iter().map(|problem| {
        Warning::new(
            WarningCode::BadConfig,
            format!("the configuration is odd: {problem}"),
        )
    }));
    let diff_ids = match_diff_ids(&config.diff_ids, parts.layers.len(), &mut warnings);
    let fills = fills(&parts.layers, &diff_ids);
    let pairs = pair_or_warn(&mut config.history, &fills, &mut warnings);
    let mut layers: Vec<Layer> = Vec::with_capacity(parts.layers.len());
    let mut first_of = BTreeMap::new();
    let mut has_layer = false;
    for (position, blob) in parts.layers.iter().enumerate() {
        let index = LayerIndex(u16::try_from(position).unwrap_or(u16::MAX));
        let mut layer = open_layer(store, index, blob, &mut warnings)?;
        let first = *first_of
            .entry((&blob.blob, &blob.claims.media_type))
            .or_insert(position);
        if let Some(first) = layers.get(first) {
            layer.source = Arc::clone(&first.source);
        }
        layer.diff_id = diff_ids.get(position).cloned().flatten();
        layer.history = pairs.get(position).copied();
        has_layer |= is_like_layer(blob) || layer.source.facts().stored_bytes > 0;
        layers.push(layer);
    }
    if let Some(artifact) = parts.artifact.filter(|_| !has_layer) {
        return Err(Error::NotAnImage {
            name: store.name().to_owned(),
            found: artifact,
        });
    }
    Ok(Image {
        names: parts.names,
        id: parts.id,
        digest: parts.digest,
        platform: join_platforms(config.platform, parts.platform, &mut warnings),
        config: config.config,
        history: config.history,
        annotations: parts.annotations,
        layers,
        writable: None,
        warnings,
    })
}

fn mismatch(message: String) -> Warning {
    Warning::new(WarningCode::MetadataMismatch, message)
}

/// Returns the diff IDs if there is one per layer; fewer or more could belong to any. Where there are more, a layer is not
/// in the image that belongs to it; engines open neither (Docker 20.10: "invalid manifest, layers length mismatch").
fn match_diff_ids(
    diff_ids: &[Option<Digest>],
    layers: usize,
    warnings: &mut Vec<Warning>,
) -> Vec<Option<Digest>> {
    if diff_ids.len() == layers {
        return diff_ids.to_vec();
    }
    let message = format!(
        "the configuration lists {} diff IDs, the manifest {layers} layers",
        diff_ids.len()
    );
    warnings.push(if diff_ids.len() > layers {
        Warning::new(WarningCode::UnreadableLayer, message)
    } else {
        mismatch(message)
    });
    Vec::new()
}

/// Returns for each layer whether it is the empty one.
fn fills(layers: &[LayerBlob], diff_ids: &[Option<Digest>]) -> Vec<LayerFill> {
    layers
        .iter()
        .enumerate()
        .map(|(position, layer)| {
            let diff_id = diff_ids.get(position).and_then(Option::as_ref);
            LayerFill::of(diff_id, layer.claims.digest.as_ref())
        })
        .collect()
}

/// The configuration says what the image runs on; the index may add a variant, or all of it.
fn join_platforms(config: Platform, index: Platform, warnings: &mut Vec<Warning>) -> Platform {
    if config.is_unknown() {
        return index;
    }
    if index.is_unknown() {
        return config;
    }
    if (&config.os, &config.architecture) != (&index.os, &index.architecture) {
        warnings.push(mismatch(format!(
            "the index says {index}, the configuration {config}"
        )));
        return config;
    }
    Platform {
        variant: config.variant.or(index.variant),
        os_version: config.os_version.or(index.os_version),
        ..config
    }
}

fn open_layer(
    store: &dyn BlobStore,
    index: LayerIndex,
    blob: &LayerBlob,
    warnings: &mut Vec<Warning>,
) -> Result<Layer> {
    let missing = UnreadableLayer::new(store.name(), blob.shown());
    let mut layer = Layer {
        digest: blob.claims.digest.clone(),
        media_type: blob.claims.media_type.clone(),
        ..Layer::new(index, Arc::new(missing))
    };
    let opened = blob.blob.as_ref().map(|blob| store.open(blob)).transpose();
    match opened.map(Option::flatten) {
        Ok(None) => {
            if let Some(reason) = foreign(&blob.claims) {
                layer.source = unreadable(store, blob, reason);
            }
        }
        Ok(Some(region)) => {
            layer.stored_bytes = Some(region.length());
            warnings.extend(
                blob.claims
                    .check_size(region.length())
                    .map(|warning| warning.in_layer(index.0)),
            );
            (layer.source, layer.compression) = read_layer(store, blob, region);
        }
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        Err(error) => layer.source = unreadable(store, blob, reason_of(&error)),
    }
    Ok(layer)
}

/// Takes a layer for what its media type says, where that is surely no layer and its content is none either.
fn read_layer(
    store: &dyn BlobStore,
    blob: &LayerBlob,
    region: Region,
) -> (Arc<dyn LayerSource>, Codec) {
    let no_layer = |reason| (unreadable(store, blob, reason), Codec::None);
    let written = blob.claims.media_type.as_deref().unwrap_or_default();
    let shown = path::display_str(written);
    if media_type::is_encrypted(written) {
        return no_layer(format!(
            "it is encrypted ({shown}): `skopeo copy --decryption-key KEY` writes an image that can be read"
        ));
    }
    let recorded = blob.blob.as_ref().and_then(|blob| store.recorded(blob));
    let no_wonder = || no_layer(format!("it is {}, not a layer", kind_of(written)));
    let may_be_layer = media_type::may_be_layer(written);
    if let Some(layer) = recorded {
        if !may_be_layer && !layer.has_entries() {
            return no_wonder();
        }
        let codec = layer.codec();
        return (layer, codec);
    }
    match TarLayer::new(region) {
        Ok(layer) if !may_be_layer && !begins_with_header(&layer) => no_wonder(),
        Ok(layer) => {
            let codec = layer.codec();
            (Arc::new(layer), codec)
        }
        Err(error) => no_layer(error.to_string()),
    }
}

fn begins_with_header(layer: &TarLayer) -> bool {
    layer
        .head(512)
        .is_ok_and(|head| TarLayer::begins_with_header(&head))
}

/// Whether a layer is one as far as its media type tells.
fn is_like_layer(blob: &LayerBlob) -> bool {
    media_type::may_be_layer(blob.claims.media_type.as_deref().unwrap_or_default())
}

/// Says where a layer is to be had that is not saved with its image.
fn foreign(claims: &Descriptor) -> Option<String> {
    let written = claims.media_type.as_deref().unwrap_or_default();
    match claims.urls.first() {
        Some(url) => Some(format!(
            "it is a foreign layer, to be had at {}",
            path::display_str(url)
        )),
        None if media_type::is_foreign(written) => {
            Some("it is a foreign layer, which is not saved with its image".into())
        }
        None => None,
    }
}

fn unreadable(store: &dyn BlobStore, blob: &LayerBlob, reason: String) -> Arc<dyn LayerSource> {
    Arc::new(UnreadableLayer::new(store.name(), blob.shown()).because(reason))
}

/// Returns the innermost cause of an error.
fn reason_of(error: &Error) -> String {
    match error {
        Error::BadDocument { reason, .. } => reason.clone(),
        Error::Open { source, .. } | Error::Read { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
