//! Compression of layers and of whole archives, the unusual framings too.

use std::io::Write as _;

/// A compression and its framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Not compressed.
    None,
    /// One gzip member.
    Gzip,
    /// Many gzip members with an empty one among them, as eStargz and `pigz -i` pieces put together.
    GzipMembers,
    /// One zstd frame.
    Zstd,
    /// Many zstd frames with skippable frames before, between and after, as zstd:chunked and pzstd.
    ZstdFrames,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::None,
        Self::Gzip,
        Self::GzipMembers,
        Self::Zstd,
        Self::ZstdFrames,
        Self::Bzip2,
        Self::Xz,
    ];

    /// Returns the word reports use for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip | Self::GzipMembers => "gzip",
            Self::Zstd | Self::ZstdFrames => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// Returns what follows `…image.layer.v1.tar` in an OCI media type.
    ///
    /// bzip2 and xz have none: media types lie there, as they do in the wild.
    pub fn media_suffix(self) -> &'static str {
        match self {
            Self::Gzip | Self::GzipMembers => "+gzip",
            Self::Zstd | Self::ZstdFrames => "+zstd",
            Self::None | Self::Bzip2 | Self::Xz => "",
        }
    }

    /// Compresses.
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => gzip(bytes),
            Self::GzipMembers => gzip_members(bytes),
            Self::Zstd => zstd_frame(bytes),
            Self::ZstdFrames => zstd_frames(bytes),
            Self::Bzip2 => bzip2(bytes),
            Self::Xz => xz(bytes),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn gzip_members(bytes: &[u8]) -> Vec<u8> {
    let mut stored = gzip(b"");
    for piece in pieces(bytes) {
        stored.extend(gzip(piece));
    }
    stored.extend(gzip(b""));
    stored
}

fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("memory");
    encoder.include_checksum(true).expect("a level 3 encoder");
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd_frames(bytes: &[u8]) -> Vec<u8> {
    let mut stored = skippable_frame(0, b"before");
    for (number, piece) in pieces(bytes).enumerate() {
        stored.extend(zstd_frame(piece));
        if number % 3 == 0 {
            stored.extend(skippable_frame(5, b"between"));
        }
    }
    stored.extend(skippable_frame(0xf, b"a manifest would stand here"));
    stored
}

/// RFC 8878, 3.1.2: magic, length, content that decoders pass over.
pub fn skippable_frame(nibble: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a short frame");
    let magic = 0x184D_2A50 | u32::from(nibble & 0xf);
    [&magic.to_le_bytes()[..], &length.to_le_bytes(), content].concat()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::new(1));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 0);
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Cuts at places that are no block boundaries, so that a reader cannot rely on any.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks((bytes.len() / 48).max(700) | 1)
}
