//! Docker's own records beside a containerd directory, found from either side.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::super::*;
use super::home::{Home, Made};
use super::{store_of, stores_of};

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
fn a_containerd_that_serves_others_is_not_docker_s_to_leave() {
    let outer = tempfile::tempdir().unwrap();
    let (root, system) = (outer.path().join("docker"), outer.path().join("containerd"));
    for place in ["containers", "buildkit", "image/overlay2/layerdb"] {
        fs::create_dir_all(root.join(place)).unwrap();
    }
    let embedded = root.join("containerd/daemon");
    for home in [&system, &embedded] {
        let mut home = Home::new(home);
        let made = home.image("shop", &["a:1"], "layer");
        home.snapshot("shop", "overlayfs", &made.chain, 3, "");
        home.write();
    }
    for place in [system, embedded, root] {
        for store in stores_of(&place) {
            assert_eq!(
                store.activity,
                crate::store::Activity::Active,
                "{}",
                place.display()
            );
        }
    }
}

#[test]
fn records_that_cannot_be_read_leave_no_store_behind() {
    let outer = tempfile::tempdir().unwrap();
    let (root, home) = (outer.path(), outer.path().join("containerd/daemon"));
    docker(root, &home);
    fs::create_dir_all(root.join("image/overlay2/layerdb")).unwrap();
    let meta = home.join(super::home::META);
    let bytes = fs::read(&meta).unwrap();
    fs::write(&meta, &bytes[..bytes.len() / 3]).unwrap();
    for store in stores_of(root) {
        assert_eq!(store.activity, crate::store::Activity::Active);
    }
}

#[test]
fn parts_of_docker_out_of_reach_accuse_nobody() {
    for part in [
        "containers",
        "buildkit",
        "volumes",
        "containerd/daemon/io.containerd.content.v1.content",
        "containerd/daemon/io.containerd.snapshotter.v1.overlayfs",
        "containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots",
    ] {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("docker");
        docker(&root, &root.join("containerd/daemon"));
        fs::create_dir_all(root.join("volumes/data/_data")).unwrap();
        fs::create_dir_all(root.join("buildkit/containerd-overlayfs")).unwrap();
        fs::rename(root.join(part), outer.path().join("aside")).unwrap();
        std::os::unix::fs::symlink(outer.path().join("aside"), root.join(part)).unwrap();
        let mut inventory = crate::store::Inventory {
            name: String::new(),
            stores: vec![store_of(&root)],
        };
        crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
        let store = &inventory.stores[0];
        assert_eq!(super::orphans(store), [], "{part}");
        assert!(
            store
                .warnings
                .iter()
                .any(|of| of.message.contains("is a symbolic link to")),
            "{part}: {:?}",
            store.warnings
        );
        assert!(
            store
                .warnings
                .iter()
                .all(|of| !of.message.contains("os error"))
        );
        assert_eq!(store.ownership, Ownership::InPart, "{part}");
        let accounts = crate::store::Accounts::of(store, crate::store::Basis::Disk);
        if !matches!(part, "containers" | "buildkit") {
            assert!(
                !accounts.totals.total.is_whole(),
                "{part}: {:?}",
                store.warnings
            );
        }
        if part.ends_with("content") || part.contains("snapshotter") {
            assert!(!accounts.images[0].total.is_whole(), "{part}");
        }
    }
}

#[test]
fn what_is_left_of_a_container_makes_no_store_and_no_doubt() {
    let root = tempfile::tempdir().unwrap();
    docker(root.path(), &root.path().join("containerd/daemon"));
    let id = "49".repeat(32);
    let left = format!("containers/{id}");
    fs::create_dir(root.path().join(&left)).unwrap();
    fs::write(root.path().join(&left).join(format!("{id}-json.log")), "{}").unwrap();
    let store = store_of(root.path());
    assert_eq!((store.warnings.len(), store.containers.len()), (0, 1));
    assert_eq!(store.ownership, Ownership::Recorded);
    let [orphan] = store.orphans.as_slice() else {
        panic!("{:?}", store.orphans);
    };
    assert_eq!(orphan.kind, "container-without-mount");
    assert_eq!(store.piece(orphan.piece).location.path, left.as_bytes());
    // Where a graph driver's store has it too, it is that one's.
    fs::create_dir_all(root.path().join("image/overlay2/layerdb")).unwrap();
    let stores = stores_of(root.path());
    assert!(
        stores
            .iter()
            .all(|store| store.warnings.is_empty() && store.orphans.is_empty())
    );
}
