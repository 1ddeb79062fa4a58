//! A file's data, read back: out of the archive, with the holes of sparse files filled in.

use std::io::{self, Read};

use super::chunks::Stop;
use super::walk::{Fault, Record};
use super::window::Window;
use crate::layer::content_hash::ContentHasher;

/// A window, owned or borrowed.
pub(super) trait Peek<'w> {
    fn peek(&mut self) -> &mut Window<'w>;
}

impl<'w> Peek<'w> for Window<'w> {
    fn peek(&mut self) -> &mut Window<'w> {
        self
    }
}

impl<'w> Peek<'w> for &mut Window<'w> {
    fn peek(&mut self) -> &mut Window<'w> {
        self
    }
}

/// Reads the stored data of one record, then ends.
pub(super) struct Stored<W> {
    pub(super) window: W,
    position: u64,
    end: u64,
}

impl<'w, W: Peek<'w>> Stored<W> {
    pub(super) fn new(window: W, record: &Record) -> Self {
        Self {
            window,
            position: record.data,
            end: record.data + record.stored,
        }
    }
}

impl<'w, W: Peek<'w>> Read for Stored<W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len()).min(64 * 1024);
        let bytes = match self.window.peek().at(self.position, wanted) {
            Ok(bytes) => bytes,
            Err(Stop::Cancelled) => return Err(io::Error::other(crate::error::Error::Interrupted)),
            Err(Stop::ExpandedTooFar) => {
                return Err(io::Error::other("more uncompressed data than allowed"));
            }
            Err(Stop::Failed(error)) => return Err(error),
        };
        if bytes.is_empty() && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer[..bytes.len()].copy_from_slice(bytes);
        self.position += bytes.len() as u64;
        Ok(bytes.len())
    }
}

/// Hashes and counts what is read.
pub(super) struct Hashed<R> {
    data: R,
    pub(super) hasher: ContentHasher,
    pub(super) count: u64,
}

impl<R> Hashed<R> {
    pub(super) fn new(data: R) -> Self {
        Self {
            data,
            hasher: ContentHasher::new(),
            count: 0,
        }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.data.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// Fills the holes between the segments of a sparse file with zeros.
pub(super) struct Expanded<R> {
    stored: R,
    segments: std::vec::IntoIter<(u64, u64)>,
    /// The segment that comes next or is being read.
    segment: Option<(u64, u64)>,
    position: u64,
    size: u64,
}

impl<R: Read> Expanded<R> {
    pub(super) fn new(stored: R, segments: Vec<(u64, u64)>, size: u64) -> Self {
        let mut segments = segments.into_iter();
        let segment = segments.next();
        Self {
            stored,
            segments,
            segment,
            position: 0,
            size,
        }
    }
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Empty segments stand at the end of most maps.
        while self
            .segment
            .is_some_and(|(offset, length)| offset + length <= self.position)
        {
            self.segment = self.segments.next();
        }
        let (is_hole, end) = match self.segment {
            Some((offset, _)) if self.position < offset => (true, offset),
            Some((offset, length)) => (false, offset + length),
            None => (true, self.size),
        };
        let left = usize::try_from(end.min(self.size) - self.position).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let count = if is_hole {
            buffer[..wanted].fill(0);
            wanted
        } else {
            self.stored.read(&mut buffer[..wanted])?
        };
        self.position += count as u64;
        Ok(count)
    }
}

/// Ends in an error where the data does: what is left of a damaged file must not pass for the file.
pub(super) struct Faulty<R> {
    rest: R,
    fault: Fault,
}

impl<R: Read> Faulty<R> {
    pub(super) const fn new(rest: R, fault: Fault) -> Self {
        Self { rest, fault }
    }
}

impl<R: Read> Read for Faulty<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.fault {
            Fault::SparseMap => 0,
            Fault::Cut => self.rest.read(buffer)?,
        };
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        Err(match self.fault {
            Fault::SparseMap => io::Error::other("its sparse map does not fit"),
            Fault::Cut => {
                io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends inside it")
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_read_as_zeros() {
        for (segments, size, expected) in [
            (vec![(2, 3), (7, 1)], 10, &b"\0\0abc\0\0d\0\0"[..]),
            (vec![(0, 4), (4, 0)], 4, b"abcd"),
            (vec![(10, 0)], 10, &[0; 10]),
            (vec![], 3, &[0; 3]),
            (vec![], 0, b""),
        ] {
            let mut read = Vec::new();
            Expanded::new(&b"abcd"[..], segments, size)
                .read_to_end(&mut read)
                .unwrap();
            assert_eq!(read, expected);
        }
    }
}
