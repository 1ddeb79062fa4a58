//! A version of a file as text for a pager: escaped, or in hex where it is no text.

use std::io::{self, Write};

use super::read::{failed, place_of, with_data};
use crate::error::{Error, Result};
use crate::layer::bytes::read_full;
use crate::progress::Job;
use crate::text::Look;
use crate::tui::ids::VersionAt;
use crate::tui::panes::preview::hex;
use crate::tui::results::{Nature, unfinished as unfinished_character};
use crate::tui::subject::Subject;

/// Bytes handled at a time; longer lines are escaped in pieces.
const PIECE: usize = 64 * 1024;
/// Bytes on a line of hex.
const HEX_BYTES: usize = 16;

/// Tells whether a version can be paged, before anything is started for it.
///
/// # Errors
/// [`Error::WrongType`] for anything but a file, [`Error::Damaged`] for a hard link to nothing.
pub fn check(subject: &Subject, version: VersionAt) -> Result<()> {
    place_of(subject, version).map(drop)
}

/// Writes all of a version.
///
/// # Errors
/// As [`super::read::run`], and [`Error::Write`].
pub fn write(
    subject: &Subject,
    version: VersionAt,
    look: Look,
    output: &mut dyn Write,
    job: &Job,
) -> Result<()> {
    let mut written = Ok(());
    with_data(subject, version, job, &mut |data| {
        let mut sheet = PageText {
            look,
            nature: None,
            kept: Vec::new(),
            offset: 0,
        };
        let mut piece = vec![0; PIECE];
        loop {
            job.check()?;
            let count = read_full(data, &mut piece)
                .map_err(|source| failed(subject, version, sheet.offset, source))?;
            let is_last = count < piece.len();
            written = sheet.take(&piece[..count], is_last, output);
            if is_last || written.is_err() {
                return Ok(());
            }
        }
    })?;
    written
        .and_then(|()| output.flush())
        .map_err(|source| Error::Write {
            name: "the pager".into(),
            source,
        })
}

/// Text on its way to the pager.
struct PageText {
    look: Look,
    /// Known from the first piece on.
    nature: Option<Nature>,
    /// Bytes that wait for the rest of a character or of a line of hex.
    kept: Vec<u8>,
    /// Of the next byte that is written.
    offset: u64,
}

impl PageText {
    fn take(&mut self, piece: &[u8], is_last: bool, output: &mut dyn Write) -> io::Result<()> {
        let nature = *self.nature.get_or_insert_with(|| Nature::of(piece));
        self.kept.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.kept);
        let whole = match nature {
            _ if is_last => bytes.len(),
            Nature::Binary => bytes.len() - bytes.len() % HEX_BYTES,
            Nature::Text => bytes.len() - unfinished(&bytes),
        };
        let (now, later) = bytes.split_at(whole);
        match nature {
            Nature::Text => self.text(now, output)?,
            Nature::Binary => self.hex(now, output)?,
        }
        self.offset += now.len() as u64;
        self.kept = later.to_vec();
        Ok(())
    }

    /// Line ends and tabs stay as they are, everything else is escaped.
    fn text(&self, bytes: &[u8], output: &mut dyn Write) -> io::Result<()> {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, end) = match line.strip_suffix(b"\n") {
                Some(text) => (text.strip_suffix(b"\r").unwrap_or(text), "\n"),
                None => (line, ""),
            };
            for (position, part) in text.split(|&byte| byte == b'\t').enumerate() {
                let tab = if position > 0 { "\t" } else { "" };
                write!(output, "{tab}{}", self.look.shown(part))?;
            }
            output.write_all(end.as_bytes())?;
        }
        Ok(())
    }

    fn hex(&self, bytes: &[u8], output: &mut dyn Write) -> io::Result<()> {
        let mut offset = self.offset;
        for row in bytes.chunks(HEX_BYTES) {
            writeln!(output, "{}", hex::row(row, offset, HEX_BYTES))?;
            offset += row.len() as u64;
        }
        Ok(())
    }
}

/// Returns how many bytes at the end begin something that may go on: a character, or the end of a line.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    unfinished_character(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Detail, Glyphs};
    use crate::units::Units;

    fn paged(pieces: &[&[u8]]) -> String {
        let look = Look {
            width: 80,
            units: Units::Iec,
            glyphs: Glyphs::Unicode,
            detail: Detail::Short,
        };
        let mut sheet = PageText {
            look,
            nature: None,
            kept: Vec::new(),
            offset: 0,
        };
        let mut output = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            sheet
                .take(piece, at + 1 == pieces.len(), &mut output)
                .unwrap();
        }
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn text_keeps_its_lines_and_tabs_and_nothing_else_that_is_not_printable() {
        let raw = "a\tb\r\n\u{1b}[31mred\u{202E}\rover\n".as_bytes();
        let shown = "a\tb\n\\x1B[31mred\\u{202E}\\x0Dover\n";
        assert_eq!(paged(&[raw]), shown);
        for cut in 1..raw.len() {
            let (head, tail) = raw.split_at(cut);
            assert_eq!(paged(&[head, tail]), shown, "cut at {cut}");
        }
    }

    #[test]
    fn binary_data_is_paged_in_hex_whatever_the_pieces() {
        let raw: Vec<u8> = (0..40).collect();
        let whole = paged(&[&raw]);
        assert_eq!(whole.lines().count(), 3);
        assert!(whole.starts_with("00000000  00 01 02"));
        assert_eq!(paged(&[&raw[..5], &raw[5..21], &raw[21..]]), whole);
    }
}
