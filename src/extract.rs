//! Files of a view to disk, below one directory and nowhere else.
//!
//! An image is hostile input. Every directory is opened relative to its parent without following links,
//! every file is created anew, and symbolic links come last, so that no path can lead through one of them.
//! Nothing that exists is overwritten. What a link points at is data and written as it is.
//!
//! Order: directories (writable for the owner only), files layer by layer in one pass each, hard links,
//! pipes and devices, symbolic links, and then the metadata of directories, deepest first.

mod made;
mod place;
mod writer;

use std::path::{Path, PathBuf};

use crate::analysis::Analysis;
use crate::error::Result;
use crate::path::{display_absolute, display_os};
use crate::progress::Job;
use crate::tree::{Listed, PathId, View};
use crate::units::{Units, count};

use writer::Writer;

/// Who owns what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Owner {
    /// As in the image, where this process may give files away; else the user of this process.
    #[default]
    Image,
    /// The user of this process.
    Process,
}

/// What becomes of device nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Devices {
    /// They are left out, with a warning.
    #[default]
    Skip,
    /// They are created, where this process may.
    Create,
}

/// What becomes of what would give a program rights of its own: set-uid and set-gid bits, attributes of the kernel
/// and of the administrator (`security.*`, `trusted.*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privileges {
    /// They are left out, with one remark that counts them.
    #[default]
    Drop,
    /// They are written, where this process may.
    Keep,
}

/// How to write.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The directory; created with its parents where it does not exist.
    pub directory: PathBuf,
    /// Who owns what is written.
    pub owner: Owner,
    /// What becomes of device nodes.
    pub devices: Devices,
    /// What becomes of rights.
    pub privileges: Privileges,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extracted {
    /// Files, hard links included.
    pub files: u64,
    /// Directories that did not exist before.
    pub directories: u64,
    /// Symbolic links, pipes and devices.
    pub others: u64,
    /// File data written.
    pub bytes: u64,
    /// Files that are left out because their data is damaged, further names included.
    pub damaged: u64,
    /// What was left out or could not be done in full; one line each, escaped.
    pub remarks: Vec<String>,
}

impl Extracted {
    /// Returns one sentence that counts what was written below a directory.
    pub(crate) fn sentence(&self, directory: &Path, units: Units) -> String {
        format!(
            "{} ({}), {} and {} written below {}",
            counted(self.files, "file", "files"),
            units.size(self.bytes),
            counted(self.directories, "directory", "directories"),
            counted(self.others, "link or device", "links or devices"),
            display_os(directory.as_os_str()),
        )
    }
}

/// Returns `1 file`, `2 files`.
fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Writes paths of a view, with everything below them, at their full path below the directory.
///
/// A file whose data cannot be read whole is left out, and a remark says so; the rest is written.
///
/// # Errors
/// [`crate::error::Error::UnsafeTarget`] where something is in the way, [`crate::error::Error::Write`] where the system refuses.
/// What was written until then stays.
pub fn extract(
    analysis: &Analysis,
    view: View,
    starts: &[PathId],
    options: &Options,
    job: &Job,
) -> Result<Extracted> {
    let rows = collect(analysis, view, starts);
    Writer::new(analysis, options, job)?.write(&rows)
}

/// Returns every row once, the directories that lead to the starts included, sorted by path.
fn collect(analysis: &Analysis, view: View, starts: &[PathId]) -> Vec<Listed> {
    let mut rows: Vec<Listed> = Vec::new();
    for &start in starts {
        let path = analysis.tree.path(start);
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let parent = crate::path::ImagePath::new(&path[..at]);
            rows.extend(parent.and_then(|parent| view.get(&analysis.tree, parent)));
        }
        let collected: Result<(), std::convert::Infallible> =
            view.list(&analysis.tree, start, &mut |row| {
                rows.push(row.clone());
                Ok(())
            });
        let Ok(()) = collected;
    }
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    rows.dedup_by(|one, other| one.path == other.path);
    rows
}

/// Returns where a path of the image comes to stand, for messages.
fn shown(directory: &Path, path: &[u8]) -> String {
    format!(
        "{}{}",
        display_os(directory.as_os_str()),
        display_absolute(path)
    )
}
