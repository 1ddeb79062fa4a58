//! A whole archive, from a file and through a pipe: every image in it, with its waste, to the same figures.

#![no_main]

use std::ffi::OsStr;
use std::io::Write as _;

use layerscope::analysis::{self, Totals};
use layerscope::progress::Job;
use layerscope::source::{self, Contents, Locator, OpenOptions};
use libfuzzer_sys::fuzz_target;

/// Bytes that an input may expand to: what is slow is not what is looked for here.
const EXPANDED_BYTES: u64 = 1 << 24;

fuzz_target!(|data: &[u8]| {
    let kept = analysed(data, Contents::Wanted);
    // What is compressed passes by.
    let packed = zstd::bulk::compress(data, 1).expect("a frame");
    let passed = analysed(&packed, Contents::Unwanted);
    assert_eq!(kept, passed);
});

/// Figures of the first image, but how much is stored: that differs.
fn analysed(data: &[u8], contents: Contents) -> Option<Totals> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(data).expect("room");
    let locator = Locator::parse(OsStr::new(file.path())).expect("a place");
    let options = OpenOptions {
        image: Some("0".into()),
        spool_limit: Some(EXPANDED_BYTES),
        contents,
        ..OpenOptions::default()
    };
    let job = Job::new();
    job.limit_expanded(EXPANDED_BYTES);
    let opened = source::open(&locator, &options, &job).ok()?;
    let options = analysis::Options::default();
    let analysis = analysis::run(opened.source, opened.image, &options, &job).ok()?;
    let totals = &analysis.totals;
    assert_eq!(totals.content_bytes - totals.effective_bytes, totals.wasted_bytes);
    Some(Totals {
        stored_bytes: None,
        ..*totals
    })
}
