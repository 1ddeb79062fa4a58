//! Artifacts of Podman 5: an OCI layout in `artifacts/` (containers/common, pkg/libartifact/store).

use std::collections::{BTreeMap, BTreeSet};

use crate::beneath::Beneath;
use crate::image::Digest;
use crate::image::json::Json;
use crate::limits;
use crate::store::{Exit, Extra, ExtraKind, Location, Orphan, PieceId, Role, Store};

const BLOBS: &[u8] = b"artifacts/blobs/sha256";

/// What names an artifact in the index (OCI image-spec, annotations.md).
const NAME: &str = "org.opencontainers.image.ref.name";

/// Adds every artifact with its blobs, and says which blobs are nobody's.
pub(super) fn add(store: &mut Store) {
    let root = store.root.clone();
    let Some(index) = document(&root, b"artifacts/index.json") else {
        return;
    };
    let names = root.names(BLOBS, limits::STORE_NAMES).ok().flatten();
    let mut blobs: BTreeMap<Vec<u8>, PieceId> = BTreeMap::new();
    for name in names.unwrap_or_default() {
        let place = [BLOBS, b"/", &name].concat();
        let piece = store.add_piece(Location::new(&root, place), Role::Extra);
        blobs.insert(name, piece);
    }
    let mut kept: BTreeSet<PieceId> = BTreeSet::new();
    let mut is_whole = true;
    for entry in index.get("manifests").list() {
        let Some(digest) = entry.get("digest").text().and_then(Digest::parse) else {
            is_whole = false;
            continue;
        };
        let place = [BLOBS, b"/", digest.encoded().as_bytes()].concat();
        let manifest = document(&root, &place);
        is_whole &= manifest.is_some();
        let manifest = manifest.unwrap_or_default();
        let layers = manifest.get("layers").list().iter();
        let parts = layers.chain([manifest.get("config")]);
        let parts = parts.filter_map(|part| part.get("digest").text().and_then(Digest::parse));
        let all: BTreeSet<Digest> = parts.chain([digest.clone()]).collect();
        let own = all
            .iter()
            .map(|digest| digest.encoded().as_bytes().to_vec());
        let pieces: Vec<PieceId> = own.filter_map(|name| blobs.get(&name).copied()).collect();
        kept.extend(&pieces);
        let name = entry.get("annotations").get(NAME).text();
        store.extras.push(Extra {
            kind: ExtraKind::Artifact,
            name: name.map_or_else(|| digest.to_string(), str::to_owned),
            pieces,
        });
    }
    if is_whole {
        for piece in blobs.into_values().filter(|piece| !kept.contains(piece)) {
            store.disown(Orphan {
                piece,
                reason: "no artifact has this blob".into(),
                kind: "unreferenced-blob",
                since: None,
                exit: Exit::ByHand,
            });
        }
    }
}

fn document(root: &Beneath, place: &[u8]) -> Option<Json> {
    let bytes = root.read(place, limits::DOCUMENT_BYTES).ok().flatten()?;
    Json::parse(&bytes).ok()
}
