//! Layer stores as a whole: what is on this disk, and where it went.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::path::display_os;
use crate::progress::Job;
use crate::report::Format;
use crate::report::store::StoreReport;
use crate::source::{InputPlace, Locator};
use crate::store::figures::Figures;
use crate::store::{self, Accounts, Basis, Inventory, measure};

use super::load::{Gating, Loaded, Surroundings, load};
use super::options::Common;
use super::progress::{Interrupt, Show, watched};
use super::unheeded::{self, Task};
use super::{Exit, inspect, interactive, output};

/// `layerscope store [DIR]`.
///
/// # Errors
/// Whatever keeps the stores from being read.
pub(super) fn run(
    directory: Option<&OsStr>,
    common: &Common,
    around: &Surroundings,
) -> Result<Exit> {
    if let Some(directory) = directory {
        return inspect_store(directory, common, around);
    }
    let loaded = load(common, Gating::Off, around)?;
    let usual = store::usual_places(etcetera::home_dir().ok().as_deref());
    let mut places = usual.clone();
    places.retain(|place| place.exists());
    if places.is_empty() {
        return Err(nothing_at(&usual));
    }
    if common.image_name.is_some() || common.container.is_some() {
        return inspect_store(only_store(&places)?.as_os_str(), common, around);
    }
    match overview(&places, common, around, &loaded) {
        Err(Error::NotAStore { .. } | Error::NotFound { .. }) => Err(nothing_at(&usual)),
        other => other,
    }
}

/// Reports on a store, or on one of its images or containers, as if the directory had been named alone.
fn inspect_store(directory: &OsStr, common: &Common, around: &Surroundings) -> Result<Exit> {
    let mut word = OsString::from("store:");
    word.push(directory);
    inspect::run(Some(&word), common, around)
}

/// Returns the one place with a store that can be read, or that which tells best why there is none.
fn only_store(places: &[PathBuf]) -> Result<&PathBuf> {
    let stores: Vec<&PathBuf> = places.iter().filter(|place| is_store(place)).collect();
    match (stores.as_slice(), places) {
        ([place], _) => Ok(place),
        ([], [place, ..]) => Ok(place),
        _ => Err(Error::Usage {
            reason: "there are several stores to choose from".into(),
            advice: format!(
                "name one: layerscope store DIR --container NAME; there are\n{}",
                listed(stores.into_iter())
            ),
        }),
    }
}

fn is_store(place: &Path) -> bool {
    Beneath::open(place).is_ok_and(|root| store::looks_like_store(&root))
}

fn listed<'a>(places: impl Iterator<Item = &'a PathBuf>) -> String {
    let shown = places.map(|place| format!("  {}", display_os(place.as_os_str())));
    shown.collect::<Vec<_>>().join("\n")
}

/// Reports on the store that a locator names, or on those at the usual places below it, or shows them.
///
/// # Errors
/// As [`run`].
pub(super) fn show(
    locator: &Locator,
    common: &Common,
    around: &Surroundings,
    loaded: &Loaded,
) -> Result<Exit> {
    match &locator.place {
        InputPlace::Path(path) if is_store(path) => {
            overview(std::slice::from_ref(path), common, around, loaded)
        }
        InputPlace::Path(path) => {
            let mut places = store::stores_below(path);
            if places.is_empty() {
                places.push(path.clone());
            }
            overview(&places, common, around, loaded)
        }
        _ => Err(Error::NotFound {
            name: locator.name().to_owned(),
        }),
    }
}

/// Says that this machine's engines have no store where they usually have one.
fn nothing_at(places: &[PathBuf]) -> Error {
    Error::Usage {
        reason: "no layer store is at any of the usual places".into(),
        advice: format!(
            "name its directory, `layerscope store DIR` (`docker info` and `podman info` tell it); looked for\n{}",
            listed(places.iter())
        ),
    }
}

fn overview(
    places: &[PathBuf],
    common: &Common,
    around: &Surroundings,
    loaded: &Loaded,
) -> Result<Exit> {
    unheeded::refuse(Task::Store, common)?;
    if let Some(keyboard) = interactive::keyboard(common, around) {
        return interactive::show_store(places, common, around, loaded, keyboard);
    }
    let format = inspect::format(common);
    refuse_format(format)?;
    let interrupt = Interrupt::listen();
    let show = if common.quiet {
        Show::Nothing
    } else {
        Show::Bar
    };
    let job = Job::new();
    let surveyed = watched(&job, show, &interrupt, || survey(places, common, &job));
    let inventory = match surveyed {
        Err(_) if job.is_cancelled() => return Err(Error::Interrupted),
        other => other?,
    };
    let accounts: Vec<Accounts> = inventory
        .stores
        .iter()
        .map(|store| Accounts::of(store, Basis::Disk))
        .collect();
    let figures: Vec<Figures> = inventory.stores.iter().map(Figures::of).collect();
    let report = StoreReport {
        inventory: &inventory,
        accounts: &accounts,
        figures: &figures,
        look: inspect::look(common, loaded),
        top: common.top,
        job: &job,
    };
    let written = watched(&job, Show::Nothing, &interrupt, || write(&report, common));
    match written {
        Err(_) if job.is_cancelled() => return Err(Error::Interrupted),
        other => other?,
    }
    Ok(conclude(&report, common))
}

/// Reads the records of every store, and walks the disk.
fn survey(places: &[PathBuf], common: &Common, job: &Job) -> Result<Inventory> {
    let mut inventory = store::read_all(places, job)?;
    let threads = common.threads.and_then(NonZeroUsize::new);
    measure::measure(&mut inventory, threads, job)?;
    Ok(inventory)
}

fn write(report: &StoreReport<'_>, common: &Common) -> Result<()> {
    for target in &common.report {
        output::to_file(&target.file, |output| report.write(target.format, output))?;
    }
    let format = inspect::format(common);
    match &common.output {
        Some(file) => output::to_file(file, |output| report.write(format, output)),
        None => output::to_stdout(|output| report.write(format, output)),
    }
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
fn conclude(report: &StoreReport<'_>, common: &Common) -> Exit {
    if report.is_complete() || common.gate.allow_incomplete {
        return Exit::Success;
    }
    if !common.quiet {
        output::warn(
            "a part of the store could not be read, and the report says which; --allow-incomplete accepts that",
        );
    }
    Exit::Trouble
}
