//! Tar bytes to entries.

use std::io::{self, Read};

use super::bytes::Region;
use super::codec::Codec;
use super::{Access, Completeness, EntrySink, LayerSource};
use crate::error::Result;
use crate::progress::Job;

/// A layer stored as a tar archive, compressed or not.
#[derive(Debug)]
pub struct TarLayer {
    region: Region,
    codec: Codec,
}

impl TarLayer {
    /// Takes the stored bytes of a layer; looks at the first few for their compression.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn new(region: Region) -> io::Result<Self> {
        let codec = Codec::sniff(&region.head::<8>()?);
        Ok(Self { region, codec })
    }

    /// Returns the compression found.
    pub const fn codec(&self) -> Codec {
        self.codec
    }
}

impl LayerSource for TarLayer {
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        todo!()
    }

    fn open(&self, _offset: u64) -> Result<Box<dyn Read + '_>> {
        todo!()
    }

    fn access(&self) -> Access {
        if self.codec == Codec::None {
            Access::Random
        } else {
            Access::Sequential
        }
    }

    fn stored_bytes(&self) -> u64 {
        self.region.length()
    }
}
