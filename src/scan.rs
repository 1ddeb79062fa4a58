//! Reading an image's layers: in parallel, each in one pass, then joining them and comparing what has to be.
//!
//! Three stages, each of which a viewer can show: [`layers`] with a [`Watch`] over them, [`union`] (or
//! [`partial_union`] while layers are missing), [`compare`]. [`run`] is all three.

mod compare;
mod dangling;
mod layers;
mod parallel;
mod verify;
mod watch;

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::error::{Result, Warning, Warnings};
use crate::image::{Image, Layer};
use crate::layer::LayerIndex;
use crate::limits;
use crate::progress::Job;
use crate::tree::{Content, FileTree, MergedTree, moves};

pub use compare::compare;
pub use layers::layers;
pub use verify::{Verification, verify};
pub use watch::{LayerProgress, Phase, Watch};

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Most threads; `None` takes as many as there are cores.
    pub threads: Option<NonZeroUsize>,
}

impl Options {
    /// Returns how many layers are read at a time: fewer where their decoders would take too much memory together.
    fn readers(&self, layers: &[Layer]) -> usize {
        let memory = layers
            .iter()
            .map(|layer| layer.source.facts().decoder_bytes);
        let fit = limits::DECODERS_BYTES / memory.max().unwrap_or(0).max(1);
        let fit = usize::try_from(fit).unwrap_or(usize::MAX).max(1);
        self.workers(layers.len()).min(fit)
    }

    fn workers(&self, tasks: usize) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads
            .map_or_else(cores, NonZeroUsize::get)
            .min(tasks)
            .max(1)
    }
}

/// An image's layers, read.
#[derive(Debug)]
pub struct Scanned {
    /// The union.
    pub tree: MergedTree,
    /// What was odd, bottom layer first.
    pub warnings: Vec<Warning>,
    /// Layers that are empty in the union because nobody has read them yet, ascending.
    pub unread: Vec<LayerIndex>,
}

impl Scanned {
    /// Takes the outcome of the comparisons that this union asks for.
    pub fn settle(&mut self, compared: Compared) {
        self.tree.settle(&compared.outcomes);
        self.warnings.extend(compared.warnings);
    }
}

/// What comparing files found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// One per element of [`MergedTree::comparisons`], in its order.
    pub outcomes: Vec<Content>,
    /// Files that could not be compared, in that order too.
    pub warnings: Vec<Warning>,
}

/// Reads every layer, joins them and compares what has to be compared.
///
/// Damage costs the layer it is in: that layer's tree is partial, and a warning says so.
///
/// # Errors
/// As [`layers`].
pub fn run(image: &Image, options: &Options, job: &Job) -> Result<Scanned> {
    let watch = Watch::new(image, job);
    let trees = layers(image, options, &watch)?;
    // The union changes layers that hard links of others concern, and would have to copy what is shared.
    drop(watch);
    job.check()?;
    let mut scanned = union(trees);
    let compared = compare(&scanned.tree, image, options, job)?;
    scanned.settle(compared);
    Ok(scanned)
}

/// Joins the trees of all layers, bottom first. Files that only reading can tell apart count as different.
pub fn union(trees: Vec<Arc<FileTree>>) -> Scanned {
    join(trees, Vec::new())
}

/// Joins the layers that are read, bottom first; the others are empty and [`Scanned::unread`].
pub fn partial_union(trees: Vec<Option<Arc<FileTree>>>) -> Scanned {
    let unread = (0u16..).zip(&trees).filter(|(_, tree)| tree.is_none());
    let unread = unread.map(|(index, _)| LayerIndex(index)).collect();
    let nothing = Arc::new(FileTree::unread());
    let trees = trees
        .into_iter()
        .map(|tree| tree.unwrap_or_else(|| Arc::clone(&nothing)));
    join(trees.collect(), unread)
}

fn join(mut trees: Vec<Arc<FileTree>>, unread: Vec<LayerIndex>) -> Scanned {
    let lost = moves::unfold(&mut trees);
    let mut warnings = Warnings::within(limits::WARNING_BYTES);
    for (index, tree) in (0u16..).zip(&trees) {
        let found = tree.warnings().iter().cloned();
        warnings.extend(found.map(|warning| warning.in_layer(index)));
    }
    let tree = MergedTree::build(trees);
    // What leads nowhere may lead into a layer that is not read yet.
    if unread.is_empty() {
        dangling::note_lost(&lost, &mut warnings);
        dangling::note_dangling(&tree, &mut warnings);
        dangling::note_turned(&tree, &mut warnings);
    }
    Scanned {
        tree,
        warnings: warnings.into_vec(),
        unread,
    }
}
