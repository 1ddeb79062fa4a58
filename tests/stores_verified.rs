//! What real stores hold, compared with what it should be: layers with their digests, containers with each other.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

#[path = "support/stores.rs"]
mod stores;

use std::fs::{self, File};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use layerscope::analysis::comparison::{DifferenceKind, ImageComparison, compare};
use layerscope::analysis::{self, Analysis};
use layerscope::progress::Job;
use layerscope::scan::{self, Verification};
use layerscope::source::SourceInfo;
use layerscope::store::{self, ContainerId, ImageId, Listing};

const CONTAINERD: [&str; 2] = ["containerd", "docker28-containerd"];

struct Home(stores::Unpacked);

impl Home {
    fn unpacked(name: &'static str) -> Option<Self> {
        stores::unpacked(name).map(Self)
    }

    /// Returns the directory of containerd.
    fn path(&self, below: &str) -> PathBuf {
        let root = self.0.root();
        let inner = root.join("containerd/daemon");
        let home = if inner.is_dir() { inner } else { root };
        home.join(below)
    }

    fn snapshots(&self) -> Vec<PathBuf> {
        let place = self.path("io.containerd.snapshotter.v1.overlayfs/snapshots");
        let names = fs::read_dir(place).unwrap();
        names.map(|name| name.unwrap().path().join("fs")).collect()
    }

    /// Does something in every snapshot that has a path, but for whiteouts: in an image's layer and in the build
    /// cache's copy of it.
    fn each(&self, name: &str, change: impl Fn(&Path)) {
        let is_there = |path: &PathBuf| {
            let found = path.symlink_metadata();
            found.is_ok_and(|found| !found.file_type().is_char_device())
        };
        self.each_of(name, is_there, change);
    }

    fn each_whiteout(&self, name: &str, change: impl Fn(&Path)) {
        let is_whiteout = |path: &PathBuf| {
            let found = path.symlink_metadata();
            found.is_ok_and(|found| found.file_type().is_char_device())
        };
        self.each_of(name, is_whiteout, change);
    }

    fn each_of(&self, name: &str, is_meant: impl Fn(&PathBuf) -> bool, change: impl Fn(&Path)) {
        let snapshots = self.snapshots().into_iter();
        let mut paths = snapshots
            .map(|snapshot| snapshot.join(name))
            .filter(is_meant)
            .peekable();
        assert!(paths.peek().is_some(), "no snapshot has {name}");
        paths.for_each(|path| change(&path));
    }

    fn blobs(&self) -> Vec<PathBuf> {
        let place = self.path("io.containerd.content.v1.content/blobs/sha256");
        let names = fs::read_dir(place).unwrap();
        names.map(|name| name.unwrap().path()).collect()
    }

    /// Verifies an image by the end of its name.
    fn verified(&self, name: &str) -> (usize, Verification) {
        let inventory = store::read(&self.0.root(), &Job::new()).unwrap();
        let [store] = inventory.stores.as_slice() else {
            panic!("{} stores", inventory.stores.len());
        };
        let has_name =
            |image: &store::StoredImage| image.names.iter().any(|known| known.ends_with(name));
        let at = store.images.iter().position(has_name).unwrap();
        let image = store
            .open_image(ImageId(u32::try_from(at).unwrap()))
            .unwrap();
        let options = scan::Options::default();
        let verification = scan::verify(&image, &options, &Job::new()).unwrap();
        (image.layers.len(), verification)
    }

    fn gate(&self, name: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_layerscope"))
            .args(["--ci", "--verify", "--max-layers", "50", "--image", name])
            .arg(self.0.root())
            .output()
            .unwrap()
    }
}

fn messages(verification: &Verification) -> Vec<String> {
    let warnings = verification.warnings.iter();
    warnings.map(|warning| warning.message.clone()).collect()
}

/// Changes one byte and turns the clock back.
fn flip(path: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[!byte[0]], at).unwrap();
    file.set_modified(modified).unwrap();
}

fn set_attribute(home: &Home, name: &str, attribute: &str, value: &[u8]) {
    home.each(name, |path| {
        rustix::fs::setxattr(path, attribute, value, rustix::fs::XattrFlags::empty()).unwrap();
    });
}

fn says(output: &Output, words: &str) {
    let text = std::str::from_utf8(&output.stderr).unwrap();
    assert!(text.contains(words), "{words}: {text}");
}

#[test]
fn intact_images_are_what_their_digests_name() {
    for store in CONTAINERD {
        let Some(home) = Home::unpacked(store) else {
            return;
        };
        for name in ["stores/one:latest", "stores/two:latest"] {
            let (layers, verification) = home.verified(name);
            assert_eq!(messages(&verification), [""; 0], "{store} {name}");
            assert_eq!(verification.identical, layers, "{store} {name}");
        }
        let gate = home.gate("stores/two");
        assert_eq!(gate.status.code(), Some(0));
        says(&gate, "layers are what their digests name\n");
    }
}

#[test]
fn whatever_is_changed_in_a_snapshot_is_found() {
    for store in CONTAINERD {
        let Some(home) = Home::unpacked(store) else {
            return;
        };
        home.each("data/keep.bin", |path| flip(path, 60_000));
        home.each("bin/busybox", |path| fs::write(path, "short").unwrap());
        home.each("etc/passwd", |path| fs::remove_file(path).unwrap());
        home.each("etc/group", |path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o4755)).unwrap();
        });
        home.each("bin", |path| {
            fs::write(path.join("added"), "added").unwrap();
            fs::create_dir_all(path.join("more/of/it")).unwrap();
        });
        home.each("data/sym", |path| {
            fs::remove_file(path).unwrap();
            symlink("/elsewhere", path).unwrap();
        });
        home.each("data/sub/one", |path| chown(path, Some(77), None).unwrap());
        home.each("data/renamed/r", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        });
        home.each_whiteout("data/renamedir", |path| fs::remove_file(path).unwrap());
        set_attribute(&home, "data/renamed", "trusted.overlay.opaque", b"y");
        // cap_sys_admin, effective.
        let mut capability = [0; 20];
        (capability[0], capability[3], capability[6]) = (1, 2, 0x20);
        set_attribute(
            &home,
            "data/chmodme.bin",
            "security.capability",
            &capability,
        );
        home.each("data/hard_b", |path| {
            fs::copy(path, path.with_extension("copy")).unwrap();
            fs::rename(path.with_extension("copy"), path).unwrap();
        });
        let (layers, verification) = home.verified("stores/two:latest");
        let messages = messages(&verification);
        for (path, reason) in [
            ("data/keep.bin", "its data differs from byte 60000 on"),
            ("bin/busybox", "it has 5 bytes, not "),
            ("etc/passwd", "it is missing"),
            ("etc/group", "its mode is 4755, not 0644"),
            ("bin/added", "nothing in the layer has this name"),
            ("bin/more", "nothing in the layer has this name"),
            ("data/sym", "it leads elsewhere"),
            ("data/sub/one", "its owner is 77:0, not 0:0"),
            ("data/renamed/r", "it is of type dir, not file"),
            ("data/renamedir", "the whiteout that removes it is missing"),
            ("data/renamed", "it hides what layers below have in it"),
            ("data/chmodme.bin", "its capabilities are others"),
            ("data/hard_b", "it is no longer a name of /data/hard_a"),
        ] {
            let words = format!("/{path} is not what was stored: {reason}");
            assert!(
                messages.iter().any(|message| message.starts_with(&words)),
                "{store}: {words}: {messages:#?}"
            );
        }
        assert!(!messages.iter().any(|message| message.contains("more/of")));
        assert!(verification.identical < layers);
        assert!(verification.identical > 0);
        let gate = home.gate("stores/two");
        assert_eq!(gate.status.code(), Some(2));
        says(
            &gate,
            &format!("{} of {layers} layers are", verification.identical),
        );
        says(&gate, "remove the image and pull or build it again");
    }
}

#[test]
fn a_changed_byte_in_a_blob_is_found() {
    for store in CONTAINERD {
        let Some(home) = Home::unpacked(store) else {
            return;
        };
        let longest = home
            .blobs()
            .into_iter()
            .max_by_key(|blob| blob.metadata().unwrap().len());
        let longest = longest.unwrap();
        flip(&longest, 500_000);
        let (layers, verification) = home.verified("stores/two:latest");
        assert_eq!(verification.identical, layers - 1, "{store}");
        let digest = longest.file_name().unwrap().to_str().unwrap();
        let expected = format!("its blob is not what its digest sha256:{digest} names");
        assert_eq!(messages(&verification), [expected]);
        assert_eq!(home.gate("stores/two").status.code(), Some(2));
    }
}

#[test]
fn a_layer_whose_blob_is_gone_is_told_and_not_taken_for_verified() {
    for store in CONTAINERD {
        let Some(home) = Home::unpacked(store) else {
            return;
        };
        let longest = home
            .blobs()
            .into_iter()
            .max_by_key(|blob| blob.metadata().unwrap().len());
        fs::remove_file(longest.unwrap()).unwrap();
        let (layers, verification) = home.verified("stores/two:latest");
        assert_eq!(verification.identical, layers - 1, "{store}");
        let reason = "its blob is no longer in the content store";
        assert_eq!(verification.unprovable, [(reason.to_owned(), 1)]);
        says(
            &home.gate("stores/two"),
            &format!(
                "warning: {} of {layers} layers are what their digests name; 1 could not be verified: {reason}",
                layers - 1
            ),
        );
    }
}

/// Opens a container by its name.
fn container(root: &Path, name: &str) -> Analysis {
    let inventory = store::read(root, &Job::new()).unwrap();
    let [store] = inventory.stores.as_slice() else {
        panic!("{} stores", inventory.stores.len());
    };
    let at = store.containers.iter().position(|one| one.name == name);
    let id = ContainerId(u32::try_from(at.unwrap()).unwrap());
    let source = SourceInfo {
        kind: "store",
        locator: "store".into(),
    };
    let image = store.open_container(id).unwrap();
    analysis::run(source, image, &analysis::Options::default(), &Job::new()).unwrap()
}

fn kind(compared: &ImageComparison, path: &str) -> Option<DifferenceKind> {
    let mut paths = compared.paths.iter();
    let found = paths.find(|difference| difference.path == path.as_bytes())?;
    Some(found.kind)
}

#[test]
fn containers_differ_by_their_data() {
    for store in ["docker-overlay2", "docker-vfs", "docker28-containerd"] {
        let Some(unpacked) = stores::unpacked(store) else {
            return;
        };
        let root = unpacked.root();
        let between = |one, other| {
            compare(
                &container(&root, one),
                &container(&root, other),
                &Job::new(),
            )
            .unwrap()
        };
        // Copied up by `chmod` in two containers.
        let compared = between("c-running", "c-created");
        let chmodded = kind(&compared, "data/chmodme.bin");
        assert_eq!(chmodded, Some(DifferenceKind::MetadataOnly), "{store}");
        let file = "data/chmodme.bin";
        let before = between("c-running", "c-stopped");
        assert_ne!(
            kind(&before, file),
            Some(DifferenceKind::Changed),
            "{store}"
        );
        flip(&written_by(&root, "c-stopped").join(file), 20_000);
        let after = between("c-running", "c-stopped");
        assert_eq!(kind(&after, file), Some(DifferenceKind::Changed), "{store}");
    }
}

/// Returns the directory with what a container has written.
fn written_by(root: &Path, name: &str) -> PathBuf {
    let inventory = store::read(root, &Job::new()).unwrap();
    let store = &inventory.stores[0];
    let container = store.containers.iter().find(|one| one.name == name);
    let layer = store.layer(container.unwrap().writable.unwrap());
    let directory = match &layer.listing {
        Listing::Directory { directory, .. } | Listing::Copy { directory, .. } => directory,
        other => panic!("{other:?}"),
    };
    let shown = PathBuf::from(directory.shown());
    assert!(shown.is_dir(), "{}", shown.display());
    shown
}
