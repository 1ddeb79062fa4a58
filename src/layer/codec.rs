//! Compression, recognised by its first bytes and undone. Names and media types are never believed.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;

use super::bytes::Filled;
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

    /// Returns what a byte of data costs, in bytes of a fast codec.
    pub const fn cost(self) -> u64 {
        match self {
            Self::None | Self::Gzip | Self::Zstd => 1,
            Self::Bzip2 | Self::Xz => 8,
        }
    }

    /// Returns the most memory that a decoder takes, in bytes, by the first bytes of its data; 18 are enough.
    pub fn memory(head: &[u8]) -> u64 {
        match Self::sniff(head) {
            Self::None | Self::Gzip => 1 << 20,
            Self::Bzip2 => 8 << 20,
            Self::Zstd => 1 << zstd_window_log(head),
            Self::Xz => limits::XZ_BYTES,
        }
    }

    /// Returns a reader of the uncompressed bytes. It gives the same before damage however the stored bytes come and
    /// whatever is read at a time.
    ///
    /// # Errors
    /// When the decoder cannot be set up; damage in the data shows up while reading.
    pub fn decoder<'a, R: Read + Send + 'a>(
        self,
        stored: R,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        const STORED_BUFFER: usize = 128 * 1024;
        let mut stored = BufReader::with_capacity(STORED_BUFFER, Filled::new(stored));
        Ok(match self {
            Self::None => Box::new(stored),
            Self::Gzip => Box::new(Steady::new(GzipReader::new(stored))),
            Self::Zstd => {
                let window = Self::memory(stored.fill_buf()?).ilog2();
                let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
                decoder.window_log_max(window)?;
                Box::new(Steady::new(Named(decoder, window)))
            }
            Self::Bzip2 => Box::new(Steady::new(Bzip2Reader {
                rest: Some(Rest::Stored(stored)),
                streams: 0,
            })),
            Self::Xz => Box::new(Steady::new(xz_decoder(stored)?)),
        })
    }
}

/// Bytes that a decoder is asked for at a time. Where a buffer has room for them they are written right into it. With each
/// answer zlib-rs copies a window of 32 KiB aside.
pub const PIECE_BYTES: usize = 128 * 1024;

/// Asks a decoder for the same lengths whatever is asked of itself: what a decoder had before damage is lost with the
/// piece that it failed in.
struct Steady<D> {
    decoder: D,
    /// A piece of which not everything is handed out, and how much is.
    piece: Vec<u8>,
    taken: usize,
}

impl<D: Read> Steady<D> {
    const fn new(decoder: D) -> Self {
        Self {
            decoder,
            piece: Vec::new(),
            taken: 0,
        }
    }
}

impl<D: Read> Read for Steady<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() {
            if let Some(whole) = buffer.get_mut(..PIECE_BYTES) {
                return self.decoder.read(whole);
            }
            self.taken = 0;
            self.piece.resize(PIECE_BYTES, 0);
            let read = self.decoder.read(&mut self.piece);
            self.piece.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        let count = buffer.len().min(self.piece.len() - self.taken);
        buffer[..count].copy_from_slice(&self.piece[self.taken..self.taken + count]);
        self.taken += count;
        Ok(count)
    }
}

/// A zstd stream asks for a larger window than this power of two: than all of [`limits::ZSTD_WINDOW_LOGS`], or behind
/// frames that made do with a smaller one.
#[derive(Debug)]
pub struct WindowTooLarge(u32);

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
        let limit = Units::Iec.size(1 << self.0);
        write!(
            formatter,
            "its zstd window exceeds the limit of {limit}: compress it anew without `--long`"
        )
    }
}

impl std::error::Error for WindowTooLarge {}

/// A zstd decoder that names the limit it stops at.
struct Named<R>(R, u32);

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            // The crate hands out libzstd's words, and no code.
            if error.to_string().contains("too much memory") {
                io::Error::other(WindowTooLarge(self.1))
            } else {
                error
            }
        })
    }
}

fn xz_decoder<R: BufRead>(stored: R) -> io::Result<liblzma::bufread::XzDecoder<R>> {
    let flags = liblzma::stream::CONCATENATED;
    let stream = liblzma::stream::Stream::new_stream_decoder(limits::XZ_BYTES, flags)?;
    Ok(liblzma::bufread::XzDecoder::new_stream(stored, stream))
}

/// Returns the smallest of the [`limits::ZSTD_WINDOW_LOGS`] in which the first frame of a zstd stream fits, or the last.
fn zstd_window_log(head: &[u8]) -> u32 {
    let window = zstd_window(head);
    let [smaller @ .., largest] = limits::ZSTD_WINDOW_LOGS;
    let fitting = smaller.into_iter().find(|log| window <= 1 << log);
    fitting.unwrap_or(largest)
}

/// Returns the length of the window that the first frame of a zstd stream asks for; 0 for a skippable frame. RFC 8878,
/// 3.1.1.1.
fn zstd_window(head: &[u8]) -> u64 {
    let [0x28, 0xb5, 0x2f, 0xfd, descriptor, fields @ ..] = head else {
        return 0;
    };
    if descriptor & 0x20 == 0 {
        let window = fields.first().copied().unwrap_or(0);
        let base = 1u64 << (10 + (window >> 3));
        return base + base / 8 * u64::from(window & 7);
    }
    // The window is the content then, whose length stands behind the dictionary's number.
    let skipped = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let field = fields.get(skipped..).unwrap_or_default();
    let bytes = field.iter().take(length).rev();
    bytes.fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Reads the streams of a bzip2 file one after the other.
///
/// Each sets up a decoder of some megabytes, so that their number is limited, and empty ones, of 14 bytes, are passed
/// over.
struct Bzip2Reader<R> {
    rest: Option<Rest<R>>,
    streams: u64,
}

enum Rest<R> {
    /// Between two streams.
    Stored(R),
    Stream(BzDecoder<R>),
}

/// A bzip2 stream without blocks, behind the digit of its block size.
const EMPTY_BZIP2: &[u8] = b"\x17\x72\x45\x38\x50\x90\0\0\0\0";

impl<R: BufRead> Bzip2Reader<R> {
    /// Goes on to the next stream that is not empty; `None` at the end.
    fn next_stream(&mut self, mut stored: R) -> io::Result<Option<Rest<R>>> {
        loop {
            let ahead = stored.fill_buf()?;
            if ahead.is_empty() {
                return Ok(None);
            }
            let is_empty = Codec::sniff(ahead) == Codec::Bzip2
                && ahead
                    .get(4..)
                    .is_some_and(|rest| rest.starts_with(EMPTY_BZIP2));
            if !is_empty {
                break;
            }
            stored.consume(4 + EMPTY_BZIP2.len());
        }
        self.streams += 1;
        if self.streams > limits::BZIP2_STREAMS {
            let message = format!(
                "more bzip2 streams one after the other than the limit of {}",
                limits::BZIP2_STREAMS
            );
            return Err(io::Error::other(message));
        }
        Ok(Some(Rest::Stream(BzDecoder::new(stored))))
    }
}

impl<R: BufRead> Read for Bzip2Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(rest) = self.rest.take() {
            self.rest = match rest {
                Rest::Stored(stored) => self.next_stream(stored)?,
                Rest::Stream(mut decoder) => match decoder.read(buffer)? {
                    0 if !buffer.is_empty() => Some(Rest::Stored(decoder.into_inner())),
                    count => {
                        self.rest = Some(Rest::Stream(decoder));
                        return Ok(count);
                    }
                },
            };
        }
        Ok(0)
    }
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
    fn empty_bzip2_streams_cost_no_decoder() {
        let empty = [b"BZh9", EMPTY_BZIP2].concat();
        let mut reader = Bzip2Reader {
            rest: Some(Rest::Stored(
                &[empty.repeat(1000), compressed(Codec::Bzip2)].concat()[..],
            )),
            streams: 0,
        };
        let mut data = Vec::new();
        reader.read_to_end(&mut data).unwrap();
        assert_eq!((&data[..], reader.streams), (DATA, 1));
        assert_eq!(read(Codec::Bzip2, &empty).unwrap(), b"");
        assert!(read(Codec::Bzip2, &[&empty, &b"garbage"[..]].concat()).is_err());
    }

    #[test]
    fn bzip2_streams_are_limited() {
        let mut reader = Bzip2Reader {
            rest: Some(Rest::Stored(&compressed(Codec::Bzip2)[..])),
            streams: limits::BZIP2_STREAMS,
        };
        let error = reader.read(&mut [0; 10]).unwrap_err();
        assert!(error.to_string().contains("limit of 100000"), "{error}");
    }

    #[test]
    fn decoders_take_no_more_than_they_say() {
        for (log, taken) in [(20, 25), (25, 25), (26, 27), (27, 27)] {
            let mut writer = zstd::Encoder::new(Vec::new(), 1).unwrap();
            writer.window_log(log).unwrap();
            writer.write_all(DATA).unwrap();
            let stored = writer.finish().unwrap();
            assert_eq!(zstd_window(&stored), 1 << log);
            assert_eq!(Codec::memory(&stored), 1 << taken);
            assert_eq!(read(Codec::Zstd, &stored).unwrap(), DATA);
            // A later frame may not ask for more than the class of the first.
            let usual = compressed(Codec::Zstd);
            let later = read(Codec::Zstd, &[usual, stored].concat());
            assert_eq!(later.is_ok(), taken == 25, "{log}");
        }
        let whole = zstd::bulk::compress(&[0; 3000], 1).unwrap();
        assert_eq!(zstd_window(&whole), 3000 - 256);
    }

    #[test]
    fn a_layer_of_any_window_fits_into_an_archive_that_is_compressed_as_usual() {
        let memory = |codec| Codec::memory(&compressed(codec));
        let largest = Codec::memory(&with_window(28));
        let long = Codec::memory(&with_window(27));
        for (archive, layer) in [
            (memory(Codec::Zstd), largest),
            (memory(Codec::Gzip), largest),
            (long, long),
            (long, memory(Codec::Xz)),
            (memory(Codec::Xz), memory(Codec::Xz)),
        ] {
            assert!(archive + layer <= limits::DECODERS_BYTES);
        }
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
