//! Whole file systems as layers: what changed is what differs from the one below.

use std::io::Read;

use super::beneath::Beneath;
use super::{Access, Completeness, EntrySink, FileAt, LayerSource};
use crate::error::{Error, Result};
use crate::progress::Job;

/// A layer that an engine keeps as a full copy of everything below it (vfs, btrfs).
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
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        let _ = &self.below;
        Err(Error::NotFound {
            name: self.directory.name().to_owned(),
        })
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        Err(Error::NotFound {
            name: self.directory.name().to_owned(),
        })
    }

    fn access(&self) -> Access {
        Access::Random
    }

    fn stored_bytes(&self) -> u64 {
        0
    }
}
