//! Image `b`: very many very small files, written, rewritten and removed.

use std::io;

use crate::random::Random;
use crate::record::{Plan, Record, Sink, Texture, scaled};

const LAYERS: u64 = 10;
const PER_DIRECTORY: u64 = 100;
const LARGEST: u64 = 1_500;

/// The image; every entry is arithmetic on its number.
pub(crate) struct SmallFiles {
    /// New files of each layer.
    added: u64,
    /// Files of the layers below that each higher layer stores again.
    rewritten: u64,
    removed: u64,
    opaque: u64,
}

impl SmallFiles {
    /// Chooses the counts.
    pub(crate) fn new(scale: f64) -> Self {
        Self {
            added: scaled(85_000, scale),
            rewritten: scaled(33_000, scale),
            removed: scaled(5_000, scale),
            opaque: scaled(67, scale),
        }
    }
}

impl Plan for SmallFiles {
    fn layers(&self) -> usize {
        usize::try_from(LAYERS).unwrap_or_default()
    }

    fn layer(&self, layer: usize, sink: &mut Sink<'_>) -> io::Result<()> {
        let layer = layer as u64;
        let below = layer * self.added;
        for number in below..below + self.added {
            if number % PER_DIRECTORY == 0 {
                sink(&directory(number), &Record::Dir { mode: 0o755 })?;
            }
            sink(&path(number), &file(number, 0, 0o644))?;
        }
        if layer == 0 {
            return Ok(());
        }
        // Strides that share no factor with what they step over reach other files in every layer.
        for step in 0..self.rewritten {
            let number = (step * 7 + layer) % below;
            let record = match step % 3 {
                0 => file(number, layer, 0o644),
                1 => file(number, 0, 0o664),
                _ => file(number, 0, 0o644),
            };
            sink(&path(number), &record)?;
        }
        // Every layer removes files of a remainder of its own, so that none is removed twice, not the one it
        // rewrites, and leaves alone the directories that become opaque.
        let removable = (layer + 3..below)
            .step_by(14)
            .filter(|number| !becomes_opaque(number / PER_DIRECTORY));
        for number in removable.take(usize::try_from(self.removed).unwrap_or_default()) {
            sink(&path(number), &Record::Whiteout)?;
        }
        let tens = (below / PER_DIRECTORY / 10).max(1);
        for step in 0..self.opaque {
            let number = ((step * 13 + layer) % tens * 10 + 9) * PER_DIRECTORY;
            sink(&directory(number), &Record::Dir { mode: 0o755 })?;
            sink(&directory(number), &Record::Opaque)?;
        }
        Ok(())
    }
}

/// One directory in ten.
fn becomes_opaque(directory: u64) -> bool {
    directory % 10 == 9
}

fn directory(number: u64) -> String {
    let directory = number / PER_DIRECTORY;
    format!(
        "srv/part-{:02}/group-{:02}/set-{directory}",
        directory % 37,
        directory % 53
    )
}

fn path(number: u64) -> String {
    format!("{}/item-{number}.json", directory(number))
}

fn file(number: u64, generation: u64, mode: u32) -> Record {
    let length = Random::new(number).below(LARGEST);
    Record::File {
        mode,
        length,
        seed: generation << 40 | number,
        texture: Texture::Text,
    }
}
