//! Containers of Podman and CRI-O, and Buildah's working containers.

use std::collections::BTreeMap;

use super::driver_root::{DriverRoot, Keeping};
use super::images::Images;
use super::layers::{Layers, Use};
use super::records::{ContainerRecord, Readability, unusable};
use crate::image::json::Json;
use crate::layer::dir::{Encoding, Namespace};
use crate::store::model::SANDBOX;
use crate::store::places::kind;
use crate::store::{
    Container, ContainerId, Exit, LayerId, Location, Orphan, Ownership, PieceId, PodId, Role,
    State, Store,
};
use crate::{limits, path};

/// A mount point that a container has from the store's own volumes: the volume's name.
pub(super) type VolumeUse = (String, ContainerId);

/// The containers of a store while it is being read.
#[derive(Debug, Default)]
pub(super) struct Containers {
    /// What each asked for, by position in [`Store::containers`].
    pub(super) records: Vec<ContainerRecord>,
    /// What the runtime was told, by position in [`Store::containers`].
    pub(super) runtimes: Vec<Runtime>,
    /// Who mounts which volume.
    pub(super) volumes: Vec<VolumeUse>,
}

/// The parts of a container's runtime configuration that matter here.
#[derive(Debug, Default)]
pub(super) struct Runtime {
    /// Whether there is a configuration: it is written when a container is first started.
    pub(super) started: bool,
    /// Annotations, by key; those of Kubernetes name the pod.
    pub(super) annotations: BTreeMap<String, String>,
}

impl Containers {
    /// Adds a container, and notes which layers it needs.
    pub(super) fn add(
        &mut self,
        store: &mut Store,
        layers: &mut Layers,
        images: &Images,
        (place, record): (&DriverRoot, &ContainerRecord),
    ) {
        let writable = record.layer.as_deref().and_then(|id| layers.find(id));
        let image = record.image.as_deref().and_then(|id| images.find(id));
        if writable.is_none() {
            let document = format!("{}-containers/containers.json", place.driver);
            let reason = format!(
                "container {} has layer {}, which is not there",
                path::display_str(&record.id),
                path::display_str(record.layer.as_deref().unwrap_or("none")),
            );
            store
                .warnings
                .push(unusable(&place.root, &document, &reason));
        }
        let below = writable.and_then(|layer| store.layer(layer).parent);
        let below = below.or_else(|| image.and_then(|image| top(store, image)));
        if let Some(writable) = writable {
            layers.uses[writable.as_usize()] = Use::Written;
        }
        if let Some(below) = below {
            layers.keep(store, below);
        }
        let own = ContainerId(u32::try_from(store.containers.len()).unwrap_or(u32::MAX));
        let runtime = self.read_runtime(store, place, (record, own));
        let state = state(place, record, &runtime);
        store.containers.push(Container {
            id: record.id.clone(),
            name: name(record, &runtime),
            image,
            image_name: image_name(store, record, image),
            state,
            created: record.created,
            layers: below.map(|below| store.chain(below)).unwrap_or_default(),
            init: None,
            writable,
            logs: Vec::new(),
            pieces: Vec::new(),
            pod: None,
            growth: Vec::new(),
        });
        self.records.push(record.clone());
        self.runtimes.push(runtime);
        add_pieces(store, place, record);
    }

    fn read_runtime(
        &mut self,
        store: &mut Store,
        place: &DriverRoot,
        (record, own): (&ContainerRecord, ContainerId),
    ) -> Runtime {
        let location = directory(place, record).join("userdata/config.json");
        let document = match place.root.read(&location.path, limits::DOCUMENT_BYTES) {
            Ok(None) => return Runtime::default(),
            Ok(Some(bytes)) => Json::parse(&bytes),
            Err(error) => Err(error.in_one_line()),
        };
        let document = document.unwrap_or_else(|reason| {
            let shown = path::display(&location.path).into_owned();
            store.warnings.push(unusable(&place.root, &shown, &reason));
            // Which volumes it mounts is not known.
            store.ownership = Ownership::InPart;
            Json::Null
        });
        let mounts = document.get("mounts").list().iter();
        let names = mounts.filter_map(|mount| volume_name(mount.get("source").text()?));
        self.volumes.extend(names.map(|name| (name, own)));
        let annotations = document.get("annotations").members().iter();
        Runtime {
            started: true,
            annotations: annotations
                .filter_map(|(key, value)| Some((key.clone(), value.to_text()?)))
                .collect(),
        }
    }
}

fn top(store: &Store, image: crate::store::ImageId) -> Option<LayerId> {
    store.images[image.as_usize()]
        .layers
        .last()
        .copied()
        .flatten()
}

/// CRI-O's own names repeat the pod's; the kubelet's is the one in the pod's specification.
fn name(record: &ContainerRecord, runtime: &Runtime) -> String {
    let of_pod = runtime.annotations.get("io.kubernetes.container.name");
    // cri-o, internal/storage/runtime.go, `RuntimeContainerMetadata`
    let sandbox = SANDBOX.to_owned();
    let sandbox = (*record.metadata.get("pod") == Json::Bool(true)).then_some(sandbox);
    of_pod
        .or(sandbox.as_ref())
        .or(record.names.first())
        .cloned()
        .or_else(|| record.metadata.get("name").to_text())
        .unwrap_or_default()
}

fn image_name(
    store: &Store,
    record: &ContainerRecord,
    image: Option<crate::store::ImageId>,
) -> String {
    let recorded = record.metadata.get("image-name").to_text();
    let first = image.and_then(|image| store.images[image.as_usize()].names.first().cloned());
    recorded
        .or(first)
        .or_else(|| record.image.clone())
        .unwrap_or_default()
}

fn directory(place: &DriverRoot, record: &ContainerRecord) -> Location {
    let directory = format!("{}-containers/{}", place.driver, record.id);
    Location::new(&place.root, directory)
}

/// Podman keeps states in a database of its own; what the store shows besides has to do.
fn state(place: &DriverRoot, record: &ContainerRecord, runtime: &Runtime) -> State {
    let userdata = directory(place, record).join("userdata");
    let has = |name: &str| kind(&place.root, &userdata.join(name).path).is_some();
    // buildah, define/types.go, stateFile
    if has("buildah.json") {
        return State::Working;
    }
    if let Some(state) = recorded_state(place, &userdata) {
        return state;
    }
    if is_mounted(place, record) {
        return State::Running;
    }
    if !runtime.started {
        return State::Created;
    }
    // A user's own mounts are in a mount namespace of their own, and copies are not mounted at all.
    let seen =
        place.keeping == Keeping::Diff && place.encoding == Encoding::Overlay(Namespace::Trusted);
    if seen {
        State::Exited
    } else {
        State::Other(String::new())
    }
}

/// CRI-O writes the state down (cri-o, internal/oci/container.go, `ContainerState`).
fn recorded_state(place: &DriverRoot, userdata: &Location) -> Option<State> {
    let file = userdata.join("state.json");
    let bytes = place.root.read(&file.path, limits::DOCUMENT_BYTES).ok()??;
    let document = Json::parse(&bytes).ok()?;
    Some(match document.get("status").text()? {
        "running" => State::Running,
        "created" => State::Created,
        "stopped" => State::Exited,
        other => State::Other(path::display_str(other).into_owned()),
    })
}

/// Returns whether something is mounted where the driver mounts the container's file system.
fn is_mounted(place: &DriverRoot, record: &ContainerRecord) -> bool {
    let outer = record.layer.as_deref().and_then(|layer| place.outer(layer));
    let Some(outer) = outer.filter(|_| place.keeping == Keeping::Diff) else {
        return false;
    };
    let device = |location: &Location| {
        let found = place.root.status(&location.path).ok().flatten();
        found.map(|found| found.st_dev)
    };
    match (device(&outer), device(&outer.join("merged"))) {
        (Some(around), Some(mounted)) => around != mounted,
        _ => false,
    }
}

/// Returns the name of the volume that a source of a mount lies in: `…/volumes/NAME/_data…`.
fn volume_name(source: &str) -> Option<String> {
    let (before, after) = source.rsplit_once("/_data")?;
    if !after.is_empty() && !after.starts_with('/') {
        return None;
    }
    let (above, name) = before.rsplit_once('/')?;
    (above.ends_with("/volumes") && !name.is_empty()).then(|| name.to_owned())
}

fn add_pieces(store: &mut Store, place: &DriverRoot, record: &ContainerRecord) {
    let directory = directory(place, record);
    if kind(&place.root, &directory.path).is_none() {
        return;
    }
    let is_whole = store
        .containers
        .last()
        .is_some_and(|container| container.writable.is_some());
    if !is_whole && place.layers.readability != Readability::Whole {
        let reason = "its layer is not among the records that could be read";
        let holder = Location::new(&place.root, format!("{}-layers", place.driver));
        let piece = store.add_unreachable(holder, Role::Writable, reason);
        if let Some(container) = store.containers.last_mut() {
            container.pieces.push(piece);
        }
    } else if !is_whole {
        let piece = store.add_piece(directory, Role::Orphan);
        store.disown(Orphan {
            piece,
            reason: "the container's layer is gone".into(),
            kind: "container-without-mount",
            since: record.created,
            exit: Exit::Recorded,
        });
        return;
    }
    // Podman's driver k8s-file (libpod/container_internal.go, LogPath)
    let log = directory.join("userdata/ctr.log");
    let logs = add_if_there(store, log, Role::Log);
    let piece = store.add_piece(directory, Role::ContainerFiles);
    if let Some(container) = store.containers.last_mut() {
        container.logs.extend(logs);
        container.pieces.push(piece);
    }
}

/// Adds a piece for what is there.
fn add_if_there(store: &mut Store, location: Location, role: Role) -> Option<PieceId> {
    kind(&location.root, &location.path)?;
    Some(store.add_piece(location, role))
}

/// Sets the pod of a container.
pub(super) fn set_pod(store: &mut Store, container: usize, pod: PodId) {
    if let Some(container) = store.containers.get_mut(container) {
        container.pod = Some(pod);
    }
}
