//! One pass over a directory, from names to entries.

mod notes;
mod send;

use std::collections::HashMap;

use super::Encoding;
use super::attributes::{AttributeReader, Attributes};
use super::below::Below;
use super::marks::{Marks, Overridden};
use super::status::Status;
use super::walk::{DirWalk, Listing, joined};
use crate::beneath::Beneath;
use crate::error::{Error, Result, WarningCode};
use crate::layer::names::{self, Name};
use crate::layer::{Completeness, EntryKind, EntrySink, Meta};
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
    /// Nothing of the lower layers is seen in it: it is opaque, or a directory above is.
    hides_lower: bool,
    /// Where the lower layers have the directory; `None` where it has none below or they cannot be found.
    below: Option<Vec<u8>>,
    /// The file system that is compared with has it as a directory too.
    is_compared: bool,
}

/// How a directory is read.
#[derive(Debug, Clone, Copy)]
pub(in crate::layer) struct How<'a> {
    pub(in crate::layer) encoding: Encoding,
    /// What only what differs from counts.
    pub(in crate::layer) compared: Option<&'a Beneath>,
}

/// Sends every entry below a directory to `sink`; of a whole file system only what differs from the one it is
/// compared with.
pub(in crate::layer) fn scan<'a>(
    directory: &'a Beneath,
    how: How<'a>,
    sink: &'a mut dyn EntrySink,
    job: &'a Job,
) -> Result<Completeness> {
    let mut walk = DirWalk::new(directory);
    let mut scan = Scan {
        encoding: how.encoding,
        compared: how.compared.map(Below::new),
        sink,
        job,
        reader: AttributeReader::new(directory.as_descriptor()),
        first_names: HashMap::new(),
        name_bytes: 0,
        number: 0,
        hidden_marks_noted: false,
        completeness: Completeness::Complete,
    };
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
    compared: Option<Below<'a>>,
    sink: &'a mut dyn EntrySink,
    job: &'a Job,
    reader: AttributeReader,
    /// Files with several names: the first that was met.
    first_names: HashMap<(u64, u64), Vec<u8>>,
    name_bytes: usize,
    number: u64,
    hidden_marks_noted: bool,
    completeness: Completeness,
}

/// One name, and what is known of it.
struct NamedEntry<'p> {
    path: ImagePath<'p>,
    status: Status,
    kind: EntryKind,
    attributes: Attributes,
    marks: Marks,
}

impl Scan<'_> {
    fn root(&mut self, directory: &Beneath) -> Result<Inherited> {
        let status = Status::of(directory.as_descriptor(), b".")
            .map_err(|error| Error::unopened(directory.name(), error))?;
        let mut found = self.found(directory, ImagePath::ROOT, b".", status, EntryKind::Dir);
        if matches!(self.encoding, Encoding::Overlay(_)) && found.marks.is_opaque {
            // The kernel joins the roots of all layers before it looks at any mark.
            found.marks.is_opaque = false;
        }
        let inherited = Inherited {
            hides_lower: found.marks.is_opaque,
            below: Some(Vec::new()),
            is_compared: self.compared.is_some(),
        };
        let is_same = self.compared.as_mut().is_some_and(|compared| {
            compared.lists(b"").is_ok() && compared.has_same(b".", &found.status, &found.attributes)
        });
        if !is_same {
            self.send(&found, found.meta(), None)?;
        }
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
            note.below = None;
        }
        if note.is_compared {
            note.is_compared = self.removed(listing)?;
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
        if found.marks.is_whiteout && kind == EntryKind::File && status.length == 0 {
            self.send_whiteout(path, &status, inside)?;
            return Ok(None);
        }
        if inside.is_compared && self.is_same(&found) {
            self.remember(&found);
            let inherited = Inherited {
                is_compared: true,
                ..inside.clone()
            };
            return Ok(Some(inherited).filter(|_| found.kind == EntryKind::Dir));
        }
        match found.kind {
            EntryKind::Dir => self.send_directory(&found, inside).map(Some),
            EntryKind::Symlink => self.send_symlink(directory, &found).map(|()| None),
            EntryKind::File => self.send_file(&found, inside).map(|()| None),
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
    ) -> NamedEntry<'p> {
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
        let mut found = NamedEntry {
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

    /// Sends what the file system below has in a directory and this one has not; returns whether it has the
    /// directory at all.
    fn removed(&mut self, listing: &Listing<Inherited>) -> Result<bool> {
        let Some(compared) = &mut self.compared else {
            return Ok(false);
        };
        let below = match compared.lists(&listing.path) {
            Ok(names) => names,
            Err(unlisted) => {
                self.note_unlisted(&unlisted);
                return Ok(false);
            }
        };
        for name in below {
            if listing.names.binary_search(&name).is_err() {
                let path = joined(&listing.path, &name);
                if let Some(path) = ImagePath::new(&path) {
                    self.send_marker(path, &Status::default(), false)?;
                }
            }
        }
        Ok(true)
    }

    fn is_same(&mut self, found: &NamedEntry<'_>) -> bool {
        let name = found.path.name();
        self.compared
            .as_mut()
            .is_some_and(|compared| compared.has_same(name, &found.status, &found.attributes))
    }

    fn is_directory_below(&self, name: &[u8]) -> bool {
        let status = self
            .compared
            .as_ref()
            .and_then(|compared| compared.status(name));
        status.is_some_and(|status| status.kind == Some(EntryKind::Dir))
    }
}

impl NamedEntry<'_> {
    fn meta(&self) -> Meta {
        Meta {
            opaque: self.kind == EntryKind::Dir && self.marks.is_opaque,
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

fn shown(path: ImagePath<'_>) -> String {
    path::display_absolute(path.as_bytes())
}
