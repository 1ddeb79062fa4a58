//! What a container wrote: which files it copied up and what for, and what `docker diff` says of it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeMap;
use std::convert::Infallible;

use layerscope::analysis::Analysis;
use layerscope::analysis::changes::{DiffDialect, Mark, changes};
use layerscope::analysis::container_writes::{Tally, Why, Written, written};
use layerscope::analysis::copy_up::{CopyUps, Extent, MetadataChange, Outcome, Shift, copy_ups};
use layerscope::image::{Writable, Writer};
use layerscope::layer::{EntryKind, LayerIndex};
use layerscope::progress::Job;
use layerscope::tree::{PathId, View};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use support::opened::analyse;
use support::{Codec, Item, LayerBuilder, image};

fn of_layers(make: [fn(LayerBuilder) -> LayerBuilder; 2]) -> Analysis {
    let [lower, upper] = make;
    let built = image().layer("1", lower).layer("2", upper).build();
    analyse(&built.stack(), &[Codec::None])
}

fn found(analysis: &Analysis) -> CopyUps {
    let job = Job::new();
    let found = copy_ups(analysis, &job).unwrap();
    let progress = job.snapshot();
    assert_eq!(progress.done_bytes, progress.expected_bytes);
    found
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
        let lines = changes(&analysis, DiffDialect::Docker);
        assert_eq!(lines.len(), stack.len(), "what one layer has is all new");
    }
}

/// Takes the top layer as a container's.
fn written_by(analysis: &mut Analysis) -> Written {
    analysis.image.writable = Some(Writable {
        layer: analysis.tree.top(),
        writer: Writer::Container {
            name: "web".into(),
            id: "1234".into(),
        },
        engine: DiffDialect::Docker,
    });
    written(analysis, &Job::new()).unwrap().unwrap()
}

#[test]
fn an_image_that_nobody_writes_to_has_nothing_written() {
    let analysis = of_layers([|l| l.file("a", b"1"), |l| l.file("a", b"2")]);
    assert_eq!(written(&analysis, &Job::new()).unwrap(), None);
}

#[test]
fn paths_are_counted_as_what_became_of_them() {
    let mut analysis = of_layers([
        |l| {
            l.dir("d")
                .file("d/same", b"12")
                .file("d/gone", b"123")
                .hardlink("d/gone too", "d/gone")
                .dir("e")
                .file("e/f", b"1234")
                .file("file", b"12345")
        },
        |l| {
            l.dir("d")
                .whiteout("d/gone")
                .whiteout("d/gone too")
                .whiteout("e")
                .file("file", b"123456")
                .dir("n")
                .file("n/one", b"1")
                .hardlink("n/two", "n/one")
                .symlink("n/three", "one")
        },
    ]);
    let written = written_by(&mut analysis);
    let tally = |files, directories, bytes| Tally {
        files,
        directories,
        bytes,
    };
    assert_eq!(written.added, tally(3, 1, 1), "a second name costs nothing");
    assert_eq!(written.changed, tally(1, 0, 6), "d is only on the way");
    assert_eq!(written.deleted, tally(3, 1, 7), "data of two names once");
    assert_eq!(written.bytes, 7);
}

#[test]
fn copies_of_one_chown_are_told_together_and_others_apart() {
    fn fill(l: LayerBuilder, owner: u64) -> LayerBuilder {
        let l = l.dir("srv").dir("srv/app").owner(owner, 0);
        let l = l.file("srv/app/one", b"123").owner(owner, 0);
        let l = l.dir("srv/app/sub").owner(owner, 0);
        let l = l.file("srv/app/sub/two", b"1234").owner(owner, 0);
        l.file("srv/other", b"1").file("data", b"12345")
    }
    let mut analysis = of_layers([
        |l| fill(l, 0),
        |l| {
            fill(l, 7)
                .file("srv/other", b"1")
                .mode(0o600)
                .file("data", b"12354")
        },
    ]);
    let written = written_by(&mut analysis);
    let batches: Vec<(String, usize, u64, u64)> = written
        .batches
        .iter()
        .map(|batch| {
            let place = String::from_utf8(analysis.tree.path(batch.place)).unwrap();
            (place, batch.files, batch.copied_bytes, batch.changed_bytes)
        })
        .collect();
    let expected = [
        ("srv/app", 2, 7, 0),
        ("data", 1, 5, 2),
        ("srv/other", 1, 1, 0),
    ];
    let expected =
        expected.map(|(place, files, copied, changed)| (place.to_owned(), files, copied, changed));
    assert_eq!(batches, expected);
    let owner = MetadataChange {
        owner: Some(Shift {
            from: (0, 0),
            to: (7, 0),
        }),
        ..MetadataChange::default()
    };
    assert_eq!(written.batches[0].why, Why::Metadata(owner));
}

#[test]
fn the_directory_that_grew_is_named_and_not_the_one_above() {
    let mut analysis = of_layers([
        |l| l.file("var/log/old", b"1"),
        |l| {
            l.zeros("var/log/one/a", 500)
                .zeros("var/log/two/b", 400)
                .zeros("var/c", 20)
                .zeros("tmp/d", 300)
                .zeros("etc/e", 10)
        },
    ]);
    let written = written_by(&mut analysis);
    let named = written.growth.iter().map(|growth| {
        let path = String::from_utf8(analysis.tree.path(growth.path)).unwrap();
        (path, growth.bytes)
    });
    let expected = [("var/log".to_owned(), 900), ("tmp".to_owned(), 300)];
    assert_eq!(named.collect::<Vec<_>>(), expected);
}

#[test]
fn podman_leaves_out_directories_that_something_in_them_touched() {
    let analysis = of_layers([
        |l| l.dir("a").dir("a/b").file("a/b/c", b"1").dir("t"),
        |l| {
            l.dir("a")
                .dir("a/b")
                .file("a/b/c", b"22")
                .dir("t")
                .mtime(77)
        },
    ]);
    let told = |engine| {
        let lines = changes(&analysis, engine).into_iter();
        let lines = lines.map(|line| {
            let path = String::from_utf8(line.path).unwrap();
            format!("{} {path}", line.mark)
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(told(DiffDialect::Docker), ["C a", "C a/b", "C a/b/c"]);
    assert_eq!(told(DiffDialect::Podman), ["C a/b/c", "C t"]);
    assert_eq!(
        told(DiffDialect::PodmanComparing),
        told(DiffDialect::Docker)
    );
}

/// What a view shows, and whether it is a directory.
fn shown(analysis: &Analysis, layer: Option<LayerIndex>) -> BTreeMap<Vec<u8>, bool> {
    let mut paths = BTreeMap::new();
    let Some(layer) = layer else {
        return paths;
    };
    let view = View::Union(layer);
    let Ok(()) = view.list::<Infallible>(&analysis.tree, PathId::ROOT, &mut |listed| {
        paths.insert(listed.path.clone(), listed.kind == EntryKind::Dir);
        Ok(())
    });
    paths
}

/// Names and kinds; data would fill screens.
fn story(stack: &[Vec<Item>]) -> String {
    let layers = stack.iter().map(|items| {
        let lines = items.iter().map(|item| {
            let kind = format!("{:?}", item.kind);
            let path = item.path.escape_ascii();
            format!("  {path} {kind:.40}\n")
        });
        lines.collect::<String>()
    });
    layers.collect::<Vec<_>>().join("  --\n")
}

/// Whatever was written: the list of changes leads from what was below to what is there now, and sums are those of
/// their parts.
fn check(stack: &[Vec<Item>]) {
    if stack.is_empty() {
        return;
    }
    let mut analysis = analyse(stack, &[Codec::None]);
    let story = story(stack);
    let written = written_by(&mut analysis);
    let top = analysis.tree.top();
    let below = shown(&analysis, top.0.checked_sub(1).map(LayerIndex));
    let now = shown(&analysis, Some(top));

    let mut followed: Vec<&[u8]> = below.keys().map(Vec::as_slice).collect();
    for line in &written.changes {
        let is_file_now = now.get(&line.path) == Some(&false);
        let path = line.path.as_slice();
        let is_inside = |other: &[u8]| {
            other
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with(b"/"))
        };
        match line.mark {
            Mark::Added => followed.push(path),
            Mark::Deleted => followed.retain(|other| *other != path && !is_inside(other)),
            Mark::Changed if is_file_now => followed.retain(|other| !is_inside(other)),
            Mark::Changed => {}
        }
    }
    followed.sort_unstable();
    let expected: Vec<&[u8]> = now.keys().map(Vec::as_slice).collect();
    assert_eq!(followed, expected, "{:?}\n{story}", written.changes);

    let count = |tally: Tally| tally.files + tally.directories;
    let only = |one: &BTreeMap<Vec<u8>, bool>, other: &BTreeMap<Vec<u8>, bool>| {
        one.keys().filter(|path| !other.contains_key(*path)).count() as u64
    };
    assert_eq!(count(written.added), only(&now, &below), "{story}");
    assert_eq!(count(written.deleted), only(&below, &now), "{story}");
    assert!(written.added.bytes + written.changed.bytes <= written.bytes);

    let copy_ups = &written.copy_ups;
    let batches = &written.batches;
    let files: usize = batches.iter().map(|batch| batch.files).sum();
    assert_eq!(files, copy_ups.files.len());
    let copied: u64 = batches.iter().map(|batch| batch.copied_bytes).sum();
    assert_eq!(copied, copy_ups.copied_bytes);
    let changed: u64 = batches.iter().map(|batch| batch.changed_bytes).sum();
    assert_eq!(changed, copy_ups.changed_bytes);
    for growth in &written.growth {
        assert!(growth.bytes <= written.bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        rng_seed: RngSeed::Fixed(0x001a_7e25),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn changes_lead_from_below_to_now(stack in support::strategy::stacks()) {
        check(&stack);
    }
}
