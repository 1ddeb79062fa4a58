//! What a container wrote: which files it copied up and what for, and what `docker diff` says of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use layerscope::analysis::Analysis;
use layerscope::analysis::changes::{Engine, changes};
use layerscope::analysis::copy_up::{CopyUps, Extent, MetadataChange, Outcome, Shift, copy_ups};
use layerscope::progress::Job;

use support::opened::analyse;
use support::{Codec, LayerBuilder, image};

fn of_layers(make: [fn(LayerBuilder) -> LayerBuilder; 2]) -> Analysis {
    let [lower, upper] = make;
    let built = image().layer("1", lower).layer("2", upper).build();
    analyse(&built.stack(), &[Codec::None])
}

fn found(analysis: &Analysis) -> CopyUps {
    copy_ups(analysis, &Job::new()).unwrap()
}

#[test]
fn a_copy_up_costs_the_file_and_changes_what_differs() {
    let analysis = of_layers([
        |l| {
            l.zeros("log", 100_000)
                .file("short", b"abc")
                .file("mode", b"12345")
                .file("same", b"1234567")
                .file("gone", b"x")
        },
        |l| {
            let mut log = vec![0; 100_004];
            log[70_000] = 1;
            l.file("log", log)
                .file("short", b"")
                .file("mode", b"12345")
                .mode(0o700)
                .owner(5, 0)
                .file("same", b"1234567")
                .file("new", b"new")
                .whiteout("gone")
        },
    ]);
    let found = found(&analysis);
    let files = found.files.iter().map(|file| {
        let path = String::from_utf8(analysis.tree.path(file.path)).unwrap();
        (path, file.copied_bytes, file.outcome.clone())
    });
    let whole = |bytes| Outcome::Changed {
        bytes,
        extent: Extent::Whole,
    };
    let nothing = MetadataChange::default();
    let mode = MetadataChange {
        mode: Some(Shift {
            from: 0o644,
            to: 0o700,
        }),
        owner: Some(Shift {
            from: (0, 0),
            to: (5, 0),
        }),
        ..nothing
    };
    let expected = [
        ("log".to_owned(), 100_000, whole(5)),
        ("mode".to_owned(), 5, Outcome::MetadataOnly(mode)),
        ("same".to_owned(), 7, Outcome::MetadataOnly(nothing)),
        ("short".to_owned(), 3, whole(3)),
    ];
    assert_eq!(files.collect::<Vec<_>>(), expected);
    assert_eq!(found.copied_bytes, 100_015);
    assert_eq!(found.changed_bytes, 8);
    assert_eq!(found.metadata_only_bytes, 12);
}

#[test]
fn a_file_of_two_names_is_copied_once_and_a_link_to_below_not_at_all() {
    let analysis = of_layers([
        |l| l.file("a", b"1234").hardlink("b", "a").file("c", b"12"),
        |l| l.file("a", b"1235").hardlink("b", "a").hardlink("d", "c"),
    ]);
    let found = found(&analysis);
    assert_eq!((found.files.len(), found.copied_bytes), (1, 4));
}

#[test]
fn an_image_of_one_layer_or_none_has_copied_nothing() {
    for stack in [
        vec![],
        vec![LayerBuilder::new().file("a", b"1").into_items()],
    ] {
        let analysis = analyse(&stack, &[Codec::None]);
        assert_eq!(found(&analysis), CopyUps::default());
        let lines = changes(&analysis, Engine::Docker);
        assert_eq!(lines.len(), stack.len(), "what one layer has is all new");
    }
}
