//! Progress and cancellation: counters that a viewer polls and a flag that every reader checks.
//!
//! Nothing here sends messages or knows a terminal. Workers add to atomics once per buffer, never per entry.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// One piece of work that can be watched and cancelled from another thread.
#[derive(Debug, Default)]
pub struct Job {
    cancelled: AtomicBool,
    expected_bytes: AtomicU64,
    done_bytes: AtomicU64,
    entries: AtomicU64,
    expanded_bytes: AtomicU64,
    expanded_limit: AtomicU64,
}

impl Job {
    /// Makes a job that nobody has cancelled and that expects nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every worker to stop at its next buffer.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns whether [`Job::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Returns an error once the job was cancelled; call it once per buffer.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after [`Job::cancel`].
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Announces work: stored bytes that will pass through [`Job::advance`].
    pub fn expect(&self, bytes: u64) {
        self.expected_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Reports stored bytes read or skipped.
    pub fn advance(&self, bytes: u64) {
        self.done_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Reports entries understood.
    pub fn count_entries(&self, entries: u64) {
        self.entries.fetch_add(entries, Ordering::Relaxed);
    }

    /// Limits the bytes that decompression may produce over the whole job; 0 means no limit.
    pub fn limit_expanded(&self, bytes: u64) {
        self.expanded_limit.store(bytes, Ordering::Relaxed);
    }

    /// Reports bytes that decompression produced; returns `false` once the limit is passed.
    pub fn expand(&self, bytes: u64) -> bool {
        let total = self
            .expanded_bytes
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        let limit = self.expanded_limit.load(Ordering::Relaxed);
        limit == 0 || total <= limit
    }

    /// Returns the limit set with [`Job::limit_expanded`], in bytes; 0 means none.
    pub fn expanded_limit(&self) -> u64 {
        self.expanded_limit.load(Ordering::Relaxed)
    }

    /// Returns what a viewer shows.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            expected_bytes: self.expected_bytes.load(Ordering::Relaxed),
            done_bytes: self.done_bytes.load(Ordering::Relaxed),
            entries: self.entries.load(Ordering::Relaxed),
        }
    }
}

/// The counters of a [`Job`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Stored bytes announced.
    pub expected_bytes: u64,
    /// Stored bytes read or skipped.
    pub done_bytes: u64,
    /// Entries understood.
    pub entries: u64,
}

/// A reader that reports to a [`Job`] and stops when it is cancelled.
#[derive(Debug)]
pub struct Metered<'a, R> {
    inner: R,
    job: &'a Job,
}

impl<'a, R> Metered<'a, R> {
    /// Wraps a reader of stored bytes.
    pub fn new(inner: R, job: &'a Job) -> Self {
        Self { inner, job }
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Not ErrorKind::Interrupted: readers retry that one.
        self.job.check().map_err(io::Error::other)?;
        let count = self.inner.read(buffer)?;
        self.job.advance(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_job_stops_its_readers() {
        let job = Job::new();
        let mut reader = Metered::new(&b"abcdef"[..], &job);
        let mut buffer = [0; 4];
        assert_eq!(reader.read(&mut buffer).unwrap(), 4);
        assert_eq!(job.snapshot().done_bytes, 4);
        job.cancel();
        assert!(reader.read(&mut buffer).is_err());
        assert!(matches!(job.check(), Err(Error::Interrupted)));
    }

    #[test]
    fn expansion_is_counted_against_the_limit() {
        let job = Job::new();
        assert!(job.expand(u64::MAX / 2));
        let job = Job::new();
        job.limit_expanded(10);
        assert!(job.expand(10));
        assert!(!job.expand(1));
    }
}
