//! Small roots made by hand, sound and damaged.

mod damage;
mod drivers;
mod extras;
mod leftovers;

use std::os::unix::fs::symlink;
use std::path::PathBuf;

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
    Digest::of(seed)
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
        let chain = Digest::chain_id(parent, &diff_id);
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
