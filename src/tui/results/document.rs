//! Bytes with an index of their lines, made once; drawing and searching look lines up.

use std::ops::Range;

use crate::tui::ids::VersionAt;

/// Bytes looked at to tell text from binary data.
const SAMPLE: usize = 64 * 1024;

/// Bytes and where their lines begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl Document {
    /// A document without a byte.
    pub(in crate::tui) const EMPTY: Self = Self {
        bytes: Vec::new(),
        starts: Vec::new(),
    };

    /// Indexes bytes; what lies beyond 4 GiB is left out. Cost is linear.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(u32::MAX as usize);
        let mut starts = Vec::new();
        if !bytes.is_empty() {
            starts.push(0);
            let ends = memchr::memchr_iter(b'\n', &bytes).map(|at| at + 1);
            let begun = ends.filter(|&next| next < bytes.len());
            starts.extend(begun.filter_map(|next| u32::try_from(next).ok()));
        }
        Self { bytes, starts }
    }

    /// Joins lines of our own.
    pub fn of_lines(lines: &[String]) -> Self {
        Self::new(lines.join("\n").into_bytes())
    }

    /// Returns all bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the number of lines; 0 for nothing at all.
    pub const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns whether there is not one byte.
    pub const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Returns where a line is, its end left out; empty beyond the last one.
    pub fn range(&self, line: usize) -> Range<usize> {
        let Some(&start) = self.starts.get(line) else {
            return self.bytes.len()..self.bytes.len();
        };
        let start = start as usize;
        match self.starts.get(line + 1) {
            Some(&next) => start..next as usize - 1,
            None if self.bytes.ends_with(b"\n") => start..self.bytes.len() - 1,
            None => start..self.bytes.len(),
        }
    }

    /// Returns a line without its end.
    pub fn line(&self, line: usize) -> &[u8] {
        &self.bytes[self.range(line)]
    }

    /// Returns the line a byte is in; the last one for what is beyond the end.
    pub fn line_of(&self, offset: usize) -> usize {
        let behind = self
            .starts
            .partition_point(|&start| start as usize <= offset);
        behind.saturating_sub(1)
    }
}

/// Whether bytes are shown as text or in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// As text.
    Text,
    /// In hex.
    Binary,
}

impl Nature {
    /// Judges by the beginning: a NUL, or more than a tenth that is neither UTF-8 nor usual in text.
    pub fn of(bytes: &[u8]) -> Self {
        let sample = &bytes[..bytes.len().min(SAMPLE)];
        // A character that the end of the sample cuts is none the less one.
        let sample = &sample[..sample.len() - unfinished(sample)];
        if memchr::memchr(0, sample).is_some() {
            return Self::Binary;
        }
        let invalid: usize = sample
            .utf8_chunks()
            .map(|chunk| chunk.invalid().len())
            .sum();
        let is_odd = |byte: &&u8| **byte < 0x20 && !b"\t\n\r\x0c\x1b\x08".contains(byte);
        let odd = sample.iter().filter(is_odd).count();
        if (invalid + odd) * 10 > sample.len() {
            Self::Binary
        } else {
            Self::Text
        }
    }
}

/// Returns how many bytes at the end begin a character that is not complete.
pub fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    let cut = (0..tail.len()).find(|&at| {
        std::str::from_utf8(&tail[at..])
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    });
    cut.map_or(0, |at| tail.len() - at)
}

/// The beginning of a file, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The version that was read.
    pub version: VersionAt,
    /// Its first bytes, with their lines.
    pub document: Document,
    /// Length of all of it.
    pub length: u64,
    /// What it seems to be.
    pub nature: Nature,
}

impl Content {
    /// Indexes the beginning of a file. Cost is linear in it.
    pub fn new(version: VersionAt, bytes: Vec<u8>, length: u64) -> Self {
        Self {
            version,
            nature: Nature::of(&bytes),
            document: Document::new(bytes),
            length,
        }
    }
}

/// What changed from one version to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDiff {
    /// The older one.
    pub older: VersionAt,
    /// The newer one.
    pub newer: VersionAt,
    /// What there is to show.
    pub document: Document,
    /// What each of its lines is.
    pub kinds: Vec<LineKind>,
}

/// What a line of a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// In both versions.
    Kept,
    /// Only in the older one.
    Removed,
    /// Only in the newer one.
    Added,
    /// Where the lines that follow are.
    Place,
    /// A remark of ours.
    Remark,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_whatever_ends_them() {
        for (text, lines) in [
            (&b""[..], &[][..]),
            (b"\n", &[&b""[..]][..]),
            (b"one", &[b"one"]),
            (b"one\n", &[b"one"]),
            (b"one\n\ntwo", &[b"one", b"", b"two"]),
        ] {
            let document = Document::new(text.to_vec());
            let found: Vec<&[u8]> = (0..document.len()).map(|at| document.line(at)).collect();
            assert_eq!(found, lines, "{text:?}");
        }
        let document = Document::new(b"one\n\ntwo".to_vec());
        let at: Vec<usize> = (0..9).map(|offset| document.line_of(offset)).collect();
        assert_eq!(at, [0, 0, 0, 0, 1, 2, 2, 2, 2]);
        assert_eq!(document.line(7), b"");
    }

    #[test]
    fn text_and_binary_are_told_apart() {
        for (bytes, nature) in [
            (&b""[..], Nature::Text),
            (b"plain\ttext\r\n", Nature::Text),
            (b"\x1b[31mcoloured\x1b[0m log\n", Nature::Text),
            ("grün und 中\n".as_bytes(), Nature::Text),
            (
                b"a line in Latin-1: gr\xFCn, and nothing else",
                Nature::Text,
            ),
            (b"\x7fELF\x02\x01\x01\0", Nature::Binary),
            (b"\xff\xfe\xfd\xfc\xfb", Nature::Binary),
            (b"\x01\x02\x03\x04 text", Nature::Binary),
        ] {
            assert_eq!(Nature::of(bytes), nature, "{bytes:?}");
        }
    }
}
