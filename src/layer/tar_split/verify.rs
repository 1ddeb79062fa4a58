//! Putting the tar together again from record and files, to see whether both are what was pulled or built.

use std::fs::File;
use std::io::{self, Read as _};

use sha2::{Digest as _, Sha256};

use super::crc64::Crc64;
use super::record::{Expected, Lines, Part};
use super::{Data, TarSplitLayer, refused};
use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning};
use crate::layer::tar::Stop;
use crate::layer::verified::{Outcome, Verified, sha256_text};
use crate::layer::{Entry, EntryKind, EntrySink, LayerSource as _};
use crate::path;
use crate::progress::Job;

impl TarSplitLayer {
    /// Puts the layer's tar together from record and files and compares its SHA-256 with `diff_id`
    /// (`sha256:` and 64 hex digits), and every file's length and CRC-64 with the record.
    ///
    /// Nothing is kept but one buffer. Reports to `job` the record's bytes and those of the files.
    ///
    /// # Errors
    /// When the record cannot be opened, file data is out of reach ([`Data::Refused`]), or
    /// [`Error::Interrupted`].
    pub(super) fn check(&self, diff_id: &str, job: &Job) -> Result<Verified> {
        let directory = match &self.data {
            Data::Directory(directory) => directory,
            Data::Refused(reason) => return Err(refused(self.record.name(), reason)),
        };
        let mut check = Check {
            directory,
            job,
            tar: Sha256::new(),
            buffer: vec![0; 128 * 1024],
            place: Vec::new(),
            found: Verified {
                outcome: Outcome::Different,
                damaged: Vec::new(),
                further_damaged: 0,
                files: 0,
                bytes: 0,
            },
        };
        let lines = Lines::new(&self.record, job).map_err(|source| self.unreadable(source))?;
        let stop = match check.run(lines) {
            Err(Stop::Cancelled) => return Err(Error::Interrupted),
            Err(Stop::ExpandedTooFar) => {
                Some("it expands to more than --max-expanded allows".into())
            }
            Err(Stop::Failed(error)) => Some(error.to_string()),
            Ok(()) => None,
        };
        let Check { tar, mut found, .. } = check;
        let computed = sha256_text(&tar.finalize());
        found.outcome = match stop {
            Some(reason) => Outcome::BrokenRecord(reason),
            None if computed.eq_ignore_ascii_case(diff_id) => Outcome::Identical,
            None if found.damaged.is_empty() => self.why_different(diff_id, job)?,
            None => Outcome::Different,
        };
        Ok(found)
    }

    /// Finds out why the tar is another one although each file has its checksum.
    fn why_different(&self, diff_id: &str, job: &Job) -> Result<Outcome> {
        if !diff_id.starts_with("sha256:") {
            let algorithm = diff_id.split(':').next().unwrap_or_default();
            let algorithm = path::display_str(algorithm);
            let reason = format!("its digest is of another algorithm: {algorithm}");
            return Ok(Outcome::Unprovable(reason));
        }
        let mut sparse = SparseFiles(0);
        self.scan(&mut sparse, job)?;
        // tar-split, README, "Caveat": such a file is put back with its holes as zeros.
        Ok(match sparse.0 {
            0 => Outcome::Different,
            count => Outcome::Unprovable(format!(
                "its tar holds {count} sparse files, which the record does not keep as they were"
            )),
        })
    }
}

/// One pass over a record.
struct Check<'a> {
    directory: &'a Beneath,
    job: &'a Job,
    tar: Sha256,
    buffer: Vec<u8>,
    place: Vec<u8>,
    found: Verified,
}

impl Check<'_> {
    fn run(&mut self, mut lines: Lines<'_>) -> Result<(), Stop> {
        let mut bytes = Vec::new();
        while let Some(part) = lines.next(&mut bytes)? {
            match part {
                Part::Bytes => {
                    self.tar.update(&bytes);
                    self.count(bytes.len() as u64);
                    bytes.clear();
                }
                Part::File(Expected { size: 0, .. }) => {}
                Part::File(expected) => self.file(lines.name(), expected)?,
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &[u8], expected: Expected) -> Result<(), Stop> {
        let mut place = std::mem::take(&mut self.place);
        // What climbs out was unpacked inside; the scan shows it there as well.
        path::normalise(name, &mut place);
        let difference = self.difference(&place, expected);
        if let Ok(Some(reason)) = &difference {
            self.found.note(&place, reason.clone());
        }
        self.place = place;
        self.found.files += 1;
        difference.map(|_| ())
    }

    /// Reads a file into the tar; returns what is wrong with it.
    fn difference(&mut self, place: &[u8], expected: Expected) -> Result<Option<String>, Stop> {
        let file = match self.directory.file(place) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(Some("it is missing".into())),
            Err(error) => return Ok(Some(with_causes(&error))),
        };
        let length = match file.metadata() {
            Ok(metadata) => metadata.len(),
            Err(error) => return Ok(Some(error.to_string())),
        };
        if length != expected.size {
            let size = expected.size;
            return Ok(Some(format!("it has {length} bytes, not {size}")));
        }
        let mut sum = Crc64::new();
        let read = match self.read(&file, expected.size, &mut sum)? {
            Ok(read) => read,
            Err(error) => return Ok(Some(format!("it cannot be read: {error}"))),
        };
        if read < expected.size {
            return Ok(Some(format!("it ended after {read} bytes")));
        }
        let is_other = expected
            .checksum
            .is_some_and(|wanted| wanted != sum.value());
        Ok(is_other.then(|| "its data has another checksum".into()))
    }

    fn read(&mut self, file: &File, size: u64, sum: &mut Crc64) -> Result<io::Result<u64>, Stop> {
        let mut file = file.take(size);
        let mut read = 0;
        loop {
            self.job.check().map_err(|_| Stop::Cancelled)?;
            let count = match file.read(&mut self.buffer) {
                Ok(0) => return Ok(Ok(read)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Err(error)),
            };
            sum.update(&self.buffer[..count]);
            self.tar.update(&self.buffer[..count]);
            read += count as u64;
            self.job.advance(count as u64);
            self.count(count as u64);
        }
    }

    fn count(&mut self, bytes: u64) {
        self.found.bytes = self.found.bytes.saturating_add(bytes);
    }
}

/// Counts files whose data is in pieces.
struct SparseFiles(u64);

impl EntrySink for SparseFiles {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.0 += u64::from(entry.meta.kind == EntryKind::File && entry.data.is_none());
        Ok(())
    }

    fn warn(&mut self, _warning: Warning) {}
}

fn with_causes(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("it cannot be opened: {cause}"),
        None => error.to_string(),
    }
}
