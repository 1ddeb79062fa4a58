//! What differs between two images, read from their layers.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use layerscope::analysis::Analysis;
use layerscope::analysis::comparison::{
    Bounds, DifferenceKind, Doubt, ImageComparison, compare, compare_within,
};
use layerscope::beneath::Beneath;
use layerscope::error::{Error, Result};
use layerscope::layer::dir::{DirLayer, Encoding};
use layerscope::layer::{Completeness, EntrySink, FileAt, LayerFacts, LayerSource};
use layerscope::progress::Job;
use tempfile::TempDir;

use crate::screen::analysis_of;
use crate::support::opened::analyse_sources;
use crate::support::{Image, LayerBuilder, image};

fn based(fill: impl FnOnce(LayerBuilder) -> LayerBuilder) -> Image {
    image()
        .layer("FROM base", |layer| {
            layer
                .file("base/same", "same")
                .file("base/gone", "12345")
                .symlink("base/link", "same")
                .file("a-b", "x")
                .file("a/b", "y")
        })
        .layer("RUN change", fill)
        .build()
}

fn compared(a: &Image, b: &Image) -> ImageComparison {
    compare(&analysis_of(a), &analysis_of(b), &Job::new()).unwrap()
}

fn told(compared: &ImageComparison) -> Vec<(DifferenceKind, String, u64, u64)> {
    let paths = compared.paths.iter();
    paths
        .map(|path| {
            let name = String::from_utf8(path.path.clone()).unwrap();
            (path.kind, name, path.bytes_a, path.bytes_b)
        })
        .collect()
}

#[test]
fn an_image_does_not_differ_from_itself() {
    let one = based(|layer| layer.file("new", "new").whiteout("base/gone"));
    let compared = compared(&one, &one);
    assert_eq!(compared.paths, []);
    assert_eq!(
        (
            compared.common.count,
            compared.only_a.count,
            compared.only_b.count
        ),
        (2, 0, 0)
    );
}

#[test]
fn every_kind_of_difference_is_told_with_its_bytes() {
    let a = based(|layer| {
        layer
            .file("only-a", "123")
            .file("changed", "1234")
            .file("mode", "m")
            .mode(0o644)
            .file("kind", "k")
            .hardlink("hard", "changed")
    });
    let b = based(|layer| {
        layer
            .file("only-b", "1234567")
            .file("changed", "12345")
            .file("mode", "m")
            .mode(0o600)
            .symlink("kind", "k")
            .hardlink("hard", "changed")
            .whiteout("base/gone")
            .symlink("base/link", "other")
    });
    let compared = compared(&a, &b);
    let expected = [
        (DifferenceKind::Removed, "base/gone", 5, 0),
        (DifferenceKind::Changed, "base/link", 0, 0),
        (DifferenceKind::Changed, "changed", 4, 5),
        (DifferenceKind::Changed, "hard", 4, 5),
        (DifferenceKind::Changed, "kind", 1, 0),
        (DifferenceKind::MetadataOnly, "mode", 1, 1),
        (DifferenceKind::Removed, "only-a", 3, 0),
        (DifferenceKind::Added, "only-b", 0, 7),
    ];
    let expected = expected.map(|(kind, name, a, b)| (kind, name.to_owned(), a, b));
    assert_eq!(told(&compared), expected);
    assert_eq!(compared.common.count, 1);
    assert_eq!((compared.only_a.count, compared.only_b.count), (1, 1));
    assert_eq!(compared.common.bytes, 11);
}

/// Files that were hashed when their layers were read, and files that were too long for that.
#[test]
fn the_data_decides_and_never_the_time() {
    for length in [3, 70_000] {
        let with =
            |byte: u8, mtime| based(move |layer| layer.file("f", vec![byte; length]).mtime(mtime));
        let kinds = |a: &Image, b: &Image| -> Vec<DifferenceKind> {
            compared(a, b).paths.iter().map(|path| path.kind).collect()
        };
        assert_eq!(kinds(&with(1, 5), &with(1, 5)), []);
        assert_eq!(
            kinds(&with(1, 5), &with(1, 6)),
            [DifferenceKind::MetadataOnly]
        );
        assert_eq!(kinds(&with(1, 5), &with(2, 5)), [DifferenceKind::Changed]);
        assert_eq!(kinds(&with(1, 5), &with(2, 6)), [DifferenceKind::Changed]);
    }
}

/// Both ways round the same paths differ, with the sides exchanged.
#[test]
fn the_other_way_round_is_the_mirror_image() {
    let a = based(|layer| layer.file("a/c", "1").file("z", "2").whiteout("a-b"));
    let b = based(|layer| layer.file("a.c", "33").opaque("base"));
    let (there, back) = (compared(&a, &b), compared(&b, &a));
    let mirrored = told(&back).into_iter().map(|(kind, name, a, b)| {
        let kind = match kind {
            DifferenceKind::Added => DifferenceKind::Removed,
            DifferenceKind::Removed => DifferenceKind::Added,
            other => other,
        };
        (kind, name, b, a)
    });
    assert_eq!(told(&there), mirrored.collect::<Vec<_>>());
    assert!(there.paths.is_sorted_by(|one, other| one.path < other.path));
    assert!(there.paths.len() > 4);
}

/// A directory that counts how often its files are opened, or gives none of their data.
#[derive(Debug)]
struct Watched {
    layer: DirLayer,
    opened: Arc<AtomicUsize>,
    withheld: Option<&'static str>,
}

impl LayerSource for Watched {
    fn scan(&self, sink: &mut dyn EntrySink, job: &Job) -> Result<Completeness> {
        self.layer.scan(sink, job)
    }

    fn open(&self, file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.layer.open(file)
    }

    fn object(&self) -> Option<(u64, u64)> {
        self.layer.object()
    }

    fn withheld(&self) -> Option<&str> {
        self.withheld
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::DIRECTORY
    }
}

const THEN: u64 = 1_700_000_000;

/// Two containers of one image: a directory below both, and one of each.
struct Two {
    base: TempDir,
    own: [TempDir; 2],
    opened: Arc<AtomicUsize>,
    withheld: Option<&'static str>,
}

impl Two {
    fn new() -> Self {
        let directory = || tempfile::tempdir().unwrap();
        let two = Self {
            base: directory(),
            own: [directory(), directory()],
            opened: Arc::default(),
            withheld: None,
        };
        write(two.base.path(), "below", b"below", THEN);
        two
    }

    /// Writes a file of each.
    fn with(self, name: &str, data: [&[u8]; 2], seconds: [u64; 2]) -> Self {
        for (own, (data, seconds)) in self.own.iter().zip(data.into_iter().zip(seconds)) {
            write(own.path(), name, data, seconds);
        }
        self
    }

    fn layer(&self, directory: &Path) -> Arc<dyn LayerSource> {
        let directory = Beneath::open(directory).unwrap();
        Arc::new(Watched {
            layer: DirLayer::new(directory, Encoding::Plain),
            opened: Arc::clone(&self.opened),
            withheld: self.withheld,
        })
    }

    fn analyses(&self) -> [Analysis; 2] {
        let both = [0, 1].map(|at: usize| {
            let layers = vec![
                self.layer(self.base.path()),
                self.layer(self.own[at].path()),
            ];
            analyse_sources(layers)
        });
        // What was opened to join layers does not count.
        self.opened.store(0, Ordering::Relaxed);
        both
    }

    fn compared(&self, bounds: Bounds) -> ImageComparison {
        let [a, b] = self.analyses();
        compare_within(&a, &b, bounds, &Job::new()).unwrap()
    }

    fn rows(&self, bounds: Bounds) -> Vec<(DifferenceKind, String, Option<Doubt>)> {
        let paths = self.compared(bounds).paths.into_iter();
        let row = |path: layerscope::analysis::comparison::Difference| {
            (path.kind, String::from_utf8(path.path).unwrap(), path.doubt)
        };
        paths.map(row).collect()
    }
}

fn write(directory: &Path, name: &str, data: &[u8], seconds: u64) {
    let path = directory.join(name);
    fs::write(&path, data).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

fn row(
    kind: DifferenceKind,
    name: &str,
    doubt: Option<Doubt>,
) -> (DifferenceKind, String, Option<Doubt>) {
    (kind, name.to_owned(), doubt)
}

/// `chmod` in a container copies the file up: its data is that of the layer below.
#[test]
fn a_mode_that_was_changed_is_no_other_content() {
    let two = Two::new();
    write(two.own[0].path(), "below", b"below", THEN);
    let path = two.own[0].path().join("below");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let expected = [row(DifferenceKind::MetadataOnly, "below", None)];
    assert_eq!(two.rows(Bounds::default()), expected);
}

/// Somebody changed four bytes and turned the clock back.
#[test]
fn a_clock_that_was_turned_back_hides_nothing() {
    let long = vec![7; 200_000];
    let mut other = long.clone();
    other[150_000..150_004].copy_from_slice(b"oops");
    let two = Two::new()
        .with("changed", [&long, &other], [THEN, THEN])
        .with("same", [&long, &long], [THEN, THEN])
        .with("later", [&long, &long], [THEN, THEN + 1]);
    let expected = [
        row(DifferenceKind::Changed, "changed", None),
        row(DifferenceKind::MetadataOnly, "later", None),
    ];
    assert_eq!(two.rows(Bounds::default()), expected);
    assert_eq!(two.opened.load(Ordering::Relaxed), 6);
}

#[test]
fn layers_in_common_are_not_read() {
    let two = Two::new().with("one", [b"1", b"22"], [THEN, THEN]);
    let compared = two.compared(Bounds::default());
    assert_eq!(
        (
            compared.common.count,
            compared.only_a.count,
            compared.paths.len()
        ),
        (1, 1, 1)
    );
    assert_eq!(two.opened.load(Ordering::Relaxed), 0);
}

#[test]
fn several_names_of_a_file_are_read_once() {
    let two = Two::new().with("one", [b"12", b"13"], [THEN, THEN]);
    for own in &two.own {
        fs::hard_link(own.path().join("one"), own.path().join("two")).unwrap();
    }
    let expected = ["one", "two"].map(|name| row(DifferenceKind::Changed, name, None));
    assert_eq!(two.rows(Bounds::default()), expected);
    assert_eq!(two.opened.load(Ordering::Relaxed), 2);
}

#[test]
fn what_is_too_much_to_read_is_listed_as_not_compared() {
    let two = Two::new()
        .with("a", [b"123456789", b"123456780"], [THEN, THEN])
        .with("b", [b"1234", b"1234"], [THEN, THEN])
        .with("c", [b"123", b"124"], [THEN, THEN])
        .with("d", [b"1236", b"1246"], [THEN, THEN]);
    let bounds = Bounds { file: 8, total: 7 };
    let expected = [
        row(DifferenceKind::NotCompared, "a", Some(Doubt::TooLong)),
        row(DifferenceKind::Changed, "c", None),
        row(DifferenceKind::NotCompared, "d", Some(Doubt::TooMuch)),
    ];
    assert_eq!(two.rows(bounds), expected);
}

/// zfs that is not mounted.
#[test]
fn without_data_length_and_time_decide_and_say_so() {
    let mut two = Two::new()
        .with("same-time", [b"1234", b"1235"], [THEN, THEN])
        .with("other-time", [b"1234", b"1234"], [THEN, THEN + 1]);
    two.withheld = Some("it is not mounted");
    let compared = two.compared(Bounds::default());
    let doubt = Some(Doubt::OutOfReach("it is not mounted".into()));
    let [other] = &compared.paths[..] else {
        panic!("{:?}", compared.paths);
    };
    assert_eq!(
        (other.kind, &other.doubt),
        (DifferenceKind::Changed, &doubt)
    );
    assert_eq!(compared.by_time, 1);
    assert_eq!(two.opened.load(Ordering::Relaxed), 0);
}

#[test]
fn a_file_that_cannot_be_read_is_not_compared() {
    let two = Two::new().with("gone", [b"1234", b"1235"], [THEN, THEN]);
    let [a, b] = two.analyses();
    fs::remove_file(two.own[1].path().join("gone")).unwrap();
    let compared = compare(&a, &b, &Job::new()).unwrap();
    let [gone] = &compared.paths[..] else {
        panic!("{:?}", compared.paths);
    };
    assert_eq!(gone.kind, DifferenceKind::NotCompared);
    assert!(matches!(gone.doubt, Some(Doubt::Unreadable(_))));
    let job = Job::new();
    job.cancel();
    assert!(matches!(compare(&a, &b, &job), Err(Error::Interrupted)));
}
