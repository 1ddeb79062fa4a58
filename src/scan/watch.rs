//! Layers being read, as another thread sees them: polled, without a message per entry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::image::Image;
use crate::layer::Completeness;
use crate::progress::{Job, Snapshot};
use crate::tree::FileTree;

/// How far one layer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has begun to read it.
    Waiting,
    /// It is being read.
    Reading,
    /// It was read in full.
    Done,
    /// It was read as far as its damage allows.
    Damaged,
}

/// One layer at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerProgress {
    /// How far it is.
    pub phase: Phase,
    /// Stored bytes and entries.
    pub counters: Snapshot,
}

/// The layers of one image while they are read.
#[derive(Debug)]
pub struct Watch {
    layers: Vec<LayerWatch>,
}

#[derive(Debug)]
struct LayerWatch {
    job: Job,
    has_begun: AtomicBool,
    tree: OnceLock<Arc<FileTree>>,
}

impl Watch {
    /// Announces the layers of an image to the job that they are parts of.
    pub fn new(image: &Image, job: &Job) -> Self {
        let layers = image.layers.iter().map(|layer| {
            let job = job.part();
            job.expect(layer.source.facts().stored_bytes);
            LayerWatch {
                job,
                has_begun: AtomicBool::new(false),
                tree: OnceLock::new(),
            }
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// Returns how far every layer is, bottom first.
    pub fn progress(&self) -> Vec<LayerProgress> {
        self.layers.iter().map(LayerWatch::progress).collect()
    }

    /// Returns the trees of the layers that are finished, bottom first.
    pub fn finished(&self) -> Vec<Option<Arc<FileTree>>> {
        let trees = self.layers.iter().map(|layer| layer.tree.get().cloned());
        trees.collect()
    }

    pub(super) fn job(&self, layer: usize) -> &Job {
        &self.layers[layer].job
    }

    pub(super) fn begin(&self, layer: usize) {
        self.layers[layer].has_begun.store(true, Ordering::Relaxed);
    }

    pub(super) fn finish(&self, layer: usize, tree: Arc<FileTree>) {
        // A layer that was read before stays as it was.
        self.layers[layer].tree.get_or_init(|| tree);
    }
}

impl LayerWatch {
    fn progress(&self) -> LayerProgress {
        let phase = match self.tree.get().map(|tree| tree.completeness()) {
            Some(Completeness::Complete) => Phase::Done,
            Some(Completeness::Partial) => Phase::Damaged,
            None if self.has_begun.load(Ordering::Relaxed) => Phase::Reading,
            None => Phase::Waiting,
        };
        LayerProgress {
            phase,
            counters: self.job.snapshot(),
        }
    }
}
