//! A file in the user's pager, escaped as on every other screen.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Write};
use std::process::{Command, Stdio};

use super::message::VersionAt;
use super::subject::Subject;
use crate::error::{Error, Result};
use crate::report::Look;

/// Longer lines go to the pager in pieces.
const PIECE_BYTES: u64 = 64 * 1024;

/// Shows a version of a file and waits until the reader has left.
///
/// # Errors
/// When the file cannot be read or the pager cannot be started. A pager left early is no error.
pub(super) fn page(subject: &Subject, version: VersionAt, pager: &OsStr, look: Look) -> Result<()> {
    let data = open(subject, version)?;
    let failed = |source| Error::Write {
        name: crate::path::display_os(pager),
        source,
    };
    // $PAGER is a command line ("less -R"), which every program hands to a shell.
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(pager)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let written = match child.stdin.take() {
        Some(input) => copy(data, &mut BufWriter::new(input), look),
        None => Ok(()),
    };
    child.wait().map_err(failed)?;
    match written {
        Err(Error::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn open(subject: &Subject, version: VersionAt) -> Result<Box<dyn Read + '_>> {
    let tree = subject.tree();
    let own = tree.versions(version.path).iter();
    let data = own
        .copied()
        .find(|found| found.layer == version.layer)
        .and_then(|found| tree.inode(found.layer, found.node));
    let Some((layer, node)) = data else {
        return Err(Error::Usage {
            reason: "only files can be shown".into(),
            advice: "choose a file that this layer stores".into(),
        });
    };
    let source = &subject.analysis.image.layers[layer.as_usize()].source;
    source.open(tree.layer(layer).offset(node))
}

fn copy(data: Box<dyn Read + '_>, output: &mut dyn Write, look: Look) -> Result<()> {
    let mut data = BufReader::new(data);
    let mut line = Vec::new();
    loop {
        let mut piece = data.by_ref().take(PIECE_BYTES - line.len() as u64);
        let count = piece.read_until(b'\n', &mut line);
        let count = count.map_err(|source| Error::Read {
            name: "a file".into(),
            offset: 0,
            source,
        })?;
        let rest = if count == 0 { 0 } else { unfinished(&line) };
        let kept = line.split_off(line.len() - rest);
        let written = write_line(&line, output, look);
        written.map_err(|source| Error::Write {
            name: "the pager".into(),
            source,
        })?;
        if count == 0 {
            return output.flush().map_err(|source| Error::Write {
                name: "the pager".into(),
                source,
            });
        }
        line = kept;
    }
}

/// Returns how many bytes at the end begin a character that is not complete.
fn unfinished(line: &[u8]) -> usize {
    let tail = &line[line.len().saturating_sub(4)..];
    let starts = (0..tail.len()).rev();
    let mut cut = starts.filter(|&at| {
        std::str::from_utf8(&tail[at..])
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    });
    cut.next().map_or(0, |at| tail.len() - at)
}

/// Writes a line with its tabs and its end as they are, and everything else escaped.
fn write_line(line: &[u8], output: &mut dyn Write, look: Look) -> io::Result<()> {
    let (text, end) = match line.strip_suffix(b"\n") {
        Some(text) => (text.strip_suffix(b"\r").unwrap_or(text), "\n"),
        None => (line, ""),
    };
    for (position, part) in text.split(|&byte| byte == b'\t').enumerate() {
        if position > 0 {
            output.write_all(b"\t")?;
        }
        output.write_all(look.shown(part).as_bytes())?;
    }
    output.write_all(end.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Detail, Glyphs};
    use crate::units::Units;

    fn paged(data: &[u8]) -> String {
        let look = Look {
            width: 80,
            units: Units::Iec,
            glyphs: Glyphs::Unicode,
            detail: Detail::Short,
        };
        let mut output = Vec::new();
        copy(Box::new(data), &mut output, look).unwrap();
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn a_pager_gets_text_as_it_is_and_everything_else_escaped() {
        assert_eq!(paged(b"a\tb\r\nend"), "a\tb\nend");
        assert_eq!(paged(b"\x1b[31m\n\xff\n"), "\\x1B[31m\n\\xFF\n");
        assert_eq!(paged("\u{202e}gpj".as_bytes()), "\\u{202E}gpj");
        assert_eq!(paged(b""), "");
    }

    #[test]
    fn characters_are_whole_where_long_lines_are_cut() {
        let piece = usize::try_from(PIECE_BYTES).unwrap();
        for shift in 0..4 {
            let text = format!("{}{}", "x".repeat(shift), "\u{20ac}".repeat(piece));
            assert!(paged(text.as_bytes()) == text, "shifted by {shift}");
        }
        // A character that never ends is not one.
        assert_eq!(paged(b"ab\xe2\x82"), "ab\\xE2\\x82");
    }
}
