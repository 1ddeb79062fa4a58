//! The layer stores on the screen, with everything that takes too long to work out on a key press.

use crate::store::engine_sizes::EngineSizes;
use crate::store::{Accounts, Basis, ContainerId, ImageId, Inventory, Store};

/// How much is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// What the records say; the disk is being measured.
    Records,
    /// The disk is measured too.
    Measured,
}

/// Stores, prepared. Made by the worker, never changed.
#[derive(Debug)]
pub struct StoreSubject {
    /// The facts.
    pub inventory: Inventory,
    /// How many of them.
    pub known: Known,
    /// Disk blocks, by store.
    pub disk: Vec<Accounts>,
    /// Lengths of files, by store.
    pub files: Vec<Accounts>,
    /// The engines' own numbers, by store.
    pub engine_sizes: Vec<EngineSizes>,
}

impl StoreSubject {
    /// Prepares stores. Cost is linear in their records.
    pub fn new(inventory: Inventory, known: Known) -> Self {
        let accounts = |basis| {
            let stores = inventory.stores.iter();
            stores.map(|store| Accounts::of(store, basis)).collect()
        };
        Self {
            disk: accounts(Basis::Disk),
            files: accounts(Basis::Files),
            engine_sizes: inventory.stores.iter().map(Store::engine_sizes).collect(),
            inventory,
            known,
        }
    }

    /// Returns a store.
    pub fn store(&self, at: usize) -> Option<&Store> {
        self.inventory.stores.get(at)
    }
}

/// Something of a store that can be opened as an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Position of the store.
    pub store: usize,
    /// The image or container.
    pub what: What,
}

/// Which kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// An image.
    Image(ImageId),
    /// A container: its image and what it has written.
    Container(ContainerId),
}
