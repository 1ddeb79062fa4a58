//! What a file seems to be when it is no image, so that the message can say it.

use crate::layer::bytes::Region;

/// Bytes at the start that tell what a file is.
pub(super) const HEAD_BYTES: usize = 72 * 1024;

/// Magic bytes at the start of files that people name by mistake, and of layers that are no tar archives.
const MAGIC: [(&[u8], &str); 22] = [
    (b"\x7fELF", "an ELF program or library"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"hsqs", "a squashfs file system"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"!<arch>\n", "a Debian package or ar archive"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"SQLite format 3", "an SQLite database"),
    (b"QFI\xfb", "a QCOW2 disk image"),
    (b"KDMV", "a VMDK disk image"),
    (b"070701", "a cpio archive"),
    (b"070702", "a cpio archive"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program or library"),
    (b"\x04\x22\x4d\x18", "an LZ4 stream, which is not supported"),
    (b"\x5d\x00\x00", "an LZMA stream, which is not supported"),
    (b"#!", "a script"),
];

/// Magic bytes elsewhere: offset, bytes, meaning.
const DISTANT_MAGIC: [(u64, &[u8], &str); 4] = [
    (1024, b"\xe2\xe1\xf5\xe0", "an EROFS file system"),
    (1080, b"\x53\xef", "an ext2, ext3 or ext4 file system"),
    (510, b"\x55\xaa", "a disk image with a boot sector"),
    (32769, b"CD001", "an ISO 9660 file system"),
];

/// Returns what the magic bytes at the start say.
pub(super) fn by_magic(head: &[u8]) -> Option<&'static str> {
    MAGIC
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, what)| *what)
}

/// Returns what a file that is no archive seems to be; `None` where it resembles nothing known.
pub(super) fn describe(region: &Region) -> Option<String> {
    let head = region.head::<4096>().unwrap_or_default();
    if head.is_empty() {
        return Some("it is empty".into());
    }
    if let Some(what) = by_magic(&head) {
        return Some(format!("it looks like {what}"));
    }
    for (offset, magic, what) in DISTANT_MAGIC {
        let mut bytes = vec![0; magic.len()];
        if region
            .read_at(&mut bytes, offset)
            .is_ok_and(|count| count == magic.len())
            && bytes == magic
        {
            return Some(format!("it looks like {what}"));
        }
    }
    describe_text(&head)
}

/// Describes text; `None` where the bytes are not text.
fn describe_text(head: &[u8]) -> Option<String> {
    let text = valid_start(head)?;
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let what = if text.starts_with('{') || text.starts_with('[') {
        if text.contains("\"manifests\"")
            || text.contains("\"layers\"")
            || text.contains("\"Layers\"")
        {
            "a manifest without its blobs; name the directory or archive that holds it"
        } else {
            "a JSON document"
        }
    } else if text.starts_with('<') {
        "an HTML or XML document"
    } else if is_dockerfile(text) {
        "a Dockerfile; build it and save the image it makes"
    } else {
        "a text file"
    };
    Some(format!("it looks like {what}"))
}

/// Returns the start as text unless it holds control characters or, other than at a cut, invalid UTF-8.
fn valid_start(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_text = text
        .chars()
        .all(|character| !character.is_control() || character.is_ascii_whitespace());
    is_text.then_some(text)
}

fn is_dockerfile(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("ARG "))
        .is_some_and(|line| {
            line.get(..5)
                .is_some_and(|word| word.eq_ignore_ascii_case("FROM "))
        })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use super::*;

    fn described(bytes: &[u8]) -> Option<String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        describe(&Region::new(
            Arc::new(file),
            "x".into(),
            0,
            bytes.len() as u64,
        ))
    }

    #[test]
    fn files_named_by_mistake_are_recognised() {
        let mut ext4 = vec![1; 2048];
        ext4[1080..1082].copy_from_slice(b"\x53\xef");
        for (bytes, part) in [
            (&b""[..], "empty"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
            (b"\x7fELF\x02\x01", "ELF"),
            (b"PK\x03\x04\x14", "zip"),
            (b"hsqs\x07\0", "squashfs"),
            (&ext4, "ext4"),
            (b"hello there\n", "text file"),
            ("gr\u{fc}n\n".as_bytes(), "text file"),
            (
                b"# syntax=docker/dockerfile:1\nARG V=1\nfrom alpine:$V\nRUN x\n",
                "Dockerfile",
            ),
            (
                b"{\"schemaVersion\":2,\"manifests\":[]}",
                "without its blobs",
            ),
            (b"{\"a\":1}", "JSON"),
            (b"<!doctype html>", "HTML"),
            (b"#!/bin/sh\n", "script"),
        ] {
            let text = described(bytes).unwrap();
            assert!(text.contains(part), "{text} lacks {part}");
        }
        assert_eq!(described(b"\x01\x02\x03"), None);
    }
}
