//! Volumes: `volumes/<name>/_data`, and what `volumes/metadata.db` knows of those elsewhere.

use std::collections::{BTreeMap, HashMap};

use crate::image::json::Json;
use crate::store::bbolt::{Bucket, Database};
use crate::store::places::{is_component, is_out_of_reach};

use super::super::{ContainerId, Extra, ExtraKind, Ownership, Role, Volume, VolumeId};
use super::containers::Mounted;
use super::reader::DockerReader;
use super::records::place;
use crate::{limits, path};

const DATABASE: &[u8] = b"volumes/metadata.db";

/// Reads every volume, by name; named and anonymous ones alike.
pub(super) fn read(reader: &mut DockerReader<'_>, mounted: &Mounted) {
    let mut drivers = read_drivers(reader);
    let listed = reader.records.listed(b"volumes");
    let refused = listed.as_ref().err().cloned();
    for name in listed.unwrap_or_default() {
        let at = place(&[b"volumes", &name]);
        let Some(text) = std::str::from_utf8(&name).ok().map(str::to_owned) else {
            reader.records.bad(&at, "its name is not text");
            continue;
        };
        // Somebody may have moved one volume to another disk, and put a link in its place.
        if is_out_of_reach(reader.records.root(), &at) || reader.records.is_directory(&at) {
            drivers.entry(text).or_insert_with(|| "local".to_owned());
        }
    }
    if let (Some(reason), true) = (&refused, drivers.is_empty()) {
        let at = reader.location(b"volumes".to_vec());
        reader
            .store
            .add_unreachable(at, Role::Volume, reason.clone());
    }
    for (name, driver) in drivers {
        add(reader, name, driver, refused.as_ref());
    }
    connect(reader, mounted);
}

/// moby, volume/service/db.go: the bucket `volumes` has a JSON document for each name.
fn read_drivers(reader: &mut DockerReader<'_>) -> BTreeMap<String, String> {
    let mut drivers = BTreeMap::new();
    let database = match Database::open(reader.records.root(), DATABASE) {
        Ok(Some(database)) => database,
        Ok(None) => return drivers,
        Err(error) => {
            reader.records.failed(&error);
            return drivers;
        }
    };
    let bucket = database.root().bucket(b"volumes");
    for (name, value) in bucket.iter().flat_map(Bucket::values) {
        let Ok(name) = std::str::from_utf8(name) else {
            reader
                .records
                .bad(DATABASE, "the name of a volume is not text");
            continue;
        };
        match Json::parse(value) {
            Ok(document) => {
                let driver = document.get("Driver").text().unwrap_or("local");
                drivers.insert(name.to_owned(), driver.to_owned());
            }
            Err(reason) => {
                let shown = crate::path::display_str(name);
                reader
                    .records
                    .bad(DATABASE, format!("the volume {shown}: {reason}"));
            }
        }
    }
    if let Some(damage) = database.damage() {
        reader.records.bad(DATABASE, damage);
    }
    drivers
}

fn add(reader: &mut DockerReader<'_>, name: String, driver: String, refused: Option<&String>) {
    let mut pieces = Vec::new();
    // A name from the database is not trusted to be one; other drivers keep their data elsewhere.
    if is_component(name.as_bytes()) {
        let whole = place(&[b"volumes", name.as_bytes()]);
        let data = place(&[&whole, b"_data"]);
        // What is out of reach too: whoever measures says why.
        let is_there = |at: &[u8]| !matches!(reader.records.root().status(at), Ok(None));
        let [has_data, has_whole] = [&data, &whole].map(|at| is_there(at));
        match bound(reader, &whole) {
            Some(shown) if has_data => add_bound(reader, data, &shown),
            _ if has_data => pieces.push(reader.piece(data, Role::Volume)),
            _ => {}
        }
        if has_whole {
            pieces.push(reader.piece(whole, Role::Volume));
        }
        if let Some(reason) = refused {
            let at = reader.location(place(&[b"volumes", name.as_bytes()]));
            pieces = vec![reader.store.add_unreachable(at, Role::Volume, reason)];
        }
    }
    reader.store.volumes.push(Volume {
        name,
        pieces,
        containers: Vec::new(),
        driver,
        namespace: None,
        users: Ownership::Recorded,
        holds: Vec::new(),
    });
}

/// Returns the directory of the machine that a volume shows while a container runs, if it shows one: removing the
/// volume leaves that alone (moby, volume/local/local.go, `optsConfig`).
fn bound(reader: &mut DockerReader<'_>, whole: &[u8]) -> Option<String> {
    let at = place(&[whole, b"opts.json"]);
    if reader.records.is_missing(&at) {
        return None;
    }
    let document = reader.records.json(&at, limits::STORE_VALUE_BYTES)?;
    let options = document.get("MountOpts").text()?;
    let is_bound = options
        .split(',')
        .any(|one| matches!(one, "bind" | "rbind"));
    let device = document.get("MountDevice").text()?;
    (is_bound && device.starts_with('/')).then(|| device.to_owned())
}

/// What such a volume shows is not the store's.
fn add_bound(reader: &mut DockerReader<'_>, data: Vec<u8>, shown: &str) {
    let name = format!("{}, which shows {shown}", path::display(&data));
    let piece = reader.piece(data, Role::Extra);
    reader.store.extras.push(Extra {
        kind: ExtraKind::Bound,
        name,
        pieces: vec![piece],
    });
}

fn connect(reader: &mut DockerReader<'_>, mounted: &Mounted) {
    let volumes = reader.store.volumes.iter().zip(0..);
    let by_name: HashMap<String, VolumeId> = volumes
        .map(|(volume, at)| (volume.name.clone(), VolumeId(at)))
        .collect();
    for (names, container) in mounted.iter().zip(0..) {
        for volume in names.iter().filter_map(|name| by_name.get(name)) {
            let containers = &mut reader.store.volumes[volume.as_usize()].containers;
            // One volume may be mounted at several places.
            if containers.last() != Some(&ContainerId(container)) {
                containers.push(ContainerId(container));
            }
        }
    }
}
