//! What differs between two images, read from their layers.

use layerscope::analysis::difference::{Compared, Kind, compare};

use crate::screen::analysis_of;
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

fn compared(a: &Image, b: &Image) -> Compared {
    compare(&analysis_of(a), &analysis_of(b))
}

fn told(compared: &Compared) -> Vec<(Kind, String, u64, u64)> {
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
        (Kind::Removed, "base/gone", 5, 0),
        (Kind::Changed, "base/link", 0, 0),
        (Kind::Changed, "changed", 4, 5),
        (Kind::Changed, "hard", 4, 5),
        (Kind::Changed, "kind", 1, 0),
        (Kind::MetadataOnly, "mode", 1, 1),
        (Kind::Removed, "only-a", 3, 0),
        (Kind::Added, "only-b", 0, 7),
    ];
    let expected = expected.map(|(kind, name, a, b)| (kind, name.to_owned(), a, b));
    assert_eq!(told(&compared), expected);
    assert_eq!(compared.common.count, 1);
    assert_eq!((compared.only_a.count, compared.only_b.count), (1, 1));
    assert_eq!(compared.common.bytes, 11);
}

/// The rule of the module: equal length, time and mode are taken for equal content, another time is not.
#[test]
fn without_a_hash_the_time_decides() {
    let with = |data: &'static str, mtime| based(move |layer| layer.file("f", data).mtime(mtime));
    let kinds = |a: &Image, b: &Image| -> Vec<Kind> {
        compared(a, b).paths.iter().map(|path| path.kind).collect()
    };
    assert_eq!(kinds(&with("one", 5), &with("one", 5)), []);
    assert_eq!(kinds(&with("one", 5), &with("two", 6)), [Kind::Changed]);
}

/// Both ways round the same paths differ, with the sides exchanged.
#[test]
fn the_other_way_round_is_the_mirror_image() {
    let a = based(|layer| layer.file("a/c", "1").file("z", "2").whiteout("a-b"));
    let b = based(|layer| layer.file("a.c", "33").opaque("base"));
    let (there, back) = (compared(&a, &b), compared(&b, &a));
    let mirrored = told(&back).into_iter().map(|(kind, name, a, b)| {
        let kind = match kind {
            Kind::Added => Kind::Removed,
            Kind::Removed => Kind::Added,
            other => other,
        };
        (kind, name, b, a)
    });
    assert_eq!(told(&there), mirrored.collect::<Vec<_>>());
    assert!(there.paths.is_sorted_by(|one, other| one.path < other.path));
    assert!(there.paths.len() > 4);
}
