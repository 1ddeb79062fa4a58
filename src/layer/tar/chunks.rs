//! A tar archive without the data of its files: what records of a tar keep, for data that lies elsewhere.

use std::io;

/// What comes next in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::layer) enum Chunk {
    /// Bytes, which were appended to the buffer.
    Bytes,
    /// So many bytes of a file's data, which are not here.
    Gap(u64),
    /// Nothing: the archive is over.
    End,
}

/// Why the bytes end before the archive does.
#[derive(Debug)]
pub(in crate::layer) enum Stop {
    /// The job was cancelled.
    Cancelled,
    /// Decompression produced more than allowed.
    ExpandedTooFar,
    /// The bytes cannot be read or decoded any further.
    Failed(io::Error),
}

/// Hands out an archive piece by piece, in order.
pub(in crate::layer) trait Chunks: Send {
    /// Goes on to the next piece; its bytes are appended to `buffer`, as many as the source holds in memory anyway.
    ///
    /// # Errors
    /// Why the pieces end before the archive does. `buffer` is as before then.
    fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Chunk, Stop>;
}
