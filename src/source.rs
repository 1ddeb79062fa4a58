//! From what the user named to an [`Image`]: archives, directories and streams, told apart by their content.
//!
//! Opening reads manifests and configurations only, never a layer. The formats (`manifest.json`, OCI indexes,
//! version 1 chains) know nothing of the places (`blobs`: archive or directory), so each works in each.

pub mod archive;
mod assemble;
pub mod blobs;
mod catalog;
mod choose;
mod described;
pub mod directory;
mod docker;
mod formats;
pub mod locator;
mod manifest;
mod oci;
mod passing;
mod patient;
mod read;
mod refusal;
pub mod signs;
mod spool;
mod stored;
mod strict;
mod v1;

use std::path::PathBuf;

use crate::error::Result;
use crate::image::{Digest, Image, Platform};
use crate::progress::Job;

pub use locator::{Holder, InputPlace, Locator, Reading};
pub use read::Source;

/// Files that make an archive or a directory an image.
const MARKERS: [&str; 4] = ["manifest.json", "index.json", "oci-layout", "repositories"];

/// Where an image came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// `docker-archive`, `oci-archive`, `oci`, `dir`, `docker-dir`, `layer` and the like.
    pub kind: &'static str,
    /// What the user named, escaped; `-` for standard input.
    pub locator: String,
}

/// What to open of a source, and how much room it may take.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Name, ID or index of the image, where a source holds several.
    pub image: Option<String>,
    /// The platform, where an image has several; otherwise the host's is preferred.
    pub platform: Option<Platform>,
    /// Name or ID of a container, where the source is a layer store: its image and what it has written.
    pub container: Option<String>,
    /// Whether contents of files will be asked for.
    pub contents: Contents,
    /// Bytes that a decompressed or streamed archive may take on disk, 0 for no limit; `None` for half of the free
    /// space there, and [`crate::limits::SPOOL_BYTES`].
    pub spool_limit: Option<u64>,
    /// Where engines keep their layers, for images that are named and not pointed at; none need exist.
    pub places: Vec<PathBuf>,
}

/// Whether contents of files will be asked for once an image is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Contents {
    /// Yes: what comes compressed or through a pipe is kept in a temporary file.
    #[default]
    Wanted,
    /// No: nothing is written to a disk. Such an input is read once, layers included, when it is opened.
    Unwanted,
}

/// An image of a source, its layers not yet read.
#[derive(Debug)]
pub struct Opened {
    /// Where it came from.
    pub source: SourceInfo,
    /// The image.
    pub image: Image,
}

/// One image that a source offers. Shown as one line: index, names, ID, platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its position, for `--image`.
    pub index: usize,
    /// Its names, unescaped.
    pub names: Vec<String>,
    /// Digest of its configuration.
    pub id: Option<Digest>,
    /// Digest of its manifest.
    pub digest: Option<Digest>,
    /// What it runs on.
    pub platform: Platform,
    /// Why it cannot be opened: `not in archive`, `unusable`, `an artifact`; `None` where it can.
    pub missing: Option<&'static str>,
}

/// Reads what the locator names, so that its images can be listed and opened.
///
/// # Errors
/// When the input cannot be read or is no image.
pub fn read(locator: &Locator, options: &OpenOptions, job: &Job) -> Result<Source> {
    read::read(locator, options, job)
}

/// Returns whether the locator names a directory where engines keep layers, and nothing in it was chosen: then
/// the store as a whole is meant.
pub fn means_store(locator: &Locator, options: &OpenOptions) -> bool {
    options.image.is_none() && options.container.is_none() && stored::means_store(locator)
}

/// Opens the image that the options choose.
///
/// # Errors
/// When the input cannot be read, is no image, holds several and none is chosen, or when what describes the
/// chosen one is missing or unusable. Layers and configurations in any state are warnings, not errors.
pub fn open(locator: &Locator, options: &OpenOptions, job: &Job) -> Result<Opened> {
    read::read(locator, options, job)?.open(options, job)
}

/// Lists what a source offers, in its order.
///
/// # Errors
/// When the input cannot be read or is no image.
pub fn list(locator: &Locator, options: &OpenOptions, job: &Job) -> Result<Vec<Choice>> {
    Ok(read::read(locator, options, job)?.choices())
}
