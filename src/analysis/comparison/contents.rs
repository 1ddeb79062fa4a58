//! Whether files of equal length have the same data: they are read, each pair once.

use std::collections::HashMap;
use std::io::Read;

use super::{Bounds, Doubt, Side};
use crate::error::{Error, Result};
use crate::layer::Access;
use crate::layer::bytes::{SideBySide, read_full};
use crate::layer::content_hash::ContentHasher;
use crate::path;
use crate::progress::Job;
use crate::tree::EntryRef;

/// Bytes hashed at a time.
const BLOCK: usize = 64 * 1024;

/// A file of the first image and one of the second.
pub(super) type Pair = (EntryRef, EntryRef);

/// What comparing two files came to.
pub(super) enum Verdict {
    Same,
    Different,
    Unknown(Doubt),
}

/// What comparing every pair came to.
pub(super) type Verdicts = HashMap<Pair, Verdict>;

/// Compares pairs of files of equal length.
///
/// # Errors
/// [`Error::Interrupted`].
pub(super) fn compare(
    (a, b): (Side<'_>, Side<'_>),
    pairs: impl Iterator<Item = Pair>,
    bounds: Bounds,
    job: &Job,
) -> Result<Verdicts> {
    let mut pairs: Vec<Pair> = pairs.collect();
    // Several names of a file are one pair.
    pairs.sort_unstable_by_key(|&(one, other)| (one.0, one.1, other.0, other.1));
    pairs.dedup();
    let mut verdicts = Verdicts::with_capacity(pairs.len());
    let mut readable = Vec::new();
    for pair in pairs {
        match out_of_reach(a, pair.0).or_else(|| out_of_reach(b, pair.1)) {
            Some(doubt) => drop(verdicts.insert(pair, Verdict::Unknown(doubt))),
            None => readable.push((size(a, pair.0), pair)),
        }
    }
    let within = affordable(readable, bounds, &mut verdicts);
    job.expect(within.iter().map(|(size, _)| size).sum());
    let mut reading = Reading {
        sides: (a, b),
        job,
        files: SideBySide::default(),
        buffer: vec![0; BLOCK],
    };
    for (_, pair) in within {
        job.check()?;
        let verdict = match reading.compare(pair) {
            Ok(verdict) => verdict,
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => Verdict::Unknown(Doubt::Unreadable(error.to_string())),
        };
        verdicts.insert(pair, verdict);
    }
    Ok(verdicts)
}

fn size(side: Side<'_>, (layer, node): EntryRef) -> u64 {
    side.tree.layer(layer).size(node)
}

fn out_of_reach(side: Side<'_>, (layer, node): EntryRef) -> Option<Doubt> {
    let source = &side.layer(layer)?.source;
    if let Some(reason) = source.withheld() {
        return Some(Doubt::OutOfReach(reason.to_owned()));
    }
    // Reading one file of a compressed layer costs everything before it; only sparse files are not hashed there.
    let is_costly = source.facts().access == Access::Sequential
        && side.tree.layer(layer).content(node).is_none();
    is_costly.then(|| Doubt::Unreadable("it has holes and lies in a compressed layer".into()))
}

/// Returns the pairs that may be read, those of the same layer in stored order.
fn affordable(
    mut pairs: Vec<(u64, Pair)>,
    bounds: Bounds,
    verdicts: &mut Verdicts,
) -> Vec<(u64, Pair)> {
    pairs.sort_by_key(|(size, _)| *size);
    let mut total = 0_u64;
    pairs.retain(|&(size, pair)| {
        let doubt = if size > bounds.file {
            Doubt::TooLong
        } else if total.saturating_add(size) > bounds.total {
            Doubt::TooMuch
        } else {
            total += size;
            return true;
        };
        verdicts.insert(pair, Verdict::Unknown(doubt));
        false
    });
    pairs.sort_unstable_by_key(|&(_, (one, other))| (one.0, one.1, other.0, other.1));
    pairs
}

/// Reads pairs of files.
struct Reading<'a> {
    sides: (Side<'a>, Side<'a>),
    job: &'a Job,
    files: SideBySide,
    buffer: Vec<u8>,
}

impl Reading<'_> {
    fn compare(&mut self, (one, other): Pair) -> Result<Verdict> {
        let (a, b) = self.sides;
        let is_same = match (a.hash(one), b.hash(other)) {
            (Some(known), _) => known == self.hash((b, other))?,
            (None, Some(known)) => known == self.hash((a, one))?,
            (None, None) => self.is_same((a, one), (b, other))?,
        };
        Ok(if is_same {
            Verdict::Same
        } else {
            Verdict::Different
        })
    }

    fn is_same(&mut self, one: (Side<'_>, EntryRef), other: (Side<'_>, EntryRef)) -> Result<bool> {
        let (mut first, mut second) = (open(one)?, open(other)?);
        let job = self.job;
        let advance = |bytes| job.advance(bytes);
        let difference = self
            .files
            .first_difference(&mut *first, &mut *second, job, advance);
        let difference = difference.map_err(|unread| unread.named(|| shown(one), || shown(other)));
        Ok(difference?.is_none())
    }

    fn hash(&mut self, of: (Side<'_>, EntryRef)) -> Result<u64> {
        let mut data = open(of)?;
        let mut state = ContentHasher::new();
        loop {
            self.job.check()?;
            let count = read_full(&mut *data, &mut self.buffer)
                .map_err(|source| Error::unread(shown(of), source))?;
            self.job.advance(count as u64);
            state.update(&self.buffer[..count]);
            if count < BLOCK {
                return Ok(state.digest());
            }
        }
    }
}

/// Opens a file as long as the scan found it: one that grows meanwhile must not be read for ever.
fn open<'a>((side, place): (Side<'a>, EntryRef)) -> Result<Box<dyn Read + 'a>> {
    let (layer, node) = place;
    let tree = side.tree.layer(layer);
    let path = tree.path(node);
    let missing = || Error::NotFound {
        name: path::display_absolute(&path),
    };
    let source = &side.layer(layer).ok_or_else(missing)?.source;
    let data = source.open(tree.file_at(node, &path))?;
    Ok(Box::new(data.take(tree.size(node))))
}

fn shown((side, (layer, node)): (Side<'_>, EntryRef)) -> String {
    path::display_absolute(&side.tree.layer(layer).path(node))
}
