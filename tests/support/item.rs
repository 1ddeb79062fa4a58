//! One record of a layer, free of how it is written, and the ways tar can write it.

use std::collections::BTreeMap;

/// What a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file with its data, holes included.
    File(Vec<u8>),
    /// A directory.
    Dir,
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// A further name of the file at the target, of this layer or a lower one.
    Hardlink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A character device, major and minor.
    CharDevice(u32, u32),
    /// A block device, major and minor.
    BlockDevice(u32, u32),
    /// Removes the path from lower layers.
    Whiteout,
    /// Hides what lower layers have below the path.
    Opaque,
    /// Bytes put into the tar as they are; no part of the logical image.
    Raw(Vec<u8>),
}

/// How tar writes a record. The logical meaning is the same in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// POSIX ustar, with PAX records for what does not fit: what Go and Docker write.
    #[default]
    Ustar,
    /// Everything in PAX records; name, link, size and time of the header itself are decoys.
    Pax,
    /// GNU: long-name records even for short names, base-256 numbers.
    Gnu,
    /// Seventh edition: no magic, files of type NUL, directories known by their trailing slash.
    V7,
    /// GNU sparse as an `S` header with extension blocks.
    SparseOld,
    /// GNU sparse, PAX 0.0: one record per offset and length.
    SparsePax00,
    /// GNU sparse, PAX 0.1: one map record.
    SparsePax01,
    /// GNU sparse, PAX 1.0: the map in front of the data.
    SparsePax10,
}

impl Encoding {
    /// All ways of writing.
    pub const ALL: [Self; 8] = [
        Self::Ustar,
        Self::Pax,
        Self::Gnu,
        Self::V7,
        Self::SparseOld,
        Self::SparsePax00,
        Self::SparsePax01,
        Self::SparsePax10,
    ];
}

/// One record of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place in the union; for whiteouts and opaque markers the path they act on.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Nanoseconds beyond.
    pub mtime_nanos: u32,
    /// Extended attributes.
    pub xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How tar writes it.
    pub encoding: Encoding,
}

impl Item {
    /// The time of records that do not say otherwise: 2026-01-01.
    pub const MTIME: i64 = 1_767_225_600;

    /// Makes a record of root's with the usual mode of its type.
    pub fn new(path: impl AsRef<[u8]>, kind: Kind) -> Self {
        let mode = match kind {
            Kind::Dir => 0o755,
            Kind::Symlink(_) => 0o777,
            _ => 0o644,
        };
        Self {
            path: path.as_ref().to_vec(),
            kind,
            mode,
            uid: 0,
            gid: 0,
            mtime: Self::MTIME,
            mtime_nanos: 0,
            xattrs: BTreeMap::new(),
            encoding: Encoding::default(),
        }
    }

    /// Returns the name a layer tar uses: `.wh.NAME` for whiteouts, `DIR/.wh..wh..opq` for opaque markers.
    pub fn stored_name(&self) -> Vec<u8> {
        match self.kind {
            Kind::Whiteout => {
                let start = self.path.iter().rposition(|&byte| byte == b'/');
                let start = start.map_or(0, |slash| slash + 1);
                let (parent, name) = self.path.split_at(start);
                [parent, b".wh.", name].concat()
            }
            Kind::Opaque if self.path.is_empty() => b".wh..wh..opq".to_vec(),
            Kind::Opaque => [&self.path[..], b"/.wh..wh..opq"].concat(),
            Kind::Dir => [&self.path[..], b"/"].concat(),
            _ => self.path.clone(),
        }
    }

    /// Returns the data of a file; nothing for all else.
    pub fn data(&self) -> &[u8] {
        match &self.kind {
            Kind::File(data) => data,
            _ => &[],
        }
    }
}
