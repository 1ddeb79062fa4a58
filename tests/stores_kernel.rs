//! Real stores against the kernel and their engines: what a container sees is what its mount showed, what a
//! layer holds is what its directory showed, and nothing is written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use layerscope::analysis::{self, Analysis};
use layerscope::beneath::Beneath;
use layerscope::error::Result;
use layerscope::layer::dir::{DirLayer, Encoding, Namespace};
use layerscope::layer::{Completeness, Entry, EntryKind, EntrySink, FileAt, LayerSource};
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};
use layerscope::store::{self, measure};
use serde_json::Value;

use support::listing::{Row, Rows, assert_same, rows};
use support::stores::{Unpacked, unpacked};

/// Stores with an overlay, and where each of their layer directories is.
const OVERLAYS: [(&str, &str, &str, Namespace); 5] = [
    ("docker-overlay2", "overlay2", "diff", Namespace::Trusted),
    ("podman-overlay", "overlay", "diff", Namespace::Trusted),
    ("podman-rootless", "overlay", "diff", Namespace::User),
    (
        "containerd",
        "io.containerd.snapshotter.v1.overlayfs/snapshots",
        "fs",
        Namespace::Trusted,
    ),
    (
        "docker28-containerd",
        "containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots",
        "fs",
        Namespace::Trusted,
    ),
];

enum What {
    Image(&'static str),
    Container(&'static str),
}

fn analysed(store: &Unpacked, what: &What) -> Analysis {
    let options = match what {
        What::Image(name) => OpenOptions {
            image: Some((*name).to_owned()),
            ..OpenOptions::default()
        },
        What::Container(name) => OpenOptions {
            container: Some((*name).to_owned()),
            ..OpenOptions::default()
        },
    };
    let job = Job::new();
    let locator = Locator::parse(store.root().as_os_str()).unwrap();
    let opened = source::open(&locator, &options, &job).unwrap();
    let analysis = analysis::run(
        opened.source,
        opened.image,
        &analysis::Options::default(),
        &job,
    )
    .unwrap();
    assert!(analysis.complete, "{:?}", analysis.warnings);
    analysis
}

/// Reads the kernel's listing: type, mode, owner, size, names, time, path, target.
fn told(text: &str) -> Rows {
    let mut rows = Rows::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, mode, owner, size, names, time, path, link] = fields[..] else {
            panic!("{line}");
        };
        let kind = match kind {
            "f" => "file",
            "d" => "dir",
            "l" => "symlink",
            "p" => "fifo",
            "c" => "char",
            "b" => "block",
            other => panic!("{other}"),
        };
        let (uid, gid) = owner.split_once(':').unwrap();
        let is_file = kind == "file";
        if path.is_empty() {
            continue;
        }
        rows.insert(
            path.into(),
            Row {
                kind,
                mode: Some(u32::from_str_radix(mode, 8).unwrap()).filter(|_| kind != "symlink"),
                owner: Some((uid.parse().unwrap(), gid.parse().unwrap())),
                size: if is_file { size.parse().unwrap() } else { 0 },
                names: if is_file { names.parse().unwrap() } else { 1 },
                link: (kind == "symlink").then(|| link.as_bytes().to_vec()),
                mtime: is_file.then(|| time.split_once('.').unwrap().0.parse().unwrap()),
            },
        );
    }
    rows
}

/// The kernel counts names of an inode that are hidden by now; a view counts those one can see.
fn forgive_hidden_names(found: &Rows, expected: &mut Rows) -> usize {
    let mut forgiven = 0;
    for (path, row) in expected {
        if let Some(found) = found.get(path)
            && found.names < row.names
        {
            row.names = found.names;
            forgiven += 1;
        }
    }
    forgiven
}

#[track_caller]
fn sees_what_the_kernel_showed(store: &'static str, what: What, listing: &str) {
    let Some(store) = unpacked(store) else {
        return;
    };
    let found = rows(&analysed(&store, &what));
    let mut expected = told(&store.told(listing));
    let forgiven = forgive_hidden_names(&found, &mut expected);
    assert_same(listing, &found, &expected);
    assert!(
        forgiven <= 2,
        "{forgiven} files have more names than can be seen"
    );
}

#[test]
fn docker_images_are_what_the_kernel_showed() {
    for (name, listing) in [
        ("stores/one:latest", "merged-image-one.txt"),
        ("stores/two", "merged-image-two.txt"),
    ] {
        sees_what_the_kernel_showed("docker-overlay2", What::Image(name), listing);
    }
}

#[test]
fn a_docker_container_is_what_the_kernel_showed() {
    sees_what_the_kernel_showed(
        "docker-overlay2",
        What::Container("c-running"),
        "merged-c-running.txt",
    );
}

#[test]
fn podman_images_are_what_the_kernel_showed() {
    for (name, listing) in [
        ("stores/one", "merged-image-one.txt"),
        ("stores/two", "merged-image-two.txt"),
    ] {
        sees_what_the_kernel_showed("podman-overlay", What::Image(name), listing);
    }
}

#[test]
fn a_podman_container_is_what_the_kernel_showed() {
    sees_what_the_kernel_showed(
        "podman-overlay",
        What::Container("c-running"),
        "merged-c-running.txt",
    );
}

#[test]
fn a_container_of_containerd_is_what_the_kernel_showed() {
    sees_what_the_kernel_showed(
        "containerd",
        What::Container("ctr-running"),
        "merged-ctr-running.txt",
    );
}

#[test]
fn a_docker_container_in_containerd_is_what_the_kernel_showed() {
    sees_what_the_kernel_showed(
        "docker28-containerd",
        What::Container("c-running"),
        "merged-c-running.txt",
    );
}

/// Kind, mode, owner and length.
type Described = (String, u32, (u32, u32), u64);

/// What a scan delivers, with names by inode.
#[derive(Default)]
struct Seen {
    rows: BTreeMap<Vec<u8>, Described>,
}

impl EntrySink for Seen {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        let meta = entry.meta;
        let kind = match (meta.kind, meta.opaque) {
            (EntryKind::Hardlink, _) => "hardlink",
            (EntryKind::Dir, true) => "opaque",
            (kind, _) => kind.as_str(),
        };
        let size = if meta.kind == EntryKind::File {
            meta.size
        } else {
            0
        };
        let row = (
            kind.to_owned(),
            u32::from(meta.mode),
            (meta.uid, meta.gid),
            size,
        );
        self.rows.insert(entry.path.as_bytes().to_vec(), row);
        Ok(())
    }

    fn warn(&mut self, warning: layerscope::error::Warning) {
        panic!("{}", warning.message);
    }
}

/// Reads what somebody else saw in a layer directory, decoded by the rules of overlayfs.
fn raw(text: &str, namespace: Namespace) -> Seen {
    let prefix = match namespace {
        Namespace::User => "user.overlay.",
        _ => "trusted.overlay.",
    };
    let mut seen = Seen::default();
    let mut inodes: HashMap<u64, Vec<u8>> = HashMap::new();
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.sort_by(|one, other| {
        let path = |line: &Value| -> Vec<Vec<u8>> {
            line["path"]
                .as_str()
                .unwrap()
                .split('/')
                .map(|name| name.as_bytes().to_vec())
                .collect()
        };
        path(one).cmp(&path(other))
    });
    for line in lines {
        let path = line["path"].as_str().unwrap();
        let path = if path == "." {
            Vec::new()
        } else {
            path.as_bytes().to_vec()
        };
        let number = |key: &str| line[key].as_u64().unwrap_or(0);
        let is_opaque = line["xattrs"][format!("{prefix}opaque")]
            .as_str()
            .is_some_and(|value| value == "y");
        let is_whiteout = line["type"] == "c" && line["rdev"] == "0:0";
        let is_linked =
            line["type"] == "-" && number("nlink") > 1 && inodes.contains_key(&number("ino"));
        let kind = match line["type"].as_str().unwrap() {
            "d" if is_opaque => "opaque",
            "d" => "dir",
            "c" if is_whiteout => "whiteout",
            "c" => "char",
            "b" => "block",
            "l" => "symlink",
            "p" => "fifo",
            _ if is_linked => "hardlink",
            _ => "file",
        };
        inodes.entry(number("ino")).or_insert_with(|| path.clone());
        let mode = u32::from_str_radix(line["mode"].as_str().unwrap().trim_start_matches("0o"), 8)
            .unwrap();
        let size = if kind == "file" { number("size") } else { 0 };
        let owner = (
            u32::try_from(number("uid")).unwrap(),
            u32::try_from(number("gid")).unwrap(),
        );
        seen.rows
            .insert(path, (kind.to_owned(), mode & 0o7777, owner, size));
    }
    seen
}

#[test]
fn every_layer_directory_is_read_as_it_is() {
    for (name, place, inner, namespace) in OVERLAYS {
        let Some(store) = unpacked(name) else {
            return;
        };
        let mut compared = 0;
        for entry in fs::read_dir(store.oracle("raw")).unwrap() {
            let file = entry.unwrap().path();
            let id = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let directory = store.root().join(place).join(&id).join(inner);
            if !directory.is_dir() {
                continue;
            }
            let expected = raw(&fs::read_to_string(&file).unwrap(), namespace);
            let layer = DirLayer::new(
                Beneath::open(&directory).unwrap(),
                Encoding::Overlay(namespace),
            );
            let mut found = Seen::default();
            let completeness = layer.scan(&mut found, &Job::new()).unwrap();
            assert_eq!(completeness, Completeness::Complete);
            found
                .rows
                .entry(Vec::new())
                .or_insert_with(|| expected.rows[&Vec::new()].clone());
            for (path, row) in &expected.rows {
                let mut row = row.clone();
                // The mode of a whiteout or a link says nothing.
                let found = found.rows.get(path).cloned().map(|mut found| {
                    if matches!(found.0.as_str(), "whiteout" | "symlink") {
                        found.1 = row.1;
                    }
                    found
                });
                if row.0 == "whiteout" {
                    row.2 = found.as_ref().map_or(row.2, |found| found.2);
                }
                assert_eq!(
                    found.as_ref(),
                    Some(&row),
                    "{name} {id} {}",
                    path.escape_ascii()
                );
            }
            assert_eq!(found.rows.len(), expected.rows.len(), "{name} {id}");
            compared += 1;
        }
        assert!(compared > 5, "{name}: {compared} directories");
    }
}

/// Inode, length, when data changed (seconds and the rest), when anything did, mode and links.
type Kept = (u64, u64, i64, i64, i64, u32, u64);

/// What a directory is like, with everything that a write or a careless read would change.
fn state(root: &Path) -> BTreeMap<std::path::PathBuf, Kept> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        let times = (meta.mtime(), meta.mtime_nsec(), meta.ctime());
        let row = (
            meta.ino(),
            meta.size(),
            times.0,
            times.1,
            times.2,
            meta.mode(),
            meta.nlink(),
        );
        found.insert(path, row);
    }
    found
}

#[test]
fn nothing_is_written() {
    let names = [
        "docker-overlay2",
        "docker-vfs",
        "docker28-containerd",
        "containerd",
        "podman-overlay",
        "podman-rootless",
    ];
    for name in names {
        let Some(unpacked) = unpacked(name) else {
            return;
        };
        let before = state(&unpacked.root());
        let job = Job::new();
        let mut inventory = store::read(&unpacked.root(), &job).unwrap();
        measure::measure(&mut inventory, None, &job).unwrap();
        let mut read = 0;
        for store in &inventory.stores {
            let images = (0..)
                .map(store::ImageId)
                .zip(&store.images)
                .map(|(id, _)| store.open_image(id));
            let containers = (0..)
                .map(store::ContainerId)
                .zip(&store.containers)
                .map(|(id, _)| store.open_container(id));
            for image in images.chain(containers) {
                read += read_everything(image.unwrap());
            }
        }
        assert!(read > 1_000_000, "{name}: {read} bytes were read");
        assert!(before == state(&unpacked.root()), "{name} was changed");
    }
}

/// Reads every file of an image; returns how many bytes that were.
fn read_everything(image: layerscope::image::Image) -> u64 {
    let info = source::SourceInfo {
        kind: "store",
        locator: "store".into(),
    };
    let analysis = analysis::run(info, image, &analysis::Options::default(), &Job::new()).unwrap();
    let mut bytes = 0;
    for layer in &analysis.image.layers {
        let tree = analysis.tree.layer(layer.index);
        let mut waiting = vec![layerscope::tree::NodeId::ROOT];
        while let Some(node) = waiting.pop() {
            waiting.extend(tree.children(node).map(layerscope::tree::NodeId));
            if tree.kind(node) == EntryKind::File {
                let path = tree.path(node);
                let file: FileAt<'_> = tree.file_at(node, &path);
                bytes +=
                    std::io::copy(&mut *layer.source.open(file).unwrap(), &mut std::io::sink())
                        .unwrap();
            }
        }
    }
    bytes
}
