//! The directories that a graph driver keeps, by the names that records call them.

use std::collections::BTreeSet;

use crate::layer::beneath::Beneath;
use crate::path;

use super::super::{Contents, Listing, Location};
use super::driver::{Driver, Privilege};
use super::records::{Records, is_directory, place};

/// Where a driver keeps its layers.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) driver: Driver,
    pub(super) privilege: Privilege,
    root: Beneath,
    home: Vec<u8>,
    /// `home`, open; `None` where it is missing.
    opened: Option<Beneath>,
    names: BTreeSet<Vec<u8>>,
}

impl Graph {
    /// Lists the directories of a driver whose own directory is at `home`.
    ///
    /// This comes before any record is read: a layer of a running engine then has its record by the time the
    /// record is looked for.
    pub(super) fn list(records: &mut Records, driver: Driver, home: &[u8]) -> Self {
        let graph = place(&[home, driver.graph().as_bytes()]);
        let names = records.names(&graph).into_iter();
        Self {
            driver,
            privilege: Privilege::of(records.root()),
            root: records.root().clone(),
            opened: records.root().directory(&graph).ok().flatten(),
            home: graph,
            names: names.filter(|name| !is_reserved(driver, name)).collect(),
        }
    }

    /// Returns every name, directories and files, without those that never are a layer's.
    pub(super) const fn names(&self) -> &BTreeSet<Vec<u8>> {
        &self.names
    }

    /// Returns where the directory of that name is, below the store's root.
    pub(super) fn place(&self, name: &[u8]) -> Vec<u8> {
        place(&[&self.home, name])
    }

    /// Returns the directory of that name.
    pub(super) fn directory(&self, name: &str) -> Location {
        Location::new(&self.root, self.place(name.as_bytes()))
    }

    /// Returns whether there is a directory of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.is_directory(name.as_bytes())
    }

    /// Returns where the files of a layer are, or why they are nowhere.
    pub(super) fn files(&self, name: &str) -> Contents {
        let directory = self.directory(name);
        if self.driver.mounts_layers() && !self.is_mounted(&directory) {
            return Contents::Refused(self.how_to_mount(name));
        }
        let found = self.driver.contents().iter().find_map(|&below| {
            let files = place(&[name.as_bytes(), below.as_bytes()]);
            let is_there = self.is_directory(&files);
            is_there.then(|| Location::new(&self.root, self.place(&files)))
        });
        found.map_or_else(
            || Contents::Refused(format!("{} has no files", directory.shown())),
            Contents::Directory,
        )
    }

    /// Returns how to read a layer without original headers: what it changes, or what differs from `below`.
    pub(super) fn listing(&self, name: &str, below: Option<&str>) -> Listing {
        let directory = match self.files(name) {
            Contents::Directory(directory) => directory,
            Contents::Refused(reason) => return Listing::Unavailable(reason),
        };
        match self.driver.encoding(self.privilege) {
            // See `Driver::contents`.
            Some(encoding)
                if self.driver != Driver::Overlay || !directory.path.ends_with(b"/root") =>
            {
                Listing::Directory {
                    directory,
                    encoding,
                }
            }
            _ => self.copy(directory, below),
        }
    }

    fn copy(&self, directory: Location, below: Option<&str>) -> Listing {
        match below.map(|below| self.files(below)) {
            None => Listing::Copy {
                directory,
                below: None,
            },
            Some(Contents::Directory(below)) => Listing::Copy {
                directory,
                below: Some(below),
            },
            Some(Contents::Refused(reason)) => Listing::Unavailable(reason),
        }
    }

    fn is_directory(&self, below: &[u8]) -> bool {
        let home = self.opened.as_ref();
        home.is_some_and(|home| is_directory(home, below))
    }

    /// A file system of its own has another device number than the directory that it is mounted in.
    fn is_mounted(&self, directory: &Location) -> bool {
        let device = |place: &[u8]| {
            self.root
                .status(place)
                .ok()
                .flatten()
                .map(|found| found.st_dev)
        };
        let here = device(&directory.path);
        here.is_some() && here != device(&self.home)
    }

    fn how_to_mount(&self, name: &str) -> String {
        let at = self.directory(name).shown();
        let name = path::display_str(name);
        match self.driver {
            // Datasets of layers have the mount point "legacy": `zfs mount` refuses them
            // (moby, daemon/graphdriver/zfs/zfs.go).
            Driver::Zfs => format!(
                "its dataset is not mounted: `mount -t zfs -o ro DATASET/{name} {at}`, with the DATASET that `zfs list` shows"
            ),
            _ => format!(
                "its thin device is not mounted: activate it with `dmsetup create`, then `mount -o ro /dev/mapper/DEVICE {at}`"
            ),
        }
    }
}

/// Short names of overlay layers, and the device file of disk quotas.
fn is_reserved(driver: Driver, name: &[u8]) -> bool {
    name == b"backingFsBlockDev" || driver.writes_lower() && name == b"l"
}
