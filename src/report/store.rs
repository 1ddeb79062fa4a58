//! What layer stores hold, as text, as JSON, and as an export that `ncdu -f` browses.
//!
//! Every figure comes from [`Accounts`] and [`EngineSizes`]; nothing here measures, and nothing is ever removed:
//! the text names the engine's own commands.

mod amounts;
pub(super) mod json;
pub(super) mod ncdu;
pub(super) mod text;

use crate::error::WarningCode;
use crate::progress::Job;
use crate::store::engine_sizes::{ContainerSizes, EngineSizes, ImageSizes};
use crate::store::{Accounts, Inventory, Store};
use crate::text::Look;

/// A report of every store below a directory.
#[derive(Debug, Clone, Copy)]
pub struct StoreReport<'a> {
    /// Records and measured pieces.
    pub inventory: &'a Inventory,
    /// By store.
    pub accounts: &'a [Accounts],
    /// By store.
    pub engine_sizes: &'a [EngineSizes],
    /// Layout, for formats for people.
    pub look: Look,
    /// Rows of each table for people; `None` for the format's own choice. JSON lists everything.
    pub top: Option<usize>,
    /// Ends the walk that the export for ncdu takes.
    pub job: &'a Job,
}

impl<'a> StoreReport<'a> {
    /// Returns whether everything could be read and measured; otherwise sizes are the least they can be.
    pub fn is_complete(&self) -> bool {
        self.stores().all(|one| one.is_complete())
    }

    fn stores(&self) -> impl Iterator<Item = ReportedStore<'a>> {
        let (accounts, sizes) = (self.accounts, self.engine_sizes);
        self.inventory
            .stores
            .iter()
            .enumerate()
            .map(move |(at, store)| ReportedStore {
                store,
                accounts: accounts.get(at),
                engine_sizes: sizes.get(at),
            })
    }
}

/// One store with what is known about it.
#[derive(Debug, Clone, Copy)]
struct ReportedStore<'a> {
    store: &'a Store,
    accounts: Option<&'a Accounts>,
    engine_sizes: Option<&'a EngineSizes>,
}

impl ReportedStore<'_> {
    fn is_complete(&self) -> bool {
        let warnings = self.store.warnings.iter();
        self.totals().total.is_whole()
            && !warnings
                .map(|warning| warning.code)
                .any(|code| code.makes_incomplete() || code == WarningCode::BadRecord)
    }

    fn image_sizes(&self, at: usize) -> ImageSizes {
        let found = self.engine_sizes.and_then(|sizes| sizes.images.get(at));
        found.copied().unwrap_or_default()
    }

    fn container_sizes(&self, at: usize) -> ContainerSizes {
        let found = self.engine_sizes.and_then(|sizes| sizes.containers.get(at));
        found.copied().unwrap_or_default()
    }
}
