use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use super::*;
use crate::beneath::Beneath;
use crate::store::{
    Container, Engine, Layer, LayerId, Listing, Location, PieceId, Role, State, Store,
};

fn write(root: &Path, name: &str, bytes: usize) {
    let file = root.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, vec![1; bytes]).unwrap();
}

fn blocks(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).unwrap().blocks() * 512
}

fn inventory(stores: Vec<Store>) -> Inventory {
    Inventory {
        name: "store".into(),
        stores,
    }
}

fn measured(stores: Vec<Store>) -> Vec<Store> {
    let mut inventory = inventory(stores);
    measure(&mut inventory, NonZeroUsize::new(2), &Job::new()).unwrap();
    inventory.stores
}

fn du(root: &Path) -> u64 {
    let mut inodes = std::collections::HashMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(path) = waiting.pop() {
        let status = std::fs::symlink_metadata(&path).unwrap();
        inodes.insert(status.ino(), status.blocks() * 512);
        if status.is_dir() {
            waiting.extend(
                std::fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
    }
    inodes.values().sum()
}

fn usage(store: &Store, piece: PieceId) -> Usage {
    store.piece(piece).usage.unwrap()
}

#[test]
fn every_inode_is_counted_once_and_in_the_innermost_piece() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    write(root, "a/diff/file", 10_000);
    write(root, "a/link", 26);
    write(root, "b/diff/deep/down/file", 5_000);
    write(root, "rest/database", 70_000);
    std::fs::hard_link(root.join("a/diff/file"), root.join("a/diff/again")).unwrap();
    std::fs::hard_link(root.join("a/diff/file"), root.join("b/diff/shared")).unwrap();
    symlink("/etc/passwd", root.join("b/diff/out")).unwrap();

    let beneath = Beneath::open(root).unwrap();
    let mut store = Store::new(Engine::Docker, "overlay2", beneath.clone());
    let place = |path: &str| Location::new(&beneath, path);
    let [a, a_diff, b_diff, absent] = [
        ("a", Role::Bookkeeping),
        ("a/diff", Role::Layer),
        ("b/diff", Role::Layer),
        ("absent", Role::Layer),
    ]
    .map(|(path, role)| store.add_piece(place(path), role));
    let store = measured(vec![store]).remove(0);

    let [file, directory] = [
        blocks(&root.join("a/diff/file")),
        blocks(&root.join("a/diff")),
    ];
    let found = usage(&store, a_diff);
    assert_eq!(found.file_bytes, 10_000);
    assert_eq!(
        (found.disk_bytes, found.own_disk_bytes),
        (file + directory, file + directory)
    );
    assert_eq!((found.inodes, found.files), (2, 2));
    // The shared file is on the disk once, but each piece has it.
    let found = usage(&store, b_diff);
    assert_eq!(
        found.file_bytes,
        5_000 + 10_000 + "/etc/passwd".len() as u64
    );
    assert_eq!(found.own_disk_bytes - found.disk_bytes, file);
    assert_eq!(usage(&store, a).file_bytes, 26);
    assert_eq!(usage(&store, absent), Usage::default());
    let all: u64 = store
        .pieces
        .iter()
        .map(|piece| piece.usage.unwrap().disk_bytes)
        .sum();
    assert_eq!(all, du(root));
    assert!(store.piece(a_diff).modified.is_some() && store.piece(absent).modified.is_none());
}

#[test]
fn stores_that_share_a_root_or_lie_in_each_other_count_it_once() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    write(root, "overlay2/x/file", 9_000);
    write(root, "inner/blobs/blob", 40_000);
    let outer = Beneath::open(root).unwrap();
    let again = Beneath::open(root).unwrap();
    let inner = Beneath::open(&root.join("inner")).unwrap();
    let stores = measured(vec![
        Store::new(Engine::Docker, "overlay2", outer),
        Store::new(Engine::Docker, "vfs", again),
        Store::new(Engine::Containerd, "overlayfs", inner),
    ]);
    let sums: Vec<u64> = stores
        .iter()
        .map(|store| {
            store
                .pieces
                .iter()
                .map(|piece| piece.usage.unwrap().disk_bytes)
                .sum()
        })
        .collect();
    assert_eq!(sums.iter().sum::<u64>(), du(root));
    assert_eq!(sums[1], 0);
    assert_eq!(sums[2], du(&root.join("inner")));
}

#[test]
fn what_a_container_wrote_is_told_by_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    write(root, "upper/diff/var/log/app/one", 300_000);
    write(root, "upper/diff/var/log/other", 200_000);
    write(root, "upper/diff/tmp/file", 100_000);
    let beneath = Beneath::open(root).unwrap();
    let mut store = Store::new(Engine::Docker, "overlay2", beneath.clone());
    let piece = store.add_piece(Location::new(&beneath, "upper/diff"), Role::Writable);
    let writable = store.add_layer(Layer {
        name: "upper".into(),
        diff_id: None,
        chain_id: None,
        parent: None,
        pieces: vec![piece],
        blobs: Vec::new(),
        recorded_bytes: None,
        created: None,
        listing: Listing::Empty,
    });
    store.containers.push(container(writable));
    let store = measured(vec![store]).remove(0);
    let paths: Vec<String> = store.containers[0]
        .growth
        .iter()
        .map(|growth| growth.path.escape_ascii().to_string())
        .collect();
    assert_eq!(paths, ["var/log", "tmp"]);
}

fn container(writable: LayerId) -> Container {
    Container {
        id: "c".into(),
        name: "c".into(),
        image: None,
        image_name: String::new(),
        state: State::Running,
        created: None,
        layers: Vec::new(),
        init: None,
        writable: Some(writable),
        logs: Vec::new(),
        pieces: Vec::new(),
        pod: None,
        growth: Vec::new(),
    }
}

#[test]
fn a_cancelled_walk_is_interrupted() {
    let scratch = tempfile::tempdir().unwrap();
    let beneath = Beneath::open(scratch.path()).unwrap();
    let mut inventory = inventory(vec![Store::new(Engine::Docker, "vfs", beneath)]);
    let job = Job::new();
    job.cancel();
    assert!(measure(&mut inventory, None, &job).is_err());
}

#[test]
fn the_largest_paths_of_what_has_no_rows_are_told() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    write(root, "network/files/local-kv.db", 900_000);
    write(root, "dump.bin", 3 << 20);
    write(root, "engine.db", 40_000);
    write(root, "layers/one/diff/file", 9 << 20);
    write(root, "containers/c/checkpoints/one/pages.img", 2 << 20);
    let beneath = Beneath::open(root).unwrap();
    let mut store = Store::new(Engine::Docker, "overlay2", beneath.clone());
    for (path, role) in [
        ("engine.db", Role::Bookkeeping),
        ("layers/one/diff", Role::Layer),
        ("containers/c", Role::ContainerFiles),
    ] {
        store.add_piece(Location::new(&beneath, path), role);
    }
    let store = measured(vec![store]).remove(0);
    let told: Vec<(Role, String)> = store
        .largest
        .iter()
        .map(|path| (path.of, path.location.path.escape_ascii().to_string()))
        .collect();
    let told: Vec<(Role, &str)> = told
        .iter()
        .map(|(role, path)| (*role, path.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Role::Bookkeeping, "dump.bin"),
            (Role::Bookkeeping, "network/files"),
            (Role::Bookkeeping, "engine.db"),
            (
                Role::ContainerFiles,
                "containers/c/checkpoints/one/pages.img"
            ),
        ]
    );
    assert_eq!(store.largest[0].disk_bytes, blocks(&root.join("dump.bin")));
    assert_eq!(store.largest[2].disk_bytes, blocks(&root.join("engine.db")));
}

#[test]
fn stores_within_volumes_are_told() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    let volumes = [
        ("dind", "_data/image/overlay2/layerdb/x", "Docker", "_data"),
        (
            "k3s",
            "_data/agent/containerd/io.containerd.metadata.v1.bolt/meta.db",
            "containerd",
            "_data",
        ),
        (
            "kind",
            "_data/lib/containers/storage/overlay-layers/layers.json",
            "containers-storage",
            "_data/lib/containers/storage",
        ),
        (
            "builder",
            "_data/runc-overlayfs/metadata_v2.db",
            "BuildKit",
            "_data",
        ),
        ("plain", "_data/file", "", ""),
    ];
    let beneath = Beneath::open(root).unwrap();
    let mut store = Store::new(Engine::Docker, "overlay2", beneath.clone());
    for (name, file, ..) in volumes {
        write(root, &format!("volumes/{name}/{file}"), 100);
        let location = Location::new(&beneath, format!("volumes/{name}"));
        let piece = store.add_piece(location, Role::Volume);
        store.volumes.push(crate::store::Volume {
            name: name.into(),
            pieces: vec![piece],
            containers: Vec::new(),
            users: crate::store::Ownership::Recorded,
            driver: "local".into(),
            namespace: None,
            holds: Vec::new(),
        });
    }
    let store = measured(vec![store]).remove(0);
    for (volume, (name, _, engine, place)) in store.volumes.iter().zip(volumes) {
        let told: Vec<String> = volume
            .holds
            .iter()
            .map(crate::store::reclaim::told_of)
            .collect();
        if engine.is_empty() {
            assert!(told.is_empty(), "{told:?}");
            continue;
        }
        let place = root.join("volumes").join(name).join(place);
        let place = place.display();
        let wanted = match engine {
            "BuildKit" => format!("holds a build cache of BuildKit: layerscope {place}"),
            _ => format!("holds a {engine} store: layerscope {place}"),
        };
        assert_eq!(told[0], wanted);
    }
}
