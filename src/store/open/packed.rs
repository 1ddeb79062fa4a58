//! Compressed layers in a content store, which their own digest names as well.

use std::io::Read;

use crate::error::{Error, Result};
use crate::image::Digest;
use crate::layer::bytes::Region;
use crate::layer::codec::Codec;
use crate::layer::tar::TarLayer;
use crate::layer::verified::{Outcome, Verified};
use crate::layer::{Completeness, EntrySink, FileAt, LayerFacts, LayerSource, Visitor};
use crate::progress::{Job, Metered};
use crate::store::Location;

/// A layer as a content store keeps it.
#[derive(Debug)]
pub(super) struct PackedLayer {
    tar: TarLayer,
    region: Region,
    digest: Digest,
}

impl PackedLayer {
    /// Opens a blob.
    ///
    /// # Errors
    /// [`Error::MissingBlob`], or when it cannot be opened or its beginning not be read.
    pub(super) fn open(blob: &Location, digest: &Digest) -> Result<Self> {
        let region = Region::beneath(&blob.root, &blob.path)?;
        let region = region.ok_or_else(|| Error::MissingBlob {
            name: blob.root.name().to_owned(),
            blob: digest.to_string(),
        })?;
        let tar =
            TarLayer::new(region.clone()).map_err(|source| Error::unread(blob.shown(), source))?;
        Ok(Self {
            tar,
            region,
            digest: digest.clone(),
        })
    }

    pub(super) fn codec(&self) -> Codec {
        self.tar.codec()
    }

    /// Returns whether the stored bytes are those that the blob's name stands for; of a digest of another algorithm
    /// nothing can be said.
    fn is_named(&self, job: &Job) -> Result<bool> {
        if !self.digest.as_str().starts_with("sha256:") {
            return Ok(true);
        }
        let mut stored = Metered::new(self.region.reader(0), job);
        let sum = crate::layer::verified::sha256_of(&mut stored);
        job.check()?;
        let sum = sum.map_err(|source| Error::unread(self.region.name(), source))?;
        Ok(sum.eq_ignore_ascii_case(self.digest.as_str()))
    }
}

impl LayerSource for PackedLayer {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        self.tar.scan(sink, job)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        self.tar.open(file)
    }

    fn visit(&self, files: &[FileAt<'_>], visit: &mut Visitor<'_>, job: &Job) -> Result<()> {
        self.tar.visit(files, visit, job)
    }

    fn verify(&self, diff_id: &str, job: &Job) -> Result<Verified> {
        if !self.is_named(job)? {
            let reason = format!("its blob is not what its digest {} names", self.digest);
            return Ok(Verified::without_files(Outcome::Altered(reason)));
        }
        self.tar.verify(diff_id, job)
    }

    fn facts(&self) -> LayerFacts {
        self.tar.facts()
    }
}
