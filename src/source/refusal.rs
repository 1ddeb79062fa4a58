//! What is refused, and what it is called: the wrong kind of thing, or one that was not expected.

use std::path::Path;

use super::archive::ArchiveBlobs;
use super::blobs::BlobStore;
use super::directory::DirBlobs;
use super::locator::{Locator, Reading};
use crate::error::{Error, Result};
use crate::layer::bytes::Region;
use crate::layer::file_kind;
use crate::layer::tar::TarLayer;
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::store::{self, mounts};

/// Says that an input is no image, and what was found of it, escaped.
pub(super) fn unexpected(locator: &Locator, found: &str) -> Error {
    let found = match locator.reading {
        Reading::Sniffed => found.to_owned(),
        forced => format!("expected {}, found {found}", forced.expectation()),
    };
    Error::NotAnImage {
        name: locator.name().to_owned(),
        found,
    }
}

/// Returns what may have been meant by a directory that is nothing known.
pub(super) fn near(locator: &Locator, path: &Path) -> Vec<String> {
    if mounts::find(path).is_ok() {
        return vec![format!("overlay:{}", locator.word())];
    }
    store::stores_near(path)
}

/// Says what a directory without an image seems to be.
pub(super) fn describe_directory(store: &DirBlobs) -> String {
    let names = store.names();
    let has = |name: &str| names.iter().any(|found| found == name.as_bytes());
    if names.is_empty() {
        "an empty directory".into()
    } else if has("blobs") || has("sha256") {
        "a directory of blobs without index.json or manifest.json, which would say what they are"
            .into()
    } else if [
        "overlay2",
        "overlay-layers",
        "io.containerd.metadata.v1.bolt",
    ]
    .into_iter()
    .any(has)
    {
        format!(
            "it looks like a local layer store, but has no records of one, only {}",
            first_names(store)
        )
    } else if has("Dockerfile") || has("Containerfile") {
        "a directory with a Dockerfile; build it and save the image it makes".into()
    } else {
        format!(
            "a directory without index.json or manifest.json, with {}",
            first_names(store)
        )
    }
}

/// Returns a few of the names at the top of a store.
pub(super) fn first_names(store: &dyn BlobStore) -> String {
    const SHOWN: usize = 5;
    let names = store.names();
    let mut shown: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| path::display(name).into_owned())
        .collect();
    match names.len() {
        0 => return "nothing in it".into(),
        all if all > SHOWN => shown.push(format!("{} more", all - SHOWN)),
        _ => {}
    }
    shown.join(", ")
}

/// Refuses an archive of nothing but an image: as a layer it would be read, and the image in it would not.
pub(super) fn refuse_image_inside(
    locator: &Locator,
    blobs: &ArchiveBlobs,
    job: &Job,
) -> Result<()> {
    if locator.reading != Reading::Sniffed {
        return Ok(());
    }
    let Some(path) = blobs.image_inside(job)? else {
        return Ok(());
    };
    let shown = path::display(path);
    let word = locator.word();
    let found = format!(
        "an archive of one file, {shown}, which is an image: take it out with tar, or name it layer:{word} to look at \
         the archive as a layer"
    );
    Err(unexpected(locator, &found))
}

/// Refuses what is surely no archive, or one that was not expected; the message says what it is instead.
pub(super) fn refuse_other(locator: &Locator, region: &Region) -> Result<()> {
    if let Some(what) = known_other(region)? {
        return Err(unexpected(locator, &what));
    }
    if matches!(locator.reading, Reading::OciDirectory | Reading::Directory) {
        return Err(unexpected(locator, "an archive"));
    }
    Ok(())
}

/// Says of what has never been an archive that it is none.
pub(super) fn no_archive(locator: &Locator, error: Error) -> Error {
    match error {
        Error::NotALayer { .. } => {
            unexpected(locator, "it is no tar archive, and nothing else known")
        }
        other => other,
    }
}

/// Says what a file is that is surely no tar archive; `None` where it is one, or nothing known.
fn known_other(region: &Region) -> Result<Option<String>> {
    let mut head = vec![0; file_kind::HEAD_BYTES];
    let count = region
        .read_at(&mut head, 0)
        .map_err(|source| Error::unread(region.name(), source))?;
    head.truncate(count);
    if head.is_empty() {
        return Ok(Some("it is empty".into()));
    }
    let is_empty_archive = (512..=limits::EMPTY_ARCHIVE_BYTES).contains(&region.length())
        && head.iter().all(|&byte| byte == 0);
    if is_empty_archive || TarLayer::begins_with_header(&head) {
        return Ok(None);
    }
    Ok(file_kind::describe(&head).map(|what| format!("it looks like {what}")))
}

/// Adds to an unusable document that the archive may be no image.
pub(super) fn doubtful(locator: &Locator, error: Error) -> Error {
    match error {
        Error::BadDocument {
            name,
            document,
            reason,
        } if locator.reading == Reading::Sniffed => Error::DoubtfulArchive {
            name,
            document,
            reason,
            word: locator.word().to_owned(),
        },
        other => other,
    }
}
