//! Plugins that Docker manages itself: `plugins/<id>` has one unpacked, `plugins/storage` the blobs that they came in
//! (moby, plugin/manager.go, plugin/v2/plugin.go).

use std::collections::{BTreeMap, BTreeSet};

use crate::beneath::Beneath;
use crate::image::Digest;
use crate::image::json::Json;
use crate::limits;

use super::places::is_directory;
use super::{Exit, Extra, ExtraKind, Location, Orphan, PieceId, Role, Store};

const BLOBS: &[u8] = b"plugins/storage/blobs/sha256";

/// Adds every plugin of a data root with the blobs that it came in.
pub(super) fn add(store: &mut Store, root: &Beneath) {
    let ids = names(root, b"plugins").into_iter();
    let settings: Vec<(Vec<u8>, Option<Json>)> = ids
        .map(|id| [&b"plugins/"[..], &id].concat())
        .filter(|at| is_plugin(root, at))
        .map(|at| (at.clone(), read(root, &at)))
        .collect();
    if settings.is_empty() {
        return;
    }
    let mut blobs: BTreeMap<Vec<u8>, PieceId> = BTreeMap::new();
    for name in names(root, BLOBS) {
        let place = [BLOBS, b"/", &name].concat();
        let piece = store.add_piece(Location::new(root, place), Role::Extra);
        blobs.insert(name, piece);
    }
    let mut kept: BTreeSet<PieceId> = BTreeSet::new();
    for (at, settings) in &settings {
        let mut pieces = vec![store.add_piece(Location::new(root, at.clone()), Role::Extra)];
        let settings = settings.clone().unwrap_or_default();
        let own = blobs_of(&settings);
        pieces.extend(
            own.iter()
                .filter_map(|digest| blobs.get(digest.encoded().as_bytes())),
        );
        kept.extend(&pieces);
        store.extras.push(Extra {
            kind: ExtraKind::Plugin {
                is_enabled: settings.get("plugin").get("Enabled").is_true(),
            },
            name: name_of(&settings, at),
            pieces,
        });
    }
    // Without its settings nobody knows which blobs are a plugin's.
    if settings.iter().all(|(_, settings)| settings.is_some()) {
        for piece in blobs.into_values().filter(|piece| !kept.contains(piece)) {
            store.disown(Orphan {
                piece,
                reason: "a blob of a plugin that is gone".into(),
                kind: "unreferenced-blob",
                since: modified(root, &store.piece(piece).location.path),
                exit: Exit::NextPlugin,
            });
        }
    }
}

#[allow(
    clippy::useless_conversion,
    clippy::allow_attributes,
    reason = "the width of a time depends on the system"
)]
fn modified(root: &Beneath, place: &[u8]) -> Option<i64> {
    let found = root.status(place).ok().flatten()?;
    i64::try_from(found.st_mtime).ok()
}

fn names(root: &Beneath, place: &[u8]) -> Vec<Vec<u8>> {
    let names = root.names(place, limits::STORE_NAMES);
    names.ok().flatten().unwrap_or_default()
}

fn is_plugin(root: &Beneath, at: &[u8]) -> bool {
    let settings = [at, b"/config.json"].concat();
    is_directory(root, at) && !matches!(root.status(&settings), Ok(None))
}

/// Returns the settings of a plugin; `None` where they cannot be read.
fn read(root: &Beneath, at: &[u8]) -> Option<Json> {
    let place = [at, b"/config.json"].concat();
    let bytes = root.read(&place, limits::DOCUMENT_BYTES).ok().flatten()?;
    Json::parse(&bytes).ok()
}

/// By a name as `docker plugin ls` has it; its directory is its ID.
fn name_of(settings: &Json, at: &[u8]) -> String {
    match settings.get("plugin").get("Name").text() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => {
            let id = at.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            crate::path::display(id).into_owned()
        }
    }
}

fn blobs_of(settings: &Json) -> Vec<Digest> {
    let own = ["Config", "Manifest"].map(|key| settings.get(key).to_text());
    let layers = settings.get("Blobsums").texts();
    own.into_iter()
        .flatten()
        .chain(layers)
        .filter_map(|digest| Digest::parse(&digest))
        .collect()
}
