//! One pass over a directory, from names to entries.

use std::collections::HashMap;

use rustix::io::Errno;

use super::attributes::{Attributes, Reader};
use super::marks::{Marks, Opacity, Overridden};
use super::status::Status;
use super::walk::{Listing, Unlisted, Walk, joined};
use super::{Encoding, Namespace};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::layer::beneath::Beneath;
use crate::layer::names::{self, Name};
use crate::layer::{Completeness, Entry, EntryKind, EntrySink, Meta, Placement};
use crate::limits;
use crate::path::{self, ImagePath};
use crate::progress::Job;

/// Entries between two looks at whether the job was cancelled.
const ENTRIES_AT_A_TIME: u64 = 1024;

const OPAQUE_NAME: &[u8] = b".wh..wh..opq";

/// What fuse-overlayfs puts beside its other two opaque marks, as a device: a whiteout of nothing.
const FUSE_OPAQUE_NAME: &[u8] = b".wh..opq";

/// What a directory passes on to what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Inherited {
    opacity: Opacity,
    /// Nothing of the lower layers is seen in it: it is opaque, or a directory above is.
    hides_lower: bool,
    /// Where the lower layers have the directory; `None` where it has none below or they cannot be found.
    below: Option<Vec<u8>>,
}

/// Sends every entry below a directory to `sink`.
pub(super) fn scan(
    directory: &Beneath,
    encoding: Encoding,
    sink: &mut dyn EntrySink,
    job: &Job,
) -> Result<Completeness> {
    let mut walk = Walk::new(directory);
    let mut scan = Scan {
        encoding,
        sink,
        job,
        reader: Reader::new(directory.as_descriptor()),
        first_names: HashMap::new(),
        name_bytes: 0,
        number: 0,
        completeness: Completeness::Complete,
    };
    scan.note_hidden_marks();
    let inherited = scan.root(directory)?;
    let mut next = Some(Ok(walk.root(inherited)?));
    while let Some(listed) = next {
        match listed {
            Ok(listing) => {
                let into = scan.directory(&listing)?;
                walk.descend(listing.path, listing.handle, into);
            }
            Err(unlisted) => scan.note_unlisted(&unlisted),
        }
        next = walk.next();
    }
    job.count_entries(scan.number % ENTRIES_AT_A_TIME);
    Ok(scan.completeness)
}

struct Scan<'a> {
    encoding: Encoding,
    sink: &'a mut dyn EntrySink,
    job: &'a Job,
    reader: Reader,
    /// Files with several names: the first that was met.
    first_names: HashMap<(u64, u64), Vec<u8>>,
    name_bytes: usize,
    number: u64,
    completeness: Completeness,
}

/// One name, and what is known of it.
struct Found<'p> {
    path: ImagePath<'p>,
    status: Status,
    kind: EntryKind,
    attributes: Attributes,
    marks: Marks,
}

impl Scan<'_> {
    fn root(&mut self, directory: &Beneath) -> Result<Inherited> {
        let status = Status::of(directory.as_descriptor(), b".").map_err(|error| Error::Open {
            name: directory.name().to_owned(),
            source: error.into(),
        })?;
        let found = self.found(directory, ImagePath::ROOT, b".", status, EntryKind::Dir);
        let inherited = Inherited {
            opacity: found.marks.opacity,
            hides_lower: found.marks.opacity == Opacity::Opaque,
            below: Some(Vec::new()),
        };
        self.send(&found, found.meta(), None)?;
        Ok(inherited)
    }

    /// Sends what is in a directory; returns its subdirectories.
    fn directory(&mut self, listing: &Listing<Inherited>) -> Result<Vec<(Vec<u8>, Inherited)>> {
        let mut note = listing.note.clone();
        if self.reads_names()
            && listing
                .names
                .binary_search_by(|name| name[..].cmp(OPAQUE_NAME))
                .is_ok()
        {
            note.hides_lower = true;
        }
        let mut into = Vec::new();
        for name in &listing.names {
            let path = joined(&listing.path, name);
            if self.is_refused(&path) {
                continue;
            }
            let Some(path) = ImagePath::new(&path) else {
                continue;
            };
            if let Some(inherited) = self.name(&listing.handle, path, &note)? {
                into.push((name.clone(), inherited));
            }
        }
        Ok(into)
    }

    /// Sends what one name is; returns what a directory passes on.
    fn name(
        &mut self,
        directory: &Beneath,
        path: ImagePath<'_>,
        inside: &Inherited,
    ) -> Result<Option<Inherited>> {
        let name = path.name();
        let status = match Status::of(directory.as_descriptor(), name) {
            Ok(status) => status,
            Err(error) => {
                self.note_unread(path, "could not be looked at", error);
                return Ok(None);
            }
        };
        let Some(kind) = status.kind else {
            let message = format!("{} is of no type that images have; left out", shown(path));
            self.warn(WarningCode::OddHeader, message, path);
            return Ok(None);
        };
        if self.reads_names()
            && name.starts_with(b".wh.")
            && !self.is_ordinary(path, &status, kind, inside)?
        {
            return Ok(None);
        }
        if self.is_device_whiteout(&status, kind) {
            self.send_whiteout(path, &status, inside)?;
            return Ok(None);
        }
        let found = self.found(directory, path, name, status, kind);
        if found.marks.is_whiteout
            && inside.opacity == Opacity::Whiteouts
            && kind == EntryKind::File
            && status.length == 0
        {
            self.send_whiteout(path, &status, inside)?;
            return Ok(None);
        }
        match found.kind {
            EntryKind::Dir => self.send_directory(&found, inside).map(Some),
            EntryKind::Symlink => self.send_symlink(directory, &found).map(|()| None),
            EntryKind::File => self.send_file(&found).map(|()| None),
            _ => self.send(&found, found.meta(), None).map(|()| None),
        }
    }

    /// Reads a name that may be a marker, and sends the marker; returns whether it is none.
    fn is_ordinary(
        &mut self,
        path: ImagePath<'_>,
        status: &Status,
        kind: EntryKind,
        inside: &Inherited,
    ) -> Result<bool> {
        if self.encoding == Encoding::FuseOverlay
            && path.name() == FUSE_OPAQUE_NAME
            && self.is_device_whiteout(status, kind)
        {
            return Ok(false);
        }
        match names::meaning(path, kind) {
            Name::Ordinary => return Ok(true),
            Name::Whiteout { parent, name } => {
                let removed = joined(parent.as_bytes(), name);
                if let Some(removed) = ImagePath::new(&removed) {
                    self.send_whiteout(removed, status, inside)?;
                }
            }
            Name::Opaque { directory } => self.send_marker(directory, status, true)?,
            Name::Invalid => {
                let message = format!("{} removes nothing that has a name; ignored", shown(path));
                self.warn(WarningCode::InvalidWhiteout, message, path);
            }
            // Every branch has some; the files in the link store have their other names in this branch too.
            Name::Bookkeeping | Name::LinkStore => {
                if self.encoding != Encoding::Aufs {
                    let message = format!("AUFS bookkeeping {} is left out", shown(path));
                    self.warn(WarningCode::AufsBookkeeping, message, path);
                }
            }
        }
        Ok(false)
    }

    fn reads_names(&self) -> bool {
        matches!(self.encoding, Encoding::FuseOverlay | Encoding::Aufs)
    }

    fn is_device_whiteout(&self, status: &Status, kind: EntryKind) -> bool {
        kind == EntryKind::CharDevice
            && status.device == (0, 0)
            && matches!(self.encoding, Encoding::Overlay(_) | Encoding::FuseOverlay)
    }

    fn found<'p>(
        &mut self,
        directory: &Beneath,
        path: ImagePath<'p>,
        name: &[u8],
        status: Status,
        kind: EntryKind,
    ) -> Found<'p> {
        let encoding = self.encoding;
        let is_wanted = |name: &[u8]| encoding.wants(name);
        let read = self
            .reader
            .read(directory.as_descriptor(), name, kind, &is_wanted);
        let mut attributes = read.unwrap_or_else(|error| {
            self.note_unread(
                path,
                "has extended attributes that could not be read",
                error,
            );
            Attributes::new()
        });
        let marks = encoding.take_marks(&mut attributes);
        let mut found = Found {
            path,
            status,
            kind,
            attributes,
            marks,
        };
        if let Some(overridden) = found.marks.overridden {
            found.override_with(overridden);
        }
        found
    }

    fn send_directory(&mut self, found: &Found<'_>, inside: &Inherited) -> Result<Inherited> {
        if let Some(target) = &found.marks.redirect {
            self.note_moved(found, target);
        }
        self.send(found, found.meta(), None)?;
        Ok(Inherited {
            opacity: found.marks.opacity,
            hides_lower: inside.hides_lower || found.marks.opacity == Opacity::Opaque,
            below: below(found, inside),
        })
    }

    fn send_symlink(&mut self, directory: &Beneath, found: &Found<'_>) -> Result<()> {
        match rustix::fs::readlinkat(directory.as_descriptor(), found.path.name(), Vec::new()) {
            Ok(target) => self.send(found, found.meta(), Some(target.as_bytes())),
            Err(error) => {
                self.note_unread(found.path, "could not be read", error);
                Ok(())
            }
        }
    }

    fn send_file(&mut self, found: &Found<'_>) -> Result<()> {
        if found.marks.is_metacopy {
            self.note_metacopy(found);
        }
        if found.status.names < 2 {
            return self.send(found, found.meta(), None);
        }
        if let Some(first) = self.first_names.get(&found.status.inode).cloned() {
            let meta = Meta {
                size: 0,
                kind: EntryKind::Hardlink,
                ..found.meta()
            };
            return self.send(found, meta, Some(&first));
        }
        let first = found.path.as_bytes().to_vec();
        self.name_bytes += first.len() + 64;
        if self.name_bytes > limits::LAYER_NAME_BYTES {
            let message = format!(
                "{} is one of too many linked files; shown apart from its other names",
                shown(found.path)
            );
            self.warn(WarningCode::LimitReached, message, found.path);
        } else {
            self.first_names.insert(found.status.inode, first);
        }
        self.send(found, found.meta(), None)
    }

    fn send_whiteout(
        &mut self,
        path: ImagePath<'_>,
        status: &Status,
        inside: &Inherited,
    ) -> Result<()> {
        // Engines unpack whiteouts into opaque directories too, where nothing is left to remove.
        if inside.hides_lower {
            return Ok(());
        }
        self.send_marker(path, status, false)
    }
}

impl Scan<'_> {
    fn send_marker(&mut self, path: ImagePath<'_>, status: &Status, opaque: bool) -> Result<()> {
        let meta = Meta {
            opaque,
            device: (0, 0),
            ..status.meta(EntryKind::Whiteout)
        };
        let offset = self.number;
        self.deliver(Entry {
            path,
            link: None,
            meta,
            xattrs: &[],
            content: None,
            offset,
            data: None,
            placement: Placement::Shown,
        })
    }

    fn send(&mut self, found: &Found<'_>, meta: Meta, link: Option<&[u8]>) -> Result<()> {
        let offset = self.number;
        self.deliver(Entry {
            path: found.path,
            link,
            meta,
            xattrs: &found.attributes,
            content: None,
            offset,
            data: None,
            placement: Placement::Shown,
        })
    }

    fn deliver(&mut self, entry: Entry<'_>) -> Result<()> {
        self.sink.entry(entry)?;
        self.number += 1;
        if self.number.is_multiple_of(ENTRIES_AT_A_TIME) {
            self.job.count_entries(ENTRIES_AT_A_TIME);
            self.job.check()?;
        }
        Ok(())
    }

    /// Returns whether a limit refuses the path.
    fn is_refused(&mut self, path: &[u8]) -> bool {
        // A path of n components has at least 2n - 1 bytes.
        let is_deep = path.len() >= 2 * limits::PATH_DEPTH
            && path.split(|&byte| byte == b'/').count() > limits::PATH_DEPTH;
        let (what, limit, unit) = match is_deep {
            true => ("deep", limits::PATH_DEPTH, "components"),
            false if path.len() > limits::PATH_BYTES => ("long", limits::PATH_BYTES, "bytes"),
            false => return false,
        };
        let start = path::display_absolute(&path[..path.len().min(60)]);
        let message =
            format!("a path is too {what} and is left out (limit {limit} {unit}): {start}…");
        self.raise(Warning::new(WarningCode::LimitReached, message));
        true
    }

    fn note_hidden_marks(&mut self) {
        let is_for_root = matches!(self.encoding, Encoding::Overlay(Namespace::Trusted));
        if is_for_root && !rustix::process::geteuid().is_root() {
            let message = "opaque directories may be missed: their marks are for root's eyes";
            self.raise(Warning::new(WarningCode::HiddenMarks, message));
        }
    }

    fn note_unlisted(&mut self, unlisted: &Unlisted) {
        let (code, reason) = match &unlisted.error {
            None => (WarningCode::DamagedLayer, "it is gone".to_owned()),
            Some(error) => (WarningCode::Unmeasured, cause(error)),
        };
        let message = format!(
            "{} could not be listed, and what is in it is missing here: {reason}",
            path::display_absolute(&unlisted.path)
        );
        self.raise(Warning::new(code, message).at_path(&unlisted.path));
    }

    fn note_unread(&mut self, path: ImagePath<'_>, what: &str, error: Errno) {
        let code = match error {
            Errno::NOENT => WarningCode::DamagedLayer,
            _ => WarningCode::Unmeasured,
        };
        self.warn(code, format!("{} {what}: {error}", shown(path)), path);
    }

    fn note_moved(&mut self, found: &Found<'_>, target: &[u8]) {
        let message = format!(
            "{} is {} of the layers below, moved; what is left of it there is missing here",
            shown(found.path),
            path::display(target)
        );
        self.warn(WarningCode::Unresolved, message, found.path);
    }

    fn note_metacopy(&mut self, found: &Found<'_>) {
        let target = found.marks.redirect.as_deref();
        let message = format!(
            "{} has no data of its own: it is that of {} in the layers below",
            shown(found.path),
            path::display(target.unwrap_or(found.path.as_bytes()))
        );
        self.warn(WarningCode::Unresolved, message, found.path);
    }

    fn warn(&mut self, code: WarningCode, message: String, path: ImagePath<'_>) {
        self.raise(Warning::new(code, message).at_path(path.as_bytes()));
    }

    fn raise(&mut self, warning: Warning) {
        if warning.code.makes_incomplete() {
            self.completeness = Completeness::Partial;
        }
        self.sink.warn(warning);
    }
}

impl Found<'_> {
    fn meta(&self) -> Meta {
        Meta {
            opaque: self.kind == EntryKind::Dir && self.marks.opacity == Opacity::Opaque,
            ..self.status.meta(self.kind)
        }
    }

    /// Takes what counts instead of the inode's own. Only what is kept as a plain file may be anything else.
    fn override_with(&mut self, overridden: Overridden) {
        self.status.uid = overridden.uid;
        self.status.gid = overridden.gid;
        self.status.mode = overridden.mode;
        if let Some((kind, device)) = overridden.kind
            && self.kind == EntryKind::File
            && !matches!(kind, EntryKind::Dir | EntryKind::Symlink)
        {
            self.kind = kind;
            self.status.device = device;
        }
    }
}

/// Returns where the lower layers have a directory.
fn below(found: &Found<'_>, inside: &Inherited) -> Option<Vec<u8>> {
    if found.marks.opacity == Opacity::Opaque {
        return None;
    }
    let name = match found.marks.redirect.as_deref() {
        // kernel, fs/overlayfs, "redirect_dir": from the root of the layers, or a name beside it.
        Some([b'/', absolute @ ..]) => return ImagePath::new(absolute).map(|_| absolute.to_vec()),
        Some(name) => name,
        None => found.path.name(),
    };
    inside
        .below
        .as_ref()
        .map(|directory| joined(directory, name))
}

fn shown(path: ImagePath<'_>) -> String {
    path::display_absolute(path.as_bytes())
}

/// Returns the reason alone: the layer and the path are named already.
fn cause(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}
