//! Podman's volumes: their names and data are in the store, everything else is in a database of libpod.

use super::containers::Containers;
use super::records::{reason, unusable};
use crate::limits;
use crate::store::places::is_directory;
use crate::store::{ContainerId, Location, Role, Store, Volume};

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
    for name in names {
        let place = [&b"volumes/"[..], &name].concat();
        // Somebody may have moved one volume to another disk, and put a link in its place: it is measured as one.
        let is_link = |place: &[u8]| matches!(store.root.link(place), Ok(Some(_)));
        if !is_link(&place) && !is_directory(&store.root, &place) {
            continue;
        }
        let files = [&place[..], b"/_data"].concat();
        let files = is_link(&files).then_some(files);
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
        let mut pieces = vec![store.add_piece(location, Role::Volume)];
        if let Some(files) = files {
            let location = Location::new(&store.root, files);
            pieces.push(store.add_piece(location, Role::Volume));
        }
        store.volumes.push(Volume {
            name,
            pieces,
            containers: users,
            driver: "local".into(),
        });
    }
}
