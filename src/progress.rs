//! Progress and cancellation: counters that a viewer polls and a flag that every reader checks.
//!
//! Nothing here sends messages or knows a terminal. Workers add to atomics once per buffer, never per entry.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// One piece of work that can be watched and cancelled from another thread.
///
/// A clone is another handle of the same work.
#[derive(Debug, Clone, Default)]
pub struct Job(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    cancelled: AtomicBool,
    expected_bytes: AtomicU64,
    done_bytes: AtomicU64,
    entries: AtomicU64,
    expanded_bytes: AtomicU64,
    expanded_limit: AtomicU64,
    /// What decompression has cost, and may cost; both for whoever set no limit.
    cost: AtomicU64,
    cost_limit: AtomicU64,
    entry_limit: AtomicU64,
    /// Nodes of trees and the bytes of their names, both kept until the job is done.
    nodes: AtomicU64,
    name_bytes: AtomicU64,
    name_limit: AtomicU64,
    whole: Option<Arc<Counters>>,
}

impl Counters {
    fn with_wholes(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |part| part.whole.as_deref())
    }

    /// Returns the nearest limit that is set.
    fn limit(&self, limit: fn(&Self) -> &AtomicU64) -> u64 {
        let mut limits = self
            .with_wholes()
            .map(|part| limit(part).load(Ordering::Relaxed));
        limits.find(|&limit| limit != 0).unwrap_or(0)
    }

    fn add(&self, bytes: u64, counter: fn(&Self) -> &AtomicU64) {
        for part in self.with_wholes() {
            counter(part).fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Counts expanded bytes here alone; returns `false` once the limit set here is passed.
    fn expand(&self, bytes: u64) -> bool {
        is_within(&self.expanded_bytes, bytes, &self.expanded_limit)
    }
}

/// Adds to a counter; returns `false` once a limit other than 0 is passed.
fn is_within(counter: &AtomicU64, more: u64, limit: &AtomicU64) -> bool {
    let total = counter
        .fetch_add(more, Ordering::Relaxed)
        .saturating_add(more);
    let limit = limit.load(Ordering::Relaxed);
    limit == 0 || total <= limit
}

impl Job {
    /// Makes a job that nobody has cancelled and that expects nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a part of this job: cancelled with it and limited by it, its counters added to this job's.
    ///
    /// Cancelling a part leaves the whole alone.
    #[must_use]
    pub fn part(&self) -> Self {
        Self(Arc::new(Counters {
            whole: Some(Arc::clone(&self.0)),
            ..Counters::default()
        }))
    }

    /// Asks every worker to stop at its next buffer.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns whether [`Job::cancel`] was called on this job or the whole it is part of.
    pub fn is_cancelled(&self) -> bool {
        self.0
            .with_wholes()
            .any(|part| part.cancelled.load(Ordering::Relaxed))
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
        self.0.add(bytes, |part| &part.expected_bytes);
    }

    /// Reports stored bytes read or skipped.
    pub fn advance(&self, bytes: u64) {
        self.0.add(bytes, |part| &part.done_bytes);
    }

    /// Reports entries understood; returns `false` once a limit is passed.
    pub fn count_entries(&self, entries: u64) -> bool {
        let parts = self.0.with_wholes();
        let exceeded = parts.filter(|part| !is_within(&part.entries, entries, &part.entry_limit));
        exceeded.count() == 0
    }

    /// Limits the entries over the whole job; 0 means no limit.
    pub fn limit_entries(&self, entries: u64) {
        self.0.entry_limit.store(entries, Ordering::Relaxed);
    }

    /// Returns the limit set with [`Job::limit_entries`] on this job, else on the whole it is part of; 0 means none.
    pub fn entry_limit(&self) -> u64 {
        self.0.limit(|part| &part.entry_limit)
    }

    /// Limits the bytes that decompression may produce over the whole job; 0 means no limit.
    pub fn limit_expanded(&self, bytes: u64) {
        self.0.expanded_limit.store(bytes, Ordering::Relaxed);
    }

    /// Limits the bytes of names that are kept over the whole job; 0 means no limit.
    pub fn limit_names(&self, bytes: u64) {
        self.0.name_limit.store(bytes, Ordering::Relaxed);
    }

    /// Reports nodes of a tree and bytes of names; returns which of them are more than is allowed. Nodes are limited as
    /// entries are, of which one may need many.
    pub fn keep(&self, nodes: u64, name_bytes: u64) -> Kept {
        let mut kept = Kept::Within;
        for part in self.0.with_wholes() {
            let has_names = is_within(&part.name_bytes, name_bytes, &part.name_limit);
            let has_nodes = is_within(&part.nodes, nodes, &part.entry_limit);
            kept = match kept {
                _ if !has_nodes => Kept::TooManyNodes,
                _ if !has_names => Kept::TooManyNames(part.name_limit.load(Ordering::Relaxed)),
                kept => kept,
            };
        }
        kept
    }

    /// Limits what decompression may cost over the whole job, in bytes of a fast codec; [`Job::allow_cost`] adds to it.
    pub fn limit_cost(&self, bytes: u64) {
        self.0.cost_limit.store(bytes, Ordering::Relaxed);
    }

    /// Raises a limit set with [`Job::limit_cost`]: there is something more to read.
    pub fn allow_cost(&self, bytes: u64) {
        for part in self.0.with_wholes() {
            if part.cost_limit.load(Ordering::Relaxed) > 0 {
                part.cost_limit.fetch_add(bytes, Ordering::Relaxed);
            }
        }
    }

    /// Reports what decompression has cost; returns `false` once a limit is passed.
    pub fn cost(&self, bytes: u64) -> bool {
        let parts = self.0.with_wholes();
        let exceeded = parts.filter(|part| !is_within(&part.cost, bytes, &part.cost_limit));
        exceeded.count() == 0
    }

    /// Reports bytes that decompression produced; returns `false` once a limit is passed.
    pub fn expand(&self, bytes: u64) -> bool {
        // Every counter has to hear of it, also behind one that is over its limit.
        let exceeded = self.0.with_wholes().filter(|part| !part.expand(bytes));
        exceeded.count() == 0
    }

    /// Returns the limit set with [`Job::limit_expanded`] on this job, else on the whole it is part of, in bytes;
    /// 0 means none.
    pub fn expanded_limit(&self) -> u64 {
        self.0.limit(|part| &part.expanded_limit)
    }

    /// Returns what a viewer shows.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            expected_bytes: self.0.expected_bytes.load(Ordering::Relaxed),
            done_bytes: self.0.done_bytes.load(Ordering::Relaxed),
            entries: self.0.entries.load(Ordering::Relaxed),
        }
    }
}

/// Whether what a job keeps is within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is.
    Within,
    /// There are more nodes than [`Job::entry_limit`].
    TooManyNodes,
    /// There are more bytes of names than this.
    TooManyNames(u64),
}

/// What a [`Job`] may cost; 0 stands for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Bytes that decompression may produce.
    pub expanded_bytes: u64,
    /// See [`Job::limit_cost`].
    pub cost: u64,
    /// Entries of all layers.
    pub entries: u64,
    /// Bytes of names of all layers.
    pub name_bytes: u64,
}

impl Allowance {
    /// Makes a job within these limits.
    pub fn job(self) -> Job {
        let job = Job::new();
        job.limit_expanded(self.expanded_bytes);
        job.limit_cost(self.cost);
        job.limit_entries(self.entries);
        job.limit_names(self.name_bytes);
        job
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

    #[test]
    fn entries_and_costs_are_limited_over_all_parts() {
        let whole = Job::new();
        whole.limit_entries(10);
        whole.limit_cost(10);
        let (one, other) = (whole.part(), whole.part());
        assert!(one.count_entries(6) && one.cost(10));
        assert!(!other.count_entries(6) && !other.cost(1));
        assert_eq!(other.entry_limit(), 10);
        other.allow_cost(5);
        assert!(one.cost(4), "there is more to read");
        let free = Job::new();
        free.allow_cost(1);
        assert!(free.cost(u64::MAX / 2) && free.count_entries(u64::MAX / 2));
    }

    #[test]
    fn a_part_reports_to_its_whole_and_stops_with_it() {
        let whole = Job::new();
        whole.limit_expanded(10);
        let (one, other) = (whole.part(), whole.part());
        one.expect(7);
        other.expect(5);
        one.advance(3);
        other.count_entries(2);
        let (done, counted) = (one.snapshot(), other.snapshot());
        assert_eq!(
            (done.expected_bytes, done.done_bytes, done.entries),
            (7, 3, 0)
        );
        assert_eq!((counted.done_bytes, counted.entries), (0, 2));
        let all = whole.snapshot();
        assert_eq!(
            (all.expected_bytes, all.done_bytes, all.entries),
            (12, 3, 2)
        );
        assert_eq!(one.expanded_limit(), 10);
        assert!(one.expand(6));
        assert!(!other.expand(6), "the limit is that of both together");
        one.cancel();
        assert!(!whole.is_cancelled() && !other.is_cancelled());
        whole.cancel();
        assert!(other.check().is_err());
    }
}
