//! Docker with a graph driver: `image/`, `overlay2/` and its siblings, `containers/`, `volumes/`, `buildkit/`.
//!
//! Only records are read. `image/<driver>/` says which images there are, which layers they are made of, and in
//! which directory of the driver each layer lies; `containers/` and `layerdb/mounts/` say the same of
//! containers. What is left of the driver's directories belongs to the build cache or to nobody.

mod build_cache;
mod build_content;
mod containers;
mod data_root;
mod driver;
mod driver_alone;
mod engine_sizes;
mod graph;
mod images;
mod layers;
mod orphans;
mod reader;
mod records;
#[cfg(test)]
mod tests;
mod volumes;

use std::io::ErrorKind;

use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::progress::Job;

use self::reader::{DockerReader, DriverStore, Shares};
use super::{Activity, Role, Store, foreign, plugins, pool};
use data_root::StoreRoot;
use driver::Driver;

pub(super) use containers::{LEFT_OVER, is_log};
pub(super) use data_root::is_known;
pub(super) use driver::is_remapped;
pub(super) use engine_sizes::engine_sizes;

/// Returns whether a directory is one of ours, by the names in it, or a part of one.
pub(super) fn is_root(root: &Beneath) -> bool {
    !data_root::find(root).is_empty()
}

/// Reads every store of this kind in a directory, or in that which it is a part of; the one in use first.
///
/// # Errors
/// [`crate::error::Error::Interrupted`].
pub(super) fn read(root: &Beneath, job: &Job) -> Result<Vec<Store>> {
    let mut stores = Vec::new();
    for place in data_root::find(root) {
        match place {
            StoreRoot::DataRoot(root, found) => {
                for found in found {
                    stores.push(read_driver(&root, found, job)?);
                }
            }
            StoreRoot::Bare(root, driver) => {
                let found = DriverStore {
                    driver,
                    activity: Activity::Active,
                    shares: Shares::None,
                };
                let mut reader = DockerReader::new(&root, found, b"", job);
                driver_alone::read(&mut reader)?;
                stores.push(reader.finish());
            }
        }
    }
    Ok(stores)
}

/// Without the list of images a report would only show zeros.
fn refuse_sealed(root: &Beneath, driver: &[u8]) -> Result<()> {
    let folder = records::place(&[b"image", driver, b"imagedb/content/sha256"]);
    match root.names(&folder, 1) {
        Err(Error::Open { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {
            Err(Error::StoreDenied {
                name: root.name().to_owned(),
                source,
            })
        }
        _ => Ok(()),
    }
}

fn read_driver(root: &Beneath, found: DriverStore, job: &Job) -> Result<Store> {
    let name = found.driver.name().as_bytes();
    refuse_sealed(root, name)?;
    let mut reader = DockerReader::new(root, found, name, job);
    if !data_root::has_records(root, found.driver) {
        driver_alone::read(&mut reader)?;
        return Ok(reader.finish());
    }
    let records = reader.image(&[]);
    reader.piece(records, Role::Bookkeeping);
    let is_left = || !data_root::has_records(root, Driver::DeviceMapper);
    if found.driver == Driver::DeviceMapper || found.shares == Shares::All && is_left() {
        pool::add(&mut reader.store, root);
    }
    layers::read(&mut reader)?;
    images::read(&mut reader)?;
    let mounted = containers::read(&mut reader)?;
    if found.shares == Shares::All {
        volumes::read(&mut reader, &mounted);
        plugins::add(&mut reader.store, root);
        foreign::add(&mut reader.store, root, data_root::is_known);
    }
    build_cache::read(&mut reader)?;
    orphans::read(&mut reader)?;
    Ok(reader.finish())
}
