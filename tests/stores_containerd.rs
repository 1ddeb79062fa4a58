//! containerd's stores, against what `ctr` and `docker` said about them.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

#[path = "support/stores.rs"]
mod stores;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use layerscope::beneath::Beneath;
use layerscope::progress::Job;
use layerscope::store::bbolt::{Bucket, Database, Item};
use layerscope::store::{
    self, Accounts, Basis, Engine, Inventory, LayerId, Listing, Role, State, Store,
};

fn read(stores: &stores::Unpacked) -> Inventory {
    let mut inventory = store::read(&stores.root(), &Job::new()).unwrap();
    store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    inventory
}

fn only(inventory: &Inventory) -> &Store {
    let [store] = inventory.stores.as_slice() else {
        panic!("{} stores", inventory.stores.len());
    };
    assert_eq!(store.warnings, []);
    store
}

/// As Python writes bytes that are not printable text, which is how the databases were dumped.
fn python(bytes: &[u8]) -> String {
    let is_printable = |text: &&str| !text.chars().any(char::is_control);
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(is_printable) {
        return text.to_owned();
    }
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut text = format!("b{quote}");
    for &byte in bytes {
        match byte {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            _ if char::from(byte) == quote => write!(text, "\\{quote}").unwrap(),
            b' '..=b'~' => text.push(byte.into()),
            _ => write!(text, "\\x{byte:02x}").unwrap(),
        }
    }
    text.push(quote);
    text
}

fn dump(bucket: Bucket<'_>, prefix: &str, lines: &mut Vec<String>) {
    for (key, item) in bucket.items() {
        let name = format!("{prefix}{}", python(key));
        match item {
            Item::Value(value) => {
                assert_eq!(bucket.value(key), Some(value), "{name}");
                lines.push(format!("{name} = {}", python(value)));
            }
            Item::Bucket(inner) => {
                assert!(bucket.bucket(key).is_some(), "{name}");
                lines.push(format!("{name} "));
                dump(inner, &format!("{name}/"), lines);
            }
        }
    }
}

#[test]
fn databases_hold_what_another_reader_found() {
    let databases = [
        ("containerd", ""),
        ("docker28-containerd", "containerd/daemon/"),
    ];
    for (name, home) in databases {
        let Some(unpacked) = stores::unpacked(name) else {
            return;
        };
        let root = Beneath::open(&unpacked.root()).unwrap();
        let files = [
            ("io.containerd.metadata.v1.bolt/meta.db", "bolt-meta.db.txt"),
            (
                "io.containerd.snapshotter.v1.overlayfs/metadata.db",
                "bolt-metadata.db.txt",
            ),
        ];
        for (file, oracle) in files {
            let place = format!("{home}{file}");
            let database = Database::open(&root, place.as_bytes()).unwrap().unwrap();
            let mut lines = Vec::new();
            dump(database.root(), "", &mut lines);
            assert_eq!(database.damage(), None);
            let told = unpacked.told(oracle);
            let told: Vec<&str> = told.lines().skip(1).collect();
            assert_eq!(lines.len(), told.len(), "{name} {file}");
            for (line, told) in lines.iter().zip(told) {
                match told.strip_suffix('…') {
                    Some(beginning) => {
                        let beginning = beginning.trim_end_matches('\'');
                        assert!(line.starts_with(beginning), "{line}");
                    }
                    None => assert_eq!(line, told),
                }
            }
        }
    }
}

/// The words of each line of a table behind its heading.
fn table(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().skip(1);
    lines
        .map(|line| line.split_whitespace().collect())
        .collect()
}

/// A number of bytes as containerd's progress package writes it.
fn binary(bytes: u64) -> String {
    scaled(bytes, 1024, &["B", "KiB", "MiB"], |_| 1, " ")
}

/// A number of bytes as Docker writes it, with that many digits.
fn decimal(bytes: u64, digits: usize) -> String {
    let places = |value: f64| match value {
        value if value >= 100.0 => digits - 3,
        value if value >= 10.0 => digits - 2,
        _ => digits - 1,
    };
    let text = scaled(bytes, 1000, &["B", "kB", "MB"], places, "_");
    let (number, unit) = text.split_once('_').unwrap();
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    format!("{number}{unit}")
}

fn scaled(
    bytes: u64,
    base: u32,
    units: &[&str],
    places: impl Fn(f64) -> usize,
    between: &str,
) -> String {
    let mut value = f64::from(u32::try_from(bytes).unwrap());
    let mut at = 0;
    while value >= f64::from(base) && at + 1 < units.len() {
        value /= f64::from(base);
        at += 1;
    }
    let places = places(value);
    format!("{value:.places$}{between}{}", units[at])
}

#[test]
fn containerd_says_the_same() {
    let Some(unpacked) = stores::unpacked("containerd") else {
        return;
    };
    let inventory = read(&unpacked);
    let store = only(&inventory);
    assert_eq!(
        (store.engine, store.driver.as_str()),
        (Engine::Containerd, "overlayfs")
    );
    let figures = store.engine_sizes();

    let told = unpacked.told("images.txt");
    for words in table(&told) {
        let [name, _, digest, size, unit, platforms, _] = words[..] else {
            panic!("{words:?}");
        };
        let named: Vec<usize> = (0..store.images.len())
            .filter(|at| store.images[*at].names.iter().any(|own| own == name))
            .collect();
        let found: BTreeSet<String> = named
            .iter()
            .map(|at| store.images[*at].platform.to_string())
            .collect();
        assert_eq!(found, platforms.split(',').map(str::to_owned).collect());
        let image = &store.images[named[0]];
        assert_eq!(image.digest.as_ref().unwrap().as_str(), digest);
        let bytes = figures.images[named[0]].size_bytes.unwrap();
        assert_eq!(binary(bytes), format!("{size} {unit}"), "{name}");
    }
    assert_eq!(store.images.len(), 4);

    let told = unpacked.told("snapshots.txt");
    let mut seen = 0;
    for words in table(&told) {
        let layer = store
            .layers
            .iter()
            .find(|layer| layer.name == words[0])
            .unwrap();
        let parent = layer.parent.map(|parent| store.layer(parent).name.as_str());
        let is_base = words.len() == 2;
        assert_eq!(parent, (!is_base).then(|| words[1]));
        seen += 1;
    }
    assert_eq!(seen, 9);

    let told = unpacked.told("usage.txt");
    for words in table(&told) {
        let layer = store
            .layers
            .iter()
            .find(|layer| layer.name == words[0])
            .unwrap();
        let usage = store.piece(layer.pieces[0]).usage.unwrap();
        assert_eq!(
            binary(usage.own_disk_bytes),
            format!("{} {}", words[1], words[2])
        );
        assert_eq!(usage.inodes.to_string(), words[3], "{}", layer.name);
        if let Some(recorded) = layer.recorded_bytes {
            assert_eq!(recorded, usage.own_disk_bytes);
        }
    }
    containers_of_containerd(store);
    assert!(store.orphans.is_empty());
}

fn containers_of_containerd(store: &Store) {
    let [container] = store.containers.as_slice() else {
        panic!("{:?}", store.containers);
    };
    assert_eq!(container.id, "ctr-running");
    assert_eq!(container.image_name, "docker.io/stores/one:latest");
    let image = &store.images[container.image.unwrap().as_usize()];
    assert_eq!(image.names, [container.image_name.as_str()]);
    let layers: Vec<LayerId> = image.layers.iter().copied().flatten().collect();
    assert_eq!((container.layers.len(), &container.layers), (7, &layers));
    assert_eq!(
        store.engine_sizes().containers[0].writable_bytes,
        Some(188_416)
    );
    let writable = store.layer(container.writable.unwrap());
    assert_eq!(store.piece(writable.pieces[0]).role, Role::Writable);
    let Listing::Directory { directory, .. } = &writable.listing else {
        panic!("{:?}", writable.listing);
    };
    assert!(
        directory.shown().ends_with("/snapshots/9/fs"),
        "{}",
        directory.shown()
    );
}

#[test]
fn what_was_never_unpacked_is_read_from_its_blobs() {
    let Some(unpacked) = stores::unpacked("containerd") else {
        return;
    };
    let inventory = read(&unpacked);
    let store = only(&inventory);
    let packed: Vec<_> = store
        .images
        .iter()
        .filter(|image| image.names == ["import-2026-11-21:multi"])
        .collect();
    assert_eq!(packed.len(), 2);
    for image in packed {
        let layer = store.layer(image.layers[0].unwrap());
        assert!(matches!(&layer.listing, Listing::Archive { .. }));
        assert_eq!(layer.diff_id.as_ref(), image.diff_ids.first());
        assert_eq!((layer.pieces.len(), layer.blobs.len()), (0, 1));
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn docker_says_the_same_about_images() {
    let Some(unpacked) = stores::unpacked("docker28-containerd") else {
        return;
    };
    let inventory = read(&unpacked);
    let store = only(&inventory);
    assert_eq!(store.engine, Engine::DockerContainerd);
    let figures = store.engine_sizes();
    let table = json(&unpacked.told("system-df-v.json"));
    for name in ["one", "two", "bk"] {
        let told = &json(&unpacked.told(&format!("inspect-{name}.json")))[0];
        let tag = format!("stores/{name}:latest");
        let at = store
            .images
            .iter()
            .position(|image| image.names.contains(&tag))
            .unwrap();
        let image = &store.images[at];
        assert_eq!(json(&format!("{:?}", image.names)), told["RepoTags"]);
        assert_eq!(image.digest.as_ref().unwrap().as_str(), told["Id"]);
        let diff_ids: Vec<&str> = image
            .diff_ids
            .iter()
            .map(layerscope::image::Digest::as_str)
            .collect();
        assert_eq!(serde_json::json!(diff_ids), told["RootFS"]["Layers"]);
        for (layer, diff_id) in image.layers.iter().zip(&image.diff_ids) {
            assert_eq!(store.layer(layer.unwrap()).diff_id.as_ref(), Some(diff_id));
        }
        let own = &figures.images[at];
        assert_eq!(own.inspect_bytes, told["Size"].as_u64());
        let rows = table["Images"].as_array().unwrap().iter();
        let row = rows
            .clone()
            .find(|row| row["Repository"] == format!("stores/{name}"))
            .unwrap();
        assert_eq!(row["Size"], decimal(own.size_bytes.unwrap(), 3));
        assert_eq!(row["VirtualSize"], decimal(own.size_bytes.unwrap(), 4));
        assert_eq!(row["SharedSize"], decimal(own.shared_bytes.unwrap(), 4));
        assert_eq!(row["UniqueSize"], decimal(own.unique_bytes.unwrap(), 4));
    }
    assert_eq!(store.images.len(), 3);
    let told = unpacked.told("raw/1.jsonl");
    assert!(!told.is_empty());
}

#[test]
fn docker_says_the_same_about_containers() {
    let Some(unpacked) = stores::unpacked("docker28-containerd") else {
        return;
    };
    let inventory = read(&unpacked);
    let store = only(&inventory);
    let figures = store.engine_sizes();
    let told = unpacked.told("ps-s.jsonl");
    let mut seen = 0;
    for line in told.lines() {
        let row = json(line);
        let at = store
            .containers
            .iter()
            .position(|of| row["ID"] == of.id)
            .unwrap();
        let container = &store.containers[at];
        assert_eq!(row["Names"], container.name);
        assert_eq!(row["Image"], container.image_name);
        let image = &store.images[container.image.unwrap().as_usize()];
        assert!(image.names.contains(&container.image_name));
        let layers: Vec<LayerId> = image.layers.iter().copied().flatten().collect();
        assert_eq!(container.layers, layers);
        let init = store.layer(container.init.unwrap());
        assert_eq!(init.name, format!("{}-init", container.id));
        let own = figures.containers[at];
        let size = format!(
            "{} (virtual {})",
            decimal(own.writable_bytes.unwrap(), 3),
            decimal(own.virtual_bytes.unwrap(), 3)
        );
        assert_eq!(row["Size"], size);
        // All of them were stopped before the store was copied.
        let state = if row["State"] == "created" {
            State::Created
        } else {
            State::Exited
        };
        assert_eq!(container.state, state);
        seen += 1;
    }
    assert_eq!((seen, store.containers.len()), (3, 3));
    let [volume] = store.volumes.as_slice() else {
        panic!("{:?}", store.volumes);
    };
    assert_eq!((volume.name.as_str(), volume.containers.len()), ("vol1", 1));
    let holder = &store.containers[volume.containers[0].as_usize()];
    assert_eq!(holder.name, "c-stopped");
}

#[test]
fn the_build_cache_is_named_with_what_it_holds_twice() {
    let Some(unpacked) = stores::unpacked("docker28-containerd") else {
        return;
    };
    let inventory = read(&unpacked);
    let store = only(&inventory);
    let table = json(&unpacked.told("system-df-v.json"));
    let rows: BTreeMap<&str, &serde_json::Value> = table["BuildCache"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["ID"].as_str().unwrap(), row))
        .collect();
    let ids: Vec<&str> = store
        .cache
        .iter()
        .map(|record| record.id.as_str())
        .collect();
    assert_eq!(ids, rows.keys().copied().collect::<Vec<_>>());
    for record in &store.cache {
        let row = rows[record.id.as_str()];
        assert_eq!(row["Description"], record.description);
        assert_eq!(row["Parent"], record.parents.join(","));
        assert_eq!(row["Size"], decimal(record.recorded_bytes.unwrap(), 3));
        let layer = store.layer(record.layer.unwrap());
        // What docker calls shared has a blob that an image has too, and its files are there a second time.
        assert_eq!(
            row["Shared"] == "true",
            record.copy_of.is_some(),
            "{}",
            record.id
        );
        if let Some(original) = record.copy_of {
            let original = store.layer(original);
            assert_eq!(original.diff_id, layer.diff_id);
            assert_eq!(original.chain_id, layer.chain_id);
            assert_eq!(
                Some(original.name.as_str()),
                layer
                    .chain_id
                    .as_ref()
                    .map(layerscope::image::Digest::as_str)
            );
            let of_images = store.images.iter().flat_map(|image| &image.layers);
            assert!(
                of_images
                    .flatten()
                    .any(|layer| Some(*layer) == record.copy_of)
            );
        }
    }
    assert_eq!(
        store
            .cache
            .iter()
            .filter(|record| record.copy_of.is_some())
            .count(),
        12
    );
    let accounts = Accounts::of(store, Basis::Disk);
    assert!(store.orphans.is_empty());
    assert_eq!(accounts.totals.orphans.bytes, 0);
    // Two thirds of the images' room again.
    assert!(accounts.totals.cache.bytes > 2_338_816 + 2_277_376);
}

#[test]
fn damage_costs_what_is_damaged() {
    let Some(unpacked) = stores::unpacked("docker28-containerd") else {
        return;
    };
    let root = unpacked.root();
    let sound = only(&read(&unpacked)).containers.len();
    let container = std::fs::read_dir(root.join("containers")).unwrap();
    let container = container.flatten().next().unwrap().path();
    let daemon = root.join("containerd/daemon");
    let files = [
        (daemon.join("io.containerd.metadata.v1.bolt/meta.db"), 0),
        (
            daemon.join("io.containerd.snapshotter.v1.overlayfs/metadata.db"),
            3,
        ),
        (root.join("buildkit/containerd-overlayfs/metadata_v2.db"), 3),
        (root.join("volumes/metadata.db"), 3),
        (container.join("config.v2.json"), 3),
    ];
    for (file, images) in files {
        let bytes = std::fs::read(&file).unwrap();
        let step = bytes.len() / 12 + 1;
        for at in (0..bytes.len()).step_by(step) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x55;
            for damaged in [&flipped[..], &bytes[..at]] {
                std::fs::write(&file, damaged).unwrap();
                let inventory = store::read(&root, &Job::new()).unwrap();
                let store = &inventory.stores[0];
                assert!(store.images.len() >= images, "{} {at}", file.display());
                assert_eq!(store.containers.len(), sound);
                // Of what a damaged database may know, nothing is called lost.
                let is_lost = |kind: &str| kind.starts_with("unreferenced");
                let lost = store
                    .orphans
                    .iter()
                    .filter(|orphan| is_lost(orphan.kind))
                    .count();
                assert_eq!(lost, 0, "{} {at}: {:?}", file.display(), store.orphans);
            }
        }
        std::fs::write(&file, &bytes).unwrap();
    }
}

/// Whoever looks for layers that nobody has must find orphans only.
#[test]
fn every_layer_has_an_owner_or_is_an_orphan() {
    for name in ["containerd", "docker28-containerd"] {
        let Some(unpacked) = stores::unpacked(name) else {
            return;
        };
        let inventory = read(&unpacked);
        let store = only(&inventory);
        let accounts = Accounts::of(store, Basis::Disk);
        for (id, account) in (0..).map(LayerId).zip(&accounts.layers) {
            let layer = store.layer(id);
            let is_orphan = layer
                .pieces
                .iter()
                .any(|&piece| store.piece(piece).role == Role::Orphan);
            let is_owned = !account.images.is_empty()
                || !account.containers.is_empty()
                || !account.cache.is_empty()
                || store.leased.contains(&id);
            assert!(is_owned != is_orphan, "{name}: {}", layer.name);
        }
    }
}
