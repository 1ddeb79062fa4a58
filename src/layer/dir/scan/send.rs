//! Handing entries on, each type in its way.

use super::{ENTRIES_AT_A_TIME, Inherited, NamedEntry, Scan, shown};
use crate::beneath::Beneath;
use crate::error::{Result, WarningCode};
use crate::layer::dir::status::Status;
use crate::layer::dir::walk::joined;
use crate::layer::{Entry, EntryKind, Meta, Placement};
use crate::limits;
use crate::path::ImagePath;

impl Scan<'_> {
    pub(super) fn send_directory(
        &mut self,
        found: &NamedEntry<'_>,
        inside: &Inherited,
    ) -> Result<Inherited> {
        self.note_hidden_marks();
        let below = self.below(found, inside);
        // The same place needs no word.
        let moved = below.as_deref().filter(|_| found.marks.redirect.is_some());
        self.send(found, found.meta(), moved)?;
        Ok(Inherited {
            // One that was moved here has its lower part even where everything else has none.
            hides_lower: moved.is_none() && (inside.hides_lower || found.marks.is_opaque),
            below,
            is_compared: inside.is_compared && self.is_directory_below(found.path.name()),
        })
    }

    /// Returns where the lower layers have a directory, or a file's data; `None` where they have none.
    fn below(&mut self, found: &NamedEntry<'_>, inside: &Inherited) -> Option<Vec<u8>> {
        if found.marks.is_opaque {
            return None;
        }
        let above = inside.below.as_ref();
        let Some(redirect) = found.marks.redirect.as_deref() else {
            return above.map(|directory| joined(directory, found.path.name()));
        };
        // kernel, fs/overlayfs, `ovl_get_redirect_xattr`: from the root of the layers, or a name beside it.
        let place = match redirect {
            [b'/', absolute @ ..] => absolute.to_vec(),
            name if !name.contains(&b'/') => joined(above?, name),
            _ => Vec::new(),
        };
        let is_sound = ImagePath::new(&place).is_some_and(|place| !place.is_root())
            && place.len() <= limits::PATH_BYTES;
        if !is_sound {
            self.note_moved(found, redirect);
        }
        is_sound.then_some(place)
    }

    pub(super) fn send_symlink(
        &mut self,
        directory: &Beneath,
        found: &NamedEntry<'_>,
    ) -> Result<()> {
        match rustix::fs::readlinkat(directory.as_descriptor(), found.path.name(), Vec::new()) {
            Ok(target) => self.send(found, found.meta(), Some(target.as_bytes())),
            Err(error) => {
                self.note_unread(found.path, "could not be read", error);
                Ok(())
            }
        }
    }

    pub(super) fn send_file(&mut self, found: &NamedEntry<'_>, inside: &Inherited) -> Result<()> {
        let known = self.first_names.get(&found.status.inode).cloned();
        if let Some(first) = known.filter(|_| found.status.names > 1) {
            return self.send_link(found, &first);
        }
        self.remember(found);
        if found.marks.is_metacopy {
            let meta = Meta {
                size: 0,
                ..found.meta()
            };
            if let Some(target) = self.below(found, inside) {
                return self.send(found, meta, Some(&target));
            }
            self.note_metacopy(found);
        }
        self.send(found, found.meta(), None)
    }

    pub(super) fn send_link(&mut self, found: &NamedEntry<'_>, target: &[u8]) -> Result<()> {
        let meta = Meta {
            size: 0,
            kind: EntryKind::Hardlink,
            ..found.meta()
        };
        self.send(found, meta, Some(target))
    }

    /// Remembers the first name of a file that may have more.
    pub(super) fn remember(&mut self, found: &NamedEntry<'_>) {
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
        self.deliver(Entry::marker(path, meta, self.number))
    }

    pub(super) fn send(
        &mut self,
        found: &NamedEntry<'_>,
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
