//! The report as `dive --json` writes it, figures included, for tools that read that.
//!
//! The figures are dive's, not ours. The list of every file of every layer (`fileList`) is left out.

use std::io;

use serde_json::{Value, json};

use super::json::plain;
use crate::analysis::Analysis;
use crate::analysis::dive::{DiveFigures, InefficientPath};
use crate::image::Layer;
use crate::path;

/// Writes the report as one JSON object.
///
/// # Errors
/// Those of `output`.
pub fn write(analysis: &Analysis, output: &mut dyn io::Write) -> io::Result<()> {
    let figures = DiveFigures::of(analysis);
    let layers = analysis.image.layers.iter();
    let files = figures
        .inefficient
        .iter()
        .map(|found| file(analysis, found));
    let document = json!({
        "layer": layers.map(|one| layer(analysis, one)).collect::<Value>(),
        "image": {
            "sizeBytes": figures.size_bytes,
            "inefficientBytes": figures.wasted_bytes,
            "efficiencyScore": figures.efficiency,
            "fileReference": files.collect::<Value>(),
        },
    });
    plain::write(&document, output)
}

fn layer(analysis: &Analysis, layer: &Layer) -> Value {
    let digest = layer.diff_id.as_ref().or(layer.digest.as_ref());
    let figures = analysis.layers.get(layer.index.as_usize());
    json!({
        "index": layer.index.0,
        "id": digest.map_or("", |digest| digest.short()),
        "digestId": digest.map_or("", |digest| digest.as_str()),
        "sizeBytes": figures.map_or(0, |figures| figures.content_bytes),
        "command": layer.instruction.as_ref().map_or("", |instruction| &instruction.recorded),
    })
}

fn file(analysis: &Analysis, found: &InefficientPath) -> Value {
    json!({
        "count": found.count,
        "sizeBytes": found.bytes,
        "file": path::display_absolute(&analysis.tree.path(found.path)),
    })
}
