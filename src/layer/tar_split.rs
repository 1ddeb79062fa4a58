//! tar-split records as layers: the original tar headers from the record, file data from a directory.

use std::io::Read;

use super::beneath::Beneath;
use super::bytes::Region;
use super::{Access, Completeness, EntrySink, FileAt, LayerSource};
use crate::error::{Error, Result};
use crate::progress::Job;

/// Where the data of files is.
#[derive(Debug, Clone)]
pub enum Data {
    /// At their paths in a directory.
    Directory(Beneath),
    /// Nowhere within reach; why, escaped.
    Refused(String),
}

/// A layer that an engine unpacked, keeping a record of its tar.
#[derive(Debug)]
pub struct TarSplitLayer {
    record: Region,
    data: Data,
}

impl TarSplitLayer {
    /// Takes the gzip-compressed record and where file data is.
    pub fn new(record: Region, data: Data) -> Self {
        Self { record, data }
    }
}

impl LayerSource for TarSplitLayer {
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        let _ = &self.data;
        Err(Error::NotFound {
            name: self.record.name().to_owned(),
        })
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        Err(Error::NotFound {
            name: self.record.name().to_owned(),
        })
    }

    fn access(&self) -> Access {
        Access::Random
    }

    fn stored_bytes(&self) -> u64 {
        self.record.length()
    }
}
