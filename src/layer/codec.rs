//! Compression, recognised by its first bytes and undone. Names and media types are never believed.

use std::io::{self, BufReader, Read};

/// A compression format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codec {
    /// Not compressed.
    #[default]
    None,
    /// RFC 1952, any number of members (eStargz among them).
    Gzip,
    /// RFC 8878, any number of frames, skippable ones included (zstd:chunked).
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Codec {
    /// Recognises a format by the first bytes of its data; six are enough.
    pub fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // RFC 8878, 3.1.2: skippable frames may come first.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }

    /// Returns the word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// Returns a reader of the uncompressed bytes.
    ///
    /// # Errors
    /// When the decoder cannot be set up; damage in the data shows up while reading.
    pub fn decoder<'a, R: Read + Send + 'a>(
        self,
        stored: R,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        const STORED_BUFFER: usize = 128 * 1024;
        let stored = BufReader::with_capacity(STORED_BUFFER, stored);
        Ok(match self {
            Self::None => Box::new(stored),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(stored)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(stored)?),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(stored)),
            Self::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(stored)),
        })
    }
}
