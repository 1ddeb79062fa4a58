//! Directories as layers: what an engine keeps unpacked, walked and never followed out of.

use std::io::Read;

use super::beneath::Beneath;
use super::{Access, Completeness, EntrySink, FileAt, LayerSource};
use crate::error::{Error, Result};
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
    fn scan(&self, _sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        let _ = self.encoding;
        Err(Error::NotFound {
            name: self.directory.name().to_owned(),
        })
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        Err(Error::NotFound {
            name: self.directory.name().to_owned(),
        })
    }

    fn access(&self) -> Access {
        Access::Random
    }

    fn stored_bytes(&self) -> u64 {
        0
    }
}
