//! The directories that a graph driver keeps, by the names that records call them.

use std::collections::BTreeSet;

use crate::beneath::Beneath;
use crate::path;

use super::super::{Contents, Listing, Location};
use super::driver::{Driver, Privilege};
use super::records::{Records, place};
use crate::store::places::is_directory;

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
    /// Why `home` could not be listed, escaped: its directories are then out of reach and not missing.
    refused: Option<String>,
}

impl Graph {
    /// Lists the directories of a driver whose own directory is at `home`.
    ///
    /// This comes before any record is read: a layer of a running engine then has its record by the time the
    /// record is looked for.
    pub(super) fn list(records: &mut Records, driver: Driver, home: &[u8]) -> Self {
        let graph = place(&[home, driver.graph().as_bytes()]);
        let (names, refused) = match records.listed(&graph) {
            Ok(names) => (names, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        Self {
            driver,
            privilege: Privilege::of(records.root()),
            root: records.root().clone(),
            opened: records.root().directory(&graph).ok().flatten(),
            home: graph,
            names: names
                .into_iter()
                .filter(|name| !is_reserved(driver, name))
                .collect(),
            refused,
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

    /// Returns why the directory of that name is out of reach although it may well be there, escaped.
    pub(super) fn obstacle(&self, name: &str) -> Option<String> {
        if self.has(name) {
            return None;
        }
        if self.driver.mounts_layers() {
            let driver = self.driver.name();
            return Some(format!("{driver} mounts layers only while they are in use"));
        }
        let link = || self.root.obstacle(&self.directory(name).path);
        self.refused.clone().or_else(link)
    }

    /// Returns where a link is in the place of a layer's files; `None` where there is none.
    pub(super) fn link(&self, name: &str) -> Option<Location> {
        let mut places = self.driver.contents().iter().map(|below| {
            let files = place(&[name.as_bytes(), below.as_bytes()]);
            Location::new(&self.root, self.place(&files))
        });
        places.find(|files| matches!(self.root.link(&files.path), Ok(Some(_))))
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
            || Contents::Refused(self.why_no_files(name)),
            Contents::Directory,
        )
    }

    fn why_no_files(&self, name: &str) -> String {
        let shown = self.directory(name).shown();
        if let Some(reason) = self.obstacle(name) {
            return format!("{shown} cannot be opened: {reason}");
        }
        if !self.has(name) {
            return format!("the directory {shown} is missing");
        }
        if let Some(link) = self.link(name)
            && let Some(reason) = self.root.obstacle(&link.path)
        {
            return format!("{} cannot be opened: {reason}", link.shown());
        }
        let below = self.driver.contents().join(" and no ");
        format!("{shown} has no {below}")
    }

    /// Returns how to read a layer without original headers: what it changes, or what differs from `below`.
    pub(super) fn listing(&self, name: &str, below: Option<&str>) -> Listing {
        self.listing_of(self.files(name), below)
    }

    /// As [`Graph::listing`], where it is known already where the files are.
    pub(super) fn listing_of(&self, files: Contents, below: Option<&str>) -> Listing {
        let directory = match files {
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
