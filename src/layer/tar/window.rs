//! Looking at a tar archive through a window: by position where the bytes lie in a file, by reading on where
//! they come out of a decoder.
//!
//! Of an uncompressed archive only headers and small bodies are read. The window is small after a jump and
//! doubles while what is wanted lies next to what was read, so that large files cost one small read and
//! trees of small files are read in long runs. Where an archive comes without the data of its files, that data
//! is a gap: nothing is read or made up for it, whatever its length.

use std::io::{self, Read};

use super::chunks::{Chunk, Chunks, Stop};
use crate::layer::bytes::Region;
use crate::layer::codec::PIECE_BYTES;
use crate::progress::Job;

const SMALLEST: usize = 1024;
const LARGEST: usize = 128 * 1024;

/// Greatest offset in an archive of pieces, whose gaps cost nothing: what the walk adds to it must not overflow.
const FARTHEST: u64 = 1 << 62;

/// Where the bytes come from.
pub(super) enum Input<'a> {
    Region(Region),
    /// Out of a decoder: every byte counts as expanded, and costs so much.
    Stream(Box<dyn Read + Send + 'a>, u64),
    /// As it is stored, but only once.
    Passing(Box<dyn Read + Send + 'a>),
    Chunks(Box<dyn Chunks + 'a>),
}

/// A window over an archive. Offsets are those of the uncompressed archive.
pub(super) struct Window<'a> {
    input: Input<'a>,
    buffer: Vec<u8>,
    /// Offset of the first byte in the buffer.
    start: u64,
    /// Bytes of the buffer that are valid.
    filled: usize,
    /// Length of the gap behind the buffer, where one is known (pieces only).
    gap: Option<u64>,
    /// Size of the last read of a region.
    reach: usize,
    /// Bytes reported to the job so far (regions only; a stream's stored bytes are metered below it).
    reported: u64,
    job: &'a Job,
}

impl<'a> Window<'a> {
    /// Starts at `offset`, where a stream stands already.
    pub(super) fn new(input: Input<'a>, offset: u64, job: &'a Job) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: offset,
            filled: 0,
            gap: None,
            reach: 0,
            reported: offset,
            job,
        }
    }

    /// Returns whether bodies pass through the window anyway.
    pub(super) const fn is_stream(&self) -> bool {
        matches!(self.input, Input::Stream(..) | Input::Passing(_))
    }

    /// Returns whether the data of files is left out.
    pub(super) const fn is_outline(&self) -> bool {
        matches!(self.input, Input::Chunks(_))
    }

    /// Returns the length of the gap that begins at `offset`, of an archive without the data of its files.
    pub(super) fn gap_at(&mut self, offset: u64) -> Result<Option<u64>, Stop> {
        self.at(offset, 1)?;
        let end = self.start + self.filled as u64;
        Ok(self.gap.filter(|_| offset == end))
    }

    /// Returns the length of the archive where it is known beforehand.
    pub(super) fn known_length(&self) -> Option<u64> {
        match &self.input {
            Input::Region(region) => Some(region.length()),
            Input::Stream(..) | Input::Passing(_) | Input::Chunks(_) => None,
        }
    }

    /// Returns `length` bytes at `offset`, fewer only where the archive ends or a gap begins.
    ///
    /// Neither a stream nor pieces can go back before the start of what was returned last.
    pub(super) fn at(&mut self, offset: u64, length: usize) -> Result<&[u8], Stop> {
        let end = self.start + self.filled as u64;
        if offset < self.start || offset + length as u64 > end {
            self.load(offset, length)?;
        }
        let from = offset
            .checked_sub(self.start)
            .and_then(|from| usize::try_from(from).ok());
        let from = from.unwrap_or(self.filled).min(self.filled);
        let to = (from + length).min(self.filled);
        Ok(&self.buffer[from..to])
    }

    /// Passes the bytes of a range to `take`, in pieces; returns how many there were before the end.
    pub(super) fn pass(
        &mut self,
        offset: u64,
        length: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, Stop> {
        let mut done = 0;
        while done < length {
            let wanted = usize::try_from(length - done)
                .unwrap_or(LARGEST)
                .min(LARGEST);
            let piece = self.at(offset + done, wanted)?;
            if piece.is_empty() {
                break;
            }
            take(piece);
            done += piece.len() as u64;
        }
        Ok(done)
    }

    fn load(&mut self, offset: u64, length: usize) -> Result<(), Stop> {
        self.job.check().map_err(|_| Stop::Cancelled)?;
        match self.input {
            Input::Stream(..) | Input::Passing(_) => self.load_stream(offset, length),
            Input::Region(_) => self.load_region(offset, length),
            Input::Chunks(_) => self.load_chunks(offset, length),
        }
    }

    fn load_region(&mut self, offset: u64, length: usize) -> Result<(), Stop> {
        let end = self.start + self.filled as u64;
        let continues = offset >= self.start && offset <= end && self.filled > 0;
        self.reach = if continues {
            (self.reach * 2).clamp(SMALLEST, LARGEST)
        } else {
            SMALLEST
        };
        let reach = self.reach.max(length);
        let kept = if continues {
            usize::try_from(end - offset).unwrap_or(0)
        } else {
            0
        };
        let from = self.filled - kept;
        self.buffer.copy_within(from..self.filled, 0);
        self.buffer.resize(self.buffer.len().max(reach), 0);
        self.start = offset;
        self.filled = kept;
        if let Input::Region(region) = &self.input {
            let read = region.read_at(
                &mut self.buffer[kept..reach.max(kept)],
                offset + kept as u64,
            );
            self.filled += read.map_err(Stop::Failed)?;
        }
        self.report(offset);
        Ok(())
    }

    fn load_stream(&mut self, offset: u64, length: usize) -> Result<(), Stop> {
        // Behind what is wanted there is room for what a decoder gives at a time.
        let room = LARGEST.max(length) + PIECE_BYTES;
        self.buffer.resize(self.buffer.len().max(room), 0);
        // Skip what lies before the offset.
        while offset > self.start + self.filled as u64 {
            self.start += self.filled as u64;
            self.filled = 0;
            let gap = usize::try_from(offset - self.start)
                .unwrap_or(LARGEST)
                .min(LARGEST);
            if self.read_stream(gap)? == 0 {
                return Ok(());
            }
        }
        self.forget_before(offset);
        while self.filled < length {
            if self.read_stream(usize::MAX)? == 0 {
                break;
            }
        }
        Ok(())
    }

    fn read_stream(&mut self, most: usize) -> Result<usize, Stop> {
        let (stream, cost) = match &mut self.input {
            Input::Stream(stream, cost) => (stream, Some(*cost)),
            Input::Passing(stream) => (stream, None),
            Input::Region(_) | Input::Chunks(_) => return Ok(0),
        };
        let end = self.buffer.len().min(self.filled.saturating_add(most));
        let count = loop {
            match stream.read(&mut self.buffer[self.filled..end]) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if self.job.is_cancelled() => return Err(Stop::Cancelled),
                Err(error) => return Err(Stop::Failed(error)),
            }
        };
        self.filled += count;
        let count_bytes = count as u64;
        let is_within = cost.is_none_or(|cost| {
            let is_cheap = self.job.cost(count_bytes.saturating_mul(cost));
            self.job.expand(count_bytes) && is_cheap
        });
        if is_within {
            Ok(count)
        } else {
            Err(Stop::ExpandedTooFar)
        }
    }

    fn load_chunks(&mut self, offset: u64, length: usize) -> Result<(), Stop> {
        loop {
            let end = self.start + self.filled as u64;
            if offset.saturating_add(length as u64) <= end {
                return Ok(());
            }
            if let Some(gap) = self.gap {
                if offset < end + gap {
                    return Ok(());
                }
                self.gap = None;
                self.start = end + gap;
                self.filled = 0;
                continue;
            }
            self.forget_before(offset);
            match self.next_piece()? {
                Chunk::Bytes => self.filled = self.buffer.len(),
                Chunk::Gap(0) => {}
                Chunk::Gap(gap) if gap <= FARTHEST.saturating_sub(end) => self.gap = Some(gap),
                Chunk::Gap(gap) => {
                    let reason = format!("a file of {gap} bytes cannot be");
                    return Err(Stop::Failed(io::Error::other(reason)));
                }
                Chunk::End => return Ok(()),
            }
        }
    }

    fn next_piece(&mut self) -> Result<Chunk, Stop> {
        self.job.check().map_err(|_| Stop::Cancelled)?;
        self.buffer.truncate(self.filled);
        match &mut self.input {
            Input::Chunks(pieces) => pieces.next(&mut self.buffer),
            _ => Ok(Chunk::End),
        }
    }

    fn forget_before(&mut self, offset: u64) {
        let passed = usize::try_from(offset.saturating_sub(self.start));
        let passed = passed.unwrap_or(usize::MAX).min(self.filled);
        self.buffer.copy_within(passed..self.filled, 0);
        self.filled -= passed;
        self.start += passed as u64;
    }

    fn report(&mut self, offset: u64) {
        if offset > self.reported {
            self.job.advance(offset - self.reported);
            self.reported = offset;
        }
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        // The last body, or what follows the end of the archive, was skipped without a read.
        if let Some(length) = self.known_length() {
            self.report(length);
        }
    }
}
