//! containerd: content store, metadata and snapshotters; Docker's image store on top of it; Kubernetes nodes.
//!
//! One directory is one [`Store`], whatever number of namespaces it has: they share the blobs of the content
//! store, and what is shared can be told within one store only. Snapshots are never shared between namespaces.

mod builder;
mod buildkit;
mod containers;
mod content;
mod directories;
mod docker_records;
mod engine_sizes;
mod images;
mod layers;
mod leftovers;
mod nerdctl;
mod snapshotter;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::Digest;
use crate::progress::Job;

use super::bbolt::Database;
use super::meta_db::{self, Key, Namespace};
use super::{
    Activity, ContainerId, Engine, ImageId, LayerId, Location, Ownership, PieceId, Role, Store,
    Volume, buildx,
};

use content::Content;
use directories::StoreDirectories;
use layers::LayerNotes;
use snapshotter::Snapshotter;

/// Docker's namespace.
const MOBY: &str = "moby";

/// That of a Kubernetes node.
const KUBERNETES: &str = "k8s.io";

/// Most warnings of one store that are kept; a damaged database may raise one for each of its records.
const WARNINGS: usize = 200;

/// How often a store is read while its engine goes on working in it, before what was read is taken as it is.
const ATTEMPTS: usize = 3;

pub(super) use engine_sizes::engine_sizes;

/// Returns whether a directory is one of ours, by the names in it.
pub(super) fn is_root(root: &Beneath) -> bool {
    StoreDirectories::find(root).is_some()
}

/// Reads every store of this kind in a directory.
///
/// # Errors
/// When the directory itself cannot be read, or [`crate::error::Error::Interrupted`].
pub(super) fn read(root: &Beneath, job: &Job) -> Result<Vec<Store>> {
    let places = StoreDirectories::find(root);
    let store = places.map(|places| read_at(&places, job)).transpose()?;
    Ok(store.flatten().into_iter().collect())
}

/// Returns whether a directory is the root of `BuildKit`, or a part of one that leads to it.
pub(super) fn is_root_of_builder(root: &Beneath) -> bool {
    !builder::workers(root).is_empty()
}

/// Reads every worker of `BuildKit` in a directory, or in that which it is a part of.
///
/// # Errors
/// As of [`read`].
pub(super) fn read_builder(root: &Beneath, job: &Job) -> Result<Vec<Store>> {
    let workers = builder::workers(root);
    let stores = workers.iter().map(|places| read_at(places, job));
    let stores: Result<Vec<Option<Store>>> = stores.collect();
    Ok(stores?.into_iter().flatten().collect())
}

fn read_at(places: &StoreDirectories, job: &Job) -> Result<Option<Store>> {
    let mut reader = ContainerdReader::new(places.clone());
    reader.read(job)?;
    for _ in 1..ATTEMPTS {
        if !reader.is_overtaken {
            break;
        }
        reader = ContainerdReader::new(places.clone());
        reader.read(job)?;
    }
    Ok(reader.finish())
}

/// A snapshot as a namespace names it.
type SnapshotName = (String, Key);

/// One store being read.
#[derive(Debug)]
struct ContainerdReader {
    store: Store,
    places: StoreDirectories,
    namespaces: Vec<Namespace>,
    snapshotters: Vec<Snapshotter>,
    content: Content,
    /// What is known of each layer beside the model, in the order of the model.
    details: Vec<LayerNotes>,
    layers_by_name: BTreeMap<SnapshotName, LayerId>,
    /// What snapshotters keep beside their snapshots, by their names.
    caches: Vec<(String, PieceId)>,
    /// Manifests of images, to find those of containers; in the order of the images.
    manifests: Vec<Digest>,
    images_by_name: BTreeMap<(String, String), Vec<ImageId>>,
    containers_by_id: BTreeMap<String, ContainerId>,
    /// Namespaces in which `BuildKit` keeps its cache.
    of_builders: BTreeSet<String>,
    /// What anybody was found to keep.
    kept: BTreeSet<LayerId>,
    meta: Option<Database>,
    /// Whether the engine changed its records while the rest was read.
    is_overtaken: bool,
    /// Whether records may be missing, so that nobody can be said to own nothing.
    is_doubtful: bool,
    more_warnings: usize,
    /// Seconds since 1970: leases end.
    now: i64,
}

impl ContainerdReader {
    fn new(places: StoreDirectories) -> Self {
        let store = Store::new(Engine::Containerd, "", places.root.clone());
        Self {
            store,
            places,
            namespaces: Vec::new(),
            snapshotters: Vec::new(),
            content: Content::default(),
            details: Vec::new(),
            layers_by_name: BTreeMap::new(),
            caches: Vec::new(),
            manifests: Vec::new(),
            images_by_name: BTreeMap::new(),
            containers_by_id: BTreeMap::new(),
            of_builders: BTreeSet::new(),
            kept: BTreeSet::new(),
            meta: None,
            is_overtaken: false,
            is_doubtful: false,
            more_warnings: 0,
            now: jiff::Timestamp::now().as_second(),
        }
    }

    fn read(&mut self, job: &Job) -> Result<()> {
        self.read_meta();
        self.name_engine();
        self.claim_places();
        self.read_snapshotters();
        self.add_layers();
        self.list_content();
        job.check()?;
        self.add_images(job)?;
        self.share_caches();
        self.add_containers();
        self.add_nerdctl();
        self.add_docker();
        self.add_extras();
        job.check()?;
        self.add_cache();
        self.add_pods();
        job.check()?;
        self.look_again();
        self.add_leftovers();
        Ok(())
    }

    /// Returns the store, unless it is one that an engine made and never used.
    fn finish(mut self) -> Option<Store> {
        let is_unused = self.namespaces.iter().all(Namespace::is_empty)
            && self.store.layers.is_empty()
            && self.store.orphans.is_empty()
            && self.store.containers.is_empty()
            && self.store.extras.is_empty();
        if is_unused && self.places.is_guess && self.store.warnings.is_empty() {
            return None;
        }
        if self.is_doubtful {
            self.store.ownership = Ownership::InPart;
        }
        if self.more_warnings > 0 {
            let message = format!(
                "{}: {} more of these",
                self.store.root.name(),
                self.more_warnings
            );
            let warning = Warning::new(WarningCode::BadRecord, message);
            self.store.warnings.push(warning);
        }
        Some(self.store)
    }

    fn read_meta(&mut self) {
        let place = self.meta_place();
        let database = match Database::open(&place.root, &place.path) {
            Ok(Some(database)) => database,
            Ok(None) => return self.doubt(format!("{} is missing", place.shown())),
            Err(error) => return self.doubt(error.in_one_line()),
        };
        self.namespaces = meta_db::read(&database);
        if let Some(doubt) = snapshotter::doubt(&database) {
            self.doubt(doubt);
        }
        self.meta = Some(database);
    }

    /// Looks whether the records that everything was compared with are still the newest: a blob or a snapshot
    /// made meanwhile would look like one that nobody owns.
    fn look_again(&mut self) {
        let place = self.meta_place();
        let Some(meta) = &self.meta else {
            return;
        };
        if !meta.is_current(&place.root, &place.path) {
            self.is_overtaken = true;
            self.doubt(format!(
                "{} changed while the store was read",
                place.shown()
            ));
        }
    }

    fn meta_place(&self) -> Location {
        let name = match self.places.worker {
            Some(_) => "containerdmeta.db",
            None => "io.containerd.metadata.v1.bolt/meta.db",
        };
        self.places.home.join(name)
    }

    fn name_engine(&mut self) {
        let has = |name: &str| {
            let mut namespaces = self.namespaces.iter();
            namespaces.any(|namespace| namespace.name == name && !namespace.is_empty())
        };
        self.store.engine = if self.places.worker.is_some() {
            Engine::BuildKit
        } else if self.places.is_docker {
            Engine::DockerContainerd
        } else if has(KUBERNETES) {
            Engine::Kubernetes
        } else if has(MOBY) {
            Engine::DockerContainerd
        } else {
            Engine::Containerd
        };
        // Only Docker's own containerd is left behind where Docker keeps images with a graph driver: the system's
        // serves others, whatever Docker beside it does. What could not be read may be in use.
        let is_unused = self.namespaces.iter().all(Namespace::is_empty) && !self.is_doubtful;
        if self.places.is_docker && self.places.has_graph_driver && is_unused {
            self.store.activity = Activity::LeftBehind;
        }
    }

    /// Claims what lies outside of the root that was named.
    fn claim_places(&mut self) {
        for place in self.places.outside() {
            self.store.add_piece(place, Role::Bookkeeping);
        }
        if self.places.worker.is_some() {
            // Another worker may have the root.
            let home = self.places.home.clone();
            self.store.add_piece(home, Role::Bookkeeping);
            self.store.builder = buildx::builder_with(&self.store.root);
        }
    }

    /// Notes why records may be missing; `reason` is escaped.
    fn doubt(&mut self, reason: String) {
        self.is_doubtful = true;
        self.warn(WarningCode::BadRecord, reason);
    }

    fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        if self.store.warnings.len() < WARNINGS {
            self.store.warnings.push(Warning::new(code, message));
        } else {
            self.more_warnings += 1;
        }
    }

    /// Notes a record that cannot be used; `reason` is escaped.
    fn bad(&mut self, place: &Location, reason: &str) {
        self.warn(
            WarningCode::BadRecord,
            format!("{}: {reason}", place.shown()),
        );
    }

    fn failed(&mut self, error: &Error) {
        self.warn(WarningCode::BadRecord, error.in_one_line());
    }

    /// Lists a directory; what cannot be listed is a warning.
    fn names(&mut self, place: &Location) -> Vec<Vec<u8>> {
        match place.root.names(&place.path, crate::limits::STORE_NAMES) {
            Ok(names) => {
                let names = names.unwrap_or_default();
                if names.len() >= crate::limits::STORE_NAMES {
                    let shown = place.shown();
                    self.doubt(format!("{shown} has more entries than are read"));
                }
                names
            }
            Err(error) => {
                // Whoever is recorded there may own anything.
                self.doubt(error.in_one_line());
                Vec::new()
            }
        }
    }

    /// Returns the layer of a snapshot.
    fn layer_named(&self, namespace: &str, key: &Key) -> Option<LayerId> {
        let name = (namespace.to_owned(), key.clone());
        self.layers_by_name.get(&name).copied()
    }

    /// Keeps a layer and everything below it.
    fn keep(&mut self, layer: LayerId) {
        let mut at = Some(layer);
        while let Some(layer) = at.filter(|layer| self.kept.insert(*layer)) {
            at = self.store.layer(layer).parent;
        }
    }
}
