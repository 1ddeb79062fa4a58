//! Archives that cost more than their length lets expect: what bounds them is said, and the rest is there.

use layerscope::analysis::Analysis;
use layerscope::error::Warning;
use layerscope::layer::Completeness;
use layerscope::limits;
use layerscope::progress::Job;
use layerscope::tree::PathId;

use crate::notation::{analyse_records, codes, records};
use crate::support::item::{Item, Kind};
use crate::support::opened::analyse_blobs;
use crate::support::tar::{self, BLOCK, pax, raw_entry};
use crate::support::{Codec, LayerBuilder, Walk};

fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}

fn entry(name: &str) -> Vec<u8> {
    raw_entry(name.as_bytes(), b'0', b"x", |_| ())
}

fn bytes_of(warnings: &[Warning]) -> usize {
    let paths = warnings.iter().flat_map(|warning| &warning.path);
    let messages = warnings.iter().map(|warning| warning.message.len());
    messages.sum::<usize>() + paths.map(|path| path.len()).sum::<usize>()
}

#[test]
fn an_entry_has_a_limited_number_of_attributes() {
    let names = (0..limits::ENTRY_XATTRS + 10).rev();
    let names: Vec<String> = names
        .map(|at| format!("SCHILY.xattr.user.{at:06}"))
        .collect();
    let pairs: Vec<(&[u8], &[u8])> = names
        .iter()
        .map(|name| (name.as_bytes(), &b"v"[..]))
        .collect();
    let walk = Walk::of_bytes(&archive(&[
        pax::header(b'x', b"x", &pairs),
        entry("a"),
        entry("b"),
    ]));
    assert_eq!(walk.names(), ["a", "b"]);
    assert_eq!(codes(&walk.warnings), ["limit-reached"]);
    assert!(walk.warnings[0].message.contains("limit of 10000"));
}

/// Each names a path of kilobytes twice, and there are twenty in every layer.
#[test]
fn warnings_of_an_image_take_a_limited_number_of_bytes() {
    let layer = |number: usize| -> Vec<Item> {
        let name = |at: usize| format!(".wh.{number:02}{at:02}{}", "n".repeat(240));
        let deep = format!("{}/", "d".repeat(250)).repeat(60);
        let path = |at| format!("{deep}{}", name(at));
        (0..25)
            .map(|at| Item::new(path(at), Kind::File(Vec::new())))
            .collect()
    };
    let layers: Vec<Vec<Item>> = (0..40).map(layer).collect();
    let analysis = analyse_records(&layers);
    let warnings = &analysis.warnings;
    assert!(bytes_of(warnings) < limits::WARNING_BYTES + 100_000);
    for index in 0..40 {
        let mut own = warnings
            .iter()
            .filter(|warning| warning.layer == Some(index));
        assert!(
            own.any(|warning| warning.message.starts_with("and ")),
            "{index}"
        );
    }
    let last = &warnings.last().unwrap().message;
    assert!(last.contains("more than the limit of 8.0 MiB"), "{last}");
}

#[test]
fn warnings_of_a_layer_take_a_limited_number_of_bytes() {
    // Names that climb out are shown, escaped, and named once more as bytes.
    let name = |at: usize| format!("../{}{at:02}", "\u{202e}".repeat(4000));
    let items = (0..20).map(|at| Item::new(name(at), Kind::File(Vec::new())));
    let analysis = analyse_records(&[items.collect()]);
    assert!(bytes_of(&analysis.warnings) <= limits::LAYER_WARNING_BYTES + 200);
    let last = &analysis.warnings.last().unwrap().message;
    assert!(last.contains("of this kind: all together"), "{last}");
}

#[test]
fn entries_are_limited_over_all_layers() {
    let many = |letter: char| -> Vec<u8> {
        let entries: Vec<Vec<u8>> = (0..2000)
            .map(|at| entry(&format!("{letter}{at}")))
            .collect();
        archive(&entries)
    };
    let job = Job::new();
    job.limit_entries(3000);
    let walks = ['a', 'b'].map(|letter| Walk::within(&job.part(), &many(letter)));
    let [one, other] = &walks;
    assert_eq!(one.names().len(), 2000);
    assert_eq!(other.names().len(), 1024);
    let completeness = [one, other].map(|walk| *walk.result.as_ref().unwrap());
    assert_eq!(
        completeness,
        [Completeness::Complete, Completeness::Partial]
    );
    assert_eq!(codes(&other.warnings), ["limit-reached"]);
    let message = &other.warnings[0].message;
    assert!(
        message.contains("3000 (--max-entries raises it)"),
        "{message}"
    );
}

/// Few entries with many directories above them, and few with long targets.
#[test]
fn nodes_and_names_are_limited_over_all_layers() {
    let deep = |at: usize| format!("{at}/{}f", "d/".repeat(500));
    let deep: Vec<Item> = (0..20)
        .map(|at| Item::new(deep(at), Kind::File(Vec::new())))
        .collect();
    let long = |at: usize| Item::new(format!("{at}"), Kind::Symlink(vec![b't'; 8000]));
    let long: Vec<Item> = (0..100).map(long).collect();
    for (items, said) in [
        (deep, "5000 (--max-entries raises it)"),
        (long, "limit of 512.0 KiB"),
    ] {
        let job = Job::new();
        job.limit_entries(5000);
        job.limit_names(512 << 10);
        let blob = tar::archive(&items);
        let analysis = analyse_blobs(&[blob], &job).unwrap();
        assert_eq!(codes(&analysis.warnings), ["limit-reached"]);
        let message = &analysis.warnings[0].message;
        assert!(message.contains(said), "{message}");
        assert!(analysis.tree.len() > 50, "{}", analysis.tree.len());
    }
}

/// A terabyte of zeros takes some megabytes, and hours with a slow codec.
#[test]
fn expansion_is_limited_by_what_is_stored() {
    let tar = archive(&[
        raw_entry(b"zeros", b'0', &vec![0; 4 << 20], |_| ()),
        entry("last"),
    ]);
    for (codec, limit, is_whole) in [
        (Codec::Gzip, 5 << 20, true),
        (Codec::Zstd, 1 << 20, false),
        (Codec::Xz, 5 << 20, false),
        (Codec::Bzip2, 5 << 20, false),
        (Codec::Bzip2, 40 << 20, true),
    ] {
        let job = Job::new();
        job.limit_cost(limit);
        let walk = Walk::within(&job, &codec.compress(&tar));
        let is_found = walk.names().contains(&"last".to_owned());
        assert_eq!(is_found, is_whole, "{codec:?}");
        let is_limited = codes(&walk.warnings).contains(&"limit-reached");
        assert_eq!(is_limited, !is_whole, "{codec:?}");
    }
}

/// A sparse file of 1 GiB takes a block, and comparing it reads it all.
#[test]
fn holes_are_compared_up_to_a_total() {
    let sparse = |at: usize, data: u8| {
        let records: [(&[u8], &[u8]); 3] = [
            (b"GNU.sparse.name", &format!("f{at}").into_bytes()),
            (b"GNU.sparse.size", b"1073741824"),
            (b"GNU.sparse.map", b"0,1"),
        ];
        [
            pax::header(b'x', b"x", &records),
            raw_entry(b"s", b'0', &[data], |_| ()),
        ]
        .concat()
    };
    let layer = |data: u8| {
        let files = (0..10).map(|at| sparse(at, data));
        LayerBuilder::new()
            .raw(files.collect::<Vec<_>>().concat())
            .into_items()
    };
    // Of eight the first byte tells already.
    let analysis: Analysis = analyse_records(&[layer(1), layer(2)]);
    assert_eq!(codes(&analysis.warnings), ["not-compared"; 2]);
    let message = &analysis.warnings[0].message;
    assert!(
        message.contains("than 8.0 GiB are not compared"),
        "{message}"
    );
}

#[test]
fn paths_are_compared_as_their_bytes() {
    let analysis = analyse_records(&[records("a-b:1 a/b:1 a/b-c:1 a.d/x:1 b/a/a:1 b/ab:1 b/a-:1")]);
    let tree = &analysis.tree;
    let all: Vec<PathId> = (0..tree.len())
        .map(|at| PathId(u32::try_from(at).unwrap()))
        .collect();
    for &one in &all {
        for &other in &all {
            let expected = tree.path(one).cmp(&tree.path(other));
            assert_eq!(tree.compare_paths(one, other), expected);
        }
    }
}
