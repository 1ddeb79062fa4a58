//! containers-storage: Podman, Buildah, CRI-O.
//!
//! One root holds `<driver>-layers`, `<driver>-images` and `<driver>-containers` with the records of each
//! driver, and `<driver>` with the files (containers/storage, store.go). Nothing is read here but records.

mod additional;
mod ancestry;
mod artifacts;
mod containers;
mod driver_root;
mod engine_sizes;
mod images;
mod layers;
mod orphans;
mod pods;
mod records;
mod recovery;
mod volumes;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::ErrorKind;

use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::path;
use crate::progress::Job;

use super::{Engine, Location, Ownership, Role, Store, foreign, places, pool};
use containers::Containers;
use driver_root::{DRIVERS, DriverRoot, has_driver};
use images::Images;
use layers::{Layers, RecordOrigin};
use records::{Condition, Readability, unusable};

/// The driver that has its layers on a disk in a file.
const POOL: &str = "devicemapper";

pub(super) use additional::Options;

pub(super) use engine_sizes::engine_sizes;

/// Returns whether a directory is one of ours, by the names in it, or a part of one.
pub(super) fn is_root(root: &Beneath) -> bool {
    find_root(root).is_some()
}

/// Returns the root of the store that a directory is, or is a part of.
fn find_root(named: &Beneath) -> Option<Beneath> {
    if DRIVERS.iter().any(|driver| has_driver(named, driver)) {
        return Some(named.clone());
    }
    let above = places::above(named, "..")?;
    let is_part = |driver: &str| {
        has_driver(&above, driver)
            && ["", "-layers", "-images", "-containers"]
                .iter()
                .any(|kind| {
                    let name = format!("{driver}{kind}");
                    places::is_same(named, &above, name.as_bytes())
                })
    };
    DRIVERS
        .iter()
        .any(|driver| is_part(driver))
        .then_some(above)
}

/// Reads every store of this kind in a directory.
///
/// # Errors
/// When none of its records may be read, or [`Error::Interrupted`].
pub(super) fn read(named: &Beneath, job: &Job) -> Result<Vec<Store>> {
    read_with(named, &Options::of_host(), job)
}

/// As [`read`], with the stores that layers may be in besides.
///
/// # Errors
/// As [`read`].
pub(super) fn read_with(named: &Beneath, options: &Options, job: &Job) -> Result<Vec<Store>> {
    let Some(root) = find_root(named) else {
        return Ok(Vec::new());
    };
    let mut stores = Vec::new();
    for driver in DRIVERS {
        job.check()?;
        if has_driver(&root, driver) {
            refuse_sealed(&root, driver)?;
            let reader = StorageReader::new(&root, driver);
            stores.push(reader.read(options, stores.is_empty(), job)?);
        }
    }
    Ok(stores)
}

/// Directories of a store are open to everybody, its records are not: a report without any would only show zeros.
fn refuse_sealed(root: &Beneath, driver: &str) -> Result<()> {
    let mut denied = None;
    for kind in ["layers", "images", "containers"] {
        match root.file(format!("{driver}-{kind}/{kind}.json").as_bytes()) {
            Ok(Some(_)) => return Ok(()),
            Err(Error::Open { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
                denied = Some(source);
            }
            Ok(None) | Err(_) => {}
        }
    }
    match denied {
        None => Ok(()),
        Some(source) => Err(Error::StoreDenied {
            name: root.name().to_owned(),
            source,
        }),
    }
}

/// One store while it is being read.
struct StorageReader {
    store: Store,
    /// Its own place first, then those of additional stores that it needs.
    places: Vec<DriverRoot>,
    layers: Layers,
}

impl StorageReader {
    fn new(root: &Beneath, driver: &'static str) -> Self {
        let mut store = Store::new(Engine::ContainersStorage, driver, root.clone());
        let own = DriverRoot::read(root, driver, &mut store.warnings);
        for (kind, role) in [
            ("layers", Role::Bookkeeping),
            ("images", Role::Blob),
            ("containers", Role::ContainerFiles),
        ] {
            let holder = format!("{driver}-{kind}");
            if let Some(reason) = root.obstacle(holder.as_bytes()) {
                store.add_unreachable(Location::new(root, holder), role, reason);
            }
        }
        let readabilities = [
            own.layers.readability,
            own.images.readability,
            own.containers.readability,
        ];
        if readabilities.contains(&Readability::Partial) {
            store.ownership = Ownership::InPart;
        }
        Self {
            store,
            places: vec![own],
            layers: Layers::default(),
        }
    }

    /// What all drivers of a root have in common is reported with the first store of it.
    fn read(mut self, options: &Options, is_first: bool, job: &Job) -> Result<Store> {
        self.add_own_layers();
        if self.lacks_something() {
            self.open_additional(options, job)?;
        }
        self.layers.link(&mut self.store, &self.places);
        let images = self.add_images(job)?;
        let containers = self.add_containers(&images, job)?;
        images.keep_layers(&self.store, &mut self.layers);
        self.layers.furnish(&mut self.store, &self.places);
        images.claim_mapped(&mut self.store);
        ancestry::settle(&mut self.store, &images.pedigrees);
        volumes::add(&mut self.store, &containers);
        pods::add(&mut self.store, &containers);
        let is_pool = self.places[0].driver == POOL;
        if is_pool || is_first && !has_driver(&self.store.root, POOL) {
            let root = self.store.root.clone();
            pool::add(&mut self.store, &root);
        }
        if is_first {
            artifacts::add(&mut self.store);
            let root = self.store.root.clone();
            foreign::add(&mut self.store, &root, driver_root::is_known);
        }
        orphans::add(&mut self.store, &self.places[0], &self.layers);
        if self.store.ownership == Ownership::InPart {
            self.store.keep_unowned_layers();
        }
        Ok(self.store)
    }

    fn add_own_layers(&mut self) {
        let own = &self.places[0];
        let recovered = recovery::lost_layers(own);
        for record in own.layers.elements.iter().chain(&recovered) {
            let origin = RecordOrigin {
                place: 0,
                record: record.clone(),
            };
            if self.layers.add(&mut self.store, origin).is_none() {
                let document = format!("{}-layers/layers.json", own.driver);
                let id = path::display_str(&record.id);
                let reason = format!("layer {id} is listed twice; the first is used");
                let warning = unusable(&own.root, &document, &reason);
                self.store.warnings.push(warning);
            }
        }
    }

    /// Returns the IDs of layers that something of the store itself stands on.
    fn wanted(&self) -> impl Iterator<Item = &str> {
        let own = &self.places[0];
        let parents = self.layers.origins.iter();
        let parents = parents.filter_map(|origin| origin.record.parent.as_deref());
        let images = own.images.elements.iter();
        let tops = images.flat_map(|image| image.top.iter().chain(&image.mapped));
        parents.chain(tops.map(String::as_str))
    }

    fn lacks_something(&self) -> bool {
        let own = &self.places[0];
        let images: BTreeSet<&str> = own
            .images
            .elements
            .iter()
            .map(|image| image.id.as_str())
            .collect();
        let mut used = own.containers.elements.iter();
        self.wanted().any(|id| self.layers.find(id).is_none())
            || used.any(|container| {
                let image = container.image.as_deref();
                image.is_some_and(|image| !images.contains(image))
            })
    }

    fn open_additional(&mut self, options: &Options, job: &Job) -> Result<()> {
        for root in &options.additional {
            job.check()?;
            let root = match Beneath::open(root) {
                Ok(root) => root,
                Err(Error::NotFound { .. }) => continue,
                Err(error) => {
                    let name = path::display_os(root.as_os_str());
                    let message = format!("{name}: {}", error.in_one_line());
                    let code = crate::error::WarningCode::BadRecord;
                    let warning = crate::error::Warning::new(code, message);
                    self.store.warnings.push(warning);
                    continue;
                }
            };
            let driver = self.places[0].driver;
            let same = places::is_same(&root, &self.places[0].root, b"");
            if !same && has_driver(&root, driver) {
                let place = DriverRoot::read(&root, driver, &mut self.store.warnings);
                self.places.push(place);
            }
        }
        self.adopt_layers();
        Ok(())
    }

    /// Adds the layers of additional stores that something here stands on, and what those stand on.
    fn adopt_layers(&mut self) {
        let mut wanted: Vec<String> = self.wanted().map(str::to_owned).collect();
        let used = self.places[0].containers.elements.iter();
        let images: BTreeSet<&str> = used.filter_map(|used| used.image.as_deref()).collect();
        for place in &self.places[1..] {
            let records = place.images.elements.iter();
            let records = records.filter(|record| images.contains(record.id.as_str()));
            wanted.extend(records.filter_map(|record| record.top.clone()));
        }
        while let Some(id) = wanted.pop() {
            if self.layers.find(&id).is_some() {
                continue;
            }
            let found = self
                .places
                .iter()
                .enumerate()
                .skip(1)
                .find_map(|(at, place)| {
                    let mut layers = place.layers.elements.iter();
                    let record = layers
                        .find(|record| record.id == id && record.condition == Condition::Whole)?;
                    Some(RecordOrigin {
                        place: at,
                        record: record.clone(),
                    })
                });
            if let Some(origin) = found {
                wanted.extend(origin.record.parent.clone());
                self.layers.add(&mut self.store, origin);
            }
        }
    }

    fn add_images(&mut self, job: &Job) -> Result<Images> {
        let mut images = Images::default();
        let used = self.places[0].containers.elements.iter();
        let used: BTreeSet<&str> = used.filter_map(|used| used.image.as_deref()).collect();
        for (at, place) in self.places.iter().enumerate() {
            for record in &place.images.elements {
                job.check()?;
                if at == 0 || used.contains(record.id.as_str()) {
                    images.add(&mut self.store, &self.layers, place, record);
                }
            }
        }
        Ok(images)
    }

    fn add_containers(&mut self, images: &Images, job: &Job) -> Result<Containers> {
        let mut containers = Containers::default();
        let own = &self.places[0];
        for record in &own.containers.elements {
            job.check()?;
            containers.add(&mut self.store, &mut self.layers, images, (own, record));
        }
        Ok(containers)
    }
}
