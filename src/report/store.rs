//! What layer stores hold, as text, as JSON, and as an export that `ncdu -f` browses.
//!
//! Every figure comes from [`Accounts`] and [`Figures`]; nothing here measures, and nothing is ever removed:
//! the text names the engine's own commands.

mod amounts;
pub(super) mod json;
pub(super) mod ncdu;
pub(super) mod text;

use crate::error::WarningCode;
use crate::progress::Job;
use crate::store::figures::{ContainerFigures, Figures, ImageFigures};
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
    pub figures: &'a [Figures],
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
        let (accounts, figures) = (self.accounts, self.figures);
        self.inventory
            .stores
            .iter()
            .enumerate()
            .map(move |(at, store)| ReportedStore {
                store,
                accounts: accounts.get(at),
                figures: figures.get(at),
            })
    }
}

/// One store with what is known about it.
#[derive(Debug, Clone, Copy)]
struct ReportedStore<'a> {
    store: &'a Store,
    accounts: Option<&'a Accounts>,
    figures: Option<&'a Figures>,
}

impl ReportedStore<'_> {
    fn is_complete(&self) -> bool {
        let warnings = self.store.warnings.iter();
        self.totals().total.is_whole()
            && !warnings
                .map(|warning| warning.code)
                .any(|code| code.makes_incomplete() || code == WarningCode::BadRecord)
    }

    fn image_figures(&self, at: usize) -> ImageFigures {
        let found = self.figures.and_then(|figures| figures.images.get(at));
        found.copied().unwrap_or_default()
    }

    fn container_figures(&self, at: usize) -> ContainerFigures {
        let found = self.figures.and_then(|figures| figures.containers.get(at));
        found.copied().unwrap_or_default()
    }
}
