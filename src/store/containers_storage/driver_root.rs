//! One root with one driver: where its layers and their records lie.

use std::collections::BTreeSet;

use super::records::{
    self, ContainerRecord, ImageRecord, LayerRecord, Readability, Records, unusable,
};
use crate::beneath::Beneath;
use crate::error::Warning;
use crate::layer::dir::{Encoding, Namespace};
use crate::limits;
use crate::store::Location;
use crate::store::places::is_directory;

/// The drivers of containers-storage (`drivers/driver_linux.go`), the one in use by default first.
pub(super) const DRIVERS: [&str; 7] = [
    "overlay",
    "overlay2",
    "vfs",
    "btrfs",
    "zfs",
    "aufs",
    "devicemapper",
];

/// What lies among the layers and is none (containers/storage, drivers/overlay/overlay.go): links, unpacking in
/// progress, removal in progress, a device for quotas.
pub(super) const BESIDES: [&[u8]; 4] = [b"l", b"staging", b"tempdirs", b"backingFsBlockDev"];

/// What Podman, Buildah and CRI-O make in a root besides (containers/storage, store.go; libpod; containers/common).
const COMMON: [&str; 15] = [
    "artifacts",
    "cache",
    "db.sql",
    "db.sql-journal",
    "db.sql-shm",
    "db.sql-wal",
    "defaultNetworkBackend",
    "libpod",
    "mounts",
    "networks",
    "secrets",
    "storage.lock",
    "tmp",
    "userns.lock",
    "volumes",
];

/// Returns whether an engine is known to make something of that name in a root.
pub(super) fn is_known(name: &[u8]) -> bool {
    let is_of = |driver: &str| {
        name.strip_prefix(driver.as_bytes()).is_some_and(|kind| {
            matches!(
                kind,
                b"" | b"-layers" | b"-images" | b"-containers" | b"-locks"
            )
        })
    };
    COMMON.iter().any(|known| known.as_bytes() == name)
        || DRIVERS.iter().any(|driver| is_of(driver))
        || name.starts_with(b".")
        || name.ends_with(b".lock")
}

/// How a driver keeps the files of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// What the layer changes, in `<driver>/<id>/diff`.
    Diff,
    /// What the layer changes, in `aufs/diff/<id>`.
    Aufs,
    /// The whole file system, in a directory named after the layer.
    Copy,
    /// On a device or data set that is not there as files.
    Elsewhere,
}

/// One root with one driver.
#[derive(Debug)]
pub(super) struct DriverRoot {
    pub(super) root: Beneath,
    pub(super) driver: &'static str,
    pub(super) keeping: Keeping,
    pub(super) encoding: Encoding,
    /// Names of the directory that holds layers.
    pub(super) directories: BTreeSet<Vec<u8>>,
    /// Why that directory could not be listed, escaped: layers are then out of reach, and not missing.
    refused: Option<String>,
    /// Names beside `layers.json`.
    pub(super) beside: BTreeSet<Vec<u8>>,
    pub(super) layers: Records<LayerRecord>,
    pub(super) images: Records<ImageRecord>,
    pub(super) containers: Records<ContainerRecord>,
}

/// Returns whether a root holds records of a driver.
pub(super) fn has_driver(root: &Beneath, driver: &str) -> bool {
    ["layers", "images", "containers"].iter().any(|kind| {
        let name = format!("{driver}-{kind}");
        is_directory(root, name.as_bytes())
    })
}

impl DriverRoot {
    /// Reads all records of a driver.
    pub(super) fn read(root: &Beneath, driver: &'static str, warnings: &mut Vec<Warning>) -> Self {
        let keeping = match driver {
            "overlay" | "overlay2" => Keeping::Diff,
            "aufs" => Keeping::Aufs,
            "vfs" | "btrfs" => Keeping::Copy,
            _ => Keeping::Elsewhere,
        };
        let list = |kind: &str| {
            let directory = format!("{driver}-{kind}");
            ["", "volatile-"].map(|prefix| format!("{directory}/{prefix}{kind}.json"))
        };
        let mut place = Self {
            root: root.clone(),
            driver,
            keeping,
            encoding: encoding(root, driver),
            directories: BTreeSet::new(),
            refused: None,
            beside: BTreeSet::new(),
            layers: records::read(root, &list("layers"), records::layer, warnings),
            images: Records::default(),
            containers: Records::default(),
        };
        // Engines that keep images apart from containers have no records of one or the other.
        let is_there = |name: &str| !matches!(root.status(name.as_bytes()), Ok(None));
        let images = format!("{driver}-images");
        if is_there(&images) {
            place.images = records::read(root, &list("images"), records::image, warnings);
            place.images.doubt_unless_directory(root, &images, warnings);
        }
        let containers = format!("{driver}-containers");
        if is_there(&containers) {
            let documents = list("containers");
            place.containers = records::read(root, &documents, records::container, warnings);
            place
                .containers
                .doubt_unless_directory(root, &containers, warnings);
        }
        match names(root, &place.holder(), warnings) {
            Ok(names) => place.directories = names,
            Err(reason) => place.refused = Some(reason),
        }
        let beside = names(root, &format!("{driver}-layers"), warnings);
        place.beside = beside.unwrap_or_default();
        place.doubt_missing(warnings);
        place
    }

    /// A document that is missing is one that was lost where there is something to write into it.
    fn doubt_missing(&mut self, warnings: &mut Vec<Warning>) {
        let has_layers = self.ids().next().is_some();
        let (root, driver) = (&self.root, self.driver);
        let has_directories = |kind: &str| {
            let holder = format!("{driver}-{kind}");
            let names = root.names(holder.as_bytes(), limits::STORE_NAMES);
            let mut names = names.ok().flatten().unwrap_or_default().into_iter();
            names.any(|name| is_directory(root, &[holder.as_bytes(), b"/", &name].concat()))
        };
        let found = [
            ("layers", has_layers, &mut self.layers.readability),
            (
                "images",
                has_directories("images"),
                &mut self.images.readability,
            ),
            (
                "containers",
                has_directories("containers"),
                &mut self.containers.readability,
            ),
        ];
        for (kind, is_there, readability) in found {
            if is_there && *readability == Readability::Missing {
                *readability = Readability::Partial;
                let document = format!("{driver}-{kind}/{kind}.json");
                let reason = format!("it is missing, but there are {kind}");
                warnings.push(unusable(root, &document, &reason));
            }
        }
    }

    /// Returns the names of the layers that the driver has files of, whether or not there are records of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = &[u8]> {
        let names = self.directories.iter().map(Vec::as_slice);
        names.filter(|name| !name.starts_with(b".") && !BESIDES.contains(name))
    }

    /// Returns the directory that holds layers.
    pub(super) fn holder(&self) -> String {
        match self.driver {
            "vfs" => "vfs/dir".into(),
            "btrfs" => "btrfs/subvolumes".into(),
            "aufs" => "aufs/diff".into(),
            // What is beside these are no layers but what the driver keeps them in.
            "zfs" => "zfs/graph".into(),
            "devicemapper" => "devicemapper/mnt".into(),
            driver => driver.into(),
        }
    }

    /// Returns whatever the driver has of a layer; `None` where it has nothing.
    pub(super) fn outer(&self, id: &str) -> Option<Location> {
        let there = self.directories.contains(id.as_bytes());
        there.then(|| Location::new(&self.root, format!("{}/{id}", self.holder())))
    }

    /// Returns the files of a layer; `None` where they are not there.
    pub(super) fn files(&self, id: &str) -> Option<Location> {
        let outer = self.outer(id)?;
        let files = match self.keeping {
            Keeping::Diff => outer.join("diff"),
            Keeping::Aufs | Keeping::Copy => outer,
            Keeping::Elsewhere => return None,
        };
        is_directory(&self.root, &files.path).then_some(files)
    }

    /// Returns whether the directory that holds layers could not be listed.
    pub(super) const fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Returns why the files of a layer are out of reach although they may well be there, escaped.
    pub(super) fn obstacle(&self, id: &str) -> Option<String> {
        let link = || self.root.obstacle(self.place_of_files(id).as_bytes());
        let elsewhere = self.elsewhere().or_else(|| self.refused.clone());
        elsewhere.or_else(link)
    }

    /// Returns why the files of no layer are within reach, whatever directories there are; `None` where they are.
    pub(super) fn elsewhere(&self) -> Option<String> {
        (self.keeping == Keeping::Elsewhere).then(|| {
            format!(
                "the driver {} keeps its files where they are not mounted: save the image with `podman save`",
                self.driver
            )
        })
    }

    /// Returns where the files of a layer are to be.
    pub(super) fn place_of_files(&self, id: &str) -> String {
        match self.keeping {
            Keeping::Diff => format!("{}/{id}/diff", self.holder()),
            _ => format!("{}/{id}", self.holder()),
        }
    }

    /// Returns the record of a layer's tar, if there is one.
    pub(super) fn tar_split(&self, id: &str) -> Option<Location> {
        self.beside_layers(&format!("{id}.tar-split.gz"))
    }

    /// Returns a name beside `layers.json`, if it is there.
    pub(super) fn beside_layers(&self, name: &str) -> Option<Location> {
        let there = self.beside.contains(name.as_bytes());
        there.then(|| Location::new(&self.root, format!("{}-layers/{name}", self.driver)))
    }
}

/// Lists a directory that may be missing.
fn names(
    root: &Beneath,
    place: &str,
    warnings: &mut Vec<Warning>,
) -> Result<BTreeSet<Vec<u8>>, String> {
    let names = root.names(place.as_bytes(), limits::STORE_NAMES);
    let names = names.map_err(|error| {
        warnings.push(unusable(root, place, &records::reason(&error)));
        error.in_one_line()
    })?;
    Ok(names.into_iter().flatten().collect())
}

fn encoding(root: &Beneath, driver: &str) -> Encoding {
    if matches!(driver, "aufs") {
        return Encoding::Aufs;
    }
    if !driver.starts_with("overlay") {
        return Encoding::Plain;
    }
    // containers/storage, drivers/overlay/overlay.go, getMountProgramFlagFile
    let flag = root.read(format!("{driver}/.has-mount-program").as_bytes(), 16);
    if matches!(flag, Ok(Some(text)) if text.trim_ascii() == b"true") {
        return Encoding::FuseOverlay;
    }
    Encoding::Overlay(namespace(root))
}

/// Tells the overlay attributes of a user's own store from root's: trusted ones are out of a user's reach.
fn namespace(root: &Beneath) -> Namespace {
    let owner = root
        .status(b"")
        .ok()
        .flatten()
        .map_or(0, |found| found.st_uid);
    if owner == 0 && is_initial_user_namespace() {
        Namespace::Trusted
    } else {
        Namespace::User
    }
}

/// Returns whether user 0 here is root: `podman unshare` makes the user appear as 0 (`user_namespaces`(7)).
fn is_initial_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.is_empty() || map.split_ascii_whitespace().eq(["0", "0", "4294967295"])
}
