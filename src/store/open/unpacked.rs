//! Layers that lie in a store twice: unpacked into a directory, and as the blob that was unpacked.
//!
//! The directory is what containers run on, so it is what is listed. The blob is what the digests name: a
//! verification compares the one with the other.

mod against_tar;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::sync::Arc;

use super::packed::PackedLayer;
use crate::beneath::Beneath;
use crate::error::{Error, Result};
use crate::image::Digest;
use crate::layer::dir::DirLayer;
use crate::layer::verified::{Outcome, Verified};
use crate::layer::{
    Completeness, EntryKind, EntrySink, FileAt, LayerFacts, LayerSource, Origin, Visitor,
};
use crate::path::ImagePath;
use crate::progress::Job;
use crate::store::Location;
use against_tar::Unpacked;

/// Where the blob of an unpacked layer is.
#[derive(Debug, Clone)]
pub(super) enum Blob {
    /// The engine keeps none: what was unpacked is all there is.
    Unkept,
    /// It kept one once.
    Gone,
    /// In the store, under this digest.
    At(Location, Digest),
}

/// What is in the directory.
#[derive(Debug)]
pub(super) enum UnpackedAs {
    /// What the layer changes.
    Changes,
    /// The whole file system, read as such.
    Copy(DirLayer),
}

/// A layer that lies unpacked in a directory and is named by the digest of its blob.
#[derive(Debug)]
pub(super) struct UnpackedLayer {
    /// What is listed, from the directory.
    pub(super) layer: Arc<dyn LayerSource>,
    pub(super) directory: Beneath,
    pub(super) form: UnpackedAs,
    pub(super) blob: Blob,
}

impl LayerSource for UnpackedLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        self.layer.scan(sink, job)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        self.layer.open(file)
    }

    fn visit(&self, files: &[FileAt<'_>], visit: &mut Visitor<'_>, job: &Job) -> Result<()> {
        self.layer.visit(files, visit, job)
    }

    /// Compares the blob with its digest and with the diff ID, then the directory with the blob.
    fn verify(&self, diff_id: &str, job: &Job) -> Result<Verified> {
        let gone = "its blob is no longer in the content store";
        let (location, digest) = match &self.blob {
            Blob::Unkept => return self.layer.verify(diff_id, job),
            Blob::Gone => return Ok(Verified::unprovable(gone)),
            Blob::At(location, digest) => (location, digest),
        };
        let blob = match PackedLayer::open(location, digest) {
            Err(Error::MissingBlob { .. }) => return Ok(Verified::unprovable(gone)),
            opened => opened?,
        };
        let verified = blob.verify(diff_id, job)?;
        if verified.outcome != Outcome::Identical {
            return Ok(verified);
        }
        let unpacked = Unpacked {
            listed: &*self.layer,
            directory: &self.directory,
            form: &self.form,
        };
        unpacked.compare_with(&blob, verified, job)
    }

    fn origin(&self, path: ImagePath<'_>, kind: EntryKind) -> Origin {
        self.layer.origin(path, kind)
    }

    fn object(&self) -> Option<(u64, u64)> {
        self.layer.object()
    }

    fn facts(&self) -> LayerFacts {
        self.layer.facts()
    }
}
