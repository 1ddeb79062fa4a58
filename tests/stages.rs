//! Reading in stages: what is shown while work goes on is right as far as it goes, and work ends when asked to.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layerscope::analysis::{self, Analysis, Options, Stage, WastedPath};
use layerscope::error::{Error, Result};
use layerscope::image::Image;
use layerscope::layer::{
    Access, Completeness, Entry, EntryKind, EntrySink, FileAt, LayerFacts, LayerIndex, LayerSource,
    Meta, Placement,
};
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::scan::{self, Phase, Scanned, Watch};
use layerscope::source::SourceInfo;
use layerscope::tree::{Change, FileTree, HideCause};
use proptest::prelude::*;

use support::opened::image_of;
use support::{Codec, Item, LayerBuilder, tar};

/// Longer than anything here takes, shorter than anybody's patience.
const DEADLINE: Duration = Duration::from_secs(20);

fn source() -> SourceInfo {
    SourceInfo {
        kind: "layers",
        locator: "fixture".to_owned(),
    }
}

fn image(stack: &[Vec<Item>], codec: Codec) -> Image {
    let blobs = stack
        .iter()
        .map(|items| codec.compress(&tar::archive(items)));
    image_of(&blobs.collect::<Vec<_>>())
}

fn trees(image: &Image) -> Vec<Arc<FileTree>> {
    let watch = Watch::new(image, &Job::new());
    scan::layers(image, &scan::Options::default(), &watch).unwrap()
}

fn analysis(image: &Image, scanned: Scanned) -> Analysis {
    analysis::from_scan(source(), image.clone(), scanned, &Options::default())
}

type Effects = Vec<(u16, Change, Option<HideCause>)>;

/// What layers do to paths, by path; `place` renames layers.
fn effects(analysis: &Analysis, place: impl Fn(LayerIndex) -> u16) -> BTreeMap<Vec<u8>, Effects> {
    let tree = &analysis.tree;
    let paths = tree.paths().skip(1).map(|path| {
        let versions = tree.versions(path).iter();
        let effects = versions.map(|version| {
            let layer = place(version.layer);
            (layer, version.change, version.hidden_by())
        });
        (tree.path(path), effects.collect())
    });
    paths.collect()
}

fn wasted(
    analysis: &Analysis,
    place: impl Fn(LayerIndex) -> u16,
) -> Vec<(Vec<u8>, u64, &'static str, u16, u16)> {
    let row = |wasted: &WastedPath| {
        let path = analysis.tree.path(wasted.path);
        let (creator, destroyer) = (place(wasted.created_in), place(wasted.destroyed_in));
        (
            path,
            wasted.bytes,
            wasted.cause.as_str(),
            creator,
            destroyer,
        )
    };
    analysis.waste.paths.iter().map(row).collect()
}

fn is_undecided(analysis: &Analysis, path: layerscope::tree::PathId) -> bool {
    let mut open = analysis.tree.comparisons().iter();
    open.any(|comparison| comparison.path == path)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_provisional_analysis_differs_only_in_what_is_still_compared(stack in support::strategy::stacks()) {
        let image = image(&stack, Codec::None);
        let whole = analysis::run(source(), image.clone(), &Options::default(), &Job::new()).unwrap();
        let provisional = analysis(&image, scan::union(trees(&image)));
        let open = !provisional.tree.comparisons().is_empty();
        prop_assert_eq!(provisional.stage, if open { Stage::Provisional } else { Stage::Final });
        let options = scan::Options::default();
        let compared = scan::compare(&provisional.tree, &image, &options, &Job::new()).unwrap();
        let settled = provisional.settled(compared);
        prop_assert_eq!(settled.stage, Stage::Final);
        prop_assert_eq!(&settled.totals, &whole.totals);
        prop_assert_eq!(&settled.layers, &whole.layers);
        prop_assert_eq!(&settled.waste, &whole.waste);
        prop_assert_eq!(&settled.warnings, &whole.warnings);
        prop_assert_eq!(&settled.totals, &provisional.totals);
        prop_assert_eq!(settled.tree.len(), provisional.tree.len());
        for path in settled.tree.paths() {
            prop_assert_eq!(settled.tree.path(path), provisional.tree.path(path));
            let (after, before) = (settled.tree.versions(path), provisional.tree.versions(path));
            prop_assert!(after == before || is_undecided(&provisional, path));
            prop_assert_eq!(after, whole.tree.versions(path));
        }
        for (after, before) in settled.waste.paths.iter().zip(&provisional.waste.paths) {
            prop_assert_eq!((after.path, after.bytes, after.created_in), (before.path, before.bytes, before.created_in));
            prop_assert!(after == before || is_undecided(&provisional, after.path));
        }
    }

    #[test]
    fn layers_that_share_their_source_are_as_if_each_was_read(
        stack in support::strategy::stacks(), codec in prop_oneof![Just(Codec::None), Just(Codec::Gzip)], repeated in 0usize..5,
    ) {
        let mut stack = stack;
        let repeated = repeated % stack.len();
        stack.extend([stack[repeated].clone(), stack[0].clone()]);
        let apart = image(&stack, codec);
        let mut shared = apart.clone();
        let count = shared.layers.len();
        for (at, first) in [(count - 2, repeated), (count - 1, 0)] {
            shared.layers[at].source = Arc::clone(&shared.layers[first].source);
        }
        let [apart, shared] = [apart, shared].map(|image| {
            analysis::run(source(), image, &Options::default(), &Job::new()).unwrap()
        });
        prop_assert_eq!(effects(&shared, |layer| layer.0), effects(&apart, |layer| layer.0));
        prop_assert_eq!(&shared.waste, &apart.waste);
        prop_assert_eq!(&shared.layers, &apart.layers);
        prop_assert_eq!(&shared.totals, &apart.totals);
        prop_assert_eq!(&shared.warnings, &apart.warnings);
    }

    #[test]
    fn a_partial_union_is_that_of_an_image_with_the_finished_layers_only(stack in support::strategy::stacks(), mask in 0u16..31) {
        let is_finished = |layer: usize| mask & 1 << layer != 0;
        let whole = image(&stack, Codec::None);
        let finished = trees(&whole).into_iter().enumerate();
        let finished: Vec<_> = finished.map(|(at, tree)| is_finished(at).then_some(tree)).collect();
        let partial = analysis(&whole, scan::partial_union(finished));
        let rest: Vec<_> = (0..).zip(&stack).filter(|(at, _)| is_finished(*at)).map(|(_, items)| items.clone()).collect();
        let rest_image = image(&rest, Codec::None);
        let expected = analysis(&rest_image, scan::union(trees(&rest_image)));
        // Position among the finished layers.
        let place = |layer: LayerIndex| u16::try_from((0..layer.as_usize()).filter(|&at| is_finished(at)).count()).unwrap();
        prop_assert_eq!(effects(&partial, place), effects(&expected, |layer| layer.0));
        prop_assert_eq!(wasted(&partial, place), wasted(&expected, |layer| layer.0));
        prop_assert_eq!(partial.totals.effective_bytes, expected.totals.effective_bytes);
        for (at, figures) in partial.layers.iter().enumerate() {
            prop_assert_eq!(figures.unread, !is_finished(at));
        }
        let has_unread = rest.len() < stack.len();
        prop_assert_eq!(partial.stage == Stage::Partial, has_unread);
        prop_assert!(!has_unread || !partial.complete);
    }
}

fn items(build: impl FnOnce(LayerBuilder) -> LayerBuilder) -> Vec<Item> {
    build(LayerBuilder::new()).into_items()
}

#[test]
fn a_union_leaves_layers_alone_that_others_hold() {
    let stack = [
        items(|l| l.file("data", b"12345")),
        items(|l| l.file("apart", b"1")),
        items(|l| l.hardlink("second", "data")),
    ];
    let image = image(&stack, Codec::None);
    let held = trees(&image);
    let first = scan::union(held.clone());
    let is_shared = |at: usize| Arc::ptr_eq(&first.tree.layers()[at], &held[at]);
    assert!(!is_shared(0), "the link is noted in a copy");
    assert!(is_shared(1) && is_shared(2));
    let again = scan::union(held);
    let (first, again) = (analysis(&image, first), analysis(&image, again));
    assert_eq!(first.totals, again.totals);
    assert_eq!(first.waste, again.waste);
    let settled = first.settled(scan::Compared::default());
    assert!(Arc::ptr_eq(
        &settled.tree.layers()[0],
        &first.tree.layers()[0]
    ));
}

#[test]
fn a_damaged_layer_costs_that_layer() {
    let whole = tar::archive(&items(|l| l.file("a", b"a")));
    let mut cut = tar::archive(&items(|l| l.zeros("b", 4000)));
    cut.truncate(2000);
    let image = image_of(&[whole, cut]);
    let watch = Watch::new(&image, &Job::new());
    let trees = scan::layers(&image, &scan::Options::default(), &watch).unwrap();
    let phases: Vec<_> = watch.progress().iter().map(|layer| layer.phase).collect();
    assert_eq!(phases, [Phase::Done, Phase::Damaged]);
    let analysis = analysis(&image, scan::union(trees));
    assert!(analysis.layers[0].complete && !analysis.layers[1].complete);
    assert!(analysis.layers.iter().all(|layer| !layer.unread));
    assert!(!analysis.complete);
    assert_eq!(analysis.warnings[0].layer, Some(1));
}

/// A layer that reads like this: what it says at the start, then `reading` decides.
#[derive(Debug)]
struct Slow {
    stored_bytes: u64,
    begun: Mutex<Sender<()>>,
    reading: Reading,
}

#[derive(Debug)]
enum Reading {
    /// Never ends by itself.
    Endless,
    /// Ends when asked to.
    Until(Mutex<Receiver<()>>),
    /// Cancels this job on its way out, without noticing.
    Cancelling(Job),
    /// One file of endless zeros.
    EndlessFile,
}

impl Slow {
    fn new(stored_bytes: u64, reading: Reading) -> (Arc<Self>, Receiver<()>) {
        let (begun, has_begun) = mpsc::channel();
        let slow = Self {
            stored_bytes,
            begun: Mutex::new(begun),
            reading,
        };
        (Arc::new(slow), has_begun)
    }

    fn tell(&self) {
        self.begun.lock().unwrap().send(()).unwrap_or_default();
    }
}

impl LayerSource for Slow {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        match &self.reading {
            Reading::Endless => {
                self.tell();
                loop {
                    job.check()?;
                    std::thread::yield_now();
                }
            }
            Reading::Until(end) => {
                self.tell();
                end.lock().unwrap().recv_timeout(DEADLINE).unwrap();
            }
            Reading::Cancelling(whole) => whole.cancel(),
            Reading::EndlessFile => sink.entry(endless_file(self.stored_bytes))?,
        }
        Ok(Completeness::Complete)
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        self.tell();
        Ok(Box::new(io::repeat(0)))
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::archive(Access::Random, self.stored_bytes)
    }
}

fn endless_file(size: u64) -> Entry<'static> {
    Entry {
        path: ImagePath::new(b"endless").unwrap(),
        link: None,
        meta: Meta {
            size,
            mtime: 0,
            mtime_nanos: 0,
            uid: 0,
            gid: 0,
            mode: 0o644,
            kind: EntryKind::File,
            opaque: false,
            device: (0, 0),
        },
        xattrs: &[],
        content: None,
        offset: 0,
        data: Some((512, size)),
        placement: Placement::Shown,
    }
}

fn image_of_sources(sources: impl IntoIterator<Item = Arc<Slow>>) -> Image {
    let sources: Vec<_> = sources.into_iter().collect();
    let mut image = image(&vec![Vec::new(); sources.len()], Codec::None);
    for (layer, source) in image.layers.iter_mut().zip(sources) {
        layer.source = source;
    }
    image
}

/// Runs a scan elsewhere, so that one that does not end fails the test instead of stopping it.
fn run_elsewhere(image: Image, job: &Job) -> Receiver<Result<Scanned>> {
    let (done, is_done) = mpsc::channel();
    let job = job.clone();
    std::thread::spawn(move || {
        let result = scan::run(&image, &scan::Options::default(), &job);
        done.send(result).unwrap_or_default();
    });
    is_done
}

fn assert_interrupted(is_done: &Receiver<Result<Scanned>>) {
    let result = is_done.recv_timeout(DEADLINE);
    assert!(matches!(result, Ok(Err(Error::Interrupted))), "{result:?}");
}

#[test]
fn a_source_that_layers_share_is_read_once_and_its_entries_count_each_time() {
    let layer = items(|layer| layer.file("a", "1").file("b", "2").file("c", "3"));
    let blob = tar::archive(&layer);
    for (limit, complete) in [(9, true), (8, false)] {
        let mut image = image_of(&vec![blob.clone(); 3]);
        for at in 1..3 {
            image.layers[at].source = Arc::clone(&image.layers[0].source);
        }
        let job = Job::new();
        job.limit_entries(limit);
        let watch = Watch::new(&image, &job);
        let trees = scan::layers(&image, &scan::Options::default(), &watch).unwrap();
        assert!(Arc::ptr_eq(&trees[0], &trees[1]));
        assert_eq!(Arc::ptr_eq(&trees[0], &trees[2]), complete);
        assert_eq!(trees[2].completeness() == Completeness::Complete, complete);
        let snapshot = job.snapshot();
        assert_eq!(snapshot.done_bytes, snapshot.expected_bytes);
        assert_eq!(trees[2].warnings().len(), usize::from(!complete));
    }
}

#[test]
fn cancelling_ends_the_reading_of_layers() {
    let (slow, has_begun) = Slow::new(1, Reading::Endless);
    let job = Job::new();
    let is_done = run_elsewhere(image_of_sources([slow]), &job);
    has_begun.recv_timeout(DEADLINE).unwrap();
    job.cancel();
    assert_interrupted(&is_done);
}

#[test]
fn cancelling_keeps_the_union_from_being_made() {
    let job = Job::new();
    let (slow, _) = Slow::new(1, Reading::Cancelling(job.clone()));
    assert_interrupted(&run_elsewhere(image_of_sources([slow]), &job));
}

#[test]
fn cancelling_ends_a_comparison_within_one_file() {
    let (below, has_begun) = Slow::new(1 << 20, Reading::EndlessFile);
    let (above, _unheard) = Slow::new(1 << 20, Reading::EndlessFile);
    let job = Job::new();
    let is_done = run_elsewhere(image_of_sources([below, above]), &job);
    has_begun.recv_timeout(DEADLINE).unwrap();
    job.cancel();
    assert_interrupted(&is_done);
}

#[test]
fn finished_layers_can_be_shown_while_others_are_read() {
    let (release, is_released) = mpsc::channel();
    let (slow, has_begun) = Slow::new(500, Reading::Until(Mutex::new(is_released)));
    let stack = [
        items(|l| l.file("first", b"12345")),
        Vec::new(),
        items(|l| l.whiteout("elsewhere")),
    ];
    let mut image = image(&stack, Codec::None);
    image.layers[1].source = slow;
    let largest = image.layers[0].source.facts().stored_bytes;
    let (below, _unheard) = Slow::new(1, Reading::Endless);
    image.layers[2].source = below;
    let job = Job::new();
    let watch = Watch::new(&image, &job);
    // One thread reads the largest first: the first layer, then the slow one, then the last.
    let options = scan::Options {
        threads: NonZeroUsize::new(1),
    };
    let phases = || {
        watch
            .progress()
            .iter()
            .map(|layer| layer.phase)
            .collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| scan::layers(&image, &options, &watch));
        has_begun.recv_timeout(DEADLINE).unwrap();
        assert_eq!(phases(), [Phase::Done, Phase::Reading, Phase::Waiting]);
        assert_eq!(watch.progress()[0].counters.done_bytes, largest);
        assert_eq!(job.snapshot().expected_bytes, largest + 501);
        let partial = analysis(&image, scan::partial_union(watch.finished()));
        assert_eq!(partial.stage, Stage::Partial);
        assert_eq!(partial.totals.content_bytes, 5);
        assert_eq!(
            partial.layers.iter().filter(|layer| layer.unread).count(),
            2
        );
        job.cancel();
        release.send(()).unwrap();
        assert!(matches!(reading.join().unwrap(), Err(Error::Interrupted)));
    });
    assert_eq!(phases(), [Phase::Done, Phase::Done, Phase::Reading]);
}
