//! What a file or a layer seems to be when it is no tar archive, so that the message can say it.

use super::codec::Codec;
use super::media_type;

/// Bytes from the start that [`describe`] can make use of: the superblock of btrfs stands behind 64 KiB.
pub const HEAD_BYTES: usize = 68 * 1024;

/// Magic bytes at the start of files that people name by mistake, and of layers that are no tar archives.
const MAGIC: [(&[u8], &str); 61] = [
    (b"\x7fELF", "an ELF program or library"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"hsqs", "a squashfs file system, as snaps are"),
    (b"sqsh", "a squashfs file system"),
    (b"XFSB", "an XFS file system"),
    (b"-rom1fs-", "a romfs file system"),
    (b"\x45\x3d\xcd\x28", "a cramfs file system"),
    (b"UBI#", "a UBI volume"),
    (b"LUKS\xba\xbe", "an encrypted volume (LUKS)"),
    (b"btrfs-stream\0", "a stream of `btrfs send`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MSCF", "a cabinet archive"),
    (b"MSWIM\0\0\0", "a Windows installation image (WIM)"),
    (b"xar!", "a macOS package"),
    (b"flatpak\0", "a Flatpak bundle"),
    (b"!<arch>\n", "a Debian package or ar archive"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"SQLite format 3", "an SQLite database"),
    (b"QFI\xfb", "a QCOW2 disk image"),
    (b"KDMV", "a VMDK disk image"),
    (b"COWD", "a VMDK disk image"),
    (
        b"# Disk DescriptorFile",
        "the description of a VMDK disk image",
    ),
    (b"conectix", "a VHD disk image"),
    (b"vhdxfile", "a VHDX disk image"),
    (b"<<< Oracle VM VirtualBox", "a VDI disk image"),
    (b"070701", CPIO),
    (b"070702", CPIO),
    (b"070707", CPIO),
    (b"\xc7\x71", CPIO),
    (b"\x71\xc7", CPIO),
    (b"GGUF", "a model in GGUF"),
    (b"\0asm", "a WebAssembly module"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program or library"),
    (b"\xca\xfe\xba\xbe", "a Java class or a macOS program"),
    (b"\x04\x22\x4d\x18", "an LZ4 stream, which is not supported"),
    (b"\x5d\x00\x00", "an LZMA stream, which is not supported"),
    (b"LZIP", "an lzip stream, which is not supported"),
    (b"\x89LZO", "an LZO stream, which is not supported"),
    (
        b"\x1f\x9d",
        "a stream of `compress`, which is not supported",
    ),
    (
        b"\xff\x06\0\0sNaPpY",
        "a Snappy stream, which is not supported",
    ),
    (b"age-encryption.org/", "a file encrypted with age"),
    (b"-----BEGIN AGE ENCRYPTED", "a file encrypted with age"),
    (b"-----BEGIN PGP MESSAGE", GPG),
    (b"\x8c\x0d\x04", GPG),
    (b"\x84\x5e\x03", GPG),
    (b"\x85\x01\x0c\x03", GPG),
    (b"\x85\x02\x0c\x03", GPG),
    (b"Salted__", "a file encrypted with openssl"),
    (b"# v2 git bundle", "a Git bundle"),
    (b"# v3 git bundle", "a Git bundle"),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"-----BEGIN ", "a key, a certificate or a signature"),
    (b"#!", "a script"),
];

const CPIO: &str = "a cpio archive, as an initramfs is";
const GPG: &str = "a file encrypted with GnuPG";
const UTF_16: &str = "text in UTF-16: PowerShell's `>` rewrote it, use `docker save -o`";

/// Magic bytes elsewhere, too long to be there by chance: offset, bytes, meaning.
const DISTANT_MAGIC: [(usize, &[u8], &str); 16] = [
    (32, b"SIF_MAGIC", "a Singularity image (SIF)"),
    (32769, b"CD001", "an ISO 9660 file system"),
    (1024, b"\xe2\xe1\xf5\xe0", "an EROFS file system"),
    (1024, b"\x10\x20\xf5\xf2", "an F2FS file system"),
    (65_600, b"_BHRfS_M", "a btrfs file system"),
    (4086, b"SWAPSPACE2", "a swap area"),
    (32, b"NXSB", "an APFS file system"),
    (3, b"NTFS    ", "an NTFS file system"),
    (54, b"FAT1", "a FAT file system"),
    (82, b"FAT32", "a FAT file system"),
    (64, b"\x7f\x10\xda\xbe", "a VDI disk image"),
    (512, b"EFI PART", "a disk image with partitions"),
    (512, b"LABELONE", "an LVM volume"),
    (536, b"LVM2 001", "an LVM volume"),
    (8, b"{\"__metadata__\"", "a model in safetensors"),
    (32, b"CrAU", "an Android update"),
];

/// Two bytes elsewhere, asked for last.
const WEAK_MAGIC: [(usize, &[u8], &str); 2] = [
    (1080, b"\x53\xef", "an ext2, ext3 or ext4 file system"),
    (510, b"\x55\xaa", "a disk image with a boot sector"),
];

/// Returns what something that is no tar archive seems to be, from its first [`HEAD_BYTES`] bytes at most: a noun, for
/// "it looks like". `None` where it resembles nothing known.
pub fn describe(head: &[u8]) -> Option<String> {
    if head.is_empty() {
        return None;
    }
    if head.iter().all(|&byte| byte == 0) {
        return Some(
            "nothing but zeros: an empty disk image, or a file that was never written".into(),
        );
    }
    let at = |(offset, magic, _): &&(usize, &[u8], &str)| {
        head.get(*offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    let distant = || DISTANT_MAGIC.iter().find(at).map(|row| row.2);
    let first = || MAGIC.iter().find(|(magic, _)| head.starts_with(magic));
    let weak = || WEAK_MAGIC.iter().find(at).map(|row| row.2);
    let known = distant().or_else(|| first().map(|row| row.1)).or_else(weak);
    match Codec::sniff(head) {
        _ if known.is_some() => known.map(str::to_owned),
        Codec::None => describe_text(head).map(str::to_owned),
        codec => Some(format!("a {} stream inside another", codec.as_str())),
    }
}

/// What text holds that tells what it is, in order: what it begins with, then what is somewhere in it.
const STARTS: [(&str, &str); 6] = [
    (
        "version https://git-lfs.github.com/spec/",
        "a Git LFS pointer: `git lfs pull` gets the file itself",
    ),
    (
        "/annex/objects/",
        "a git-annex pointer: `git annex get` gets the file itself",
    ),
    ("<!doctype html", HTML),
    ("<html", HTML),
    ("<", "an XML document"),
    ("{\"errors\":", "the error that a registry answered with"),
];
const HTML: &str = "an HTML page, as a sign-in page saved in place of the file is";

/// Describes text; `None` where the bytes are not text.
fn describe_text(head: &[u8]) -> Option<&'static str> {
    let text = valid_start(head)?;
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let begins = |start: &str| {
        text.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    if let Some((_, what)) = STARTS.iter().find(|(start, _)| begins(start)) {
        return Some(what);
    }
    Some(if text.starts_with(['{', '[']) {
        describe_json(text)
    } else if is_dockerfile(text) {
        "a Dockerfile; build it and save the image it makes"
    } else {
        "a text file"
    })
}

fn describe_json(text: &str) -> &'static str {
    let has = |word: &str| text.contains(word);
    let is_manifest = has("\"manifests\"") || has("\"layers\"") || has("\"Layers\"");
    match media_type::artifact_in(text) {
        Some(what) if is_manifest => what,
        _ if is_manifest => {
            "a manifest without its blobs; name the directory or archive that holds it"
        }
        _ if has("\"CycloneDX\"") || has("\"spdxVersion\"") => "a bill of materials",
        _ if has("\"payloadType\"") => "an attestation",
        _ => "a JSON document",
    }
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
    use super::*;

    #[test]
    fn files_named_by_mistake_are_recognised() {
        let at = |offset: usize, magic: &[u8]| {
            let mut bytes = vec![0; HEAD_BYTES];
            bytes[offset..offset + magic.len()].copy_from_slice(magic);
            bytes
        };
        for (bytes, part) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], "JPEG"),
            (b"\x7fELF\x02\x01", "ELF"),
            (b"PK\x03\x04\x14", "zip"),
            (b"hsqs\x07\0", "squashfs"),
            (&at(1080, b"\x53\xef"), "ext4"),
            (&at(1024, b"\xe2\xe1\xf5\xe0"), "EROFS"),
            (&at(65_600, b"_BHRfS_M"), "btrfs"),
            (&at(32_769, b"CD001"), "ISO 9660"),
            (&at(512, b"EFI PART"), "partitions"),
            (&at(0, b"XFSB"), "XFS"),
            (&at(0, b"conectix"), "VHD"),
            (b"\0asm\x01\0\0\0", "WebAssembly"),
            (&[0; 700], "zeros"),
            (
                b"#!/usr/bin/env run-singularity\n\0SIF_MAGIC\0",
                "Singularity",
            ),
            (b"\x1f\x8b\x08\0", "a gzip stream inside another"),
            (b"age-encryption.org/v1\n-> X25519", "age"),
            (b"\xff\xfev\0e\0", "docker save -o"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                "git lfs pull",
            ),
            (b"/annex/objects/SHA256E-s1", "git annex get"),
            (
                b"{\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\"}]}",
                "a model of Ollama",
            ),
            (b"{\"errors\":[{\"code\":\"DENIED\"}]}", "registry"),
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
            let text = describe(bytes).unwrap();
            assert!(text.contains(part), "{text} lacks {part}");
        }
        for bytes in [&b"\x01\x02\x03"[..], b""] {
            assert_eq!(describe(bytes), None);
        }
    }
}
