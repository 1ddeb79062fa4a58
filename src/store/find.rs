//! Which stores are below a directory, and where engines usually keep theirs.

use std::io;
use std::path::{Path, PathBuf};

use super::homes::{self, Homes, Place};
use super::readers::READERS;
use super::{Inventory, disuse};
use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::path;
use crate::progress::Job;

/// Returns whether a directory is the root of a store, or a part of one that leads to it.
pub fn is_store(place: &Path) -> bool {
    Beneath::open(place).is_ok_and(|root| READERS.iter().any(|reader| (reader.is_root)(&root)))
}

/// Names the stores near a directory that is none, escaped: that which it is a part of, or those at places below it
/// where engines keep theirs on a whole disk or in somebody's home.
pub fn stores_near(directory: &Path) -> Vec<String> {
    let whole = std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let mut above = whole.ancestors().skip(1);
    if let Some(store) = above.find(|place| is_store(place)) {
        return vec![path::display_os(store.as_os_str())];
    }
    let below = stores_below(directory);
    let shown = below
        .iter()
        .map(|place| path::display_os(place.as_os_str()));
    shown.collect()
}

/// Returns the stores at places below a directory where engines keep theirs: on another machine's disk, in a home.
fn stores_below(directory: &Path) -> Vec<PathBuf> {
    let homes = homes::on_disk(directory);
    let there = homes.paths().filter(|place| is_store(place));
    there.cloned().collect()
}

/// See [`super::read`].
pub(super) fn read(root: &Path, job: &Job) -> Result<Inventory> {
    let beneath = Beneath::open(root).map_err(told_as_store)?;
    let mut stores = Vec::new();
    for reader in &READERS {
        job.check()?;
        stores.extend((reader.read)(&beneath, job)?);
    }
    let full = stores.iter().filter(|store| store.holds_something());
    let full: Vec<_> = full.map(|store| store.root.object()).collect();
    // Docker starts a containerd of its own even where it keeps images elsewhere. An empty root beside a full one may
    // be the one in use.
    stores.retain(|store| store.holds_something() || !full.contains(&store.root.object()));
    if stores.is_empty()
        && let Some(source) = sealed(&beneath)
    {
        let name = beneath.name().to_owned();
        return Err(Error::StoreDenied { name, source });
    }
    if stores.is_empty() {
        return Err(Error::NotAStore {
            name: beneath.name().to_owned(),
            found: "it holds no records of Docker, containerd, BuildKit, Podman or CRI-O",
        });
    }
    Ok(Inventory {
        name: beneath.name().to_owned(),
        stores,
    })
}

/// Returns why the records cannot be looked at in a directory that looks like a store from outside.
fn sealed(root: &Beneath) -> Option<io::Error> {
    let mut parts = READERS.iter().flat_map(|reader| reader.parts);
    parts.find_map(|part| {
        // Looking up any name in it takes what reading it takes.
        match root.status(format!("{part}/layerdb").as_bytes()) {
            Err(Error::Open { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
                Some(source)
            }
            _ => None,
        }
    })
}

/// Whoever may not read a store is told how to, and whoever names a file that it is none.
fn told_as_store(error: Error) -> Error {
    match error {
        Error::Open { name, source } if source.kind() == io::ErrorKind::PermissionDenied => {
            Error::StoreDenied { name, source }
        }
        Error::Open { name, source } if source.kind() == io::ErrorKind::NotADirectory => {
            Error::NotAStore {
                name,
                found: "it is a file",
            }
        }
        other => other,
    }
}

/// See [`super::read_all`].
pub(super) fn read_all(homes: &Homes, job: &Job) -> Result<Inventory> {
    let mut names = Vec::new();
    let mut stores = Vec::new();
    let mut errors = Vec::new();
    for place in &homes.places {
        match read(&place.path, job) {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => errors.push((place, error)),
            Ok(mut inventory) => {
                disuse::settle(&mut inventory.stores, place);
                names.push(inventory.name);
                stores.extend(inventory.stores);
            }
        }
    }
    let Some(first) = stores.first_mut() else {
        return Err(nothing(homes, errors.into_iter().map(|(_, error)| error)));
    };
    first.warnings.extend(homes.warnings.clone());
    first.warnings.extend(
        errors
            .iter()
            .filter_map(|(place, error)| warning(place, error)),
    );
    Ok(Inventory {
        name: names.join(", "),
        stores,
    })
}

/// A place without a store is nothing to worry about; one that cannot be read is.
const fn is_trouble(error: &Error) -> bool {
    !matches!(error, Error::NotFound { .. } | Error::NotAStore { .. })
}

/// Returns what to say of a place without a store, beside the stores of others.
fn warning(place: &Place, error: &Error) -> Option<Warning> {
    let named = place.named_by.as_ref();
    let named = named.map_or_else(String::new, |named| format!("{named} names this: "));
    let message = format!("{named}{}", error.in_one_line());
    if is_trouble(error) {
        return Some(Warning::new(WarningCode::Unmeasured, message));
    }
    let is_meant = place.is_configured();
    is_meant.then(|| Warning::new(WarningCode::NotInSource, message))
}

/// Returns why there is no store at all.
fn nothing(homes: &Homes, errors: impl Iterator<Item = Error>) -> Error {
    let mut errors: Vec<Error> = errors.collect();
    errors.sort_by_key(|error| !is_trouble(error));
    let first = errors.into_iter().next();
    if homes.warnings.is_empty() || first.as_ref().is_some_and(is_trouble) {
        let name = "a layer store".into();
        return first.unwrap_or(Error::NotFound { name });
    }
    let told: Vec<&str> = homes
        .warnings
        .iter()
        .map(|warning| warning.message.as_str())
        .collect();
    Error::Usage {
        reason: "there is no layer store where engines keep theirs".into(),
        advice: format!(
            "name its directory, `layerscope store DIR`; what could not be looked at:\n  {}",
            told.join("\n  ")
        ),
    }
}
