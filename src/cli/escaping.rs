//! Bytes of an image on a terminal, which must not obey them.

use std::io::{self, Write};

use crate::path::{display, is_plain};

/// Most bytes of a character in UTF-8, less one: as many may wait for the rest of it.
const MOST_WAITING: usize = 3;

/// Writes text with everything escaped that is no printable character, tab or line break; stops at a NUL among the first
/// bytes, which no text has.
pub(crate) struct Escaping<W: Write> {
    inner: W,
    /// The beginning of a character, or a carriage return, of which the rest is to come.
    waiting: Vec<u8>,
    has_begun: bool,
    has_escaped: bool,
    is_binary: bool,
}

impl<W: Write> Escaping<W> {
    pub(crate) const fn new(inner: W) -> Self {
        Self {
            inner,
            waiting: Vec::new(),
            has_begun: false,
            has_escaped: false,
            is_binary: false,
        }
    }

    /// Returns whether nothing was written because it is no text.
    pub(crate) const fn is_binary(&self) -> bool {
        self.is_binary
    }

    /// Returns whether something is not shown as it is.
    pub(crate) const fn has_escaped(&self) -> bool {
        self.has_escaped
    }

    /// Writes whole characters.
    fn show(&mut self, bytes: &[u8]) -> io::Result<()> {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, end) = match line {
                [text @ .., b'\r', b'\n'] => (text, &b"\r\n"[..]),
                [text @ .., b'\n'] => (text, &b"\n"[..]),
                text => (text, &b""[..]),
            };
            for (at, cell) in text.split(|&byte| byte == b'\t').enumerate() {
                self.has_escaped |= !is_plain(cell);
                if at > 0 {
                    self.inner.write_all(b"\t")?;
                }
                self.inner.write_all(display(cell).as_bytes())?;
            }
            self.inner.write_all(end)?;
        }
        Ok(())
    }
}

/// Returns how many of the last bytes are to be shown together with what follows.
fn incomplete(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let last = bytes.iter().rev().take(MOST_WAITING);
    let Some(back) = last.clone().position(|byte| byte & 0xC0 != 0x80) else {
        return 0;
    };
    let (_, tail) = bytes.split_at(bytes.len() - back - 1);
    match std::str::from_utf8(tail) {
        Err(error) if error.error_len().is_none() => tail.len(),
        _ => 0,
    }
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first && bytes.contains(&0) {
            self.is_binary = true;
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut whole = std::mem::take(&mut self.waiting);
        whole.extend_from_slice(bytes);
        self.waiting = whole.split_off(whole.len() - incomplete(&whole));
        self.show(&whole)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let rest = std::mem::take(&mut self.waiting);
        self.show(&rest)?;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], piece: usize) -> (String, bool) {
        let mut output = Escaping::new(Vec::new());
        for piece in bytes.chunks(piece) {
            output.write_all(piece).unwrap();
        }
        output.flush().unwrap();
        let has_escaped = output.has_escaped();
        (String::from_utf8(output.inner).unwrap(), has_escaped)
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey_however_it_comes() {
        for (bytes, text) in [
            (
                &b"plain\ttext\nin lines\r\n"[..],
                "plain\ttext\nin lines\r\n",
            ),
            (
                "gr\u{FC}n \u{4E2D} \u{1F600}".as_bytes(),
                "gr\u{FC}n \u{4E2D} \u{1F600}",
            ),
            (b"\x1b]0;owned\x07", "\\x1B]0;owned\\x07"),
            (b"over\rwritten\r", "over\\x0Dwritten\\x0D"),
            ("\u{202E}\u{9B}".as_bytes(), "\\u{202E}\\u{009B}"),
            (b"bad\xFFbyte\xE2\x82", "bad\\xFFbyte\\xE2\\x82"),
        ] {
            for piece in [1, 2, 3, 100] {
                let is_as_it_was = text.as_bytes() == bytes;
                assert_eq!(
                    shown(bytes, piece),
                    (text.to_owned(), !is_as_it_was),
                    "{piece}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_text_is_not_begun() {
        let mut output = Escaping::new(Vec::new());
        assert!(output.write_all(b"\x7fELF\0").is_err());
        assert!(output.is_binary() && output.inner.is_empty());
    }
}
