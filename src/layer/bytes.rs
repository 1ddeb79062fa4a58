//! Where a layer's stored bytes lie: a region of an open file, read by position.
//!
//! Positional reads need no shared cursor, so layers of one archive are scanned in parallel. There is no
//! memory map: it is slower when cold, and a file that shrinks would kill the process.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::beneath::Beneath;
use crate::error::Result;

/// A range of a file. Cloning is cheap; all clones share the descriptor.
#[derive(Debug, Clone)]
pub struct Region {
    file: Arc<File>,
    name: Arc<str>,
    start: u64,
    length: u64,
}

impl Region {
    /// Takes `length` bytes from `start` on; `name` (escaped) appears in messages.
    ///
    /// The file may be shorter than the range says: reads end early then.
    pub fn new(file: Arc<File>, name: Arc<str>, start: u64, length: u64) -> Self {
        Self {
            file,
            name,
            start,
            length: length.min(u64::MAX - start),
        }
    }

    /// Opens a regular file below a directory as a region of its whole length; `None` where nothing has the name.
    ///
    /// # Errors
    /// As [`Beneath::file`].
    pub fn beneath(directory: &Beneath, place: &[u8]) -> Result<Option<Self>> {
        let Some(file) = directory.file(place)? else {
            return Ok(None);
        };
        let metadata = file
            .metadata()
            .map_err(|source| directory.error(place, source))?;
        let name = directory.shown(place).into();
        Ok(Some(Self::new(Arc::new(file), name, 0, metadata.len())))
    }

    /// Returns the name for messages, escaped.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the same bytes under a name that tells more, escaped.
    #[must_use]
    pub fn renamed(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self
    }

    /// Returns the length in bytes.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Returns a part of this region; what lies beyond its end is cut off.
    #[must_use]
    pub fn part(&self, start: u64, length: u64) -> Self {
        let start = start.min(self.length);
        Self {
            file: Arc::clone(&self.file),
            name: Arc::clone(&self.name),
            start: self.start + start,
            length: length.min(self.length - start),
        }
    }

    /// Reads at `offset` within the region until `buffer` is full or the region ends; returns the bytes read.
    ///
    /// # Errors
    /// The operating system's.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.length.saturating_sub(offset);
        let wanted = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let mut done = 0;
        while done < wanted {
            match self
                .file
                .read_at(&mut buffer[done..wanted], self.start + offset + done as u64)
            {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Returns the first bytes, at most `N`, for looking at magic numbers.
    ///
    /// # Errors
    /// The operating system's.
    pub fn head<const N: usize>(&self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; N];
        let count = self.read_at(&mut buffer, 0)?;
        Ok(buffer[..count].to_vec())
    }

    /// Returns a reader with a cursor of its own, starting at `offset`.
    pub fn reader(&self, offset: u64) -> RegionReader {
        RegionReader {
            region: self.clone(),
            position: offset,
        }
    }
}

/// Sequential reader over a [`Region`].
#[derive(Debug)]
pub struct RegionReader {
    region: Region,
    position: u64,
}

impl Read for RegionReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.region.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}
