//! Snapshotters that fetch images when they are read, and keep what they fetched beside their snapshots.

use std::fs;
use std::path::Path;

use super::super::*;
use super::home::Home;
use super::store_of;
use crate::store::{Accounts, Basis, Inventory};

const CACHE: u64 = 90_000;

fn file(place: &Path, bytes: u64) {
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, vec![1; usize::try_from(bytes).unwrap()]).unwrap();
}

/// A node whose only image was unpacked by a snapshotter, with a pod that has written a little; the snapshotter's
/// directory is moved to a place, and the cache is in it.
fn node(root: &Path, by: &str, place: &str, cache: &str) -> Store {
    let path = root.join("containerd");
    fs::create_dir_all(&path).unwrap();
    let mut home = Home::new(&path);
    let made = home.image("k8s.io", &["r.example/app:1"], "layer");
    home.snapshot("k8s.io", by, &made.chain, 3, "");
    let written = home.snapshot("k8s.io", by, "c1", 2, &made.chain);
    let labels = [
        ("io.kubernetes.pod.uid", "uid-1"),
        ("io.kubernetes.pod.name", "web"),
        ("io.kubernetes.pod.namespace", "shop"),
        ("io.kubernetes.container.name", "app"),
    ];
    home.container("k8s.io", "c1", "r.example/app:1", &labels);
    let record: [&[u8]; 4] = [b"v1", b"k8s.io", b"containers", b"c1"];
    home.meta.at(&record).put(&[b"snapshotter"], by.as_bytes());
    file(
        &home.directory(by, &written.to_string()).join("fs/log"),
        700,
    );
    home.write();
    let made = path.join(format!("io.containerd.snapshotter.v1.{by}"));
    let kept = root.join("kept");
    fs::rename(&made, &kept).unwrap();
    let place = root.join(place);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::rename(&kept, &place).unwrap();
    file(&root.join(cache), CACHE);
    store_of(&path)
}

fn accounts(store: Store) -> Accounts {
    let mut inventory = Inventory {
        name: String::new(),
        stores: vec![store],
    };
    crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    Accounts::of(&inventory.stores[0], Basis::Files)
}

#[test]
fn caches_are_the_images_and_never_a_pod_s() {
    let plugin = "containerd/io.containerd.snapshotter.v1";
    for (by, place, cache) in [
        (
            "nydus",
            format!("{plugin}.nydus"),
            format!("{plugin}.nydus/cache/1.blob.data"),
        ),
        (
            "overlaybd",
            format!("{plugin}.overlaybd"),
            format!("{plugin}.overlaybd/cache/1"),
        ),
        // k3s has it built in.
        (
            "stargz",
            format!("{plugin}.stargz/snapshotter"),
            format!("{plugin}.stargz/stargz/httpcache/1"),
        ),
        (
            "stargz",
            "containerd-stargz-grpc/snapshotter".into(),
            "containerd-stargz-grpc/stargz/httpcache/1".into(),
        ),
        (
            "nydus",
            "containerd-nydus".into(),
            "containerd-nydus/cache/1.blob.data".into(),
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let store = node(root.path(), by, &place, &cache);
        assert_eq!(store.warnings, [], "{place}");
        assert!(store.orphans.is_empty(), "{place} {:?}", store.orphans);
        let accounts = accounts(store);
        assert_eq!(accounts.containers[0].writable.bytes, 700, "{place}");
        assert!(accounts.containers[0].writable.is_whole(), "{place}");
        let pod = accounts.pods[0];
        assert!(pod.total.bytes < CACHE, "{place} {pod:?}");
        let images = accounts.totals.images.bytes;
        assert!(
            images >= CACHE && accounts.images[0].total.bytes == images,
            "{place}"
        );
    }
}

/// What a pod has written cannot be told where a snapshotter keeps no records that are known.
#[test]
fn without_records_what_is_there_is_no_pod_s() {
    for by in ["stargz", "overlaybd", "unheard-of"] {
        let root = tempfile::tempdir().unwrap();
        let plugin = format!("containerd/io.containerd.snapshotter.v1.{by}");
        node(root.path(), by, &plugin, &format!("{plugin}/cache/1"));
        fs::remove_file(root.path().join(&plugin).join("metadata.db")).unwrap();
        fs::remove_dir_all(root.path().join(&plugin).join("snapshots")).unwrap();
        let accounts = accounts(store_of(&root.path().join("containerd")));
        let written = accounts.containers[0].writable;
        assert!(
            written.bytes == 0 && !written.is_whole(),
            "{by} {written:?}"
        );
        assert!(!accounts.pods[0].total.is_whole(), "{by}");
        assert!(
            accounts.totals.images.bytes >= CACHE,
            "{by} {:?}",
            accounts.totals
        );
    }
}
