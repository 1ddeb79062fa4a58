//! The fixtures themselves: that every encoding says the same, and that containers are put together correctly.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeMap;
use std::io::Read as _;

use support::{Codec, Encoding, Image, Index, Packing, Repeated, image};

fn sample(encoding: Encoding) -> Image {
    let mut holes = vec![0; 40 * 1024];
    for start in (0..holes.len()).step_by(1536) {
        holes[start..start + 512].fill(b'x');
    }
    holes.extend([0; 1000]);
    let long = format!("deep/{}/file", "name".repeat(60));
    image()
        .name("app:1.4")
        .layer("ADD rootfs.tar.xz / # buildkit", |l| {
            l.encode_with(encoding)
                .dir("etc")
                .file("etc/passwd", b"root:x:0:0\n")
                .meta(0o600, 3_000_000, 7, -5)
                .file("holes", &holes)
                .zeros("zeros", 3000)
                .file("empty", b"")
                .file(&long, b"long")
                .hardlink("other", &long)
                .symlink("link", "etc/passwd")
                .fifo("pipe")
                .char_device("null", 1, 3)
        })
        .empty("ENV A=b")
        .layer("RUN rm -rf /etc", |l| l.whiteout("etc").opaque("deep"))
        .build()
}

/// What the `tar` crate makes of an archive: name to type, size, data.
fn read(bytes: &[u8]) -> BTreeMap<Vec<u8>, (u8, Vec<u8>)> {
    let mut archive = tar::Archive::new(bytes);
    archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut data = Vec::new();
            entry.read_to_end(&mut data).unwrap();
            let mut name = entry.path_bytes().into_owned();
            let mut kind = entry.header().entry_type().as_byte();
            if name.last() == Some(&b'/') {
                name.pop();
                kind = b'5';
            }
            if kind == b'S' {
                kind = b'0';
            }
            (name, (kind, data))
        })
        .collect()
}

#[test]
fn every_encoding_says_the_same() {
    let plain = read(&sample(Encoding::Ustar).layers[0].tar);
    assert_eq!(plain.len(), 10);
    // The crate knows sparse files of the old form only; the PAX forms are checked against GNU tar's manual
    // by the tests of the scanner.
    for encoding in [
        Encoding::Pax,
        Encoding::Gnu,
        Encoding::V7,
        Encoding::SparseOld,
    ] {
        // Not `assert_eq!`: nobody reads kilobytes of zeros.
        let same = read(&sample(encoding).layers[0].tar) == plain;
        assert!(same, "{encoding:?}");
    }
}

#[test]
fn every_codec_gives_the_bytes_back() {
    let bytes = &sample(Encoding::Ustar).layers[0].tar;
    for codec in Codec::ALL {
        let stored = codec.compress(bytes);
        let found = layerscope::layer::codec::Codec::sniff(&stored);
        assert_eq!(found.as_str(), codec.word());
        let mut decoded = Vec::new();
        let mut reader = found.decoder(&stored[..]).unwrap();
        reader.read_to_end(&mut decoded).unwrap();
        assert!(decoded == *bytes, "{codec:?}");
    }
}

#[test]
fn blobs_are_named_by_their_digest() {
    let image = sample(Encoding::Ustar);
    for index in [Index::Flat, Index::Nested, Index::Attested] {
        let members = support::docker_current(&[&image], Packing::new(Codec::Gzip).index(index));
        let mut blobs = 0;
        for name in members.names() {
            if let (Some(hex), Some(bytes)) =
                (name.strip_prefix("blobs/sha256/"), members.get(name))
            {
                assert_eq!(support::image::hex(bytes), hex);
                blobs += 1;
            }
        }
        assert!(blobs >= 4, "{index:?}");
        assert!(members.contains("manifest.json") && members.contains("index.json"));
    }
}

#[test]
fn a_repeated_legacy_layer_can_be_a_symlink() {
    let image = image()
        .name("app:1")
        .layer("COPY a /", |l| l.file("a", b"a"))
        .layer("COPY a /", |l| l.file("a", b"a"))
        .build();
    let packing = Packing::new(Codec::None).repeated(Repeated::Symlinked);
    let archive = support::docker_legacy(&[&image], packing).archive(Codec::None);
    let links = read(&archive)
        .values()
        .filter(|(kind, _)| *kind == b'2')
        .count();
    assert_eq!(links, 1);
}
