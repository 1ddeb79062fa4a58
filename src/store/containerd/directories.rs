//! Where the parts of a store are: containerd's own directory, Docker's beside or around it.

use super::{MOBY, nerdctl};
use crate::beneath::Beneath;
use crate::limits;
use crate::store::Location;
use crate::store::meta_db;
use crate::store::places::{above, is_directory, is_file, is_same};

const DATABASE: &[u8] = b"io.containerd.metadata.v1.bolt/meta.db";
/// What a worker of `BuildKit` is called that has containerd keep its files, before its snapshotter.
pub(super) const ON_CONTAINERD: &[u8] = b"containerd-";
const EMBEDDED: &[u8] = b"containerd/daemon";

/// The directories of one store.
#[derive(Debug, Clone)]
pub(super) struct StoreDirectories {
    /// What was named.
    pub root: Beneath,
    /// containerd's.
    pub home: Location,
    /// Docker's own records, where Docker uses it.
    pub docker: Option<Docker>,
    /// The root of a `BuildKit` whose files are containerd's.
    pub buildkit: Option<Beneath>,
    /// A worker of `BuildKit` that keeps the files itself.
    pub worker: Option<Worker>,
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

/// A worker of `BuildKit`, of which there is one for each snapshotter that was ever chosen.
#[derive(Debug, Clone)]
pub(super) struct Worker {
    pub snapshotter: String,
    /// Whether what lies beside the workers is told with this one.
    pub is_first: bool,
}

impl Docker {
    /// Takes them below the root of the store.
    fn below(root: &Beneath) -> Self {
        Self::at(|name| Location::new(root, name))
    }

    /// Takes them as directories of their own, of a data root that is not the store's: what else lies there is
    /// none of the store's.
    fn apart(root: &Beneath) -> Self {
        Self::at(|name| match root.directory(name) {
            Ok(Some(directory)) => Location::new(&directory, Vec::new()),
            _ => Location::new(root, name),
        })
    }

    fn at(place: impl Fn(&[u8]) -> Location) -> Self {
        Self {
            containers: place(b"containers"),
            volumes: place(b"volumes"),
            buildkit: place(b"buildkit"),
        }
    }
}

impl StoreDirectories {
    /// Finds them from a directory that a user named: any of them, or one of a snapshotter.
    pub(super) fn find(root: &Beneath) -> Option<Self> {
        if is_file(root, DATABASE) {
            return Some(Self::of_containerd(root));
        }
        let embedded = [EMBEDDED, b"/", DATABASE].concat();
        if is_file(root, &embedded) && !is_unused(root, &embedded) {
            return Some(Self::of_docker(root, Location::new(root, EMBEDDED)));
        }
        if is_file(
            root,
            b"agent/containerd/io.containerd.metadata.v1.bolt/meta.db",
        ) {
            // k3s: /var/lib/rancher/k3s
            let home = root.directory(b"agent/containerd").ok()??;
            return Some(Self::of_containerd(&home));
        }
        if is_data_root(root) {
            let beside = beside(root, b"containerd")?;
            let is_ours = is_file(&beside, DATABASE) && !is_unused_by_docker(&beside);
            return is_ours.then(|| Self::of_docker(root, Location::new(&beside, Vec::new())));
        }
        if let Some(home) = nerdctl::containerd_beside(root) {
            return is_file(&home, DATABASE).then(|| Self::of_containerd(&home));
        }
        if is_file(root, b"metadata.db") && is_directory(root, b"snapshots") {
            let above = above(root, "..")?;
            return is_file(&above, DATABASE).then(|| Self::of_containerd(&above));
        }
        None
    }

    fn of_containerd(home: &Beneath) -> Self {
        // Embedded in Docker's data root, or the system's, with Docker beside it.
        let around = above(home, "..").and_then(|parent| above(&parent, ".."));
        let around = around.filter(|root| is_data_root(root) && is_embedded(root, home));
        let is_embedded = around.is_some();
        let docker = around.or_else(|| beside(home, b"docker").filter(is_data_root));
        Self {
            root: home.clone(),
            home: Location::new(home, Vec::new()),
            has_graph_driver: docker.as_ref().is_some_and(has_graph_driver),
            docker: docker
                .filter(|_| is_embedded || !is_unused_by_docker(home))
                .map(|root| Docker::apart(&root)),
            buildkit: buildkit_beside(home),
            worker: None,
            is_docker: is_embedded,
            is_guess: false,
        }
    }

    fn of_docker(root: &Beneath, home: Location) -> Self {
        Self {
            root: root.clone(),
            home,
            docker: Some(Docker::below(root)),
            buildkit: None,
            worker: None,
            is_docker: true,
            has_graph_driver: has_graph_driver(root),
            is_guess: true,
        }
    }

    /// Takes a worker of `BuildKit`.
    pub(super) fn of_worker(root: &Beneath, home: Location, worker: Worker) -> Self {
        Self {
            root: root.clone(),
            home,
            docker: None,
            buildkit: None,
            worker: Some(worker),
            is_docker: false,
            has_graph_driver: false,
            is_guess: false,
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
            |place: &&Location| place.path.is_empty() && !is_same(&place.root, &self.root, b"");
        places.into_iter().filter(is_outside).cloned().collect()
    }
}

/// Returns whether containerd, or who runs it, is known to make something of that name in its root.
pub(super) fn is_known(name: &[u8]) -> bool {
    name.starts_with(b"io.containerd.")
        || name.starts_with(b".")
        // k3s and RKE2 have it log there.
        || name.starts_with(b"containerd.log")
        || name == b"tmpmounts"
        // Debian's config.toml has `ctr install` put programs there.
        || name == b"opt"
}

/// Returns whether a database of Docker's own containerd holds neither image nor snapshot: Docker makes one
/// with every graph driver.
fn is_unused(root: &Beneath, place: &[u8]) -> bool {
    let Ok(Some(database)) = crate::store::bbolt::Database::open(root, place) else {
        // Damaged is not the same as unused.
        return false;
    };
    let is_unused = meta_db::read(&database)
        .iter()
        .all(super::Namespace::is_empty);
    is_unused && database.damage().is_none()
}

fn is_unused_by_docker(home: &Beneath) -> bool {
    let Ok(Some(database)) = crate::store::bbolt::Database::open(home, DATABASE) else {
        return true;
    };
    meta_db::read(&database)
        .iter()
        .filter(|namespace| namespace.name == MOBY)
        .all(|namespace| namespace.images.is_empty() && namespace.snapshots.is_empty())
}

/// Returns whether a directory is a Docker data root.
fn is_data_root(root: &Beneath) -> bool {
    // A link in its place is still where Docker's containers are, though out of reach.
    !matches!(root.status(b"containers"), Ok(None))
        && (is_directory(root, b"buildkit") || is_file(root, b"engine-id"))
}

fn has_graph_driver(root: &Beneath) -> bool {
    let drivers = root.names(b"image", 64).ok().flatten().unwrap_or_default();
    drivers
        .iter()
        .any(|driver| is_directory(root, &[b"image/", driver.as_slice(), b"/layerdb"].concat()))
}

fn is_embedded(root: &Beneath, home: &Beneath) -> bool {
    let embedded = root.directory(EMBEDDED).ok().flatten();
    embedded.is_some_and(|embedded| is_same(&embedded, home, b""))
}

/// Opens a directory beside one that is open.
fn beside(root: &Beneath, name: &[u8]) -> Option<Beneath> {
    above(root, "..")?.directory(name).ok().flatten()
}

/// Returns the root whose workers have containerd keep their files, where it is beside containerd's.
fn buildkit_beside(home: &Beneath) -> Option<Beneath> {
    let root = beside(home, b"buildkit")?;
    let names = root.names(b"", limits::STORE_NAMES).ok().flatten()?;
    let is_worker = |name: &Vec<u8>| name.starts_with(ON_CONTAINERD);
    names.iter().any(is_worker).then_some(root)
}
