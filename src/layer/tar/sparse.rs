//! Sparse files: the maps of their segments, and their holes filled in when they are read.
//!
//! A segment is an offset in the file and a length, in bytes. What PAX records say of them is in `extended`.

use std::io::{self, Read};

use super::extended::decimal;
use super::header::{Header, number};

/// What an old GNU sparse header says; no real size means that it is damaged.
#[derive(Debug)]
pub(super) struct GnuSparse {
    pub(super) segments: Vec<(u64, u64)>,
    pub(super) real_size: Option<u64>,
    /// Blocks with further segments stand behind the header.
    pub(super) extended: bool,
}

impl GnuSparse {
    /// Reads up to four segments and the real size.
    pub(super) fn of(header: Header<'_>) -> Self {
        let block = header.block();
        let mut sparse = Self {
            segments: Vec::new(),
            real_size: None,
            extended: block[482] != 0,
        };
        if sparse.take(&block[386..482]) {
            sparse.real_size = number(&block[483..495]).and_then(|size| u64::try_from(size).ok());
        }
        sparse
    }

    /// Takes segment descriptors of 24 bytes, of the header or of a block behind it; returns whether they can be read.
    pub(super) fn take(&mut self, descriptors: &[u8]) -> bool {
        for descriptor in descriptors.chunks_exact(24) {
            if descriptor[0] == 0 || descriptor[12] == 0 {
                break;
            }
            let value = |field| number(field).and_then(|value| u64::try_from(value).ok());
            match (value(&descriptor[..12]), value(&descriptor[12..])) {
                (Some(offset), Some(length)) => self.segments.push((offset, length)),
                _ => return false,
            }
        }
        true
    }
}

/// Reads the map that PAX sparse files of version 1.0 have in front of their data: decimal numbers, one per line.
///
/// Returns the segments and the bytes used, or `None` where `data` holds no whole map.
pub(super) fn map_in_front(data: &[u8]) -> Option<(Vec<(u64, u64)>, usize)> {
    let mut used = 0;
    let mut next = || {
        let rest = data.get(used..)?;
        let end = memchr::memchr(b'\n', rest)?;
        used += end + 1;
        decimal(&rest[..end])
    };
    let count = next()?;
    let mut segments = Vec::new();
    for _ in 0..count {
        segments.push((next()?, next()?));
    }
    Some((segments, used))
}

/// Returns whether a map fits a file of this length, of which so many bytes are stored.
pub(super) fn fits(segments: &[(u64, u64)], size: u64, stored: u64) -> bool {
    let (mut end, mut sum) = (0u64, 0u64);
    let is_ascending = segments.iter().all(|&(offset, length)| {
        let is_behind = offset >= end;
        end = offset.saturating_add(length);
        sum = sum.saturating_add(length);
        is_behind && end <= size
    });
    is_ascending && sum <= stored && i64::try_from(size).is_ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_in_front_is_read_whole_or_not() {
        assert_eq!(
            map_in_front(b"2\n0\n5\n10\n2\n\0\0"),
            Some((vec![(0, 5), (10, 2)], 11))
        );
        assert_eq!(map_in_front(b"2\n0\n5\n10"), None);
        assert_eq!(map_in_front(b"99999999999\n0\n"), None);
    }

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
