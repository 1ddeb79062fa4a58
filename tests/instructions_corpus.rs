//! Recovers the instructions of every configuration in a corpus of real images.
//!
//! `LAYERSCOPE_CORPUS` names the corpus; without it the test says that it was skipped.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

#[path = "support/corpus.rs"]
mod corpus;

use std::path::{Path, PathBuf};

use layerscope::image::recovery::recover;
use layerscope::image::{HistoryEntry, ImageConfig};
use serde_json::Value;

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => pending.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().map(str::to_owned)
}

fn words(value: Option<&Value>) -> Vec<String> {
    let words = value.and_then(Value::as_array).into_iter().flatten();
    words
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect()
}

fn entry(value: &Value) -> HistoryEntry {
    HistoryEntry {
        created: text(value, "created"),
        created_by: text(value, "created_by"),
        author: text(value, "author"),
        comment: text(value, "comment"),
        empty_layer: value.get("empty_layer").and_then(Value::as_bool) == Some(true),
        ..HistoryEntry::default()
    }
}

fn config(document: &Value) -> ImageConfig {
    let config = document.get("config");
    let labels = config
        .and_then(|config| config.get("Labels"))
        .and_then(Value::as_object);
    ImageConfig {
        cmd: words(config.and_then(|config| config.get("Cmd"))),
        entrypoint: words(config.and_then(|config| config.get("Entrypoint"))),
        shell: words(config.and_then(|config| config.get("Shell"))),
        labels: labels
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        ..ImageConfig::default()
    }
}

/// Configurations have a history of objects that are not those of Docker's first manifest schema.
fn history(document: &Value) -> Option<Vec<HistoryEntry>> {
    let entries = document.get("history")?.as_array()?;
    let is_config = entries
        .iter()
        .all(|entry| entry.is_object() && entry.get("v1Compatibility").is_none());
    is_config.then(|| entries.iter().map(entry).collect())
}

#[test]
fn every_configuration_yields_lines() {
    let Some(corpus) = corpus::files() else {
        return;
    };
    let mut count = 0;
    for file in files_below(&corpus.join("json")) {
        let document: Option<Value> = std::fs::read(&file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some((document, history)) = document.and_then(|document| {
            let history = history(&document)?;
            Some((document, history))
        }) else {
            continue;
        };
        count += 1;
        println!("{}", file.display());
        check(&history, &config(&document));
    }
    assert!(count > 0, "no configuration found in {}", corpus.display());
}

fn check(history: &[HistoryEntry], config: &ImageConfig) {
    let recovered = recover(history, config);
    assert_eq!(recovered.len(), history.len());
    for (entry, instruction) in history.iter().zip(&recovered) {
        let Some(instruction) = instruction else {
            assert_eq!(entry.created_by.as_deref().unwrap_or_default(), "");
            continue;
        };
        println!(
            "  {:>22}  {}",
            instruction.builder.as_str(),
            instruction.line
        );
        println!("  {:>22}  {}", "", instruction.title());
        assert!(!instruction.line.contains(['\n', '\r', '\t']));
        if let Some(recorded) = &entry.created_by {
            assert!(recorded.is_empty() || &instruction.recorded == recorded);
        }
    }
}
