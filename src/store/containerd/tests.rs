mod builder;
mod docker;
mod home;
mod leftovers;
mod nerdctl;
mod remote;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::layer::dir::Encoding;
use crate::store::{Container, Listing, Orphan, StoredImage};
use home::{CONTENT, Home, META};

fn stores_of(path: &Path) -> Vec<Store> {
    let root = Beneath::open(path).unwrap();
    let stores = super::read(&root, &Job::new()).unwrap();
    assert_eq!(!stores.is_empty(), is_root(&root));
    stores
}

fn store_of(path: &Path) -> Store {
    let mut stores = stores_of(path);
    assert_eq!(stores.len(), 1);
    stores.remove(0)
}

fn orphans(store: &Store) -> Vec<(&'static str, String)> {
    let shown = |orphan: &Orphan| {
        let path = &store.piece(orphan.piece).location.path;
        let path = std::str::from_utf8(path).unwrap();
        (orphan.kind, path.rsplit('/').next().unwrap().to_owned())
    };
    store.orphans.iter().map(shown).collect()
}

fn container<'s>(store: &'s Store, id: &str) -> &'s Container {
    store.containers.iter().find(|of| of.id == id).unwrap()
}

/// A node with two pods, one of two containers, and an image of another namespace.
fn node(root: &TempDir) -> PathBuf {
    let library = root.path().join("lib");
    let path = library.join("containerd");
    fs::create_dir_all(&path).unwrap();
    let mut home = Home::new(&path);
    let pod = |uid, name| {
        [
            ("io.kubernetes.pod.uid", uid),
            ("io.kubernetes.pod.name", name),
            ("io.kubernetes.pod.namespace", "shop"),
        ]
    };
    let made = home.image(
        "k8s.io",
        &["r.example/app:1", "r.example/app@sha256:1"],
        "layer",
    );
    home.image("default", &["r.example/app:1"], "layer");
    home.image("default", &["r.example/other:1"], "another layer");
    home.snapshot("k8s.io", "overlayfs", &made.chain, 3, "");
    for (id, uid, name, kind) in [
        ("sandbox1", "uid-1", "web", None),
        ("c1", "uid-1", "web", Some("nginx")),
        ("c1-again", "uid-1", "web", Some("side")),
        ("sandbox2", "uid-2", "batch", None),
    ] {
        home.snapshot("k8s.io", "overlayfs", id, 2, &made.chain);
        let mut labels = pod(uid, name).to_vec();
        match kind {
            None => labels.push(("io.cri-containerd.kind", "sandbox")),
            Some(name) => labels.push(("io.kubernetes.container.name", name)),
        }
        home.container("k8s.io", id, "r.example/app:1", &labels);
    }
    home.write();
    fs::create_dir_all(path.join("io.containerd.grpc.v1.cri/containers/c1")).unwrap();
    let volumes = library.join("kubelet/pods/uid-1/volumes/kubernetes.io~empty-dir");
    fs::create_dir_all(volumes.join("scratch")).unwrap();
    fs::write(volumes.join("scratch/data"), vec![1; 9000]).unwrap();
    let logs = root.path().join("log/pods/shop_web_uid-1");
    fs::create_dir_all(logs.join("nginx")).unwrap();
    fs::write(logs.join("nginx/0.log"), vec![1; 5000]).unwrap();
    path
}

#[test]
fn a_node_is_read_pod_by_pod() {
    let root = tempfile::tempdir().unwrap();
    let store = store_of(&node(&root));
    assert_eq!(store.warnings, []);
    assert_eq!(store.engine, Engine::Kubernetes);
    let pods: Vec<_> = store
        .pods
        .iter()
        .map(|pod| (pod.name.as_str(), pod.pieces.len()))
        .collect();
    assert_eq!(pods, [("web", 3), ("batch", 0)]);
    let first = container(&store, "c1");
    assert_eq!(
        (first.name.as_str(), first.pod.unwrap().as_usize()),
        ("nginx", 0)
    );
    assert_eq!(
        (first.logs.len(), first.pieces.len(), first.layers.len()),
        (1, 1, 1)
    );
    assert_eq!(container(&store, "sandbox1").name, "POD");
    assert_eq!(container(&store, "sandbox2").pod.unwrap().as_usize(), 1);
    let image = &store.images[first.image.unwrap().as_usize()];
    assert_eq!(image.names, ["r.example/app:1", "r.example/app@sha256:1"]);
    assert_eq!(image.namespace.as_deref(), Some("k8s.io"));
    assert_eq!(image.layers, [Some(first.layers[0])]);

    let mut inventory = crate::store::Inventory {
        name: String::new(),
        stores: vec![store],
    };
    crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let accounts = crate::store::Accounts::of(&inventory.stores[0], crate::store::Basis::Files);
    assert_eq!(accounts.pods[0].volumes.bytes, 9000);
    assert_eq!(accounts.pods[0].logs.bytes, 5000);
    assert_eq!(accounts.pods[1].logs.bytes, 0);
}

/// A node whose pods are all gone, and one whose pods are another runtime's.
#[test]
fn what_is_left_of_pods_is_nobodys_unless_another_runtime_may_have_it() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("lib/containerd");
    fs::create_dir_all(&path).unwrap();
    let mut home = Home::new(&path);
    home.image("k8s.io", &["r.example/app:1"], "layer");
    home.write();
    let volumes = root.path().join("lib/kubelet/pods/uid-gone/volumes");
    fs::create_dir_all(&volumes).unwrap();
    fs::create_dir_all(root.path().join("log/pods/shop_web_uid-gone")).unwrap();
    let found = orphans(&store_of(&path));
    let wanted = ["uid-gone", "shop_web_uid-gone"].map(|name| ("vanished-pod", name.to_owned()));
    assert_eq!(found, wanted);
    fs::create_dir_all(root.path().join("lib/crio")).unwrap();
    assert_eq!(orphans(&store_of(&path)), []);
    fs::remove_dir(root.path().join("lib/crio")).unwrap();
    // A copy beside the one in use.
    let copy = root.path().join("lib/containerd.old");
    fs::rename(&path, &copy).unwrap();
    assert_eq!(orphans(&store_of(&copy)), []);
}

#[test]
fn namespaces_share_blobs_and_not_snapshots() {
    let root = tempfile::tempdir().unwrap();
    let store = store_of(&node(&root));
    let of = |namespace: &str, name: &str| -> &StoredImage {
        let mut images = store.images.iter();
        let found = images.find(|image| {
            image.namespace.as_deref() == Some(namespace) && image.names.contains(&name.to_owned())
        });
        found.unwrap()
    };
    let unpacked = of("k8s.io", "r.example/app:1");
    let packed = of("default", "r.example/app:1");
    assert_eq!(unpacked.pieces, packed.pieces);
    let layer = |image: &StoredImage| store.layer(image.layers[0].unwrap());
    assert_eq!(layer(unpacked).blobs, layer(packed).blobs);
    assert_eq!(layer(unpacked).chain_id, layer(packed).chain_id);
    assert!(matches!(
        &layer(unpacked).listing,
        Listing::Directory {
            encoding: Encoding::Overlay(_),
            ..
        }
    ));
    assert!(matches!(&layer(packed).listing, Listing::Archive { .. }));
    assert!(store.orphans.is_empty());
}

#[test]
fn other_snapshotters_are_read_as_far_as_they_can_be() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    let base = home.image("default", &["a"], "a layer");
    home.snapshot("default", "native", &base.chain, 3, "");
    home.snapshot("default", "native", "running", 2, &base.chain);
    let remote = home.image("default", &["b"], "a layer elsewhere");
    home.snapshot("default", "stargz", &remote.chain, 3, "");
    home.snapshot("default", "stargz", "written", 2, &remote.chain);
    home.snapshotters.remove("stargz");
    fs::remove_dir_all(root.path().join("io.containerd.snapshotter.v1.stargz")).unwrap();
    home.write();
    let store = store_of(root.path());
    let named = |name: &str| {
        store
            .layers
            .iter()
            .find(|layer| layer.name == name)
            .unwrap()
    };
    let Listing::Copy {
        directory,
        below: Some(below),
    } = &named("running").listing
    else {
        panic!("{:?}", named("running").listing);
    };
    assert!(directory.path.ends_with(b"snapshots/2") && below.path.ends_with(b"snapshots/1"));
    assert!(matches!(
        named(&base.chain).listing,
        Listing::Copy { below: None, .. }
    ));
    assert!(matches!(
        named(&remote.chain).listing,
        Listing::Archive { .. }
    ));
    let Listing::Unavailable(reason) = &named("written").listing else {
        panic!("{:?}", named("written").listing);
    };
    assert!(reason.contains("stargz"), "{reason}");
    assert_eq!(store.images[1].layers.len(), 1);
}

#[test]
fn a_snapshot_that_is_gone_is_read_from_its_blob() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    let made = home.image("default", &["a"], "layer");
    home.snapshot("default", "overlayfs", &made.chain, 3, "");
    home.write();
    fs::remove_dir_all(home.directory("overlayfs", "1")).unwrap();
    let store = store_of(root.path());
    assert!(store.warnings[0].message.contains("is missing"));
    let layer = store.layer(store.images[0].layers[0].unwrap());
    assert!(
        matches!(&layer.listing, Listing::Archive { digest, .. } if digest.as_str() == made.blob)
    );
    // Neither: it is said that it is not there.
    fs::remove_file(
        root.path()
            .join(CONTENT)
            .join("blobs")
            .join(made.blob.replace(':', "/")),
    )
    .unwrap();
    let store = store_of(root.path());
    let layer = store.layer(store.images[0].layers[0].unwrap());
    assert!(matches!(&layer.listing, Listing::Unavailable(_)));
}

#[test]
fn an_image_that_was_not_pulled_is_known_by_name() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    let absent = format!("sha256:{:064x}", 7);
    let index = json!({"manifests": [
        {"digest": absent, "platform": {"os": "linux", "architecture": "arm64"}}]});
    let index = home.blob("default", index.to_string().as_bytes());
    home.meta.put(
        &[b"v1", b"default", b"images", b"a", b"target", b"digest"],
        index.as_bytes(),
    );
    home.write();
    let store = store_of(root.path());
    let [image] = store.images.as_slice() else {
        panic!("{:?}", store.images);
    };
    assert_eq!(
        (image.names.len(), image.layers.len(), image.pieces.len()),
        (1, 0, 1)
    );
    assert_eq!(image.platform.architecture, "arm64");
    assert_eq!(store.warnings[0].code, WarningCode::NotInSource);
    assert!(store.orphans.is_empty());
}

#[test]
fn names_from_records_lead_nowhere() {
    let root = tempfile::tempdir().unwrap();
    let path = node(&root);
    fs::create_dir_all(
        root.path()
            .join("lib/kubelet/pods/volumes/kubernetes.io~empty-dir/x"),
    )
    .unwrap();
    let mut home = Home::new(&path);
    let labels = [
        ("io.kubernetes.pod.uid", "."),
        ("io.kubernetes.pod.name", "../.."),
    ];
    home.container("k8s.io", "../../../escape", "x", &labels);
    home.container("..", "x", "x", &[("io.kubernetes.pod.uid", "..")]);
    home.write();
    let store = store_of(&path);
    assert_eq!(store.containers.len(), 2);
    assert!(store.containers.iter().all(|of| of.pieces.is_empty()));
    assert!(store.pods.iter().all(|pod| pod.pieces.is_empty()));
}

#[test]
fn damage_never_takes_the_reader_down() {
    let root = tempfile::tempdir().unwrap();
    let path = node(&root);
    let files = [META, "io.containerd.snapshotter.v1.overlayfs/metadata.db"];
    for file in files {
        let place = path.join(file);
        let sound = fs::read(&place).unwrap();
        for at in (0..sound.len()).step_by(211) {
            let mut bytes = sound.clone();
            bytes[at] ^= 1 << (at % 8);
            fs::write(&place, &bytes).unwrap();
            let _ = stores_of(&path);
            if at % 5 == 0 {
                fs::write(&place, &sound[..at]).unwrap();
                let _ = stores_of(&path);
            }
        }
        fs::remove_file(&place).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &place).unwrap();
        let root = Beneath::open(&path).unwrap();
        let _ = super::read(&root, &Job::new()).unwrap();
        fs::remove_file(&place).unwrap();
        fs::write(&place, &sound).unwrap();
    }
}

#[test]
fn what_containerd_is_not_known_to_make_has_a_row() {
    let root = tempfile::tempdir().unwrap();
    let path = node(&root);
    for name in [
        "opt/bin",
        "tmpmounts",
        "io.containerd.gc.v1",
        "lost+found",
        "backup",
    ] {
        fs::create_dir_all(path.join(name)).unwrap();
    }
    let store = store_of(&path);
    let names: Vec<&str> = store
        .extras
        .iter()
        .map(|extra| extra.name.as_str())
        .collect();
    assert_eq!(names, ["backup", "lost+found"]);
}
