//! What the kernel says of one name, in the same types on every platform.

use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, FileType, Stat};

use crate::beneath::inode_of;
use crate::layer::{EntryKind, Meta};

/// One inode, links themselves and not what they lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::layer) struct Status {
    /// Type; `None` for one that no image has.
    pub(in crate::layer) kind: Option<EntryKind>,
    /// Permission bits with setuid, setgid and sticky.
    pub(in crate::layer) mode: u16,
    pub(in crate::layer) uid: u32,
    pub(in crate::layer) gid: u32,
    /// Length in bytes, whatever the type.
    pub(in crate::layer) length: u64,
    /// Seconds since 1970 and nanoseconds beyond them.
    pub(in crate::layer) mtime: (i64, u32),
    /// Device number of a device as major and minor; 0, 0 of anything else.
    pub(in crate::layer) device: (u32, u32),
    /// File system and inode number.
    pub(in crate::layer) inode: (u64, u64),
    /// Names that the inode has anywhere.
    pub(in crate::layer) names: u64,
}

impl Status {
    /// Asks for a name of a directory; `.` is the directory itself.
    pub(in crate::layer) fn of(directory: BorrowedFd<'_>, name: &[u8]) -> rustix::io::Result<Self> {
        rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
            .map(|found| Self::from(&found))
    }

    /// Returns what an entry says of it, as this type.
    pub(in crate::layer) fn meta(&self, kind: EntryKind) -> Meta {
        let is_device = matches!(kind, EntryKind::CharDevice | EntryKind::BlockDevice);
        Meta {
            size: if kind == EntryKind::File {
                self.length
            } else {
                0
            },
            mtime: self.mtime.0,
            mtime_nanos: self.mtime.1,
            uid: self.uid,
            gid: self.gid,
            mode: self.mode,
            kind,
            opaque: false,
            device: if is_device { self.device } else { (0, 0) },
        }
    }
}

#[allow(
    clippy::useless_conversion,
    clippy::unnecessary_fallible_conversions,
    reason = "the fields' types differ between platforms"
)]
impl From<&Stat> for Status {
    fn from(found: &Stat) -> Self {
        let kind = kind_of(FileType::from_raw_mode(found.st_mode));
        let device = match kind {
            Some(EntryKind::CharDevice | EntryKind::BlockDevice) => (
                rustix::fs::major(found.st_rdev),
                rustix::fs::minor(found.st_rdev),
            ),
            _ => (0, 0),
        };
        Self {
            kind,
            mode: u16::try_from(found.st_mode & 0o7777).unwrap_or(0),
            uid: found.st_uid,
            gid: found.st_gid,
            length: u64::try_from(found.st_size).unwrap_or(0),
            mtime: (
                i64::try_from(found.st_mtime).unwrap_or(0),
                u32::try_from(found.st_mtime_nsec).unwrap_or(0),
            ),
            device,
            inode: inode_of(found),
            names: u64::try_from(found.st_nlink).unwrap_or(u64::MAX),
        }
    }
}

fn kind_of(found: FileType) -> Option<EntryKind> {
    match found {
        FileType::RegularFile => Some(EntryKind::File),
        FileType::Directory => Some(EntryKind::Dir),
        FileType::Symlink => Some(EntryKind::Symlink),
        FileType::Fifo => Some(EntryKind::Fifo),
        FileType::CharacterDevice => Some(EntryKind::CharDevice),
        FileType::BlockDevice => Some(EntryKind::BlockDevice),
        FileType::Socket => Some(EntryKind::Socket),
        FileType::Unknown => None,
    }
}
