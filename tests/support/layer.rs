//! A layer under construction: a list of records in the order they are stored.

use super::item::{Encoding, Item, Kind};
use super::tar;

/// Collects the records of one layer. Methods that say nothing about a path change the record added last.
#[derive(Debug, Clone, Default)]
pub struct LayerBuilder {
    items: Vec<Item>,
    encoding: Encoding,
}

impl LayerBuilder {
    /// Starts with no records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the records.
    pub fn into_items(self) -> Vec<Item> {
        self.items
    }

    /// Adds a record.
    pub fn item(mut self, mut item: Item) -> Self {
        if item.encoding == Encoding::default() {
            item.encoding = self.encoding;
        }
        self.items.push(item);
        self
    }

    /// Adds records.
    pub fn items(self, items: impl IntoIterator<Item = Item>) -> Self {
        items.into_iter().fold(self, Self::item)
    }

    fn push(self, path: impl AsRef<[u8]>, kind: Kind) -> Self {
        self.item(Item::new(path, kind))
    }

    /// Adds a regular file.
    pub fn file(self, path: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::File(data.as_ref().to_vec()))
    }

    /// Adds a regular file of zeros.
    pub fn zeros(self, path: impl AsRef<[u8]>, length: usize) -> Self {
        self.push(path, Kind::File(vec![0; length]))
    }

    /// Adds a directory.
    pub fn dir(self, path: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::Dir)
    }

    /// Adds a symbolic link at `path`.
    pub fn symlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::Symlink(target.as_ref().to_vec()))
    }

    /// Adds `path` as a further name of the file at `target`.
    pub fn hardlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::Hardlink(target.as_ref().to_vec()))
    }

    /// Adds a named pipe.
    pub fn fifo(self, path: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::Fifo)
    }

    /// Adds a character device.
    pub fn char_device(self, path: impl AsRef<[u8]>, major: u32, minor: u32) -> Self {
        self.push(path, Kind::CharDevice(major, minor))
    }

    /// Adds a block device.
    pub fn block_device(self, path: impl AsRef<[u8]>, major: u32, minor: u32) -> Self {
        self.push(path, Kind::BlockDevice(major, minor))
    }

    /// Removes `path` from lower layers (`.wh.NAME`).
    pub fn whiteout(self, path: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::Whiteout)
    }

    /// Hides what lower layers have below `path` (`.wh..wh..opq`); adds no directory record.
    pub fn opaque(self, path: impl AsRef<[u8]>) -> Self {
        self.push(path, Kind::Opaque)
    }

    /// Adds bytes as they are, for hostile and odd cases; see [`tar::raw_entry`] and [`tar::pax`].
    pub fn raw(self, bytes: impl AsRef<[u8]>) -> Self {
        self.push("", Kind::Raw(bytes.as_ref().to_vec()))
    }

    /// Adds a PAX global header.
    pub fn global_header(self, records: &[(&[u8], &[u8])]) -> Self {
        self.raw(tar::pax::header(b'g', b"pax_global_header", records))
    }

    fn last(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(self.items.last_mut().expect("a record comes first"));
        self
    }

    /// Sets the permission bits of the record added last.
    pub fn mode(self, mode: u32) -> Self {
        self.last(|item| item.mode = mode)
    }

    /// Sets owner and group of the record added last.
    pub fn owner(self, uid: u64, gid: u64) -> Self {
        self.last(|item| (item.uid, item.gid) = (uid, gid))
    }

    /// Sets the time of the record added last, seconds since 1970.
    pub fn mtime(self, mtime: i64) -> Self {
        self.last(|item| item.mtime = mtime)
    }

    /// Sets the nanoseconds of the record added last.
    pub fn mtime_nanos(self, nanos: u32) -> Self {
        self.last(|item| item.mtime_nanos = nanos)
    }

    /// Sets mode, owner, group and time of the record added last.
    pub fn meta(self, mode: u32, uid: u64, gid: u64, mtime: i64) -> Self {
        self.mode(mode).owner(uid, gid).mtime(mtime)
    }

    /// Adds an extended attribute to the record added last.
    pub fn xattr(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.last(|item| {
            item.xattrs
                .insert(name.as_ref().to_vec(), value.as_ref().to_vec());
        })
    }

    /// Chooses how tar writes the record added last.
    pub fn encoding(self, encoding: Encoding) -> Self {
        self.last(|item| item.encoding = encoding)
    }

    /// Chooses how tar writes the records that follow.
    pub fn encode_with(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }
}
