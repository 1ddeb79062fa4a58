use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::layer::dir::Encoding;
use crate::store::bbolt::writer::Tree;
use crate::store::{Container, Listing, Orphan, StoredImage};

const META: &str = "io.containerd.metadata.v1.bolt/meta.db";
const CONTENT: &str = "io.containerd.content.v1.content";

/// A containerd directory in the making.
struct Home {
    path: PathBuf,
    meta: Tree,
    snapshotters: BTreeMap<String, Tree>,
    next: u64,
}

/// An image of one layer.
struct Made {
    target: String,
    chain: String,
    blob: String,
}

impl Home {
    fn new(path: &Path) -> Self {
        let mut meta = Tree::default();
        meta.put(&[b"v1", b"version"], *b"\x06");
        Self {
            path: path.to_owned(),
            meta,
            snapshotters: BTreeMap::new(),
            next: 1,
        }
    }

    fn blob(&mut self, namespace: &str, bytes: &[u8]) -> String {
        let hex = Sha256::digest(bytes)
            .into_iter()
            .map(|byte| format!("{byte:02x}"));
        let digest = format!("sha256:{}", hex.collect::<String>());
        let place = self
            .path
            .join(CONTENT)
            .join("blobs")
            .join(digest.replace(':', "/"));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, bytes).unwrap();
        let blob: [&[u8]; 6] = [
            b"v1",
            namespace.as_bytes(),
            b"content",
            b"blob",
            digest.as_bytes(),
            b"size",
        ];
        self.meta.put(&blob, *b"\x02");
        digest
    }

    /// Adds an image of one layer under some names; the layer is not unpacked.
    fn image(&mut self, namespace: &str, names: &[&str], layer: &str) -> Made {
        let blob = self.blob(namespace, layer.as_bytes());
        let chain = format!("sha256:{:064x}", layer.len());
        let config = json!({"os": "linux", "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [chain]}});
        let config = self.blob(namespace, config.to_string().as_bytes());
        let manifest = json!({"config": {"digest": config}, "layers": [{"digest": blob}]});
        let target = self.blob(namespace, manifest.to_string().as_bytes());
        for name in names {
            let image: [&[u8]; 5] = [
                b"v1",
                namespace.as_bytes(),
                b"images",
                name.as_bytes(),
                b"target",
            ];
            self.meta.at(&image).put(&[b"digest"], target.as_bytes());
        }
        Made {
            target,
            chain,
            blob,
        }
    }

    /// Adds a snapshot with its directory; `kind` as containerd numbers them.
    fn snapshot(&mut self, namespace: &str, by: &str, key: &str, kind: u8, parent: &str) -> u64 {
        let id = self.next;
        self.next += 1;
        let whole = format!("{namespace}/{id}/{key}");
        let record: [&[u8]; 5] = [
            b"v1",
            namespace.as_bytes(),
            b"snapshots",
            by.as_bytes(),
            key.as_bytes(),
        ];
        let record = self.meta.at(&record);
        record.put(&[b"name"], whole.as_bytes());
        record.put(&[b"parent"], parent.as_bytes());
        let records = self.snapshotters.entry(by.to_owned()).or_default();
        let parents = records.at(&[b"v1", b"snapshots"]);
        let parent = (1..id)
            .map(|id| format!("{namespace}/{id}/{parent}"))
            .find(|parent| parents.has(parent.as_bytes()));
        let record = parents.at(&[whole.as_bytes()]);
        record.put(&[b"id"], [u8::try_from(id).unwrap()]);
        record.put(&[b"kind"], [kind]);
        record.put(&[b"parent"], parent.unwrap_or_default());
        let place = self.directory(by, &id.to_string());
        fs::create_dir_all(place.join(if by == "overlayfs" { "fs" } else { "bin" })).unwrap();
        id
    }

    fn directory(&self, by: &str, id: &str) -> PathBuf {
        let plugin = format!("io.containerd.snapshotter.v1.{by}");
        self.path.join(plugin).join("snapshots").join(id)
    }

    fn container(&mut self, namespace: &str, id: &str, image: &str, labels: &[(&str, &str)]) {
        let at: [&[u8]; 4] = [b"v1", namespace.as_bytes(), b"containers", id.as_bytes()];
        let record = self.meta.at(&at);
        record.put(&[b"image"], image.as_bytes());
        record.put(&[b"snapshotter"], *b"overlayfs");
        record.put(&[b"snapshotKey"], id.as_bytes());
        for (key, value) in labels {
            record.put(&[b"labels", key.as_bytes()], value.as_bytes());
        }
    }

    fn write(&self) {
        let place = self.path.join(META);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, self.meta.database()).unwrap();
        for (name, tree) in &self.snapshotters {
            let plugin = self
                .path
                .join(format!("io.containerd.snapshotter.v1.{name}"));
            fs::create_dir_all(&plugin).unwrap();
            fs::write(plugin.join("metadata.db"), tree.database()).unwrap();
        }
    }
}

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
fn what_nobody_keeps_is_named_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    let made = home.image("default", &["a"], "layer");
    home.snapshot("default", "overlayfs", &made.chain, 3, "");
    let leased = home.snapshot("default", "overlayfs", "leased", 3, "");
    home.snapshot("default", "overlayfs", "above", 2, "leased");
    home.snapshot("default", "overlayfs", "rooted", 3, "");
    let lost = home.snapshot("default", "overlayfs", "lost", 3, "");
    let written = home.snapshot("default", "overlayfs", "written", 2, "lost");
    let lease: [&[u8]; 5] = [b"v1", b"default", b"leases", b"l", b"snapshots"];
    home.meta.at(&lease).put(&[b"overlayfs", b"above"], *b"");
    let rooted: [&[u8]; 7] = [
        b"v1",
        b"default",
        b"snapshots",
        b"overlayfs",
        b"rooted",
        b"labels",
        b"containerd.io/gc.root",
    ];
    home.meta.put(&rooted, *b"2026");
    let held = home.blob("default", b"held by a lease");
    let child = home.blob("default", b"named by a label of what a lease holds");
    let lease: [&[u8]; 6] = [
        b"v1",
        b"default",
        b"leases",
        b"l",
        b"content",
        held.as_bytes(),
    ];
    home.meta.put(&lease, *b"");
    let label: [&[u8]; 7] = [
        b"v1",
        b"default",
        b"content",
        b"blob",
        held.as_bytes(),
        b"labels",
        b"containerd.io/gc.ref.content.0",
    ];
    home.meta.put(&label, child.as_bytes());
    let stale = home.blob("default", b"nobody names it");
    home.write();
    fs::create_dir_all(home.directory("overlayfs", "99/fs")).unwrap();
    fs::create_dir_all(home.directory("overlayfs", "new-123")).unwrap();
    let blobs = root.path().join(CONTENT).join("blobs/sha256");
    fs::write(blobs.join("0".repeat(64)), "unknown").unwrap();
    fs::write(blobs.join("README"), "no blob").unwrap();
    let ingest = root.path().join(CONTENT).join("ingest/abc");
    fs::create_dir_all(&ingest).unwrap();
    fs::write(ingest.join("ref"), "default/1/layer-sha256:1\x1b[31m").unwrap();
    fs::write(ingest.join("startedat"), "2026-11-21T03:41:44Z").unwrap();

    let store = store_of(root.path());
    assert_eq!(store.warnings, []);
    let mut found = orphans(&store);
    found.sort();
    let mut wanted = vec![
        ("interrupted-pull", "abc".to_owned()),
        ("unreferenced-blob", "0".repeat(64)),
        (
            "unreferenced-blob",
            stale.trim_start_matches("sha256:").to_owned(),
        ),
        ("unreferenced-blob", "README".to_owned()),
        ("unreferenced-directory", "99".to_owned()),
        ("unreferenced-directory", "new-123".to_owned()),
        ("unreferenced-layer", lost.to_string()),
        ("unreferenced-layer", written.to_string()),
    ];
    wanted.sort();
    assert_eq!(found, wanted);
    let pull = store
        .orphans
        .iter()
        .find(|of| of.kind == "interrupted-pull")
        .unwrap();
    assert_eq!(pull.since, Some(1_795_232_504));
    assert!(pull.reason.contains("layer-sha256:1") && !pull.reason.contains('\x1b'));
    let held = store.layers.iter().find(|of| of.name == "leased").unwrap();
    assert_eq!(store.piece(held.pieces[0]).role, Role::Bookkeeping);
    assert_eq!(leased, 2);
}

#[test]
fn where_records_may_be_missing_nothing_is_called_lost() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    let made = home.image("default", &["a"], "layer");
    home.snapshot("default", "overlayfs", &made.chain, 3, "");
    home.snapshot("default", "overlayfs", "lost", 3, "");
    for number in 0..40 {
        home.blob(
            "default",
            format!("nobody names number {number}").as_bytes(),
        );
    }
    home.write();
    assert_eq!(store_of(root.path()).orphans.len(), 41);
    // One page with some of the blobs is gone.
    let place = root.path().join(META);
    let mut bytes = fs::read(&place).unwrap();
    let at = memchr::memmem::rfind(&bytes, made.blob.as_bytes()).unwrap();
    bytes[at / 1024 * 1024] ^= 0xff;
    fs::write(&place, &bytes).unwrap();
    let store = store_of(root.path());
    assert_eq!(orphans(&store), []);
    assert!(
        store.warnings[0].message.contains("is damaged"),
        "{:?}",
        store.warnings
    );
    assert_eq!(store.images.len(), 1);
    // No database at all: the snapshots are there still.
    fs::write(&place, "").unwrap();
    let store = store_of(root.path());
    assert_eq!(
        (store.images.len(), store.layers.len(), orphans(&store)),
        (0, 2, vec![])
    );
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

/// A Docker data root whose images are in a containerd directory.
fn docker(root: &Path, home: &Path) -> Made {
    let id = "ab".repeat(32);
    let mut home = Home::new(home);
    let made = home.image(
        MOBY,
        &["docker.io/library/a:1", "moby-dangling@sha256:1"],
        "layer",
    );
    home.snapshot(MOBY, "overlayfs", &made.chain, 3, "");
    home.snapshot(MOBY, "overlayfs", &format!("{id}-init"), 3, &made.chain);
    home.snapshot(MOBY, "overlayfs", &id, 2, &format!("{id}-init"));
    home.write();
    let directory = root.join("containers").join(&id);
    fs::create_dir_all(&directory).unwrap();
    fs::create_dir_all(root.join("buildkit")).unwrap();
    let record = json!({"ID": id, "Name": "/web", "Image": made.target, "Driver": "overlayfs",
        "State": {"Running": true, "StartedAt": "2026-11-21T03:41:44Z"},
        "Config": {"Image": "a:1"}, "ImageManifest": {"digest": made.target}});
    fs::write(directory.join("config.v2.json"), record.to_string()).unwrap();
    fs::write(directory.join(format!("{id}-json.log")), "{}").unwrap();
    made
}

#[test]
fn docker_and_its_containerd_are_found_from_either_side() {
    let outer = tempfile::tempdir().unwrap();
    let (root, system) = (outer.path().join("docker"), outer.path().join("containerd"));
    let made = docker(&root, &system);
    let other = tempfile::tempdir().unwrap();
    docker(other.path(), &other.path().join("containerd/daemon"));
    let places = [
        root.clone(),
        system.clone(),
        system.join("io.containerd.snapshotter.v1.overlayfs"),
        other.path().to_owned(),
        other.path().join("containerd/daemon"),
    ];
    for place in places {
        let store = store_of(&place);
        assert_eq!(store.warnings, [], "{}", place.display());
        assert_eq!(store.engine, Engine::DockerContainerd);
        let [container] = store.containers.as_slice() else {
            panic!("{}: {:?}", place.display(), store.containers);
        };
        assert_eq!((container.name.as_str(), container.logs.len()), ("web", 1));
        assert_eq!(container.state, crate::store::State::Running);
        assert_eq!(container.layers.len(), 1);
        assert!(container.init.is_some() && container.writable.is_some());
        let image = &store.images[container.image.unwrap().as_usize()];
        assert_eq!(image.names, ["a:1"]);
        assert_eq!(image.digest.as_ref().unwrap().as_str(), made.target);
        assert!(store.orphans.is_empty());
    }
}

#[test]
fn a_container_without_its_record_leaves_a_mount() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("containerd/daemon");
    docker(root.path(), &path);
    fs::remove_dir_all(root.path().join("containers")).unwrap();
    fs::create_dir(root.path().join("containers")).unwrap();
    let store = store_of(root.path());
    // Without a lease containerd's own collector takes it.
    let kinds: Vec<&str> = store.orphans.iter().map(|of| of.kind).collect();
    assert_eq!(kinds, ["mount-without-container"; 2]);
}

#[test]
fn a_containerd_that_docker_never_used_is_no_store() {
    let root = tempfile::tempdir().unwrap();
    let home = Home::new(&root.path().join("containerd/daemon"));
    home.write();
    assert_eq!(stores_of(root.path()).len(), 0);
    assert_eq!(stores_of(&home.path).len(), 1);
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
