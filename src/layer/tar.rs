//! Tar archives as layers: bytes to entries, and a file's bytes back.
//!
//! The walk over headers is our own: it skips the bodies of uncompressed archives instead of reading them,
//! goes on behind damage, and knows every dialect found in images. What a name means (whiteouts, opaque
//! markers) is decided in `scan`; to the right there are only entries.

mod body;
mod chunks;
mod extended;
mod header;
mod links;
mod passing;
mod scan;
mod sparse;
mod walk;
mod window;

use std::io::{self, Read};

use self::body::{Faulty, Stored};
pub(super) use self::chunks::{Chunk, Chunks};
use self::scan::Scan;
use self::sparse::Expanded;
use self::walk::{Record, Step, TarWalk};
use self::window::{Input, Window};
use super::bytes::Region;
use super::codec::Codec;
use super::file_kind;
use super::verified::Verified;
use super::{Access, Completeness, EntryKind, EntrySink, FileAt, LayerFacts, LayerSource, Visitor};
use crate::error::{Error, Result};
use crate::limits;
use crate::progress::{Job, Metered};
pub(super) use chunks::Stop;
pub use passing::PassingLayer;

/// Says what an uncompressed layer is that is no archive, by its first bytes.
fn not_a_layer(name: &str, head: &[u8]) -> Error {
    Error::NotALayer {
        name: name.to_owned(),
        found: match file_kind::describe(head) {
            Some(what) => format!("it looks like {what}"),
            None => "it is nothing known".into(),
        },
    }
}

/// A layer stored as a tar archive, compressed or not.
#[derive(Debug, Clone)]
pub struct TarLayer {
    region: Region,
    codec: Codec,
    decoder_bytes: u64,
}

impl TarLayer {
    /// Takes the stored bytes of a layer; looks at the first few for their compression.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn new(region: Region) -> io::Result<Self> {
        let head = region.head::<32>()?;
        Ok(Self {
            codec: Codec::sniff(&head),
            decoder_bytes: Codec::memory(&head),
            region,
        })
    }

    /// Returns the compression found.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Returns whether these first bytes of an uncompressed file begin with a header of tar whose checksum holds. 512
    /// bytes are enough.
    pub fn begins_with_header(head: &[u8]) -> bool {
        header::Header::parse(head).is_some()
    }

    /// Returns the first bytes of the uncompressed archive, at most `most`, for looking at what it is.
    ///
    /// # Errors
    /// When they cannot be read or decompressed.
    pub fn head(&self, most: usize) -> Result<Vec<u8>> {
        let failed = |source| self.read_error(0, source);
        let tar = self.codec.decoder(self.region.reader(0)).map_err(failed)?;
        let mut head = Vec::new();
        tar.take(most as u64)
            .read_to_end(&mut head)
            .map_err(failed)?;
        Ok(head)
    }

    /// Says what it is, as it is no archive.
    fn no_archive(&self) -> Error {
        match self.head(file_kind::HEAD_BYTES) {
            Ok(head) => not_a_layer(self.region.name(), &head),
            Err(error) => error,
        }
    }

    /// Starts a walk at an offset of the uncompressed archive.
    fn walk<'a>(&'a self, offset: u64, job: &'a Job) -> Result<TarWalk<'a>> {
        let input = if self.codec == Codec::None {
            Input::Region(self.region.clone())
        } else {
            let stored = Metered::new(self.region.reader(0), job);
            let mut stream = self
                .codec
                .decoder(stored)
                .map_err(|source| self.read_error(0, source))?;
            // A decoder cannot jump. What is passed over still counts as expanded when the scan did it.
            io::copy(&mut stream.by_ref().take(offset), &mut io::sink())
                .map_err(|source| self.read_error(offset, source))?;
            job.allow_cost(self.region.length().saturating_mul(limits::EXPANSION_RATIO));
            Input::Stream(stream, self.codec.cost())
        };
        Ok(TarWalk::new(Window::new(input, offset, job), offset))
    }

    fn read_error(&self, offset: u64, source: io::Error) -> Error {
        Error::Read {
            name: self.region.name().to_owned(),
            offset,
            source,
        }
    }

    /// Reads the record at `offset`, which must be a file.
    fn file_at(&self, walk: &mut TarWalk<'_>, record: &mut Record, offset: u64) -> Result<()> {
        walk.position = offset;
        match walk.next(record)? {
            Step::Entry if record.kind == Some(EntryKind::File) && record.offset == offset => {
                Ok(())
            }
            _ => Err(self.read_error(
                offset,
                io::Error::other("there is no file entry at this offset"),
            )),
        }
    }
}

impl LayerSource for TarLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        let mut scan = Scan::new(self.walk(0, job)?, sink);
        scan.run(job)?;
        scan.end().ok_or_else(|| self.no_archive())
    }

    fn open(&self, FileAt { offset, .. }: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        // Reading one file back reports to nobody and is bounded by the file's length.
        static UNWATCHED: std::sync::OnceLock<Job> = std::sync::OnceLock::new();
        let mut walk = self.walk(offset, UNWATCHED.get_or_init(Job::new))?;
        let mut record = Record::default();
        self.file_at(&mut walk, &mut record, offset)?;
        let sparse = record.sparse.take();
        let stored: Box<dyn Read + '_> = match self.codec {
            Codec::None => Box::new(self.region.part(record.data, record.stored).reader(0)),
            _ => Box::new(Stored::new(walk.window, &record)),
        };
        let data: Box<dyn Read + '_> = match sparse {
            Some(segments) => Box::new(Expanded::new(stored, segments, record.size)),
            None => stored,
        };
        Ok(match record.fault {
            Some(fault) => Box::new(Faulty::new(data, fault)),
            None => data,
        })
    }

    fn visit(&self, files: &[FileAt<'_>], visit: &mut Visitor<'_>, job: &Job) -> Result<()> {
        let mut walk = self.walk(0, job)?;
        let mut record = Record::default();
        for (position, file) in files.iter().enumerate() {
            job.check()?;
            self.file_at(&mut walk, &mut record, file.offset)?;
            let fault = record.fault;
            let mut stored = Stored::new(&mut walk.window, &record);
            let mut expanded;
            let data: &mut dyn Read = match record.sparse.take() {
                Some(segments) => {
                    expanded = Expanded::new(stored, segments, record.size);
                    &mut expanded
                }
                None => &mut stored,
            };
            match fault {
                Some(fault) => visit(position, &mut Faulty::new(data, fault))?,
                None => visit(position, data)?,
            }
        }
        Ok(())
    }

    fn verify(&self, diff_id: &str, job: &Job) -> Result<Verified> {
        let stored = Metered::new(self.region.reader(0), job);
        let failed = |source| self.read_error(0, source);
        let mut tar = self.codec.decoder(stored).map_err(failed)?;
        let found = Verified::of_tar(&mut tar, diff_id, job);
        job.check()?;
        found.map_err(failed)
    }

    fn facts(&self) -> LayerFacts {
        let access = if self.codec == Codec::None {
            Access::Random
        } else {
            Access::Sequential
        };
        LayerFacts {
            decoder_bytes: self.decoder_bytes,
            ..LayerFacts::archive(access, self.region.length())
        }
    }
}

/// Sends every entry of an archive without the data of its files; `None` where it is no archive at all.
///
/// No content is hashed but that of empty files.
///
/// # Errors
/// As [`LayerSource::scan`].
pub(super) fn scan_pieces<'a>(
    pieces: Box<dyn Chunks + 'a>,
    sink: &mut dyn EntrySink,
    job: &'a Job,
) -> Result<Option<Completeness>> {
    let window = Window::new(Input::Chunks(pieces), 0, job);
    let mut scan = Scan::new(TarWalk::new(window, 0), sink);
    scan.run(job)?;
    Ok(scan.end())
}
