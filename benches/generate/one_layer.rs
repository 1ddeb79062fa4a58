//! Image `c`: one large layer that compresses well.

use std::io;

use crate::random::Random;
use crate::record::{Plan, Record, Sink, Texture, scaled};

const FILES: u64 = 20_000;
const MEAN: u64 = 215_000;

/// The image.
pub(crate) struct OneLayer {
    files: u64,
}

impl OneLayer {
    /// Chooses the count.
    pub(crate) fn new(scale: f64) -> Self {
        Self {
            files: scaled(FILES, scale),
        }
    }
}

impl Plan for OneLayer {
    fn layers(&self) -> usize {
        1
    }

    fn layer(&self, _layer: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        let mut random = Random::new(5);
        for number in 0..self.files {
            let directory = format!("data/{:03}", number / 100);
            if number % 100 == 0 {
                sink(&directory, &Record::Dir { mode: 0o755 })?;
            }
            let record = Record::File {
                mode: 0o644,
                length: random.below(2 * MEAN),
                seed: number,
                texture: match number % 6 {
                    0 => Texture::Text,
                    1 if number % 18 == 1 => Texture::Mixed,
                    _ => Texture::Repetitive,
                },
            };
            sink(&format!("{directory}/table-{number}.csv"), &record)?;
        }
        Ok(())
    }
}
