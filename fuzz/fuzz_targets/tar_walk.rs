//! One layer, compressed or not: from a file and as it passes by, to the same tree.

#![no_main]

use std::io::Write as _;
use std::sync::Arc;

use layerscope::error::Error;
use layerscope::layer::LayerSource as _;
use layerscope::layer::bytes::Region;
use layerscope::layer::codec::Codec;
use layerscope::layer::recorded::{Recorder, Room};
use layerscope::layer::tar::{PassingLayer, TarLayer};
use layerscope::progress::Job;
use layerscope::tree::{FileTree, TreeBuilder};
use libfuzzer_sys::fuzz_target;

/// Bytes that an input may expand to: what is slow is not what is looked for here.
const EXPANDED_BYTES: u64 = 1 << 24;

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(data).expect("room");
    let region = Region::new(Arc::new(file), "input".into(), 0, data.len() as u64);
    let layer = TarLayer::new(region).expect("a layer");
    let stored = tree(|builder, job| layer.scan(builder, job).map(|_| ()));

    let room = Room::default();
    let mut recorder = Recorder::new(&room);
    let passing = PassingLayer {
        stored: Box::new(data),
        codec: Codec::sniff(data),
        name: "input",
    };
    let job = job();
    let scanned = passing.scan(&mut recorder, &room.sparse, &job);
    let recorded = recorder.finish("input", scanned);
    let passed = tree(|builder, job| recorded.scan(builder, job).map(|_| ()));
    assert_eq!(stored.len(), passed.len());
});

fn job() -> Job {
    let job = Job::new();
    job.limit_expanded(EXPANDED_BYTES);
    job
}

fn tree(scan: impl FnOnce(&mut TreeBuilder, &Job) -> Result<(), Error>) -> FileTree {
    let mut builder = TreeBuilder::new("layer 0");
    let end = scan(&mut builder, &job());
    let completeness = match end {
        Ok(()) => layerscope::layer::Completeness::Complete,
        Err(_) => layerscope::layer::Completeness::Partial,
    };
    builder.freeze(completeness)
}
