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

#[path = "support/corpus.rs"]
mod corpus;

use std::fs::File;
use std::sync::Arc;

use layerscope::error::{Result, Warning};
use layerscope::layer::bytes::Region;
use layerscope::layer::tar::TarLayer;
use layerscope::layer::{Entry, EntryKind, EntrySink, LayerSource};
use layerscope::progress::Job;

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

/// Where Python's tarfile is wrong or we decide otherwise: what we find, and why.
const EXCEPTIONS: [(&str, u64, u64, &str); 7] = [
    (
        "synthetic/long-name/pax.tar",
        0,
        0,
        "a path beyond our limit is left out, with a warning",
    ),
    (
        "golang+go/pax-nil-sparse-data.tar",
        1,
        1000,
        "Go's tests say 1000 bytes; Python counts the map as data",
    ),
    ("golang+go/pax-nil-sparse-hole.tar", 1, 1000, "as above"),
    (
        "golang+go/pax-sparse-big.tar",
        1,
        60_000_000_000,
        "as above; the stated real size",
    ),
    (
        "test_compat_tar_directory_1.tar",
        1,
        0,
        "GNU tar and the tar crate skip the directory's data too",
    ),
    (
        "test_read_format_tar_timestamp_overflow.tar",
        1,
        14,
        "blanks and NULs before a number are skipped, as in Go",
    ),
    (
        "denormal-paths-tarfile.tar",
        3,
        14,
        "two damaged headers are passed over, as GNU tar does",
    ),
];

/// Reads `3e/2f/51B` behind `py: codec:`; nothing where Python failed or met damage.
fn observed(text: &str) -> Option<(u64, u64)> {
    let python = text
        .split("; ")
        .find_map(|part| part.strip_prefix("py: "))?;
    let (_, counts) = python.split_once(':')?;
    if python.starts_with("ERR") || python.contains("tarerr") {
        return None;
    }
    let mut parts = counts.split(' ').next()?.split('/');
    let entries = parts.next()?.strip_suffix('e')?.parse().ok()?;
    let bytes: String = parts
        .nth(1)?
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    Some((entries, bytes.parse().ok()?))
}

#[test]
fn tars_hold_what_other_readers_find() {
    let Some(corpus) = corpus::files() else {
        return;
    };
    let manifest = std::fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, kind) = (columns[0], columns[8]);
        if !(kind.starts_with("tar:") || kind.starts_with("layer:")) || !corpus.join(name).is_file()
        {
            continue;
        }
        let file = File::open(corpus.join(name)).unwrap();
        let length = file.metadata().unwrap().len();
        let layer = TarLayer::new(Region::new(Arc::new(file), name.into(), 0, length)).unwrap();
        let mut count = Count::default();
        let result = layer.scan(&mut count, &Job::new());
        let exception = EXCEPTIONS
            .iter()
            .find(|exception| name.ends_with(exception.0));
        let expected = match exception {
            Some(&(_, entries, bytes, _)) => Some((entries, bytes)),
            None => observed(columns[11]),
        };
        let Some(expected) = expected else { continue };
        compared += 1;
        if (count.entries, count.bytes) != expected {
            let (entries, bytes) = (count.entries, count.bytes);
            wrong.push(format!(
                "{name}: {entries} entries, {bytes} bytes, not {expected:?}: {result:?} {:?}",
                count.warnings
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(compared > 250, "only {compared} archives were compared");
}
