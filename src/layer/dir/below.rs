//! The file system that another one was copied from.

use super::attributes::{AttributeReader, Attributes};
use super::status::Status;
use super::walk::{Unlisted, names_of};
use crate::beneath::Beneath;
use crate::layer::EntryKind;

const CAPABILITY: &[u8] = b"security.capability";

/// The directory of it that stands at the same path as the one at hand.
#[derive(Debug)]
pub(super) struct Below<'a> {
    root: &'a Beneath,
    directory: Option<Beneath>,
    reader: AttributeReader,
}

impl<'a> Below<'a> {
    pub(super) fn new(root: &'a Beneath) -> Self {
        Self {
            root,
            directory: None,
            reader: AttributeReader::new(root.as_descriptor()),
        }
    }

    /// Goes to a directory and returns its names, sorted.
    pub(super) fn lists(&mut self, path: &[u8]) -> Result<Vec<Vec<u8>>, Unlisted> {
        let failed = |error| Unlisted {
            path: path.to_vec(),
            error,
        };
        self.directory = None;
        let directory = self
            .root
            .directory(path)
            .map_err(|error| failed(Some(error)))?;
        let directory = directory.ok_or_else(|| failed(None))?;
        let names = names_of(&directory).map_err(|error| failed(Some(error)))?;
        self.directory = Some(directory);
        Ok(names)
    }

    /// Returns what stands at a name of the directory.
    pub(super) fn status(&self, name: &[u8]) -> Option<Status> {
        let directory = self.directory.as_ref()?;
        Status::of(directory.as_descriptor(), name).ok()
    }

    /// Returns whether a name stands for the same here, as far as `docker diff` looks: moby, pkg/archive,
    /// `statDifferent`. The data is not compared.
    pub(super) fn has_same(
        &mut self,
        name: &[u8],
        other: &Status,
        attributes: &Attributes,
    ) -> bool {
        let Some(own) = self.status(name) else {
            return false;
        };
        let described = |status: &Status| {
            (
                status.kind,
                status.mode,
                status.uid,
                status.gid,
                status.device,
            )
        };
        if described(&own) != described(other) {
            return false;
        }
        let is_directory = own.kind == Some(EntryKind::Dir);
        if !is_directory && (own.length != other.length || !is_same_time(own.mtime, other.mtime)) {
            return false;
        }
        let capability = attributes.iter().find(|(name, _)| name == CAPABILITY);
        self.capability(name, &own).as_ref() == capability
    }

    fn capability(&mut self, name: &[u8], status: &Status) -> Option<(Vec<u8>, Vec<u8>)> {
        let directory = self.directory.as_ref()?;
        let is_wanted = |name: &[u8]| name == CAPABILITY;
        let read = self
            .reader
            .read(directory.as_descriptor(), name, status.kind?, &is_wanted);
        read.ok()?.pop()
    }
}

/// Archives may have kept whole seconds: moby, pkg/archive, `sameFsTime`.
fn is_same_time(own: (i64, u32), other: (i64, u32)) -> bool {
    own.0 == other.0 && (own.1 == other.1 || own.1 == 0 || other.1 == 0)
}
