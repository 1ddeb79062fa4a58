//! Containers: `containers/<id>/` has their settings and logs, `layerdb/mounts/<id>/` names their directories.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::image::Digest;
use crate::image::json::Json;
use crate::limits;
use crate::path;

use super::super::{Container, ImageId, Layer, LayerId, Listing, Ownership, PieceId, Role, State};
use super::driver::Driver;
use super::reader::{Claimed, DockerReader, Shares};
use super::records::{place, seconds};

/// Why a directory without settings is nobody's.
pub(in crate::store) const LEFT_OVER: &str =
    "left of a container that is gone: it has neither settings nor a layer";

/// What the layer database notes about a container.
#[derive(Debug, Default)]
struct Mount {
    at: Vec<u8>,
    written: Option<String>,
    init: Option<String>,
    parent: Option<Digest>,
}

/// Containers with the volumes that each mounts, by name.
pub(super) type Mounted = Vec<Vec<String>>;

/// Reads every container of the driver, and says which halves of one are left over.
pub(super) fn read(reader: &mut DockerReader<'_>) -> Result<Mounted> {
    let mut halves = Halves::list(reader);
    let mut mounted = Mounted::new();
    for name in std::mem::take(&mut halves.names) {
        reader.check()?;
        read_container(reader, &mut halves, &name, &mut mounted);
    }
    for name in std::mem::take(&mut halves.mounts) {
        let mount = read_mount(reader, place(&[&halves.folder, &name]));
        if halves.are_containers_known {
            left_over(reader, &name, mount);
        } else {
            let at = place(&[b"containers", &name]);
            add(reader, &name, &at, &Json::Null, mount);
            mounted.push(Vec::new());
        }
    }
    Ok(newest_first(reader, mounted))
}

/// The two places that each container has a directory in.
struct Halves {
    folder: Vec<u8>,
    /// In `containers/`.
    names: Vec<Vec<u8>>,
    /// In the layer database; those that are taken are gone from here.
    mounts: BTreeSet<Vec<u8>>,
    /// Whether a container that is not among `names` is gone.
    are_containers_known: bool,
    /// Whether a container that is not among `mounts` has no layer.
    are_mounts_known: bool,
}

impl Halves {
    fn list(reader: &mut DockerReader<'_>) -> Self {
        let folder = reader.image(&[b"layerdb", b"mounts"]);
        let mounts = reader.records.listed(&folder);
        let names = reader.records.listed(b"containers");
        let is_lost = reader.records.is_missing(b"containers")
            && mounts.as_ref().is_ok_and(|names| !names.is_empty());
        if is_lost {
            reader.records.lost(b"containers", "containers");
        }
        let are_containers_known = names.is_ok() && !is_lost;
        let are_mounts_known = mounts.is_ok();
        if let Err(reason) = &names {
            let location = reader.location(b"containers".to_vec());
            let role = Role::ContainerFiles;
            reader.store.add_unreachable(location, role, reason.clone());
        }
        if !are_containers_known {
            reader.store.ownership = Ownership::InPart;
        }
        Self {
            folder,
            names: names.unwrap_or_default(),
            mounts: mounts.unwrap_or_default().into_iter().collect(),
            are_containers_known,
            are_mounts_known,
        }
    }
}

fn read_container(
    reader: &mut DockerReader<'_>,
    halves: &mut Halves,
    name: &[u8],
    mounted: &mut Mounted,
) {
    let at = place(&[b"containers", name]);
    let mut has_mount = halves.mounts.contains(name) || !halves.are_mounts_known;
    // A link in the place of a container's directory is a container that cannot be read.
    let is_container = reader.records.is_directory(&at) || halves.mounts.contains(name);
    if !is_container {
        return;
    }
    let place_of_settings = place(&[&at, b"config.v2.json"]);
    if !has_mount && reader.records.is_missing(&place_of_settings) {
        if reader.found.shares == Shares::All {
            reader.orphan(at, "container-without-mount", LEFT_OVER.to_owned());
        }
        return;
    }
    let settings = reader
        .records
        .json(&place_of_settings, limits::DOCUMENT_BYTES);
    if !is_ours(reader, settings.as_ref(), has_mount) {
        return;
    }
    halves.mounts.remove(name);
    if settings.is_none() {
        reader.store.ownership = Ownership::InPart;
    }
    if !has_mount && reader.records.is_missing(&halves.folder) {
        // The first container makes it: with this one it was there.
        reader.records.lost(&halves.folder, "containers");
        halves.are_mounts_known = false;
        has_mount = true;
    }
    if has_mount {
        let at_mount = place(&[&halves.folder, name]);
        let mount = if halves.are_mounts_known {
            read_mount(reader, at_mount)
        } else {
            Mount {
                at: at_mount,
                ..Mount::default()
            }
        };
        let settings = settings.unwrap_or_default();
        add(reader, name, &at, &settings, mount);
        mounted.push(volumes(&settings));
    } else if settings.is_some() {
        // moby does not load a container whose layer it cannot find (daemon/daemon.go, restore).
        let reason = "a container without a layer of its own: the engine does not load it";
        reader.orphan(at, "container-without-mount", reason.to_owned());
    }
}

/// As `docker ps` lists them.
fn newest_first(reader: &mut DockerReader<'_>, mounted: Mounted) -> Mounted {
    let containers = std::mem::take(&mut reader.store.containers);
    let mut containers: Vec<_> = containers.into_iter().zip(mounted).collect();
    containers.sort_by_key(|(container, _)| std::cmp::Reverse(container.created));
    let (containers, mounted) = containers.into_iter().unzip();
    reader.store.containers = containers;
    mounted
}

/// A container is of one driver only; without settings it is where its layer is.
fn is_ours(reader: &DockerReader<'_>, settings: Option<&Json>, has_mount: bool) -> bool {
    let Some(settings) = settings else {
        return has_mount || reader.found.shares == Shares::All;
    };
    match settings.get("Driver").text() {
        Some(driver) => driver == reader.found.driver.name(),
        // moby, daemon/daemon.go, load: settings from before there was a choice.
        None => has_mount || reader.found.driver == Driver::Aufs,
    }
}

fn read_mount(reader: &mut DockerReader<'_>, at: Vec<u8>) -> Mount {
    let records = &mut reader.records;
    let written = records.component(&place(&[&at, b"mount-id"]));
    // Not every container has one.
    let init_file = place(&[&at, b"init-id"]);
    let init = records.component(&init_file);
    if init.is_none() && !records.is_missing(&init_file) {
        reader.claimed = Claimed::InPart;
    }
    if written.is_none() {
        records.bad(
            &at,
            "it does not say which directory the container writes to",
        );
        reader.claimed = Claimed::InPart;
    }
    Mount {
        written,
        init,
        parent: reader.records.digest(&place(&[&at, b"parent"])),
        at,
    }
}

fn add(reader: &mut DockerReader<'_>, name: &[u8], at: &[u8], settings: &Json, mount: Mount) {
    let id = settings.get("ID").to_text();
    let id = id.unwrap_or_else(|| path::display(name).into_owned());
    let image = settings.get("Image").text().and_then(Digest::parse);
    let image = image.and_then(|id| reader.by_image.get(&id)).copied();
    let layers = layers_below(reader, &mount, image);
    let top = layers.last().copied();
    // Without settings the layers tell, as far as they can.
    let image = image.or_else(|| image_of(reader, settings, top?));
    let mut pieces = vec![reader.piece(at.to_vec(), Role::ContainerFiles)];
    pieces.push(reader.piece(mount.at.clone(), Role::Bookkeeping));
    let init = mount.init.as_deref();
    let below = top.and_then(|top| reader.directory_of(top));
    let init_layer =
        init.and_then(|init| own_layer(reader, init, top, below.as_deref(), Own::Init));
    let under = init.map(str::to_owned).or(below);
    let own = mount.written.as_deref();
    let writable = own.and_then(|own| {
        let parent = init_layer.or(top);
        own_layer(
            reader,
            own,
            parent,
            under.as_deref(),
            Own::Writable(&mut pieces),
        )
    });
    let writable =
        writable.unwrap_or_else(|| unknown_layer(reader, &mount, &id, init_layer.or(top)));
    let logs = logs(reader, at);
    let text = |key: &str| settings.get(key).text().unwrap_or_default().to_owned();
    reader.store.containers.push(Container {
        id,
        name: text("Name").trim_start_matches('/').to_owned(),
        image,
        image_name: image_name(settings),
        state: state(settings.get("State")),
        created: seconds(&text("Created")),
        layers,
        init: init_layer,
        writable: Some(writable),
        logs,
        pieces,
        pod: None,
        growth: Vec::new(),
    });
}

fn image_of(reader: &DockerReader<'_>, settings: &Json, top: LayerId) -> Option<ImageId> {
    let mut images = reader.store.images.iter().zip(0..);
    let found = images.find(|(image, _)| image.layers.last() == Some(&Some(top)));
    let (_, at) = found.filter(|_| settings.is_null())?;
    Some(ImageId(at))
}

fn layers_below(reader: &DockerReader<'_>, mount: &Mount, image: Option<ImageId>) -> Vec<LayerId> {
    let top = mount.parent.as_ref();
    if let Some(&top) = top.and_then(|top| reader.by_chain.get(top)) {
        return reader.store.chain(top);
    }
    let image = image.and_then(|image| reader.store.images.get(image.as_usize()));
    image.map_or_else(Vec::new, |image| {
        image.layers.iter().copied().flatten().collect()
    })
}

/// Which of the two directories of a container one is.
enum Own<'p> {
    Init,
    /// With what belongs to the container besides what it has written.
    Writable(&'p mut Vec<PieceId>),
}

fn own_layer(
    reader: &mut DockerReader<'_>,
    directory: &str,
    parent: Option<LayerId>,
    below: Option<&str>,
    own: Own<'_>,
) -> Option<LayerId> {
    if reader.by_directory.contains_key(directory) {
        let at = reader.graph.directory(directory).path;
        reader
            .records
            .bad(&at, "a container claims it that does not own it");
        return None;
    }
    let listing = reader.graph.listing(directory, below);
    let role = match own {
        Own::Init => Role::ContainerFiles,
        Own::Writable(_) => Role::Writable,
    };
    if !reader.graph.has(directory) {
        let obstacle = reader.graph.obstacle(directory);
        if obstacle.is_none() {
            let at = reader.graph.directory(directory).path;
            reader
                .records
                .bad(&at, "the directory of a container is missing");
            reader.doubt_name(directory);
        }
        let pieces = reader.out_of_reach(directory, role, obstacle);
        return Some(reader.directory_layer(directory, parent, pieces, listing));
    }
    let mut found = reader.pieces(directory, role, Role::ContainerFiles);
    if let Own::Writable(pieces) = own {
        pieces.extend(found.drain(1..));
    }
    Some(reader.directory_layer(directory, parent, found, listing))
}

/// What a container has written, where no record tells which directory that is: it is not nothing.
fn unknown_layer(
    reader: &mut DockerReader<'_>,
    mount: &Mount,
    id: &str,
    parent: Option<LayerId>,
) -> LayerId {
    let reason = "no record that could be read says which directory the container writes to";
    let location = reader.location(place(&[&mount.at, b"mount-id"]));
    let piece = reader
        .store
        .add_unreachable(location, Role::Writable, reason);
    reader.store.add_layer(Layer {
        parent,
        pieces: vec![piece],
        ..Layer::new(id, Listing::Unavailable(reason.to_owned()))
    })
}

/// Returns whether it is a log: `<id>-json.log`, its rotated and compressed predecessors, what the driver "local"
/// writes, and what the daemon keeps beside a driver that sends logs elsewhere (moby, loggerutils/cache).
pub(in crate::store) fn is_log(name: &[u8]) -> bool {
    name == b"local-logs"
        || name.starts_with(b"container-cached.log")
        || memchr::memmem::find(name, b"-json.log").is_some()
}

fn logs(reader: &mut DockerReader<'_>, at: &[u8]) -> Vec<PieceId> {
    if !reader.records.is_directory(at) {
        // Out of reach, which was told.
        return Vec::new();
    }
    let names = reader.records.names(at).into_iter();
    let logs = names.filter(|name| is_log(name));
    let logs: Vec<Vec<u8>> = logs.map(|name| place(&[at, &name])).collect();
    logs.into_iter()
        .map(|log| reader.piece(log, Role::Log))
        .collect()
}

fn image_name(settings: &Json) -> String {
    let name = settings.get("Config").get("Image").text();
    let name = name.or_else(|| settings.get("Image").text());
    name.unwrap_or_default().to_owned()
}

/// In the order of moby, container/state.go, `StateString`.
fn state(state: &Json) -> State {
    let is = |key: &str| state.get(key).is_true();
    let other = |word: &str| State::Other(word.to_owned());
    if state.is_null() {
        return other("");
    }
    if is("Running") {
        return match (is("Paused"), is("Restarting")) {
            (true, _) => other("paused"),
            (_, true) => other("restarting"),
            _ => State::Running,
        };
    }
    if is("RemovalInProgress") {
        return State::Removing;
    }
    if is("Dead") {
        return State::Dead;
    }
    match state.get("StartedAt").text().and_then(seconds) {
        None => State::Created,
        Some(_) => State::Exited,
    }
}

fn volumes(settings: &Json) -> Vec<String> {
    let points = settings.get("MountPoints").members().iter();
    points
        .filter_map(|(_, point)| point.get("Name").to_text())
        .collect()
}

/// A layer for writing that no container has: of a container that was being removed, or of a build that was
/// cut off.
fn left_over(reader: &mut DockerReader<'_>, name: &[u8], mount: Mount) {
    const KIND: &str = "mount-without-container";
    let shown = path::display(name);
    for directory in [mount.written, mount.init].into_iter().flatten() {
        if !reader.by_directory.contains_key(&directory) && reader.graph.has(&directory) {
            reader.left_over.insert(
                directory,
                format!("written by the container {shown}, which is gone"),
            );
        }
    }
    reader.orphan(
        mount.at,
        KIND,
        format!("record of the container {shown}, which is gone"),
    );
}
