//! `manifest.json` as `docker save` writes it: a list of images by the names of their members.
//!
//! Docker Image Specification v1.2. Keys come in any case (old Jib writes `repoTags`); an object instead of
//! a list of one is accepted.

use super::blobs::{BlobRef, BlobStore, Budget, read_document};
use super::catalog::{Candidate, Catalog, Origin, Presence, Role};
use super::described::{DescribedImage, Descriptor, DockerEntry, LayerBlob};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest, Platform};
use crate::limits;
use crate::progress::Job;

/// Lists the images of a `manifest.json`; `None` where the document is not of this format.
///
/// # Errors
/// [`Error::Limit`] above [`limits::MANIFESTS`], or [`Error::Interrupted`].
pub(super) fn catalog(store: &dyn BlobStore, json: &Json, job: &Job) -> Result<Option<Catalog>> {
    let elements = match json {
        Json::List(elements) => elements.as_slice(),
        other => std::slice::from_ref(other),
    };
    if elements.len() > limits::MANIFESTS {
        return Err(Error::limit(
            store.name(),
            "the number of images in manifest.json",
            limits::MANIFESTS,
        ));
    }
    let mut catalog = Catalog::default();
    let mut budget = Budget::new();
    for element in elements {
        job.check()?;
        if let Some(entry) = read_entry(element) {
            if let Some(config) = &entry.config {
                budget.charge(store, &BlobRef::member(config))?;
            }
            let candidate = candidate(store, entry, element.get("RepoTags").texts());
            add(&mut catalog, candidate);
        }
    }
    Ok((!catalog.candidates.is_empty()).then_some(catalog))
}

/// Returns whether a document is a list of images, or one such image.
pub(super) fn is_list(json: &Json) -> bool {
    match json {
        Json::List(elements) => elements.iter().any(|element| read_entry(element).is_some()),
        other => read_entry(other).is_some(),
    }
}

/// Reads an element; `None` unless it names a configuration or layers by member.
fn read_entry(element: &Json) -> Option<DockerEntry> {
    let entry = DockerEntry {
        config: element.get("Config").to_text(),
        layers: element.get("Layers").texts(),
        sources: read_sources(element.get("LayerSources")),
    };
    (entry.config.is_some() || !entry.layers.is_empty()).then_some(entry)
}

/// Reads of `LayerSources` what Docker writes of layers of Windows: where they are to be had.
fn read_sources(json: &Json) -> Vec<(String, Descriptor)> {
    let sources = json.members().iter();
    sources
        .map(|(diff_id, json)| (diff_id.clone(), Descriptor::read(json)))
        .filter(|(_, descriptor)| !descriptor.urls.is_empty())
        .collect()
}

/// Tells layers that are not saved with the image where they are to be had.
fn add_sources(parts: &mut DescribedImage, entry: &DockerEntry) {
    let diff_ids = parts.config.iter().flat_map(|config| &config.diff_ids);
    for (layer, diff_id) in parts.layers.iter_mut().zip(diff_ids) {
        let is_its = |(name, _): &&(String, Descriptor)| {
            diff_id
                .as_ref()
                .is_some_and(|diff_id| diff_id.as_str() == name)
        };
        if let Some((_, source)) = entry.sources.iter().find(is_its) {
            layer.claims.urls.clone_from(&source.urls);
        }
    }
}

fn candidate(store: &dyn BlobStore, entry: DockerEntry, names: Vec<String>) -> Candidate {
    let (id, platform, config_is_there) = match load_config(store, &entry) {
        Ok(Some((id, config))) => (id, config.platform, true),
        Ok(None) => (named_id(&entry), Platform::default(), false),
        Err(_) => (named_id(&entry), Platform::default(), true),
    };
    let has_layer = || layers(&entry).any(|layer| layer.is_present(store));
    let presence = if config_is_there || entry.layers.is_empty() || has_layer() {
        Presence::Present
    } else {
        Presence::Absent
    };
    Candidate {
        names,
        id,
        digest: None,
        platform,
        presence,
        role: Role::Image,
        origin: Origin::Docker(entry),
    }
}

/// Several elements with one configuration and the same layers are one image with several names.
fn add(catalog: &mut Catalog, candidate: Candidate) {
    let same = |known: &Candidate| match (&known.origin, &candidate.origin) {
        (Origin::Docker(known), Origin::Docker(new)) => {
            known.config.is_some() && known.config == new.config && known.layers == new.layers
        }
        _ => false,
    };
    match catalog.candidates.iter().position(same) {
        Some(position) => {
            super::catalog::add_names(&mut catalog.groups[position].names, candidate.names.clone());
            super::catalog::add_names(&mut catalog.candidates[position].names, candidate.names);
        }
        None => catalog.add_alone(candidate),
    }
}

fn layers(entry: &DockerEntry) -> impl Iterator<Item = LayerBlob> {
    entry.layers.iter().map(|name| LayerBlob::from_member(name))
}

/// Returns the ID that the configuration's name carries: `<hex>.json`, `sha256:<hex>`, `blobs/sha256/<hex>`.
fn named_id(entry: &DockerEntry) -> Option<Digest> {
    let name = entry.config.as_deref()?;
    let last = name.rsplit(['/', ':']).next().unwrap_or(name);
    let hex = last.strip_suffix(".json").unwrap_or(last);
    Digest::parse(&format!("sha256:{hex}"))
}

/// Reads the configuration and the digest of its content; `None` where it is not there.
fn load_config(
    store: &dyn BlobStore,
    entry: &DockerEntry,
) -> Result<Option<(Option<Digest>, ConfigDocument)>> {
    let Some(name) = &entry.config else {
        return Ok(None);
    };
    let blob = BlobRef::member(name);
    let Some(bytes) = read_document(store, &blob)? else {
        return Ok(None);
    };
    let json =
        Json::parse(&bytes).map_err(|reason| super::blobs::unusable(store, &blob, reason))?;
    Ok(Some((
        Some(Digest::of(&bytes)),
        ConfigDocument::read(&json),
    )))
}

/// Returns how many layers of an element are in the store.
pub(super) fn present_layers(store: &dyn BlobStore, entry: &DockerEntry) -> usize {
    layers(entry)
        .filter(|layer| layer.is_present(store))
        .count()
}

/// Describes the image of an element.
///
/// # Errors
/// Only [`Error::Interrupted`]: a configuration may be in any state.
pub(super) fn describe(store: &dyn BlobStore, entry: &DockerEntry) -> Result<DescribedImage> {
    let mut parts = DescribedImage {
        layers: layers(entry).collect(),
        id: named_id(entry),
        ..DescribedImage::default()
    };
    let shown = entry
        .config
        .as_deref()
        .map_or_else(|| "of the image".into(), crate::path::display_str);
    let problem = match load_config(store, entry) {
        Ok(Some((found, config))) => {
            parts.config = Some(config);
            add_sources(&mut parts, entry);
            note_digest(&mut parts, found, &shown);
            return Ok(parts);
        }
        Ok(None) => format!("the configuration {shown} is missing"),
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        Err(Error::BadDocument { reason, .. }) => {
            format!("the configuration {shown} cannot be used: {reason}")
        }
        Err(error) => format!("the configuration {shown} cannot be used: {error}"),
    };
    parts
        .warnings
        .push(Warning::new(WarningCode::BadConfig, problem));
    Ok(parts)
}

/// Docker's image ID is the digest of the configuration; the name repeats it.
fn note_digest(parts: &mut DescribedImage, found: Option<Digest>, shown: &str) {
    if let (Some(named), Some(found)) = (&parts.id, &found)
        && named != found
    {
        let message = format!("the content of configuration {shown} has digest {found}");
        parts
            .warnings
            .push(Warning::new(WarningCode::DigestMismatch, message));
    }
    parts.id = found;
}
