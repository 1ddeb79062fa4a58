//! The machine-readable report, schema version 1.
//!
//! The order of fields is fixed, nothing depends on time or hash order. Text of the image is kept without
//! loss: characters that must not reach a terminal are written as JSON escapes. Paths are escaped as
//! everywhere and come with `path_b64` where the escaping changed them.
//!
//! `container` is there only where somebody writes to the topmost layer: see `written`.

pub(crate) mod plain;
mod written;

use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Judgement, Report};
use crate::analysis::rules::{Amount, Concern, Outcome};
use crate::analysis::{Analysis, LayerFigures, WasteCause};
use crate::error::Warning;
use crate::image::{HistoryEntry, Image, ImageConfig, Layer};
use crate::path;

/// Wasted paths listed unless told otherwise.
const DEFAULT_TOP: usize = 50;

/// Writes the report as one JSON object.
///
/// # Errors
/// Those of `output`.
pub fn write(report: &Report<'_>, output: &mut dyn io::Write) -> io::Result<()> {
    let analysis = report.analysis;
    let mut document = json!({
        "schema_version": 1,
        "complete": analysis.complete,
        "source": { "kind": analysis.source.kind, "locator": analysis.source.locator },
        "image": image(&analysis.image),
        "totals": totals(analysis),
        "layers": layers(analysis),
        "waste": waste(analysis, report.top.unwrap_or(DEFAULT_TOP)),
        "rules": rules(analysis, report.judgement),
        "verdict": verdict(analysis, report.judgement),
        "warnings": analysis.warnings.iter().map(warning).collect::<Value>(),
    });
    if let (Some(written), Some(object)) = (report.written, document.as_object_mut()) {
        let container = written::container(analysis, written, report.top.unwrap_or(DEFAULT_TOP));
        object.insert("container".into(), container);
    }
    plain::write(&document, output)
}

fn image(image: &Image) -> Value {
    json!({
        "names": image.names,
        "id": image.id.as_ref().map(ToString::to_string),
        "digest": image.digest.as_ref().map(ToString::to_string),
        "platform": image.platform.written(),
        "os_version": image.platform.os_version,
        "created": image.config.created,
        "config": config(&image.config),
        "history": image.history.iter().map(history).collect::<Value>(),
    })
}

fn config(config: &ImageConfig) -> Value {
    let labels: Map<String, Value> = config
        .labels
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    json!({
        "user": config.user,
        "env": config.env,
        "entrypoint": config.entrypoint,
        "cmd": config.cmd,
        "working_dir": config.working_dir,
        "labels": labels,
        "exposed_ports": config.exposed_ports,
        "volumes": config.volumes,
    })
}

fn history(entry: &HistoryEntry) -> Value {
    json!({
        "created": entry.created,
        "created_by": entry.created_by,
        "comment": entry.comment,
        "empty_layer": entry.empty_layer,
        "layer": entry.layer,
    })
}

fn totals(analysis: &Analysis) -> Value {
    let totals = &analysis.totals;
    json!({
        "layers": analysis.image.layers.len(),
        "entries": totals.entries,
        "paths": totals.paths,
        "content_bytes": totals.content_bytes,
        "stored_bytes": totals.stored_bytes,
        "effective_bytes": totals.effective_bytes,
        "wasted_bytes": totals.wasted_bytes,
        "efficiency": totals.efficiency,
        "own": {
            "base_layers": totals.own.base_layers,
            "content_bytes": totals.own.content_bytes,
            "wasted_bytes": totals.own.wasted_bytes,
            "hidden_base_bytes": totals.own.hidden_base_bytes,
        },
    })
}

fn layers(analysis: &Analysis) -> Value {
    let pairs = analysis.image.layers.iter().zip(&analysis.layers);
    pairs
        .map(|(layer, figures)| one_layer(layer, figures))
        .collect()
}

fn one_layer(layer: &Layer, figures: &LayerFigures) -> Value {
    json!({
        "index": layer.index.0,
        "diff_id": layer.diff_id.as_ref().map(ToString::to_string),
        "digest": layer.digest.as_ref().map(ToString::to_string),
        "media_type": layer.media_type,
        "compression": layer.compression.as_str(),
        "created_by": layer.instruction.as_ref().map(|instruction| &instruction.recorded),
        "entries": figures.entries,
        "content_bytes": figures.content_bytes,
        "stored_bytes": layer.stored_bytes,
        "live_bytes": figures.live_bytes,
        "wasted_bytes": figures.wasted_bytes,
        "destroyed_bytes": figures.destroyed_bytes,
        "added": figures.added,
        "modified": figures.modified,
        "touched": figures.touched,
        "repeated": figures.repeated,
        "removed": figures.removed,
        "complete": figures.complete,
    })
}

fn waste(analysis: &Analysis, top: usize) -> Value {
    let by_cause: Map<String, Value> = WasteCause::ALL
        .iter()
        .zip(analysis.waste.by_cause)
        .map(|(cause, bytes)| (cause.as_str().to_owned(), json!(bytes)))
        .collect();
    let largest = analysis.waste.largest(&analysis.tree, top);
    let paths = largest.iter().map(|wasted| {
        let mut object = located(&analysis.tree.path(wasted.path));
        object.insert("bytes".into(), json!(wasted.bytes));
        object.insert("cause".into(), json!(wasted.cause.as_str()));
        object.insert("created_in".into(), json!(wasted.created_in.0));
        object.insert("destroyed_in".into(), json!(wasted.destroyed_in.0));
        Value::Object(object)
    });
    json!({
        "by_cause": by_cause,
        "paths": paths.collect::<Value>(),
        "omitted": analysis.waste.paths.len().saturating_sub(top),
    })
}

fn rules(analysis: &Analysis, judgement: Option<&Judgement>) -> Value {
    judgement
        .iter()
        .flat_map(|judgement| &judgement.verdict.outcomes)
        .map(|outcome| rule(analysis, outcome))
        .collect()
}

fn rule(analysis: &Analysis, outcome: &Outcome) -> Value {
    let mut object = json!({
        "id": outcome.id,
        "outcome": outcome.state.as_str(),
        "value": amount(outcome.value),
        "threshold": amount(outcome.threshold),
        "source": outcome.source,
    });
    if let (Concern::Paths(found), Some(object)) = (&outcome.concern, object.as_object_mut()) {
        let paths = found.iter().map(|found| {
            let mut object = located(&analysis.tree.path(found.path));
            object.insert("bytes".into(), json!(found.bytes));
            object.insert("layer".into(), json!(found.layer.0));
            Value::Object(object)
        });
        object.insert("paths".into(), paths.collect());
    }
    object
}

/// Infinite ratios and those that are not a number, which only dive's figures can be, become `null`.
fn amount(amount: Amount) -> Value {
    match amount {
        Amount::Ratio(ratio) => json!(ratio),
        Amount::Bytes(number) | Amount::Count(number) => json!(number),
    }
}

fn verdict(analysis: &Analysis, judgement: Option<&Judgement>) -> Value {
    judgement.map_or(Value::Null, |judgement| {
        if judgement.passes(analysis) {
            json!("pass")
        } else {
            json!("fail")
        }
    })
}

pub(crate) fn warning(warning: &Warning) -> Value {
    let mut object = Map::new();
    object.insert("code".into(), json!(warning.code.as_str()));
    object.insert("message".into(), json!(warning.message));
    object.insert("layer".into(), json!(warning.layer));
    match &warning.path {
        Some(path) => object.extend(located(path)),
        None => {
            object.insert("path".into(), Value::Null);
        }
    }
    Value::Object(object)
}

/// Returns `path`, and `path_b64` where the text does not give the bytes back.
pub(crate) fn located(relative: &[u8]) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("path".into(), json!(path::display_absolute(relative)));
    if !path::is_plain(relative) {
        let mut absolute = Vec::with_capacity(relative.len() + 1);
        absolute.push(b'/');
        absolute.extend_from_slice(relative);
        object.insert("path_b64".into(), json!(STANDARD.encode(absolute)));
    }
    object
}

/// Escapes what may stand raw in JSON but not on a terminal: DEL, C1, bidirectional and the like.
///
/// Outside of strings JSON is plain ASCII, so every character concerned stands in a string.
pub(crate) fn without_raw_controls(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut units = [0; 2];
    let mut bytes = [0; 4];
    for character in text.chars() {
        let harmless =
            character == '\n' || path::is_plain(character.encode_utf8(&mut bytes).as_bytes());
        if harmless {
            safe.push(character);
        } else {
            for unit in character.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                write!(safe, "\\u{unit:04x}").unwrap_or_default();
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_carry_their_bytes_where_text_cannot() {
        assert_eq!(
            Value::Object(located(b"etc/passwd")),
            json!({ "path": "/etc/passwd" })
        );
        assert_eq!(
            Value::Object(located(b"a\xFF")),
            json!({ "path": "/a\\xFF", "path_b64": "L2H/" })
        );
    }

    #[test]
    fn json_text_is_lossless_and_safe_on_a_terminal() {
        let value = json!({ "a": "x\u{202E}y\u{9b}z\u{7f}\u{1b}[31m\u{F0000} ü" });
        let text = without_raw_controls(&serde_json::to_string_pretty(&value).unwrap());
        assert!(
            text.chars()
                .all(|character| character == '\n'
                    || path::is_plain(character.to_string().as_bytes()))
        );
        assert!(text.contains('ü'));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
