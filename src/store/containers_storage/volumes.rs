//! Podman's volumes: their names and data are in the store, everything else is in a database of libpod.

use super::containers::Containers;
use super::place::is_directory;
use super::records::{told, unusable};
use crate::limits;
use crate::store::{ContainerId, Location, Role, Store, Volume};

/// Adds every volume with the containers that are known to mount it.
pub(super) fn add(store: &mut Store, containers: &Containers) {
    let names = match store.root.names(b"volumes", limits::STORE_NAMES) {
        Ok(names) => names.unwrap_or_default(),
        Err(error) => {
            let warning = unusable(&store.root, "volumes", &told(&error));
            store.warnings.push(warning);
            return;
        }
    };
    for name in names {
        let place = [&b"volumes/"[..], &name].concat();
        if !is_directory(&store.root, &place) {
            continue;
        }
        let Ok(name) = String::from_utf8(name) else {
            continue;
        };
        let mut users: Vec<ContainerId> = containers
            .volumes
            .iter()
            .filter(|(used, _)| *used == name)
            .map(|&(_, container)| container)
            .collect();
        users.dedup();
        let location = Location::new(&store.root, place);
        let piece = store.add_piece(location, Role::Volume);
        store.volumes.push(Volume {
            name,
            pieces: vec![piece],
            containers: users,
            driver: "local".into(),
        });
    }
}
