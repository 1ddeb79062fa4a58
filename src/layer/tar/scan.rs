//! One pass over an archive, from records to entries: what a name means (whiteouts, opaque markers) is decided here.

use std::cell::Cell;

use super::body::{Hashed, Stored};
use super::chunks::Stop;
use super::links::{Lead, Links};
use super::walk::{Fault, Record, Step, TarWalk};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::layer::content_hash::{ContentHasher, content_hash};
use crate::layer::names::{self, Name};
use crate::layer::{Completeness, Entry, EntryKind, EntrySink, Meta, PassingFile, Placement};
use crate::limits;
use crate::path::{self, Escape, ImagePath};
use crate::progress::Job;

/// Bodies of uncompressed layers up to this length are read and hashed with their header.
const SMALL_BODY_BYTES: u64 = 8 * 1024;

/// Bodies of compressed layers up to this length are hashed in one piece.
const WHOLE_BODY_BYTES: u64 = 64 * 1024;

/// One pass over an archive, from records to entries.
pub(super) struct Scan<'a, 's> {
    pub(super) walk: TarWalk<'a>,
    sink: &'s mut dyn EntrySink,
    /// Buffers that are used again for every entry.
    normal: Vec<u8>,
    link: Vec<u8>,
    removed: Vec<u8>,
    links: Links,
    /// Bytes of sparse files, with their holes, that may still be hashed; `None` where they can be read later.
    pub(super) sparse_left: Option<&'s Cell<u64>>,
    has_absolute_names: bool,
    completeness: Completeness,
}

impl<'a, 's> Scan<'a, 's> {
    pub(super) fn new(walk: TarWalk<'a>, sink: &'s mut dyn EntrySink) -> Self {
        Self {
            walk,
            sink,
            normal: Vec::new(),
            link: Vec::new(),
            removed: Vec::new(),
            links: Links::new(),
            sparse_left: None,
            has_absolute_names: false,
            completeness: Completeness::Complete,
        }
    }

    /// Returns how it ended; `None` where it has never been an archive.
    pub(super) fn end(&self) -> Option<Completeness> {
        self.walk.is_archive().then_some(self.completeness)
    }

    pub(super) fn run(&mut self, job: &Job) -> Result<()> {
        let mut record = Record::default();
        let mut entries = 0;
        loop {
            let step = self.walk.next(&mut record)?;
            self.pass_troubles_on();
            match step {
                Step::Entry => self.deliver(&mut record)?,
                Step::Pause => continue,
                Step::End => break,
            }
            entries += 1;
            if entries % 1024 == 0 && !job.count_entries(1024) {
                self.note_too_many(job.entry_limit());
                break;
            }
        }
        job.count_entries(entries % 1024);
        self.note_absolute_names();
        Ok(())
    }

    fn note_too_many(&mut self, limit: u64) {
        let offset = self.walk.position;
        // All images of an archive count that passes by: which of them is meant is not known yet.
        let what = match self.sparse_left {
            Some(_) => "what passes by",
            None => "the image",
        };
        let message = format!(
            "stopped at offset {offset}: {what} has more entries than the limit of {limit} (--max-entries raises it)"
        );
        self.warn(WarningCode::LimitReached, || message, None);
    }

    fn deliver(&mut self, record: &mut Record) -> Result<()> {
        let content = self.content(record)?;
        let Some(kind) = record.kind else {
            return Ok(());
        };
        let mut normal = std::mem::take(&mut self.normal);
        let path = self.place(record, &mut normal);
        let result = match path {
            Some(path) => {
                let led = self.led(path);
                let path = led.as_deref().and_then(ImagePath::new).unwrap_or(path);
                self.deliver_at(path, kind, record, content)
            }
            None => Ok(()),
        };
        self.normal = normal;
        result
    }

    /// Returns where a path is if links of this layer lead its directory elsewhere. Allocates, but only then: few
    /// entries are below links.
    fn led(&mut self, path: ImagePath<'_>) -> Option<Vec<u8>> {
        let (parent, name) = path.split();
        match self.links.lead(parent) {
            Lead::Straight => None,
            Lead::Away => {
                let place = self.links.place();
                let separator: &[u8] = if place.is_empty() { b"" } else { b"/" };
                Some([place, separator, name].concat())
            }
            // Engines refuse the layer.
            Lead::Circle => {
                let why = format!(
                    "links that lead in a circle or are more than {} behind each other",
                    limits::LINK_HOPS
                );
                self.leave(path, WarningCode::ParentNotDirectory, &why);
                None
            }
            Lead::TooFar => {
                let size = |bytes| crate::units::Units::Iec.size(bytes);
                let why = format!(
                    "symbolic links that take too much to follow (limits {} bytes a path, {} of targets, {} read a layer)",
                    limits::PATH_BYTES,
                    size(limits::KEPT_LINK_BYTES as u64),
                    size(limits::LINK_LOOKUP_BYTES)
                );
                self.leave(path, WarningCode::LimitReached, &why);
                None
            }
        }
    }

    /// Says that a path is left where it is named.
    fn leave(&mut self, path: ImagePath<'_>, code: WarningCode, why: &str) {
        let message = || {
            let shown = path::display_absolute(path.as_bytes());
            format!("{shown} is below {why}; left where it is named")
        };
        self.warn(code, message, Some(path.as_bytes()));
    }

    /// Hashes the data where it passes through our hands.
    fn content(&mut self, record: &mut Record) -> Result<Option<u64>> {
        let is_mapped = record.sparse.is_some() || record.fault == Some(Fault::SparseMap);
        if record.kind != Some(EntryKind::File) {
            return Ok(None);
        }
        if is_mapped {
            return Ok(self.sparse_content(record));
        }
        let file = PassingFile {
            name: &record.path,
            start: record.data,
            length: record.stored,
        };
        let is_wanted = self.sparse_left.is_some() && self.sink.wants_data(file);
        let window = &mut self.walk.window;
        if window.is_outline() {
            return Ok((record.stored == 0).then(|| content_hash(b"")));
        }
        let whole = if window.is_stream() {
            WHOLE_BODY_BYTES
        } else {
            SMALL_BODY_BYTES
        };
        let (there, hash) = if is_wanted {
            let mut data = Hashed::new(Stored::new(&mut *window, record));
            self.sink.data(file, &mut data)?;
            let (mut hasher, mut there) = (data.hasher, data.count);
            let rest = (record.data + there, record.stored - there);
            let passed = window.pass(rest.0, rest.1, &mut |piece| {
                hasher.update(piece);
                there += piece.len() as u64;
            });
            (there, passed.map(|_| hasher.digest()))
        } else if record.stored <= whole {
            let length = usize::try_from(record.stored).unwrap_or(0);
            match window.at(record.data, length) {
                Ok(bytes) => (bytes.len() as u64, Ok(content_hash(bytes))),
                Err(stop) => (0, Err(stop)),
            }
        } else if window.is_stream() {
            let mut hasher = ContentHasher::new();
            let mut there = 0;
            let passed = window.pass(record.data, record.stored, &mut |piece| {
                hasher.update(piece);
                there += piece.len() as u64;
            });
            (there, passed.map(|_| hasher.digest()))
        } else {
            return Ok(None);
        };
        let is_whole = there == record.stored;
        if let Err(stop) = &hash {
            if matches!(stop, Stop::Cancelled) {
                return Err(Error::Interrupted);
            }
            self.walk.note_stop(stop, record.data + there);
        }
        if !is_whole {
            self.walk
                .note_cut(record, record.data.saturating_sub(512), there);
        }
        self.pass_troubles_on();
        Ok(hash.ok().filter(|_| is_whole))
    }

    /// Normalises the name; `None` where a limit refuses the entry.
    fn place<'n>(&mut self, record: &'n Record, normal: &'n mut Vec<u8>) -> Option<ImagePath<'n>> {
        if record.path.starts_with(b"/") {
            self.has_absolute_names = true;
        }
        let path = match path::as_normal(&record.path) {
            Some(path) => path,
            None => self.normalise(record, normal),
        };
        let bytes = path.as_bytes();
        // A path of n components has at least 2n - 1 bytes.
        let is_deep =
            bytes.len() >= 2 * limits::PATH_DEPTH && path.components().count() > limits::PATH_DEPTH;
        if bytes.len() > limits::PATH_BYTES || is_deep || record.link.len() > limits::LINK_BYTES {
            let (what, limit) = if is_deep {
                ("deep", limits::PATH_DEPTH)
            } else {
                ("long", limits::PATH_BYTES)
            };
            let unit = if is_deep { "components" } else { "bytes" };
            let start = &bytes[..bytes.len().min(60)];
            self.warn(
                WarningCode::LimitReached,
                || format!(
                    "a path at offset {} is too {what} and is left out (limit {limit} {unit}): {}…",
                    record.offset,
                    path::display_absolute(start)
                ),
                None,
            );
            return None;
        }
        Some(path)
    }

    fn normalise<'n>(&mut self, record: &Record, normal: &'n mut Vec<u8>) -> ImagePath<'n> {
        if path::normalise(&record.path, normal) == Escape::Clamped {
            self.warn(
                WarningCode::EscapingPath,
                || {
                    format!(
                        "the name {} climbs out of the image; shown where a runtime would put it",
                        path::display(&record.path[..record.path.len().min(limits::PATH_BYTES)])
                    )
                },
                Some(normal),
            );
        }
        ImagePath::new(normal).unwrap_or(ImagePath::ROOT)
    }

    fn deliver_at(
        &mut self,
        path: ImagePath<'_>,
        kind: EntryKind,
        record: &Record,
        content: Option<u64>,
    ) -> Result<()> {
        let name = if path.has_dot_names() {
            names::meaning(path, kind)
        } else {
            Name::Ordinary
        };
        match name {
            Name::Ordinary => {
                // A whiteout of a tar may be written as the kernel keeps it (overlayfs documentation, "whiteouts and
                // opaque directories").
                let is_whiteout = kind == EntryKind::CharDevice && record.device == (0, 0);
                let placement = if is_whiteout {
                    Placement::Vacated
                } else {
                    Placement::Shown
                };
                self.deliver_ordinary(path, kind, record, content, placement)
            }
            Name::LinkStore => {
                self.deliver_ordinary(path, kind, record, content, Placement::LinkStore)
            }
            Name::Whiteout { parent, name } => {
                let mut removed = std::mem::take(&mut self.removed);
                removed.clear();
                if !parent.is_root() {
                    removed.extend_from_slice(parent.as_bytes());
                    removed.push(b'/');
                }
                removed.extend_from_slice(name);
                let target = ImagePath::new(&removed).unwrap_or(ImagePath::ROOT);
                let result = self.deliver_marker(target, record, false);
                self.removed = removed;
                result
            }
            Name::Opaque { directory } => self.deliver_marker(directory, record, true),
            Name::Invalid => {
                let message = || {
                    format!(
                        "{} removes nothing that has a name; ignored",
                        path::display_absolute(path.as_bytes())
                    )
                };
                self.warn(WarningCode::InvalidWhiteout, message, Some(path.as_bytes()));
                Ok(())
            }
            Name::Bookkeeping => {
                let message = || {
                    format!(
                        "AUFS bookkeeping {} is left out",
                        path::display_absolute(path.as_bytes())
                    )
                };
                self.warn(WarningCode::AufsBookkeeping, message, Some(path.as_bytes()));
                Ok(())
            }
        }
    }

    fn deliver_ordinary(
        &mut self,
        path: ImagePath<'_>,
        kind: EntryKind,
        record: &Record,
        content: Option<u64>,
        placement: Placement,
    ) -> Result<()> {
        let mut meta = meta(record, kind);
        if kind == EntryKind::Dir && is_opaque(&record.xattrs) {
            meta.opaque = true;
            let message = || {
                format!(
                    "{} is opaque by an attribute: Docker and Podman on overlay hide what layers below have in it, containerd \
                 leaves trusted attributes out",
                    path::display_absolute(path.as_bytes())
                )
            };
            self.warn(WarningCode::OddHeader, message, Some(path.as_bytes()));
        }
        let mut link = std::mem::take(&mut self.link);
        let target = match kind {
            EntryKind::Symlink => {
                self.links.link(path, &record.link);
                Some(record.link.as_slice())
            }
            EntryKind::Hardlink => {
                // Its name goes before its target is looked up, as in an unpacker.
                self.links.other(path, kind);
                self.aim(path, record, &mut link);
                Some(link.as_slice())
            }
            _ => {
                self.links.other(path, kind);
                None
            }
        };
        let has_data = kind == EntryKind::File
            && record.sparse.is_none()
            && record.fault != Some(Fault::SparseMap);
        let result = self.sink.entry(Entry {
            path,
            link: target,
            meta,
            xattrs: &record.xattrs,
            content,
            offset: record.offset,
            data: has_data.then_some((record.data, record.stored)),
            placement,
        });
        self.link = link;
        result
    }

    /// Finds the path that a hard link names.
    fn aim(&mut self, path: ImagePath<'_>, record: &Record, aim: &mut Vec<u8>) {
        if path::normalise(&record.link, aim) == Escape::Clamped {
            let message = || {
                format!(
                    "{} is a hard link to {}, outside the image; taken as inside it",
                    path::display_absolute(path.as_bytes()),
                    path::display(&record.link)
                )
            };
            self.warn(WarningCode::EscapingPath, message, Some(path.as_bytes()));
        }
        if let Some(led) = ImagePath::new(aim).and_then(|named| self.led(named)) {
            *aim = led;
        }
        if let Some(aim) = ImagePath::new(aim) {
            self.links.hard_link(path, aim);
        }
    }

    fn deliver_marker(&mut self, path: ImagePath<'_>, record: &Record, opaque: bool) -> Result<()> {
        // Docker 20.10 leaves a stale link name in whiteout headers; a marker has neither target nor data.
        let meta = Meta {
            size: 0,
            opaque,
            ..meta(record, EntryKind::Whiteout)
        };
        self.sink.entry(Entry::marker(path, meta, record.offset))
    }

    fn note_absolute_names(&mut self) {
        if self.has_absolute_names {
            // Without their number, so that all layers of one builder say the same.
            let message =
                "absolute names are shown relative to the image's root, as runtimes do".to_owned();
            self.warn(WarningCode::EscapingPath, || message, None);
        }
    }

    fn pass_troubles_on(&mut self) {
        if self.walk.troubles.is_empty() {
            return;
        }
        for (code, message) in std::mem::take(&mut self.walk.troubles) {
            self.warn(code, || message, None);
        }
    }

    /// Passes a warning on. What it says is made only where somebody wants to know: there may be one for every entry.
    fn warn(&mut self, code: WarningCode, message: impl FnOnce() -> String, path: Option<&[u8]>) {
        if code.makes_incomplete() {
            self.completeness = Completeness::Partial;
        }
        if !self.sink.wants(code) {
            return self.sink.warn(Warning::new(code, String::new()));
        }
        let warning = Warning::new(code, message());
        self.sink.warn(match path {
            Some(path) => warning.at_path(path),
            None => warning,
        });
    }
}

/// Returns whether overlayfs takes the directory with these attributes for opaque once an engine has unpacked it as root.
fn is_opaque(xattrs: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let mut xattrs = xattrs.iter();
    xattrs.any(|(name, value)| name == b"trusted.overlay.opaque" && value == b"y")
}

fn meta(record: &Record, kind: EntryKind) -> Meta {
    Meta {
        size: if kind == EntryKind::File {
            record.size
        } else {
            0
        },
        mtime: record.mtime.0,
        mtime_nanos: record.mtime.1,
        uid: record.uid,
        gid: record.gid,
        mode: record.mode,
        kind,
        opaque: false,
        device: record.device,
    }
}
