//! Directories as layers: what an engine keeps unpacked, walked and never followed out of.

mod attributes;
mod below;
mod marks;
mod origin;
mod privilege;
pub(super) mod scan;
mod status;
mod walk;

use std::io::Read;

pub(crate) use self::privilege::sees_trusted;
use self::scan::How;

use super::{Completeness, EntryKind, EntrySink, FileAt, LayerFacts, LayerSource, Origin};
use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::path::ImagePath;
use crate::progress::Job;

/// Which extended attributes of overlayfs count in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// `trusted.overlay.*`: mounts made by root.
    Trusted,
    /// `user.overlay.*`: mounts with `userxattr`, as rootless engines make them.
    User,
    /// Either: nobody says how it was mounted.
    Either,
}

/// How deletions are written in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As the kernel's overlayfs does: devices 0:0, opaque attributes.
    Overlay(Namespace),
    /// As fuse-overlayfs does: any of them, and `.wh.` names.
    FuseOverlay,
    /// `.wh.` names alone.
    Aufs,
    /// Not at all: a whole file system.
    Plain,
}

/// A layer that lies unpacked in a directory.
///
/// Entries come directory by directory, names sorted, a directory before what is in it. A file with several
/// names in the directory is a hard link from its second name on. What the lower layers have of a file or of a
/// directory that was moved (`metacopy`, `redirect`) is named by the entry's link; joining the layers looks it up.
#[derive(Debug)]
pub struct DirLayer {
    directory: Beneath,
    encoding: Encoding,
}

impl DirLayer {
    /// Takes the directory with what the layer changes.
    pub fn new(directory: Beneath, encoding: Encoding) -> Self {
        Self {
            directory,
            encoding,
        }
    }
}

impl LayerSource for DirLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        let how = How {
            encoding: self.encoding,
            compared: None,
        };
        scan::scan(&self.directory, how, sink, job)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        open(&self.directory, file)
    }

    fn origin(&self, path: ImagePath<'_>, kind: EntryKind) -> Origin {
        origin::of(&self.directory, self.encoding, path.as_bytes(), kind)
    }

    fn object(&self) -> Option<(u64, u64)> {
        self.directory.object()
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::DIRECTORY
    }
}

/// Opens a file by its path below a directory.
pub(super) fn open<'a>(directory: &Beneath, file: FileAt<'_>) -> Result<Box<dyn Read + 'a>> {
    let path = file.path.as_bytes();
    match directory.file(path)? {
        Some(file) => Ok(Box::new(file)),
        None => Err(Error::NotFound {
            name: directory.shown(path),
        }),
    }
}
