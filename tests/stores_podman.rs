//! Podman's stores against what Podman and the kernel said about them before they were copied.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use layerscope::image::Digest;
use layerscope::layer::dir::{Encoding, Namespace};
use layerscope::progress::Job;
use layerscope::store::{
    self, Accounts, Basis, Contents, Engine, ImageId, Inventory, Listing, Role, State, Store,
    StoredImage,
};
use serde_json::Value;
use support::stores::{self, Unpacked};

fn read(root: &Path) -> Inventory {
    let mut inventory = store::read(root, &Job::new()).unwrap();
    store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    inventory
}

fn only(inventory: &Inventory) -> &Store {
    let [store] = &inventory.stores[..] else {
        panic!("{} stores", inventory.stores.len())
    };
    assert_eq!(store.engine, Engine::ContainersStorage);
    assert_eq!(store.driver, "overlay");
    store
}

fn json(store: &Unpacked, name: &str) -> Value {
    serde_json::from_str(&store.told(name)).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn hex(image: &StoredImage) -> &str {
    image.id.as_ref().unwrap().encoded()
}

fn named<'s>(store: &'s Store, name: &str) -> (ImageId, &'s StoredImage) {
    let name = format!("localhost/stores/{name}:latest");
    let mut images = (0..).zip(&store.images);
    let (position, image) = images
        .find(|(_, image)| image.names.contains(&name))
        .unwrap();
    (ImageId(position), image)
}

/// Nothing of a sane store is odd, and everything of it has an owner.
fn is_sane(store: &Store) {
    assert_eq!(store.warnings, []);
    let orphans: Vec<_> = store
        .orphans
        .iter()
        .map(|orphan| (store.piece(orphan.piece).location.shown(), &orphan.reason))
        .collect();
    assert_eq!(orphans, []);
    assert!(store.pieces.iter().all(|piece| piece.usage.is_some()));
    let named: BTreeSet<_> = store
        .pieces
        .iter()
        .map(|piece| &piece.location.path)
        .collect();
    assert_eq!(
        named.len(),
        store.pieces.len(),
        "no two pieces are at one place"
    );
}

#[test]
fn images_are_what_podman_said() {
    let Some(unpacked) = stores::unpacked("podman-overlay") else {
        return;
    };
    let inventory = read(&unpacked.root());
    let store = only(&inventory);
    is_sane(store);
    let told = json(&unpacked, "images.json");
    let told: BTreeMap<&str, &Value> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|image| (text(&image["Id"]), image))
        .collect();
    assert_eq!(store.images.len(), 17);
    assert_eq!(told.len(), 17);
    let has_children: BTreeSet<&str> = told
        .values()
        .map(|image| text(&image["ParentId"]))
        .collect();
    for image in &store.images {
        let told = told[hex(image)];
        assert_eq!(image.names, texts(&told["Names"]));
        assert_eq!(
            image.digest.as_ref().unwrap().as_str(),
            text(&told["Digest"])
        );
        let parent = image
            .parent
            .map(|parent| hex(&store.images[parent.as_usize()]));
        assert_eq!(
            parent.unwrap_or_default(),
            text(&told["ParentId"]),
            "{}",
            hex(image)
        );
        let is_step = told["Names"].is_null() && has_children.contains(hex(image));
        assert_eq!(image.is_intermediate, is_step, "{}", hex(image));
        assert!(image.layers.iter().all(Option::is_some));
        assert_eq!(image.pieces.len(), 1);
    }
}

#[test]
fn layers_and_history_are_what_podman_said() {
    let Some(unpacked) = stores::unpacked("podman-overlay") else {
        return;
    };
    let inventory = read(&unpacked.root());
    let store = only(&inventory);
    for name in ["one", "two", "bk"] {
        let (position, image) = named(store, name);
        let told = &json(&unpacked, &format!("inspect-{name}.json"))[0];
        let diff_ids: Vec<&str> = image.diff_ids.iter().map(Digest::as_str).collect();
        assert_eq!(diff_ids, texts(&told["RootFS"]["Layers"]));
        let layers = image.layers.iter().map(|layer| store.layer(layer.unwrap()));
        let own: Vec<&str> = layers
            .clone()
            .map(|layer| layer.diff_id.as_ref().unwrap().as_str())
            .collect();
        assert_eq!(own, diff_ids);
        assert_eq!(image.created.as_deref(), told["Created"].as_str());
        assert_eq!(image.platform.architecture, text(&told["Architecture"]));
        // The uppermost directory last, as Podman lists what it mounts.
        let upper = text(&told["GraphDriver"]["Data"]["UpperDir"]);
        let directory = layers
            .clone()
            .next_back()
            .map(|layer| store.piece(layer.pieces[0]).location.path.clone());
        assert!(upper.as_bytes().ends_with(&directory.unwrap()), "{upper}");
        for layer in layers {
            assert!(matches!(
                &layer.listing,
                Listing::TarSplit { contents: Contents::Directory(_), fallback: Some((_, encoding)), .. }
                    if *encoding == Encoding::Overlay(Namespace::Trusted)
            ));
        }
        let mut told: Vec<String> = json(&unpacked, &format!("history-{name}.json"))
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| text(&entry["CreatedBy"]).to_owned())
            .collect();
        told.reverse();
        let opened = store.open_image(position).unwrap();
        let history = opened
            .history
            .iter()
            .map(|entry| entry.created_by.clone().unwrap_or_default());
        assert_eq!(history.collect::<Vec<_>>(), told);
    }
}

#[test]
fn containers_are_what_podman_said() {
    let Some(unpacked) = stores::unpacked("podman-overlay") else {
        return;
    };
    let inventory = read(&unpacked.root());
    let store = only(&inventory);
    let told = json(&unpacked, "ps.json");
    let told = told.as_array().unwrap();
    assert_eq!(store.containers.len(), told.len());
    for told in told {
        let found = store
            .containers
            .iter()
            .find(|found| found.id == text(&told["Id"]))
            .unwrap();
        assert_eq!(found.name, text(&told["Names"][0]));
        let image = &store.images[found.image.unwrap().as_usize()];
        assert_eq!(hex(image), text(&told["ImageID"]));
        assert!(image.names.contains(&found.image_name));
        assert_eq!(found.created, told["Created"].as_i64());
        let layers: Vec<_> = found.layers.iter().copied().map(Some).collect();
        assert_eq!(layers, image.layers);
        let writable = store.layer(found.writable.unwrap());
        assert_eq!(store.piece(writable.pieces[0]).role, Role::Writable);
        assert!(matches!(writable.listing, Listing::Directory { .. }));
        // The copy is of a store at rest: nothing runs from it.
        let expected = match text(&told["State"]) {
            "storage" => State::Working,
            "created" => State::Created,
            _ => State::Exited,
        };
        assert_eq!(found.state, expected, "{}", found.name);
    }
    assert_eq!(store.volumes.len(), 1);
    assert_eq!(store.volumes[0].name, "vol1");
    assert!(store.volumes[0].containers.is_empty());
}

#[test]
fn figures_are_what_podman_said() {
    let Some(unpacked) = stores::unpacked("podman-overlay") else {
        return;
    };
    let inventory = read(&unpacked.root());
    let store = only(&inventory);
    let figures = store.engine_sizes();
    let told = json(&unpacked, "images.json");
    let told: BTreeMap<&str, u64> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|image| (text(&image["Id"]), image["Size"].as_u64().unwrap()))
        .collect();
    let table = unpacked.told("system-df-v.txt");
    let mut compared = 0;
    for (image, figures) in store.images.iter().zip(&figures.images) {
        assert_eq!(figures.size_bytes, Some(told[hex(image)]));
        let lines = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        for line in lines.filter(|line| line.get(2).is_some_and(|id| hex(image).starts_with(id))) {
            let [.., size, shared, unique, _containers] = line[..] else {
                panic!("{line:?}")
            };
            let own = [
                figures.size_bytes,
                figures.shared_bytes,
                figures.unique_bytes,
            ];
            let own = own.map(|bytes| human(bytes.unwrap()));
            assert_eq!(own, [size, shared, unique], "{}", hex(image));
            compared += 1;
        }
    }
    assert_eq!(compared, 18, "one image has two names");
    let told = json(&unpacked, "ps.json");
    for told in told.as_array().unwrap() {
        let at = store
            .containers
            .iter()
            .position(|found| found.id == text(&told["Id"]))
            .unwrap();
        let figures = figures.containers[at];
        assert_eq!(figures.writable_bytes, told["Size"]["rwSize"].as_u64());
        assert_eq!(figures.virtual_bytes, told["Size"]["rootFsSize"].as_u64());
    }
}

/// As go-units' `HumanSize` does: four digits.
#[expect(clippy::cast_precision_loss, reason = "as Go does")]
fn human(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        100.0.. => 1,
        10.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{}", ["B", "kB", "MB"][unit])
}

#[test]
fn a_rootless_store_is_read_too() {
    let Some(unpacked) = stores::unpacked("podman-rootless") else {
        return;
    };
    let inventory = read(&unpacked.root());
    let store = only(&inventory);
    is_sane(store);
    let names: Vec<_> = store.images.iter().flat_map(|image| &image.names).collect();
    assert_eq!(
        names,
        ["localhost/stores/one:latest", "localhost/stores/two:latest"]
    );
    let table = unpacked.told("images.txt");
    let figures = store.engine_sizes();
    for (image, figures) in store.images.iter().zip(&figures.images) {
        let short = image.id.as_ref().unwrap().short();
        let line = table.lines().find(|line| line.contains(short)).unwrap();
        // `podman images` has three digits where `system df` has four.
        let hundredths = (figures.size_bytes.unwrap() + 5_000) / 10_000;
        let megabytes = format!("{}.{:02} MB", hundredths / 100, hundredths % 100);
        assert!(line.contains(&megabytes), "{megabytes} {line}");
    }
    let container = &store.containers[0];
    assert_eq!(
        (container.name.as_str(), container.image_name.as_str()),
        ("rl1", "localhost/stores/one:latest")
    );
    let writable = store.layer(container.writable.unwrap());
    assert!(matches!(
        writable.listing,
        Listing::Directory {
            encoding: Encoding::Overlay(Namespace::User),
            ..
        }
    ));
    let figures = figures.containers[0];
    assert!(unpacked.told("ps.txt").contains("65.5kB (virtual 2.46MB)"));
    assert_eq!(
        (figures.writable_bytes, figures.virtual_bytes),
        (Some(65_536), Some(2_457_713))
    );
}

#[test]
fn the_parts_add_up_to_the_whole() {
    for name in ["podman-overlay", "podman-rootless"] {
        let Some(unpacked) = stores::unpacked(name) else {
            return;
        };
        let inventory = read(&unpacked.root());
        let store = only(&inventory);
        let totals = Accounts::of(store, Basis::Disk).totals;
        let whole: u64 = store
            .pieces
            .iter()
            .map(|piece| piece.usage.unwrap().disk_bytes)
            .sum();
        assert_eq!(totals.total.bytes, whole);
        assert_eq!(totals.orphans.bytes, 0);
        assert!(totals.images.bytes > totals.writable.bytes && totals.writable.bytes > 0);
        let written = std::process::Command::new("du")
            .args(["-s", "-B1"])
            .arg(unpacked.root())
            .output()
            .unwrap();
        let written = String::from_utf8(written.stdout).unwrap();
        assert_eq!(
            written.split_whitespace().next().unwrap(),
            whole.to_string()
        );
    }
}
