//! The walk: all directories below the roots, by several threads, each inode looked at once.
//!
//! A thread takes a directory, adds up its entries and leaves the directories in it for whoever comes first,
//! the deepest first. Directories wait by name, so that few are open at a time.

use std::collections::{BTreeMap, btree_map};
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat};
use rustix::io::Errno;

use super::super::piece::{Role, Usage};
use super::claims::{Claim, Claims, Inode, Root, Spot, inode_of, reopened};
use super::growth::Grown;
use super::mounted::{self, FileSystem, Verdict, Way};
use crate::limits;
use crate::mount_table::{Below, RemoteMounts};
use crate::path;
use crate::progress::Job;

/// What one thread has seen.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By claim: what it weighs, files with several names left out.
    pub(super) usages: Vec<Usage>,
    /// Files with several names, once a name.
    pub(super) linked: Vec<Linked>,
    /// What could not be read.
    pub(super) failures: Vec<Failure>,
    /// When pieces were changed, by their own inodes.
    pub(super) modified: Vec<(Claim, i64)>,
    /// Pieces that exist.
    pub(super) grown: Vec<(Claim, Arc<Grown>)>,
    /// Other file systems that were not entered, escaped.
    pub(super) not_entered: Vec<(Claim, String)>,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Failure {
    /// Whose it is.
    pub(super) claim: Claim,
    /// What it is and why, escaped.
    pub(super) reason: String,
    /// The place, where pieces below it are unknown too.
    pub(super) spot: Option<Spot>,
}

/// One name of a file that has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Linked {
    pub(super) inode: Inode,
    pub(super) claim: Claim,
    pub(super) disk_bytes: u64,
    pub(super) file_bytes: u64,
}

/// A directory that waits.
struct Waiting {
    above: Above,
    spot: Option<Spot>,
    claim: Claim,
    device: Option<u64>,
    depth: usize,
    grown: Option<Arc<Grown>>,
    /// What below it may never answer.
    remote: RemoteMounts,
}

enum Above {
    Root(usize),
    Directory(Arc<OwnedFd>, CString),
}

/// Walks everything that is claimed.
pub(super) fn walk(claims: &Claims, threads: usize, job: &Job) -> Vec<Tally> {
    let queue = Queue::new(claims);
    let run = || {
        let mut worker = Worker::new(claims, job);
        while let Some(directory) = queue.take() {
            if !job.is_cancelled() {
                worker.look_into(directory);
            }
            queue.give(&mut worker.found);
        }
        job.count_entries(worker.counted);
        worker.tally
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut tallies = vec![run()];
        for other in others {
            match other.join() {
                Ok(tally) => tallies.push(tally),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        tallies
    })
}

/// Directories that wait, and how many are being looked into.
struct Queue {
    state: Mutex<(Vec<Waiting>, usize)>,
    changed: Condvar,
    idle: AtomicUsize,
}

impl Queue {
    fn new(claims: &Claims) -> Self {
        let start = |(position, root): (usize, &Root)| {
            Some(Waiting {
                above: Above::Root(position),
                spot: Some(root.spot),
                claim: root.claim?,
                device: None,
                depth: 0,
                grown: claims.grown(root.claim?),
                remote: root.beneath.remote_mounts().clone(),
            })
        };
        let roots = claims.roots().iter().enumerate().filter_map(start);
        let waiting = roots.chain(alone(claims)).collect();
        Self {
            state: Mutex::new((waiting, 0)),
            changed: Condvar::new(),
            idle: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<Waiting>, usize)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a directory; `None` once all are done.
    fn take(&self) -> Option<Waiting> {
        let mut state = self.lock();
        loop {
            if let Some(directory) = state.0.pop() {
                state.1 += 1;
                return Some(directory);
            }
            if state.1 == 0 {
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            self.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Says that a directory is done, and what was found in it.
    fn give(&self, found: &mut Vec<Waiting>) {
        let mut state = self.lock();
        state.0.append(found);
        state.1 -= 1;
        let is_wanted = !state.0.is_empty() || state.1 == 0;
        drop(state);
        if is_wanted && self.idle.load(Ordering::Relaxed) > 0 {
            self.changed.notify_all();
        }
    }
}

/// Returns the places that are walked without the directory around them.
fn alone(claims: &Claims) -> Vec<Waiting> {
    let mut opened: BTreeMap<usize, Arc<OwnedFd>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for (root, name, spot, claim) in claims.alone() {
        if let btree_map::Entry::Vacant(place) = opened.entry(root)
            && let Ok(directory) = reopened(&claims.roots()[root].beneath)
        {
            place.insert(Arc::new(directory));
        }
        if let (Some(directory), Ok(name)) = (opened.get(&root), CString::new(name)) {
            waiting.push(Waiting {
                above: Above::Directory(Arc::clone(directory), name),
                spot: Some(spot),
                claim,
                device: None,
                depth: 0,
                grown: claims.grown(claim),
                remote: claims.roots()[root].beneath.remote_mounts().clone(),
            });
        }
    }
    waiting
}

struct Worker<'a> {
    claims: &'a Claims,
    job: &'a Job,
    tally: Tally,
    found: Vec<Waiting>,
    buffer: Vec<MaybeUninit<u8>>,
    counted: u64,
}

/// Where entries are added to.
struct Here<'a> {
    directory: &'a Arc<OwnedFd>,
    spot: Option<Spot>,
    claim: Claim,
    device: u64,
    depth: usize,
    grown: Option<&'a Arc<Grown>>,
    remote: &'a RemoteMounts,
}

impl<'a> Worker<'a> {
    fn new(claims: &'a Claims, job: &'a Job) -> Self {
        Self {
            claims,
            job,
            tally: Tally {
                usages: vec![Usage::default(); claims.len()],
                ..Tally::default()
            },
            found: Vec::new(),
            buffer: vec![MaybeUninit::uninit(); 32 * 1024],
            counted: 0,
        }
    }

    fn look_into(&mut self, waiting: Waiting) {
        let opened = match &waiting.above {
            Above::Root(position) => reopened(&self.claims.roots()[*position].beneath),
            Above::Directory(above, name) => open_directory(above, name),
        };
        let status = opened.and_then(|opened| Ok((rustix::fs::fstat(&opened)?, opened)));
        match status {
            Ok((status, opened)) => self.enter(&waiting, opened, &status),
            // It is gone: what is not there takes no room.
            Err(Errno::NOENT) => {}
            Err(error) => self.refuse(&waiting, error),
        }
    }

    /// A directory that cannot be opened still has blocks of its own.
    fn refuse(&mut self, waiting: &Waiting, error: Errno) {
        let Above::Directory(above, name) = &waiting.above else {
            let shown = "its top directory";
            return self.fail(waiting.claim, waiting.spot, shown, error);
        };
        if let Ok(status) = rustix::fs::statat(above, name.as_c_str(), AtFlags::SYMLINK_NOFOLLOW) {
            self.add(waiting.claim, &status, waiting.grown.as_deref());
            if error == Errno::ACCESS && self.is_kernels_own(waiting.claim, name, &status) {
                return;
            }
        }
        self.fail(
            waiting.claim,
            waiting.spot,
            &path::display(name.as_bytes()),
            error,
        );
    }

    /// Returns whether a directory is the one in which overlayfs prepares changes. Nobody but root may open it, not
    /// even its owner, and nothing stays in it (kernel, fs/overlayfs/super.c, `ovl_workdir_create`).
    fn is_kernels_own(&self, claim: Claim, name: &CStr, status: &Stat) -> bool {
        let is_beside_files = matches!(
            self.claims.role(claim),
            Role::ContainerFiles | Role::Bookkeeping | Role::Cache | Role::Orphan
        );
        is_beside_files
            && name.to_bytes() == b"work"
            && Mode::from_raw_mode(status.st_mode).is_empty()
    }

    fn fail(&mut self, claim: Claim, spot: Option<Spot>, shown: &str, error: Errno) {
        let reason = format!("{shown}: {}", std::io::Error::from(error));
        self.tally.failures.push(Failure {
            claim,
            reason,
            spot,
        });
    }

    fn enter(&mut self, waiting: &Waiting, opened: OwnedFd, status: &Stat) {
        let inode = inode_of(status);
        let is_below = matches!(waiting.above, Above::Directory(..));
        if is_below && self.claims.is_root(inode) {
            return;
        }
        if waiting.device.is_some_and(|device| device != inode.0)
            && !self.may_enter(waiting, &opened)
        {
            return;
        }
        self.add(waiting.claim, status, waiting.grown.as_deref());
        if self.claims.claim(waiting.spot) == Some(waiting.claim) {
            self.tally.modified.push((waiting.claim, status.st_mtime));
        }
        if let Some(grown) = &waiting.grown {
            self.tally.grown.push((waiting.claim, Arc::clone(grown)));
        }
        let opened = Arc::new(opened);
        let here = Here {
            directory: &opened,
            spot: waiting.spot,
            claim: waiting.claim,
            device: inode.0,
            depth: waiting.depth,
            grown: waiting.grown.as_ref(),
            remote: &waiting.remote,
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        self.list(&here, &mut buffer);
        self.buffer = buffer;
    }

    /// Returns whether another file system that is mounted here is a part of what is measured.
    fn may_enter(&mut self, waiting: &Waiting, opened: &OwnedFd) -> bool {
        let Above::Directory(_, name) = &waiting.above else {
            return true;
        };
        let mounted = FileSystem::of(opened);
        self.judge(mounted, None, name, (waiting.spot, waiting.claim))
    }

    /// Says what is done about a mount; `told` is what the mount table says of it, escaped.
    fn judge(
        &mut self,
        mounted: FileSystem,
        told: Option<&str>,
        name: &CStr,
        (spot, claim): (Option<Spot>, Claim),
    ) -> bool {
        let way = match spot {
            Some(spot) if self.claims.leads_on(spot) => Way::Through,
            Some(_) => Way::Ends,
            None => Way::Inside,
        };
        let shown = path::display(name.to_bytes()).into_owned();
        match mounted::verdict(mounted, way, self.claims.role(claim)) {
            Verdict::Enter => return true,
            Verdict::Pass => {}
            Verdict::Tell => {
                let shown = told.map_or(shown.clone(), |told| format!("{shown}: {told}"));
                self.tally.not_entered.push((claim, shown));
            }
            Verdict::Refuse(what) => self.tally.failures.push(Failure {
                claim,
                reason: format!(
                    "{shown}: {} is mounted there, and it is not entered",
                    told.unwrap_or(what)
                ),
                spot,
            }),
        }
        false
    }

    fn list(&mut self, here: &Here<'_>, buffer: &mut [MaybeUninit<u8>]) {
        let mut listing = RawDir::new(here.directory.as_fd(), buffer);
        while let Some(entry) = listing.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let shown = "a directory cannot be listed to its end";
                    self.fail(here.claim, here.spot, shown, error);
                    return;
                }
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            self.counted += 1;
            if self.counted >= 1024 {
                self.job.count_entries(std::mem::take(&mut self.counted));
            }
            match here.remote.at(name.to_bytes()) {
                // Not even its type is asked for.
                Below::Remote(mounted) => {
                    let spot = self.claims.below(here.spot, name.to_bytes());
                    let claim = self.claims.claim(spot).unwrap_or(here.claim);
                    let kind = FileSystem::unasked(&mounted);
                    self.judge(kind, Some(&mounted.told), name, (spot, claim));
                }
                Below::Local(_) if entry.file_type() == FileType::Directory => {
                    self.leave_for_later(here, name);
                }
                Below::Local(_) => self.look_at(here, name),
            }
        }
    }

    fn look_at(&mut self, here: &Here<'_>, name: &CStr) {
        let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
        match rustix::fs::statat(here.directory, name, flags) {
            // Some file systems do not tell types in listings.
            Ok(status) if FileType::from_raw_mode(status.st_mode) == FileType::Directory => {
                self.leave_for_later(here, name);
            }
            Ok(status) => {
                let spot = self.claims.below(here.spot, name.to_bytes());
                let own = self.claims.claim(spot);
                let claim = own.unwrap_or(here.claim);
                if FileType::from_raw_mode(status.st_mode) == FileType::Symlink {
                    self.note_link(here, name, spot);
                }
                if own.is_some() {
                    self.tally.modified.push((claim, status.st_mtime));
                }
                let grown = here.grown.filter(|_| claim == here.claim);
                let own = grown.and_then(|grown| grown.large_file(name.to_bytes(), &status));
                let file = own.clone().map(|own| (claim, own));
                self.tally.grown.extend(file);
                self.add(claim, &status, own.as_ref().or(grown).map(Arc::as_ref));
            }
            Err(Errno::NOENT) => {}
            Err(error) => self.fail(here.claim, None, &path::display(name.to_bytes()), error),
        }
    }

    /// A link where something of the store is meant to be: what it leads to is not seen, and so not nothing.
    fn note_link(&mut self, here: &Here<'_>, name: &CStr, spot: Option<Spot>) {
        let own = self.claims.claim(spot);
        if spot.is_none() || own.is_some_and(|own| self.claims.role(own) == Role::Orphan) {
            return;
        }
        let target = rustix::fs::readlinkat(here.directory, name, Vec::new());
        let target = target.map_or_else(|_| Vec::new(), CString::into_bytes);
        let reason = format!(
            "{} is a symbolic link to {}, which is not followed: name that directory to see what is in it",
            path::display(name.to_bytes()),
            path::display(&target)
        );
        self.tally.failures.push(Failure {
            claim: own.unwrap_or(here.claim),
            reason,
            spot,
        });
    }

    fn leave_for_later(&mut self, here: &Here<'_>, name: &CStr) {
        if here.depth >= limits::PATH_DEPTH {
            let shown = path::display(name.to_bytes());
            let spot = self.claims.below(here.spot, name.to_bytes());
            self.fail(here.claim, spot, &shown, Errno::NAMETOOLONG);
            return;
        }
        let spot = self.claims.below(here.spot, name.to_bytes());
        let claim = self.claims.claim(spot).unwrap_or(here.claim);
        let Below::Local(remote) = here.remote.at(name.to_bytes()) else {
            return;
        };
        let grown = match (claim == here.claim, here.grown) {
            (true, Some(grown)) => Some(grown.below(name.to_bytes())),
            (true, None) => None,
            (false, _) => self.claims.grown(claim),
        };
        self.found.push(Waiting {
            above: Above::Directory(Arc::clone(here.directory), name.to_owned()),
            spot,
            claim,
            device: Some(here.device),
            depth: here.depth + 1,
            grown,
            remote,
        });
    }

    fn add(&mut self, claim: Claim, status: &Stat, grown: Option<&Grown>) {
        let kind = FileType::from_raw_mode(status.st_mode);
        let usage = &mut self.tally.usages[claim.as_usize()];
        // Blocks of 512 bytes, whatever the file system's own are (stat(2)).
        let disk_bytes = u64::try_from(status.st_blocks)
            .unwrap_or(0)
            .saturating_mul(512);
        let file_bytes = match kind {
            FileType::Directory | FileType::CharacterDevice | FileType::BlockDevice => 0,
            _ => u64::try_from(status.st_size).unwrap_or(0),
        };
        if kind == FileType::RegularFile {
            usage.files += 1;
        }
        match (grown, kind) {
            (Some(grown), FileType::Directory) => grown.add(disk_bytes),
            (Some(grown), _) => grown.add_file(disk_bytes),
            (None, _) => {}
        }
        if kind != FileType::Directory && status.st_nlink > 1 {
            self.tally.linked.push(Linked {
                inode: inode_of(status),
                claim,
                disk_bytes,
                file_bytes,
            });
            return;
        }
        usage.inodes += 1;
        usage.disk_bytes = usage.disk_bytes.saturating_add(disk_bytes);
        usage.own_disk_bytes = usage.own_disk_bytes.saturating_add(disk_bytes);
        usage.file_bytes = usage.file_bytes.saturating_add(file_bytes);
    }
}

fn open_directory(above: &OwnedFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let flags =
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::openat(above, name, flags, Mode::empty())
}
