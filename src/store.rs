//! Local layer stores: what engines keep on this disk, read offline, without a lock and without a write.
//!
//! A reader for each engine (`docker`, `containerd`, `containers_storage`) fills one model: [`Store`] with its
//! images, layers, containers, build cache, volumes and what nobody owns, and the [`Piece`]s of disk that each
//! of them occupies. [`measure`] walks the disk once and weighs every piece; [`Accounts`] adds up who shares
//! what. [`Store::open_image`] and [`Store::open_container`] make an [`crate::image::Image`] of any of them.

pub mod accounts;
pub mod bbolt;
pub mod engine_sizes;
pub mod measure;
pub mod mounts;
pub mod piece;
pub mod reclaim;

mod buildx;
mod containerd;
mod containers_storage;
mod disuse;
mod docker;
mod engine;
mod find;
mod foreign;
mod go_encoding;
pub mod homes;
mod ingest;
mod kubelet;
mod meta_db;
mod model;
mod nested;
mod open;
mod places;
mod plugins;
mod pool;
mod readers;

use std::path::Path;

use crate::error::Result;
use crate::progress::Job;

pub use accounts::{Accounts, Amount, Basis};
pub use engine::{Engine, Refusal};
pub use find::{is_store, stores_near};
pub use homes::Homes;
pub use model::{
    Activity, CacheId, CacheRecord, Container, ContainerId, Contents, Exit, Extra, ExtraId,
    ExtraKind, Growth, Held, ImageId, LargePath, Layer, LayerId, Lease, LeaseId, Listing, Naming,
    Orphan, Owner, Ownership, Pod, PodId, Record, State, Store, StoredImage, Volume, VolumeId,
};
pub use piece::{Location, Piece, PieceId, Role, Usage};

/// Every store below one directory.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// What the user named, escaped.
    pub name: String,
    /// The stores, the one in use first.
    pub stores: Vec<Store>,
}

/// Reads the stores at several places as [`read`] does, and says which of them engines work with; the first error
/// counts only where none of them can be read, and is a warning otherwise.
///
/// # Errors
/// As [`read`], and [`crate::error::Error::Usage`] where there is none but configuration names one.
pub fn read_all(homes: &Homes, job: &Job) -> Result<Inventory> {
    find::read_all(homes, job)
}

/// Reads the records of every store below a directory; layers are not walked and nothing is measured.
///
/// A record that cannot be used is a warning of its store, with the rest still there.
///
/// # Errors
/// When the directory cannot be read, holds no store, or [`crate::error::Error::Interrupted`].
pub fn read(root: &Path, job: &Job) -> Result<Inventory> {
    find::read(root, job)
}
