//! Docker's graph-driver stores against what Docker said about them before it was stopped.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use layerscope::analysis::changes::{DiffDialect as Teller, changes};
use layerscope::image::Digest;
use layerscope::progress::Job;
use layerscope::store::{
    self, Activity, ContainerId, Engine, Inventory, Listing, Role, State, Store,
};
use serde_json::Value;
use support::stores;

/// A store that is there for one test.
enum Ready {
    Unpacked(stores::Unpacked),
    Mounted(Mounted),
}

/// A file system in a file, mounted read-only.
struct Mounted {
    directory: tempfile::TempDir,
    oracle: PathBuf,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(self.root()).status();
        if !status.is_ok_and(|status| status.success()) {
            println!("{} is still mounted", self.root().display());
        }
    }
}

impl Mounted {
    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }
}

impl Ready {
    fn root(&self) -> PathBuf {
        match self {
            Self::Unpacked(store) => store.root(),
            Self::Mounted(store) => store.root(),
        }
    }

    fn json(&self, name: &str) -> Value {
        let path = match self {
            Self::Unpacked(store) => store.oracle(name),
            Self::Mounted(store) => store.oracle.join(name),
        };
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let lines = self.text(name);
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn text(&self, name: &str) -> Vec<String> {
        let path = match self {
            Self::Unpacked(store) => store.oracle(name),
            Self::Mounted(store) => store.oracle.join(name),
        };
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn unpacked(name: &'static str) -> Option<Ready> {
    stores::unpacked(name).map(Ready::Unpacked)
}

/// The btrfs store is a file system of its own: subvolumes cannot be unpacked.
fn btrfs() -> Option<Ready> {
    let folder = stores::folder()?;
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("image");
    let mut packed =
        zstd::Decoder::new(std::fs::File::open(folder.join("docker-btrfs.img.zst")).unwrap())
            .unwrap();
    packed.window_log_max(27).unwrap();
    std::io::copy(&mut packed, &mut std::fs::File::create(&image).unwrap()).unwrap();
    let mounted = Mounted {
        oracle: folder.join("docker-btrfs.oracle"),
        directory,
    };
    std::fs::create_dir(mounted.root()).unwrap();
    let status = Command::new("mount")
        .args(["-o", "loop,ro"])
        .args([&image, &mounted.root()])
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!("skipped: a btrfs image cannot be mounted here");
        return None;
    }
    Some(Ready::Mounted(mounted))
}

fn read(root: &Path) -> Inventory {
    store::read(root, &Job::new()).unwrap()
}

/// Returns the store of the driver; the daemon's own containerd may have an empty one beside it.
fn only(inventory: &Inventory) -> &Store {
    let mut stores = inventory.stores.iter();
    let mut found = stores
        .by_ref()
        .filter(|store| store.engine == Engine::Docker);
    let store = found.next().expect("a store");
    assert!(found.next().is_none());
    store
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// Everything that Docker tells of a store, for any driver.
fn agrees_with_docker(ready: &Ready, driver: &str) {
    let mut inventory = read(&ready.root());
    store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let store = only(&inventory);
    assert_eq!(store.engine, Engine::Docker);
    assert_eq!(store.driver, driver);
    assert_eq!(store.activity, Activity::Active);
    assert_eq!(store.warnings, []);
    assert!(store.orphans.is_empty(), "{:?}", store.orphans);
    images_are_told(ready, store);
    containers_are_told(ready, store);
    changes_are_told(ready, store);
    volumes_are_told(ready, store);
    figures_are_told(ready, store);
}

fn images_are_told(ready: &Ready, store: &Store) {
    // 14 images, of which only the two named ones are listed.
    assert_eq!(store.images.len(), 14);
    assert_eq!(
        store
            .images
            .iter()
            .filter(|image| !image.is_intermediate)
            .count(),
        2
    );
    for name in ["one", "two"] {
        let told = &ready.json(&format!("inspect-{name}.json"))[0];
        let image = store
            .images
            .iter()
            .find(|image| image.names.contains(&format!("stores/{name}:latest")))
            .unwrap();
        let tags: Vec<&str> = told["RepoTags"]
            .as_array()
            .unwrap()
            .iter()
            .map(text)
            .collect();
        assert_eq!(image.names, tags);
        assert_eq!(image.id.as_ref().unwrap().as_str(), text(&told["Id"]));
        assert_eq!(image.created.as_deref(), told["Created"].as_str());
        assert_eq!(image.platform.os, text(&told["Os"]));
        assert_eq!(image.platform.architecture, text(&told["Architecture"]));
        let layers = told["RootFS"]["Layers"].as_array().unwrap();
        let layers: Vec<&str> = layers.iter().map(text).collect();
        let diff_ids: Vec<&str> = image.diff_ids.iter().map(Digest::as_str).collect();
        assert_eq!(diff_ids, layers);
        let own: Vec<&str> = image
            .layers
            .iter()
            .map(|layer| {
                store
                    .layer(layer.unwrap())
                    .diff_id
                    .as_ref()
                    .unwrap()
                    .as_str()
            })
            .collect();
        assert_eq!(own, layers);
        let parent = store.images[image.parent.unwrap().as_usize()].id.as_ref();
        assert_eq!(parent.unwrap().as_str(), text(&told["Parent"]));
        history_is_told(ready, store, name);
    }
}

fn history_is_told(ready: &Ready, store: &Store, name: &str) {
    let position = store
        .images
        .iter()
        .position(|image| image.names.contains(&format!("stores/{name}:latest")))
        .unwrap();
    let image = store
        .open_image(store::ImageId(u32::try_from(position).unwrap()))
        .unwrap();
    let mut told: Vec<String> = ready
        .lines(&format!("history-{name}.jsonl"))
        .iter()
        .map(|line| text(&line["CreatedBy"]).to_owned())
        .collect();
    told.reverse();
    let own: Vec<String> = image
        .history
        .iter()
        .map(|entry| entry.created_by.clone().unwrap_or_default())
        .collect();
    // Docker's API writes tabs of instructions as they are; nothing else may differ.
    assert_eq!(own, told, "{name}");
    assert_eq!(image.warnings, [], "{name}");
}

fn containers_are_told(ready: &Ready, store: &Store) {
    assert_eq!(store.containers.len(), 3);
    let created: Vec<Option<i64>> = store.containers.iter().map(|found| found.created).collect();
    assert!(created.is_sorted_by(|a, b| a >= b));
    // The running one was stopped with its daemon, after it was asked.
    for (name, state) in [
        ("c-created", State::Created),
        ("c-running", State::Exited),
        ("c-stopped", State::Exited),
    ] {
        let told = &ready.json(&format!("inspect-{name}.json"))[0];
        let found = store
            .containers
            .iter()
            .find(|found| found.name == name)
            .unwrap();
        assert_eq!(found.id, text(&told["Id"]));
        assert_eq!(found.state, state, "{name}");
        assert_eq!(found.image_name, text(&told["Config"]["Image"]));
        let image = &store.images[found.image.unwrap().as_usize()];
        assert_eq!(image.id.as_ref().unwrap().as_str(), text(&told["Image"]));
        let layers: Vec<_> = found.layers.iter().copied().map(Some).collect();
        assert_eq!(layers, image.layers);
        let created: jiff::Timestamp = text(&told["Created"]).parse().unwrap();
        assert_eq!(found.created, Some(created.as_second()));
        let writable = store.layer(found.writable.unwrap());
        assert_eq!(writable.parent, found.init);
        assert_eq!(
            store.layer(found.init.unwrap()).parent,
            found.layers.last().copied()
        );
        assert_eq!(store.piece(writable.pieces[0]).role, Role::Writable);
        assert_eq!(found.logs.len(), usize::from(name != "c-created"));
        if let Some(upper) = told["GraphDriver"]["Data"]["UpperDir"].as_str() {
            let own = store.piece(writable.pieces[0]).location.shown();
            let (_, end) = upper.split_once("docker-overlay2/").unwrap();
            assert!(own.ends_with(end), "{own} {upper}");
        }
        match (&writable.listing, store.driver.as_str()) {
            (Listing::Directory { .. }, "overlay2") | (Listing::Copy { below: Some(_), .. }, _) => {
            }
            (listing, _) => panic!("{listing:?}"),
        }
    }
}

/// `docker diff`, line by line in another order.
fn changes_are_told(ready: &Ready, store: &Store) {
    for (id, container) in (0..).map(ContainerId).zip(&store.containers) {
        let analysis = support::opened::analysed(store.open_container(id).unwrap());
        let mut found: Vec<String> = changes(&analysis, Teller::Docker)
            .into_iter()
            .map(|line| format!("{} /{}", line.mark, String::from_utf8(line.path).unwrap()))
            .collect();
        let mut told = ready.text(&format!("diff-{}.txt", container.name));
        found.sort();
        told.sort();
        assert_eq!(found, told, "{}", container.name);
    }
}

fn volumes_are_told(ready: &Ready, store: &Store) {
    let told = ready.json("system-df-v.json");
    let told = &told["Volumes"].as_array().unwrap()[0];
    assert_eq!(store.volumes.len(), 1);
    let volume = &store.volumes[0];
    assert_eq!(volume.name, text(&told["Name"]));
    assert_eq!(volume.driver, text(&told["Driver"]));
    assert_eq!(volume.containers.len().to_string(), text(&told["Links"]));
    let mounting = &store.containers[volume.containers[0].as_usize()];
    assert_eq!(mounting.name, "c-stopped");
    let bytes = store.piece(volume.pieces[0]).usage.unwrap().file_bytes;
    assert_eq!(format!("{bytes}B"), text(&told["Size"]));
}

fn figures_are_told(ready: &Ready, store: &Store) {
    let figures = store.engine_sizes();
    for (container, figures) in store.containers.iter().zip(&figures.containers) {
        let told = &ready.json(&format!("inspect-{}.json", container.name))[0];
        assert_eq!(
            figures.writable_bytes,
            told["SizeRw"].as_u64(),
            "{}",
            container.name
        );
        assert_eq!(
            figures.virtual_bytes,
            told["SizeRootFs"].as_u64(),
            "{}",
            container.name
        );
    }
    let told = ready.json("system-df-v.json");
    let told: BTreeMap<&str, &Value> = told["Images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| (text(&image["ID"]), image))
        .collect();
    for (image, figures) in store.images.iter().zip(&figures.images) {
        let Some(told) = told.get(image.id.as_ref().unwrap().as_str()) else {
            assert!(figures.size_bytes.is_none());
            continue;
        };
        let name = image.names[0]
            .trim_start_matches("stores/")
            .trim_end_matches(":latest");
        let exact = &ready.json(&format!("inspect-{name}.json"))[0];
        assert_eq!(figures.size_bytes, exact["Size"].as_u64(), "{name}");
        // `system df` rounds to four digits.
        for (own, word) in [
            (figures.size_bytes, "VirtualSize"),
            (figures.shared_bytes, "SharedSize"),
            (figures.unique_bytes, "UniqueSize"),
        ] {
            assert_eq!(rounded(own.unwrap()), text(&told[word]), "{name} {word}");
        }
    }
}

/// As go-units' `HumanSize` does: four digits.
fn rounded(bytes: u64) -> String {
    let trim = |number: String| {
        let number = number.get(..5).map_or(number.clone(), str::to_owned);
        number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned()
    };
    let thousandths = |unit: u64| {
        format!(
            "{}.{:03}",
            bytes / unit,
            (bytes % unit + unit / 2000) * 1000 / unit
        )
    };
    match bytes {
        0..1000 => format!("{bytes}B"),
        1000..1_000_000 => format!("{}kB", trim(thousandths(1000))),
        _ => format!("{}MB", trim(thousandths(1_000_000))),
    }
}

#[test]
fn overlay2_is_read_as_docker_told_it() {
    let Some(ready) = unpacked("docker-overlay2") else {
        return;
    };
    agrees_with_docker(&ready, "overlay2");
}

#[test]
fn vfs_is_read_as_docker_told_it() {
    let Some(ready) = unpacked("docker-vfs") else {
        return;
    };
    agrees_with_docker(&ready, "vfs");
}

#[test]
fn btrfs_is_read_as_docker_told_it() {
    let Some(ready) = btrfs() else {
        return;
    };
    agrees_with_docker(&ready, "btrfs");
}

#[test]
fn a_driver_alone_has_the_same_layers() {
    let Some(ready) = unpacked("docker-overlay2") else {
        return;
    };
    let whole = read(&ready.root());
    let told = chains(only(&whole));
    let part = read(&ready.root().join("overlay2"));
    assert_eq!(chains(only(&part)), told, "found through its parent");
    assert!(
        only(&part)
            .images
            .iter()
            .any(|image| !image.names.is_empty())
    );

    let alone = tempfile::tempdir().unwrap();
    let status = Command::new("cp")
        .arg("-a")
        .args([&ready.root().join("overlay2"), alone.path()])
        .status();
    assert!(status.unwrap().success());
    let bare = read(&alone.path().join("overlay2"));
    let bare = only(&bare);
    assert_eq!(chains(bare), told);
    assert_eq!(
        bare.images.len(),
        2,
        "what was built last, and what a container stands on"
    );
    assert_eq!(bare.warnings.len(), 1);
}

/// Returns the directories that each container stands on, bottom first, with its own two.
fn chains(store: &Store) -> Vec<Vec<String>> {
    let directory = |layer: &store::LayerId| {
        let files = &store.piece(store.layer(*layer).pieces[0]).location.path;
        let files = String::from_utf8(files.clone()).unwrap();
        let mut parts = files.rsplit('/');
        parts.nth(1).unwrap().to_owned()
    };
    let mut chains: Vec<Vec<String>> = store
        .containers
        .iter()
        .map(|found| {
            let own = found.init.iter().chain(&found.writable);
            found.layers.iter().chain(own).map(directory).collect()
        })
        .collect();
    chains.sort();
    chains
}

type Damage = fn(&Path);

const DAMAGES: [(&str, Damage); 5] = [
    ("emptied", |file| std::fs::write(file, b"").unwrap()),
    ("cut", |file| {
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    }),
    ("flipped", |file| {
        let mut bytes = std::fs::read(file).unwrap();
        let length = bytes.len();
        for at in (0..length).step_by(length / 7 + 1) {
            bytes[at] ^= 0x11;
        }
        std::fs::write(file, bytes).unwrap();
    }),
    ("removed", |file| std::fs::remove_file(file).unwrap()),
    ("led astray", |file| {
        std::fs::remove_file(file).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", file).unwrap();
    }),
];

#[test]
fn any_damaged_record_leaves_the_rest() {
    let Some(ready) = unpacked("docker-overlay2") else {
        return;
    };
    let root = ready.root();
    let mut records = Vec::new();
    for part in ["image", "containers", "volumes", "buildkit"] {
        files_below(&root.join(part), &mut records);
    }
    records.sort();
    assert!(records.len() > 80, "{}", records.len());
    for record in &records {
        let sound = std::fs::read(record).unwrap();
        for (name, damage) in DAMAGES {
            damage(record);
            let place = format!("{name}: {}", record.display());
            rest_is_there(&read(&root), &place);
            std::fs::remove_file(record).unwrap_or_default();
            std::fs::write(record, &sound).unwrap();
        }
    }
    assert_eq!(only(&read(&root)).warnings, [], "everything is as it was");
}

fn rest_is_there(inventory: &Inventory, place: &str) {
    let store = only(inventory);
    assert!(store.images.len() >= 13, "{place}");
    assert!(store.layers.len() >= 12, "{place}");
    assert!(store.containers.len() >= 2, "{place}");
    for warning in &store.warnings {
        assert!(
            !warning.message.contains("root:x"),
            "{place}: {}",
            warning.message
        );
    }
    for piece in &store.pieces {
        let path = &piece.location.path;
        let mut parts = path.split(|&byte| byte == b'/');
        assert!(
            !path.starts_with(b"/") && parts.all(|part| part != b".."),
            "{place}"
        );
    }
}

fn files_below(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            // A volume's data is no record.
            if entry.file_name() != "_data" {
                files_below(&entry.path(), found);
            }
        } else if entry.file_type().unwrap().is_file() {
            found.push(entry.path());
        }
    }
}
