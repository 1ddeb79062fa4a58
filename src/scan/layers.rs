//! Reading every layer in one pass each, the largest first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::parallel::in_parallel;
use super::{Options, Watch};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::{Image, Layer};
use crate::layer::{Completeness, EntrySink as _};
use crate::limits;
use crate::progress::{Job, Kept};
use crate::tree::{FileTree, TreeBuilder};

/// Reads every layer of an image into a tree, bottom first; layers that share their source share theirs. `watch` was
/// made of the same image.
///
/// Damage costs the layer it is in: that layer's tree is partial, and a warning of it says so.
///
/// # Errors
/// [`Error::Interrupted`] when the job behind the watch is cancelled, [`Error::Limit`] for an image of too many
/// layers.
pub fn layers(image: &Image, options: &Options, watch: &Watch) -> Result<Vec<Arc<FileTree>>> {
    if image.layers.len() > limits::LAYERS {
        return Err(Error::limit(
            image.to_string(),
            "the number of layers",
            limits::LAYERS,
        ));
    }
    let layers = &image.layers;
    let order = largest_first(layers);
    let failures = in_parallel(
        options.readers(layers),
        order.len(),
        |failure: &mut Option<Error>, task| {
            if let Err(error) = scan_alike(layers, &order[task], watch) {
                *failure = Some(error);
            }
        },
    );
    if let Some(error) = failures.into_iter().flatten().next() {
        return Err(error);
    }
    // A thread that panicked leaves its layer unfinished.
    let trees: Option<Vec<_>> = watch.finished().into_iter().collect();
    trees.ok_or(Error::Interrupted)
}

/// Returns the places of layers, those with the same source together; what is stored longest comes first.
fn largest_first(layers: &[Layer]) -> Vec<Vec<usize>> {
    let mut places: HashMap<*const (), Vec<usize>> = HashMap::new();
    for (at, layer) in layers.iter().enumerate() {
        let source = Arc::as_ptr(&layer.source).cast();
        places.entry(source).or_default().push(at);
    }
    let mut order: Vec<_> = places.into_values().collect();
    order.sort_by_key(|places| {
        let first = places[0];
        (Reverse(layers[first].source.facts().stored_bytes), first)
    });
    order
}

/// Scans the source that layers share, once.
fn scan_alike(layers: &[Layer], places: &[usize], watch: &Watch) -> Result<()> {
    let mut first: Option<Arc<FileTree>> = None;
    for &at in places {
        watch.begin(at);
        let tree = match &first {
            None => Arc::new(scan_layer(&layers[at], watch.job(at))?),
            Some(tree) => once_more(tree, &layers[at], watch.job(at))?,
        };
        first.get_or_insert_with(|| Arc::clone(&tree));
        watch.finish(at, tree);
    }
    Ok(())
}

/// Takes a tree for another layer, where the image may have so many entries.
fn once_more(tree: &Arc<FileTree>, layer: &Layer, job: &Job) -> Result<Arc<FileTree>> {
    job.check()?;
    job.advance(layer.source.facts().stored_bytes);
    // Its names are there already.
    if job.count_entries(tree.entries()) && job.keep(tree.len() as u64, 0) == Kept::Within {
        return Ok(Arc::clone(tree));
    }
    let mut builder = TreeBuilder::new(format!("layer {}", layer.index));
    let message = format!(
        "left out, it repeats another: the image has more entries than the limit of {} (--max-entries raises it)",
        job.entry_limit()
    );
    builder.warn(Warning::new(WarningCode::LimitReached, message));
    Ok(Arc::new(builder.freeze(Completeness::Partial)))
}

/// Scans one layer. Whatever goes wrong in it is told by its tree.
fn scan_layer(layer: &Layer, job: &Job) -> Result<FileTree> {
    let mut builder = TreeBuilder::new(format!("layer {}", layer.index)).within(job);
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
    match error {
        Error::Limit { what, limit, .. } => format!("{what} exceeds the limit of {limit}"),
        other => other.in_one_line(),
    }
}
