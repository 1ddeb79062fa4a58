//! Whole file systems as layers: what changed is what differs from the one below.

use std::io::Read;

use super::dir::scan::How;
use super::dir::{self, Encoding};
use super::{Completeness, EntryKind, EntrySink, FileAt, LayerFacts, LayerSource, Origin};
use crate::beneath::Beneath;
use crate::error::Result;
use crate::path::ImagePath;
use crate::progress::Job;

/// A layer that an engine keeps as a full copy of everything below it (vfs, btrfs).
///
/// What counts as changed is what counts for `docker diff`: owner, mode, device number, file capability, and of
/// anything but directories length and time. A file of equal length and time is taken as the same unread.
#[derive(Debug)]
pub struct CopyLayer {
    directory: Beneath,
    below: Option<Beneath>,
}

impl CopyLayer {
    /// Takes the whole file system, and the one it was copied from.
    pub fn new(directory: Beneath, below: Option<Beneath>) -> Self {
        Self { directory, below }
    }
}

impl LayerSource for CopyLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        let how = How {
            encoding: Encoding::Plain,
            compared: self.below.as_ref(),
        };
        dir::scan::scan(&self.directory, how, sink, job)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        dir::open(&self.directory, file)
    }

    fn origin(&self, _path: ImagePath<'_>, _kind: EntryKind) -> Origin {
        Origin::InPlace
    }

    fn object(&self) -> Option<(u64, u64)> {
        self.directory.object()
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::DIRECTORY
    }
}
