//! Which directories hold what a container has written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::Stat;

use super::super::Growth;

/// Most directories named for one container.
const NAMED: usize = 3;

/// Disk blocks in bytes from which on a file is named by itself where files are.
const LARGE_FILE: u64 = 1024 * 1024;

/// What is named: directories alone, as of what a container has written, or large files too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    Named,
    InDirectories,
}

/// A directory of a piece, or a large file; the files in it are added while it is walked.
#[derive(Debug)]
pub(super) struct Grown {
    above: Option<Arc<Grown>>,
    name: Box<[u8]>,
    depth: usize,
    files: Files,
    bytes: AtomicU64,
    /// Those of what is directly in it and no directory.
    loose: AtomicU64,
    /// The largest sum among the directories in it.
    largest: AtomicU64,
}

impl Grown {
    /// Starts at the top of a piece.
    pub(super) fn top(files: Files) -> Arc<Self> {
        Self::new(None, b"", 0, files)
    }

    /// Makes a directory in this one.
    pub(super) fn below(self: &Arc<Self>, name: &[u8]) -> Arc<Self> {
        Self::new(Some(Arc::clone(self)), name, self.depth + 1, self.files)
    }

    /// Makes a file in this directory that is named by itself; `None` for any other.
    pub(super) fn large_file(self: &Arc<Self>, name: &[u8], status: &Stat) -> Option<Arc<Self>> {
        let disk_bytes = u64::try_from(status.st_blocks)
            .unwrap_or(0)
            .saturating_mul(512);
        let is_named = self.files == Files::Named && disk_bytes >= LARGE_FILE;
        is_named.then(|| self.below(name))
    }

    fn new(above: Option<Arc<Self>>, name: &[u8], depth: usize, files: Files) -> Arc<Self> {
        Arc::new(Self {
            above,
            name: name.into(),
            depth,
            files,
            bytes: AtomicU64::new(0),
            loose: AtomicU64::new(0),
            largest: AtomicU64::new(0),
        })
    }

    /// Adds the disk blocks of something directly in it that is no directory.
    pub(super) fn add_file(&self, disk_bytes: u64) {
        self.add(disk_bytes);
        self.loose.fetch_add(disk_bytes, Ordering::Relaxed);
    }

    /// Adds the disk blocks of itself.
    pub(super) fn add(&self, disk_bytes: u64) {
        self.bytes.fetch_add(disk_bytes, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn path(&self) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = Some(self);
        while let Some(directory) = at.filter(|directory| directory.depth > 0) {
            names.push(&directory.name[..]);
            at = directory.above.as_deref();
        }
        names.reverse();
        names.join(&b'/')
    }
}

/// Returns the directories that hold most, largest first; none lies in another.
///
/// A directory that holds nearly everything of the one above is named in its place: `/var/log`, not `/var`. The top
/// stands for what is in none of them.
pub(super) fn largest(mut directories: Vec<Arc<Grown>>) -> Vec<Growth> {
    directories.sort_by_key(|directory| std::cmp::Reverse(directory.depth));
    let top = directories.last();
    let loose = top.map_or(0, |top| top.loose.load(Ordering::Relaxed));
    for directory in &directories {
        if let Some(above) = &directory.above {
            above.add(directory.bytes());
            above
                .largest
                .fetch_max(directory.bytes(), Ordering::Relaxed);
        }
    }
    let whole = directories.last().map_or(0, |top| top.bytes());
    let mut named: Vec<(u64, Vec<u8>)> = directories
        .iter()
        .filter(|directory| directory.depth > 0)
        .filter(|directory| {
            let bytes = directory.bytes();
            let is_spread = directory.largest.load(Ordering::Relaxed) < bytes / 5 * 4;
            bytes > 0 && bytes >= whole / 20 && is_spread
        })
        .map(|directory| (directory.bytes(), directory.path()))
        .collect();
    if loose > 0 && loose >= whole / 5 {
        named.push((loose, Vec::new()));
    }
    named.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let mut chosen: Vec<Growth> = Vec::new();
    for (disk_bytes, path) in named {
        let is_apart =
            |other: &Growth| !is_within(&path, &other.path) && !is_within(&other.path, &path);
        if chosen.len() < NAMED && chosen.iter().all(is_apart) {
            chosen.push(Growth { path, disk_bytes });
        }
    }
    chosen
}

fn is_within(path: &[u8], above: &[u8]) -> bool {
    let is_top = path.is_empty() || above.is_empty();
    !is_top
        && path
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_that_grew_is_named_and_not_the_one_above() {
        let top = Grown::top(Files::InDirectories);
        let var = top.below(b"var");
        let log = var.below(b"log");
        let one = log.below(b"one");
        let two = log.below(b"two");
        let tmp = top.below(b"tmp");
        let etc = top.below(b"etc");
        one.add(500);
        two.add(400);
        var.add(20);
        tmp.add(300);
        etc.add(10);
        let named = largest(vec![top, var, log, one, two, tmp, etc]);
        let named: Vec<_> = named
            .iter()
            .map(|growth| (growth.path.escape_ascii().to_string(), growth.disk_bytes))
            .collect();
        assert_eq!(named, [("var/log".into(), 900), ("tmp".into(), 300)]);
    }

    #[test]
    fn names_that_only_begin_alike_are_apart() {
        assert!(is_within(b"a/b", b"a") && is_within(b"a", b"a") && !is_within(b"ab", b"a"));
        assert!(!is_within(b"a", b"") && !is_within(b"", b"a"));
    }

    #[test]
    fn a_file_in_no_directory_is_what_grew_too() {
        let top = Grown::top(Files::InDirectories);
        let data = top.below(b"data");
        top.add_file(4000);
        data.add(150);
        let named = |directories| {
            largest(directories)
                .into_iter()
                .map(|growth| (growth.path.escape_ascii().to_string(), growth.disk_bytes))
                .collect::<Vec<_>>()
        };
        assert_eq!(named(vec![Arc::clone(&top), data]), [(String::new(), 4000)]);
        let srv = top.below(b"srv");
        srv.add(9000);
        let named = named(vec![top, srv]);
        assert_eq!(named[0], ("srv".into(), 9000));
        assert_eq!(named[1].0, "");
    }
}
