//! Which documents a place holds, and which of them to believe.
//!
//! One archive may be described twice, by `manifest.json` and by `index.json`; either half can be unusable.
//! Both are read, and each image is taken from where its blobs are.

use super::blobs::{
    BlobRef, BlobStore, is_for_others, may_be_list, read_document, read_json, unusable,
};
use super::catalog::{Catalog, Origin};
use super::described::{Descriptor, LayerBlob};
use super::locator::Reading;
use super::manifest::DocumentKind;
use super::{docker, oci, v1};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::json::{BYTE_ORDER_MARK, Json};
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

/// What looking for documents came to.
#[derive(Debug)]
pub(super) enum Search {
    Image(Description),
    /// Nothing says that this is an image. The warnings are about documents that are none.
    Nothing(Vec<Warning>),
}

/// A document that is there and cannot be used.
struct Refused {
    document: &'static str,
    error: Error,
}

/// Looks for documents.
///
/// # Errors
/// When a document that must be used cannot be, or [`Error::Interrupted`].
pub(super) fn find(store: &dyn BlobStore, reading: Reading, job: &Job) -> Result<Search> {
    let only = |form, catalog: Option<Catalog>| match catalog {
        None => Search::Nothing(Vec::new()),
        Some(catalog) => Search::Image(Description {
            form,
            catalog,
            warnings: Vec::new(),
        }),
    };
    let search = match reading {
        Reading::Sniffed => find_any(store, job)?,
        Reading::DockerArchive => only(DescribedBy::Docker, docker_catalog(store, job)?),
        Reading::OciArchive | Reading::OciDirectory => {
            only(DescribedBy::Oci, oci_catalog(store, job)?)
        }
        Reading::Directory => only(DescribedBy::Single, single_catalog(store, job)?),
        // None holds images as files of these formats.
        Reading::Layer | Reading::Store | Reading::Overlay => Search::Nothing(Vec::new()),
    };
    match search {
        Search::Image(found) if found.catalog.candidates.is_empty() => Err(lists_nothing(store)),
        Search::Image(mut found) => {
            found.warnings.extend(marked_documents(store));
            Ok(Search::Image(found))
        }
        nothing @ Search::Nothing(_) => Ok(nothing),
    }
}

/// Documents behind a byte order mark, as editors on Windows write it, are read here and by no engine (Go,
/// encoding/json: "invalid character 'ï' looking for beginning of value").
fn marked_documents(store: &dyn BlobStore) -> Vec<Warning> {
    let is_marked = |name: &&str| {
        let region = store.open(&BlobRef::member(name)).ok().flatten();
        let head = region.and_then(|region| region.head::<3>().ok());
        head.is_some_and(|head| head == BYTE_ORDER_MARK)
    };
    let warning = |name| {
        let message = format!("{name} begins with a byte order mark: Docker and Podman refuse it");
        Warning::new(WarningCode::MetadataMismatch, message)
    };
    let names = ["manifest.json", "index.json"].into_iter();
    names.filter(is_marked).map(warning).collect()
}

fn lists_nothing(store: &dyn BlobStore) -> Error {
    unusable(store, &BlobRef::member("index.json"), "it lists no images")
}

fn find_any(store: &dyn BlobStore, job: &Job) -> Result<Search> {
    let by_index = stop_if_fatal("index.json", oci_catalog(store, job))?;
    let list = list_document(store);
    let by_list = stop_if_fatal(list, docker_catalog(store, job))?;
    let mut warnings = Vec::new();
    let found = match (by_index, by_list) {
        (Ok(Some(index)), Ok(Some(list))) => {
            let catalog = merge(store, index, list);
            Some((DescribedBy::Docker, catalog))
        }
        (index, Ok(Some(list))) => {
            warnings.extend(index.err().map(|refused| ignored(store, &refused)));
            Some((DescribedBy::Docker, list))
        }
        (Ok(Some(index)), list) if !index.candidates.is_empty() => {
            warnings.extend(list.err().map(|refused| ignored(store, &refused)));
            Some((DescribedBy::Oci, index))
        }
        (Ok(index), Ok(None)) => match single_catalog(store, job)? {
            Some(single) => Some((DescribedBy::Single, single)),
            None => index.map(|index| (DescribedBy::Oci, index)),
        },
        (index, list) => {
            for refused in [index.err(), list.err()].into_iter().flatten() {
                if !is_of_root_file_system(store, refused.document) {
                    return Err(refused.error);
                }
                warnings.push(ignored(store, &refused));
            }
            None
        }
    };
    let Some((form, catalog)) = found else {
        refuse_empty_image(store)?;
        return Ok(Search::Nothing(warnings));
    };
    Ok(Search::Image(Description {
        form,
        catalog,
        warnings,
    }))
}

/// Refuses an archive of blobs that nothing describes: it is an image that was cut, or names nothing.
fn refuse_empty_image(store: &dyn BlobStore) -> Result<()> {
    let signs = store.signs();
    if store.holder() != "archive" {
        return Ok(());
    }
    let mut documents = ["manifest.json", "index.json"].into_iter();
    match documents.find(|document| store.has(document)) {
        Some(document)
            if signs.has_only_blobs() || (signs.has_blobs() && !signs.has_root_directories()) =>
        {
            Err(unusable(
                store,
                &BlobRef::member(document),
                "it names no image",
            ))
        }
        None if signs.has_only_blobs() => {
            let reason = "it is missing; the archive may have been cut short";
            Err(unusable(store, &BlobRef::member("manifest.json"), reason))
        }
        _ => Ok(()),
    }
}

/// Returns which document describes images by the names of their members: `repositories` counts only alone.
fn list_document(store: &dyn BlobStore) -> &'static str {
    if store.has("manifest.json") {
        "manifest.json"
    } else {
        "repositories"
    }
}

/// Keeps an unusable document for later, when the other one may do; interruptions and limits end it all.
fn stop_if_fatal(
    document: &'static str,
    result: Result<Option<Catalog>>,
) -> Result<Result<Option<Catalog>, Refused>> {
    match result {
        Err(error @ (Error::Interrupted | Error::Limit { .. })) => Err(error),
        other => Ok(other.map_err(|error| Refused { document, error })),
    }
}

/// Whether a document that cannot be used is a file of a root file system that happens to have its name. Where that
/// is in doubt it is not: what may be an image must not pass for a layer.
fn is_of_root_file_system(store: &dyn BlobStore, document: &str) -> bool {
    let signs = store.signs();
    if store.holder() != "archive" || signs.has_blobs() {
        return false;
    }
    let blob = BlobRef::member(document);
    match document {
        // Without a layer.tar it leads to no layer (Docker Image Specification v1.0), whatever it is.
        "repositories" => true,
        // Members of a list may have any name. Docker and Podman take nothing but a list.
        "manifest.json" => {
            let is_list = is_for_others(store, &blob) && may_be_list(store, &blob);
            signs.has_root_directories() && !is_list
        }
        _ => signs.has_root_directories(),
    }
}

fn ignored(store: &dyn BlobStore, refused: &Refused) -> Warning {
    let message = match &refused.error {
        Error::BadDocument {
            document, reason, ..
        } => format!("{document} is ignored: {reason}"),
        other => format!("{} is ignored: {other}", refused.document),
    };
    let blob = BlobRef::member(refused.document);
    // Beside a document that was read, one that only engines can read may describe other images.
    let code = if is_for_others(store, &blob) && !is_of_root_file_system(store, refused.document) {
        WarningCode::UnreadDocument
    } else {
        WarningCode::MetadataMismatch
    };
    Warning::new(code, message)
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
    if let Some(json) = read_marker(store, "manifest.json")? {
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
    match read_marker(store, "repositories") {
        Ok(Some(json)) => v1::catalog(store, &json),
        // Engines do not look at it where there is a manifest.json.
        Err(_) if store.has("manifest.json") => Ok(None),
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a document that stands at the top.
fn read_marker(store: &dyn BlobStore, name: &str) -> Result<Option<Json>> {
    let blob = BlobRef::member(name);
    match read_json(store, &blob)? {
        None if store.has(name) => {
            let reason = "it is a link to a file that is not there";
            Err(unusable(store, &blob, reason))
        }
        other => Ok(other),
    }
}

/// `index.json`. The file `oci-layout`, which ought to be beside it, is often forgotten.
fn oci_catalog(store: &dyn BlobStore, job: &Job) -> Result<Option<Catalog>> {
    let blob = BlobRef::member("index.json");
    let is_layout = || matches!(store.open(&BlobRef::member("oci-layout")), Ok(Some(_)));
    match read_marker(store, "index.json")? {
        Some(json) if is_index(&json) || is_layout() || is_like_image(store) => {
            oci::catalog(store, &json, job).map(Some)
        }
        None if is_layout() => Err(unusable(store, &blob, "it is missing")),
        Some(_) | None => Ok(None),
    }
}

/// An `index.json` of something else (a web site has one) has no list of descriptors.
fn is_index(json: &Json) -> bool {
    json.has("manifests") && matches!(json.get("manifests"), Json::Null | Json::List(_))
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

/// Returns whether a place with a document that says nothing of use is an image all the same, rather than a layer in
/// which a file happens to have such a name.
fn is_like_image(store: &dyn BlobStore) -> bool {
    store.holder() == "directory" || store.signs().has_blobs()
}
