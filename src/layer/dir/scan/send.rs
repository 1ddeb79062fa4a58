//! Handing entries on, each type in its way.

use super::{ENTRIES_AT_A_TIME, Found, Inherited, Scan, shown};
use crate::error::{Result, WarningCode};
use crate::layer::beneath::Beneath;
use crate::layer::dir::status::Status;
use crate::layer::dir::walk::joined;
use crate::layer::{Entry, EntryKind, Meta, Placement};
use crate::limits;
use crate::path::ImagePath;

impl Scan<'_> {
    pub(super) fn send_directory(
        &mut self,
        found: &Found<'_>,
        inside: &Inherited,
    ) -> Result<Inherited> {
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

    pub(super) fn send_symlink(&mut self, directory: &Beneath, found: &Found<'_>) -> Result<()> {
        match rustix::fs::readlinkat(directory.as_descriptor(), found.path.name(), Vec::new()) {
            Ok(target) => self.send(found, found.meta(), Some(target.as_bytes())),
            Err(error) => {
                self.note_unread(found.path, "could not be read", error);
                Ok(())
            }
        }
    }

    pub(super) fn send_file(&mut self, found: &Found<'_>, inside: &Inherited) -> Result<()> {
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

    pub(super) fn send_link(&mut self, found: &Found<'_>, target: &[u8]) -> Result<()> {
        let meta = Meta {
            size: 0,
            kind: EntryKind::Hardlink,
            ..found.meta()
        };
        self.send(found, meta, Some(target))
    }

    /// Returns whether a path means that of the lower layers: a hard link cannot name those past an entry of its
    /// own layer.
    pub(super) fn is_only_below(&self, found: &Found<'_>, target: &[u8]) -> bool {
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
    pub(super) fn remember(&mut self, found: &Found<'_>) {
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

    pub(super) fn send_whiteout(
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

    pub(super) fn send_marker(
        &mut self,
        path: ImagePath<'_>,
        status: &Status,
        opaque: bool,
    ) -> Result<()> {
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

    pub(super) fn send(
        &mut self,
        found: &Found<'_>,
        meta: Meta,
        link: Option<&[u8]>,
    ) -> Result<()> {
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

    pub(super) fn deliver(&mut self, entry: Entry<'_>) -> Result<()> {
        self.sink.entry(entry)?;
        self.number += 1;
        if self.number.is_multiple_of(ENTRIES_AT_A_TIME) {
            self.job.count_entries(ENTRIES_AT_A_TIME);
            self.job.check()?;
        }
        Ok(())
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
