//! Which stores are below a directory, and where engines usually keep theirs.

use std::io;
use std::path::{Path, PathBuf};

use super::readers::READERS;
use super::{Inventory, Store};
use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::path;
use crate::progress::Job;

/// Returns whether a directory is the root of a store, or a part of one that leads to it.
pub fn is_store(place: &Path) -> bool {
    Beneath::open(place).is_ok_and(|root| READERS.iter().any(|reader| (reader.is_root)(&root)))
}

/// Returns where engines keep their stores by default, those of the user first; none need exist.
pub fn usual_places(home: Option<&Path>) -> Vec<PathBuf> {
    let mut own = READERS;
    own.sort_by_key(|reader| !reader.is_rootless);
    let own = home.into_iter().flat_map(|home| {
        let home = home.join(".local/share");
        own.map(|reader| home.join(reader.place))
    });
    own.chain(below().map(|place| Path::new("/var/lib").join(place)))
        .collect()
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

/// Returns where stores are below `/var/lib`, or what stands for it.
fn below() -> impl Iterator<Item = &'static str> {
    let own = READERS.iter().map(|reader| reader.place);
    own.chain(["rancher/k3s/agent/containerd"])
}

/// Returns the stores at places below a directory where engines keep theirs: on another machine's disk, in a home.
///
/// Links that lead out of the directory lead to the stores of somebody else.
pub fn stores_below(directory: &Path) -> Vec<PathBuf> {
    const WITHIN: [&str; 4] = ["", "lib", "var/lib", ".local/share"];
    let Ok(whole) = std::fs::canonicalize(directory) else {
        return Vec::new();
    };
    let is_within =
        |place: &Path| std::fs::canonicalize(place).is_ok_and(|place| place.starts_with(&whole));
    let places = WITHIN.map(|within| directory.join(within)).into_iter();
    places
        .flat_map(|within| below().map(move |name| within.join(name)))
        .filter(|place| is_within(place) && is_store(place))
        .collect()
}

/// See [`super::read`].
pub(super) fn read(root: &Path, job: &Job) -> Result<Inventory> {
    let beneath = Beneath::open(root).map_err(told_as_store)?;
    let mut stores = Vec::new();
    for reader in &READERS {
        job.check()?;
        stores.extend((reader.read)(&beneath, job)?);
    }
    if stores.iter().any(Store::holds_something) {
        // Docker starts a containerd of its own even where it keeps images elsewhere.
        stores.retain(Store::holds_something);
    }
    if stores.is_empty()
        && let Some(source) = sealed(&beneath)
    {
        let name = beneath.name().to_owned();
        return Err(Error::StoreDenied { name, source });
    }
    if stores.is_empty() {
        return Err(Error::NotAStore {
            name: beneath.name().to_owned(),
            found: "it holds no records of Docker, containerd, Podman or CRI-O",
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
pub(super) fn read_all(roots: &[PathBuf], job: &Job) -> Result<Inventory> {
    let mut names = Vec::new();
    let mut stores = Vec::new();
    let mut errors = Vec::new();
    for root in roots {
        match read(root, job) {
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => errors.push(error),
            Ok(inventory) => {
                names.push(inventory.name);
                stores.extend(inventory.stores);
            }
        }
    }
    // A place without a store is nothing to worry about; one that cannot be read is.
    let is_trouble =
        |error: &Error| !matches!(error, Error::NotFound { .. } | Error::NotAStore { .. });
    let Some(first) = stores.first_mut() else {
        errors.sort_by_key(|error| !is_trouble(error));
        return Err(errors.into_iter().next().unwrap_or(Error::NotFound {
            name: "a layer store".into(),
        }));
    };
    let troubles = errors.into_iter().filter(is_trouble);
    first
        .warnings
        .extend(troubles.map(|error| Warning::new(WarningCode::Unmeasured, error.in_one_line())));
    Ok(Inventory {
        name: names.join(", "),
        stores,
    })
}
