//! No report is written in the place of what it is about.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::error::{Error, Result};
use crate::path::display_os;
use crate::source::{InputPlace, Locator, signs};
use crate::store;

use super::options::Common;

/// Refuses an output that is the image, by whatever name, or a part of it.
///
/// # Errors
/// [`Error::Usage`].
pub(crate) fn refuse(locator: &Locator, options: &Common) -> Result<()> {
    let reports = options.report.iter().map(|target| &target.file);
    let mut targets = reports.chain(&options.output);
    match targets.find(|target| is_input(locator, target)) {
        None => Ok(()),
        Some(target) => Err(Error::Usage {
            reason: format!(
                "{} is the image itself, or a part of it",
                display_os(target.as_os_str())
            ),
            advice: "write to another file; nothing was changed".into(),
        }),
    }
}

fn is_input(locator: &Locator, target: &Path) -> bool {
    let Some(target_is) = fs::metadata(target).ok().filter(Metadata::is_file) else {
        return false;
    };
    if locator.place == InputPlace::StandardInput {
        let input = rustix::fs::fstat(io::stdin());
        return input
            .is_ok_and(|input| (input.st_dev, input.st_ino) == (target_is.dev(), target_is.ino()));
    }
    if let InputPlace::Directories(overlay) = &locator.place {
        let layers = overlay
            .lower
            .iter()
            .chain(&overlay.upper)
            .chain(&overlay.data);
        return layers.into_iter().any(|layer| is_below(layer, target));
    }
    let Some(path) = locator.path() else {
        return false;
    };
    match fs::metadata(&path) {
        Ok(input) if input.is_dir() => is_part(&path, target),
        Ok(input) => (input.dev(), input.ino()) == (target_is.dev(), target_is.ino()),
        Err(_) => false,
    }
}

/// Whether a file lies in a directory that is a layer, all of it.
fn is_below(directory: &Path, target: &Path) -> bool {
    let (directory, target) = (directory.canonicalize(), target.canonicalize());
    let below = directory.and_then(|directory| Ok(target?.starts_with(directory)));
    below.unwrap_or(false)
}

/// Whether a file belongs to the image or the store in a directory. Reports may lie beside them there.
fn is_part(directory: &Path, target: &Path) -> bool {
    let (Ok(directory), Ok(target)) = (directory.canonicalize(), target.canonicalize()) else {
        return false;
    };
    target.strip_prefix(&directory).is_ok_and(|inside| {
        signs::is_part_of_image(inside.as_os_str().as_bytes()) || store::is_store(&directory)
    })
}
