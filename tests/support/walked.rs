//! What the walk over a tar delivers, kept for a test to look at.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use layerscope::error::{Result, Warning};
use layerscope::layer::bytes::Region;
use layerscope::layer::tar::TarLayer;
use layerscope::layer::{Completeness, Entry, EntrySink, LayerSource as _, Meta};
use layerscope::progress::Job;

/// One entry, with everything it says.
#[derive(Debug, Clone)]
pub struct Walked {
    pub path: Vec<u8>,
    pub link: Option<Vec<u8>>,
    pub meta: Meta,
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub offset: u64,
}

/// A whole archive.
#[derive(Debug)]
pub struct Walk {
    pub entries: Vec<Walked>,
    pub warnings: Vec<Warning>,
    /// `Err` where it was refused as no tar archive.
    pub result: Result<Completeness>,
}

impl Walk {
    /// Walks a file, compressed or not.
    pub fn of_file(path: &Path) -> Self {
        Self::of(File::open(path).expect("a file"), &Job::new())
    }

    /// Walks bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::within(&Job::new(), bytes)
    }

    /// Walks bytes within the limits of a job.
    pub fn within(job: &Job, bytes: &[u8]) -> Self {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("room for an archive");
        Self::of(file, job)
    }

    fn of(file: File, job: &Job) -> Self {
        let length = file.metadata().expect("metadata").len();
        let region = Region::new(Arc::new(file), "fixture".into(), 0, length);
        let mut collected = Collected::default();
        let layer = TarLayer::new(region).expect("a layer");
        let result = layer.scan(&mut collected, job);
        Self {
            entries: collected.0,
            warnings: collected.1,
            result,
        }
    }

    /// Returns the paths in stored order.
    pub fn names(&self) -> Vec<String> {
        let text = |path: &[u8]| path.escape_ascii().to_string();
        self.entries.iter().map(|entry| text(&entry.path)).collect()
    }

    /// Returns the codes of the warnings in the order they were raised.
    pub fn codes(&self) -> Vec<&'static str> {
        self.warnings
            .iter()
            .map(|warning| warning.code.as_str())
            .collect()
    }
}

#[derive(Default)]
struct Collected(Vec<Walked>, Vec<Warning>);

impl EntrySink for Collected {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.0.push(Walked {
            path: entry.path.as_bytes().to_vec(),
            link: entry.link.map(<[u8]>::to_vec),
            meta: entry.meta,
            xattrs: entry.xattrs.to_vec(),
            offset: entry.offset,
        });
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        self.1.push(warning);
    }
}
