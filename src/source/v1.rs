//! Docker's first image format: one JSON file per layer, each naming its parent.
//!
//! Docker Image Specification v1.0. Found in archives from before Docker 1.10 (`repositories`, `<id>/json`,
//! `<id>/layer.tar`) and, as strings, in schema 1 manifests.

use super::blobs::{BlobRef, BlobStore, is_for_others, read_json, unusable};
use super::catalog::{Candidate, Catalog, Origin, Presence, Role, add_names};
use super::described::{DescribedImage, Descriptor, Document, LayerBlob};
use crate::error::{Error, Result};
use crate::image::json::Json;
use crate::image::{ConfigDocument, HistoryEntry};
use crate::limits;
use crate::progress::Job;

/// Lists the images of a `repositories` file: name → tag → ID of the topmost layer. `None` where the document
/// is not of this format.
///
/// # Errors
/// [`Error::Limit`] above [`limits::MANIFESTS`].
pub(super) fn catalog(store: &dyn BlobStore, repositories: &Json) -> Result<Option<Catalog>> {
    let mut catalog = Catalog::default();
    for (name, tags) in repositories.members() {
        for (tag, id) in tags.members() {
            let Some(id) = id.text().filter(|id| is_id(id)) else {
                continue;
            };
            add(store, &mut catalog, id, format!("{name}:{tag}"))?;
        }
    }
    Ok((!catalog.candidates.is_empty()).then_some(catalog))
}

fn add(store: &dyn BlobStore, catalog: &mut Catalog, id: &str, name: String) -> Result<()> {
    let known = catalog
        .candidates
        .iter()
        .position(|known| matches!(&known.origin, Origin::Chain(top) if top == id));
    if let Some(position) = known {
        add_names(&mut catalog.candidates[position].names, vec![name.clone()]);
        add_names(&mut catalog.groups[position].names, vec![name]);
        return Ok(());
    }
    if catalog.candidates.len() >= limits::MANIFESTS {
        return Err(Error::limit(
            store.name(),
            "the number of images in repositories",
            limits::MANIFESTS,
        ));
    }
    let (presence, platform) = match read_json(store, &file_of(id, "json")) {
        Ok(Some(json)) => (Presence::Present, ConfigDocument::read(&json).platform),
        Ok(None) => (Presence::Absent, crate::image::Platform::default()),
        Err(_) if is_for_others(store, &file_of(id, "json")) => {
            (Presence::Unread, crate::image::Platform::default())
        }
        Err(_) => (Presence::Broken, crate::image::Platform::default()),
    };
    catalog.add_alone(Candidate {
        names: vec![name],
        id: None,
        digest: None,
        platform,
        presence,
        role: Role::Image,
        origin: Origin::Chain(id.to_owned()),
    });
    Ok(())
}

/// Describes the image whose topmost layer is `top`.
///
/// # Errors
/// [`Error::BadDocument`] where the chain of parents is broken, a circle, or longer than [`limits::LAYERS`].
pub(super) fn describe(store: &dyn BlobStore, top: &str, job: &Job) -> Result<DescribedImage> {
    let mut chain = Vec::new();
    let mut next = Some(top.to_owned());
    while let Some(id) = next {
        job.check()?;
        let file = file_of(&id, "json");
        if chain.len() >= limits::LAYERS {
            return Err(unusable(store, &file, "its chain of parents has no end"));
        }
        let json =
            read_json(store, &file)?.ok_or_else(|| unusable(store, &file, "it is missing"))?;
        next = json.get("parent").to_text().filter(|parent| is_id(parent));
        chain.push((LayerBlob::from_member(&format!("{id}/layer.tar")), json));
    }
    Ok(from_chain(chain))
}

/// Describes the image of a schema 1 manifest.
///
/// # Errors
/// [`Error::BadDocument`] where layers and history, which this format lists side by side, do not match.
pub(super) fn describe_schema1(
    store: &dyn BlobStore,
    manifest: &Document,
) -> Result<DescribedImage> {
    let layers = manifest.json.get("fsLayers").list();
    let history = manifest.json.get("history").list();
    if layers.len() != history.len() || layers.is_empty() {
        return Err(Error::BadDocument {
            name: store.name().to_owned(),
            document: "the schema 1 manifest".into(),
            reason: format!(
                "it lists {} layers and {} history entries",
                layers.len(),
                history.len()
            ),
        });
    }
    let chain = layers.iter().zip(history).map(|(layer, entry)| {
        let written = layer.get("blobSum").text().unwrap_or_default();
        let claims = Descriptor {
            digest: crate::image::Digest::parse(written),
            written: written.to_owned(),
            ..Descriptor::default()
        };
        let text = entry.get("v1Compatibility").text().unwrap_or("{}");
        let json = Json::parse(text.as_bytes()).unwrap_or_default();
        (LayerBlob::from_descriptor(claims), json)
    });
    let mut parts = from_chain(chain.collect());
    parts.digest.clone_from(&manifest.digest);
    parts.warnings.extend(manifest.warnings.iter().cloned());
    Ok(parts)
}

/// Takes layers with their JSON, topmost first; the topmost is the configuration.
fn from_chain(chain: Vec<(LayerBlob, Json)>) -> DescribedImage {
    let mut config = chain
        .first()
        .map(|(_, top)| ConfigDocument::read(top))
        .unwrap_or_default();
    config.history = chain
        .iter()
        .rev()
        .map(|(_, json)| history_entry(json))
        .collect();
    // The format has no diff IDs; one unknown per layer says so without a mismatch.
    config.diff_ids = vec![None; chain.len()];
    DescribedImage {
        config: Some(config),
        layers: chain.into_iter().rev().map(|(layer, _)| layer).collect(),
        ..DescribedImage::default()
    }
}

/// Every entry has its layer here, `throwaway` ones an empty one.
fn history_entry(json: &Json) -> HistoryEntry {
    let command = json.get("container_config").get("Cmd").texts().join(" ");
    HistoryEntry {
        created_by: Some(command).filter(|command| !command.is_empty()),
        empty_layer: false,
        ..HistoryEntry::read(json)
    }
}

/// IDs become part of a member's name: 64 hex digits, or what test tools write instead.
fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn file_of(id: &str, file: &str) -> BlobRef {
    BlobRef::member(format!("{id}/{file}"))
}
