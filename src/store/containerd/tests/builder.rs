//! `BuildKit`'s own root, and one beside containerd.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::*;
use super::home::{CONTENT, Home, META};
use super::{orphans, store_of};
use crate::store::bbolt::writer::Tree;
use crate::store::reclaim::{Group, suggestions};

const NAMESPACE: &str = "buildkit";

/// A cache with two records, a snapshot that a running build's lease holds, and one that nobody has.
fn cache(home: &mut Home) -> Tree {
    let blob = home.blob(NAMESPACE, b"a layer, compressed");
    home.blob(NAMESPACE, b"left");
    for (key, kind, parent) in [
        ("base", 3, ""),
        ("step", 3, "base"),
        ("building", 2, "step"),
        ("left", 3, ""),
    ] {
        home.snapshot(NAMESPACE, "overlayfs", key, kind, parent);
    }
    let lease = |id: &'static [u8]| [&b"v1"[..], NAMESPACE.as_bytes(), b"leases", id];
    let running = home.meta.at(&lease(b"running"));
    running.put(
        &[b"labels", b"containerd.io/gc.expire"],
        *b"2999-01-01T00:00:00Z",
    );
    running.put(&[b"snapshots", b"overlayfs", b"building"], "");
    // One for each record, which nothing ends.
    let of_record = home.meta.at(&lease(b"step"));
    of_record.put(&[b"snapshots", b"overlayfs", b"step"], "");
    let mut records = Tree::default();
    for (id, key, value) in [
        (
            "base",
            "cache.description",
            "pulled from docker.io".to_owned(),
        ),
        ("base", "cache.blob", blob),
        ("step", "cache.description", "RUN make".to_owned()),
        ("step", "cache.parent", "base".to_owned()),
    ] {
        let value = format!(r#"{{"value":"{value}"}}"#);
        records.put(&[b"_main", id.as_bytes(), key.as_bytes()], value);
    }
    records
}

/// Makes what containerd would have into the root of a worker that has it all.
fn builder(root: &Path) -> PathBuf {
    let worker = root.join("runc-overlayfs");
    let mut home = Home::new(&worker);
    let records = cache(&mut home);
    home.write();
    let plugin = worker.join("io.containerd.snapshotter.v1.overlayfs");
    for (from, to) in [
        (worker.join(META), "containerdmeta.db"),
        (worker.join(CONTENT), "content"),
        (plugin, "snapshots"),
    ] {
        fs::rename(from, worker.join(to)).unwrap();
    }
    fs::remove_dir(worker.join(META).parent().unwrap()).unwrap();
    fs::write(worker.join("metadata_v2.db"), records.database()).unwrap();
    fs::write(root.join("cache.db"), [0; 9000]).unwrap();
    worker
}

fn read_builder(root: &Path) -> Vec<Store> {
    let root = Beneath::open(root).unwrap();
    let stores = super::super::read_builder(&root, &Job::new()).unwrap();
    assert_eq!(!stores.is_empty(), is_root_of_builder(&root));
    stores
}

fn only(mut stores: Vec<Store>) -> Store {
    assert_eq!(stores.len(), 1);
    stores.remove(0)
}

fn ids(store: &Store) -> Vec<&str> {
    let records = store.cache.iter();
    records.map(|record| record.id.as_str()).collect()
}

#[test]
fn a_root_of_buildkit_is_read_from_wherever_it_is_named() {
    let root = tempfile::tempdir().unwrap();
    let worker = builder(root.path());
    for place in [root.path(), &worker, &worker.join("snapshots")] {
        let store = only(read_builder(place));
        assert_eq!(store.warnings, [], "{}", place.display());
        assert_eq!(
            (store.engine, store.driver.as_str()),
            (Engine::BuildKit, "overlayfs")
        );
        assert_eq!(ids(&store), ["base", "step"]);
        let [base, step] = &store.cache[..] else {
            panic!("{:?}", store.cache)
        };
        assert_eq!(base.pieces.len(), 1, "its blob");
        assert_eq!(store.layer(step.layer.unwrap()).parent, base.layer);
        let [lease] = &store.leases[..] else {
            panic!("{:?}", store.leases)
        };
        assert_eq!(lease.id, "running");
        let mut left = orphans(&store);
        left.sort_unstable();
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(left[1], ("unreferenced-layer", "4".to_owned()));
        assert_eq!(left[0].0, "unreferenced-blob");
    }
}

#[test]
fn its_commands_are_those_of_who_reaches_it() {
    let root = tempfile::tempdir().unwrap();
    let volume = root.path().join("buildx_buildkit_ci0_state/_data");
    for (place, wanted) in [
        (
            root.path().join("buildkit"),
            ["buildctl prune", "buildctl prune --filter id==step"],
        ),
        (
            volume,
            [
                "docker buildx prune --builder ci",
                "docker buildx prune --all --builder ci --filter id=step",
            ],
        ),
    ] {
        fs::create_dir_all(&place).unwrap();
        builder(&place);
        let store = only(read_builder(&place));
        let all = suggestions(&store, None);
        let of_cache = all.iter().find(|one| one.group == Group::Cache).unwrap();
        let mut commands: Vec<&crate::store::reclaim::Command> = of_cache.commands().collect();
        let step = crate::store::reclaim::Target::Owner(crate::store::Owner::Cache(
            crate::store::CacheId(1),
        ));
        let one = crate::store::reclaim::steps(&store, &[step]);
        let crate::store::reclaim::Step::Command(one) = &one[0] else {
            panic!("{one:?}")
        };
        commands.push(one);
        let texts: Vec<&str> = commands.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, wanted);
        assert!(commands.iter().all(|one| one.check_first().is_some()));
        // `ctr` does not reach it.
        let left = all.iter().find(|one| one.group == Group::Orphans).unwrap();
        assert_eq!(left.commands().count(), 0);
    }
}

#[test]
fn every_worker_has_a_store_and_all_of_them_weigh_what_the_root_does() {
    let root = tempfile::tempdir().unwrap();
    let worker = builder(root.path());
    let other = root.path().join("runc-native/snapshots");
    fs::create_dir_all(&other).unwrap();
    for file in ["containerdmeta.db", "metadata_v2.db"] {
        let file = root.path().join("runc-native").join(file);
        fs::write(file, Tree::default().database()).unwrap();
    }
    fs::write(
        worker.join("snapshots/snapshots/1/fs/file"),
        vec![1; 50_000],
    )
    .unwrap();
    fs::write(root.path().join("backup.tar"), vec![1; 20_000]).unwrap();
    let mut inventory = crate::store::Inventory {
        name: String::new(),
        stores: read_builder(root.path()),
    };
    crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let totals = inventory.stores.iter().map(|store| {
        let accounts = crate::store::Accounts::of(store, crate::store::Basis::Disk);
        accounts.totals.total.bytes
    });
    let mut du = 0;
    let mut waiting = vec![root.path().to_owned()];
    while let Some(path) = waiting.pop() {
        use std::os::unix::fs::MetadataExt as _;
        let found = fs::symlink_metadata(&path).unwrap();
        du += found.blocks() * 512;
        if found.is_dir() {
            let inner = fs::read_dir(&path).unwrap();
            waiting.extend(inner.map(|entry| entry.unwrap().path()));
        }
    }
    assert_eq!(inventory.stores.len(), 2);
    assert_eq!(totals.sum::<u64>(), du);
    let extras = inventory.stores.iter().flat_map(|store| &store.extras);
    let names: Vec<&str> = extras.map(|extra| extra.name.as_str()).collect();
    assert_eq!(names, ["backup.tar"]);
}

#[test]
fn records_of_its_cache_that_are_lost_accuse_nobody() {
    for file in [
        "containerdmeta.db",
        "metadata_v2.db",
        "snapshots/metadata.db",
    ] {
        let root = tempfile::tempdir().unwrap();
        let worker = builder(root.path());
        for damage in ["rubbish", ""] {
            fs::write(worker.join(file), damage).unwrap();
            let store = only(read_builder(root.path()));
            assert_eq!(orphans(&store), [], "{file}");
            assert!(!store.warnings.is_empty(), "{file}");
        }
        fs::remove_file(worker.join(file)).unwrap();
        let store = only(read_builder(root.path()));
        assert_eq!(orphans(&store), [], "{file}");
        assert!(!store.warnings.is_empty(), "{file}");
    }
}

/// `buildkitd` with a worker of containerd: the files are containerd's, and only the records of the cache are not.
#[test]
fn a_cache_beside_containerd_is_containerd_s() {
    let library = tempfile::tempdir().unwrap();
    let path = library.path().join("containerd");
    let mut home = Home::new(&path);
    let records = cache(&mut home);
    home.image("default", &["app:1"], "layer");
    home.write();
    let worker = library.path().join("buildkit/containerd-overlayfs");
    fs::create_dir_all(&worker).unwrap();
    fs::write(worker.join("metadata_v2.db"), records.database()).unwrap();
    let store = store_of(&path);
    assert_eq!(store.warnings, []);
    assert_eq!(store.engine, Engine::Containerd);
    assert_eq!(ids(&store), ["base", "step"]);
    assert!(store.cache.iter().all(|record| record.layer.is_some()));
    let leases: Vec<&str> = store.leases.iter().map(|lease| lease.id.as_str()).collect();
    assert_eq!(leases, ["running"]);
    assert_eq!(orphans(&store).len(), 2);
    let layer = store.layer(store.cache[0].layer.unwrap());
    assert_eq!(store.piece(layer.pieces[0]).role, Role::Cache);
    // By itself the root has no files to show.
    assert!(read_builder(&library.path().join("buildkit")).is_empty());
}
