//! What lies in the store and belongs to nobody.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::driver_root::DriverRoot;
use super::layers::{Layers, Use};
use super::records::{Condition, Readability, unusable};
use crate::limits;
use crate::store::places::is_directory;
use crate::store::{Exit, Location, Orphan, Role, Store};

/// Unpacking and removing take minutes; what is older was left behind.
const IN_PROGRESS: Duration = Duration::from_secs(24 * 60 * 60);

/// Finds everything without an owner; what has no record counts only where all records were read.
pub(super) fn add(store: &mut Store, place: &DriverRoot, layers: &Layers) {
    unused_layers(store, place, layers);
    if place.layers.readability != Readability::Partial {
        directories_without_layer(store, place, layers);
        records_without_layer(store, place, layers);
    }
    in_progress(store, place);
    let images = place
        .images
        .elements
        .iter()
        .map(|record| record.id.as_str());
    let containers = place
        .containers
        .elements
        .iter()
        .map(|record| record.id.as_str());
    if place.images.readability == Readability::Whole {
        let known: BTreeSet<&str> = images.collect();
        directories(store, place, ("images", "image"), &known);
    }
    if place.containers.readability == Readability::Whole {
        let known: BTreeSet<&str> = containers.collect();
        directories(store, place, ("containers", "container"), &known);
    }
}

fn unused_layers(store: &mut Store, place: &DriverRoot, layers: &Layers) {
    let whole = [place.images.readability, place.containers.readability]
        .iter()
        .all(|&readability| readability != Readability::Partial)
        && place.layers.readability == Readability::Whole;
    for (position, origin) in layers.origins.iter().enumerate() {
        let half_made = origin.record.condition == Condition::HalfMade;
        let unused = layers.uses[position] == Use::None && whole;
        if origin.place != 0 || !(half_made || unused) {
            continue;
        }
        let (kind, reason) = if half_made {
            (
                "half-removed-layer",
                "the engine was stopped while it made or removed the layer",
            )
        } else {
            (
                "unreferenced-layer",
                "no image, container or other layer in use stands on it",
            )
        };
        let Some(&piece) = store.layers[position].pieces.first() else {
            continue;
        };
        store.disown(Orphan {
            piece,
            reason: reason.into(),
            kind,
            since: origin.record.created,
            exit: Exit::Recorded,
        });
    }
}

fn directories_without_layer(store: &mut Store, place: &DriverRoot, layers: &Layers) {
    for name in place.ids() {
        let known = std::str::from_utf8(name).is_ok_and(|id| layers.find(id).is_some());
        if !known {
            let path = [place.holder().as_bytes(), b"/", name].concat();
            let reason = "the engine has no record of such a layer";
            orphan(
                store,
                Location::new(&place.root, path),
                "unreferenced-directory",
                reason,
            );
        }
    }
}

/// Both the records of tars and the directories with further documents of layers.
fn records_without_layer(store: &mut Store, place: &DriverRoot, layers: &Layers) {
    for name in &place.beside {
        let id = name.strip_suffix(b".tar-split.gz").unwrap_or(name);
        let known = std::str::from_utf8(id).is_ok_and(|id| layers.find(id).is_some());
        if known || is_document(name) || name.starts_with(b".") || name == b"tmp" {
            continue;
        }
        let above = format!("{}-layers/", place.driver);
        let path = [above.as_bytes(), name].concat();
        let reason = "the engine has no record of such a layer";
        orphan(
            store,
            Location::new(&place.root, path),
            "unreferenced-blob",
            reason,
        );
    }
}

/// The engine's own lists, and what it locks them with.
fn is_document(name: &[u8]) -> bool {
    name.ends_with(b".json") || name.ends_with(b".lock")
}

/// Layers being unpacked or removed (containers/storage, drivers/overlay/overlay.go, stagingDir; tempdir).
fn in_progress(store: &mut Store, place: &DriverRoot) {
    // The last since Podman 5 (containers/storage, layers.go).
    for holder in ["/staging", "/tempdirs", "-layers/tmp"] {
        let above = format!("{}{holder}", place.driver);
        let names = place.root.names(above.as_bytes(), limits::STORE_NAMES);
        for name in names.ok().flatten().unwrap_or_default() {
            let path = [above.as_bytes(), b"/", &name].concat();
            if is_old(place, &path) {
                let location = Location::new(&place.root, path);
                let reason = "unpacking or removing a layer was interrupted";
                orphan(store, location, "interrupted-pull", reason);
            }
        }
    }
}

fn is_old(place: &DriverRoot, path: &[u8]) -> bool {
    let modified = place.root.status(path).ok().flatten();
    let Some(modified) = modified.and_then(|found| u64::try_from(found.st_mtime).ok()) else {
        return false;
    };
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(modified))
        .and_then(|modified| modified.elapsed().ok())
        .is_some_and(|age| age > IN_PROGRESS)
}

fn directories(
    store: &mut Store,
    place: &DriverRoot,
    (kinds, what): (&str, &str),
    known: &BTreeSet<&str>,
) {
    let above = format!("{}-{kinds}", place.driver);
    let names = match place.root.names(above.as_bytes(), limits::STORE_NAMES) {
        Ok(names) => names.unwrap_or_default(),
        Err(error) => {
            store
                .warnings
                .push(unusable(&place.root, &above, &error.in_one_line()));
            return;
        }
    };
    for name in names {
        let path = [above.as_bytes(), b"/", &name].concat();
        let is_known = std::str::from_utf8(&name).is_ok_and(|id| known.contains(id));
        if is_known || is_document(&name) || !is_directory(&place.root, &path) {
            continue;
        }
        let reason = format!("the engine has no record of such a {what}");
        orphan(
            store,
            Location::new(&place.root, path),
            "unreferenced-directory",
            &reason,
        );
    }
}

fn orphan(store: &mut Store, location: Location, kind: &'static str, reason: &str) {
    let piece = store.add_piece(location, Role::Orphan);
    store.disown(Orphan {
        piece,
        reason: reason.into(),
        kind,
        since: None,
        exit: Exit::ByHand,
    });
}
