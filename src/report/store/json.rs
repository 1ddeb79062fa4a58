//! Stores for programs, schema version 1: everything, in the order of the model, element by element.
//!
//! Images, layers and the like refer to each other by their position in the arrays of the same store. Amounts
//! are `{ "bytes": N, "at_least": N }`: `bytes` is `null` unless all of it is measured.

mod items;

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::{ReportedStore, StoreReport};
use crate::report::json::{plain, warning};
use crate::store::{Activity, Amount, Basis};

/// Writes the report as one JSON object.
///
/// # Errors
/// Those of `output`.
pub(in crate::report) fn write(report: &StoreReport<'_>, output: &mut dyn Write) -> io::Result<()> {
    plain::write(&Document(report), output)
}

struct Document<'a>(&'a StoreReport<'a>);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema_version", &1)?;
        map.serialize_entry("complete", &report.is_complete())?;
        map.serialize_entry("kind", "store")?;
        map.serialize_entry("source", &report.inventory.name)?;
        map.serialize_entry("stores", &Each(|| report.stores()))?;
        map.end()
    }
}

/// An array whose elements are made when they are written.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Serialize for ReportedStore<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (one, store) = (self, self.store);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("root", store.root.name())?;
        map.serialize_entry("engine", store.engine.as_str())?;
        map.serialize_entry("driver", &store.driver)?;
        let activity = match store.activity {
            Activity::Active => "active",
            Activity::LeftBehind => "left-behind",
        };
        map.serialize_entry("activity", activity)?;
        map.serialize_entry("left_behind_because", &store.left_behind())?;
        map.serialize_entry("complete", &one.is_complete())?;
        map.serialize_entry("totals", &totals(one))?;
        let each = |length: usize, make: fn(&ReportedStore<'_>, usize) -> Value| {
            Each(move || (0..length).map(move |at| make(one, at)))
        };
        map.serialize_entry("images", &each(store.images.len(), items::image))?;
        map.serialize_entry("layers", &each(store.layers.len(), items::layer))?;
        map.serialize_entry(
            "containers",
            &each(store.containers.len(), items::container),
        )?;
        map.serialize_entry("pods", &each(store.pods.len(), items::pod))?;
        map.serialize_entry("cache", &each(store.cache.len(), items::cache))?;
        map.serialize_entry("volumes", &each(store.volumes.len(), items::volume))?;
        map.serialize_entry("leases", &each(store.leases.len(), items::lease))?;
        map.serialize_entry("extras", &each(store.extras.len(), items::extra))?;
        map.serialize_entry("orphans", &each(store.orphans.len(), items::orphan))?;
        map.serialize_entry("largest", &each(store.largest.len(), items::large_path))?;
        map.serialize_entry("freeable", &Each(|| items::freeable(one)))?;
        map.serialize_entry("unmeasured", &Each(|| items::unmeasured(one)))?;
        map.serialize_entry("warnings", &Each(|| store.warnings.iter().map(warning)))?;
        map.end()
    }
}

fn totals(one: &ReportedStore<'_>) -> Value {
    let totals = one.totals();
    let basis = match one.accounts.map(|accounts| accounts.basis) {
        Some(Basis::Files) => "files",
        Some(Basis::Disk) | None => "disk",
    };
    json!({
        "basis": basis,
        "images": amount(totals.images),
        "writable": amount(totals.writable),
        "logs": amount(totals.logs),
        "container_files": amount(totals.container_files),
        "volumes": amount(totals.volumes),
        "cache": amount(totals.cache),
        "leases": amount(totals.leases),
        "extras": amount(totals.extras),
        "orphans": amount(totals.orphans),
        "bookkeeping": amount(totals.bookkeeping),
        "total": amount(totals.total),
        "images_added_up": amount(totals.images_added_up),
    })
}

fn amount(amount: Amount) -> Value {
    let known = amount.is_whole().then_some(amount.bytes);
    json!({ "bytes": known, "at_least": amount.bytes })
}
