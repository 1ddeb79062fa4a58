//! Path by path what differs, as far as it is known without reading, and at last with what reading found.

use std::cmp::Ordering;

use super::contents::{Pair, Verdict, Verdicts};
use super::{Difference, DifferenceKind, Doubt, Placed, Side};
use crate::layer::EntryKind;
use crate::tree::{EntryRef, Listed};

/// A path that differs, or that will turn out to.
pub(super) struct DifferenceRow {
    /// As it is if the data is the same; [`DifferenceKind::NotCompared`] until that is known.
    difference: Difference,
    /// What has to be compared.
    pub(super) pair: Option<Pair>,
    /// What else differs.
    if_same: Option<DifferenceKind>,
    is_same_time: bool,
}

impl DifferenceRow {
    fn settled(difference: Difference) -> Self {
        Self {
            difference,
            pair: None,
            if_same: None,
            is_same_time: false,
        }
    }
}

/// Walks both views in the order of their paths.
pub(super) fn rows(a: Side<'_>, b: Side<'_>) -> Vec<DifferenceRow> {
    let mut second = Vec::new();
    b.list(&mut |listed| second.push(listed.clone()));
    let mut second = second.into_iter().peekable();
    let mut found = Vec::new();
    a.list(&mut |first| {
        while let Some(other) = second.next_if(|other| other.path < first.path) {
            found.push(DifferenceRow::settled(one_sided(
                &other,
                DifferenceKind::Added,
            )));
        }
        match second.next_if(|other| other.path.cmp(&first.path) == Ordering::Equal) {
            None => found.push(DifferenceRow::settled(one_sided(
                first,
                DifferenceKind::Removed,
            ))),
            Some(other) => {
                let (first, second) = (a.shows(first), b.shows(&other));
                found.extend(first.row(second));
            }
        }
    });
    found.extend(
        second.map(|other| DifferenceRow::settled(one_sided(&other, DifferenceKind::Added))),
    );
    found
}

fn one_sided(listed: &Listed, kind: DifferenceKind) -> Difference {
    let (bytes_a, bytes_b) = match kind {
        DifferenceKind::Removed => (listed.size, 0),
        _ => (0, listed.size),
    };
    Difference {
        path: listed.path.clone(),
        kind,
        bytes_a,
        bytes_b,
        doubt: None,
    }
}

/// Puts in what comparing found; counts what time alone says is the same.
pub(super) fn settle(rows: Vec<DifferenceRow>, verdicts: &Verdicts) -> (Vec<Difference>, u64) {
    let mut by_time = 0;
    let mut paths = Vec::with_capacity(rows.len());
    for mut row in rows {
        let verdict = row.pair.and_then(|pair| verdicts.get(&pair));
        let kind = match verdict {
            None => Some(row.difference.kind),
            Some(Verdict::Same) => row.if_same,
            Some(Verdict::Different) => Some(DifferenceKind::Changed),
            Some(Verdict::Unknown(doubt)) => {
                row.difference.doubt = Some(doubt.clone());
                match doubt {
                    Doubt::OutOfReach(_) if row.is_same_time => {
                        by_time += u64::from(row.if_same.is_none());
                        row.if_same
                    }
                    Doubt::OutOfReach(_) => Some(DifferenceKind::Changed),
                    _ => Some(DifferenceKind::NotCompared),
                }
            }
        };
        if let Some(kind) = kind {
            row.difference.kind = kind;
            paths.push(row.difference);
        }
    }
    (paths, by_time)
}

/// A path as one of the two images shows it.
#[derive(Clone, Copy)]
struct Shown<'a> {
    side: Side<'a>,
    listed: &'a Listed,
}

impl<'a> Side<'a> {
    const fn shows(self, listed: &'a Listed) -> Shown<'a> {
        Shown { side: self, listed }
    }
}

impl<'a> Shown<'a> {
    /// Returns how the other differs, if it may.
    fn row(self, other: Shown<'_>) -> Option<DifferenceRow> {
        let (first, second) = (self.listed, other.listed);
        let data = self.data(other);
        if let Data::Same = data
            && let (Some(one), Some(two)) = (first.metadata, second.metadata)
            && self.place(one).is_same(other.place(two))
        {
            return None;
        }
        let is_same_thing = what_it_is(first.kind) == what_it_is(second.kind)
            && first.link == second.link
            && first.device == second.device;
        let if_same = (!self.has_metadata_of(other)).then_some(DifferenceKind::MetadataOnly);
        let (kind, pair) = match data {
            _ if !is_same_thing => (Some(DifferenceKind::Changed), None),
            Data::Different => (Some(DifferenceKind::Changed), None),
            Data::Same => (if_same, None),
            Data::ToBeRead(pair) => (Some(DifferenceKind::NotCompared), Some(pair)),
        };
        Some(DifferenceRow {
            difference: Difference {
                path: second.path.clone(),
                kind: kind?,
                bytes_a: first.size,
                bytes_b: second.size,
                doubt: None,
            },
            pair,
            if_same,
            is_same_time: is_same_time(first, second),
        })
    }

    const fn place(self, at: EntryRef) -> Placed<'a> {
        Placed {
            side: self.side,
            at,
        }
    }

    fn has_metadata_of(self, other: Shown<'_>) -> bool {
        let (first, second) = (self.listed, other.listed);
        // Times of directories change with what is in them, and links have none that matters.
        let has_time = first.kind.is_file();
        (first.mode, first.uid, first.gid) == (second.mode, second.uid, second.gid)
            && (!has_time || (first.mtime, first.mtime_nanos) == (second.mtime, second.mtime_nanos))
            && self.xattrs() == other.xattrs()
    }

    fn xattrs(self) -> &'a [(Vec<u8>, Vec<u8>)] {
        self.listed.metadata.map_or(&[], |(layer, node)| {
            self.side.tree.layer(layer).xattrs(node)
        })
    }

    fn data(self, other: Shown<'_>) -> Data {
        let (first, second) = (self.listed, other.listed);
        if !first.kind.is_file() && !second.kind.is_file() {
            return Data::Same;
        }
        let (Some(one), Some(two)) = (first.data, second.data) else {
            let is_nowhere = first.data.is_none() && second.data.is_none();
            return if is_nowhere {
                Data::Same
            } else {
                Data::Different
            };
        };
        if self.place(one).is_same(other.place(two)) {
            return Data::Same;
        }
        if first.size != second.size {
            return Data::Different;
        }
        match (self.side.hash(one), other.side.hash(two)) {
            _ if first.size == 0 => Data::Same,
            (Some(mine), Some(theirs)) if mine == theirs => Data::Same,
            (Some(_), Some(_)) => Data::Different,
            _ => Data::ToBeRead((one, two)),
        }
    }
}

/// Archives may have kept whole seconds.
fn is_same_time(first: &Listed, second: &Listed) -> bool {
    let nanos = (first.mtime_nanos, second.mtime_nanos);
    first.mtime == second.mtime && (nanos.0 == nanos.1 || nanos.0 == 0 || nanos.1 == 0)
}

/// Hard links are files.
fn what_it_is(kind: EntryKind) -> EntryKind {
    if kind.is_file() {
        EntryKind::File
    } else {
        kind
    }
}

/// What is known of the data of two entries before any is read.
enum Data {
    /// It is the same, or neither has any.
    Same,
    Different,
    ToBeRead(Pair),
}
