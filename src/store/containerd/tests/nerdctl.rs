//! Logs and volumes of nerdctl.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::*;
use super::home::Home;
use super::{container, store_of};
use crate::store::{Accounts, Basis, Inventory, Ownership};

fn file(place: &Path, bytes: usize) {
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, vec![1; bytes]).unwrap();
}

/// A containerd with one container of nerdctl, whose data root is named, and one of nobody's.
fn made(library: &Path, data_root: &Path, mounts: &str) -> PathBuf {
    let path = library.join("containerd");
    fs::create_dir_all(&path).unwrap();
    let mut home = Home::new(&path);
    let made = home.image("default", &["a"], "layer");
    home.snapshot("default", "overlayfs", &made.chain, 3, "");
    for id in ["0123abc", "other"] {
        home.snapshot("default", "overlayfs", id, 2, &made.chain);
    }
    let state = data_root.join("1935db59/containers/default/0123abc");
    let log = data_root.join("chosen.log");
    let labels = [
        ("nerdctl/name", "db"),
        ("nerdctl/state-dir", state.to_str().unwrap()),
        ("nerdctl/mounts", mounts),
        ("nerdctl/log-uri", &format!("file://{}", log.display())),
    ];
    home.container("default", "0123abc", "a", &labels);
    home.container("default", "other", "a", &[]);
    home.write();
    path
}

fn files(data_root: &Path) {
    let place = data_root.join("1935db59");
    let state = place.join("containers/default/0123abc");
    file(&state.join("0123abc-json.log"), 5000);
    file(&state.join("0123abc-json.log.1"), 700);
    file(&state.join("resolv.conf"), 30);
    for (volume, bytes) in [("pg", 9000), ("left", 8000)] {
        file(
            &place.join("volumes/default").join(volume).join("_data/x"),
            bytes,
        );
    }
    file(&place.join("names/default/db"), 64);
    file(&data_root.join("chosen.log"), 11);
}

const MOUNTS: &str = r#"[{"Type":"bind","Source":"/x","Destination":"/y"},
    {"Type":"volume","Name":"pg","Source":"/a/_data","Destination":"/b"}]"#;

fn accounts(store: Store) -> (Store, Accounts) {
    let mut inventory = Inventory {
        name: String::new(),
        stores: vec![store],
    };
    crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let store = inventory.stores.remove(0);
    let accounts = Accounts::of(&store, Basis::Files);
    (store, accounts)
}

fn assert_all_is_found(store: Store) {
    assert_eq!(store.warnings, []);
    let (store, accounts) = accounts(store);
    let at = store
        .containers
        .iter()
        .position(|of| of.name == "db")
        .unwrap();
    let db = accounts.containers[at];
    assert_eq!((db.logs.bytes, db.other.bytes), (5711, 30));
    assert!(container(&store, "other").logs.is_empty());
    let mut volumes: Vec<_> = store
        .volumes
        .iter()
        .zip(&accounts.volumes)
        .map(|(volume, amount)| {
            assert_eq!(volume.namespace.as_deref(), Some("default"));
            assert_eq!(volume.users, Ownership::Recorded);
            (volume.name.as_str(), amount.bytes, volume.containers.len())
        })
        .collect();
    volumes.sort_unstable();
    assert_eq!(volumes, [("left", 8000, 0), ("pg", 9000, 1)]);
    assert_eq!(accounts.totals.volumes.bytes, 17000);
}

#[test]
fn logs_and_volumes_are_found_beside_containerd_and_from_their_own_root() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let data_root = root.join("nerdctl");
    let path = made(&root, &data_root, MOUNTS);
    files(&data_root);
    for named in [path, data_root.clone(), data_root.join("1935db59")] {
        assert_all_is_found(store_of(&named));
    }
}

#[test]
fn a_data_root_elsewhere_is_found_by_the_labels() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let data_root = root.join("big-disk/nerdctl");
    let path = made(&root.join("lib"), &data_root, MOUNTS);
    // Of a copy of another machine's store nothing is there.
    assert!(store_of(&path).volumes.is_empty());
    files(&data_root);
    assert_all_is_found(store_of(&path));
}

#[test]
fn who_mounts_what_is_not_made_up() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let data_root = root.join("nerdctl");
    let path = made(&root, &data_root, "no JSON");
    files(&data_root);
    let store = store_of(&path);
    assert_eq!(store.warnings.len(), 1);
    assert!(store.volumes.iter().all(|volume| !volume.has_known_users()));

    // Another containerd's hash: its containers are not known here.
    let path = made(&root, &data_root, MOUNTS);
    file(
        &data_root.join("ffffffff/volumes/default/theirs/_data/x"),
        1,
    );
    let store = store_of(&path);
    let unknown = store
        .volumes
        .iter()
        .filter(|volume| !volume.has_known_users());
    let unknown: Vec<&str> = unknown.map(|volume| volume.name.as_str()).collect();
    assert_eq!(unknown, ["theirs"]);
}
