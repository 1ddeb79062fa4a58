//! Random stacks of layers: the union equals the naive simulation at every layer, and so does the waste.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::{Debug, Write as _};
use std::io::Read;
use std::sync::Arc;

use layerscope::analysis::Analysis;
use layerscope::error::Result;
use layerscope::layer::{
    self, Access, Completeness, Entry, EntryKind, EntrySink, FileAt, LayerFacts, LayerIndex,
    LayerSource, Placement,
};
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::tree::{self, HideCause, MergedTree, PathId, View};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use support::model::{Cause, Change, Meta, Outcome, Path, Row, Wasted};
use support::{Codec, Item, Kind};

fn shown(tree: &MergedTree, layer: LayerIndex) -> BTreeMap<Path, Row> {
    let mut rows = BTreeMap::new();
    let mut last = Vec::new();
    let Ok(()) = View::Union(layer).list::<Infallible>(tree, PathId::ROOT, &mut |listed| {
        assert!(last < listed.path, "rows are sorted by path bytes");
        last.clone_from(&listed.path);
        let meta = listed.mode.map(|mode| {
            let (layer, node) = listed.metadata.unwrap();
            Meta {
                mode: mode.into(),
                uid: listed.uid.unwrap().into(),
                gid: listed.gid.unwrap().into(),
                mtime: listed.mtime.unwrap(),
                mtime_nanos: listed.mtime_nanos,
                xattrs: tree.layer(layer).xattrs(node).iter().cloned().collect(),
            }
        });
        let row = Row {
            kind: listed.kind.as_str(),
            meta,
            size: listed.size,
            nlink: listed.nlink,
            link: listed.link.clone(),
            layer: listed.layer.as_usize(),
        };
        rows.insert(listed.path.clone(), row);
        Ok(())
    });
    rows
}

fn changes(tree: &MergedTree) -> Vec<BTreeMap<Path, Change>> {
    let mut changes = vec![BTreeMap::new(); tree.layers().len()];
    for path in tree.paths().filter(|&path| path != PathId::ROOT) {
        for version in tree.versions(path) {
            let change = match version.change {
                tree::Change::Added => Change::Added,
                tree::Change::Modified => Change::Modified,
                tree::Change::Touched => Change::Touched,
                tree::Change::Repeated => Change::Repeated,
                tree::Change::Removed => Change::Removed,
                tree::Change::Hidden => Change::Hidden(match version.hidden_by().unwrap() {
                    HideCause::DeletedDir => Cause::DeletedDir,
                    HideCause::Opaque => Cause::Opaque,
                    HideCause::Replaced => Cause::Replaced,
                }),
                // No effect either way; what is told apart here is nobody's business but the tree's.
                tree::Change::Unchanged | tree::Change::Dangling => continue,
            };
            changes[version.layer.as_usize()].insert(tree.path(path), change);
        }
    }
    changes
}

fn waste(analysis: &Analysis) -> Vec<Wasted> {
    let mut wasted: Vec<_> = analysis
        .waste
        .paths
        .iter()
        .map(|wasted| Wasted {
            path: analysis.tree.path(wasted.path),
            bytes: wasted.bytes,
            cause: Cause::ALL[wasted.cause as usize],
            created_in: wasted.created_in.as_usize(),
            destroyed_in: wasted.destroyed_in.as_usize(),
        })
        .collect();
    wasted.sort();
    wasted
}

/// Compares two maps by path and shows only where they differ.
fn assert_same<T: PartialEq + Debug>(
    what: &str,
    found: &BTreeMap<Path, T>,
    expected: &BTreeMap<Path, T>,
    story: &str,
) {
    let mut differences = String::new();
    let paths: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    for path in paths {
        let (found, expected) = (found.get(path), expected.get(path));
        if found != expected {
            let path = path.escape_ascii();
            writeln!(
                differences,
                "{path}\n  found {found:?}\n  model {expected:?}"
            )
            .unwrap();
        }
    }
    assert!(differences.is_empty(), "{what}:\n{differences}\n{story}");
}

/// Checks every figure of an analysis against the model.
fn check(stack: &[Vec<Item>], codecs: &[Codec]) {
    let mut expected = Outcome::of(stack);
    let analysis = support::opened::analyse(stack, codecs);
    let story = story(stack);
    for (layer, view) in (0..).zip(&expected.views) {
        let mut shown = shown(&analysis.tree, LayerIndex(layer));
        for (path, row) in &mut shown {
            // Which layer provides a directory that none lists is not defined.
            if row.meta.is_none() {
                row.layer = view.get(path).map_or(row.layer, |row| row.layer);
            }
        }
        assert_same(&format!("view of layer {layer}"), &shown, view, &story);
    }
    for changes in &mut expected.changes {
        changes.retain(|_, change| !matches!(change, Change::Unchanged | Change::Dangling));
    }
    let found = changes(&analysis.tree);
    assert_eq!(found, expected.changes, "changes (left: found)\n{story}");
    assert_eq!(
        waste(&analysis),
        expected.wasted,
        "waste (left: found)\n{story}"
    );
    check_books(&analysis, &expected, &story);
}

/// The sums of the contract: what is stored is either shown or wasted, per layer and in all.
fn check_books(analysis: &Analysis, expected: &Outcome, story: &str) {
    let sum = |figures: &dyn Fn(&Wasted) -> bool| -> u64 {
        let chosen = expected.wasted.iter().filter(|wasted| figures(wasted));
        chosen.map(|wasted| wasted.bytes).sum()
    };
    for (at, layer) in analysis.layers.iter().enumerate() {
        let wasted = sum(&|wasted| wasted.created_in == at);
        let destroyed =
            sum(&|wasted| wasted.destroyed_in == at && wasted.cause != Cause::ShadowedInLayer);
        let bytes = (
            layer.content_bytes,
            layer.live_bytes,
            layer.wasted_bytes,
            layer.destroyed_bytes,
        );
        let content = expected.content_bytes[at];
        let model = (content, content - wasted, wasted, destroyed);
        assert_eq!(bytes, model, "bytes of layer {at}\n{story}");
        let count = |change| expected.count(at, change) as u64;
        let counts = (
            layer.added,
            layer.modified,
            layer.touched,
            layer.repeated,
            layer.removed,
        );
        let model = (
            count(Change::Added),
            count(Change::Modified),
            count(Change::Touched),
            count(Change::Repeated),
            count(Change::Removed),
        );
        assert_eq!(counts, model, "counts of layer {at}\n{story}");
    }
    let totals = &analysis.totals;
    assert_eq!(totals.effective_bytes, expected.merged_bytes(), "{story}");
    assert_eq!(totals.wasted_bytes, expected.wasted_bytes(), "{story}");
    assert_eq!(
        analysis.waste.total_bytes,
        expected.wasted_bytes(),
        "{story}"
    );
    assert_eq!(
        totals.paths,
        expected.views.last().map_or(0, BTreeMap::len) as u64,
        "{story}"
    );
    let by_cause = Cause::ALL.map(|cause| expected.wasted_by(cause));
    assert_eq!(analysis.waste.by_cause, by_cause, "{story}");
    assert!((0.0..=1.0).contains(&totals.efficiency), "{story}");
}

/// The stack in few words, for the reader of a failure.
fn story(stack: &[Vec<Item>]) -> String {
    let mut text = String::new();
    for (layer, items) in stack.iter().enumerate() {
        writeln!(text, "layer {layer}").unwrap();
        for item in items {
            let path = item.path.escape_ascii();
            let what = match &item.kind {
                Kind::File(data) => format!("file of {} ({:?})", data.len(), data.last()),
                Kind::Symlink(target) => format!("symlink to {}", target.escape_ascii()),
                Kind::Hardlink(target) => format!("hard link to {}", target.escape_ascii()),
                other => format!("{other:?}"),
            };
            writeln!(
                text,
                "  {path}: {what}, {:o} {} {} {}",
                item.mode,
                item.uid,
                item.mtime - Item::MTIME,
                item.xattrs.len()
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn a_link_to_a_link_of_a_lower_file_shares_its_data() {
    let layers = support::image()
        .layer("1", |l| l.file("bin/busybox", b"code"))
        .layer("2", |l| {
            l.hardlink("bin/sh", "bin/busybox")
                .hardlink("bin/ls", "bin/sh")
        })
        .build();
    check(&layers.stack(), &[Codec::None]);
}

#[test]
fn a_directory_listed_after_its_children_goes_with_what_buries_it() {
    let layers = support::image()
        .layer("1", |l| l.file("a/b/c", b"").dir("a/b").file("a", b"x"))
        .build();
    check(&layers.stack(), &[Codec::None]);
}

#[test]
fn an_opaque_directory_goes_with_what_buries_it() {
    let layers = support::image()
        .layer("1", |l| l.file("a/b/c", b"").opaque("a/b").file("a", b"x"))
        .build();
    check(&layers.stack(), &[Codec::None]);
}

#[test]
fn data_stays_with_its_own_name_where_that_becomes_a_link_to_it() {
    let layers = support::image()
        .layer("1", |l| {
            l.file("a-b", b"x")
                .hardlink("a", "a-b")
                .hardlink("a-b", "a")
        })
        .layer("2", |l| {
            l.file("a-b/a-b/a-b", b"").hardlink("a", "a-b/a-b/a-b")
        })
        .build();
    check(&layers.stack(), &[Codec::None]);
}

/// A layer of directories, each moved from somewhere else.
#[derive(Debug)]
struct Moves(Vec<(Path, Path)>);

impl LayerSource for Moves {
    fn scan(&self, sink: &mut dyn EntrySink, _job: &Job) -> Result<Completeness> {
        for (path, from) in &self.0 {
            sink.entry(Entry {
                path: ImagePath::new(path).unwrap(),
                link: Some(from),
                meta: layer::Meta {
                    size: 0,
                    mtime: 0,
                    mtime_nanos: 0,
                    uid: 0,
                    gid: 0,
                    mode: 0o755,
                    kind: EntryKind::Dir,
                    opaque: false,
                    device: (0, 0),
                },
                xattrs: &[],
                content: None,
                offset: 0,
                data: None,
                placement: Placement::Shown,
            })?;
        }
        Ok(Completeness::Complete)
    }

    fn open(&self, _file: FileAt<'_>) -> Result<Box<dyn Read + '_>> {
        unreachable!("it has no files")
    }

    fn facts(&self) -> LayerFacts {
        LayerFacts::archive(Access::Random, 0)
    }
}

/// Moves every path, and all that was moved once more: each has below what the model has at the old place.
fn check_moves(stack: &[Vec<Item>]) {
    let expected = Outcome::of(stack);
    let empty = BTreeMap::new();
    let view = expected.views.last().unwrap_or(&empty);
    let place = |number: usize| format!("moved/{number}").into_bytes();
    let first = view.keys().enumerate();
    let first = first.map(|(number, path)| (place(number), path.clone()));
    let second = (b"again".to_vec(), b"moved".to_vec());
    let blobs: Vec<_> = stack
        .iter()
        .map(|items| support::tar::archive(items))
        .collect();
    let layers = support::opened::image_of(&blobs).layers.into_iter();
    let mut sources: Vec<_> = layers.map(|layer| layer.source).collect();
    sources.push(Arc::new(Moves(first.collect())));
    sources.push(Arc::new(Moves(vec![second])));
    let analysis = support::opened::analyse_sources(sources);
    let story = story(stack);
    let unlinked = |row: &Row| Row {
        nlink: 1,
        layer: 0,
        ..row.clone()
    };
    let shown = shown(&analysis.tree, analysis.tree.top());
    for (number, (path, row)) in view.iter().enumerate() {
        let below = |rows: &BTreeMap<Path, Row>, place: &[u8]| -> BTreeMap<Path, Row> {
            let prefix = [place, b"/"].concat();
            let rows = rows.iter();
            let inside =
                rows.filter_map(|(path, row)| Some((path.strip_prefix(&prefix[..])?, row)));
            inside
                .map(|(path, row)| (path.to_vec(), unlinked(row)))
                .collect()
        };
        let wanted = below(view, path);
        for place in [place(number), [b"again/", &place(number)[6..]].concat()] {
            let what = format!("{} at {}", path.escape_ascii(), place.escape_ascii());
            assert!(shown.contains_key(&place), "{what}\n{story}");
            assert_same(&what, &below(&shown, &place), &wanted, &story);
        }
        if row.kind != "dir" {
            assert!(wanted.is_empty());
        }
    }
    assert_eq!(
        analysis.totals.effective_bytes,
        expected.merged_bytes(),
        "{story}"
    );
    assert_eq!(
        analysis.totals.wasted_bytes,
        expected.wasted_bytes(),
        "{story}"
    );
}

/// The same stacks in every run, so that a build is red for what changed. `LAYERSCOPE_MODEL_STACKS=30000` looks
/// at more, other ones.
fn config() -> ProptestConfig {
    let stacks = std::env::var("LAYERSCOPE_MODEL_STACKS").ok();
    let wanted = stacks.and_then(|stacks| stacks.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(2000),
        rng_seed: wanted.map_or(RngSeed::Fixed(0x001a_7e25), |_| RngSeed::Random),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn uncompressed_layers_agree_with_the_model(stack in support::strategy::stacks()) {
        check(&stack, &[Codec::None]);
    }

    #[test]
    fn moved_directories_agree_with_the_model(stack in support::strategy::stacks()) {
        check_moves(&stack);
    }

    #[test]
    fn mixed_layers_agree_with_the_model(stack in support::strategy::stacks()) {
        check(&stack, &[Codec::Gzip, Codec::None, Codec::Zstd]);
    }
}
