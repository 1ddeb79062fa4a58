//! A file's data, read back out of the archive.

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
