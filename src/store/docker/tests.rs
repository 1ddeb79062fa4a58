//! Small roots made by hand, sound and damaged.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::super::bbolt::writer::Tree;
use super::*;
use crate::error::WarningCode;
use crate::image::Digest;
use crate::layer::dir::{Encoding, Namespace};
use crate::store::{Contents, Engine, Listing, Store};

/// A data root in the making.
struct Root {
    directory: TempDir,
}

/// A digest that is as good as any.
fn digest(seed: &str) -> Digest {
    let hash = Sha256::digest(seed.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Digest::parse(&format!("sha256:{hex}")).unwrap()
}

impl Root {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, place: &str) -> PathBuf {
        self.directory.path().join(place)
    }

    fn write(&self, place: &str, content: impl AsRef<[u8]>) {
        let path = self.path(place);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn make(&self, place: &str) {
        std::fs::create_dir_all(self.path(place)).unwrap();
    }

    /// Adds a layer of overlay2 with its record, and returns its chain ID.
    fn layer(&self, cache_id: &str, parent: Option<&Digest>) -> Digest {
        let diff_id = digest(cache_id);
        let chain = layers::chain_id(parent, &diff_id).unwrap();
        let record = record(&chain);
        self.make(&format!("overlay2/{cache_id}/diff"));
        self.write(&format!("{record}/diff"), diff_id.as_str());
        self.write(&format!("{record}/cache-id"), cache_id);
        self.write(&format!("{record}/size"), "100");
        self.write(&format!("{record}/tar-split.json.gz"), [0x1F, 0x8B]);
        if let Some(parent) = parent {
            self.write(&format!("{record}/parent"), parent.as_str());
        }
        chain
    }

    /// Adds an image of layers with these directories, and returns its ID.
    fn image(&self, directories: &[&str], created: &str) -> Digest {
        let diff_ids: Vec<String> = directories
            .iter()
            .map(|directory| format!("\"{}\"", digest(directory)))
            .collect();
        let config = format!(
            r#"{{"os":"linux","architecture":"amd64","created":"{created}","rootfs":{{"diff_ids":[{}]}}}}"#,
            diff_ids.join(",")
        );
        let id = digest(&config);
        self.write(&config_of(&id), config);
        id
    }

    fn names(&self, names: &[(&str, &Digest)]) {
        let names: Vec<String> = names
            .iter()
            .map(|(name, id)| format!(r#""{name}":"{id}""#))
            .collect();
        let document = format!(r#"{{"Repositories":{{"all":{{{}}}}}}}"#, names.join(","));
        self.write("image/overlay2/repositories.json", document);
    }

    fn container(&self, id: &str, mount: &str, parent: &Digest) {
        self.make(&format!("overlay2/{mount}/diff"));
        self.make(&format!("overlay2/{mount}-init/diff"));
        let record = format!("image/overlay2/layerdb/mounts/{id}");
        self.write(&format!("{record}/mount-id"), mount);
        self.write(&format!("{record}/init-id"), format!("{mount}-init"));
        self.write(&format!("{record}/parent"), parent.as_str());
        let settings = format!(
            r#"{{"ID":"{id}","Name":"/{id}-name","Driver":"overlay2","Created":"2026-01-02T03:04:05Z",
            "State":{{"StartedAt":"0001-01-01T00:00:00Z"}},"Config":{{"Image":"app"}},
            "MountPoints":{{"/a":{{"Name":"data"}},"/b":{{"Name":"data"}}}}}}"#
        );
        self.write(&format!("containers/{id}/config.v2.json"), settings);
        self.write(&format!("containers/{id}/{id}-json.log.1"), "x");
    }

    fn read(&self) -> Store {
        let mut stores = self.read_at("");
        assert_eq!(stores.len(), 1);
        stores.remove(0)
    }

    fn read_at(&self, place: &str) -> Vec<Store> {
        let root = Beneath::open(&self.path(place)).unwrap();
        let stores = read(&root, &Job::new()).unwrap();
        assert_eq!(is_root(&root), !stores.is_empty());
        stores
    }
}

fn record(chain: &Digest) -> String {
    format!("image/overlay2/layerdb/sha256/{}", chain.encoded())
}

fn config_of(id: &Digest) -> String {
    format!("image/overlay2/imagedb/content/sha256/{}", id.encoded())
}

/// Two images of three layers, a container of the smaller one.
fn sound() -> (Root, [Digest; 3], [Digest; 2]) {
    let root = Root::new();
    let base = root.layer("base", None);
    let middle = root.layer("middle", Some(&base));
    let top = root.layer("top", Some(&middle));
    let small = root.image(&["base", "middle"], "2026-01-01T00:00:00Z");
    let large = root.image(&["base", "middle", "top"], "2026-02-01T00:00:00Z");
    root.names(&[("app:1", &small), ("app:latest", &small)]);
    root.container("cafe", "written", &middle);
    root.make("volumes/data/_data");
    (root, [base, middle, top], [small, large])
}

fn messages(store: &Store) -> Vec<&str> {
    let warnings = store.warnings.iter();
    warnings.map(|warning| warning.message.as_str()).collect()
}

/// Returns the kinds and places of what nobody owns.
fn orphans(store: &Store) -> Vec<(&str, String)> {
    let orphans = store.orphans.iter();
    let mut orphans: Vec<(&str, String)> = orphans
        .map(|orphan| {
            assert!(orphan.since.is_some());
            assert_eq!(store.piece(orphan.piece).role, Role::Orphan);
            let place = store.piece(orphan.piece).location.path.clone();
            (orphan.kind, String::from_utf8(place).unwrap())
        })
        .collect();
    orphans.sort();
    orphans
}

fn one_warning(store: &Store, part: &str) {
    let messages = messages(store);
    let found = messages.iter().filter(|message| message.contains(part));
    assert_eq!(found.count(), 1, "{part}: {messages:?}");
}

#[test]
fn a_sound_root_has_nothing_odd() {
    let (root, [base, middle, _], [small, large]) = sound();
    let store = root.read();
    assert_eq!(store.engine, Engine::Docker);
    assert!(store.warnings.is_empty(), "{:?}", store.warnings);
    assert_eq!(orphans(&store), []);
    let ids: Vec<_> = store
        .images
        .iter()
        .map(|image| image.id.clone().unwrap())
        .collect();
    assert_eq!(ids, [large, small], "the newest first");
    assert_eq!(store.images[1].names, ["app:1", "app:latest"]);
    let names: Vec<&str> = store.images[0]
        .layers
        .iter()
        .map(|layer| store.layer(layer.unwrap()).name.as_str())
        .collect();
    assert_eq!(&names[..2], [base.as_str(), middle.as_str()]);
    let container = &store.containers[0];
    assert_eq!(container.name, "cafe-name");
    assert_eq!(container.layers.len(), 2);
    assert_eq!(container.state, crate::store::State::Created);
    assert_eq!(store.volumes[0].containers, [crate::store::ContainerId(0)]);
    let writable = store.layer(container.writable.unwrap());
    assert_eq!(writable.pieces.len(), 1, "the rest is not written by it");
    let log = &store.piece(container.logs[0]).location.path;
    assert_eq!(log, b"containers/cafe/cafe-json.log.1");
}

#[test]
fn pieces_are_never_claimed_twice() {
    let (root, ..) = sound();
    let store = root.read();
    let mut places: Vec<&[u8]> = store
        .pieces
        .iter()
        .map(|piece| &piece.location.path[..])
        .collect();
    places.sort_unstable();
    let all = places.len();
    places.dedup();
    assert_eq!(places.len(), all);
}

#[test]
fn parts_of_a_root_lead_to_it() {
    let (root, ..) = sound();
    for part in [
        "overlay2",
        "image",
        "containers",
        "volumes",
        "image/overlay2",
    ] {
        let stores = root.read_at(part);
        assert_eq!(stores.len(), 1, "{part}");
        assert_eq!(stores[0].images.len(), 2, "{part}");
        let name = stores[0].root.name();
        assert_eq!(name, root.directory.path().to_str().unwrap(), "{part}");
    }
    for part in [
        "overlay2/base",
        "overlay2/base/diff",
        "containers/cafe",
        "image/overlay2/layerdb",
    ] {
        assert!(root.read_at(part).is_empty(), "{part}");
    }
}

#[test]
fn mapped_users_have_a_root_of_their_own() {
    let (root, ..) = sound();
    let inner = root.path("100000.100000");
    std::fs::create_dir(&inner).unwrap();
    for part in ["image", "overlay2", "containers", "volumes"] {
        std::fs::rename(root.path(part), inner.join(part)).unwrap();
    }
    let stores = root.read_at("");
    assert_eq!(stores.len(), 1);
    assert!(stores[0].root.name().ends_with("/100000.100000"));
    assert_eq!(stores[0].images.len(), 2);
}

#[test]
fn the_driver_in_use_is_that_which_docker_would_take() {
    let (root, ..) = sound();
    root.make("image/vfs/layerdb");
    root.make("vfs/dir/x");
    root.make("image/fuse-overlayfs/layerdb");
    let stores = root.read_at("");
    let found: Vec<_> = stores
        .iter()
        .map(|store| (store.driver.as_str(), store.activity))
        .collect();
    assert_eq!(
        found,
        [
            ("overlay2", Activity::Active),
            ("vfs", Activity::LeftBehind),
            ("fuse-overlayfs", Activity::LeftBehind),
        ]
    );
    // What is of the root is told once.
    assert_eq!(stores[0].volumes.len() + stores[1].volumes.len(), 1);
    assert_eq!(
        orphans(&stores[1]),
        [("unreferenced-directory", "vfs/dir/x".to_owned())]
    );
}

#[test]
fn vfs_is_left_behind_for_the_image_store_of_containerd() {
    let root = Root::new();
    root.make("image/vfs/layerdb");
    root.make("vfs/dir/x");
    assert_eq!(root.read().activity, Activity::Active);
    root.make("rootfs/overlayfs");
    assert_eq!(root.read().activity, Activity::LeftBehind);
}

#[test]
fn unclaimed_directories_are_orphans() {
    let (root, ..) = sound();
    root.make("overlay2/nobody/diff");
    root.write("overlay2/file", "no directory");
    root.make("overlay2/l");
    root.make("image/overlay2/layerdb/tmp/write-set-1");
    root.write("tmp/GetImageBlob1", "half");
    root.write("tmp/other", "x");
    let half = format!("{}-0123-removing", record(&digest("half")));
    root.write(&format!("{half}/cache-id"), "half");
    root.make("overlay2/half/diff");
    let store = root.read();
    assert_eq!(
        orphans(&store),
        [
            ("half-removed-layer", half),
            ("half-removed-layer", "overlay2/half".to_owned()),
            ("interrupted-pull", "tmp/GetImageBlob1".to_owned()),
            (
                "temporary-leftover",
                "image/overlay2/layerdb/tmp/write-set-1".to_owned()
            ),
            ("temporary-leftover", "tmp/other".to_owned()),
            ("unreferenced-directory", "overlay2/nobody".to_owned()),
        ]
    );
}

#[test]
fn halves_of_containers_are_orphans() {
    let (root, [_, middle, _], _) = sound();
    root.container("gone", "gone-mount", &middle);
    std::fs::remove_dir_all(root.path("containers/gone")).unwrap();
    root.container("stray", "stray-mount", &middle);
    std::fs::remove_dir_all(root.path("image/overlay2/layerdb/mounts/stray")).unwrap();
    root.write(
        "containers/other/config.v2.json",
        r#"{"Driver":"overlayfs"}"#,
    );
    let store = root.read();
    assert_eq!(store.containers.len(), 1);
    let expected = [
        ("container-without-mount", "containers/stray"),
        (
            "mount-without-container",
            "image/overlay2/layerdb/mounts/gone",
        ),
        ("mount-without-container", "overlay2/gone-mount"),
        ("mount-without-container", "overlay2/gone-mount-init"),
        ("unreferenced-directory", "overlay2/stray-mount"),
        ("unreferenced-directory", "overlay2/stray-mount-init"),
    ];
    assert_eq!(
        orphans(&store),
        expected.map(|(kind, place)| (kind, place.to_owned()))
    );
}

#[test]
fn steps_of_a_build_are_told_from_images() {
    let (root, _, [small, large]) = sound();
    let parent_of = |id: &Digest| {
        format!(
            "image/overlay2/imagedb/metadata/sha256/{}/parent",
            id.encoded()
        )
    };
    // The large image is the parent of the small one, and nothing names it.
    root.write(&parent_of(&small), large.as_str());
    root.write(&parent_of(&large), digest("removed since").as_str());
    let store = root.read();
    assert!(store.warnings.is_empty(), "{:?}", store.warnings);
    assert!(store.images[0].is_intermediate && store.images[0].parent.is_none());
    assert!(!store.images[1].is_intermediate);
    assert_eq!(store.images[1].parent, Some(crate::store::ImageId(0)));
}

#[test]
fn digests_name_an_image_only_where_nothing_else_does() {
    let (root, _, [small, large]) = sound();
    let content = digest("manifest");
    let pinned = format!("app@{content}");
    root.names(&[
        ("app:1", &small),
        (&pinned, &small),
        (&pinned.replace("app", "b"), &large),
    ]);
    let store = root.read();
    assert_eq!(store.images[1].names, ["app:1"]);
    assert_eq!(store.images[1].digest, Some(content.clone()));
    assert_eq!(store.images[0].names, [format!("b@{content}")]);
}

#[test]
fn a_cache_id_is_one_component() {
    for cache_id in ["../../outside", "..", "a/b", "", "\u{0}"] {
        let (root, [_, middle, _], _) = sound();
        root.write(&format!("{}/cache-id", record(&middle)), cache_id);
        let store = root.read();
        let place = record(&middle);
        let told = messages(&store);
        assert!(
            told.iter().any(|message| message.contains(&place)),
            "{told:?}"
        );
        let layer = store
            .layers
            .iter()
            .find(|layer| layer.chain_id.as_ref() == Some(&middle));
        let Listing::TarSplit { contents, .. } = &layer.unwrap().listing else {
            panic!("{cache_id}");
        };
        assert!(matches!(contents, Contents::Refused(_)), "{cache_id}");
        // The directory may be that layer's: its orphan says so.
        let orphan = &store.orphans[0];
        assert!(
            orphan.reason.contains("some could not be"),
            "{}",
            orphan.reason
        );
        for piece in &store.pieces {
            assert!(
                !piece.location.path.windows(2).any(|pair| pair == b".."),
                "{cache_id}"
            );
        }
    }
}

#[test]
fn a_loop_of_parents_ends() {
    let (root, [base, _, top], _) = sound();
    root.write(&format!("{}/parent", record(&base)), top.as_str());
    let store = root.read();
    one_warning(&store, "is not the chain ID");
    let layer = store
        .layers
        .iter()
        .position(|layer| layer.chain_id.as_ref() == Some(&top));
    let top = crate::store::LayerId(u32::try_from(layer.unwrap()).unwrap());
    assert_eq!(store.chain(top).len(), 3);
    assert_eq!(store.containers[0].layers.len(), 3);
}

#[test]
fn one_bad_record_costs_that_record() {
    type Damage = fn(&Root, &[Digest; 3], &[Digest; 2]);
    let cases: [(&str, Damage, &str); 13] = [
        (
            "parent gone",
            |root, chains, _| std::fs::remove_dir_all(root.path(&record(&chains[1]))).unwrap(),
            "its parent",
        ),
        (
            "size",
            |root, chains, _| root.write(&format!("{}/size", record(&chains[0])), "much"),
            "no number of bytes",
        ),
        (
            "diff",
            |root, chains, _| root.write(&format!("{}/diff", record(&chains[0])), "sha256:12"),
            "/diff: it holds no digest",
        ),
        (
            "no hex",
            |root, _, _| root.make("image/overlay2/layerdb/sha256/not-hex"),
            "not-hex: its name is not a digest",
        ),
        (
            "no hex image",
            |root, _, _| root.write("image/overlay2/imagedb/content/sha256/x", "{}"),
            "sha256/x: its name is not a digest",
        ),
        (
            "config",
            |root, _, images| root.write(&config_of(&images[0]), "{"),
            "another digest",
        ),
        (
            "truncated",
            |root, _, images| root.write(&config_of(&images[0]), r#"{"rootfs":{"diff_ids":["#),
            "not JSON",
        ),
        (
            "names",
            |root, _, _| root.write("image/overlay2/repositories.json", r#"{"Repositories":{"#),
            "repositories.json: it is not JSON",
        ),
        (
            "stale name",
            |root, _, _| root.names(&[("x:1", &digest("nothing"))]),
            "which is not in the store",
        ),
        (
            "layer directory",
            |root, _, _| std::fs::remove_dir_all(root.path("overlay2/top")).unwrap(),
            "top is missing",
        ),
        (
            "settings",
            |root, _, _| root.write("containers/cafe/config.v2.json", "{\"ID\":"),
            "config.v2.json: it is not JSON",
        ),
        (
            "mount",
            |root, _, _| {
                std::fs::remove_file(root.path("image/overlay2/layerdb/mounts/cafe/mount-id"))
                    .unwrap()
            },
            "which directory the container writes to",
        ),
        (
            "volumes",
            |root, _, _| root.write("volumes/metadata.db", [7; 5000]),
            "metadata.db",
        ),
    ];
    for (name, damage, told) in cases {
        let (root, chains, images) = sound();
        damage(&root, &chains, &images);
        let store = root.read();
        one_warning(&store, told);
        assert_eq!(store.containers.len(), 1, "{name}");
        assert_eq!(store.containers[0].id, "cafe", "{name}");
        assert!(store.images.len() >= 2, "{name}");
        assert!(store.layers.len() >= 4, "{name}");
    }
}

#[test]
fn links_out_of_the_root_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "overlay2-of-another").unwrap();
    std::fs::create_dir(outside.path().join("diff")).unwrap();
    let replaced = |place: &str, directory: bool| {
        let (root, [_, _, top], _) = sound();
        let place = place.replace("TOP", &record(&top));
        if directory {
            std::fs::remove_dir_all(root.path(&place)).unwrap();
            symlink(outside.path(), root.path(&place)).unwrap();
        } else {
            std::fs::remove_file(root.path(&place)).unwrap();
            symlink(outside.path().join("secret"), root.path(&place)).unwrap();
        }
        let store = root.read();
        assert!(!store.warnings.is_empty(), "{place}");
        for message in messages(&store) {
            assert!(!message.contains("another"), "{message}");
        }
    };
    replaced("TOP/cache-id", false);
    replaced("TOP/parent", false);
    replaced("containers/cafe/config.v2.json", false);
    replaced("image/overlay2/repositories.json", false);
    replaced("TOP", true);
    replaced("overlay2/top", true);
    replaced("image/overlay2/layerdb/mounts", true);
}

#[test]
fn a_directory_of_two_layers_is_told_and_counted_once() {
    let (root, [_, _, top], _) = sound();
    root.write(&format!("{}/cache-id", record(&top)), "middle");
    let store = root.read();
    one_warning(&store, "directory middle of another layer");
    let claims = store
        .pieces
        .iter()
        .filter(|piece| piece.location.path == b"overlay2/middle/diff");
    assert_eq!(claims.count(), 1);
}

#[test]
fn layers_without_headers_are_read_from_their_directories() {
    let (root, [base, ..], _) = sound();
    std::fs::remove_file(root.path(&format!("{}/tar-split.json.gz", record(&base)))).unwrap();
    let store = root.read();
    let layer = store
        .layers
        .iter()
        .find(|layer| layer.chain_id.as_ref() == Some(&base))
        .unwrap();
    let Listing::Directory {
        directory,
        encoding,
    } = &layer.listing
    else {
        panic!("{:?}", layer.listing);
    };
    assert_eq!(directory.path, b"overlay2/base/diff");
    assert!(matches!(
        encoding,
        Encoding::Overlay(Namespace::Trusted | Namespace::User)
    ));
}

#[test]
fn contents_of_unmounted_layers_are_refused_with_what_to_do() {
    for (driver, told) in [("zfs", "mount -t zfs"), ("devicemapper", "dmsetup")] {
        let (root, [base, ..], _) = sound();
        std::fs::rename(root.path("image/overlay2"), root.path("image").join(driver)).unwrap();
        std::fs::remove_dir_all(root.path("overlay2")).unwrap();
        root.make(driver);
        let store = root.read();
        assert_eq!(store.driver, driver);
        let layer = store
            .layers
            .iter()
            .find(|layer| layer.chain_id.as_ref() == Some(&base))
            .unwrap();
        let Listing::TarSplit {
            contents: Contents::Refused(reason),
            ..
        } = &layer.listing
        else {
            panic!("{:?}", layer.listing);
        };
        assert!(reason.contains(told), "{reason}");
        assert_eq!(messages(&store), [""; 0]);
    }
}

#[test]
fn overlays_of_hard_links_are_copies() {
    let (root, [base, middle, _], _) = sound();
    std::fs::rename(root.path("image/overlay2"), root.path("image/overlay")).unwrap();
    std::fs::rename(root.path("overlay2"), root.path("overlay")).unwrap();
    for (layer, files) in [
        ("base", "root"),
        ("middle", "root"),
        ("top", "root"),
        ("written", "upper"),
    ] {
        let from = root.path(&format!("overlay/{layer}/diff"));
        std::fs::rename(from, root.path(&format!("overlay/{layer}/{files}"))).unwrap();
    }
    let headers = format!("{}/tar-split.json.gz", record(&middle)).replace("overlay2", "overlay");
    std::fs::remove_file(root.path(&headers)).unwrap();
    let settings = std::fs::read_to_string(root.path("containers/cafe/config.v2.json")).unwrap();
    root.write(
        "containers/cafe/config.v2.json",
        settings.replace("overlay2", "overlay"),
    );
    let store = root.read();
    assert_eq!(store.driver, "overlay");
    let layer = |chain: &Digest| {
        store
            .layers
            .iter()
            .find(|layer| layer.chain_id.as_ref() == Some(chain))
            .unwrap()
    };
    let Listing::Copy {
        directory,
        below: Some(below),
    } = &layer(&middle).listing
    else {
        panic!("{:?}", layer(&middle).listing);
    };
    assert_eq!(directory.path, b"overlay/middle/root");
    assert_eq!(below.path, b"overlay/base/root");
    let Listing::TarSplit { fallback: None, .. } = &layer(&base).listing else {
        panic!("{:?}", layer(&base).listing);
    };
    let writable = store.layer(store.containers[0].writable.unwrap());
    assert!(
        matches!(&writable.listing, Listing::Directory { .. }),
        "{:?}",
        writable.listing
    );
}

/// A cache of a build with one layer that became an image's, one of its own on top, and one without a record.
fn with_cache(root: &Root, chain: &Digest) {
    let mut snapshots = Tree::default();
    snapshots.put(&[b"first", b"chainid"], chain.as_str());
    snapshots.put(&[b"first", b"committed"], "base");
    snapshots.put(&[b"base", b"parent"], "");
    snapshots.put(&[b"ofcacheaaaaaaaaaaaaaaaaaa", b"parent"], "first");
    snapshots.put(&[b"ofcacheaaaaaaaaaaaaaaaaaa", b"size"], "30");
    snapshots.put(&[b"strayaaaaaaaaaaaaaaaaaaaa", b"parent"], "first");
    snapshots.put(&[b"../../outside", b"committed"], "../../outside");
    root.write("buildkit/snapshots.db", snapshots.database());
    let mut records = Tree::default();
    for (id, key, value) in [
        ("first", "cache.description", r#""first step""#),
        ("first", "cache.createdAt", "1795272392543089702"),
        (
            "ofcacheaaaaaaaaaaaaaaaaaa",
            "cache.description",
            r#""second step""#,
        ),
        (
            "ofcacheaaaaaaaaaaaaaaaaaa",
            "cache.parent",
            r#""twin-of-first""#,
        ),
        (
            "twin",
            "cache.equalMutable",
            r#""ofcacheaaaaaaaaaaaaaaaaaa""#,
        ),
        ("twin", "snapshot.size", "31"),
        ("twin-of-first", "cache.equalMutable", r#""first""#),
    ] {
        let value = format!(r#"{{"value":{value}}}"#);
        records.put(&[b"_main", id.as_bytes(), key.as_bytes()], value);
    }
    root.write("buildkit/metadata_v2.db", records.database());
    root.make("overlay2/ofcacheaaaaaaaaaaaaaaaaaa/diff");
    root.make("overlay2/strayaaaaaaaaaaaaaaaaaaaa/diff");
}

#[test]
fn the_build_cache_is_read_as_docker_lists_it() {
    let (root, [base, ..], _) = sound();
    with_cache(&root, &base);
    let store = root.read();
    assert!(store.warnings.is_empty(), "{:?}", store.warnings);
    let ids: Vec<&str> = store
        .cache
        .iter()
        .map(|record| record.id.as_str())
        .collect();
    assert_eq!(ids, ["first", "ofcacheaaaaaaaaaaaaaaaaaa"], "twins are one");
    let [first, second] = &store.cache[..] else {
        panic!()
    };
    assert_eq!(first.description, "first step");
    assert_eq!(first.created, Some(1_795_272_392));
    assert_eq!(store.layer(first.layer.unwrap()).chain_id, Some(base));
    assert_eq!(second.recorded_bytes, Some(31), "of its twin");
    assert_eq!(second.parents, ["first"]);
    let layer = store.layer(second.layer.unwrap());
    assert_eq!(layer.parent, first.layer);
    assert_eq!(store.piece(layer.pieces[0]).role, Role::Cache);
    assert_eq!(
        orphans(&store),
        [
            (
                "unreferenced-layer",
                "overlay2/strayaaaaaaaaaaaaaaaaaaaa".to_owned()
            ),
            (
                "unreferenced-layer",
                "overlay2/strayaaaaaaaaaaaaaaaaaaaa/diff".to_owned()
            ),
        ]
    );
}

#[test]
fn without_its_database_the_build_cache_is_not_called_nobodys() {
    let (root, [base, ..], _) = sound();
    with_cache(&root, &base);
    root.make("overlay2/nobody/diff");
    root.write("buildkit/snapshots.db", [0; 4096]);
    let store = root.read();
    one_warning(&store, "snapshots.db");
    assert_eq!(
        orphans(&store),
        [("unreferenced-directory", "overlay2/nobody".to_owned())]
    );
}

/// A driver's directory without the records beside it.
fn bare() -> Root {
    let root = Root::new();
    for (name, link, lower) in [
        ("base", "AAA", ""),
        ("middle", "BBB", "l/AAA"),
        ("top", "CCC", "l/BBB:l/AAA"),
        ("box-init", "DDD", "l/BBB:l/AAA"),
        ("box", "EEE", "l/DDD:l/BBB:l/AAA"),
    ] {
        root.make(&format!("overlay2/{name}/diff"));
        root.write(&format!("overlay2/{name}/link"), link);
        if !lower.is_empty() {
            root.write(&format!("overlay2/{name}/lower"), lower);
        }
        root.make("overlay2/l");
        symlink(
            format!("../{name}/diff"),
            root.path(&format!("overlay2/l/{link}")),
        )
        .unwrap();
    }
    root
}

#[test]
fn a_driver_alone_tells_which_layers_stand_on_which() {
    let root = bare();
    let told = |root: &Root| {
        let stores = root.read_at("overlay2");
        let store = &stores[0];
        let names = |layers: &[crate::store::LayerId]| -> Vec<String> {
            layers
                .iter()
                .map(|&layer| store.layer(layer).name.clone())
                .collect()
        };
        let images: Vec<Vec<String>> = store
            .images
            .iter()
            .map(|image| {
                names(
                    &image
                        .layers
                        .iter()
                        .copied()
                        .map(Option::unwrap)
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            images,
            [vec!["base", "middle"], vec!["base", "middle", "top"]]
        );
        let container = &store.containers[0];
        assert_eq!(container.id, "box");
        assert_eq!(names(&container.layers), ["base", "middle"]);
        assert_eq!(container.image, Some(crate::store::ImageId(0)));
        assert_eq!(
            store.layer(container.writable.unwrap()).parent,
            container.init
        );
        one_warning(store, "without the records beside it");
        assert_eq!(store.warnings.len(), 1, "{:?}", store.warnings);
    };
    told(&root);
    // Either the files or the links tell the short names.
    std::fs::remove_file(root.path("overlay2/middle/link")).unwrap();
    told(&root);
    std::fs::remove_dir_all(root.path("overlay2/l")).unwrap();
    root.make("overlay2/l");
    root.write("overlay2/middle/link", "BBB");
    told(&root);
}

#[test]
fn a_driver_alone_may_be_damaged() {
    let root = bare();
    // A loop, and a layer that is not there.
    root.write("overlay2/base/lower", "l/CCC");
    root.write("overlay2/middle/lower", "l/XXX");
    let stores = root.read_at("overlay2");
    one_warning(&stores[0], "begins with a layer that is not there");
    assert_eq!(stores[0].layers.len(), 5);
    assert_eq!(stores[0].warnings[0].code, WarningCode::BadRecord);
}

#[test]
fn other_directories_are_no_store() {
    let root = Root::new();
    root.make("image");
    root.make("overlay/l");
    root.make("overlay/x/diff");
    root.write("overlay/x/link", "AAA");
    root.make("overlay-layers");
    root.make("vfs/dir/x");
    assert!(root.read_at("").is_empty());
    assert!(root.read_at("overlay").is_empty());
    assert!(root.read_at("vfs").is_empty());
}
