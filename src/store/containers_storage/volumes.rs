//! Podman's volumes: their names and data are in the store, everything else is in a database of libpod.
//!
//! What a container mounts is in its runtime configuration once it was started. Before that only the database tells,
//! which is one that is read here up to Podman 4, and `SQLite` from Podman 5 on.

use std::collections::{BTreeMap, BTreeSet};

use super::containers::Containers;
use super::records::{reason, unusable};
use crate::limits;
use crate::store::bbolt::{Bucket, Database};
use crate::store::places::{is_directory, is_out_of_reach};
use crate::store::{ContainerId, Location, Ownership, Role, State, Store, Volume};

/// Adds every volume with the containers that are known to mount it.
pub(super) fn add(store: &mut Store, containers: &Containers) {
    let names = match store.root.names(b"volumes", limits::STORE_NAMES) {
        Ok(names) => names.unwrap_or_default(),
        Err(error) => {
            let reason = reason(&error);
            let warning = unusable(&store.root, "volumes", &reason);
            store.warnings.push(warning);
            let volumes = Location::new(&store.root, "volumes");
            store.add_unreachable(volumes, Role::Volume, reason);
            return;
        }
    };
    let told = users_told(store);
    for name in names {
        let place = [&b"volumes/"[..], &name].concat();
        // Somebody may have moved one volume to another disk, and put a link in its place: it is measured as one.
        let is_elsewhere = |place: &[u8]| is_out_of_reach(&store.root, place);
        if !is_elsewhere(&place) && !is_directory(&store.root, &place) {
            continue;
        }
        let files = [&place[..], b"/_data"].concat();
        let files = is_elsewhere(&files).then_some(files);
        let Ok(name) = String::from_utf8(name) else {
            continue;
        };
        let started = containers.volumes.iter();
        let started = started.filter(|(used, _)| *used == name);
        let mut users: BTreeSet<ContainerId> = started.map(|&(_, container)| container).collect();
        let told = told.as_ref().map(|told| told.get(&name));
        users.extend(
            told.iter()
                .flatten()
                .flat_map(|users| users.iter().copied()),
        );
        let is_known = told.is_some() || !has_unstarted(store, containers);
        let location = Location::new(&store.root, place);
        let mut pieces = vec![store.add_piece(location, Role::Volume)];
        if let Some(files) = files {
            let location = Location::new(&store.root, files);
            pieces.push(store.add_piece(location, Role::Volume));
        }
        store.volumes.push(Volume {
            name,
            pieces,
            containers: users.into_iter().collect(),
            holds: Vec::new(),
            driver: "local".into(),
            namespace: None,
            users: if is_known {
                Ownership::Recorded
            } else {
                Ownership::InPart
            },
        });
    }
}

/// Returns whether there is a container of which no configuration tells what it mounts. Buildah's mount no volumes.
fn has_unstarted(store: &Store, containers: &Containers) -> bool {
    let mut all = store.containers.iter().zip(&containers.runtimes);
    all.any(|(container, runtime)| !runtime.started && container.state != State::Working)
}

/// Returns who mounts which volume as libpod wrote it down (`libpod/boltdb_state_internal.go`); `None` where its
/// database is another one.
fn users_told(store: &Store) -> Option<BTreeMap<String, Vec<ContainerId>>> {
    let is_sqlite = !matches!(store.root.status(b"libpod/db.sql"), Ok(None));
    if is_sqlite {
        return None;
    }
    let database = Database::open(&store.root, b"libpod/bolt_state.db").ok()??;
    let containers = (0..).map(ContainerId).zip(&store.containers);
    let by_id: BTreeMap<&[u8], ContainerId> = containers
        .map(|(at, container)| (container.id.as_bytes(), at))
        .collect();
    let volumes = database.root().bucket(b"vol")?;
    let mut told = BTreeMap::new();
    for (name, volume) in volumes.buckets() {
        let users = volume.bucket(b"vol-dependencies");
        let ids = users.iter().flat_map(Bucket::values).map(|(id, _)| id);
        let users = ids.filter_map(|id| by_id.get(id).copied());
        if let Ok(name) = std::str::from_utf8(name) {
            told.insert(name.to_owned(), users.collect());
        }
    }
    database.damage().is_none().then_some(told)
}
