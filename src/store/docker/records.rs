//! Records as Docker writes them: small files, one value each, and JSON; whatever cannot be used is a warning.

use std::collections::BTreeMap;

use crate::beneath::Beneath;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::Digest;
use crate::image::json::Json;
use crate::limits;
use crate::store::places::{is_component, is_directory};

/// Most warnings of one kind that one store raises before the rest is only counted.
const WARNINGS_PER_KIND: usize = 200;

/// Reads records below a data root and keeps what was odd about them.
#[derive(Debug)]
pub(super) struct Records {
    root: Beneath,
    warnings: Vec<Warning>,
    counts: BTreeMap<WarningCode, usize>,
    is_whole: bool,
    /// The directory that was read from last: records of one layer are several files beside each other.
    last: Option<(Vec<u8>, Beneath)>,
}

impl Records {
    pub(super) fn new(root: &Beneath) -> Self {
        Self {
            root: root.clone(),
            warnings: Vec::new(),
            counts: BTreeMap::new(),
            is_whole: true,
            last: None,
        }
    }

    /// Starts others about the same root, for another thread: see [`Records::take`].
    pub(super) fn beside(&self) -> Self {
        Self::new(&self.root)
    }

    /// Takes what others kept, as if it had been kept here.
    pub(super) fn take(&mut self, others: Self) {
        for warning in others.warnings {
            self.warn(warning.code, warning.message);
        }
        for (code, count) in others.counts {
            let more = count.saturating_sub(WARNINGS_PER_KIND);
            *self.counts.entry(code).or_default() += more;
        }
        self.is_whole &= others.is_whole;
    }

    pub(super) const fn root(&self) -> &Beneath {
        &self.root
    }

    /// Returns whether every directory of records is there and could be listed.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Keeps a warning; `message` is escaped.
    pub(super) fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= WARNINGS_PER_KIND {
            self.warnings.push(Warning::new(code, message));
        }
    }

    /// Keeps a warning about a record that cannot be used; `reason` is escaped.
    pub(super) fn bad(&mut self, place: &[u8], reason: impl AsRef<str>) {
        let message = format!("{}: {}", self.root.shown(place), reason.as_ref());
        self.warn(WarningCode::BadRecord, message);
    }

    /// Keeps what reading a record failed with.
    pub(super) fn failed(&mut self, error: &Error) {
        self.warn(WarningCode::BadRecord, error.in_one_line());
    }

    /// Returns every warning, and how many more there were.
    pub(super) fn into_warnings(mut self) -> Vec<Warning> {
        for (code, count) in self.counts {
            if count > WARNINGS_PER_KIND {
                let more = count - WARNINGS_PER_KIND;
                let message = format!("{}: {more} more of the same kind", self.root.name());
                self.warnings.push(Warning::new(code, message));
            }
        }
        self.warnings
    }

    /// Returns the names in a directory, sorted; none where there is no directory.
    pub(super) fn names(&mut self, place: &[u8]) -> Vec<Vec<u8>> {
        self.listed(place).unwrap_or_default()
    }

    /// Returns the names in a directory, sorted; none where there is no directory, and why where it cannot be
    /// listed, escaped: then with a warning.
    pub(super) fn listed(&mut self, place: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        match self.root.names(place, limits::STORE_NAMES) {
            Ok(names) => {
                let names = names.unwrap_or_default();
                if names.len() >= limits::STORE_NAMES {
                    let shown = self.root.shown(place);
                    let message = format!("{shown} has more than {} entries", limits::STORE_NAMES);
                    self.warn(WarningCode::LimitReached, message);
                    self.is_whole = false;
                }
                Ok(names)
            }
            Err(error) => {
                self.failed(&error);
                self.is_whole = false;
                Err(error.in_one_line())
            }
        }
    }

    /// Notes that a directory of records is lost where there is something that they would be about.
    pub(super) fn lost(&mut self, place: &[u8], what: &str) {
        self.bad(place, format!("it is missing, but there are {what}"));
        self.is_whole = false;
    }

    /// Returns whether nothing at all stands at a place.
    pub(super) fn is_missing(&self, place: &[u8]) -> bool {
        matches!(self.root.status(place), Ok(None))
    }

    /// Returns a file's bytes; `None` where it is missing, or cannot be read: then with a warning.
    pub(super) fn bytes(&mut self, place: &[u8], limit: u64) -> Option<Vec<u8>> {
        let (above, name) = split(place);
        let read = self.directory(above);
        let read = read.and_then(|directory| match directory {
            Some(directory) => directory.read(name, limit),
            None => Ok(None),
        });
        match read {
            Ok(bytes) => bytes,
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    fn directory(&mut self, place: &[u8]) -> Result<Option<Beneath>> {
        if let Some((last, directory)) = &self.last
            && last == place
        {
            return Ok(Some(directory.clone()));
        }
        let directory = self.root.directory(place)?;
        self.last = directory.clone().map(|found| (place.to_vec(), found));
        Ok(directory)
    }

    /// Returns whether a file has something in it.
    pub(super) fn has_content(&mut self, place: &[u8]) -> bool {
        let (above, name) = split(place);
        let directory = self.directory(above).ok().flatten();
        let found = directory.and_then(|directory| directory.status(name).ok().flatten());
        found.is_some_and(|found| found.st_size > 0)
    }

    /// Returns the one value of a file, without space around it.
    pub(super) fn text(&mut self, place: &[u8]) -> Option<String> {
        let bytes = self.bytes(place, limits::STORE_VALUE_BYTES)?;
        match std::str::from_utf8(&bytes).map(str::trim) {
            Ok("") => {
                self.bad(place, "it is empty");
                None
            }
            Ok(text) => Some(text.to_owned()),
            Err(_) => {
                self.bad(place, "it is not text");
                None
            }
        }
    }

    /// Returns the digest that a file holds.
    pub(super) fn digest(&mut self, place: &[u8]) -> Option<Digest> {
        let text = self.text(place)?;
        let digest = Digest::parse(&text);
        if digest.is_none() {
            self.bad(place, "it holds no digest");
        }
        digest
    }

    /// Returns the name of a directory that a file holds.
    pub(super) fn component(&mut self, place: &[u8]) -> Option<String> {
        let text = self.text(place)?;
        if is_component(text.as_bytes()) {
            return Some(text);
        }
        self.bad(place, "it does not hold the name of a directory");
        None
    }

    /// Returns a JSON document.
    pub(super) fn json(&mut self, place: &[u8], limit: u64) -> Option<Json> {
        let bytes = self.bytes(place, limit)?;
        match Json::parse(&bytes) {
            Ok(document) => Some(document),
            Err(reason) => {
                self.bad(place, reason);
                None
            }
        }
    }

    /// Returns whether a directory stands at a place.
    pub(super) fn is_directory(&self, place: &[u8]) -> bool {
        is_directory(&self.root, place)
    }

    /// Returns when what stands at a place was last changed, seconds since 1970.
    #[allow(
        clippy::useless_conversion,
        clippy::allow_attributes,
        reason = "the width of a time depends on the system"
    )]
    pub(super) fn modified(&self, place: &[u8]) -> Option<i64> {
        let found = self.root.status(place).ok().flatten()?;
        i64::try_from(found.st_mtime).ok()
    }
}

fn split(place: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', place) {
        Some(slash) => (&place[..slash], &place[slash + 1..]),
        None => (b"", place),
    }
}

/// Returns a time as a number of seconds since 1970; `None` for what is no time, and for Go's zero time.
pub(super) fn seconds(time: &str) -> Option<i64> {
    const ZERO_TIME: i64 = -62_135_596_800;
    let seconds = time.parse::<jiff::Timestamp>().ok()?.as_second();
    (seconds > ZERO_TIME).then_some(seconds)
}

/// Joins components to a place.
pub(super) fn place(parts: &[&[u8]]) -> Vec<u8> {
    let parts: Vec<&[u8]> = parts
        .iter()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_but_not_the_zero_time() {
        assert_eq!(seconds("1970-01-01T00:00:01.5Z"), Some(1));
        assert_eq!(seconds("0001-01-01T00:00:00Z"), None);
        assert_eq!(seconds("yesterday"), None);
    }

    #[test]
    fn what_several_threads_were_warned_of_is_one_list() {
        let directory = tempfile::tempdir().unwrap();
        let mut records = Records::new(&Beneath::open(directory.path()).unwrap());
        for _ in 0..2 {
            let mut others = records.beside();
            for _ in 0..=WARNINGS_PER_KIND {
                others.bad(b"x", "it is odd");
            }
            records.take(others);
        }
        let warnings = records.into_warnings();
        assert_eq!(warnings.len(), WARNINGS_PER_KIND + 1);
        let last = &warnings.last().unwrap().message;
        let more = WARNINGS_PER_KIND + 2;
        assert!(
            last.ends_with(&format!(": {more} more of the same kind")),
            "{last}"
        );
    }

    #[test]
    fn many_warnings_are_counted() {
        let directory = tempfile::tempdir().unwrap();
        let mut records = Records::new(&Beneath::open(directory.path()).unwrap());
        for _ in 0..WARNINGS_PER_KIND + 7 {
            records.bad(b"x", "it is odd");
        }
        let warnings = records.into_warnings();
        assert_eq!(warnings.len(), WARNINGS_PER_KIND + 1);
        assert!(
            warnings
                .last()
                .unwrap()
                .message
                .ends_with(": 7 more of the same kind")
        );
    }
}
