//! Compression, recognised by its first bytes and undone. Names and media types are never believed.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::limits;
use crate::units::Units;

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
    /// bzip2, as old archives have it.
    Bzip2,
    /// xz, within a limit of memory.
    Xz,
}

/// Memory an xz stream may ask for, in bytes: `xz -9` needs 65 MiB, a hostile header asks for 4 GiB.
const XZ_MEMORY_LIMIT: u64 = 512 * 1024 * 1024;

impl Codec {
    /// Recognises a format by the first bytes of its data; six are enough.
    pub fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // RFC 8878, 3.1.2: skippable frames may come first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
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
            Self::Gzip => Box::new(GzipReader::new(stored)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
                decoder.window_log_max(limits::ZSTD_WINDOW_LOG)?;
                Box::new(Named(decoder))
            }
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(stored)),
            Self::Xz => Box::new(xz_decoder(stored)?),
        })
    }
}

/// A zstd stream asks for a larger window than [`limits::ZSTD_WINDOW_LOG`] allows.
#[derive(Debug)]
pub struct WindowTooLarge;

impl WindowTooLarge {
    /// Returns whether this is why reading failed.
    pub fn is_behind(error: &io::Error) -> bool {
        error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Self>())
            .is_some()
    }
}

impl fmt::Display for WindowTooLarge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = Units::Iec.size(1 << limits::ZSTD_WINDOW_LOG);
        write!(
            formatter,
            "its zstd window exceeds the limit of {limit}: compress it anew without `--long`"
        )
    }
}

impl std::error::Error for WindowTooLarge {}

/// A zstd decoder that names the limit it stops at.
struct Named<R>(R);

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            // The crate hands out libzstd's words, and no code.
            if error.to_string().contains("too much memory") {
                io::Error::other(WindowTooLarge)
            } else {
                error
            }
        })
    }
}

fn xz_decoder<R: BufRead>(stored: R) -> io::Result<liblzma::bufread::XzDecoder<R>> {
    let flags = liblzma::stream::CONCATENATED;
    let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_LIMIT, flags)?;
    Ok(liblzma::bufread::XzDecoder::new_stream(stored, stream))
}

/// Reads all members of a gzip stream and ignores what follows the last one, as gzip does.
///
/// Archives copied from tapes, block devices or padded by tools end in zeros; the data before them is whole,
/// so `flate2`'s own multi-member reader, which fails there, would report damage where there is none.
struct GzipReader<R> {
    /// The member being read; `None` behind the last.
    member: Option<GzDecoder<R>>,
    /// Members read to their end.
    whole_members: u64,
}

impl<R: BufRead> GzipReader<R> {
    fn new(stored: R) -> Self {
        Self {
            member: Some(GzDecoder::new(stored)),
            whole_members: 0,
        }
    }

    /// Goes on to the next member, if what follows can be one.
    fn next_member(&mut self) -> io::Result<()> {
        if let Some(member) = self.member.take() {
            self.whole_members += 1;
            let mut stored = member.into_inner();
            if matches!(
                stored.fill_buf()?,
                [0x1f] | [0x1f, 0x8b] | [0x1f, 0x8b, 8, ..]
            ) {
                self.member = Some(GzDecoder::new(stored));
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(buffer) {
                Ok(0) if !buffer.is_empty() => self.next_member()?,
                Ok(count) => return Ok(count),
                Err(error) if is_trailing(&error, self.whole_members, member) => self.member = None,
                Err(error) => return Err(error),
            }
        }
        Ok(0)
    }
}

/// Returns whether an error only says that the bytes after a whole member are not a further one.
fn is_trailing<R: BufRead>(error: &io::Error, whole_members: u64, member: &GzDecoder<R>) -> bool {
    whole_members > 0 && member.header().is_none() && error.kind() == io::ErrorKind::InvalidInput
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const DATA: &[u8] = b"the same few words, again and again and again";

    fn compressed(codec: Codec) -> Vec<u8> {
        match codec {
            Codec::None => DATA.to_vec(),
            Codec::Gzip => {
                let level = flate2::Compression::default();
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
                writer.write_all(DATA).unwrap();
                writer.finish().unwrap()
            }
            Codec::Zstd => zstd::encode_all(DATA, 3).unwrap(),
            Codec::Bzip2 => {
                let level = bzip2::Compression::default();
                let mut writer = bzip2::write::BzEncoder::new(Vec::new(), level);
                writer.write_all(DATA).unwrap();
                writer.finish().unwrap()
            }
            Codec::Xz => {
                let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 6);
                writer.write_all(DATA).unwrap();
                writer.finish().unwrap()
            }
        }
    }

    fn read(codec: Codec, stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        codec.decoder(stored)?.read_to_end(&mut data)?;
        Ok(data)
    }

    const COMPRESSING: [Codec; 4] = [Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz];

    #[test]
    fn every_codec_is_recognised_and_undone_concatenated_too() {
        for codec in COMPRESSING {
            let stored = compressed(codec);
            assert_eq!(Codec::sniff(&stored), codec);
            assert_eq!(read(codec, &stored).unwrap(), DATA);
            assert_eq!(read(codec, &stored.repeat(3)).unwrap(), DATA.repeat(3));
        }
        assert_eq!(Codec::sniff(b""), Codec::None);
        assert_eq!(Codec::sniff(b"BZh0"), Codec::None);
        assert_eq!(read(Codec::None, DATA).unwrap(), DATA);
    }

    #[test]
    fn a_cut_stream_is_an_error_after_its_data() {
        for codec in COMPRESSING {
            let stored = compressed(codec);
            assert!(
                read(codec, &stored[..stored.len() - 3]).is_err(),
                "{codec:?}"
            );
        }
        let two = compressed(Codec::Gzip).repeat(2);
        assert!(read(Codec::Gzip, &two[..two.len() - 3]).is_err());
    }

    #[test]
    fn gzip_ignores_what_follows_the_last_member() {
        let member = compressed(Codec::Gzip);
        for tail in [
            &[0; 1000][..],
            b"garbage",
            &[0x1f, 0],
            &[0x1f, 0x8b, 7, 7, 7, 7],
        ] {
            let stored = [&member, &member, tail].concat();
            let data = read(Codec::Gzip, &stored);
            assert_eq!(data.unwrap(), DATA.repeat(2), "{tail:?}");
        }
        assert!(read(Codec::Gzip, b"\x1f\x8bnot gzip at all").is_err());
    }

    #[test]
    fn a_member_may_begin_at_the_edge_of_a_buffer() {
        let stored = compressed(Codec::Gzip).repeat(4);
        for capacity in 1..40 {
            let mut data = Vec::new();
            let buffered = BufReader::with_capacity(capacity, &stored[..]);
            GzipReader::new(buffered).read_to_end(&mut data).unwrap();
            assert_eq!(data, DATA.repeat(4));
        }
    }

    /// A frame of one raw block that asks for a window of so many bytes (RFC 8878, 3.1.1.1.2).
    fn with_window(log: u8) -> Vec<u8> {
        let mut stored = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3];
        let block = u32::try_from(DATA.len()).unwrap() << 3 | 1;
        stored.extend(&block.to_le_bytes()[..3]);
        stored.extend(DATA);
        stored
    }

    #[test]
    fn windows_are_read_up_to_a_limit_that_is_named() {
        for log in [10, 27, 28] {
            assert_eq!(read(Codec::Zstd, &with_window(log)).unwrap(), DATA);
        }
        for log in [29, 31, 41] {
            let error = read(Codec::Zstd, &with_window(log)).unwrap_err();
            assert!(error.to_string().contains("limit of 256.0 MiB"), "{error}");
        }
    }

    #[test]
    fn skippable_zstd_frames_may_come_first() {
        let mut stored = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
        stored.extend(compressed(Codec::Zstd));
        stored.extend(b"\x5e\x2a\x4d\x18\0\0\0\0");
        assert_eq!(Codec::sniff(&stored), Codec::Zstd);
        assert_eq!(read(Codec::Zstd, &stored).unwrap(), DATA);
    }
}
