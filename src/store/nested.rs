//! Stores within volumes: Docker in Docker, k3s or kind in a container, a builder of `buildx`.

use super::places::is_directory;
use super::readers::READERS;
use super::{Held, Inventory, Location, Store, Volume};

/// Where stores lie in a volume: itself, or what is mounted at `/var`, `/var/lib`, `/var/lib/rancher`,
/// `/var/lib/rancher/k3s` or `/var/lib/containers`.
const WITHIN: [&str; 11] = [
    "",
    "docker",
    "containerd",
    "containers/storage",
    "rancher/k3s",
    "lib/docker",
    "lib/containerd",
    "lib/containers/storage",
    "lib/rancher/k3s",
    "k3s",
    "storage",
];

/// Looks into every volume that was measured: what another machine serves is not entered, it may not answer.
pub(super) fn note(inventory: &mut Inventory) {
    for store in &mut inventory.stores {
        let held: Vec<Vec<Held>> = store.volumes.iter().map(|one| held(store, one)).collect();
        for (volume, held) in store.volumes.iter_mut().zip(held) {
            volume.holds = held;
        }
    }
}

fn held(store: &Store, volume: &Volume) -> Vec<Held> {
    let pieces = volume.pieces.iter();
    let pieces = pieces.filter_map(|piece| store.pieces.get(piece.as_usize()));
    let whole = pieces.filter(|piece| piece.usage.is_some_and(|usage| usage.inodes > 1));
    let places = whole.flat_map(|piece| [piece.location.clone(), piece.location.join("_data")]);
    let mut found: Vec<Held> = Vec::new();
    for place in places {
        for within in WITHIN {
            let place = if within.is_empty() {
                place.clone()
            } else {
                place.join(within)
            };
            let is_new = found.iter().all(|held| held.location.path != place.path);
            if is_new && let Some(engine) = engine_of(&place) {
                found.push(Held {
                    engine,
                    location: place,
                });
            }
        }
    }
    found
}

/// Returns whose store a directory is, without reading it.
fn engine_of(place: &Location) -> Option<&'static str> {
    if !place.path.is_empty() && !is_directory(&place.root, &place.path) {
        return None;
    }
    let directory = place.open().ok()?;
    let mut readers = READERS.iter();
    let reader = readers.find(|reader| (reader.is_root)(&directory))?;
    Some(reader.title)
}
