//! Layer stores as a whole: what is on this disk, and where it went.

use std::num::NonZeroUsize;

use crate::error::{Error, Result};
use crate::progress::Job;
use crate::report::Format;
use crate::report::store::StoreReport;
use crate::store::engine_sizes::EngineSizes;
use crate::store::{self, Accounts, Basis, Homes, Inventory, Store, measure};

use super::options::Common;
use super::progress::{Interrupt, Remains, Show, watched};
use super::request::Request;
use super::{Exit, output};

/// Reports on the stores at these places.
///
/// # Errors
/// Whatever keeps the stores from being read.
pub(super) fn run(request: &Request<'_>, homes: &Homes) -> Result<Exit> {
    let options = request.options;
    refuse_format(options.format())?;
    let interrupt = Interrupt::listen();
    let job = Job::new();
    let reading = (options.show(), Remains::Nothing);
    let inventory = watched(&job, reading, &interrupt, || survey(homes, options, &job))?;
    let stores = inventory.stores.iter();
    let accounts: Vec<Accounts> = stores
        .clone()
        .map(|store| Accounts::of(store, Basis::Disk))
        .collect();
    let engine_sizes: Vec<EngineSizes> = stores.map(Store::engine_sizes).collect();
    let report = StoreReport {
        inventory: &inventory,
        accounts: &accounts,
        engine_sizes: &engine_sizes,
        look: request.look(),
        top: options.top,
        job: &job,
    };
    watched(&job, (Show::Nothing, Remains::Files), &interrupt, || {
        output::write(options, |format, output| report.write(format, output))
    })?;
    Ok(conclude(&report, options))
}

/// Reads the records of every store, and walks the disk.
fn survey(homes: &Homes, options: &Common, job: &Job) -> Result<Inventory> {
    let mut inventory = store::read_all(homes, job)?;
    let threads = options.threads.and_then(NonZeroUsize::new);
    measure::measure(&mut inventory, threads, job)?;
    Ok(inventory)
}

fn refuse_format(format: Format) -> Result<()> {
    if format.tells_stores() {
        return Ok(());
    }
    let formats = Format::choice(Format::tells_stores);
    Err(Error::Usage {
        reason: format!("a layer store is not reported as {}", format.as_str()),
        advice: format!("write --format {formats}, or choose an image with --image"),
    })
}

/// An answer with holes in it is no success, unless that was said to be good enough.
fn conclude(report: &StoreReport<'_>, options: &Common) -> Exit {
    if report.is_complete() || options.gate.allow_incomplete {
        return Exit::Success;
    }
    options.warn(
        "a part of the store could not be read, and the report says which; --allow-incomplete accepts that",
    );
    Exit::Trouble
}
