//! Where the parts of a store are: containerd's own directory, Docker's beside or around it.

use std::os::fd::AsFd as _;

use rustix::fs::{FileType, Mode, OFlags};

use super::MOBY;
use crate::beneath::Beneath;
use crate::store::Location;

const DATABASE: &[u8] = b"io.containerd.metadata.v1.bolt/meta.db";
const EMBEDDED: &[u8] = b"containerd/daemon";

/// The directories of one store.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// What was named.
    pub root: Beneath,
    /// containerd's.
    pub home: Location,
    /// Docker's own records, where Docker uses it.
    pub docker: Option<Docker>,
    /// Whether it was Docker's that was named, or Docker runs a containerd of its own.
    pub is_docker: bool,
    /// Whether Docker has a graph driver's images too, and another reader takes what is common to both.
    pub has_graph_driver: bool,
    /// Whether it may be that Docker made the directory and never used it.
    pub is_guess: bool,
}

/// Where Docker keeps what containerd does not know.
#[derive(Debug, Clone)]
pub(super) struct Docker {
    pub containers: Location,
    pub volumes: Location,
    pub buildkit: Location,
}

impl Docker {
    /// Takes them below the root of the store.
    fn below(root: &Beneath) -> Self {
        let place = |name: &[u8]| Location::new(root, name);
        Self {
            containers: place(b"containers"),
            volumes: place(b"volumes"),
            buildkit: place(b"buildkit"),
        }
    }

    /// Takes them as directories of their own, of a data root that is not the store's: what else lies there is
    /// none of the store's.
    fn apart(root: &Beneath) -> Self {
        let place = |name: &[u8]| match root.directory(name) {
            Ok(Some(directory)) => Location::new(&directory, Vec::new()),
            _ => Location::new(root, name),
        };
        Self {
            containers: place(b"containers"),
            volumes: place(b"volumes"),
            buildkit: place(b"buildkit"),
        }
    }
}

impl Places {
    /// Finds them from a directory that a user named: any of them, or one of a snapshotter.
    pub(super) fn find(root: &Beneath) -> Option<Self> {
        if has_file(root, DATABASE) {
            return Some(Self::of_containerd(root));
        }
        let embedded = [EMBEDDED, b"/", DATABASE].concat();
        if has_file(root, &embedded) && !is_unused(root, &embedded) {
            return Some(Self::of_docker(root, Location::new(root, EMBEDDED)));
        }
        if has_file(
            root,
            b"agent/containerd/io.containerd.metadata.v1.bolt/meta.db",
        ) {
            // k3s: /var/lib/rancher/k3s
            let home = root.directory(b"agent/containerd").ok()??;
            return Some(Self::of_containerd(&home));
        }
        if is_data_root(root) {
            let beside = beside(root, &["containerd"])?;
            let is_ours = has_file(&beside, DATABASE) && !is_unused_by_docker(&beside);
            return is_ours.then(|| Self::of_docker(root, Location::new(&beside, Vec::new())));
        }
        if has_file(root, b"metadata.db") && is_directory(root, b"snapshots") {
            let above = above(root)?;
            return has_file(&above, DATABASE).then(|| Self::of_containerd(&above));
        }
        None
    }

    fn of_containerd(home: &Beneath) -> Self {
        // Embedded in Docker's data root, or the system's, with Docker beside it.
        let around = above(home).and_then(|parent| above(&parent));
        let around = around.filter(|root| is_data_root(root) && is_embedded(root, home));
        let is_embedded = around.is_some();
        let docker = around.or_else(|| beside(home, &["docker"]).filter(is_data_root));
        Self {
            root: home.clone(),
            home: Location::new(home, Vec::new()),
            has_graph_driver: docker.as_ref().is_some_and(has_graph_driver),
            docker: docker
                .filter(|_| is_embedded || !is_unused_by_docker(home))
                .map(|root| Docker::apart(&root)),
            is_docker: is_embedded,
            is_guess: false,
        }
    }

    fn of_docker(root: &Beneath, home: Location) -> Self {
        Self {
            root: root.clone(),
            home,
            docker: Some(Docker::below(root)),
            is_docker: true,
            has_graph_driver: has_graph_driver(root),
            is_guess: true,
        }
    }

    /// Returns the directories of the store that do not lie in its root.
    pub(super) fn outside(&self) -> Vec<Location> {
        let mut places = vec![&self.home];
        if let Some(docker) = &self.docker {
            places.extend([&docker.containers, &docker.buildkit]);
            // The reader of the graph driver takes them otherwise.
            places.extend((!self.has_graph_driver).then_some(&docker.volumes));
        }
        let is_outside =
            |place: &&Location| place.path.is_empty() && !same(&place.root, &self.root);
        places.into_iter().filter(is_outside).cloned().collect()
    }
}

/// Returns whether a database of Docker's own containerd holds neither image nor snapshot: Docker makes one
/// with every graph driver.
fn is_unused(root: &Beneath, place: &[u8]) -> bool {
    let Ok(Some(database)) = crate::store::bbolt::Database::open(root, place) else {
        // Damaged is not the same as unused.
        return false;
    };
    let is_unused = super::meta::read(&database)
        .iter()
        .all(super::Namespace::is_empty);
    is_unused && database.damage().is_none()
}

fn is_unused_by_docker(home: &Beneath) -> bool {
    let Ok(Some(database)) = crate::store::bbolt::Database::open(home, DATABASE) else {
        return true;
    };
    super::meta::read(&database)
        .iter()
        .filter(|namespace| namespace.name == MOBY)
        .all(|namespace| namespace.images.is_empty() && namespace.snapshots.is_empty())
}

/// Returns whether a directory is a Docker data root.
fn is_data_root(root: &Beneath) -> bool {
    // A link in its place is still where Docker's containers are, though out of reach.
    matches!(root.status(b"containers"), Ok(Some(_)))
        && (is_directory(root, b"buildkit") || has_file(root, b"engine-id"))
}

fn has_graph_driver(root: &Beneath) -> bool {
    let drivers = root.names(b"image", 64).ok().flatten().unwrap_or_default();
    drivers
        .iter()
        .any(|driver| is_directory(root, &[b"image/", driver.as_slice(), b"/layerdb"].concat()))
}

fn is_embedded(root: &Beneath, home: &Beneath) -> bool {
    let embedded = root.directory(EMBEDDED).ok().flatten();
    embedded.is_some_and(|embedded| same(&embedded, home))
}

fn same(one: &Beneath, other: &Beneath) -> bool {
    let inode = |of: &Beneath| {
        let status = of.status(b"").ok().flatten();
        status.map(|status| (status.st_dev, status.st_ino))
    };
    let one = inode(one);
    one.is_some() && one == inode(other)
}

/// Opens the directory above one that is open, wherever the links led by which it was named.
pub(in crate::store) fn above(root: &Beneath) -> Option<Beneath> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(root.as_descriptor().as_fd(), "..", flags, Mode::empty());
    let name = match root.name().rsplit_once('/') {
        Some((parent, last)) if !matches!(last, "" | "." | "..") => parent.to_owned(),
        _ => format!("{}/..", root.name()),
    };
    Some(Beneath::new(opened.ok()?, &name))
}

/// Opens a directory beside one that is open.
fn beside(root: &Beneath, names: &[&str]) -> Option<Beneath> {
    let place = names.join("/");
    above(root)?.directory(place.as_bytes()).ok().flatten()
}

fn has_file(root: &Beneath, place: &[u8]) -> bool {
    is_a(root, place, FileType::RegularFile)
}

fn is_directory(root: &Beneath, place: &[u8]) -> bool {
    is_a(root, place, FileType::Directory)
}

fn is_a(root: &Beneath, place: &[u8], wanted: FileType) -> bool {
    let status = root.status(place).ok().flatten();
    status.is_some_and(|status| FileType::from_raw_mode(status.st_mode) == wanted)
}
