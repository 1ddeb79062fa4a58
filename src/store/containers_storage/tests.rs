mod artifacts;
mod damage;
mod volumes;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::layer::dir::{Encoding, Namespace};
use crate::store::{Contents, LayerId, Listing, Role, State};

/// A root made by hand.
struct Root {
    directory: TempDir,
    below: &'static str,
}

impl Root {
    fn new() -> Self {
        Self::below("")
    }

    fn below(below: &'static str) -> Self {
        let root = Self {
            directory: tempfile::tempdir().unwrap(),
            below,
        };
        for kind in ["layers", "images", "containers"] {
            root.file(&format!("overlay-{kind}/{kind}.json"), "[]");
        }
        root.file("overlay/.has-mount-program", "false");
        root
    }

    fn path(&self) -> PathBuf {
        match self.below {
            "" => self.directory.path().to_owned(),
            below => self.directory.path().join(below),
        }
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn diff(&self, id: &str) -> &Self {
        fs::create_dir_all(self.path().join(format!("overlay/{id}/diff"))).unwrap();
        self
    }

    fn layers(&self, json: &str) -> &Self {
        self.file("overlay-layers/layers.json", json)
    }

    fn image(&self, json: &str) -> &Self {
        self.file("overlay-images/images.json", json)
    }

    fn read(&self) -> Store {
        self.read_with(&Options::default())
    }

    fn read_with(&self, options: &Options) -> Store {
        let beneath = Beneath::open(&self.path()).unwrap();
        let mut stores = read_with(&beneath, options, &Job::new()).unwrap();
        assert_eq!(stores.len(), 1);
        stores.remove(0)
    }
}

fn warned(store: &Store, what: &str) -> bool {
    store
        .warnings
        .iter()
        .any(|warning| warning.message.contains(what))
}

fn orphans(store: &Store) -> BTreeMap<String, &'static str> {
    let named = |orphan: &crate::store::Orphan| {
        let path = store.piece(orphan.piece).location.path.clone();
        (String::from_utf8(path).unwrap(), orphan.kind)
    };
    assert!(
        store
            .orphans
            .iter()
            .all(|orphan| store.piece(orphan.piece).role == Role::Orphan)
    );
    store.orphans.iter().map(named).collect()
}

fn names(store: &Store, layers: impl IntoIterator<Item = LayerId>) -> Vec<&str> {
    layers
        .into_iter()
        .map(|layer| store.layer(layer).name.as_str())
        .collect()
}

const TWO_LAYERS: &str = r#"[{"id":"a","diff-size":10,"created":"2026-01-01T00:00:00Z"},
    {"id":"b","parent":"a","diff-size":-1}]"#;

#[test]
fn an_unused_store_is_quiet() {
    let root = Root::new();
    fs::remove_file(root.path().join("overlay-layers/layers.json")).unwrap();
    fs::remove_file(root.path().join("overlay-images/images.json")).unwrap();
    fs::create_dir(root.path().join("overlay/l")).unwrap();
    let store = root.read();
    assert_eq!(store.warnings, []);
    assert!(store.layers.is_empty() && store.orphans.is_empty());
}

#[test]
fn every_part_of_a_root_leads_to_it() {
    let root = Root::new();
    root.diff("a").layers(r#"[{"id":"a"}]"#);
    for part in [
        "",
        "overlay",
        "overlay-layers",
        "overlay-images",
        "overlay-containers",
    ] {
        let part = Beneath::open(&root.path().join(part)).unwrap();
        assert!(is_root(&part));
        let stores = read_with(&part, &Options::default(), &Job::new()).unwrap();
        assert_eq!(stores[0].layers.len(), 1);
        assert_eq!(stores[0].root.name(), root.path().to_str().unwrap());
    }
    let inside = Beneath::open(&root.path().join("overlay/a")).unwrap();
    assert!(!is_root(&inside));
}

#[test]
fn every_driver_is_a_store() {
    let root = Root::new();
    root.file(
        "vfs-layers/layers.json",
        r#"[{"id":"a"},{"id":"b","parent":"a"}]"#,
    );
    for id in ["a", "b"] {
        fs::create_dir_all(root.path().join("vfs/dir").join(id)).unwrap();
    }
    let beneath = Beneath::open(&root.path()).unwrap();
    let stores = read_with(&beneath, &Options::default(), &Job::new()).unwrap();
    let drivers: Vec<_> = stores.iter().map(|store| store.driver.as_str()).collect();
    assert_eq!(drivers, ["overlay", "vfs"]);
    let [base, copy] = &stores[1].layers[..] else {
        panic!("{:?}", stores[1].layers)
    };
    assert!(matches!(&base.listing, Listing::Copy { below: None, .. }));
    let Listing::Copy {
        below: Some(below), ..
    } = &copy.listing
    else {
        panic!("{:?}", copy.listing)
    };
    assert_eq!(below.path, b"vfs/dir/a");
}

#[test]
fn a_layer_has_a_record_or_a_directory_or_neither() {
    let root = Root::new();
    root.layers(r#"[{"id":"a"},{"id":"b","parent":"a"},{"id":"c"},{"id":"d"},{"id":"e"}]"#);
    root.diff("a").diff("b").diff("d").diff("e");
    root.file("overlay-layers/a.tar-split.gz", "")
        .file("overlay-layers/c.tar-split.gz", "");
    root.file("overlay/d/composefs-data/composefs.blob", "");
    fs::remove_dir(root.path().join("overlay/e/diff")).unwrap();
    symlink("/etc", root.path().join("overlay/e/diff")).unwrap();
    let store = root.read();
    let Listing::TarSplit {
        record,
        contents: Contents::Directory(files),
        fallback: Some((_, encoding)),
    } = &store.layers[0].listing
    else {
        panic!("{:?}", store.layers[0].listing)
    };
    assert_eq!(record.path, b"overlay-layers/a.tar-split.gz");
    assert_eq!(files.path, b"overlay/a/diff");
    let expected = if rustix::process::geteuid().is_root() {
        Namespace::Trusted
    } else {
        Namespace::User
    };
    assert_eq!(*encoding, Encoding::Overlay(expected));
    assert!(matches!(store.layers[1].listing, Listing::Directory { .. }));
    assert!(matches!(
        &store.layers[2].listing,
        Listing::TarSplit { contents: Contents::Refused(why), fallback: None, .. } if why.contains("overlay/c/diff")
    ));
    assert!(
        matches!(&store.layers[3].listing, Listing::Unavailable(why) if why.contains("composefs"))
    );
    assert!(matches!(&store.layers[4].listing, Listing::Unavailable(_)));
    assert!(warned(&store, "layer c has no files"));
    assert!(warned(&store, "layer e has no files"));
}

#[test]
fn a_mount_program_writes_whiteouts_of_its_own() {
    let root = Root::new();
    root.file("overlay/.has-mount-program", "true");
    root.layers(r#"[{"id":"a"}]"#).diff("a");
    let store = root.read();
    assert!(matches!(
        store.layers[0].listing,
        Listing::Directory {
            encoding: Encoding::FuseOverlay,
            ..
        }
    ));
}

#[test]
fn ids_that_are_no_file_names_cost_their_record() {
    let root = Root::new();
    root.layers(
        r#"[{"id":"../x"},{"id":"a/b"},{"id":""},{"id":7},{"id":".."},{"id":"ok"},{"id":"ok"},3]"#,
    );
    root.image(r#"[{"id":"/etc"},{"id":"i","layer":"../../x","names":["n"],"big-data-names":["sha256:i","../../y"]}]"#);
    root.diff("ok");
    let store = root.read();
    assert_eq!(
        names(
            &store,
            (0..store.layers.len()).map(|at| LayerId(u32::try_from(at).unwrap()))
        ),
        ["ok"]
    );
    assert_eq!(store.images.len(), 1);
    assert!(warned(
        &store,
        "record 0 was left out: its ID ../x is not a file name"
    ));
    assert!(warned(&store, "record 2 was left out: it has no ID"));
    assert!(warned(&store, "layer ok is listed twice"));
    assert!(warned(
        &store,
        "image i has layer ../../x, which is not there"
    ));
    assert_eq!(
        store.orphans.len(),
        0,
        "what has no record may have had one"
    );
}

#[test]
fn loops_of_parents_are_cut() {
    let root = Root::new();
    root.layers(
        r#"[{"id":"a","parent":"a"},{"id":"b","parent":"c"},{"id":"c","parent":"d"},{"id":"d","parent":"b"},
            {"id":"e","parent":"d"},{"id":"f","parent":"gone"}]"#,
    );
    for id in ["a", "b", "c", "d", "e", "f"] {
        root.diff(id);
    }
    root.image(r#"[{"id":"i","layer":"e"}]"#);
    let store = root.read();
    assert!(warned(&store, "layer a stands on itself"));
    assert!(warned(&store, "layer f stands on gone, which is not there"));
    assert_eq!(store.layers[0].parent, None);
    let loose = store.layers[1..4]
        .iter()
        .filter(|layer| layer.parent.is_none());
    assert_eq!(loose.count(), 1);
    let layers = store.images[0].layers.iter().flatten().copied();
    assert_eq!(names(&store, layers).last(), Some(&"e"));
}

#[test]
fn without_records_the_driver_tells_the_chain() {
    let root = Root::new();
    fs::remove_file(root.path().join("overlay-layers/layers.json")).unwrap();
    for (id, link, lower) in [
        ("a", "AA", ""),
        ("b", "BB", "l/AA"),
        ("c", "CC", "l/BB:l/AA"),
    ] {
        root.diff(id).file(&format!("overlay/{id}/link"), link);
        if !lower.is_empty() {
            root.file(&format!("overlay/{id}/lower"), lower);
        }
    }
    root.image(r#"[{"id":"i","layer":"c"}]"#);
    let store = root.read();
    assert!(warned(&store, "it is missing, but there are layers"));
    let layers = store.images[0].layers.iter().flatten().copied();
    assert_eq!(names(&store, layers), ["a", "b", "c"]);
    assert!(store.orphans.is_empty());
}

#[test]
fn what_nobody_owns_is_found() {
    let root = Root::new();
    root.layers(
        r#"[{"id":"a"},{"id":"b","parent":"a"},{"id":"x","parent":"b","created":"2026-01-01T00:00:00Z"},
            {"id":"h","flags":{"incomplete":true}}]"#,
    );
    for id in ["a", "b", "x", "h", "stray"] {
        root.diff(id);
    }
    fs::create_dir(root.path().join("overlay/l")).unwrap();
    root.file("overlay-layers/gone.tar-split.gz", "")
        .file("overlay-layers/x.tar-split.gz", "");
    root.file("overlay-images/lost/manifest", "{}")
        .file("overlay-containers/lost/userdata/x", "");
    root.file("overlay-images/images.lock", "");
    root.image(r#"[{"id":"i","layer":"b"}]"#);
    let containers = r#"[{"id":"k","image":"i","layer":"missing"}]"#;
    root.file("overlay-containers/containers.json", containers);
    root.file("overlay-containers/k/userdata/config.json", "{}");
    root.file("overlay/staging/new", "");
    let old = fs::File::create(root.path().join("overlay/staging/old")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    // Podman 5 makes it whenever it starts.
    root.file("overlay-layers/tmp/new", "");
    let store = root.read();
    let expected = [
        ("overlay/x", "unreferenced-layer"),
        ("overlay/h", "half-removed-layer"),
        ("overlay/stray", "unreferenced-directory"),
        ("overlay/staging/old", "interrupted-pull"),
        ("overlay-layers/gone.tar-split.gz", "unreferenced-blob"),
        ("overlay-images/lost", "unreferenced-directory"),
        ("overlay-containers/lost", "unreferenced-directory"),
        ("overlay-containers/k", "container-without-mount"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(path, kind)| (path.to_owned(), kind)).into();
    assert_eq!(orphans(&store), expected);
    let since: Vec<_> = store
        .orphans
        .iter()
        .filter_map(|orphan| orphan.since)
        .collect();
    assert_eq!(since, [1_767_225_600]);
    let container = &store.containers[0];
    assert_eq!((container.writable, container.pieces.len()), (None, 0));
    assert_eq!(names(&store, container.layers.iter().copied()), ["a", "b"]);
}

#[test]
fn layers_of_an_additional_store_are_found_there() {
    let shared = Root::new();
    shared.layers(r#"[{"id":"a"},{"id":"b","parent":"a"},{"id":"unused"}]"#);
    shared.diff("a").diff("b").diff("unused");
    shared
        .image(r#"[{"id":"base","layer":"b","names":["base:1"]},{"id":"other","layer":"unused"}]"#);
    let root = Root::new();
    root.layers(r#"[{"id":"c","parent":"b"},{"id":"w","parent":"b"}]"#)
        .diff("c")
        .diff("w");
    root.image(r#"[{"id":"i","layer":"c"}]"#);
    root.file(
        "overlay-containers/containers.json",
        r#"[{"id":"k","image":"base","layer":"w","names":["kate"]}]"#,
    );
    let alone = root.read();
    assert!(warned(&alone, "layer c stands on b, which is not there"));

    let options = Options {
        additional: vec![PathBuf::from("/nonexistent"), shared.path()],
    };
    let store = root.read_with(&options);
    assert!(
        !warned(&store, "which is not there"),
        "{:?}",
        store.warnings
    );
    let layers = store.images[0].layers.iter().flatten().copied();
    assert_eq!(names(&store, layers), ["a", "b", "c"]);
    assert!(store.orphans.is_empty());
    let container = &store.containers[0];
    assert_eq!(container.image_name, "base:1");
    assert_eq!(names(&store, container.layers.iter().copied()), ["a", "b"]);
    assert_eq!(store.images.len(), 2);
    let below = store.layer(container.layers[0]);
    let files = &store.piece(below.pieces[0]).location;
    assert_eq!(files.root.name(), shared.path().to_str().unwrap());
}

#[test]
fn the_configuration_names_additional_stores() {
    let options = Options::of_configuration(
        "[storage]\ndriver = \"overlay\"\nimagestore = \"/img\"\n[storage.options]\nadditionalimagestores = [\"/a\", \"b\", 3, \"/c\",]\n",
    );
    assert_eq!(options.additional, ["/img", "/a", "/c"].map(PathBuf::from));
    assert!(Options::of_configuration("[storage").additional.is_empty());
    assert!(
        Options::of_configuration("storage = 3")
            .additional
            .is_empty()
    );
}

#[test]
fn a_container_of_a_pod_carries_it() {
    let root = Root::below("lib/containers/storage");
    for place in [
        "lib/kubelet/pods/u-2/volumes/kubernetes.io~empty-dir/cache",
        "log/pods/prod_db_u-2/postgres",
    ] {
        fs::create_dir_all(root.directory.path().join(place)).unwrap();
    }
    root.layers(r#"[{"id":"p"},{"id":"w"},{"id":"v"}]"#)
        .diff("p")
        .diff("w")
        .diff("v");
    let containers = r#"[
        {"id":"infra","layer":"p","metadata":"{\"pod-id\":\"infra\",\"pod\":true,\"metadata-name\":\"web\",\"namespace\":\"prod\",\"uid\":\"u-1\"}"},
        {"id":"app","layer":"w","names":["k8s_app_web_prod_u-1_0"],"metadata":"{\"pod-id\":\"infra\",\"name\":\"k8s_app\"}"},
        {"id":"other","layer":"v"}]"#;
    root.file("overlay-containers/containers.json", containers);
    root.file(
        "overlay-containers/other/userdata/config.json",
        r#"{"annotations":{"io.kubernetes.pod.uid":"u-2","io.kubernetes.pod.name":"db","io.kubernetes.pod.namespace":"prod",
            "io.kubernetes.container.name":"postgres"},
            "mounts":[{"source":"/x/storage/volumes/vol1/_data","destination":"/d"},{"source":"/volumes/_data"}]}"#,
    );
    root.file("overlay-containers/other/userdata/ctr.log", "log");
    root.file(
        "overlay-containers/app/userdata/state.json",
        r#"{"status":"running"}"#,
    );
    root.file("volumes/vol1/_data/f", "")
        .file("volumes/backingFsBlockDev", "");
    let store = root.read();
    let pods: Vec<_> = store
        .pods
        .iter()
        .map(|pod| (pod.namespace.as_str(), pod.name.as_str()))
        .collect();
    assert_eq!(pods, [("prod", "web"), ("prod", "db")]);
    let of: Vec<_> = store
        .containers
        .iter()
        .map(|container| container.pod.unwrap().0)
        .collect();
    assert_eq!(of, [0, 0, 1]);
    assert!(store.containers[0].is_sandbox() && !store.containers[1].is_sandbox());
    assert_eq!(store.containers[0].state, State::Created);
    assert_eq!(store.containers[1].state, State::Running);
    let named = &store.containers[2];
    assert_eq!((named.name.as_str(), named.logs.len()), ("postgres", 2));
    let found = |role| {
        let pieces = store.pods[1].pieces.iter();
        pieces
            .filter(|piece| store.piece(**piece).role == role)
            .count()
    };
    assert!(found(Role::Volume) > 0 && found(Role::Log) > 0);
    assert!(store.pods[0].pieces.is_empty());
    assert_eq!(store.volumes.len(), 1);
    assert_eq!(store.volumes[0].containers, [crate::store::ContainerId(2)]);
}

/// Without a pod there is nothing but CRI-O's own directory to tell that its pods are meant.
#[test]
fn what_crio_s_pods_left_is_named_and_what_is_not_crio_s_is_not() {
    let root = Root::below("lib/containers/storage");
    let gone = root
        .directory
        .path()
        .join("lib/kubelet/pods/uid-gone/volumes");
    fs::create_dir_all(gone).unwrap();
    root.layers("[]");
    assert!(root.read().orphans.is_empty());
    fs::create_dir_all(root.directory.path().join("lib/crio")).unwrap();
    let store = root.read();
    let kinds: Vec<_> = store.orphans.iter().map(|orphan| orphan.kind).collect();
    assert_eq!(kinds, ["vanished-pod"]);
}

#[test]
fn images_of_other_user_namespaces_keep_their_layers() {
    let root = Root::new();
    root.layers(r#"[{"id":"a"},{"id":"b","parent":"a"},{"id":"m","parent":"a"}]"#);
    root.diff("a").diff("b").diff("m");
    root.image(r#"[{"id":"i","layer":"b","mapped-layers":["m"]}]"#);
    let store = root.read();
    assert!(store.orphans.is_empty());
    let claimed: Vec<_> = store.images[0]
        .pieces
        .iter()
        .map(|&piece| store.piece(piece).location.path.as_slice())
        .collect();
    assert_eq!(claimed, [&b"overlay/m/diff"[..], b"overlay/m"]);
}

#[test]
fn documents_are_named_as_the_engine_names_them() {
    assert_eq!(images::file_name("manifest"), "manifest");
    assert_eq!(images::file_name("sha256:a"), "=c2hhMjU2OmE=");
    assert_eq!(images::file_name(".."), "=Li4=");
    assert!(!images::file_name("\u{3f}\u{3f}\u{3f}").contains('/'));
}
