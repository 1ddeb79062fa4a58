//! A layer that passed by: its entries, kept so that they can be read again, and none of its data.
//!
//! Paths share their beginning with the one before and numbers take as few bytes as they need: an entry takes about
//! forty bytes, and packed some twenty.

mod chunk;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Read;
use std::slice::Iter;

use super::codec::Codec;
use super::{Access, Completeness, Entry, EntrySink, FileAt, LayerFacts, LayerSource};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::limits;
use crate::progress::Job;

use self::chunk::{Chunk, Reader};

/// Takes a layer's entries as they pass by.
#[derive(Debug)]
pub struct Recorder<'b> {
    /// The chunk being written, and those before.
    chunk: Chunk,
    packed: Vec<Box<[u8]>>,
    notes: Vec<Note>,
    /// Warnings that are but counted.
    further: BTreeMap<WarningCode, u64>,
    /// Entries so far.
    entries: u64,
    /// Path of the entry before.
    path: Vec<u8>,
    room: &'b Room,
}

/// Bytes that what passes by of one input may still take.
#[derive(Debug)]
pub struct Room {
    entries: Cell<u64>,
    /// Of texts of warnings; behind them they are counted.
    warnings: Cell<usize>,
    /// Of sparse files, with their holes, that are hashed as they pass by.
    pub sparse: Cell<u64>,
}

impl Room {
    /// Takes bytes for what is kept of a layer.
    ///
    /// # Errors
    /// [`Error::Limit`] where there are not so many left.
    pub fn take(&self, bytes: usize) -> Result<()> {
        let left = self.entries.get().checked_sub(bytes as u64);
        self.entries.set(left.ok_or_else(too_much)?);
        Ok(())
    }
}

impl Default for Room {
    fn default() -> Self {
        Self {
            entries: Cell::new(limits::RECORDED_BYTES),
            warnings: Cell::new(limits::WARNING_BYTES),
            sparse: Cell::new(limits::SPARSE_PASSING_BYTES),
        }
    }
}

/// What stands for a warning that was but counted, where the first of its kind were too long to be kept.
const TEXT_LEFT_OUT: &str = "one of many warnings, of which the texts are left out";

/// A warning, and behind how many entries it came.
#[derive(Debug)]
struct Note {
    entries: u64,
    warning: Warning,
}

impl<'b> Recorder<'b> {
    /// Starts with nothing, in the room of this and later recordings.
    pub const fn new(room: &'b Room) -> Self {
        Self {
            chunk: Chunk::new(),
            packed: Vec::new(),
            notes: Vec::new(),
            further: BTreeMap::new(),
            entries: 0,
            path: Vec::new(),
            room,
        }
    }

    /// Makes the layer of what was recorded, uncompressed and of no length; `name` is escaped, `scanned` how the scan
    /// ended.
    pub fn finish(mut self, name: &str, scanned: Result<Completeness>) -> RecordedLayer {
        // What came before a failure is there all the same.
        let packed = self.pack();
        let scanned = scanned.and_then(|scanned| packed.map(|()| scanned));
        RecordedLayer {
            name: name.to_owned(),
            codec: Codec::None,
            stored_bytes: 0,
            entries: self.entries,
            packed: self.packed,
            notes: self.notes,
            further: self.further,
            end: scanned.into(),
        }
    }

    fn pack(&mut self) -> Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let packed = self
            .chunk
            .pack()
            .map_err(|source| Error::unread("a recording", source))?;
        self.room.take(packed.len())?;
        self.packed.push(packed);
        // Each chunk is read by itself.
        self.path.clear();
        Ok(())
    }
}

fn too_much() -> Error {
    Error::limit(
        "the input",
        "what is kept of layers that pass by",
        crate::units::Units::Iec.size(limits::RECORDED_BYTES),
    )
}

impl EntrySink for Recorder<'_> {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.chunk.write(&entry, &mut self.path);
        self.entries += 1;
        if self.chunk.is_full() {
            self.pack()?;
        }
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        let further = self.further.entry(warning.code).or_default();
        let path = warning.path.as_ref().map_or(0, |path| path.len());
        let bytes = size_of::<Note>() + warning.message.len() + path;
        let left = self.room.warnings.get().checked_sub(bytes);
        let kept = self
            .notes
            .iter()
            .filter(|note| note.warning.code == warning.code);
        match left {
            // What comes behind one that is left out is left out as well.
            Some(left) if *further == 0 && kept.count() < limits::WARNINGS_PER_KIND => {
                self.room.warnings.set(left);
                self.notes.push(Note {
                    entries: self.entries,
                    warning,
                });
            }
            _ => *further += 1,
        }
    }
}

/// A layer whose entries were recorded when it passed by. The data of its files is gone.
#[derive(Debug)]
pub struct RecordedLayer {
    name: String,
    codec: Codec,
    stored_bytes: u64,
    entries: u64,
    packed: Vec<Box<[u8]>>,
    notes: Vec<Note>,
    /// Warnings that are but counted.
    further: BTreeMap<WarningCode, u64>,
    end: End,
}

/// Passes on the warnings that came before an entry.
fn warn_until(entries: u64, notes: &mut Iter<'_, Note>, sink: &mut dyn EntrySink) {
    while let [next, ..] = notes.as_slice()
        && next.entries <= entries
    {
        sink.warn(next.warning.clone());
        notes.next();
    }
}

/// How a scan ended.
#[derive(Debug)]
enum End {
    Reached(Completeness),
    NoArchive(String),
    Limit { what: &'static str, limit: String },
    Unread { offset: u64, reason: String },
}

impl From<Result<Completeness>> for End {
    fn from(scanned: Result<Completeness>) -> Self {
        match scanned {
            Ok(completeness) => Self::Reached(completeness),
            Err(Error::NotALayer { found, .. }) => Self::NoArchive(found),
            Err(Error::Limit { what, limit, .. }) => Self::Limit { what, limit },
            Err(Error::Read { offset, source, .. }) => Self::Unread {
                offset,
                reason: source.to_string(),
            },
            Err(other) => Self::Unread {
                offset: 0,
                reason: other.to_string(),
            },
        }
    }
}

impl RecordedLayer {
    /// Says how it was stored: its compression and its length in bytes.
    #[must_use]
    pub fn stored(self, codec: Codec, stored_bytes: u64) -> Self {
        Self {
            codec,
            stored_bytes,
            ..self
        }
    }

    /// Returns how it was compressed.
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Takes its length as stored, in bytes, where it ended earlier than its header says.
    pub const fn cut_to(&mut self, stored_bytes: u64) {
        self.stored_bytes = stored_bytes;
    }

    /// Returns whether it was an archive at all.
    pub const fn is_archive(&self) -> bool {
        !matches!(self.end, End::NoArchive(_))
    }

    /// Returns whether there is any entry in it.
    pub const fn has_entries(&self) -> bool {
        self.entries > 0
    }

    fn gone(&self) -> Error {
        self.unread(0, "its bytes passed by and were not kept")
    }

    fn unread(&self, offset: u64, reason: &str) -> Error {
        Error::Read {
            name: self.name.clone(),
            offset,
            source: std::io::Error::other(reason),
        }
    }

    fn end(&self) -> Result<Completeness> {
        Err(match &self.end {
            End::Reached(completeness) => return Ok(*completeness),
            End::NoArchive(found) => Error::NotALayer {
                name: self.name.clone(),
                found: found.clone(),
            },
            End::Limit { what, limit } => Error::limit(self.name.clone(), what, limit),
            End::Unread { offset, reason } => self.unread(*offset, reason),
        })
    }

    /// Warnings beyond those that were kept are counted.
    fn warn_of_the_rest(&self, sink: &mut dyn EntrySink) {
        for (&code, &further) in &self.further {
            for _ in 0..further {
                sink.warn(Warning::new(code, TEXT_LEFT_OUT));
            }
        }
    }
}

impl LayerSource for RecordedLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        let mut notes = self.notes.iter();
        let mut entries = 0;
        for packed in &self.packed {
            job.check()?;
            let chunk = &Chunk::unpack(packed).ok_or_else(|| self.gone())?;
            let mut reader = Reader::new(chunk);
            while let Some(entry) = reader.next() {
                warn_until(entries, &mut notes, sink);
                sink.entry(entry)?;
                entries += 1;
            }
            if !reader.is_done() {
                return Err(self.gone());
            }
        }
        job.count_entries(entries);
        warn_until(u64::MAX, &mut notes, sink);
        self.warn_of_the_rest(sink);
        self.end()
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        Err(self.gone())
    }

    fn withheld(&self) -> Option<&str> {
        Some("the bytes passed by and were not kept")
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::archive(Access::Sequential, self.stored_bytes)
    }
}

#[cfg(test)]
mod tests;
