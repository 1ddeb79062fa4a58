//! What is looked at, a report or the view: the image or the stores that are named.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::path::display_os;
use crate::store::{self, Homes};

use super::arguments::EXAMPLES;
use super::load_settings::{Gating, Surroundings, load};
use super::options::Common;
use super::request::{Request, Subject, homes_of_machine, no_image, store_at};
use super::unheeded::{self, Task};
use super::{Exit, inspect, interactive, output, print_config, store as stores};

/// Looks at an image or a store; without one, says how to name one.
///
/// # Errors
/// Whatever keeps it from being shown or reported on.
pub(crate) fn at(image: Option<&OsStr>, options: &Common, around: &Surroundings) -> Result<Exit> {
    unheeded::refuse(Task::Report, options)?;
    let gating = Gating::of(options, around);
    let loaded = load(options, gating, around)?;
    if options.print_config {
        output::to_stdout(|output| print_config::write(&loaded.settings, output))?;
        return Ok(Exit::Success);
    }
    if image.is_none() && options.lower.is_none() {
        return Ok(ask_for_image());
    }
    let request = Request {
        gating,
        loaded,
        ..Request::of_anything(image, options)?
    };
    if let Subject::Stores(_) = request.subject {
        refuse_gate(options)?;
        unheeded::refuse(Task::Store, options)?;
    }
    show(request, around)
}

/// Looks at the store in a directory, or at all that are where engines usually keep them.
///
/// # Errors
/// As [`at`].
pub(crate) fn at_stores(
    directory: Option<&OsStr>,
    options: &Common,
    around: &Surroundings,
) -> Result<Exit> {
    if let Some(directory) = directory {
        return at(Some(&store_at(directory)), options, around);
    }
    let loaded = load(options, Gating::Off, around)?;
    let homes = homes_of_machine();
    if homes.places.is_empty() {
        return Err(nothing_at(&homes));
    }
    if options.image_name.is_some() || options.container.is_some() {
        let only = only_store(&homes)?;
        return at(Some(&store_at(only.as_os_str())), options, around);
    }
    unheeded::refuse(Task::Store, options)?;
    let request = Request {
        loaded,
        ..Request::of_stores(homes.clone(), options)?
    };
    match show(request, around) {
        Err(Error::NotAStore { .. } | Error::NotFound { .. }) => Err(nothing_at(&homes)),
        other => other,
    }
}

/// Opens the view, or reports where nobody looks or more than looking is asked for.
fn show(request: Request<'_>, around: &Surroundings) -> Result<Exit> {
    if let Some(keyboard) = interactive::keyboard(request.options, around) {
        return interactive::show(request, around, keyboard);
    }
    match &request.subject {
        Subject::Image => inspect::run(&request.without_contents()),
        Subject::Stores(places) => stores::run(&request, places),
    }
}

/// Rules are about images.
fn refuse_gate(options: &Common) -> Result<()> {
    if !options.gate.ci {
        return Ok(());
    }
    Err(Error::Usage {
        reason: "a layer store as a whole has no verdict".into(),
        advice: "choose what to judge with --image or --container".into(),
    })
}

fn ask_for_image() -> Exit {
    let usage = "Usage: layerscope [OPTIONS] [IMAGE]";
    let more = "layerscope --help tells all options and commands.";
    let mut stderr = anstream::stderr().lock();
    writeln!(stderr, "{usage}\n\n{EXAMPLES}\n\n{more}\n").unwrap_or_default();
    drop(stderr);
    output::complain(&no_image());
    Exit::Trouble
}

/// Returns the one place with a store that can be read, or that which tells best why there is none.
fn only_store(homes: &Homes) -> Result<&PathBuf> {
    let found: Vec<&PathBuf> = homes
        .paths()
        .filter(|place| store::is_store(place))
        .collect();
    let all: Vec<&PathBuf> = homes.paths().collect();
    match (found.as_slice(), all.as_slice()) {
        ([place], _) | ([], [place, ..]) => Ok(place),
        _ => Err(Error::Usage {
            reason: "there are several stores to choose from".into(),
            advice: format!(
                "name one: layerscope store DIR --container NAME; there are\n{}",
                listed(found)
            ),
        }),
    }
}

/// Says that this machine's engines have no store where they usually have one.
fn nothing_at(homes: &Homes) -> Error {
    let troubles = homes
        .warnings
        .iter()
        .map(|warning| format!("\n{}", warning.message));
    Error::Usage {
        reason: "no layer store is at any of the usual places".into(),
        advice: format!(
            "name its directory, `layerscope store DIR` (`docker info` and `podman info` tell it); looked for\n{}{}",
            listed(&homes.looked),
            troubles.collect::<String>()
        ),
    }
}

fn listed<'a>(places: impl IntoIterator<Item = &'a PathBuf>) -> String {
    let places = places.into_iter();
    let shown = places.map(|place| format!("  {}", display_os(place.as_os_str())));
    shown.collect::<Vec<_>>().join("\n")
}
