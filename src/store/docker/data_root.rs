//! Where the data root is: what the user named, or the directory that it is a part of.

use rustix::fs::{Mode, OFlags};

use crate::beneath::Beneath;

use super::driver::{Driver, is_remapped};
use super::reader::{DriverStore, Shares};
use super::records::place;
use crate::store::Activity;
use crate::store::places::{is_directory, is_same};

/// A data root with its stores, or a driver's directory without one.
#[derive(Debug)]
pub(super) enum StoreRoot {
    /// The store in use first.
    DataRoot(Beneath, Vec<DriverStore>),
    /// The driver's directory itself.
    Bare(Beneath, Driver),
}

/// Finds every place with stores in what the user named.
pub(super) fn find(named: &Beneath) -> Vec<StoreRoot> {
    let mut places = at(named);
    places.extend(remapped(named));
    if !places.is_empty() {
        return places;
    }
    if let Some(root) = above(named) {
        return at(&root);
    }
    bare(named).into_iter().collect()
}

/// What Docker makes in a data root besides the directories of its drivers (moby, daemon/daemon.go).
const COMMON: [&str; 19] = [
    "builder",
    "buildkit",
    "cluster",
    "containerd",
    "containers",
    "engine-id",
    "image",
    "key.json",
    "network",
    "nri",
    "nuke-graph-directory.sh",
    "plugins",
    "rootfs",
    "runtimes",
    "swarm",
    "tmp",
    "tmp-old",
    "trust",
    "volumes",
];

/// Returns whether Docker is known to make something of that name in a data root.
pub(in crate::store) fn is_known(name: &[u8]) -> bool {
    COMMON.iter().any(|known| known.as_bytes() == name)
        || Driver::ALL
            .iter()
            .any(|driver| driver.name().as_bytes() == name)
        || is_remapped(name)
        || name.starts_with(b".")
}

fn at(root: &Beneath) -> Vec<StoreRoot> {
    let stores = stores(root);
    if stores.is_empty() {
        return Vec::new();
    }
    vec![StoreRoot::DataRoot(root.clone(), stores)]
}

/// A daemon that maps users has a data root of its own in the usual one.
fn remapped(root: &Beneath) -> Vec<StoreRoot> {
    let Ok(Some(names)) = root.names(b"", crate::limits::STORE_NAMES) else {
        return Vec::new();
    };
    let names = names.iter().filter(|name| is_remapped(name));
    let roots = names.filter_map(|name| root.directory(name).ok().flatten());
    roots.flat_map(|root| at(&root)).collect()
}

/// moby prefers the first driver of its list whose directory is not empty
/// (daemon/graphdriver/driver.go, `HasPriorDriver`); that of vfs does not keep it from the image store of
/// containerd (`image_store_choice.go`).
fn stores(root: &Beneath) -> Vec<DriverStore> {
    let present = Driver::ALL
        .into_iter()
        .filter(|&driver| has_store(root, driver));
    let mut drivers: Vec<Driver> = present.collect();
    drivers.sort_by_key(|&driver| is_empty(root, driver.name().as_bytes()));
    let uses_containerd = is_directory(root, b"rootfs/overlayfs");
    let stores = drivers.into_iter().enumerate();
    stores
        .map(|(at, driver)| DriverStore {
            driver,
            activity: match (at, driver) {
                (0, Driver::Vfs) if uses_containerd => Activity::LeftBehind,
                (0, driver) if uses_containerd && is_empty(root, driver.name().as_bytes()) => {
                    Activity::LeftBehind
                }
                (0, _) => Activity::Active,
                _ => Activity::LeftBehind,
            },
            shares: if at == 0 { Shares::All } else { Shares::None },
        })
        .collect()
}

fn has_store(root: &Beneath, driver: Driver) -> bool {
    let name = driver.name().as_bytes();
    has_records(root, driver)
        || driver.writes_lower()
            && (driver == Driver::Overlay2
                || is_directory(root, b"image")
                || is_directory(root, b"containers"))
            && is_layered(root, name)
}

/// Returns whether `image/` has a part for the driver.
pub(super) fn has_records(root: &Beneath, driver: Driver) -> bool {
    let name = driver.name().as_bytes();
    [&b"layerdb"[..], b"imagedb", b"distribution"]
        .into_iter()
        .any(|part| is_directory(root, &place(&[b"image", name, part])))
}

fn is_empty(root: &Beneath, place: &[u8]) -> bool {
    // What cannot be listed may have anything in it.
    match root.names(place, 1) {
        Ok(names) => names.is_none_or(|names| names.is_empty()),
        Err(_) => false,
    }
}

/// Returns whether a directory looks like that of a driver that notes what is below each layer: some layer has
/// both its files and its short name.
fn is_layered(root: &Beneath, home: &[u8]) -> bool {
    /// Directories that are looked at.
    const SAMPLE: usize = 64;
    if !is_directory(root, &place(&[home, b"l"])) {
        return false;
    }
    let Ok(Some(names)) = root.names(home, SAMPLE) else {
        return false;
    };
    names.iter().any(|name| {
        is_directory(root, &place(&[home, name, b"diff"]))
            && matches!(root.status(&place(&[home, name, b"link"])), Ok(Some(_)))
    })
}

/// Returns the data root that a directory is a part of, up to two levels above it.
fn above(named: &Beneath) -> Option<Beneath> {
    let mut directory = named.clone();
    for _ in 0..2 {
        directory = parent(&directory)?;
        let is_part = |part: &Vec<u8>| is_same(named, &directory, part);
        if let Some(part) = parts().iter().find(|part| is_part(part))
            && !stores(&directory).is_empty()
        {
            return Some(renamed(directory, named, part));
        }
    }
    None
}

/// Returns the directories of a data root that a user may take for the store.
fn parts() -> Vec<Vec<u8>> {
    let common = ["image", "containers", "volumes", "buildkit"];
    let mut parts: Vec<Vec<u8>> = common
        .into_iter()
        .map(|part| part.as_bytes().to_vec())
        .collect();
    for driver in Driver::ALL {
        let name = driver.name().as_bytes();
        parts.push(name.to_vec());
        parts.push(place(&[b"image", name]));
        if !driver.graph().is_empty() {
            parts.push(place(&[name, driver.graph().as_bytes()]));
        }
    }
    parts
}

/// `Beneath` never leads up; this is the one place where a user's own choice does.
fn parent(directory: &Beneath) -> Option<Beneath> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let descriptor = directory.as_descriptor();
    let parent = rustix::fs::openat(descriptor, "..", flags, Mode::empty()).ok()?;
    Some(Beneath::new(parent, &format!("{}/..", directory.name())))
}

/// Takes the name of the part from the name that the user gave, where it ends in it.
fn renamed(root: Beneath, named: &Beneath, part: &[u8]) -> Beneath {
    let part = crate::path::display(part);
    let above = match named.name().strip_suffix(&*part) {
        Some("") => ".",
        Some(above) if above.ends_with('/') => above,
        _ => return root,
    };
    match rustix::io::fcntl_dupfd_cloexec(root.as_descriptor(), 0) {
        Ok(descriptor) => Beneath::new(descriptor, above),
        Err(_) => root,
    }
}

/// Returns a driver's directory on its own. That of containers-storage is called `overlay` and has its records in
/// directories beside it.
fn bare(named: &Beneath) -> Option<StoreRoot> {
    if !is_layered(named, b"") {
        return None;
    }
    let name = named.name().rsplit('/').next().unwrap_or_default();
    let beside = parent(named)?;
    let is_storage = is_directory(&beside, b"overlay-layers") || name == "overlay";
    let driver = match name {
        "fuse-overlayfs" => Driver::FuseOverlay,
        _ => Driver::Overlay2,
    };
    (!is_storage).then(|| StoreRoot::Bare(named.clone(), driver))
}
