//! Reading an image's layers: in parallel, each in one pass, then joining them and comparing what has to be.

mod compare;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::{Image, Layer};
use crate::layer::{Completeness, EntryKind, EntrySink as _, LayerIndex};
use crate::limits;
use crate::path;
use crate::progress::Job;
use crate::tree::{FileTree, MergedTree, TreeBuilder};

/// How to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Most threads; `None` takes as many as there are cores.
    pub threads: Option<NonZeroUsize>,
}

impl Options {
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
}

/// Reads every layer and joins them.
///
/// Damage costs the layer it is in: that layer's tree is partial, and a warning says so.
///
/// # Errors
/// [`Error::Interrupted`] when the job is cancelled, [`Error::Limit`] for an image of too many layers.
pub fn run(image: &Image, options: &Options, job: &Job) -> Result<Scanned> {
    if image.layers.len() > limits::LAYERS {
        return Err(Error::Limit {
            name: image.to_string(),
            what: "the number of layers",
            limit: limits::LAYERS.to_string(),
            option: None,
        });
    }
    let trees = scan_layers(&image.layers, options, job)?;
    job.check()?;
    let mut warnings = Vec::new();
    for (index, tree) in (0u16..).zip(&trees) {
        warnings.extend(
            tree.warnings()
                .iter()
                .cloned()
                .map(|warning| warning.in_layer(index)),
        );
    }
    let mut tree = MergedTree::build(trees);
    note_dangling(&tree, &mut warnings);
    let outcomes = compare::run(&tree, &image.layers, options, job, &mut warnings)?;
    tree.settle(&outcomes);
    Ok(Scanned { tree, warnings })
}

/// Layers that one thread has scanned, each with its position.
type Done = Vec<(usize, Result<FileTree>)>;

fn scan_layers(layers: &[Layer], options: &Options, job: &Job) -> Result<Vec<FileTree>> {
    let mut order: Vec<usize> = (0..layers.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(layers[at].source.stored_bytes()));
    for layer in layers {
        job.expect(layer.source.stored_bytes());
    }
    let done = in_parallel(
        options.workers(layers.len()),
        order.len(),
        |done: &mut Done, task| {
            done.push((order[task], scan_layer(&layers[order[task]], job)));
        },
    );
    let mut done: Done = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|&(at, _)| at);
    let trees: Vec<FileTree> = done
        .into_iter()
        .map(|(_, tree)| tree)
        .collect::<Result<_>>()?;
    if trees.len() == layers.len() {
        Ok(trees)
    } else {
        Err(Error::Interrupted)
    }
}

/// Runs tasks `0..tasks` on a number of threads; each thread takes the next one that is left and collects in a
/// state of its own. Returns the states, in no order.
fn in_parallel<S: Default + Send>(
    workers: usize,
    tasks: usize,
    work: impl Fn(&mut S, usize) + Sync,
) -> Vec<S> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = S::default();
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return state;
            }
            work(&mut state, task);
        }
    };
    if workers <= 1 {
        return vec![run()];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        // A thread that panicked has no state; what it should have done is missing and noticed as such.
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .collect()
    })
}

/// Scans one layer. Whatever goes wrong in it is told by its tree.
fn scan_layer(layer: &Layer, job: &Job) -> Result<FileTree> {
    let mut builder = TreeBuilder::new(format!("layer {}", layer.index));
    let completeness = match layer.source.scan(&mut builder, job) {
        Ok(completeness) => completeness,
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        Err(error) => {
            let code = match error {
                Error::Limit { .. } => WarningCode::LimitReached,
                Error::Read { .. } => WarningCode::DamagedLayer,
                _ => WarningCode::UnreadableLayer,
            };
            builder.warn(Warning::new(code, with_sources(&error)));
            Completeness::Partial
        }
    };
    Ok(builder.freeze(completeness))
}

/// Returns an error about a layer as a warning that names the layer already.
fn with_sources(error: &Error) -> String {
    let mut text = match error {
        Error::Limit { what, limit, .. } => format!("{what} exceeds the limit of {limit}"),
        other => other.to_string(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Notes whiteouts and hard links that lead nowhere.
fn note_dangling(tree: &MergedTree, warnings: &mut Vec<Warning>) {
    let mut whiteouts = vec![0usize; tree.layers().len()];
    for &(layer, id) in tree.dangling_whiteouts() {
        let count = &mut whiteouts[layer.as_usize()];
        *count += 1;
        if *count <= limits::WARNINGS_PER_KIND {
            let bytes = tree.path(id);
            let message = format!(
                "whiteout of {}, which nothing below has",
                path::display_absolute(&bytes)
            );
            let warning = Warning::new(WarningCode::DanglingWhiteout, message);
            warnings.push(warning.in_layer(layer.0).at_path(&bytes));
        }
    }
    for (index, count) in (0u16..).zip(whiteouts) {
        note_more(count, WarningCode::DanglingWhiteout, index, warnings);
    }
    for (index, layer) in (0u16..).zip(tree.layers()) {
        let links = layer.foreign_links().iter();
        let dangling: Vec<_> = links
            .filter(|&&link| layer.kind(link) == EntryKind::Hardlink)
            .filter(|&&link| tree.inode(LayerIndex(index), link).is_none())
            .collect();
        for &&link in dangling.iter().take(limits::WARNINGS_PER_KIND) {
            let bytes = layer.path(link);
            let message = format!(
                "{} is a hard link to {}, which does not exist",
                path::display_absolute(&bytes),
                path::display_absolute(layer.link(link).unwrap_or_default())
            );
            let warning = Warning::new(WarningCode::DanglingHardLink, message);
            warnings.push(warning.in_layer(index).at_path(&bytes));
        }
        note_more(
            dangling.len(),
            WarningCode::DanglingHardLink,
            index,
            warnings,
        );
    }
}

fn note_more(count: usize, code: WarningCode, layer: u16, warnings: &mut Vec<Warning>) {
    if count > limits::WARNINGS_PER_KIND {
        let more = count - limits::WARNINGS_PER_KIND;
        warnings.push(Warning::new(code, format!("and {more} more of this kind")).in_layer(layer));
    }
}
