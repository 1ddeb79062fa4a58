//! What a layer is made of, before any byte of it exists.

use std::io;

/// How well data compresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texture {
    /// Like source code and documentation.
    Text,
    /// Like programs and libraries: text and noise in turn.
    Mixed,
    /// Like what is compressed already.
    Noise,
    /// Like logs and tables: the same again and again.
    Repetitive,
}

/// One entry.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    /// A directory.
    Dir {
        /// Permission bits.
        mode: u32,
    },
    /// A regular file; the same seed, length and texture are the same data.
    File {
        /// Permission bits.
        mode: u32,
        /// Bytes.
        length: u64,
        /// Decides the data.
        seed: u64,
        /// How well the data compresses.
        texture: Texture,
    },
    /// A symbolic link.
    Symlink {
        /// Its target.
        target: String,
    },
    /// Removes the path.
    Whiteout,
    /// Makes the directory opaque.
    Opaque,
}

/// Takes the entries of a layer.
pub(crate) type Sink<'a> = dyn FnMut(&str, &Record) -> io::Result<()> + 'a;

/// An image that can tell the entries of each layer, again and again alike.
pub(crate) trait Plan {
    /// Returns the number of layers.
    fn layers(&self) -> usize;

    /// Sends the entries of a layer, in order.
    fn layer(&self, layer: usize, sink: &mut Sink<'_>) -> io::Result<()>;
}

/// Returns a count for a scale, at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts far below 2^52, never negative"
)]
pub(crate) fn scaled(count: u64, scale: f64) -> u64 {
    ((count as f64 * scale).round() as u64).max(1)
}
