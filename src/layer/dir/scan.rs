//! One pass over a directory, from names to entries.

mod notes;

use std::collections::HashMap;

use super::Encoding;
use super::attributes::{Attributes, Reader};
use super::below::Below;
use super::marks::{Marks, Overridden};
use super::status::Status;
use super::walk::{Listing, Walk, joined};
use crate::error::{Error, Result, WarningCode};
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
    /// Nothing of the lower layers is seen in it: it is opaque, or a directory above is.
    hides_lower: bool,
    /// Where the lower layers have the directory; `None` where it has none below or they cannot be found.
    below: Option<Vec<u8>>,
    /// The file system that is compared with has it as a directory too.
    is_compared: bool,
}

/// Sends every entry below a directory to `sink`; of a whole file system only what differs from the one it is
/// compared with.
pub(in crate::layer) fn scan<'a>(
    directory: &'a Beneath,
    (encoding, compared): (Encoding, Option<&'a Beneath>),
    sink: &'a mut dyn EntrySink,
    job: &'a Job,
) -> Result<Completeness> {
    let mut walk = Walk::new(directory);
    let mut scan = Scan {
        directory,
        encoding,
        compared: compared.map(Below::new),
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
    directory: &'a Beneath,
    encoding: Encoding,
    compared: Option<Below<'a>>,
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
            hides_lower: inside.hides_lower || found.marks.is_opaque,
            below: below(found, inside),
            is_compared: inside.is_compared && self.is_directory_below(found.path.name()),
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

    fn send_file(&mut self, found: &Found<'_>, inside: &Inherited) -> Result<()> {
        let known = self.first_names.get(&found.status.inode).cloned();
        if let Some(first) = known.filter(|_| found.status.names > 1) {
            return self.send_link(found, &first);
        }
        self.remember(found);
        if found.marks.is_metacopy {
            match below(found, inside).filter(|target| self.is_only_below(found, target)) {
                Some(target) => return self.send_link(found, &target),
                None => self.note_metacopy(found),
            }
        }
        self.send(found, found.meta(), None)
    }

    fn send_link(&mut self, found: &Found<'_>, target: &[u8]) -> Result<()> {
        let meta = Meta {
            size: 0,
            kind: EntryKind::Hardlink,
            ..found.meta()
        };
        self.send(found, meta, Some(target))
    }

    /// Returns whether a path means that of the lower layers: a hard link cannot name those past an entry of its
    /// own layer.
    fn is_only_below(&self, found: &Found<'_>, target: &[u8]) -> bool {
        if target == found.path.as_bytes() {
            return true;
        }
        match self.directory.status(target) {
            Ok(Some(status)) => {
                let status = Status::from(&status);
                status
                    .kind
                    .is_some_and(|kind| self.is_device_whiteout(&status, kind))
            }
            Ok(None) => true,
            Err(_) => false,
        }
    }

    /// Remembers the first name of a file that may have more.
    fn remember(&mut self, found: &Found<'_>) {
        if found.kind != EntryKind::File || found.status.names < 2 {
            return;
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
            self.first_names.entry(found.status.inode).or_insert(first);
        }
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

    fn is_same(&mut self, found: &Found<'_>) -> bool {
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
}

impl Found<'_> {
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

/// Returns where the lower layers have a directory, or a file's data.
fn below(found: &Found<'_>, inside: &Inherited) -> Option<Vec<u8>> {
    if found.marks.is_opaque {
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
