//! What can stand at a path.

use std::collections::BTreeMap;

use super::super::item::{Item, Kind};

/// Everything a record says apart from name, type and data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub mtime: i64,
    pub mtime_nanos: u32,
    pub xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Meta {
    /// Takes it out of a record.
    pub fn of(item: &Item) -> Self {
        Self {
            mode: item.mode,
            uid: item.uid,
            gid: item.gid,
            mtime: item.mtime,
            mtime_nanos: item.mtime_nanos,
            xattrs: item.xattrs.clone(),
        }
    }

    /// Takes over what a further header of the same inode says; attributes only if it has any.
    pub fn take(&mut self, header: Self) {
        let attributes = std::mem::take(&mut self.xattrs);
        *self = header;
        if self.xattrs.is_empty() {
            self.xattrs = attributes;
        }
    }

    /// Puts it into a record.
    pub fn put_into(self, item: &mut Item) {
        item.mode = self.mode;
        (item.uid, item.gid) = (self.uid, self.gid);
        (item.mtime, item.mtime_nanos) = (self.mtime, self.mtime_nanos);
        item.xattrs = self.xattrs;
    }
}

/// Identity of file data.
pub type InodeId = usize;

/// File data and what was stored with it.
#[derive(Debug, Clone)]
pub struct Inode {
    /// Path of the record that stored it.
    pub path: Vec<u8>,
    /// The layer that stored it.
    pub layer: usize,
    pub data: Vec<u8>,
    pub meta: Meta,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Without metadata where no layer lists it.
    Dir(Option<Meta>),
    File(InodeId),
    Symlink(Vec<u8>, Meta),
    /// A named pipe or device: type and device number.
    Special(&'static str, (u32, u32), Meta),
    /// A hard link to anything but a file.
    Nothing(Vec<u8>, Meta),
}

impl Node {
    /// Makes the node of a record that is neither file, hard link nor marker.
    pub fn simple(item: &Item) -> Self {
        let meta = Meta::of(item);
        match &item.kind {
            Kind::Dir => Self::Dir(Some(meta)),
            Kind::Symlink(target) => Self::Symlink(target.clone(), meta),
            Kind::Fifo => Self::Special("fifo", (0, 0), meta),
            Kind::CharDevice(major, minor) => Self::Special("char", (*major, *minor), meta),
            Kind::BlockDevice(major, minor) => Self::Special("block", (*major, *minor), meta),
            other => unreachable!("{other:?} is made elsewhere"),
        }
    }

    /// Returns whether it is a directory.
    pub fn is_dir(&self) -> bool {
        matches!(self, Self::Dir(_))
    }

    /// Returns the word listings use.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dir(_) => "dir",
            Self::File(_) | Self::Nothing(..) => "file",
            Self::Symlink(..) => "symlink",
            Self::Special(kind, ..) => kind,
        }
    }
}

/// A node in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    pub node: Node,
    /// The layer that provides it; for a directory the last that lists it.
    pub layer: usize,
}
