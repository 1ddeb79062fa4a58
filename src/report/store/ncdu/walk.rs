//! The files of a piece, in the order of their names, one directory's worth in memory for each level.
//!
//! Every directory is opened relative to the one above, no link is followed, no other file system entered.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use rustix::fs::{AtFlags, FileType, Stat};

use super::plan::{Plan, Step};
use crate::beneath::Beneath;
use crate::limits;
use crate::progress::Job;
use crate::report::ncdu::{Attributes, Entry, Link, Nesting, Refusal};
use crate::report::store::ReportedStore;
use crate::store::{Piece, Role};

/// Innermost directories kept open, so that a tree made to be deep does not use up the descriptors. Those above
/// are opened again when their turn comes.
const OPEN_DIRECTORIES: usize = 64;

/// How many of those on the way to one that is opened again stay open: their turn comes next.
const OPENED_AGAIN: usize = 32;

type Inode = (u64, u64);

/// What has to be remembered from piece to piece.
pub(super) struct Walk<'a> {
    /// How often each piece stands in the tree, by the inode at its place.
    places: HashMap<Inode, u64>,
    /// Those that were written once.
    written: HashSet<Inode>,
    device: Option<u64>,
    job: &'a Job,
}

/// One directory being written.
struct Level {
    /// What is left in it, last name first.
    left: Vec<(Vec<u8>, Option<Stat>)>,
    /// Itself, unless it is too far above to be kept open; the outermost always is.
    directory: Option<Beneath>,
    name: Vec<u8>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(stores: &[ReportedStore<'_>], plans: &[Plan], job: &'a Job) -> Self {
        let mut places: HashMap<Inode, u64> = HashMap::new();
        let mut device = None;
        for (one, plan) in stores.iter().zip(plans) {
            let inodes: Vec<Option<Inode>> = one.store.pieces.iter().map(inode).collect();
            device = device.or_else(|| inodes.first().copied().flatten().map(|inode| inode.0));
            for step in &plan.steps {
                if let Step::Piece(id) = step
                    && let Some(&Some(inode)) = inodes.get(id.as_usize())
                {
                    *places.entry(inode).or_default() += 1;
                }
            }
        }
        Self {
            places,
            written: HashSet::new(),
            device,
            job,
        }
    }

    /// Returns the file system of the first store.
    pub(super) const fn device(&self) -> Option<u64> {
        self.device
    }

    /// Writes a piece, without the pieces inside of it.
    pub(super) fn write<W: Write>(
        &mut self,
        piece: &Piece,
        nesting: &mut Nesting<W>,
    ) -> io::Result<()> {
        let location = &piece.location;
        let name: &[u8] = match location.path.as_slice() {
            b"" if piece.role == Role::Bookkeeping => b"(everything else)",
            b"" => location.root.name().as_bytes(),
            path => path,
        };
        let status = match location.root.status(&location.path) {
            Ok(Some(status)) => status,
            Ok(None) => return Ok(()),
            Err(_) => return nesting.leaf(&unreadable(name)),
        };
        let inode = (device_of(&status), status.st_ino);
        let once = Once {
            names: self.places.get(&inode).copied().unwrap_or(1),
            counts_directories: self.written.insert(inode),
            device: device_of(&status),
        };
        let mut entry = once.entry(name, &status);
        entry.device = Some(once.device);
        if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
            return nesting.leaf(&entry);
        }
        if let Ok(Some(directory)) = location.root.directory(&location.path) {
            return self.tree(&entry, directory, once, nesting);
        }
        entry.refusal = Some(Refusal::Unreadable);
        nesting.enter(&entry)?;
        nesting.leave()
    }

    fn tree<W: Write>(
        &self,
        top: &Entry<'_>,
        directory: Beneath,
        once: Once,
        nesting: &mut Nesting<W>,
    ) -> io::Result<()> {
        let mut levels: Vec<Level> = Vec::new();
        self.open(top, directory, &mut levels, nesting)?;
        while let Some(level) = levels.last_mut() {
            let Some((name, status)) = level.left.pop() else {
                levels.pop();
                nesting.leave()?;
                continue;
            };
            let Some(status) = status else {
                nesting.leaf(&unreadable(&name))?;
                continue;
            };
            if self
                .places
                .contains_key(&(device_of(&status), status.st_ino))
            {
                continue;
            }
            let mut entry = once.entry(&name, &status);
            if FileType::from_raw_mode(status.st_mode) != FileType::Directory {
                nesting.leaf(&entry)?;
            } else if device_of(&status) != once.device {
                entry.refusal = Some(Refusal::OtherFileSystem);
                nesting.leaf(&entry)?;
            } else if let Some(below) = descend(&mut levels, &name) {
                self.open(&entry, below, &mut levels, nesting)?;
            } else {
                entry.refusal = Some(Refusal::Unreadable);
                nesting.enter(&entry)?;
                nesting.leave()?;
            }
        }
        Ok(())
    }

    fn open<W: Write>(
        &self,
        entry: &Entry<'_>,
        directory: Beneath,
        levels: &mut Vec<Level>,
        nesting: &mut Nesting<W>,
    ) -> io::Result<()> {
        if self.job.is_cancelled() {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        let left = listing(&directory);
        let refusal = left.is_none().then_some(Refusal::Unreadable);
        nesting.enter(&Entry { refusal, ..*entry })?;
        levels.push(Level {
            left: left.unwrap_or_default(),
            directory: Some(directory),
            name: entry.name.to_vec(),
        });
        if let Some(far @ 1..) = levels.len().checked_sub(OPEN_DIRECTORIES) {
            levels[far].directory = None;
        }
        Ok(())
    }
}

/// What is the same for everything in one piece at one place of the tree.
#[derive(Clone, Copy)]
struct Once {
    /// How often it stands in the tree.
    names: u64,
    /// Whether the blocks of its directories still have to be counted.
    counts_directories: bool,
    device: u64,
}

impl Once {
    fn entry<'n>(self, name: &'n [u8], status: &Stat) -> Entry<'n> {
        let kind = FileType::from_raw_mode(status.st_mode);
        let is_directory = kind == FileType::Directory;
        let is_counted = !is_directory || self.counts_directories;
        let names = links(status).saturating_mul(self.names);
        let bytes = u64::try_from(status.st_size).unwrap_or(0);
        let blocks = u64::try_from(status.st_blocks).unwrap_or(0);
        Entry {
            bytes: if is_counted { bytes } else { 0 },
            disk_bytes: if is_counted {
                blocks.saturating_mul(512)
            } else {
                0
            },
            link: (!is_directory && names > 1).then_some(Link {
                inode: status.st_ino,
                names,
            }),
            is_regular: matches!(kind, FileType::Directory | FileType::RegularFile),
            attributes: Some(Attributes {
                uid: status.st_uid,
                gid: status.st_gid,
                mode: status.st_mode,
                mtime: status.st_mtime,
            }),
            ..Entry::named(name)
        }
    }
}

fn unreadable(name: &[u8]) -> Entry<'_> {
    Entry {
        refusal: Some(Refusal::Unreadable),
        ..Entry::named(name)
    }
}

/// Opens a directory of the innermost level.
fn descend(levels: &mut [Level], name: &[u8]) -> Option<Beneath> {
    let nearest = levels.iter().rposition(|level| level.directory.is_some())?;
    let mut from = levels[nearest].directory.clone()?;
    let kept = levels.len().saturating_sub(OPENED_AGAIN);
    for (position, level) in levels.iter_mut().enumerate().skip(nearest + 1) {
        from = from.directory(&level.name).ok().flatten()?;
        if position >= kept {
            level.directory = Some(from.clone());
        }
    }
    from.directory(name).ok().flatten()
}

/// Returns what is in a directory, last name first; `None` where it cannot be listed.
fn listing(directory: &Beneath) -> Option<Vec<(Vec<u8>, Option<Stat>)>> {
    let names = directory.names(b"", limits::STORE_NAMES).ok().flatten()?;
    let handle = directory.as_descriptor();
    let found = names.into_iter().rev().map(|name| {
        let status = rustix::fs::statat(handle, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW);
        (name, status.ok())
    });
    Some(found.collect())
}

fn inode(piece: &Piece) -> Option<Inode> {
    let location = &piece.location;
    let status = location.root.status(&location.path).ok().flatten()?;
    Some((device_of(&status), status.st_ino))
}

#[allow(
    clippy::useless_conversion,
    reason = "the type differs between systems"
)]
fn device_of(status: &Stat) -> u64 {
    u64::try_from(status.st_dev).unwrap_or(u64::MAX)
}

#[allow(
    clippy::useless_conversion,
    reason = "the type differs between systems"
)]
fn links(status: &Stat) -> u64 {
    u64::try_from(status.st_nlink).unwrap_or(u64::MAX)
}
