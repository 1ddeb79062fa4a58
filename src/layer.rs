//! One layer: what its entries are, where its bytes are, who receives them.
//!
//! [`LayerSource`] is one layer's bytes, wherever they lie; [`EntrySink`] takes its entries in the order they
//! are stored. Encodings (tar headers, whiteout names, overlay attributes) end here: to the right of this
//! module there are only entries.

pub mod bytes;
pub mod codec;
pub mod content_hash;
pub mod dir;
pub mod file_kind;
pub mod gathered;
pub mod id_mapped;
pub mod media_type;
mod names;
pub mod recorded;
pub mod tar;
pub mod tar_split;
pub mod verified;
pub mod whole_copy;

use std::fmt;
use std::io::Read;

use crate::error::{Error, Result, Warning, WarningCode};
use crate::path::ImagePath;
use crate::progress::Job;

use self::verified::Verified;

/// Position of a layer in its image; 0 is the bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerIndex(pub u16);

impl LayerIndex {
    /// Returns the position as an index into arrays by layer.
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for LayerIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// A regular file with data of its own.
    File,
    /// A directory.
    Dir,
    /// A symbolic link; its target is data, never followed.
    Symlink,
    /// A further name of a file of this or a lower layer.
    Hardlink,
    /// A named pipe.
    Fifo,
    /// A character device other than a whiteout.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A socket.
    Socket,
    /// Removes its path of lower layers; with [`Meta::opaque`] the marker that makes its path an opaque directory.
    Whiteout,
}

impl EntryKind {
    /// All of them, each at the place of its number.
    pub const ALL: [Self; 9] = [
        Self::File,
        Self::Dir,
        Self::Symlink,
        Self::Hardlink,
        Self::Fifo,
        Self::CharDevice,
        Self::BlockDevice,
        Self::Socket,
        Self::Whiteout,
    ];

    /// Returns the word used in listings: `file` for hard links too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File | Self::Hardlink => "file",
            Self::Dir => "dir",
            Self::Symlink => "symlink",
            Self::Fifo => "fifo",
            Self::CharDevice => "char",
            Self::BlockDevice => "block",
            Self::Socket => "socket",
            Self::Whiteout => "whiteout",
        }
    }

    /// Returns the letter `ls -l` has for it; `None` for a whiteout.
    pub const fn letter(self) -> Option<char> {
        match self {
            Self::File | Self::Hardlink => Some('-'),
            Self::Dir => Some('d'),
            Self::Symlink => Some('l'),
            Self::Fifo => Some('p'),
            Self::CharDevice => Some('c'),
            Self::BlockDevice => Some('b'),
            Self::Socket => Some('s'),
            Self::Whiteout => None,
        }
    }

    /// Returns whether the entry is a name of file data.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Hardlink)
    }
}

/// What an entry says about its path apart from name, link target and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Length of the data in bytes as a program reads it (sparse files: with their holes); 0 unless a [`EntryKind::File`].
    pub size: u64,
    /// Modification time, seconds since 1970.
    pub mtime: i64,
    /// Nanoseconds beyond `mtime`, 0 to 999 999 999.
    pub mtime_nanos: u32,
    /// Number of the user who owns it.
    pub uid: u32,
    /// Number of the group that owns it.
    pub gid: u32,
    /// Permission bits with setuid, setgid and sticky: 12 bits.
    pub mode: u16,
    /// What kind of file it is, or that it is a whiteout.
    pub kind: EntryKind,
    /// Hides everything below it from lower layers.
    pub opaque: bool,
    /// Device number as major and minor; 0, 0 unless a device.
    pub device: (u32, u32),
}

/// Whether an entry's path is part of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Placement {
    /// It is.
    #[default]
    Shown,
    /// It is not, but hard links of the layer name its data: AUFS keeps such files under `.wh..wh.plnk`.
    LinkStore,
    /// It is vacated: a device that takes its name as any entry does, and then is a whiteout of it.
    Vacated,
}

/// One record of one layer, borrowed from the scanner's buffers.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its place in the union; for whiteouts the path they remove, for opaque markers the directory.
    pub path: ImagePath<'a>,
    /// Symlink: the target as stored. Hard link: the target's path as stored, relative to the root. File: the path
    /// that has its data in the layers below, where the entry has none of its own. Directory: the path that the
    /// layers below have it at, where it was moved from another.
    pub link: Option<&'a [u8]>,
    /// Everything else.
    pub meta: Meta,
    /// Extended attributes, sorted by name.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
    /// [`content_hash::content_hash`] of the data, where the scanner had the data in its hands.
    pub content: Option<u64>,
    /// Where [`LayerSource::open`] finds the entry again: offset in bytes of its first header in the
    /// uncompressed layer; in a directory its number. Strictly ascending over a scan.
    pub offset: u64,
    /// Where the data of a file lies in the uncompressed layer: start and length. `None` for sparse files,
    /// whose data is in pieces, and for everything that is no file.
    pub data: Option<(u64, u64)>,
    /// Whether the path is part of the file system.
    pub placement: Placement,
}

impl<'a> Entry<'a> {
    /// Makes the entry of a whiteout or an opaque marker, which has neither target nor data.
    pub const fn marker(path: ImagePath<'a>, meta: Meta, offset: u64) -> Self {
        Self {
            path,
            link: None,
            meta,
            xattrs: &[],
            content: None,
            offset,
            data: None,
            placement: Placement::Shown,
        }
    }
}

/// Whether a scan saw everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Every byte that belongs to the layer was understood.
    Complete,
    /// Some of it was not; a warning says what.
    Partial,
}

/// What reading at a given place costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// [`LayerSource::open`] costs one read.
    Random,
    /// [`LayerSource::open`] costs everything before the entry (compressed layers).
    Sequential,
}

impl Access {
    /// Returns how many files to ask for at a time: a stream is passed once for all of them, but finds them by their
    /// offsets; elsewhere each needs its path, which may be long.
    pub const fn batch(self) -> usize {
        match self {
            Self::Random => 256,
            Self::Sequential => usize::MAX,
        }
    }
}

/// How a file or directory came to be in a layer that somebody writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was copied there from the layers below, to be changed or moved.
    CopiedUp,
    /// Nothing says that it was copied there. That is proof only where something else of the layer was.
    Unmarked,
    /// It was changed where it is: the layer is a whole file system, and nothing is ever copied up.
    InPlace,
    /// The layer does not tell.
    Unknown,
}

/// How a layer is asked for the data of one of its files.
#[derive(Debug, Clone, Copy)]
pub struct FileAt<'a> {
    /// [`Entry::offset`] of the entry that carries the data; archives find it by this.
    pub offset: u64,
    /// Its path in the layer, of the first name where it has several; directories find it by this.
    pub path: ImagePath<'a>,
    /// Its [`Meta::size`]: whoever finds a file of another length must not pass it off as this one.
    pub size: u64,
}

/// Receives what a file's bytes are: the position in the list asked for, and the bytes.
pub type Visitor<'a> = dyn FnMut(usize, &mut dyn Read) -> Result<()> + 'a;

/// One layer's bytes, wherever they are.
pub trait LayerSource: Send + Sync + fmt::Debug {
    /// Sends every entry to `sink` in stored order, in one pass.
    ///
    /// Damage is not an error: it is a warning to the sink and [`Completeness::Partial`].
    ///
    /// # Errors
    /// When nothing of the layer can be read, when the sink refuses, or [`Error::Interrupted`].
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness>;

    /// Opens the data of a file.
    ///
    /// # Errors
    /// When the layer cannot be read there, or what is there is not a file.
    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>>;

    /// Visits the data of several files, their offsets ascending, in one pass over the layer.
    ///
    /// # Errors
    /// As [`LayerSource::open`], or what `visit` returns.
    fn visit(&self, files: &[FileAt<'_>], visit: &mut Visitor<'_>, job: &Job) -> Result<()> {
        for (position, &file) in files.iter().enumerate() {
            job.check()?;
            visit(position, &mut *self.open(file)?)?;
        }
        Ok(())
    }

    /// Reads everything and compares it with the digest of the layer's uncompressed tar.
    ///
    /// # Errors
    /// When the layer cannot be read, or [`Error::Interrupted`].
    fn verify(&self, _diff_id: &str, _job: &Job) -> Result<Verified> {
        Ok(Verified::unprovable(
            "nothing keeps the tar it was made from",
        ))
    }

    /// Returns how a file or directory came to be in the layer.
    fn origin(&self, _path: ImagePath<'_>, _kind: EntryKind) -> Origin {
        Origin::Unknown
    }

    /// Returns file system and inode of what it is read from, by which a layer without digest is known again when
    /// it is opened twice.
    fn object(&self) -> Option<(u64, u64)> {
        None
    }

    /// Returns why the data of none of its files can be had, escaped; `None` where [`LayerSource::open`] may work.
    fn withheld(&self) -> Option<&str> {
        None
    }

    /// Returns what is known of it before it is read.
    fn facts(&self) -> LayerFacts;
}

/// What is known of a layer before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerFacts {
    /// What [`LayerSource::open`] costs.
    pub access: Access,
    /// Bytes that a scan reads or skips, as far as known.
    pub stored_bytes: u64,
    /// The length above which a file cannot be stored whole, but only with holes, in bytes.
    pub longest_data: u64,
    /// Most memory that its decoder takes, in bytes.
    pub decoder_bytes: u64,
}

impl LayerFacts {
    /// Files that lie in a directory as they are.
    pub const DIRECTORY: Self = Self {
        longest_data: u64::MAX,
        ..Self::archive(Access::Random, 0)
    };

    /// Files that lie in one run of stored bytes.
    pub const fn archive(access: Access, stored_bytes: u64) -> Self {
        Self {
            access,
            stored_bytes,
            longest_data: stored_bytes,
            decoder_bytes: 0,
        }
    }
}

/// Takes the entries of one layer.
pub trait EntrySink {
    /// Takes one entry.
    ///
    /// # Errors
    /// When a limit is reached; the scan ends there.
    fn entry(&mut self, entry: Entry<'_>) -> Result<()>;

    /// Takes word of something odd that did not stop the scan.
    fn warn(&mut self, warning: Warning);

    /// Returns whether the next warning of a kind will be more than counted; else it needs no message.
    fn wants(&self, _code: WarningCode) -> bool {
        true
    }

    /// Returns whether the data of a file is wanted. Asked only where it passes by once: by [`tar::PassingLayer`].
    fn wants_data(&self, _file: PassingFile<'_>) -> bool {
        false
    }

    /// Takes the data that is wanted; what is left unread is passed over. The file's entry follows, unless its name
    /// is none.
    ///
    /// # Errors
    /// As [`EntrySink::entry`], or [`Error::Interrupted`].
    fn data(&mut self, _file: PassingFile<'_>, _data: &mut (dyn Read + Send)) -> Result<()> {
        Ok(())
    }
}

/// A file whose data passes by.
#[derive(Debug, Clone, Copy)]
pub struct PassingFile<'a> {
    /// Its name as stored.
    pub name: &'a [u8],
    /// Where its data begins in the uncompressed archive.
    pub start: u64,
    /// Length of the data as its header has it, in bytes.
    pub length: u64,
}

/// A layer without entries: a build step that changed nothing.
#[derive(Debug)]
pub struct EmptyLayer;

impl LayerSource for EmptyLayer {
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        Ok(Completeness::Complete)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        Err(Error::NotFound {
            name: crate::path::display_absolute(file.path.as_bytes()),
        })
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::archive(Access::Random, 0)
    }
}

/// A layer that cannot be read at all: its blob is missing, or it is no file-system layer.
#[derive(Debug)]
pub struct UnreadableLayer {
    name: String,
    blob: String,
    what: &'static str,
    reason: Option<String>,
}

impl UnreadableLayer {
    /// Describes a layer of a store, which is no blob; all texts escaped, `reason` about "it".
    pub fn stored(layer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            name: "the store".to_owned(),
            blob: layer.into(),
            what: "layer",
            reason: Some(reason.into()),
        }
    }

    /// Describes the missing blob; both texts escaped.
    pub fn new(name: impl Into<String>, blob: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            blob: blob.into(),
            what: "blob",
            reason: None,
        }
    }

    /// Says why the blob cannot be used although it is there; escaped, about "it".
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    fn error(&self) -> Error {
        match &self.reason {
            None => Error::MissingBlob {
                name: self.name.clone(),
                blob: self.blob.clone(),
            },
            Some(reason) => Error::BadDocument {
                name: self.name.clone(),
                document: format!("{} {}", self.what, self.blob),
                reason: reason.clone(),
            },
        }
    }
}

impl LayerSource for UnreadableLayer {
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        Err(self.error())
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        Err(self.error())
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::archive(Access::Random, 0)
    }
}
