//! A piece of disk: one directory or file of a store, with what it is there for and what it weighs.

use crate::beneath::Beneath;
use crate::error::{Error, Result};

/// A place below a directory that is open.
#[derive(Debug, Clone)]
pub struct Location {
    /// The directory: a store's root, or another one that belongs to it.
    pub root: Beneath,
    /// Where below it; relative, `/`-separated, without `.` and `..`; empty for the directory itself.
    pub path: Vec<u8>,
}

impl Location {
    /// Names a place below a directory.
    pub fn new(root: &Beneath, path: impl Into<Vec<u8>>) -> Self {
        Self {
            root: root.clone(),
            path: path.into(),
        }
    }

    /// Returns the place below this one.
    #[must_use]
    pub fn join(&self, name: impl AsRef<[u8]>) -> Self {
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_ref());
        Self {
            root: self.root.clone(),
            path,
        }
    }

    /// Opens it as a directory.
    ///
    /// # Errors
    /// [`Error::Open`] or, where nothing has the name, [`Error::NotFound`].
    pub fn open(&self) -> Result<Beneath> {
        self.root
            .directory(&self.path)?
            .ok_or_else(|| Error::NotFound { name: self.shown() })
    }

    /// Returns the whole name for messages, escaped.
    pub fn shown(&self) -> String {
        self.root.shown(&self.path)
    }
}

/// Position of a piece in [`super::Store::pieces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceId(pub u32);

impl PieceId {
    /// Returns the position as an index.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// What a piece is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Files of a layer that does not change any more: a diff directory, a snapshot, a full copy.
    Layer,
    /// A compressed layer, a manifest or a configuration in a content store.
    Blob,
    /// What a container has written: its upper directory.
    Writable,
    /// A container's log, or a pod's.
    Log,
    /// Whatever else belongs to a container: its configuration, its `-init` layer, shared memory.
    ContainerFiles,
    /// A volume's data, or a pod's `emptyDir`.
    Volume,
    /// Files that only the build cache keeps.
    Cache,
    /// A plugin, an artifact, or what its engine is not known to make.
    Extra,
    /// Nobody owns it.
    Orphan,
    /// Databases, tar-split records, link directories: what the engine needs to know its way.
    Bookkeeping,
}

/// One directory or file of a store. Pieces may lie in each other: a file belongs to the innermost one.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Where it is.
    pub location: Location,
    /// What it is there for.
    pub role: Role,
    /// What it weighs without the pieces inside of it; `None` until measured, and where it cannot be.
    pub usage: Option<Usage>,
    /// Why a part of it, or all, could not be measured; escaped.
    pub unmeasured: Option<String>,
    /// When it was last changed, seconds since 1970, as its own inode says.
    pub modified: Option<i64>,
}

impl Piece {
    /// Makes a piece that is not measured yet.
    pub fn new(location: Location, role: Role) -> Self {
        Self {
            location,
            role,
            usage: None,
            unmeasured: None,
            modified: None,
        }
    }
}

/// What a piece weighs, in each of the senses that engines use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Disk blocks in bytes, each inode once over the whole store: sums of this are what `du` says.
    pub disk_bytes: u64,
    /// Disk blocks in bytes, each inode once within the piece, directories and whiteouts included: containerd's
    /// snapshot usage (containerd/continuity, fs.DiskUsage).
    pub own_disk_bytes: u64,
    /// Lengths of everything but directories and devices, each inode once within the piece: Docker's size of a
    /// diff directory (moby, pkg/directory).
    pub file_bytes: u64,
    /// Inodes within the piece, its own directory included.
    pub inodes: u64,
    /// Names of regular files.
    pub files: u64,
}

impl Usage {
    /// Adds another part of the same piece.
    pub(super) fn add(&mut self, other: &Self) {
        self.disk_bytes = self.disk_bytes.saturating_add(other.disk_bytes);
        self.own_disk_bytes = self.own_disk_bytes.saturating_add(other.own_disk_bytes);
        self.file_bytes = self.file_bytes.saturating_add(other.file_bytes);
        self.inodes = self.inodes.saturating_add(other.inodes);
        self.files = self.files.saturating_add(other.files);
    }
}
