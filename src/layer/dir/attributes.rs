//! Extended attributes of names in an open directory, without opening what has them where that is possible.

use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::status::Status;
use crate::layer::EntryKind;

/// Longest list of names and longest value, in bytes: Linux's `XATTR_LIST_MAX` and `XATTR_SIZE_MAX`.
const LONGEST: usize = 64 * 1024;

/// Names and values.
pub(in crate::layer) type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads extended attributes; keeps its buffers.
#[derive(Debug)]
pub(in crate::layer) struct AttributeReader {
    route: Route,
    place: Vec<u8>,
    list: Vec<u8>,
    value: Vec<u8>,
}

/// How a name in a directory is reached: system calls for attributes take a path or an open file, and no name
/// relative to a directory (before Linux 6.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// By `/proc/self/fd/N/NAME`: no link is followed, nothing is opened, so that pipes and devices have their
    /// say too.
    Descriptor,
    /// By opening it, where there is no such `/proc`: regular files and directories alone.
    Open,
}

impl AttributeReader {
    /// Makes a reader for names below this directory.
    pub(in crate::layer) fn new(directory: BorrowedFd<'_>) -> Self {
        let mut reader = Self {
            route: Route::Open,
            place: Vec::new(),
            list: vec![0; LONGEST],
            value: vec![0; LONGEST],
        };
        reader.go_to(directory, b".");
        let through = rustix::fs::lstat(reader.place.as_slice()).map(|found| Status::from(&found));
        if through.is_ok() && through == Status::of(directory, b".") {
            reader.route = Route::Descriptor;
        }
        reader
    }

    fn go_to(&mut self, directory: BorrowedFd<'_>, name: &[u8]) {
        let number = directory.as_raw_fd().to_string();
        self.place.clear();
        self.place.extend_from_slice(b"/proc/self/fd/");
        self.place.extend_from_slice(number.as_bytes());
        self.place.push(b'/');
        self.place.extend_from_slice(name);
    }

    /// Returns the wanted attributes of a name, sorted. What is gone, or on a file system without attributes,
    /// has none.
    pub(in crate::layer) fn read(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &[u8],
        kind: EntryKind,
        is_wanted: &dyn Fn(&[u8]) -> bool,
    ) -> rustix::io::Result<Attributes> {
        let read = match self.route {
            Route::Descriptor => {
                self.go_to(directory, name);
                let place = self.place.as_slice();
                let list = rustix::fs::llistxattr(place, &mut self.list[..]);
                values(
                    list,
                    &self.list,
                    &mut self.value,
                    is_wanted,
                    |name, value| rustix::fs::lgetxattr(place, name, value),
                )
            }
            Route::Open if matches!(kind, EntryKind::File | EntryKind::Dir) => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = rustix::fs::openat(directory, name, flags, Mode::empty())?;
                let list = rustix::fs::flistxattr(&file, &mut self.list[..]);
                values(
                    list,
                    &self.list,
                    &mut self.value,
                    is_wanted,
                    |name, value| rustix::fs::fgetxattr(&file, name, value),
                )
            }
            Route::Open => Ok(Attributes::new()),
        };
        match read {
            Err(Errno::OPNOTSUPP | Errno::NOENT | Errno::NOSYS) => Ok(Attributes::new()),
            other => other,
        }
    }
}

fn values(
    list: rustix::io::Result<usize>,
    names: &[u8],
    buffer: &mut [u8],
    is_wanted: &dyn Fn(&[u8]) -> bool,
    get: impl Fn(&[u8], &mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<Attributes> {
    let names = names.get(..list?).unwrap_or_default();
    let mut found = Attributes::new();
    for name in names.split(|&byte| byte == 0) {
        if name.is_empty() || !is_wanted(name) {
            continue;
        }
        match get(name, buffer) {
            Ok(length) => {
                let value = buffer.get(..length).unwrap_or_default();
                found.push((name.to_vec(), value.to_vec()));
            }
            // Taken away meanwhile, or for other eyes.
            Err(Errno::NODATA) => {}
            Err(error) => return Err(error),
        }
    }
    found.sort_unstable();
    Ok(found)
}
