//! Work on layer stores: opening what they hold, comparing two of their images, reports.

use std::path::Path;
use std::sync::Arc;

use super::ended;
use super::export::create;
use crate::analysis::comparison::compare;
use crate::analysis::{self, Analysis};
use crate::error::{Error, Result};
use crate::layer::Completeness;
use crate::progress::Job;
use crate::report::Format;
use crate::report::store::StoreReport;
use crate::source::{Opened, SourceInfo};
use crate::text::Look;
use crate::tui::message::{Effect, Outcome};
use crate::tui::panes::store::names;
use crate::tui::results::StoreComparison;
use crate::tui::store_subject::{Item, StoreSubject, What};

/// Does what an effect asks for about stores; `None` where it asks for something else.
pub fn run(effect: &Effect, options: &analysis::Options, job: &Job) -> Option<Outcome> {
    let done = match effect {
        Effect::CompareItems { stores, items, .. } => compare_items(stores, *items, options, job)
            .map(|found| Outcome::Compared(Arc::new(found))),
        Effect::ExportStore {
            stores,
            format,
            look,
            file,
            ..
        } => export(stores, *format, *look, file, job).map(Outcome::Written),
        _ => return None,
    };
    Some(ended(done, job))
}

/// Opens an image or a container; reads no layer.
///
/// # Errors
/// As [`crate::store::Store::open_image`].
pub fn open(stores: &StoreSubject, item: Item) -> Result<Opened> {
    let store = stores.store(item.store).ok_or_else(|| Error::NotInStore {
        name: stores.inventory.name.clone(),
        wanted: format!("store {}", item.store),
    })?;
    let image = match item.what {
        What::Image(id) => store.open_image(id)?,
        What::Container(id) => store.open_container(id)?,
    };
    Ok(Opened {
        source: SourceInfo {
            kind: "store",
            locator: stores.inventory.name.clone(),
        },
        image,
    })
}

fn compare_items(
    stores: &StoreSubject,
    items: [Item; 2],
    options: &analysis::Options,
    job: &Job,
) -> Result<StoreComparison> {
    let read = |item: Item| -> Result<Analysis> {
        let opened = open(stores, item)?;
        analysis::run(opened.source, opened.image, options, job)
    };
    let [first, second] = items;
    let (a, b) = (read(first)?, read(second)?);
    job.check()?;
    Ok(StoreComparison {
        names: items.map(|item| names::item(stores, item)),
        completeness: if a.complete && b.complete {
            Completeness::Complete
        } else {
            Completeness::Partial
        },
        compared: compare(&a, &b, job)?,
    })
}

/// Writes a report to a name that nothing has yet; returns a sentence about it.
fn export(
    stores: &StoreSubject,
    format: Format,
    look: Look,
    file: &Path,
    job: &Job,
) -> Result<String> {
    job.check()?;
    let report = StoreReport {
        inventory: &stores.inventory,
        accounts: &stores.disk,
        engine_sizes: &stores.engine_sizes,
        look,
        top: None,
        job,
    };
    create(file, format, |bytes| report.write(format, bytes))
}
