//! An input that is read once, front to back, without a copy of it: piped or compressed.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::archive::{ArchiveBlobs, PassedArchive};
use super::patient::Patient;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::layer::bytes::{Region, read_full};
use crate::layer::codec::{Codec, WindowTooLarge};
use crate::layer::file_kind;
use crate::limits;
use crate::progress::{Job, Metered};
use crate::units::Units;

/// What passed by.
#[derive(Debug)]
pub(super) struct Passed {
    pub archive: PassedArchive,
    /// How the input was compressed.
    pub codec: Codec,
    /// Length of the input as it came, in bytes.
    pub stored_bytes: u64,
    /// Its length without compression, in bytes.
    pub length: u64,
    /// What was damaged about its compression.
    pub warnings: Vec<Warning>,
}

/// Reads an input to its end, so that whoever writes it is not cut off. `check` is shown its first bytes, and may
/// refuse it; `name` is escaped.
///
/// # Errors
/// When it cannot be read, is refused or no archive, expands too far, or [`Error::Interrupted`].
pub(super) fn read(
    file: File,
    name: &str,
    check: impl FnOnce(&Region) -> Result<()>,
    job: &Job,
) -> Result<Passed> {
    let stored = Arc::new(Taken::default());
    let raw = Metered::new(Patient { stream: file, job }, job);
    let raw = Watched::new(Allowing { input: raw, job }, Arc::clone(&stored));
    let mut decoder_bytes = limits::DECODERS_BYTES;
    let (mut reader, rounds) = undo(Box::new(raw), name, &mut decoder_bytes, job)?;
    let mut head = vec![0; file_kind::HEAD_BYTES];
    let count = read_full(&mut reader, &mut head).map_err(|error| stored.error(name, error))?;
    head.truncate(count);
    if count == 0 {
        // Nothing of it could be expanded.
        told(&rounds, name, job)?;
    }
    check(&Region::kept(head.clone(), name.into(), count as u64))?;
    let mut reader = Cursor::new(head).chain(reader);
    let archive = ArchiveBlobs::passing(&mut reader, name, decoder_bytes, job);
    job.check()?;
    let drained = io::copy(&mut reader, &mut io::sink());
    job.check()?;
    drained.map_err(|error| stored.error(name, error))?;
    if let Some(error) = stored.failure() {
        return Err(stored.error(name, error));
    }
    let warnings = told(&rounds, name, job)?;
    let input = Passed {
        archive: archive?,
        codec: rounds.first().map_or(Codec::None, |round| round.codec),
        stored_bytes: stored.count(),
        length: rounds
            .last()
            .map_or(&stored, |round| &round.expanded)
            .count(),
        warnings,
    };
    // Known only now; what was read has to be a part of what there is to read.
    job.expect(input.stored_bytes);
    Ok(input)
}

type Stream<'a> = Box<dyn Read + Send + 'a>;

/// Undoes compressions, until nothing is left of them. Decoders inside each other share `decoder_bytes`.
fn undo<'a>(
    mut reader: Stream<'a>,
    name: &str,
    decoder_bytes: &mut u64,
    job: &'a Job,
) -> Result<(Stream<'a>, Vec<Round>)> {
    let mut rounds = Vec::new();
    loop {
        let mut head = [0; 32];
        let count =
            read_full(&mut reader, &mut head).map_err(|source| Error::unread(name, source))?;
        let codec = Codec::sniff(&head[..count]);
        reader = Box::new(Cursor::new(head).take(count as u64).chain(reader));
        if codec == Codec::None {
            return Ok((reader, rounds));
        }
        if rounds.len() == limits::COMPRESSIONS {
            return Err(Error::NotAnImage {
                name: name.to_owned(),
                found: "it is compressed again and again".into(),
            });
        }
        let left = decoder_bytes.checked_sub(Codec::memory(&head[..count]));
        *decoder_bytes = left.ok_or_else(|| {
            let limit = Units::Iec.size(limits::DECODERS_BYTES);
            Error::limit(name, "the memory of decoders inside each other", limit)
        })?;
        let round = Round {
            codec,
            stored: Arc::default(),
            expanded: Arc::default(),
        };
        let stored = Watched::new(reader, Arc::clone(&round.stored));
        let decoder = codec
            .decoder(stored)
            .map_err(|source| Error::unread(name, source))?;
        reader = Box::new(Expanding {
            decoder,
            codec,
            stored: Arc::clone(&round.stored),
            expanded: Arc::clone(&round.expanded),
            job,
        });
        rounds.push(round);
    }
}

/// One compression, and what came of undoing it.
#[derive(Debug)]
struct Round {
    codec: Codec,
    stored: Arc<Taken>,
    /// Its failure is damage, or the limit where there is none.
    expanded: Arc<Taken>,
}

/// Tells what came of undoing compressions.
fn told(rounds: &[Round], name: &str, job: &Job) -> Result<Vec<Warning>> {
    let warnings = rounds
        .iter()
        .filter_map(|round| round.warning(name, job).transpose());
    warnings.collect()
}

impl Round {
    fn warning(&self, name: &str, job: &Job) -> Result<Option<Warning>> {
        let Some(error) = self.expanded.failure() else {
            return Ok(None);
        };
        if error.kind() == io::ErrorKind::FileTooLarge {
            return Err(Error::Limit {
                name: name.to_owned(),
                what: "its uncompressed length",
                limit: Units::Iec.size(match job.expanded_limit() {
                    0 => self.expanded.count(),
                    limit => limit.min(self.expanded.count()),
                }),
                option: Some("--max-expanded"),
            });
        }
        let (expanded, stored) = (self.expanded.count(), self.stored.count());
        if expanded == 0 && WindowTooLarge::is_behind(&error) {
            return Err(window_too_large(name, &error));
        }
        if expanded == 0 {
            return Err(self.stored.error(name, error));
        }
        Ok(Some(damage_warning(self.codec, expanded, stored, &error)))
    }
}

pub(super) fn damage_warning(codec: Codec, bytes: u64, stored: u64, error: &io::Error) -> Warning {
    let reason = error.to_string();
    Warning::new(
        WarningCode::DamagedLayer,
        format!(
            "the {} compression of the input is damaged or cut at about offset {stored}; the {bytes} bytes before \
             are used: {}",
            codec.as_str(),
            crate::path::display_str(&reason)
        ),
    )
}

/// Says how to read what needs too much memory all the same; `name` is escaped.
pub(super) fn window_too_large(name: &str, error: &io::Error) -> Error {
    Error::NotAnImage {
        name: name.to_owned(),
        found: format!("{error}, or pipe it: `zstd -dc --long=31 FILE | layerscope -`"),
    }
}

/// What was read so far, and why no more can be.
#[derive(Debug, Default)]
pub(super) struct Taken {
    count: AtomicU64,
    failure: Mutex<Option<io::Error>>,
}

impl Taken {
    /// Returns the bytes read.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Returns why reading failed, once.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.slot().take()
    }

    fn has_failed(&self) -> bool {
        self.slot().is_some()
    }

    fn fail(&self, error: io::Error) {
        *self.slot() = Some(error);
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<io::Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, name: &str, error: io::Error) -> Error {
        Error::Read {
            name: name.to_owned(),
            offset: self.count(),
            source: self.failure().unwrap_or(error),
        }
    }
}

/// Counts what a decoder takes, and keeps the failure of the input apart from that of the decoder.
pub(super) struct Watched<R> {
    inner: R,
    taken: Arc<Taken>,
}

impl<R> Watched<R> {
    pub(super) const fn new(inner: R, taken: Arc<Taken>) -> Self {
        Self { inner, taken }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(count) => {
                self.taken.count.fetch_add(count as u64, Ordering::Relaxed);
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let kind = error.kind();
                self.taken.fail(error);
                Err(kind.into())
            }
        }
    }
}

/// Lets what is read of an input, whose length nobody knows beforehand, pay for all decompression in it.
struct Allowing<'a, R> {
    input: R,
    job: &'a Job,
}

impl<R: Read> Read for Allowing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let bytes = (count as u64).saturating_mul(limits::EXPANSION_RATIO);
        self.job.allow_cost(bytes);
        Ok(count)
    }
}

/// Ends where its decoder fails: what came before is used.
struct Expanding<'a> {
    decoder: Stream<'a>,
    codec: Codec,
    stored: Arc<Taken>,
    expanded: Arc<Taken>,
    job: &'a Job,
}

impl Read for Expanding<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.expanded.has_failed() {
            return Ok(0);
        }
        match self.decoder.read(buffer) {
            Ok(count) => {
                self.expanded
                    .count
                    .fetch_add(count as u64, Ordering::Relaxed);
                let bytes = count as u64;
                let is_cheap = self.job.cost(bytes.saturating_mul(self.codec.cost()));
                if self.job.expand(bytes) && is_cheap {
                    return Ok(count);
                }
                self.expanded.fail(io::ErrorKind::FileTooLarge.into());
                Ok(0)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) if self.stored.has_failed() => Err(error),
            Err(error) => {
                self.expanded.fail(error);
                Ok(0)
            }
        }
    }
}
