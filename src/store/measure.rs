//! Weighs every piece of the stores in one walk over the disk.

mod claims;
mod growth;
mod mounted;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use self::claims::{Claim, Claims};
use self::growth::Grown;
use self::walk::{Failure, Linked, Tally, walk};
use super::piece::Usage;
use super::{Growth, Inventory, LargePath, Piece, Role, Store, nested};
use crate::error::{Result, Warning, WarningCode};
use crate::progress::Job;

/// Walks what the pieces cover and fills in [`Piece::usage`] and [`super::Container::growth`].
///
/// Every directory is opened relative to the one above, no link is followed. Another file system is entered where the
/// engine's own layout leads to it, or in a volume; mounts of containers are not, nor is what another machine serves
/// or a program: that is told from the mount table, and nothing is asked of it. What cannot be read stays unmeasured.
///
/// # Errors
/// [`crate::error::Error::Interrupted`].
pub fn measure(inventory: &mut Inventory, threads: Option<NonZeroUsize>, job: &Job) -> Result<()> {
    allow_open_files();
    let claims = Claims::of(inventory);
    let threads = threads
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let tallies = walk(&claims, threads, job);
    job.check()?;
    fill(inventory, &claims, tallies);
    nested::note(inventory);
    Ok(())
}

/// A directory stays open until everything in it was taken up; the usual limit is lower than what is allowed.
fn allow_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        limit.current = limit.maximum;
        // Without it the walk still works, to a lesser depth.
        setrlimit(Resource::Nofile, limit).unwrap_or_default();
    }
}

fn fill(inventory: &mut Inventory, claims: &Claims, tallies: Vec<Tally>) {
    let mut usages = vec![Usage::default(); claims.len()];
    let mut linked = Vec::new();
    let mut failures = Vec::new();
    let mut grown: BTreeMap<Claim, Vec<Arc<Grown>>> = BTreeMap::new();
    for tally in tallies {
        for (sum, usage) in usages.iter_mut().zip(&tally.usages) {
            sum.add(usage);
        }
        linked.extend(tally.linked);
        failures.extend(tally.failures);
        for (claim, modified) in tally.modified {
            piece(inventory, claims, claim).modified = Some(modified);
        }
        for (claim, directory) in tally.grown {
            grown.entry(claim).or_default().push(directory);
        }
        note_mounts(inventory, claims, &tally.not_entered);
    }
    add_linked(&mut usages, linked);
    for (at, usage) in usages.into_iter().enumerate() {
        let claim = Claim(u32::try_from(at).unwrap_or(u32::MAX));
        let piece = piece(inventory, claims, claim);
        // Of what is not within reach nothing is known, not even that it is empty.
        let is_known = piece.unmeasured.is_none() || usage.inodes > 0;
        piece.usage = is_known.then_some(usage);
    }
    note_failures(inventory, claims, failures);
    for (claim, directories) in grown {
        let growth = growth::largest(directories);
        if let Some((store, container)) = claims.container(claim) {
            inventory.stores[store].containers[container].growth = growth;
        } else {
            note_large_paths(inventory, claims, claim, growth);
        }
    }
    for store in &mut inventory.stores {
        add_files(store);
        keep_largest(&mut store.largest);
    }
}

/// Most paths that are kept of each role.
const LARGEST: usize = 10;

fn note_large_paths(inventory: &mut Inventory, claims: &Claims, claim: Claim, growth: Vec<Growth>) {
    let (at, piece) = claims.piece(claim);
    let store = &mut inventory.stores[at];
    let piece = store.piece(piece);
    let (of, location) = (piece.role, piece.location.clone());
    let paths = growth.into_iter().map(|grown| LargePath {
        of,
        location: if grown.path.is_empty() {
            location.clone()
        } else {
            location.join(grown.path)
        },
        disk_bytes: grown.disk_bytes,
    });
    store.largest.extend(paths);
}

/// A piece that is a file has nothing in it that grew.
fn add_files(store: &mut Store) {
    let files = store
        .pieces
        .iter()
        .filter(|piece| is_told_by_path(piece.role));
    let files = files.filter_map(|piece| {
        let usage = piece
            .usage
            .filter(|usage| usage.inodes == 1 && usage.files == 1)?;
        Some(LargePath {
            of: piece.role,
            location: piece.location.clone(),
            disk_bytes: usage.disk_bytes,
        })
    });
    store.largest.extend(files.collect::<Vec<_>>());
}

fn keep_largest(paths: &mut Vec<LargePath>) {
    paths.retain(|path| path.disk_bytes > 0);
    paths.sort_by(|one, other| {
        let size = other.disk_bytes.cmp(&one.disk_bytes);
        let role = other.of.cmp(&one.of);
        role.then(size)
            .then_with(|| one.location.path.cmp(&other.location.path))
    });
    let mut listed = 0;
    let mut last = None;
    paths.retain(|path| {
        listed = if last.replace(path.of) == Some(path.of) {
            listed + 1
        } else {
            1
        };
        listed <= LARGEST
    });
}

/// Returns whether no row names what has this role, so that its largest paths are told.
const fn is_told_by_path(role: Role) -> bool {
    matches!(role, Role::Bookkeeping | Role::ContainerFiles)
}

fn piece<'i>(inventory: &'i mut Inventory, claims: &Claims, claim: Claim) -> &'i mut Piece {
    let (store, piece) = claims.piece(claim);
    &mut inventory.stores[store].pieces[piece.as_usize()]
}

/// Adds files with several names: once in each piece that has one, and to the disk once in all.
fn add_linked(usages: &mut [Usage], mut linked: Vec<Linked>) {
    linked.sort_unstable();
    let mut last: Option<Linked> = None;
    for link in linked {
        let is_new_inode = last.is_none_or(|last| last.inode != link.inode);
        let is_new_here = is_new_inode || last.is_some_and(|last| last.claim != link.claim);
        let usage = &mut usages[link.claim.as_usize()];
        if is_new_here {
            usage.inodes += 1;
            usage.own_disk_bytes = usage.own_disk_bytes.saturating_add(link.disk_bytes);
            usage.file_bytes = usage.file_bytes.saturating_add(link.file_bytes);
        }
        if is_new_inode {
            usage.disk_bytes = usage.disk_bytes.saturating_add(link.disk_bytes);
        }
        last = Some(link);
    }
}

/// What cannot be read is unmeasured; a piece of which nothing is known has no usage at all.
fn note_failures(inventory: &mut Inventory, claims: &Claims, mut failures: Vec<Failure>) {
    failures.sort_unstable();
    let mut counts: BTreeMap<Claim, (usize, String)> = BTreeMap::new();
    for failure in failures {
        for below in failure
            .spot
            .map(|spot| claims.claims_below(spot))
            .into_iter()
            .flatten()
        {
            let piece = piece(inventory, claims, below);
            if piece.usage.is_some_and(|usage| usage.inodes == 0) {
                piece.usage = None;
                piece.unmeasured = Some(failure.reason.clone());
            }
        }
        counts.entry(failure.claim).or_insert((0, failure.reason)).0 += 1;
    }
    for (claim, (count, reason)) in counts {
        let (store, _) = claims.piece(claim);
        let piece = piece(inventory, claims, claim);
        let more = if count > 1 {
            format!(" and {} more", count - 1)
        } else {
            String::new()
        };
        let shown = piece.location.shown();
        piece.unmeasured = Some(format!("{reason}{more}"));
        // Its own directory was seen and nothing in it.
        if piece.usage.is_some_and(|usage| usage.inodes <= 1) {
            piece.usage = None;
        }
        let message = format!("{shown} could not be measured: {reason}{more}");
        let warnings = &mut inventory.stores[store].warnings;
        warnings.push(Warning::new(WarningCode::Unmeasured, message));
    }
}

fn note_mounts(inventory: &mut Inventory, claims: &Claims, mounts: &[(Claim, String)]) {
    for (claim, name) in mounts {
        let shown = piece(inventory, claims, *claim).location.shown();
        let message =
            format!("another file system is mounted below {shown}, at {name}; it is not counted");
        let (store, _) = claims.piece(*claim);
        let warnings = &mut inventory.stores[store].warnings;
        warnings.push(Warning::new(WarningCode::NotInSource, message));
    }
}
