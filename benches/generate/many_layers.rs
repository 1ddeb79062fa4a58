//! Image `d`: as many layers as an engine allows, each small.

use std::io;

use crate::random::Random;
use crate::record::{Plan, Record, Sink, Texture, scaled};

const LAYERS: u64 = 127;
const FILES: u64 = 48;
const MEAN: u64 = 5_800;

/// The image.
pub(crate) struct ManyLayers {
    files: u64,
}

impl ManyLayers {
    /// Chooses the count; the number of layers stays.
    pub(crate) fn new(scale: f64) -> Self {
        Self {
            files: scaled(FILES, scale),
        }
    }
}

impl Plan for ManyLayers {
    fn layers(&self) -> usize {
        usize::try_from(LAYERS).unwrap_or_default()
    }

    fn layer(&self, layer: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        let layer = layer as u64;
        let mut random = Random::new(layer);
        for number in 0..self.files {
            // A quarter of the files is written by every fourth layer anew.
            let owner = if number % 4 == 0 { layer % 4 } else { layer };
            let record = Record::File {
                mode: 0o644,
                length: random.below(2 * MEAN),
                seed: layer << 32 | number,
                texture: Texture::Mixed,
            };
            sink(&format!("step-{owner}/file-{number}"), &record)?;
        }
        if layer > 4 {
            sink(&format!("step-{}/file-1", layer - 1), &Record::Whiteout)?;
        }
        Ok(())
    }
}
