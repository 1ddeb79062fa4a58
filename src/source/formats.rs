//! Which documents a place holds, and which of them to believe.
//!
//! One archive may be described twice, by `manifest.json` and by `index.json`; either half can be unusable.
//! Both are read, and each image is taken from where its blobs are.

use super::blobs::{BlobRef, BlobStore, read_document, read_json, unusable};
use super::catalog::{Catalog, Origin};
use super::described::{Descriptor, LayerBlob};
use super::locator::Reading;
use super::manifest::DocumentKind;
use super::{docker, oci, v1};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::json::Json;
use crate::progress::Job;

/// How a source is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DescribedBy {
    /// By `manifest.json` as a list, or `repositories`.
    Docker,
    /// By `index.json`.
    Oci,
    /// By `manifest.json` that is a manifest or an index itself.
    Single,
}

/// A description of at least one image.
#[derive(Debug)]
pub(super) struct Description {
    pub form: DescribedBy,
    pub catalog: Catalog,
    pub warnings: Vec<Warning>,
}

/// Looks for documents; `None` where nothing says that this is an image.
///
/// # Errors
/// When a document that must be used cannot be, or [`Error::Interrupted`].
pub(super) fn find(
    store: &dyn BlobStore,
    reading: Reading,
    job: &Job,
) -> Result<Option<Description>> {
    let only = |form, catalog: Option<Catalog>| {
        catalog.map(|catalog| Description {
            form,
            catalog,
            warnings: Vec::new(),
        })
    };
    let found = match reading {
        Reading::Sniffed => find_any(store, job)?,
        Reading::DockerArchive => only(DescribedBy::Docker, docker_catalog(store, job)?),
        Reading::OciArchive | Reading::OciDirectory => {
            only(DescribedBy::Oci, oci_catalog(store, job)?)
        }
        Reading::Directory => only(DescribedBy::Single, single_catalog(store, job)?),
        // Neither holds images as files of these formats.
        Reading::Store | Reading::Overlay => None,
    };
    match found {
        Some(found) if found.catalog.candidates.is_empty() => Err(lists_nothing(store)),
        found => Ok(found),
    }
}

fn lists_nothing(store: &dyn BlobStore) -> Error {
    unusable(store, &BlobRef::member("index.json"), "it lists no images")
}

fn find_any(store: &dyn BlobStore, job: &Job) -> Result<Option<Description>> {
    let by_index = stop_if_fatal(oci_catalog(store, job))?;
    let by_list = stop_if_fatal(docker_catalog(store, job))?;
    let mut warnings = Vec::new();
    let found = match (by_index, by_list) {
        (Ok(Some(index)), Ok(Some(list))) => {
            let catalog = merge(store, index, list);
            Some((DescribedBy::Docker, catalog))
        }
        (index, Ok(Some(list))) => {
            warnings.extend(index.err().map(|error| ignored(&error)));
            Some((DescribedBy::Docker, list))
        }
        (Ok(Some(index)), list) if !index.candidates.is_empty() => {
            warnings.extend(list.err().map(|error| ignored(&error)));
            Some((DescribedBy::Oci, index))
        }
        (Ok(index), Ok(None)) => match single_catalog(store, job)? {
            Some(single) => Some((DescribedBy::Single, single)),
            None => index.map(|index| (DescribedBy::Oci, index)),
        },
        (Err(error), _) | (_, Err(error)) if is_like_image(store) => return Err(error),
        _ => None,
    };
    if found.is_none() && holds_only_an_image(store) {
        let names = store.names();
        let is_there = |name: &&str| names.iter().any(|found| found == name.as_bytes());
        let (document, reason) = match ["manifest.json", "index.json"].into_iter().find(is_there) {
            Some(document) => (document, "it names no image"),
            None => (
                "manifest.json",
                "it is missing; the archive may have been cut short",
            ),
        };
        return Err(unusable(store, &BlobRef::member(document), reason));
    }
    Ok(found.map(|(form, catalog)| Description {
        form,
        catalog,
        warnings,
    }))
}

/// Keeps an unusable document for later, when the other one may do; interruptions and limits end it all.
fn stop_if_fatal(result: Result<Option<Catalog>>) -> Result<Result<Option<Catalog>>> {
    match result {
        Err(error @ (Error::Interrupted | Error::Limit { .. })) => Err(error),
        other => Ok(other),
    }
}

fn ignored(error: &Error) -> Warning {
    let message = match error {
        Error::BadDocument {
            document, reason, ..
        } => format!("{document} is ignored: {reason}"),
        other => format!("a document is ignored: {other}"),
    };
    Warning::new(WarningCode::MetadataMismatch, message)
}

/// Takes images from the index and from `manifest.json`, each from where more of its layers are.
fn merge(store: &dyn BlobStore, index: Catalog, list: Catalog) -> Catalog {
    if !index.has_any_present() && !list.has_any_present() {
        return if index.candidates.is_empty() {
            list
        } else {
            index
        };
    }
    let mut catalog = index;
    catalog.merge(list, |by_index, by_list| match (by_index, by_list) {
        (Origin::Manifest(descriptor), Origin::Docker(entry)) => {
            docker::present_layers(store, entry) > present_layers(store, descriptor)
        }
        _ => false,
    });
    catalog
}

fn present_layers(store: &dyn BlobStore, descriptor: &Descriptor) -> usize {
    let Ok(Some(manifest)) = descriptor.load(store) else {
        return 0;
    };
    let layers = manifest.json.get("layers").list().iter();
    layers
        .map(|layer| LayerBlob::from_descriptor(Descriptor::read(layer)))
        .filter(|layer| layer.is_present(store))
        .count()
}

/// `manifest.json` as a list; without one, `repositories`.
fn docker_catalog(store: &dyn BlobStore, job: &Job) -> Result<Option<Catalog>> {
    if let Some(json) = read_json(store, &BlobRef::member("manifest.json"))? {
        if docker::is_list(&json) {
            return docker::catalog(store, &json, job);
        }
        if matches!(json, Json::List(_)) && is_like_image(store) {
            return Err(unusable(
                store,
                &BlobRef::member("manifest.json"),
                "it lists no images",
            ));
        }
    }
    match read_json(store, &BlobRef::member("repositories"))? {
        Some(json) => v1::catalog(store, &json),
        None => Ok(None),
    }
}

/// `index.json`. The file `oci-layout`, which ought to be beside it, is often forgotten.
fn oci_catalog(store: &dyn BlobStore, job: &Job) -> Result<Option<Catalog>> {
    let blob = BlobRef::member("index.json");
    let is_layout = || matches!(store.open(&BlobRef::member("oci-layout")), Ok(Some(_)));
    match read_json(store, &blob)? {
        Some(json) if is_index(&json) || is_layout() || is_like_image(store) => {
            oci::catalog(store, &json, job).map(Some)
        }
        None if is_layout() => Err(unusable(store, &blob, "it is missing")),
        Some(_) | None => Ok(None),
    }
}

/// An `index.json` of something else (a web site has one) has no list of descriptors.
fn is_index(json: &Json) -> bool {
    let names_manifests = json
        .members()
        .iter()
        .any(|(key, _)| key.eq_ignore_ascii_case("manifests"));
    names_manifests && matches!(json.get("manifests"), Json::Null | Json::List(_))
}

/// `manifest.json` that is a manifest, as skopeo's `dir:` has it, or an index, as `--all` makes it.
fn single_catalog(store: &dyn BlobStore, job: &Job) -> Result<Option<Catalog>> {
    let blob = BlobRef::member("manifest.json");
    let Some(bytes) = read_document(store, &blob)? else {
        return Ok(None);
    };
    let json = Json::parse(&bytes).map_err(|reason| unusable(store, &blob, reason))?;
    match DocumentKind::of(&json) {
        DocumentKind::Manifest | DocumentKind::Schema1 => {
            Ok(Some(oci::single(store, &json, bytes)))
        }
        DocumentKind::Index => oci::catalog(store, &json, job).map(Some),
        DocumentKind::Artifact | DocumentKind::Unknown => Ok(None),
    }
}

/// Returns whether a place with an unusable document is an image all the same, rather than a layer in which
/// a file happens to have such a name.
fn is_like_image(store: &dyn BlobStore) -> bool {
    let is_hex = |name: &[u8]| {
        let stem = name.split(|&byte| byte == b'.').next().unwrap_or(name);
        stem.len() == 64 && stem.iter().all(u8::is_ascii_hexdigit)
    };
    store.holder() == "directory"
        || store
            .names()
            .iter()
            .any(|name| name == b"blobs" || name == b"oci-layout" || is_hex(name))
}

/// Returns whether an archive holds nothing but blobs and the documents about them. `docker save` writes those
/// last: none is left where it was cut.
fn holds_only_an_image(store: &dyn BlobStore) -> bool {
    const DOCUMENTS: [&[u8]; 4] = [
        b"manifest.json",
        b"index.json",
        b"oci-layout",
        b"repositories",
    ];
    let is_part = |name: &[u8]| name == b"blobs" || name.len() >= 64 || DOCUMENTS.contains(&name);
    store.holder() == "archive"
        && store.names().iter().all(|name| is_part(name))
        && is_like_image(store)
}
