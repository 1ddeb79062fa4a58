//! Whether a layer still is what its digest names.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::limits;
use crate::progress::Job;

/// What [`super::LayerSource::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The verdict.
    pub outcome: Outcome,
    /// Files that are not what the record says, in its order; at most [`crate::limits::DAMAGED_FILES`].
    pub damaged: Vec<Damaged>,
    /// How many more of them there are.
    pub further_damaged: u64,
    /// Files with data that were read.
    pub files: u64,
    /// Length of the tar, in bytes, as far as it could be put together.
    pub bytes: u64,
}

/// Whether a layer still is what its digest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its bytes, or record and files together, are the very tar.
    Identical,
    /// They do not: something in it was changed or damaged.
    Different,
    /// Something of it that can be told was changed or damaged; what, escaped.
    Altered(String),
    /// It cannot be told, although every file has its checksum; why, escaped.
    Unprovable(String),
    /// The record ends early or cannot be read; why, escaped. Files up to there were looked at.
    BrokenRecord(String),
}

/// A file that is not what the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its path as bytes, relative to the root.
    pub path: Vec<u8>,
    /// What is wrong with it, escaped.
    pub reason: String,
}

impl Verified {
    /// Says that nothing can be said; `reason` is escaped.
    pub fn unprovable(reason: impl Into<String>) -> Self {
        Self::of(Outcome::Unprovable(reason.into()), 0)
    }

    /// Says what was found before any file was looked at.
    pub const fn without_files(outcome: Outcome) -> Self {
        Self::of(outcome, 0)
    }

    /// Takes a file that is not what it was; counts those beyond [`limits::DAMAGED_FILES`]. `reason` is escaped.
    pub fn note(&mut self, path: &[u8], reason: String) {
        if self.damaged.len() < limits::DAMAGED_FILES {
            self.damaged.push(Damaged {
                path: path.to_vec(),
                reason,
            });
        } else {
            self.further_damaged += 1;
        }
    }

    /// Returns whether there is a file that is not what it was.
    pub const fn is_damaged(&self) -> bool {
        !self.damaged.is_empty()
    }

    const fn of(outcome: Outcome, bytes: u64) -> Self {
        Self {
            outcome,
            damaged: Vec::new(),
            further_damaged: 0,
            files: 0,
            bytes,
        }
    }

    /// Reads a whole tar and compares its SHA-256 with `diff_id`.
    ///
    /// # Errors
    /// What reading returns.
    pub fn of_tar(tar: &mut dyn Read, diff_id: &str, job: &Job) -> io::Result<Self> {
        if !diff_id.starts_with("sha256:") {
            let algorithm = diff_id.split(':').next().unwrap_or_default();
            let algorithm = crate::path::display_str(algorithm);
            let reason = format!("its digest is of another algorithm: {algorithm}");
            return Ok(Self::unprovable(reason));
        }
        let mut sum = Sha256::new();
        let mut buffer = vec![0; 128 * 1024];
        let mut bytes = 0;
        loop {
            job.check().map_err(io::Error::other)?;
            match tar.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    sum.update(&buffer[..count]);
                    bytes += count as u64;
                    if !job.expand(count as u64) {
                        let reason = "it expands to more than --max-expanded allows";
                        return Ok(Self::unprovable(reason));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let computed = sha256_text(&sum.finalize());
        let outcome = if computed.eq_ignore_ascii_case(diff_id) {
            Outcome::Identical
        } else {
            Outcome::Different
        };
        Ok(Self::of(outcome, bytes))
    }
}

/// Returns the digest of everything that can be read, as `sha256:` and hex digits.
///
/// # Errors
/// What reading returns.
pub fn sha256_of(bytes: &mut dyn Read) -> io::Result<String> {
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(sha256_text(&sum.finalize())),
            Ok(count) => sum.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes a SHA-256 sum as digests are written.
pub(crate) fn sha256_text(sum: &[u8]) -> String {
    use std::fmt::Write as _;
    sum.iter().fold(String::from("sha256:"), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
