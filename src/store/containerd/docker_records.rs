//! What Docker keeps beside containerd: its containers, stopped ones too, and its volumes.

use std::collections::BTreeMap;

use super::{ContainerdReader, MOBY, builder, directories};
use crate::image::Digest;
use crate::image::json::Json;
use crate::store::bbolt::{Bucket, Database};
use crate::store::places::{is_directory, is_out_of_reach};
use crate::store::{
    Container, ContainerId, Exit, ImageId, LayerId, Location, Orphan, Ownership, PieceId, Role,
    State, Volume, docker, foreign, go_encoding, plugins,
};
use crate::{limits, path};

impl ContainerdReader {
    /// Reads Docker's containers and volumes.
    pub(super) fn add_docker(&mut self) {
        let Some(docker) = self.places.docker.clone() else {
            return;
        };
        let mut mounts = BTreeMap::new();
        let containers = docker.containers;
        for name in self.names(&containers) {
            // Docker makes no other names; nothing else is a container.
            let is_id = name.iter().all(u8::is_ascii_hexdigit);
            if let Some(id) = std::str::from_utf8(&name).ok().filter(|_| is_id) {
                let directory = containers.join(id);
                if self.is_left_over(&directory, id) {
                    self.add_left_over(directory);
                } else {
                    self.add_docker_container(&directory, id, &mut mounts);
                }
            }
        }
        if !self.places.has_graph_driver {
            self.add_volumes(&docker.volumes, &mut mounts);
        }
    }

    /// Adds plugins of Docker, and what neither it nor containerd is known to make in the root.
    pub(super) fn add_extras(&mut self) {
        let root = self.store.root.clone();
        let docker = self.places.docker.as_ref();
        let is_data_root = docker.is_some_and(|docker| !docker.containers.path.is_empty());
        if let Some(worker) = &self.places.worker {
            if !worker.is_first {
                return;
            }
            foreign::add(&mut self.store, &root, builder::is_known);
        } else if !is_data_root {
            foreign::add(&mut self.store, &root, directories::is_known);
        } else if !self.places.has_graph_driver {
            plugins::add(&mut self.store, &root);
            foreign::add(&mut self.store, &root, docker::is_known);
        }
    }

    /// Without settings and without a snapshot there is no container any more.
    fn is_left_over(&self, directory: &Location, id: &str) -> bool {
        let settings = directory.join("config.v2.json");
        let is_gone = matches!(settings.root.status(&settings.path), Ok(None));
        let key = (self.store.driver.clone(), id.to_owned());
        is_gone
            && is_directory(&directory.root, &directory.path)
            && self.layer_named(MOBY, &key).is_none()
    }

    fn add_left_over(&mut self, directory: Location) {
        // The reader of the graph driver takes it otherwise.
        if self.places.has_graph_driver {
            return;
        }
        let piece = self.store.add_piece(directory, Role::Orphan);
        self.store.disown(Orphan {
            piece,
            reason: docker::LEFT_OVER.into(),
            kind: "container-without-mount",
            since: None,
            exit: Exit::ByHand,
        });
    }

    fn add_docker_container(
        &mut self,
        directory: &Location,
        id: &str,
        mounts: &mut BTreeMap<String, Vec<ContainerId>>,
    ) {
        let record = self.docker_record(directory);
        let driver = record.get("Driver").text().unwrap_or(&self.store.driver);
        let key = (driver.to_owned(), id.to_owned());
        let writable = self.layer_named(MOBY, &key);
        let init = self.init_of(MOBY, &key);
        if record.is_null() {
            // Neither its image nor its volumes are known.
            self.store.ownership = Ownership::InPart;
        }
        let is_ours = writable.is_some() || record.get("ImageManifest").is_object();
        if !is_ours && self.places.has_graph_driver {
            return;
        }
        let at = ContainerId(u32::try_from(self.store.containers.len()).unwrap_or(u32::MAX));
        for (_, mount) in record.get("MountPoints").members() {
            if let Some(name) = mount.get("Name").text() {
                mounts.entry(name.to_owned()).or_default().push(at);
            }
        }
        let (logs, pieces) = self.claim_container(directory);
        let layers = self.layers_below(writable, init);
        self.push_container(Container {
            id: id.to_owned(),
            name: record
                .get("Name")
                .text()
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned(),
            image: self.image_of_docker(&record, layers.last().copied()),
            image_name: record
                .get("Config")
                .get("Image")
                .to_text()
                .unwrap_or_default(),
            state: state_of(&record),
            created: record.get("Created").text().and_then(go_encoding::seconds),
            layers,
            init,
            writable,
            logs,
            pieces,
            pod: None,
            growth: Vec::new(),
        });
    }

    fn docker_record(&mut self, directory: &Location) -> Json {
        let place = directory.join("config.v2.json");
        let bytes = match place.root.read(&place.path, limits::DOCUMENT_BYTES) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.bad(&place, "it is missing");
                return Json::Null;
            }
            Err(error) => {
                self.failed(&error);
                return Json::Null;
            }
        };
        Json::parse(&bytes).unwrap_or_else(|reason| {
            self.bad(&place, &reason);
            Json::Null
        })
    }

    /// Claims a container's directory, and the logs in it.
    fn claim_container(&mut self, directory: &Location) -> (Vec<PieceId>, Vec<PieceId>) {
        let whole = self
            .store
            .add_piece(directory.clone(), Role::ContainerFiles);
        let mut logs = Vec::new();
        for name in self.names(directory) {
            if docker::is_log(&name) {
                logs.push(self.store.add_piece(directory.join(name), Role::Log));
            }
        }
        (logs, vec![whole])
    }

    fn image_of_docker(&self, record: &Json, top: Option<LayerId>) -> Option<ImageId> {
        let digest = |json: &Json| json.text().and_then(Digest::parse);
        let manifest = digest(record.get("ImageManifest").get("digest"));
        let target = digest(record.get("Image"));
        let images = self.store.images.iter().zip(&self.manifests).enumerate();
        let rank = |(_, (image, of)): &(usize, (&crate::store::StoredImage, &Digest))| {
            let is_target = image.digest.is_some() && image.digest == target;
            let is_manifest = manifest.as_ref() == Some(of);
            let stands_on = top.is_some() && image.layers.last().copied().flatten() == top;
            (
                is_target && is_manifest,
                is_manifest,
                is_target && stands_on,
                is_target,
            )
        };
        let best = images
            .map(|image| (rank(&image), image.0))
            .filter(|(rank, _)| *rank != (false, false, false, false))
            // The first of equals.
            .max_by_key(|(rank, at)| (*rank, std::cmp::Reverse(*at)));
        best.and_then(|(_, at)| u32::try_from(at).ok()).map(ImageId)
    }

    fn add_volumes(&mut self, home: &Location, mounts: &mut BTreeMap<String, Vec<ContainerId>>) {
        let mut drivers = self.volume_records(home);
        if let Err(error) = home.root.directory(&home.path) {
            let reason = error.in_one_line();
            self.store
                .add_unreachable(home.clone(), Role::Volume, reason);
        }
        for name in self.names(home) {
            let place = home.join(&name);
            // Somebody may have moved one volume to another disk, and put a link in its place.
            let is_elsewhere = |place: &Location| is_out_of_reach(&place.root, &place.path);
            let is_volume = is_elsewhere(&place) || is_directory(&place.root, &place.path);
            let Some(name) = std::str::from_utf8(&name).ok().filter(|_| is_volume) else {
                continue;
            };
            let files = Some(place.join("_data")).filter(is_elsewhere);
            let places = [Some(place), files].into_iter().flatten();
            let pieces = places.map(|place| self.store.add_piece(place, Role::Volume));
            let pieces = pieces.collect();
            self.store.volumes.push(Volume {
                name: name.to_owned(),
                pieces,
                containers: mounts.remove(name).unwrap_or_default(),
                driver: drivers.remove(name).unwrap_or_else(|| "local".to_owned()),
                namespace: None,
                users: Ownership::Recorded,
                holds: Vec::new(),
            });
        }
        for (name, driver) in drivers {
            self.store.volumes.push(Volume {
                containers: mounts.remove(&name).unwrap_or_default(),
                name,
                pieces: Vec::new(),
                driver,
                namespace: None,
                users: Ownership::Recorded,
                holds: Vec::new(),
            });
        }
    }

    /// Returns the drivers of the volumes that Docker has written down (moby, volume/service/db.go).
    fn volume_records(&mut self, home: &Location) -> BTreeMap<String, String> {
        let place = home.join("metadata.db");
        let database = match Database::open(&place.root, &place.path) {
            Ok(Some(database)) => database,
            Ok(None) => return BTreeMap::new(),
            Err(error) => {
                self.failed(&error);
                return BTreeMap::new();
            }
        };
        let records = database.root().bucket(b"volumes");
        let mut drivers = BTreeMap::new();
        for (name, record) in records.iter().flat_map(Bucket::values) {
            let Ok(name) = std::str::from_utf8(name) else {
                continue;
            };
            match Json::parse(record) {
                Ok(record) => {
                    let driver = record.get("Driver").text().unwrap_or("local");
                    drivers.insert(name.to_owned(), driver.to_owned());
                }
                Err(reason) => {
                    let reason = format!("{}: {reason}", path::display_str(name));
                    self.bad(&place, &reason);
                }
            }
        }
        drivers
    }
}

/// Returns what a container is doing (moby, daemon/container/state.go).
fn state_of(record: &Json) -> State {
    let state = record.get("State");
    let was_started = state
        .get("StartedAt")
        .text()
        .and_then(go_encoding::seconds)
        .is_some();
    let word = |key: &str, word: &str| {
        state
            .get(key)
            .is_true()
            .then(|| State::Other(word.to_owned()))
    };
    if !state.is_object() {
        return State::Other(String::new());
    }
    match ["Dead", "RemovalInProgress"].map(|key| state.get(key).is_true()) {
        [true, _] => return State::Dead,
        [_, true] => return State::Removing,
        _ => {}
    }
    word("Restarting", "restarting")
        .or_else(|| word("Paused", "paused"))
        .unwrap_or_else(|| match (state.get("Running").is_true(), was_started) {
            (true, _) => State::Running,
            (false, true) => State::Exited,
            (false, false) => State::Created,
        })
}
