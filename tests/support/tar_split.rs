//! What an engine keeps of a tar that it unpacks: the record that tar-split writes, and the files.
//!
//! Written from the records themselves (vbatts/tar-split, `tar/asm/disassemble.go`), free of the code under test.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::codec::Codec;
use super::item::{Encoding, Item, Kind};
use super::tar::{self, BLOCK};

/// Returns the lines of the record of the archive of these records.
pub fn lines(items: &[Item]) -> Vec<String> {
    let mut lines = Lines::default();
    for item in items {
        let stored = tar::entry(item);
        let Kind::Raw(_) = item.kind else {
            lines.entry(item, &stored);
            continue;
        };
        lines.pending.extend(stored);
    }
    lines.pending.extend([0; 2 * BLOCK]);
    lines.segment();
    // The remainder behind the end, mostly empty, has a line of its own.
    lines.segment_of(b"");
    lines.lines
}

/// Returns the record as it is stored.
pub fn record(items: &[Item]) -> Vec<u8> {
    let mut text = lines(items).join("\n");
    text.push('\n');
    Codec::Gzip.compress(text.as_bytes())
}

/// Writes the files' data where an engine unpacks it; records that cannot be written are left out.
pub fn unpack(items: &[Item], directory: &Path) {
    use std::os::unix::ffi::OsStrExt as _;
    for item in items {
        let path = directory.join(std::ffi::OsStr::from_bytes(&item.path));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a directory");
        }
        match &item.kind {
            Kind::File(data) => fs::write(path, data).expect("a file"),
            Kind::Dir => fs::create_dir_all(path).expect("a directory"),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    pending: Vec<u8>,
}

impl Lines {
    fn entry(&mut self, item: &Item, stored: &[u8]) {
        let data = item.data();
        let length = stored_length(item, stored);
        let start = stored.len() - length.next_multiple_of(BLOCK);
        self.pending.extend_from_slice(&stored[..start]);
        self.segment();
        let name = item.stored_name();
        let mut line = json!({"type": 1});
        match std::str::from_utf8(&name) {
            Ok(name) => line["name"] = name.into(),
            Err(_) => line["name_raw"] = STANDARD.encode(&name).into(),
        }
        if !data.is_empty() {
            line["size"] = data.len().into();
        }
        line["payload"] = match data {
            [] => Value::Null,
            _ => STANDARD.encode(crc64(data).to_be_bytes()).into(),
        };
        self.push(line);
        self.pending.extend_from_slice(&stored[start + length..]);
    }

    fn segment(&mut self) {
        let bytes = std::mem::take(&mut self.pending);
        self.segment_of(&bytes);
    }

    fn segment_of(&mut self, bytes: &[u8]) {
        self.push(json!({"type": 2, "payload": STANDARD.encode(bytes)}));
    }

    fn push(&mut self, mut line: Value) {
        line["position"] = self.lines.len().into();
        self.lines.push(line.to_string());
    }
}

/// Length of the data in the archive; of sparse files without their holes, and with the map in front.
fn stored_length(item: &Item, stored: &[u8]) -> usize {
    let Kind::File(data) = &item.kind else {
        return 0;
    };
    match item.encoding {
        Encoding::SparseOld
        | Encoding::SparsePax00
        | Encoding::SparsePax01
        | Encoding::SparsePax10 => header_size(stored),
        _ => data.len(),
    }
}

/// The size in the first header that describes a file.
fn header_size(mut stored: &[u8]) -> usize {
    loop {
        let digits = std::str::from_utf8(&stored[124..135]).expect("octal digits");
        let size = usize::from_str_radix(digits.trim_matches([' ', '\0']), 8).expect("a size");
        if !b"xgLK".contains(&stored[156]) {
            return size;
        }
        stored = &stored[BLOCK + size.next_multiple_of(BLOCK)..];
    }
}

/// Bit by bit, as ISO 3309 defines it.
fn crc64(bytes: &[u8]) -> u64 {
    let mut sum = u64::MAX;
    for &byte in bytes {
        sum ^= u64::from(byte);
        for _ in 0..8 {
            let is_odd = sum & 1 == 1;
            sum >>= 1;
            if is_odd {
                sum ^= 0xD800_0000_0000_0000;
            }
        }
    }
    !sum
}
