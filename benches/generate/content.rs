//! File data: cheap to make, and about as compressible as what it stands for.

use std::io::{self, Write};

use crate::random::Random;
use crate::record::Texture;

const BLOCK: usize = 4096;

/// Text is cut out of a pool larger than any compressor's window, so that it does not repeat within it.
const POOL: usize = 24 << 20;

/// Makes data by seed.
pub(crate) struct Content {
    pool: Vec<u8>,
}

impl Content {
    /// Fills the pool.
    pub(crate) fn new() -> Self {
        let mut random = Random::new(0x706F_6F6C);
        Self {
            pool: random.prose(POOL),
        }
    }

    /// Writes the data of a file.
    pub(crate) fn write(
        &self,
        texture: Texture,
        seed: u64,
        length: u64,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        let mut random = Random::new(seed ^ 0x0D15_EA5E);
        let mut block = [0; BLOCK];
        let mut left = length;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            self.fill(texture, &mut random, &mut block);
            output.write_all(&block[..count])?;
            left -= count as u64;
        }
        Ok(())
    }

    fn fill(&self, texture: Texture, random: &mut Random, block: &mut [u8; BLOCK]) {
        match texture {
            Texture::Text => self.text(random, block),
            Texture::Noise => random.fill(block),
            Texture::Mixed => {
                let (text, noise) = block.split_at_mut(BLOCK * 5 / 8);
                self.text(random, text);
                random.fill(noise);
            }
            Texture::Repetitive => {
                // A line of its own in every block, then the same over and over.
                let (line, rest) = block.split_at_mut(512);
                self.text(random, line);
                for copy in rest.chunks_mut(512) {
                    copy.copy_from_slice(line);
                }
            }
        }
    }

    fn text(&self, random: &mut Random, output: &mut [u8]) {
        let last = (self.pool.len() - output.len()) as u64;
        let start = usize::try_from(random.below(last)).unwrap_or(0);
        output.copy_from_slice(&self.pool[start..start + output.len()]);
    }
}
