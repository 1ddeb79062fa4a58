//! A layer that was never stored: its entries are those of other layers, and so is their data.

use std::io::Read;
use std::sync::Arc;

use super::{Access, Completeness, EntrySink, FileAt, LayerFacts, LayerIndex, LayerSource};
use crate::error::{Error, Result};
use crate::progress::Job;

/// Bits of an offset that are one in the layer where an entry is from; those above are that layer's position.
const OFFSET_BITS: u32 = 48;

/// Layers whose entries others are made of.
#[derive(Debug)]
pub struct GatheredLayer {
    layers: Arc<[Arc<dyn LayerSource>]>,
}

impl GatheredLayer {
    /// Gathers from some layers, bottom first.
    pub const fn new(layers: Arc<[Arc<dyn LayerSource>]>) -> Self {
        Self { layers }
    }

    /// Returns the offset under which an entry of one of them is found; `None` beyond 256 TiB.
    pub fn offset(layer: LayerIndex, offset: u64) -> Option<u64> {
        (offset >> OFFSET_BITS == 0).then_some(u64::from(layer.0) << OFFSET_BITS | offset)
    }
}

impl LayerSource for GatheredLayer {
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        Ok(Completeness::Partial)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        let layer = usize::try_from(file.offset >> OFFSET_BITS).unwrap_or(usize::MAX);
        let source = self.layers.get(layer).ok_or_else(|| Error::NotFound {
            name: crate::path::display_absolute(file.path.as_bytes()),
        })?;
        source.open(FileAt {
            offset: file.offset & ((1 << OFFSET_BITS) - 1),
            ..file
        })
    }

    fn facts(&self) -> LayerFacts {
        let facts = self.layers.iter().map(|layer| layer.facts());
        let sequential = facts.filter(|facts| facts.access == Access::Sequential);
        let largest = sequential.max_by_key(|facts| facts.stored_bytes);
        largest.unwrap_or(LayerFacts::DIRECTORY)
    }
}
