use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::layer::dir::Encoding;
use crate::layer::whole_copy::CopyLayer;

const FILE: &[u8] = b"data of the file";

/// A layer with a file, another name of it and a deletion, and what is there when it is unpacked.
struct Bench {
    home: TempDir,
    tar: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for name in ["below", "whole", "changes"] {
            directory(&home.path().join(name));
            directory(&home.path().join(name).join("a"));
        }
        for name in ["whole", "changes"] {
            let path = home.path().join(name).join("a/file");
            fs::write(&path, FILE).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            fs::hard_link(&path, home.path().join(name).join("a/again")).unwrap();
        }
        for name in ["gone", "kept"] {
            fs::write(home.path().join("below/a").join(name), name).unwrap();
        }
        let kept = |of: &str| home.path().join(of).join("a/kept");
        fs::hard_link(kept("below"), kept("whole")).unwrap();
        let bench = Self { home, tar: tar() };
        fs::write(bench.path("blob"), &bench.tar).unwrap();
        bench
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    fn digest(&self) -> String {
        let sum = Sha256::digest(&self.tar);
        sum.iter().fold("sha256:".to_owned(), |text, byte| {
            format!("{text}{byte:02x}")
        })
    }

    fn beneath(&self, name: &str) -> Beneath {
        Beneath::open(&self.path(name)).unwrap()
    }

    fn blob(&self) -> Blob {
        let location = Location::new(&self.beneath(""), b"blob".to_vec());
        Blob::At(location, Digest::parse(&self.digest()).unwrap())
    }

    /// As the native snapshotter keeps it.
    fn copy(&self) -> UnpackedLayer {
        let whole = self.beneath("whole");
        UnpackedLayer {
            layer: Arc::new(CopyLayer::new(whole.clone(), Some(self.beneath("below")))),
            form: UnpackedAs::Copy(DirLayer::new(whole.clone(), Encoding::Plain)),
            directory: whole,
            blob: self.blob(),
        }
    }

    /// As an overlay keeps it, where whiteouts have names: devices are for root.
    fn changes(&self) -> UnpackedLayer {
        fs::write(self.path("changes/a/.wh.gone"), "").unwrap();
        let changes = self.beneath("changes");
        UnpackedLayer {
            layer: Arc::new(DirLayer::new(changes.clone(), Encoding::Aufs)),
            form: UnpackedAs::Changes,
            directory: changes,
            blob: self.blob(),
        }
    }

    fn verified(&self, layer: &UnpackedLayer) -> Verified {
        layer.verify(&self.digest(), &Job::new()).unwrap()
    }

    fn damage(&self, layer: &UnpackedLayer) -> Vec<(String, String)> {
        let verified = self.verified(layer);
        let reason = "its directory is not what its blob unpacks to";
        assert_eq!(verified.outcome, Outcome::Altered(reason.into()));
        let damaged = verified.damaged.into_iter();
        damaged
            .map(|damaged| (String::from_utf8(damaged.path).unwrap(), damaged.reason))
            .collect()
    }
}

fn directory(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn tar() -> Vec<u8> {
    let mut tar = ::tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind, mode, data: &[u8]| {
        let mut header = ::tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(data.len() as u64);
        if kind == ::tar::EntryType::Link {
            header.set_link_name("a/file").unwrap();
        }
        tar.append_data(&mut header, name, data).unwrap();
    };
    add("a", ::tar::EntryType::Directory, 0o755, b"");
    add("a/file", ::tar::EntryType::Regular, 0o644, FILE);
    add("a/again", ::tar::EntryType::Link, 0o644, b"");
    add("a/.wh.gone", ::tar::EntryType::Regular, 0o644, b"");
    tar.into_inner().unwrap()
}

fn told(path: &str, reason: &str) -> (String, String) {
    (path.to_owned(), reason.to_owned())
}

#[test]
fn what_was_unpacked_is_what_the_blob_holds() {
    let bench = Bench::new();
    for layer in [bench.changes(), bench.copy()] {
        let verified = bench.verified(&layer);
        assert_eq!(verified.damaged, []);
        assert_eq!(verified.outcome, Outcome::Identical);
        assert_eq!(verified.files, 1);
    }
}

#[test]
fn files_that_were_changed_taken_away_or_added_are_named() {
    let bench = Bench::new();
    let layer = bench.changes();
    fs::write(bench.path("changes/a/file"), b"data of another!").unwrap();
    fs::write(bench.path("changes/a/new"), "").unwrap();
    fs::remove_file(bench.path("changes/a/.wh.gone")).unwrap();
    let expected = [
        told("a/gone", "the whiteout that removes it is missing"),
        told("a/new", "nothing in the layer has this name"),
        told("a/file", "its data differs from byte 8 on"),
    ];
    assert_eq!(bench.damage(&layer), expected);
}

#[test]
fn a_whole_file_system_is_held_against_the_layer_and_the_one_below() {
    let bench = Bench::new();
    let layer = bench.copy();
    fs::write(bench.path("whole/a/gone"), "").unwrap();
    fs::remove_file(bench.path("whole/a/kept")).unwrap();
    fs::remove_file(bench.path("whole/a/again")).unwrap();
    fs::write(bench.path("whole/a/again"), FILE).unwrap();
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(bench.path("whole/a/again"), mode).unwrap();
    let expected = [
        told("a/again", "it is no longer a name of /a/file"),
        told("a/gone", "it is there, although the layer removes it"),
        told("a/kept", "it is removed, which the layer does not"),
    ];
    assert_eq!(bench.damage(&layer), expected);
}

/// What is put in the place of a file must not lead out of the store.
#[test]
fn links_are_not_followed() {
    let bench = Bench::new();
    let layer = bench.changes();
    for name in ["file", "again"] {
        let path = bench.path("changes/a").join(name);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(bench.path("whole/a/file"), &path).unwrap();
    }
    let expected = [
        told("a/again", "it is no longer a name of /a/file"),
        told("a/file", "it is of type symlink, not file"),
    ];
    assert_eq!(bench.damage(&layer), expected);
}

#[test]
fn a_blob_that_is_gone_or_changed_is_told_apart() {
    let bench = Bench::new();
    let mut layer = bench.changes();
    let mut changed = bench.tar.clone();
    changed[1024] ^= 1;
    fs::write(bench.path("blob"), changed).unwrap();
    let digest = bench.digest();
    let reason = format!("its blob is not what its digest {digest} names");
    assert_eq!(bench.verified(&layer).outcome, Outcome::Altered(reason));
    fs::remove_file(bench.path("blob")).unwrap();
    let gone = Outcome::Unprovable("its blob is no longer in the content store".into());
    assert_eq!(bench.verified(&layer).outcome, gone);
    layer.blob = Blob::Gone;
    assert_eq!(bench.verified(&layer).outcome, gone);
}
