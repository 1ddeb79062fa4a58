//! What is told of everything that takes room.

use super::super::{CacheId, ContainerId, ImageId};
use super::Amount;

/// One image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageAccount {
    /// In pieces that no other image has.
    pub unique: Amount,
    /// In pieces that other images have too.
    pub shared: Amount,
    /// `unique` and `shared`.
    pub total: Amount,
    /// Freed if it alone were removed: what no other image, container or cache record keeps. Nothing where the
    /// engine would refuse.
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
    /// Whatever else belongs to its containers.
    pub other: Amount,
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
    /// What containers have logged.
    pub logs: Amount,
    /// Whatever else belongs to containers.
    pub container_files: Amount,
    /// What is in volumes.
    pub volumes: Amount,
    /// What only the build cache keeps.
    pub cache: Amount,
    /// What only leases hold.
    pub leases: Amount,
    /// Plugins, artifacts, and what the engine is not known to make.
    pub extras: Amount,
    /// What nobody owns.
    pub orphans: Amount,
    /// Databases, records, and what no piece claims.
    pub bookkeeping: Amount,
    /// The sum of the parts above.
    pub total: Amount,
    /// Images added up one by one, shared pieces as often as they are shared. No part of `total`.
    pub images_added_up: Amount,
}
