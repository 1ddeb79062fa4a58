//! Who takes how much: unique, shared and total bytes of every image, container and record of a measured store.

use std::collections::BTreeSet;

use super::{CacheId, ContainerId, ImageId, Owner, PieceId, Store};

/// Bytes, and whether they are all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Amount {
    /// What was measured.
    pub bytes: u64,
    /// Pieces of which a part, or all, could not be measured: then `bytes` is the least it can be.
    pub unmeasured: u32,
}

/// In which sense bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Basis {
    /// Disk blocks, every inode once: what removing would free, what `du` and `df` see.
    #[default]
    Disk,
    /// Lengths of files.
    Files,
}

/// One image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageAccount {
    /// In pieces that no other image has.
    pub unique: Amount,
    /// In pieces that other images have too.
    pub shared: Amount,
    /// Both.
    pub total: Amount,
    /// Freed if it alone were removed: what no other image, container or cache record keeps.
    pub freed: Amount,
    /// Containers made from it.
    pub containers: u32,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerAccount {
    /// Its files, records and blobs.
    pub total: Amount,
    /// Images that stand on it.
    pub images: Vec<ImageId>,
    /// Containers that stand on it.
    pub containers: Vec<ContainerId>,
    /// Cache records that keep it.
    pub cache: Vec<CacheId>,
}

/// One container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerAccount {
    /// What it has written.
    pub writable: Amount,
    /// Its logs.
    pub logs: Amount,
    /// Whatever else is its own.
    pub other: Amount,
}

/// One cache record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheAccount {
    /// All of it.
    pub total: Amount,
    /// What no image and no container has: freed when the cache is pruned, with every record that shares it.
    pub private: Amount,
}

/// One pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PodAccount {
    /// What its containers have written.
    pub writable: Amount,
    /// Logs of its containers and its own.
    pub logs: Amount,
    /// `emptyDir` volumes.
    pub volumes: Amount,
    /// All of it.
    pub total: Amount,
}

/// Where the disk went; the parts are disjoint and add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Whatever images need, each piece once.
    pub images: Amount,
    /// Written by containers.
    pub writable: Amount,
    /// Logs.
    pub logs: Amount,
    /// Whatever else belongs to containers.
    pub container_files: Amount,
    /// Volumes.
    pub volumes: Amount,
    /// What only the build cache keeps.
    pub cache: Amount,
    /// What nobody owns.
    pub orphans: Amount,
    /// Databases, records, and what no piece claims.
    pub bookkeeping: Amount,
    /// Everything.
    pub total: Amount,
    /// Images added up one by one, shared pieces as often as they are shared. No part of `total`.
    pub images_added_up: Amount,
}

/// The accounts of one measured store.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// In which sense.
    pub basis: Basis,
    /// By image.
    pub images: Vec<ImageAccount>,
    /// By layer.
    pub layers: Vec<LayerAccount>,
    /// By container.
    pub containers: Vec<ContainerAccount>,
    /// By cache record.
    pub cache: Vec<CacheAccount>,
    /// By volume.
    pub volumes: Vec<Amount>,
    /// By pod.
    pub pods: Vec<PodAccount>,
    /// By orphan.
    pub orphans: Vec<Amount>,
    /// Everything.
    pub totals: Totals,
    owners: Vec<BTreeSet<Owner>>,
}

impl Accounts {
    /// Adds up a measured store.
    pub fn of(_store: &Store, basis: Basis) -> Self {
        Self {
            basis,
            ..Self::default()
        }
    }

    /// Returns who keeps a piece, in a stable order.
    pub fn owners(&self, piece: PieceId) -> impl Iterator<Item = Owner> {
        self.owners
            .get(piece.as_usize())
            .into_iter()
            .flatten()
            .copied()
    }

    /// Returns what would be freed if everything selected were removed, and nothing else.
    pub fn freed(&self, _store: &Store, _selection: &[Owner]) -> Amount {
        Amount::default()
    }
}
