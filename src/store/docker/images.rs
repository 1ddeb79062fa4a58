//! Images: `imagedb/` has their configurations and parents, `repositories.json` their names.

use std::collections::{BTreeMap, HashMap};

use crate::error::{Result, WarningCode};
use crate::image::json::Json;
use crate::image::{ConfigDocument, Digest};
use crate::{limits, path};

use super::super::{ImageId, LayerId, Naming, Ownership, Role, StoredImage};
use super::reader::DockerReader;
use super::records::place;

/// What names an image.
#[derive(Debug, Default)]
struct Names {
    tags: Vec<String>,
    digests: Vec<String>,
}

/// Reads every image, the newest first as `docker images` lists them.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Result<()> {
    let mut names = read_names(reader);
    let folder = reader.image(&[b"imagedb", b"content", b"sha256"]);
    let ids = list(reader, &folder);
    let mut images = Vec::new();
    let mut budget = limits::LISTED_BYTES;
    for name in ids {
        reader.check()?;
        let at = place(&[&folder, &name]);
        let Some(id) = Digest::from_name(&name) else {
            reader.records.bad(&at, "its name is not a digest");
            continue;
        };
        let own = names.remove(&id).unwrap_or_default();
        images.push(read_image(reader, id, at, own, &mut budget));
    }
    for id in names.keys() {
        let at = reader.image(&[b"repositories.json"]);
        let reason = format!(
            "it names the image {}, which is not in the store",
            id.short()
        );
        reader.records.bad(&at, reason);
    }
    images.sort_by_cached_key(|image| {
        let created = image.created.as_deref().and_then(|time| time.parse().ok());
        (
            std::cmp::Reverse(created.unwrap_or(jiff::Timestamp::MIN)),
            image.id.clone(),
        )
    });
    reader.by_image = images
        .iter()
        .zip(0..)
        .filter_map(|(image, at)| Some((image.id.clone()?, ImageId(at))))
        .collect();
    reader.store.images = images;
    connect(reader);
    Ok(())
}

/// Where images are out of reach, their layers look like nobody's.
fn list(reader: &mut DockerReader<'_>, folder: &[u8]) -> Vec<Vec<u8>> {
    let is_lost = reader.records.is_missing(folder) && !reader.by_chain.is_empty();
    if is_lost {
        reader.records.lost(folder, "layers of images");
    }
    let names = reader.records.listed(folder);
    if is_lost || names.is_err() {
        reader.store.ownership = Ownership::InPart;
    }
    names.unwrap_or_else(|reason| {
        let location = reader.location(folder.to_vec());
        reader
            .store
            .add_unreachable(location, Role::Bookkeeping, reason);
        Vec::new()
    })
}

/// `{"Repositories":{"stores/one":{"stores/one:latest":"sha256:…","stores/one@sha256:…":"sha256:…"}}}`
/// (moby, reference/store.go).
fn read_names(reader: &mut DockerReader<'_>) -> BTreeMap<Digest, Names> {
    let at = reader.image(&[b"repositories.json"]);
    let document = reader.records.json(&at, limits::RECORD_BYTES);
    if document.is_none() && matches!(reader.records.root().status(&at), Ok(None)) {
        note_missing_names(reader, &at);
    }
    if document.is_none() {
        reader.store.naming = Naming::Unknown;
    }
    let document = document.unwrap_or_default();
    let mut names: BTreeMap<Digest, Names> = BTreeMap::new();
    for (_, references) in document.get("Repositories").members() {
        for (name, id) in references.members() {
            let Some(id) = id.text().and_then(Digest::parse) else {
                let reason = format!("{} names no image", path::display_str(name));
                reader.records.bad(&at, reason);
                continue;
            };
            let names = names.entry(id).or_default();
            if name.contains('@') {
                names.digests.push(name.clone());
            } else {
                names.tags.push(name.clone());
            }
        }
    }
    names
}

/// Without its file of names every image looks like one that has none. Docker writes the file when it starts, so
/// that it was lost where it is missing and there are images (moby, reference/store.go, `NewReferenceStore`).
fn note_missing_names(reader: &mut DockerReader<'_>, at: &[u8]) {
    let folder = reader.image(&[b"imagedb", b"content", b"sha256"]);
    if !reader.records.names(&folder).is_empty() {
        reader
            .records
            .bad(at, "it is missing; the names of images are unknown");
    }
}

fn read_image(
    reader: &mut DockerReader<'_>,
    id: Digest,
    at: Vec<u8>,
    names: Names,
    budget: &mut u64,
) -> StoredImage {
    let document = read_config(reader, &id, &at, budget);
    if document.is_none() {
        reader.store.ownership = Ownership::InPart;
    }
    let document = ConfigDocument::read(&document.unwrap_or_default());
    let diff_ids: Vec<Digest> = document.diff_ids.iter().map_while(Clone::clone).collect();
    let mut layers = find_layers(reader, &at, &diff_ids);
    layers.resize(document.diff_ids.len().min(limits::LAYERS + 1), None);
    let metadata = reader.image(&[b"imagedb", b"metadata", b"sha256", id.encoded().as_bytes()]);
    let mut pieces = vec![reader.piece(at.clone(), Role::Bookkeeping)];
    if reader.records.is_directory(&metadata) {
        pieces.push(reader.piece(metadata, Role::Bookkeeping));
    }
    if layers.iter().any(Option::is_none) {
        pieces.extend(reader.layers_out_of_reach);
    }
    let digest = names.digests.iter();
    let digest = digest.filter_map(|name| Digest::parse(name.split_once('@')?.1));
    StoredImage {
        digest: digest.min(),
        names: sorted(if names.tags.is_empty() {
            names.digests
        } else {
            names.tags
        }),
        id: Some(id),
        platform: document.platform,
        created: document.config.created,
        config: Some(reader.location(at)),
        layers,
        diff_ids,
        pieces,
        parent: None,
        namespace: None,
        is_intermediate: false,
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

fn read_config(
    reader: &mut DockerReader<'_>,
    id: &Digest,
    at: &[u8],
    budget: &mut u64,
) -> Option<Json> {
    let limit = limits::DOCUMENT_BYTES;
    if *budget == 0 {
        let shown = reader.records.root().shown(at);
        let message = format!("{shown} is not read: configurations are too long in all");
        reader.records.warn(WarningCode::LimitReached, message);
        return None;
    }
    let bytes = reader.records.bytes(at, limit)?;
    *budget = budget.saturating_sub(bytes.len() as u64);
    if Digest::of(&bytes) != *id {
        // moby leaves such an image out (image/fs.go, get).
        let shown = reader.records.root().shown(at);
        let message = format!("{shown}: its content has another digest than its name says");
        reader.records.warn(WarningCode::DigestMismatch, message);
    }
    match Json::parse(&bytes) {
        Ok(document) => Some(document),
        Err(reason) => {
            reader.records.bad(at, reason);
            None
        }
    }
}

fn find_layers(
    reader: &mut DockerReader<'_>,
    at: &[u8],
    diff_ids: &[Digest],
) -> Vec<Option<LayerId>> {
    let mut below: Option<Digest> = None;
    let mut layers = Vec::new();
    // One more than can be opened, so that opening says so.
    for diff_id in diff_ids.iter().take(limits::LAYERS + 1) {
        below = Some(Digest::chain_id(below.as_ref(), diff_id));
        let layer = below.as_ref().and_then(|chain| reader.by_chain.get(chain));
        layers.push(layer.copied());
    }
    let missing = layers.iter().filter(|layer| layer.is_none()).count();
    if missing > 0 && reader.layers_out_of_reach.is_none() {
        let reason = format!(
            "{missing} of its {} layers are not in the store",
            layers.len()
        );
        reader.records.bad(at, reason);
    }
    layers
}

/// Finds what each image was built from, and which are steps of a build: those that have no name and something
/// built on them (moby, `daemon/images/image_list.go`).
fn connect(reader: &mut DockerReader<'_>) {
    let by_image: HashMap<Digest, ImageId> = reader.by_image.clone();
    let mut has_children = vec![false; reader.store.images.len()];
    for at in 0..reader.store.images.len() {
        let Some(id) = reader.store.images[at].id.clone() else {
            continue;
        };
        let file = [
            b"imagedb",
            &b"metadata"[..],
            b"sha256",
            id.encoded().as_bytes(),
            b"parent",
        ];
        let file = reader.image(&file);
        let parent = reader.records.digest(&file);
        // The parent may have been removed since, and stays named.
        let parent = parent.and_then(|parent| by_image.get(&parent)).copied();
        reader.store.images[at].parent = parent;
        if let Some(parent) = parent {
            has_children[parent.as_usize()] = true;
        }
    }
    for (image, has_children) in reader.store.images.iter_mut().zip(has_children) {
        image.is_intermediate = has_children && image.names.is_empty();
    }
}
