//! Records of tars mean what the tars mean, and put together again they are the tars.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use layerscope::beneath::Beneath;
use layerscope::error::WarningCode;
use layerscope::layer::bytes::Region;
use layerscope::layer::tar::TarLayer;
use layerscope::layer::tar_split::{Data, TarSplitLayer};
use layerscope::layer::verified::Outcome;
use layerscope::layer::{Completeness, EntryKind, LayerSource};
use layerscope::progress::Job;
use layerscope::tree::{FileTree, NodeId, TreeBuilder};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use support::random::Random;
use support::{Encoding, Item, Kind, LayerBuilder, stores, tar, tar_split};

fn region(bytes: &[u8]) -> Region {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Region::new(Arc::new(file), "record".into(), 0, bytes.len() as u64)
}

fn layer(record: &[u8], directory: Option<&Path>) -> TarSplitLayer {
    let data = match directory {
        Some(directory) => Data::Directory(Beneath::open(directory).unwrap()),
        None => Data::Refused("nowhere".to_owned()),
    };
    TarSplitLayer::new(region(record), data)
}

fn tree_of(layer: &dyn LayerSource) -> FileTree {
    let mut builder = TreeBuilder::new("layer");
    let completeness = layer.scan(&mut builder, &Job::new()).unwrap();
    builder.freeze(completeness)
}

fn nodes(tree: &FileTree) -> impl Iterator<Item = NodeId> {
    (0..u32::try_from(tree.len()).unwrap()).map(NodeId)
}

/// Everything that a tree says about its nodes but the content, which only the tar has at hand.
fn told(tree: &FileTree) -> Vec<String> {
    nodes(tree)
        .map(|node| {
            let name = tree.path(node).escape_ascii().to_string();
            let link = tree.link(node).map(|link| link.escape_ascii().to_string());
            let (kind, meta) = (tree.kind(node), tree.meta(node));
            let (size, children) = (tree.size(node), tree.children(node));
            let xattrs = tree.xattrs(node);
            format!("{name} {link:?} {kind:?} {meta:?} {size} {children:?} {xattrs:?}")
        })
        .collect()
}

fn assert_same_trees(record: &FileTree, tar: &FileTree) {
    assert_eq!(told(record), told(tar));
    assert_eq!(record.entries(), tar.entries());
    assert_eq!(record.content_bytes(), tar.content_bytes());
    assert_eq!(record.shadowed(), tar.shadowed());
    assert_eq!(record.completeness(), tar.completeness());
    assert_eq!(record.warnings(), tar.warnings());
}

/// Returns whether offsets are those of the tar: a sparse file has its holes in the record.
fn is_dense(items: &[Item]) -> bool {
    let mut files = items
        .iter()
        .filter(|item| matches!(item.kind, Kind::File(_)));
    files.all(|item| !format!("{:?}", item.encoding).starts_with("Sparse"))
}

fn check(items: &[Item]) {
    let original = TarLayer::new(region(&tar::archive(items))).unwrap();
    let tar = tree_of(&original);
    let record = tree_of(&layer(&tar_split::record(items), None));
    assert_same_trees(&record, &tar);
    if is_dense(items) {
        for node in nodes(&tar) {
            assert_eq!(record.offset(node), tar.offset(node));
        }
    }
}

/// Reads every file of the tree from both.
fn assert_same_data(record: &TarSplitLayer, original: &TarLayer) -> usize {
    let tree = tree_of(original);
    let files = nodes(&tree).filter(|&node| tree.kind(node) == EntryKind::File);
    let mut compared = 0;
    for node in files {
        let path = tree.path(node);
        let file = tree.file_at(node, &path);
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        let mut reader = original.open(file).unwrap();
        reader.read_to_end(&mut expected).unwrap();
        let mut reader = record.open(file).unwrap();
        reader.read_to_end(&mut found).unwrap();
        assert_eq!(found, expected, "{}", path.escape_ascii());
        compared += 1;
    }
    compared
}

fn diff_id(tar: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(tar) {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn sample(encoding: Encoding) -> Vec<Item> {
    let mut holes = vec![0; 9_000];
    holes[3_000..3_700].fill(b'x');
    let long = format!("deep/{}/file", "name".repeat(60));
    LayerBuilder::new()
        .encode_with(encoding)
        .dir("etc")
        .file("etc/passwd", b"root:x:0:0\n")
        .meta(0o4640, 3, 70_000, 1_600_000_000)
        .mtime_nanos(5)
        .xattr("user.note", b"kept")
        .file("holes", &holes)
        .file("empty", b"")
        .file("block", [b'b'; 512])
        .file("two", [b'c'; 1024])
        .file(&long, b"long")
        .file(b"not\xFFutf8", b"name")
        .hardlink("other", &long)
        .symlink("link", "etc/passwd")
        .char_device("null", 1, 3)
        .fifo("pipe")
        .whiteout("gone")
        .opaque("etc")
        .into_items()
}

#[test]
fn every_encoding_means_the_same() {
    for encoding in Encoding::ALL {
        let items = sample(encoding);
        check(&items);
        let directory = TempDir::new().unwrap();
        tar_split::unpack(&items, directory.path());
        let record = layer(&tar_split::record(&items), Some(directory.path()));
        let archive = tar::archive(&items);
        let original = TarLayer::new(region(&archive)).unwrap();
        assert_eq!(assert_same_data(&record, &original), 7, "{encoding:?}");

        let verified = record.verify(&diff_id(&archive), &Job::new()).unwrap();
        assert_eq!(verified.damaged, [], "{encoding:?}");
        assert_eq!(verified.files, 6);
        if is_dense(&items) {
            assert_eq!(verified.outcome, Outcome::Identical, "{encoding:?}");
            assert_eq!(verified.bytes, archive.len() as u64);
        } else {
            let is_sparse = |reason: &str| reason.contains("sparse");
            assert!(
                matches!(&verified.outcome, Outcome::Unprovable(reason) if is_sparse(reason)),
                "{encoding:?}: {:?}",
                verified.outcome
            );
        }
    }
}

#[test]
fn names_that_climb_out_are_looked_for_inside() {
    let mut items = LayerBuilder::new()
        .file("../climbing", b"1")
        .file("/absolute", b"22")
        .file("./a/../dotted", b"333")
        .into_items();
    let archive = tar::archive(&items);
    let record = tar_split::record(&items);
    check(&items);
    let directory = TempDir::new().unwrap();
    for (item, name) in items.iter_mut().zip(["climbing", "absolute", "dotted"]) {
        item.path = name.into();
    }
    tar_split::unpack(&items, directory.path());
    let layer = layer(&record, Some(directory.path()));
    let original = TarLayer::new(region(&archive)).unwrap();
    assert_eq!(assert_same_data(&layer, &original), 3);
    let verified = layer.verify(&diff_id(&archive), &Job::new()).unwrap();
    assert_eq!(verified.outcome, Outcome::Identical);
}

#[test]
fn global_headers_and_labels_are_passed_over() {
    let items = LayerBuilder::new()
        .global_header(&[(b"comment", b"x"), (b"uid", b"7")])
        .file("a", b"data")
        .raw(tar::raw_entry(b"label", b'V', b"", |_| ()))
        .file("b", b"")
        .into_items();
    check(&items);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: proptest::test_runner::RngSeed::Fixed(0x7a55_9117),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn records_agree_with_their_tars(
        stack in support::strategy::stacks(),
        encodings in prop::collection::vec(prop::sample::select(Encoding::ALL.to_vec()), 9),
    ) {
        for mut items in stack {
            for (item, &encoding) in items.iter_mut().zip(&encodings) {
                item.encoding = encoding;
            }
            check(&items);
        }
    }
}

#[test]
fn verifying_names_what_differs() {
    let items = LayerBuilder::new()
        .file("changed", vec![b'c'; 300_000])
        .file("short", b"short")
        .file("gone", b"gone")
        .file("kept", b"kept")
        .file("link", b"link")
        .into_items();
    let directory = TempDir::new().unwrap();
    let root = directory.path();
    tar_split::unpack(&items, root);
    let layer = layer(&tar_split::record(&items), Some(root));
    let digest = diff_id(&tar::archive(&items));
    let verify = || layer.verify(&digest, &Job::new()).unwrap();
    assert_eq!(verify().outcome, Outcome::Identical);

    let mut data = vec![b'c'; 300_000];
    data[299_999] ^= 1;
    fs::write(root.join("changed"), &data).unwrap();
    fs::write(root.join("short"), b"shor").unwrap();
    fs::remove_file(root.join("gone")).unwrap();
    fs::remove_file(root.join("link")).unwrap();
    std::os::unix::fs::symlink("kept", root.join("link")).unwrap();
    let verified = verify();
    assert_eq!(verified.outcome, Outcome::Different);
    let found: Vec<_> = verified
        .damaged
        .iter()
        .map(|damaged| (damaged.path.escape_ascii().to_string(), &*damaged.reason))
        .collect();
    let expected = [
        ("changed", "another checksum"),
        ("short", "4 bytes, not 5"),
        ("gone", "missing"),
        ("link", "symbolic link"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((path, reason), (name, part)) in found.iter().zip(expected) {
        assert!(path == name && reason.contains(part), "{found:?}");
    }
}

#[test]
fn verifying_tells_records_that_are_no_longer_whole() {
    let items = LayerBuilder::new().file("a", b"data").into_items();
    let directory = TempDir::new().unwrap();
    tar_split::unpack(&items, directory.path());
    let digest = diff_id(&tar::archive(&items));
    let record = tar_split::record(&items);
    let verify = |record: &[u8], digest: &str| {
        let layer = layer(record, Some(directory.path()));
        layer.verify(digest, &Job::new()).unwrap().outcome
    };
    assert_eq!(verify(&record, &digest), Outcome::Identical);
    assert_eq!(verify(&record, &diff_id(b"other")), Outcome::Different);
    let other = verify(&record, &format!("sha512:{}", "0".repeat(128)));
    assert!(matches!(other, Outcome::Unprovable(_)), "{other:?}");
    for length in 0..record.len() {
        let outcome = verify(&record[..length], &digest);
        assert!(
            matches!(outcome, Outcome::BrokenRecord(_)),
            "{length}: {outcome:?}"
        );
    }
    let job = Job::new();
    job.cancel();
    let layer = layer(&record, Some(directory.path()));
    assert!(layer.verify(&digest, &job).is_err());
}

/// A record that is damaged says so or says the truth, whatever the damage.
#[test]
fn damaged_records_are_survived() {
    for encoding in Encoding::ALL {
        let items = sample(encoding);
        let tar = tree_of(&TarLayer::new(region(&tar::archive(&items))).unwrap());
        let whole = tar_split::record(&items);
        for length in (0..whole.len()).step_by(7) {
            assert_honest(
                &whole[..length],
                &tar,
                &format!("{encoding:?} cut at {length}"),
            );
        }
        for case in 0..100 {
            let mut random = Random::new(case);
            let mut bytes = whole.clone();
            for _ in 0..=random.below(3) {
                let at = usize::try_from(random.below(bytes.len() as u64)).unwrap();
                bytes[at] ^= 1 << random.below(8);
            }
            assert_honest(&bytes, &tar, &format!("{encoding:?} flipped, case {case}"));
        }
    }
}

fn assert_honest(record: &[u8], tar: &FileTree, what: &str) {
    let job = Job::new();
    job.limit_expanded(4 << 20);
    let mut builder = TreeBuilder::new("layer");
    let layer = layer(record, None);
    let Ok(completeness) = layer.scan(&mut builder, &job) else {
        return;
    };
    let tree = builder.freeze(completeness);
    if completeness == Completeness::Complete {
        assert_eq!(told(&tree), told(tar), "{what}");
    } else {
        assert!(!tree.warnings().is_empty(), "{what}");
    }
}

/// Damage behind a valid checksum: what a hostile store would hold.
#[test]
fn forged_records_are_survived() {
    for encoding in Encoding::ALL {
        let items = sample(encoding);
        let lines = tar_split::lines(&items);
        for case in 0..150 {
            let mut random = Random::new(case);
            let mut text = forged(&lines, &mut random).join("\n").into_bytes();
            if case % 3 == 0 {
                let at = usize::try_from(random.below(text.len() as u64)).unwrap();
                text[at] = b"\0\"{}[]0-,:\\\n"[usize::try_from(random.below(12)).unwrap()];
            }
            let layer = layer(&support::Codec::Gzip.compress(&text), None);
            let mut builder = TreeBuilder::new("layer");
            if let Ok(completeness) = layer.scan(&mut builder, &Job::new()) {
                let tree = builder.freeze(completeness);
                assert!(
                    tree.entries() <= items.len() as u64 * 4,
                    "an entry takes a block"
                );
            }
        }
    }
}

fn forged(lines: &[String], random: &mut Random) -> Vec<String> {
    let mut lines = lines.to_vec();
    let place = |random: &mut Random, length: usize| {
        usize::try_from(random.below(length.max(1) as u64)).unwrap()
    };
    for _ in 0..=random.below(3) {
        let (at, other) = (place(random, lines.len()), place(random, lines.len()));
        match random.below(6) {
            0 => lines.swap(at, other),
            1 => drop(lines.remove(at)),
            2 => {
                let line = lines[other].clone();
                lines.insert(at, line);
            }
            3 => {
                let line = random.choose(&["", "{}", "null", "[]", "{\"type\":2}"]);
                line.clone_into(&mut lines[at]);
            }
            _ => {
                let sizes = [
                    "18446744073709551615",
                    "9223372036854775807",
                    "1",
                    "511",
                    "-1",
                    "1e9",
                ];
                let size = random.choose(&sizes);
                lines[at] = lines[at].replacen(
                    "\"type\":1,",
                    &format!("\"type\":1,\"size\":{size},\"was\":{{}},"),
                    1,
                );
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    // Mostly in order again, or little would be read.
    if random.below(4) > 0 {
        for (position, line) in lines.iter_mut().enumerate() {
            if let Some(start) = line.rfind("\"position\":") {
                line.truncate(start);
                write!(line, "\"position\":{position}}}").unwrap();
            }
        }
    }
    lines
}

/// A layer of a real store: its record, its files, the digest of its tar.
struct Stored {
    record: PathBuf,
    files: PathBuf,
    diff_id: String,
}

fn docker_layers(root: &Path, driver: &str) -> Vec<Stored> {
    let database = root.join("image").join(driver).join("layerdb/sha256");
    fs::read_dir(database)
        .unwrap()
        .map(|entry| {
            let directory = entry.unwrap().path();
            let cache = fs::read_to_string(directory.join("cache-id")).unwrap();
            let files = match driver {
                "vfs" => root.join("vfs/dir").join(cache),
                _ => root.join(driver).join(cache).join("diff"),
            };
            Stored {
                record: directory.join("tar-split.json.gz"),
                diff_id: fs::read_to_string(directory.join("diff")).unwrap(),
                files,
            }
        })
        .collect()
}

fn podman_layers(root: &Path) -> Vec<Stored> {
    let text = fs::read(root.join("overlay-layers/layers.json")).unwrap();
    let layers: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let layers = layers.as_array().unwrap().iter();
    let committed = layers.filter(|layer| layer.get("diff-digest").is_some());
    committed
        .map(|layer| {
            let id = layer["id"].as_str().unwrap();
            Stored {
                record: root.join(format!("overlay-layers/{id}.tar-split.gz")),
                diff_id: layer["diff-digest"].as_str().unwrap().to_owned(),
                files: root.join("overlay").join(id).join("diff"),
            }
        })
        .collect()
}

#[test]
fn layers_of_real_stores_are_what_their_digests_name() {
    for (name, count) in [
        ("docker-overlay2", 8),
        ("docker-vfs", 8),
        ("podman-overlay", 12),
        ("podman-rootless", 8),
    ] {
        let Some(store) = stores::unpacked(name) else {
            return;
        };
        let layers = match name.split_once('-') {
            Some(("docker", driver)) => docker_layers(&store.root(), driver),
            _ => podman_layers(&store.root()),
        };
        assert_eq!(layers.len(), count, "{name}");
        for stored in &layers {
            real_layer(stored);
        }
    }
}

fn real_layer(stored: &Stored) {
    let what = stored.record.display();
    let record = fs::read(&stored.record).unwrap();
    let layer = layer(&record, Some(&stored.files));
    let verified = layer.verify(&stored.diff_id, &Job::new()).unwrap();
    assert_eq!(verified.outcome, Outcome::Identical, "{what}: {verified:?}");
    let tree = tree_of(&layer);
    let odd: Vec<_> = tree
        .warnings()
        .iter()
        .filter(|warning| warning.code != WarningCode::MissingEnd)
        .collect();
    assert!(odd.is_empty(), "{what}: {odd:?}");
    assert_eq!(tree.completeness(), Completeness::Complete, "{what}");
    for node in
        nodes(&tree).filter(|&node| tree.kind(node) == EntryKind::File && tree.size(node) > 0)
    {
        let path = tree.path(node);
        let read = std::io::copy(
            &mut layer.open(tree.file_at(node, &path)).unwrap(),
            &mut std::io::sink(),
        );
        assert_eq!(read.unwrap(), tree.size(node));
    }
}
