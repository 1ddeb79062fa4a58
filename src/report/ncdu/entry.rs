//! The export format of ncdu, major version 1 (<https://dev.yorhel.nl/ncdu/jsonfmt>), written as it comes.
//!
//! ncdu lets bytes that are not UTF-8 through, which makes such exports no JSON and lets those bytes reach a
//! terminal. Here they are written as ncdu 2 shows them, `\xFF`. Two more things that its importer (2.6,
//! `json_import.zig`) does not survive are never written: escaped surrogates and negative times.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::path;

/// One file or directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Raw; of the topmost directory its whole path.
    pub(crate) name: &'a [u8],
    /// Length of its data.
    pub(crate) bytes: u64,
    /// Disk blocks in bytes.
    pub(crate) disk_bytes: u64,
    /// The file system, where it may be another one than that of the directory above.
    pub(crate) device: Option<u64>,
    /// Of data with several names.
    pub(crate) link: Option<Link>,
    /// Whether it is a regular file or a directory.
    pub(crate) is_regular: bool,
    /// What `ncdu -e` shows.
    pub(crate) attributes: Option<Attributes>,
    /// Why what it holds is not listed.
    pub(crate) refusal: Option<Refusal>,
}

/// Data with several names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    /// Inode, unique on its file system.
    pub(crate) inode: u64,
    /// How many names.
    pub(crate) names: u64,
}

/// Owner, mode and time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes {
    /// Number of its owner.
    pub(crate) uid: u32,
    /// Number of its group.
    pub(crate) gid: u32,
    /// As `st_mode`.
    pub(crate) mode: u32,
    /// Seconds since 1970.
    pub(crate) mtime: i64,
}

/// Why something is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It could not be read.
    Unreadable,
    /// It is another file system.
    OtherFileSystem,
}

impl<'a> Entry<'a> {
    /// Makes an entry that has nothing but a name.
    pub(crate) const fn named(name: &'a [u8]) -> Self {
        Self {
            name,
            bytes: 0,
            disk_bytes: 0,
            device: None,
            link: None,
            is_regular: true,
            attributes: None,
            refusal: None,
        }
    }

    fn to_json(self) -> String {
        // Writing to a String cannot fail.
        let mut text = format!("{{\"name\":{}", name(self.name));
        let mut put = |key: &str, value: u64| {
            write!(text, ",\"{key}\":{value}").unwrap_or_default();
        };
        if self.bytes > 0 {
            put("asize", self.bytes);
        }
        if self.disk_bytes > 0 {
            put("dsize", self.disk_bytes);
        }
        if let Some(device) = self.device {
            put("dev", device);
        }
        if let Some(attributes) = self.attributes {
            put("uid", attributes.uid.into());
            put("gid", attributes.gid.into());
            put("mode", attributes.mode.into());
            if let Ok(mtime) = u64::try_from(attributes.mtime) {
                put("mtime", mtime);
            }
        }
        if let Some(link) = self.link {
            write!(text, ",\"ino\":{},\"hlnkc\":true", link.inode).unwrap_or_default();
            // ncdu keeps 31 bits of it.
            let names = link.names.min(i32::MAX as u64);
            write!(text, ",\"nlink\":{names}").unwrap_or_default();
        }
        if !self.is_regular {
            text.push_str(",\"notreg\":true");
        }
        match self.refusal {
            Some(Refusal::Unreadable) => text.push_str(",\"read_error\":true"),
            Some(Refusal::OtherFileSystem) => text.push_str(",\"excluded\":\"otherfs\""),
            None => {}
        }
        text.push('}');
        text
    }
}

/// An export being written: directories inside of directories.
pub(crate) struct Nesting<W> {
    output: W,
}

impl<W: Write> Nesting<W> {
    /// Starts an export. It carries no time, so that the same input gives the same bytes.
    pub(crate) fn begin(mut output: W) -> io::Result<Self> {
        let version = env!("CARGO_PKG_VERSION");
        write!(
            output,
            "[1,2,{{\"progname\":\"layerscope\",\"progver\":\"{version}\"}}"
        )?;
        Ok(Self { output })
    }

    /// Opens a directory.
    pub(crate) fn enter(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        write!(self.output, ",\n[{}", entry.to_json())
    }

    /// Adds what holds nothing.
    pub(crate) fn leaf(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        write!(self.output, ",\n{}", entry.to_json())
    }

    /// Closes the directory opened last.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        self.output.write_all(b"]")
    }

    /// Ends the export.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.output.write_all(b"]\n")
    }
}

/// Returns a name as a JSON string; ncdu refuses empty ones.
fn name(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(&mut text, character);
        }
        for byte in chunk.invalid() {
            write!(text, "\\\\x{byte:02X}").unwrap_or_default();
        }
    }
    if bytes.is_empty() {
        text.push('-');
    }
    text.push('"');
    text
}

fn push(text: &mut String, character: char) {
    let mut buffer = [0; 4];
    let is_plain = path::is_plain(character.encode_utf8(&mut buffer).as_bytes());
    let number = u32::from(character);
    match character {
        '"' | '\\' => {
            text.push('\\');
            text.push(character);
        }
        _ if is_plain => text.push(character),
        _ if number < 0x1_0000 => write!(text, "\\u{number:04x}").unwrap_or_default(),
        _ => write!(text, "\\\\u{{{number:X}}}").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_json_that_ncdu_takes() {
        for (raw, written) in [
            (&b"plain"[..], r#""plain""#),
            (b"", r#""-""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (b"\x1b[31m\n", r#""\u001b[31m\u000a""#),
            ("ü\u{202E}\u{9b}".as_bytes(), r#""ü\u202e\u009b""#),
            ("\u{F0000}".as_bytes(), r#""\\u{F0000}""#),
            (b"bad\xFF", r#""bad\\xFF""#),
        ] {
            assert_eq!(name(raw), written);
            assert!(serde_json::from_str::<String>(written).is_ok());
        }
    }

    #[test]
    fn times_before_1970_are_left_out() {
        let entry = Entry {
            bytes: 5,
            attributes: Some(Attributes {
                uid: 0,
                gid: 1,
                mode: 0o100_644,
                mtime: -1,
            }),
            link: Some(Link {
                inode: 7,
                names: u64::MAX,
            }),
            is_regular: false,
            ..Entry::named(b"x")
        };
        assert_eq!(
            entry.to_json(),
            r#"{"name":"x","asize":5,"uid":0,"gid":1,"mode":33188,"ino":7,"hlnkc":true,"nlink":2147483647,"notreg":true}"#
        );
    }
}
