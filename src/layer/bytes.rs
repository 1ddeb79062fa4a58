//! Where a layer's stored bytes lie: a region of an open file, read by position; and how streams of bytes are read
//! whole, and two of them side by side.
//!
//! Positional reads need no shared cursor, so layers of one archive are scanned in parallel. There is no
//! memory map: it is slower when cold, and a file that shrinks would kill the process.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::progress::Job;

/// A range of a file, or of what is kept of one in memory. Cloning is cheap; all clones share the bytes.
#[derive(Debug, Clone)]
pub struct Region {
    bytes: Bytes,
    name: Arc<str>,
    start: u64,
    length: u64,
}

#[derive(Debug, Clone)]
enum Bytes {
    File(Arc<File>),
    /// The first bytes; others may have been there.
    Kept(Arc<[u8]>),
}

impl Region {
    /// Takes the first bytes, or all, of something of `length` bytes that is gone; `name` (escaped) appears in
    /// messages. Reading behind them is an error.
    pub fn kept(bytes: impl Into<Arc<[u8]>>, name: Arc<str>, length: u64) -> Self {
        Self {
            bytes: Bytes::Kept(bytes.into()),
            name,
            start: 0,
            length,
        }
    }

    /// Takes `length` bytes from `start` on; `name` (escaped) appears in messages.
    ///
    /// The file may be shorter than the range says: reads end early then.
    pub fn new(file: Arc<File>, name: Arc<str>, start: u64, length: u64) -> Self {
        Self {
            bytes: Bytes::File(file),
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
            bytes: self.bytes.clone(),
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
        fill(&mut buffer[..wanted], |rest, done| {
            let start = self.start + offset + done as u64;
            match &self.bytes {
                Bytes::File(file) => file.read_at(rest, start),
                Bytes::Kept(bytes) => read_kept(bytes, rest, start),
            }
        })
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

fn read_kept(bytes: &[u8], buffer: &mut [u8], start: u64) -> io::Result<usize> {
    let kept = usize::try_from(start)
        .ok()
        .and_then(|start| bytes.get(start..))
        .filter(|kept| !kept.is_empty() || buffer.is_empty());
    let Some(kept) = kept else {
        return Err(io::Error::other(
            "these bytes passed by and were not kept; an uncompressed file can be looked at again",
        ));
    };
    let count = kept.len().min(buffer.len());
    buffer[..count].copy_from_slice(&kept[..count]);
    Ok(count)
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

/// Reads until the buffer is full or the data ends; returns the bytes read.
///
/// # Errors
/// What reading returns, but not that it was interrupted by a signal.
pub fn read_full(data: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    fill(buffer, |rest, _| data.read(rest))
}

/// Fills every buffer it is given, but at the end: a decoder then meets damage after the same bytes, however its input
/// comes, and what it gave before is the same.
#[derive(Debug)]
pub struct Filled<R> {
    data: R,
    /// Why reading failed behind what was handed out last.
    failure: Option<io::Error>,
}

impl<R> Filled<R> {
    /// Starts where the reader is.
    pub const fn new(data: R) -> Self {
        Self {
            data,
            failure: None,
        }
    }
}

impl<R: Read> Read for Filled<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let mut done = 0;
        while done < buffer.len() {
            match self.data.read(&mut buffer[done..]) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if done == 0 => return Err(error),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        Ok(done)
    }
}

/// Fills a buffer by reads into the rest of it, which are told how much there is already.
fn fill(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8], usize) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match read(&mut buffer[done..], done) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Returns the position of the first byte that only one has, or that differs.
pub fn first_different(one: &[u8], other: &[u8]) -> Option<usize> {
    let shared = one.iter().zip(other).position(|(one, other)| one != other);
    let end = one.len().min(other.len());
    shared.or_else(|| (one.len() != other.len()).then_some(end))
}

/// First and further lengths read of each stream: most that differ do so early.
const FIRST_BLOCK: usize = 16 * 1024;
const BLOCK: usize = 64 * 1024;

/// Reads two streams side by side, with buffers that serve for many pairs.
#[derive(Debug)]
pub struct SideBySide {
    left: Vec<u8>,
    right: Vec<u8>,
}

/// Why two streams could not be read side by side to the first difference or the end.
#[derive(Debug)]
pub enum Unread {
    /// The job was cancelled.
    Interrupted,
    /// The left one failed behind the offset, in bytes.
    Left(u64, io::Error),
    /// The right one did.
    Right(u64, io::Error),
}

impl Unread {
    /// Returns the error of the crate, under the name that one of the two names has, escaped.
    pub fn named(self, left: impl FnOnce() -> String, right: impl FnOnce() -> String) -> Error {
        let (name, offset, source) = match self {
            Self::Interrupted => return Error::Interrupted,
            Self::Left(offset, source) => (left(), offset, source),
            Self::Right(offset, source) => (right(), offset, source),
        };
        Error::Read {
            name,
            offset,
            source,
        }
    }
}

impl Default for SideBySide {
    fn default() -> Self {
        Self {
            left: vec![0; BLOCK],
            right: vec![0; BLOCK],
        }
    }
}

impl SideBySide {
    /// Hands over both streams block by block, each with its offset, until `each` wants no more or the left stream
    /// ends. Blocks are of equal length but where a stream ends.
    ///
    /// # Errors
    /// When one of them cannot be read, or the job is cancelled.
    pub fn read(
        &mut self,
        left: &mut dyn Read,
        right: &mut dyn Read,
        job: &Job,
        mut each: impl FnMut(u64, &[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Unread> {
        let (mut offset, mut length) = (0, FIRST_BLOCK);
        loop {
            job.check().map_err(|_| Unread::Interrupted)?;
            let one = read_full(left, &mut self.left[..length])
                .map_err(|error| Unread::Left(offset, error))?;
            let other = read_full(right, &mut self.right[..length])
                .map_err(|error| Unread::Right(offset, error))?;
            let flow = each(offset, &self.left[..one], &self.right[..other]);
            if flow.is_break() || one < length {
                return Ok(());
            }
            offset += one as u64;
            length = BLOCK;
        }
    }

    /// Returns the offset of the first byte that differs, the end of the shorter stream included; `None` where both
    /// are the same. `done` hears of every block that was read.
    ///
    /// # Errors
    /// As [`SideBySide::read`].
    pub fn first_difference(
        &mut self,
        left: &mut dyn Read,
        right: &mut dyn Read,
        job: &Job,
        mut done: impl FnMut(u64),
    ) -> Result<Option<u64>, Unread> {
        let mut found = None;
        self.read(left, right, job, |offset, left, right| {
            done(right.len() as u64);
            // Slices are compared faster than bytes are counted.
            if left == right {
                return ControlFlow::Continue(());
            }
            found = first_different(left, right).map(|at| offset + at as u64);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }
}
