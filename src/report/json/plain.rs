//! JSON that may be shown on a terminal: what must not reach one is escaped while it is written.

use std::io::{self, Write};

use serde::Serialize;

use super::without_raw_controls;

/// Writes a document, indented, and the end of its last line.
///
/// # Errors
/// Those of `output`.
pub(crate) fn write(document: &impl Serialize, output: &mut dyn Write) -> io::Result<()> {
    let mut harmless = Harmless(io::BufWriter::new(output));
    serde_json::to_writer_pretty(&mut harmless, document)?;
    harmless.write_all(b"\n")?;
    harmless.flush()
}

/// Escapes characters that are written raw. Whoever writes to it never splits one, as `serde_json` does not.
struct Harmless<W>(W);

impl<W: Write> Write for Harmless<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
        if bytes.iter().all(is_plain) {
            self.0.write_all(bytes)?;
        } else {
            let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
            self.0.write_all(without_raw_controls(text).as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
