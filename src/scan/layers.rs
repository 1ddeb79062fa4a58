//! Reading every layer in one pass each, the largest first.

use std::cmp::Reverse;
use std::sync::Arc;

use super::parallel::in_parallel;
use super::{Options, Watch};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::{Image, Layer};
use crate::layer::{Completeness, EntrySink as _};
use crate::limits;
use crate::progress::Job;
use crate::tree::{FileTree, TreeBuilder};

/// Reads every layer of an image into a tree of its own, bottom first. `watch` was made of the same image.
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
    let mut order: Vec<usize> = (0..layers.len()).collect();
    order.sort_by_key(|&at| Reverse(layers[at].source.facts().stored_bytes));
    let failures = in_parallel(
        options.readers(layers),
        order.len(),
        |failure: &mut Option<Error>, task| {
            let at = order[task];
            watch.begin(at);
            match scan_layer(&layers[at], watch.job(at)) {
                Ok(tree) => watch.finish(at, tree),
                Err(error) => *failure = Some(error),
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
