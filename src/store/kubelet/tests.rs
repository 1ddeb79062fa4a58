use std::fs;

use super::*;
use crate::progress::Job;
use crate::store::{Engine, Inventory};

const GONE: &str = "0008e5b2-6008-45b9-89cd-1aa60f896e24";

fn file(root: &Path, place: &str, bytes: usize) {
    let place = root.join(place);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(place, vec![1; bytes]).unwrap();
}

/// A store of a node with one pod, at a place below a directory.
fn store(root: &Path, place: &str) -> Store {
    fs::create_dir_all(root.join(place)).unwrap();
    let beneath = Beneath::open(&root.join(place)).unwrap();
    let mut store = Store::new(Engine::Kubernetes, "overlayfs", beneath);
    store.pods.push(Pod {
        namespace: "default".into(),
        name: "web-0".into(),
        uid: "uid-1".into(),
        pieces: Vec::new(),
    });
    store
}

/// What a kubelet has of the pod and of one that is gone, below directories that stand for `/var/lib` and `/var`.
fn kubelet(root: &Path, library: &str, logs: &str) {
    for (uid, bytes) in [("uid-1", 5000), (GONE, 9000)] {
        let volumes = format!("{library}/kubelet/pods/{uid}/volumes/{EMPTY_DIRECTORIES}");
        file(root, &format!("{volumes}/cache/x"), bytes);
    }
    file(root, &format!("{logs}/default_web-0_uid-1/app/0.log"), 700);
    file(
        root,
        &format!("{logs}/default_gone-0_{GONE}/app/0.log"),
        900,
    );
    file(root, &format!("{logs}/README"), 1);
}

fn measured(store: Store) -> Store {
    let mut inventory = Inventory {
        name: String::new(),
        stores: vec![store],
    };
    crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    inventory.stores.remove(0)
}

/// The orphans by their last name, with the lengths of their files.
fn orphans(store: &Store) -> Vec<(String, u64)> {
    let orphans = store.orphans.iter().map(|orphan| {
        assert_eq!((orphan.kind, &orphan.exit), ("vanished-pod", &Exit::Pod));
        let piece = store.piece(orphan.piece);
        let place = piece.location.shown();
        let name = place.rsplit('/').next().unwrap().to_owned();
        (name, piece.usage.unwrap().file_bytes)
    });
    orphans.collect()
}

fn own(root: &Path) -> Node {
    let open = |place: &str| Beneath::open(&root.join(place)).ok();
    Node {
        kubelet: open("machine/lib/kubelet"),
        logs: open("machine/log/pods"),
    }
}

#[test]
fn what_is_left_of_pods_that_are_gone_is_named() {
    let root = tempfile::tempdir().unwrap();
    let mut store = store(root.path(), "lib/containerd");
    kubelet(root.path(), "lib", "log/pods");
    let places = KubeletDirectories::with(&store.root, 1, Node::default());
    claim(&mut store, &places);
    add_vanished(&mut store, &places);
    let store = measured(store);
    let wanted = [
        (GONE.to_owned(), 9000),
        (format!("default_gone-0_{GONE}"), 900),
    ];
    assert_eq!(orphans(&store), wanted);
    assert!(store.orphans[1].reason.contains("default/gone-0"));
    let accounts = crate::store::Accounts::of(&store, crate::store::Basis::Files);
    assert_eq!(accounts.totals.orphans.bytes, 9900);
    assert_eq!(accounts.pods[0].total.bytes, 5700);
}

#[test]
fn a_store_elsewhere_on_a_machine_has_the_pods_of_the_machine() {
    let root = tempfile::tempdir().unwrap();
    kubelet(root.path(), "machine/lib", "machine/log/pods");
    let mut found = store(root.path(), "data/k8s/containerd");
    let places = KubeletDirectories::with(&found.root, 1, own(root.path()));
    claim(&mut found, &places);
    add_vanished(&mut found, &places);
    let found = measured(found);
    let accounts = crate::store::Accounts::of(&found, crate::store::Basis::Files);
    let pod = accounts.pods[0];
    assert_eq!((pod.volumes.bytes, pod.logs.bytes), (5000, 700));
    assert_eq!(orphans(&found).len(), 2);

    // A copy of another machine's store has no pod here, and accuses nobody.
    let mut copy = store(root.path(), "copy/containerd");
    copy.pods[0].uid = "uid-of-another-machine".into();
    let places = KubeletDirectories::with(&copy.root, 1, own(root.path()));
    claim(&mut copy, &places);
    add_vanished(&mut copy, &places);
    assert!(copy.pods[0].pieces.is_empty() && copy.orphans.is_empty());
}

#[test]
fn volumes_and_logs_may_be_in_different_places() {
    let root = tempfile::tempdir().unwrap();
    kubelet(root.path(), "machine/lib", "machine/log/pods");
    kubelet(root.path(), "snap/lib", "elsewhere");
    let mut store = store(root.path(), "snap/lib/containerd");
    let places = KubeletDirectories::with(&store.root, 1, own(root.path()));
    claim(&mut store, &places);
    let store = measured(store);
    let accounts = crate::store::Accounts::of(&store, crate::store::Basis::Files);
    let pod = accounts.pods[0];
    assert_eq!((pod.volumes.bytes, pod.logs.bytes), (5000, 700));
    let roots = store.pods[0]
        .pieces
        .iter()
        .map(|piece| store.piece(*piece).location.root.name());
    let in_snap = roots.filter(|root| root.contains("/snap/")).count();
    assert_eq!(in_snap, 2);
}

#[test]
fn another_runtime_beside_is_seen() {
    let root = tempfile::tempdir().unwrap();
    let store = store(root.path(), "lib/containerd");
    let of = || KubeletDirectories::with(&store.root, 1, Node::default());
    assert!(!of().has_other_runtime());
    fs::create_dir_all(root.path().join("lib/crio")).unwrap();
    assert!(of().has_other_runtime() && of().has_in_library(b"crio"));
}
