//! The walk from header to header: which records an archive holds, whatever state it is in.
//!
//! Damage is survived: behind a header whose checksum fails the walk goes on at the next block that is a
//! valid header. Everything odd is noted in [`TarWalk::troubles`] with its offset.

use super::chunks::Stop;
use super::extended::{Extended, Records};
use super::header::{BLOCK, Header};
use super::sparse::{self, GnuSparse};
use super::window::Window;
use crate::error::{Error, Result, WarningCode};
use crate::layer::EntryKind;
use crate::limits;

/// One record of an archive. Its buffers are used again for the next.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Where its first header stands, extended headers included.
    pub(super) offset: u64,
    /// Where its stored data begins.
    pub(super) data: u64,
    /// Length of the stored data; what is there, not what is claimed.
    pub(super) stored: u64,
    /// Length of the file as a program reads it.
    pub(super) size: u64,
    pub(super) kind: Option<EntryKind>,
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime: (i64, u32),
    pub(super) device: (u32, u32),
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Data segments of a sparse file: offset in the file, length; ascending.
    pub(super) sparse: Option<Vec<(u64, u64)>>,
    /// Why its data cannot be had, or not all of it.
    pub(super) fault: Option<Fault>,
}

/// What is wrong with the data of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing says which of the stored bytes belong where.
    SparseMap,
    /// The archive ends inside it.
    Cut,
}

/// What [`TarWalk::next`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Entry,
    /// Nothing yet but troubles that the caller should empty.
    Pause,
    End,
}

/// Most troubles between two records that are noted at once; a damaged archive may be troubles from end to end.
const TROUBLES: usize = 64;

/// What stands at a place where a header may stand.
enum Block {
    Header,
    Zero,
    Damaged,
    Cut(usize),
    End,
}

/// A walk over one archive.
pub(super) struct TarWalk<'a> {
    pub(super) window: Window<'a>,
    /// Where the next header is expected.
    pub(super) position: u64,
    /// What was odd since the caller last emptied it.
    pub(super) troubles: Vec<(WarningCode, String)>,
    /// The header at hand; kept to be used again.
    block: Option<Box<[u8; 512]>>,
    /// What extended headers say of the next entry, and where the first of its headers is.
    local: Extended,
    local_is_set: bool,
    first: Option<u64>,
    seen_header: bool,
    seen_damage: bool,
}

impl<'a> TarWalk<'a> {
    pub(super) fn new(window: Window<'a>, position: u64) -> Self {
        Self {
            window,
            position,
            troubles: Vec::new(),
            block: None,
            local: Extended::default(),
            local_is_set: false,
            first: None,
            seen_header: false,
            seen_damage: false,
        }
    }

    /// Returns whether anything showed that this is a tar archive, or that it is empty.
    pub(super) const fn is_archive(&self) -> bool {
        self.seen_header || !self.seen_damage
    }

    /// Reads up to the next record.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<Step> {
        let mut block = self.block.take().unwrap_or_else(|| Box::new([0; 512]));
        let result = self.advance(record, &mut block);
        self.block = Some(block);
        match result {
            Ok(step) => Ok(step),
            Err(Stop::Cancelled) => Err(Error::Interrupted),
            Err(stop) => {
                self.note_stop(&stop, self.position);
                Ok(Step::End)
            }
        }
    }

    /// Notes why the bytes ended; `offset` is where they were wanted.
    pub(super) fn note_stop(&mut self, stop: &Stop, offset: u64) {
        match stop {
            Stop::Cancelled => {}
            Stop::ExpandedTooFar => self.trouble(
                WarningCode::LimitReached,
                format!(
                    "stopped at offset {offset}: more uncompressed data than --max-expanded allows"
                ),
            ),
            // What nothing can be read of is no archive, and whoever says so says why.
            Stop::Failed(_) if !self.seen_header && !self.window.is_outline() => {
                self.seen_damage = true;
            }
            Stop::Failed(error) => {
                self.damage(format!("cannot be read behind offset {offset}: {error}"));
            }
        }
    }

    fn advance(&mut self, record: &mut Record, block: &mut [u8; 512]) -> Result<Step, Stop> {
        let mut headers = 0;
        loop {
            if self.first.is_none() && self.troubles.len() >= TROUBLES {
                return Ok(Step::Pause);
            }
            let here = self.position;
            match self.block(here)? {
                Block::Header => self.copy_block(here, block)?,
                Block::Zero if self.is_end_marker(here)? => return self.finish(here),
                Block::Zero => {
                    self.trouble(
                        WarningCode::OddHeader,
                        format!("a lone block of zeros at offset {here}"),
                    );
                    self.position += BLOCK;
                    continue;
                }
                Block::Damaged => {
                    self.restart();
                    if self.resynchronise(here)? {
                        continue;
                    }
                    return Ok(Step::End);
                }
                Block::Cut(_) if !self.seen_header => {
                    self.seen_damage = true;
                    return Ok(Step::End);
                }
                Block::Cut(length) => {
                    self.damage(format!(
                        "ends inside a header at offset {here}, after {length} of 512 bytes"
                    ));
                    return Ok(Step::End);
                }
                Block::End => {
                    if !self.note_gap(here)? {
                        self.note_missing_end(here);
                    }
                    return Ok(Step::End);
                }
            }
            let header = Header::verified(block);
            self.seen_header = true;
            record.offset = *self.first.get_or_insert(here);
            let size = self
                .local
                .size
                .or_else(|| header.size().and_then(|size| u64::try_from(size).ok()));
            let Some(size) = size.filter(|&size| i64::try_from(size).is_ok()) else {
                self.damage(format!("header at offset {here} states an impossible size"));
                self.restart();
                self.position += BLOCK;
                continue;
            };
            match header.typeflag() {
                b'x' | b'X' | b'g' | b'L' | b'K' => {
                    headers += 1;
                    if headers > limits::EXTENDED_HEADERS {
                        self.limit(
                            here,
                            "the number of extended headers before one entry",
                            limits::EXTENDED_HEADERS as u64,
                        );
                        self.restart();
                        headers = 0;
                    }
                    // The size of an extended header is its own, never that of the entry it describes.
                    let own = header
                        .size()
                        .and_then(|size| u64::try_from(size).ok())
                        .unwrap_or(0);
                    self.extended(header.typeflag(), here, own)?;
                }
                // Volume labels, continued members of other volumes and old long-name lists are no files.
                b'V' | b'M' | b'N' => {
                    self.restart();
                    self.position = behind(here + BLOCK, size);
                }
                _ => {
                    self.fill(record, header, here, size)?;
                    return Ok(Step::Entry);
                }
            }
        }
    }

    fn block(&mut self, offset: u64) -> Result<Block, Stop> {
        self.window.at(offset, 512).map(classify)
    }

    /// Copies a block out of the window, where [`TarWalk::block`] has just found it, so that the window may move.
    fn copy_block(&mut self, offset: u64, block: &mut [u8; 512]) -> Result<(), Stop> {
        let bytes = self.window.at(offset, 512)?;
        if bytes.len() == block.len() {
            block.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn is_end_marker(&mut self, offset: u64) -> Result<bool, Stop> {
        Ok(matches!(
            self.block(offset + BLOCK)?,
            Block::Zero | Block::End
        ))
    }

    /// Looks behind the end marker. A stream is read to its end, so that its checksums are verified.
    fn finish(&mut self, marker: u64) -> Result<Step, Stop> {
        const LOOK_BEHIND: u64 = 64 * 1024;
        const LOOK_FOR_ANYTHING: u64 = 1024 * 1024;
        let length = match self.window.known_length() {
            None => u64::MAX,
            // File systems begin with zeros too.
            Some(_) if !self.seen_header => LOOK_FOR_ANYTHING,
            Some(_) => LOOK_BEHIND,
        };
        let mut garbage = false;
        let behind = marker + BLOCK;
        let passed = self
            .window
            .pass(behind, length - behind.min(length), &mut |piece| {
                garbage |= piece.iter().any(|&byte| byte != 0);
            })?;
        self.note_gap(behind.saturating_add(passed))?;
        if garbage && !self.seen_header {
            self.seen_damage = true;
        } else if garbage {
            self.trouble(
                WarningCode::TrailingData,
                format!("data behind the end of the archive at offset {marker} is ignored, as engines do"),
            );
        }
        Ok(Step::End)
    }

    /// Notes data of a file where none can be, in an archive of pieces; returns whether there is some.
    fn note_gap(&mut self, offset: u64) -> Result<bool, Stop> {
        if !self.window.is_outline() {
            return Ok(false);
        }
        let gap = self.window.gap_at(offset)?;
        if let Some(gap) = gap {
            self.damage(format!(
                "{gap} bytes of a file without a header at offset {offset}: nothing behind it can be read"
            ));
        }
        Ok(gap.is_some())
    }

    fn note_missing_end(&mut self, offset: u64) {
        if let Some(header) = self.first {
            self.damage(format!(
                "ends behind the extended header at offset {header}"
            ));
        } else if self.seen_header && !self.seen_damage {
            self.trouble(
                WarningCode::MissingEnd,
                format!("no end-of-archive blocks at offset {offset}: it may have been cut there"),
            );
        }
    }

    /// Goes on to the next valid header; returns whether there is one.
    fn resynchronise(&mut self, damaged: u64) -> Result<bool, Stop> {
        let mut offset = damaged + BLOCK;
        loop {
            match self.block(offset)? {
                Block::Header => break,
                Block::End | Block::Cut(_) if !self.seen_header => {
                    self.seen_damage = true;
                    return Ok(false);
                }
                Block::End | Block::Cut(_) => {
                    self.damage(format!("no valid header at offset {damaged} or behind it"));
                    return Ok(false);
                }
                Block::Zero | Block::Damaged => offset += BLOCK,
            }
            if !self.seen_header && offset - damaged > limits::TAR_PREAMBLE_BYTES {
                self.seen_damage = true;
                return Ok(false);
            }
        }
        let skipped = offset - damaged;
        self.damage(format!(
            "damaged header at offset {damaged}: {skipped} bytes skipped to the next valid header"
        ));
        self.position = offset;
        Ok(true)
    }

    fn extended(&mut self, typeflag: u8, here: u64, size: u64) -> Result<(), Stop> {
        let data = here + BLOCK;
        self.position = behind(data, size);
        if size > limits::EXTENDED_HEADER_BYTES {
            self.limit(here, "an extended header", limits::EXTENDED_HEADER_BYTES);
            return Ok(());
        }
        let length = usize::try_from(size).unwrap_or(0);
        let bytes = self.window.at(data, length)?;
        let is_cut = bytes.len() < length;
        let mut verdict = Records::Fine;
        let mut global = Extended::default();
        match typeflag {
            b'g' => verdict = global.take_records(bytes),
            b'L' => self.local.path = Some(trimmed(bytes).to_vec()),
            b'K' => self.local.link = Some(trimmed(bytes).to_vec()),
            _ => verdict = self.local.take_records(bytes),
        }
        self.local_is_set |= typeflag != b'g';
        if global.is_present() {
            self.trouble(
                WarningCode::OddHeader,
                format!(
                    "global extended header at offset {here} is ignored, as engines do: GNU tar would change what follows"
                ),
            );
        }
        match verdict {
            _ if is_cut => {
                self.damage(format!("ends inside the extended header at offset {here}"));
            }
            Records::Fine => {}
            Records::Odd => self.trouble(
                WarningCode::OddHeader,
                format!("extended header at offset {here} is malformed in part"),
            ),
            Records::TooMany => self.limit(
                here,
                "the number of attributes of one entry",
                limits::ENTRY_XATTRS as u64,
            ),
        }
        Ok(())
    }

    fn fill(
        &mut self,
        record: &mut Record,
        header: Header<'_>,
        here: u64,
        size: u64,
    ) -> Result<(), Stop> {
        record.data = here + BLOCK;
        record.sparse = None;
        record.fault = None;
        record.xattrs.clear();
        self.fill_names(record, header);
        let kind = kind_of(header.typeflag(), &record.path);
        record.kind = Some(kind);
        self.fill_numbers(record, header, here);
        record.stored = self.stored_length(header.typeflag(), record.data, size)?;
        record.size = if kind == EntryKind::File {
            record.stored
        } else {
            0
        };
        if header.typeflag() == b'S' {
            self.fill_gnu_sparse(record, header, here)?;
        } else if self.local.sparse.is_present() && kind == EntryKind::File {
            self.fill_pax_sparse(record, here)?;
        }
        self.position = if self.window.is_outline() {
            self.behind_gap(record, here)?
        } else {
            behind(record.data, record.stored)
        };
        self.cut_to_what_is_there(record, here);
        self.restart();
        Ok(())
    }

    fn fill_names(&mut self, record: &mut Record, header: Header<'_>) {
        record.path.clear();
        record.link.clear();
        if self.local_is_set {
            if let Some(path) = self.local.sparse.name.as_ref().or(self.local.path.as_ref()) {
                record.path.extend_from_slice(path);
            }
            if let Some(link) = &self.local.link {
                record.link.extend_from_slice(link);
            }
            std::mem::swap(&mut record.xattrs, &mut self.local.xattrs);
        }
        if record.path.is_empty() {
            let prefix = header.prefix();
            if !prefix.is_empty() {
                record.path.extend_from_slice(prefix);
                record.path.push(b'/');
            }
            record.path.extend_from_slice(header.name());
        }
        if record.link.is_empty() && matches!(header.typeflag(), b'1' | b'2') {
            record.link.extend_from_slice(header.link());
        }
    }

    fn fill_numbers(&mut self, record: &mut Record, header: Header<'_>, here: u64) {
        let mut is_odd = false;
        let mut identity = |extended: Option<i64>, plain: Option<i64>| {
            let value = extended.or(plain);
            is_odd |= value.and_then(|value| u32::try_from(value).ok()).is_none();
            owner(value.unwrap_or(0))
        };
        record.uid = identity(self.local.uid, header.uid());
        record.gid = identity(self.local.gid, header.gid());
        is_odd |= header.mode().is_none();
        record.mode = header
            .mode()
            .and_then(|mode| u16::try_from(mode & 0o7777).ok())
            .unwrap_or(0);
        let plain = header.mtime();
        is_odd |= plain.is_none();
        record.mtime = self.local.mtime.unwrap_or((plain.unwrap_or(0), 0));
        record.device = match record.kind {
            Some(EntryKind::CharDevice | EntryKind::BlockDevice) => header.device(),
            _ => (0, 0),
        };
        if is_odd {
            self.trouble(
                WarningCode::OddHeader,
                format!("header at offset {here} has numbers that cannot be read or do not fit"),
            );
        }
    }

    /// How much data follows. Links, devices and directories have none whatever their size says (Go's
    /// archive/tar, which engines use) — unless only skipping that many bytes leads to a header.
    fn stored_length(&mut self, typeflag: u8, data: u64, size: u64) -> Result<u64, Stop> {
        if size == 0 || !matches!(typeflag, b'1'..=b'6') {
            return Ok(size);
        }
        if matches!(self.block(data)?, Block::Damaged | Block::Cut(_))
            && matches!(
                self.block_ahead(data, behind(data, size))?,
                Block::Header | Block::Zero
            )
        {
            return Ok(size);
        }
        Ok(0)
    }

    /// Looks at a block further on, where a stream may be asked without losing what lies between.
    fn block_ahead(&mut self, data: u64, offset: u64) -> Result<Block, Stop> {
        const FAR: u64 = 64 * 1024;
        if !self.window.is_stream() {
            return self.block(offset);
        }
        let gap = offset.saturating_sub(data);
        if gap > FAR {
            return Ok(Block::Damaged);
        }
        let gap = usize::try_from(gap).unwrap_or(0);
        let bytes = self.window.at(data, gap + 512)?;
        Ok(classify(bytes.get(gap..).unwrap_or_default()))
    }

    fn fill_gnu_sparse(
        &mut self,
        record: &mut Record,
        header: Header<'_>,
        here: u64,
    ) -> Result<(), Stop> {
        let mut sparse = GnuSparse::of(header);
        let mut is_extended = sparse.extended;
        while is_extended {
            let block = self.window.at(record.data, 512)?;
            let Ok(block) = <&[u8; 512]>::try_from(block) else {
                break;
            };
            if !sparse.take(&block[..504]) {
                sparse.real_size = None;
                break;
            }
            is_extended = block[504] != 0;
            record.data += BLOCK;
            if record.data - here > limits::EXTENDED_HEADER_BYTES {
                self.limit(here, "a sparse map", limits::EXTENDED_HEADER_BYTES);
                sparse.real_size = None;
                break;
            }
        }
        self.take_sparse(record, here, sparse.real_size, sparse.segments);
        Ok(())
    }

    fn fill_pax_sparse(&mut self, record: &mut Record, here: u64) -> Result<(), Stop> {
        let mut segments = std::mem::take(&mut self.local.sparse.segments);
        let mut real_size = self.local.sparse.real_size();
        // Without the data its map is missing as well.
        if self.local.sparse.map_in_data && !self.window.is_outline() {
            let most = record.stored.min(limits::EXTENDED_HEADER_BYTES);
            let mut length = most.min(4096);
            let map = loop {
                let bytes = self
                    .window
                    .at(record.data, usize::try_from(length).unwrap_or(0))?;
                match sparse::map_in_front(bytes) {
                    None if length < most => length = (length * 4).min(most),
                    map => break map,
                }
            };
            match map {
                Some((found, used)) => {
                    let used = padded(used as u64).min(record.stored);
                    record.data += used;
                    record.stored -= used;
                    segments = found;
                }
                None => real_size = None,
            }
        }
        self.take_sparse(record, here, real_size, segments);
        Ok(())
    }

    /// Believes a sparse map that fits what is stored. Without one the stored bytes are not the file's.
    fn take_sparse(
        &mut self,
        record: &mut Record,
        here: u64,
        size: Option<u64>,
        segments: Vec<(u64, u64)>,
    ) {
        match size {
            Some(size) if sparse::fits(&segments, size, record.stored) => {
                record.size = size;
                record.sparse = Some(segments);
            }
            _ => {
                // What is left of the data behind a map in front of it, not what the header says of both.
                record.size = record.stored;
                record.fault = Some(Fault::SparseMap);
                self.damage(format!(
                    "the sparse map of {} at offset {here} does not fit its file: its data cannot be read",
                    crate::path::display_absolute(crate::path::trim(&record.path)),
                ));
            }
        }
    }

    /// Returns where the next header is expected in an archive without the data of its files.
    fn behind_gap(&mut self, record: &Record, here: u64) -> Result<u64, Stop> {
        let gap = self.window.gap_at(record.data)?.unwrap_or(0);
        // tar-split, README, "Caveat": sparse files are kept with their holes.
        let expected = match record.sparse {
            Some(_) => record.size,
            None => record.stored,
        };
        if gap != expected {
            self.damage(format!(
                "{} at offset {here} has {expected} bytes in its header, {gap} bytes in the record",
                crate::path::display_absolute(crate::path::trim(&record.path)),
            ));
        }
        let padding = padded(record.stored).saturating_sub(record.stored);
        Ok(record.data + gap + padding)
    }

    fn cut_to_what_is_there(&mut self, record: &mut Record, here: u64) {
        let Some(length) = self.window.known_length() else {
            return;
        };
        let there = length.saturating_sub(record.data);
        if record.stored > there {
            self.note_cut(record, here, there);
        }
    }

    /// Notes that a file's data ends early and makes the record say what there is.
    pub(super) fn note_cut(&mut self, record: &mut Record, here: u64, there: u64) {
        self.damage(format!(
            "{} at offset {here} is cut: {there} of {} bytes are there",
            crate::path::display_absolute(crate::path::trim(&record.path)),
            record.stored
        ));
        record.stored = there;
        record.fault = record.fault.or(Some(Fault::Cut));
        if record.sparse.is_none() && record.kind == Some(EntryKind::File) {
            record.size = there;
        }
    }

    /// Forgets what belongs to the entry at hand: what comes next belongs to another.
    fn restart(&mut self) {
        self.first = None;
        if self.local_is_set {
            self.local.clear();
            self.local_is_set = false;
        }
    }

    fn damage(&mut self, message: String) {
        self.seen_damage = true;
        self.trouble(WarningCode::DamagedLayer, message);
    }

    fn limit(&mut self, here: u64, what: &str, limit: u64) {
        self.trouble(
            WarningCode::LimitReached,
            format!("{what} at offset {here} exceeds the limit of {limit} and is left out"),
        );
    }

    fn trouble(&mut self, code: WarningCode, message: String) {
        self.troubles.push((code, message));
    }
}

fn classify(bytes: &[u8]) -> Block {
    match <&[u8; 512]>::try_from(bytes) {
        Ok(block) if Header::parse(block).is_some() => Block::Header,
        Ok(block) if block.iter().all(|&byte| byte == 0) => Block::Zero,
        Ok(_) => Block::Damaged,
        Err(_) if bytes.iter().all(|&byte| byte == 0) => Block::End,
        Err(_) => Block::Cut(bytes.len()),
    }
}

fn kind_of(typeflag: u8, path: &[u8]) -> EntryKind {
    match typeflag {
        b'1' => EntryKind::Hardlink,
        b'2' => EntryKind::Symlink,
        b'3' => EntryKind::CharDevice,
        b'4' => EntryKind::BlockDevice,
        b'5' | b'D' => EntryKind::Dir,
        b'6' => EntryKind::Fifo,
        // V7 has no directories; their names end in a slash. Type `0` is of POSIX, where that means nothing (Go,
        // archive/tar, `Reader.next`).
        0 if path.ends_with(b"/") => EntryKind::Dir,
        // POSIX: unknown types are regular files.
        _ => EntryKind::File,
    }
}

/// Cuts the number of an owner to the 32 bits that the kernel takes; -1 leaves the owner there is, which is root
/// (`chown(2)`, as engines call it).
fn owner(value: i64) -> u32 {
    let taken = u32::try_from(value & i64::from(u32::MAX)).unwrap_or(0);
    if taken == u32::MAX { 0 } else { taken }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    memchr::memchr(0, bytes).map_or(bytes, |end| &bytes[..end])
}

const fn padded(length: u64) -> u64 {
    length.saturating_add(BLOCK - 1) / BLOCK * BLOCK
}

const fn behind(data: u64, size: u64) -> u64 {
    data.saturating_add(padded(size))
}

#[cfg(test)]
mod tests;
