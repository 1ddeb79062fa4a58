//! Entries one behind the other, as bytes.

use std::io;

use crate::layer::{Entry, EntryKind, Meta, Placement};
use crate::path::ImagePath;

/// Length from which a chunk takes no further entry, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

/// A run of entries; the first has its whole path.
#[derive(Debug)]
pub(super) struct Chunk(Vec<u8>);

const OPAQUE: u64 = 1 << 4;
const LINK_STORE: u64 = 1 << 5;
const LINK: u64 = 1 << 6;
const CONTENT: u64 = 1 << 7;
const DATA: u64 = 1 << 8;
const XATTRS: u64 = 1 << 9;
const DEVICE: u64 = 1 << 10;
const VACATED: u64 = 1 << 11;

fn flags(entry: &Entry<'_>) -> u64 {
    let meta = &entry.meta;
    let flags = [
        (OPAQUE, meta.opaque),
        (LINK_STORE, entry.placement == Placement::LinkStore),
        (VACATED, entry.placement == Placement::Vacated),
        (LINK, entry.link.is_some()),
        (CONTENT, entry.content.is_some()),
        (DATA, entry.data.is_some()),
        (XATTRS, !entry.xattrs.is_empty()),
        (DEVICE, meta.device != (0, 0)),
    ];
    let set = flags.into_iter().filter(|(_, is_set)| *is_set);
    set.fold(meta.kind as u64, |flags, (flag, _)| flags | flag)
}

impl Chunk {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) const fn is_full(&self) -> bool {
        self.0.len() >= CHUNK_BYTES
    }

    /// Compresses what was written, and is empty again.
    pub(super) fn pack(&mut self) -> io::Result<Box<[u8]>> {
        let packed = zstd::bulk::compress(&self.0, 1)?;
        self.0.clear();
        Ok(packed.into_boxed_slice())
    }

    /// Undoes [`Chunk::pack`].
    pub(super) fn unpack(packed: &[u8]) -> Option<Self> {
        zstd::decode_all(packed).ok().map(Self)
    }

    /// Writes an entry behind another whose path is `path`, which becomes this one's.
    pub(super) fn write(&mut self, entry: &Entry<'_>, path: &mut Vec<u8>) {
        let new = entry.path.as_bytes();
        let pairs = new.iter().zip(&*path);
        let shared = pairs.take_while(|(new, old)| new == old).count();
        self.number(shared as u64);
        self.bytes(&new[shared..]);
        path.truncate(shared);
        path.extend_from_slice(&new[shared..]);

        let meta = &entry.meta;
        self.number(flags(entry));
        self.number(meta.size);
        self.number(((meta.mtime << 1) ^ (meta.mtime >> 63)).cast_unsigned());
        for number in [meta.mtime_nanos, meta.uid, meta.gid, u32::from(meta.mode)] {
            self.number(u64::from(number));
        }
        self.number(entry.offset);
        if meta.device != (0, 0) {
            self.number(u64::from(meta.device.0));
            self.number(u64::from(meta.device.1));
        }
        if let Some((start, length)) = entry.data {
            self.number(start);
            self.number(length);
        }
        if let Some(content) = entry.content {
            self.0.extend_from_slice(&content.to_le_bytes());
        }
        if let Some(link) = entry.link {
            self.bytes(link);
        }
        if !entry.xattrs.is_empty() {
            self.number(entry.xattrs.len() as u64);
            for (name, value) in entry.xattrs {
                self.bytes(name);
                self.bytes(value);
            }
        }
    }

    /// Seven bits a byte, the lowest first; the highest bit of a byte says that more follow.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

/// Reads the entries of a chunk.
pub(super) struct Reader<'c> {
    rest: &'c [u8],
    path: Vec<u8>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'c> Reader<'c> {
    pub(super) const fn new(chunk: &'c Chunk) -> Self {
        Self {
            rest: chunk.0.as_slice(),
            path: Vec::new(),
            xattrs: Vec::new(),
        }
    }

    /// Returns whether everything was read.
    pub(super) const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the next entry; `None` behind the last.
    pub(super) fn next(&mut self) -> Option<Entry<'_>> {
        let shared = usize::try_from(self.number()?).ok()?;
        let rest = self.bytes()?;
        self.path.truncate(shared);
        self.path.extend_from_slice(rest);

        let flags = self.number()?;
        let has = |flag| flags & flag != 0;
        let size = self.number()?;
        let mtime = self.number()?;
        let mtime = (mtime >> 1).cast_signed() ^ -(mtime & 1).cast_signed();
        let mtime_nanos = self.small()?;
        let (uid, gid) = (self.small()?, self.small()?);
        let mode = u16::try_from(self.number()?).ok()?;
        let offset = self.number()?;
        let device = if has(DEVICE) {
            (self.small()?, self.small()?)
        } else {
            (0, 0)
        };
        let data = if has(DATA) {
            Some((self.number()?, self.number()?))
        } else {
            None
        };
        let content = if has(CONTENT) {
            let (content, rest) = self.rest.split_first_chunk()?;
            self.rest = rest;
            Some(u64::from_le_bytes(*content))
        } else {
            None
        };
        let link = if has(LINK) { Some(self.bytes()?) } else { None };
        self.xattrs.clear();
        if has(XATTRS) {
            for _ in 0..self.number()? {
                let pair = (self.bytes()?.to_vec(), self.bytes()?.to_vec());
                self.xattrs.push(pair);
            }
        }
        Some(Entry {
            path: ImagePath::new(&self.path)?,
            link,
            meta: Meta {
                size,
                mtime,
                mtime_nanos,
                uid,
                gid,
                mode,
                kind: *EntryKind::ALL.get(usize::try_from(flags & 0xf).ok()?)?,
                opaque: has(OPAQUE),
                device,
            },
            xattrs: &self.xattrs,
            content,
            offset,
            data,
            placement: if has(LINK_STORE) {
                Placement::LinkStore
            } else if has(VACATED) {
                Placement::Vacated
            } else {
                Placement::Shown
            },
        })
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn bytes(&mut self) -> Option<&'c [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}
