//! What nobody owns, and what only looks so.

use std::fs;

use super::super::*;
use super::home::{CONTENT, Home, META};
use super::{orphans, store_of};
use crate::store::{Exit, Record};

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
    for orphan in &store.orphans {
        // What containerd has a record of goes by that, and the rest with its garbage.
        let is_recorded = matches!(orphan.exit, Exit::Records(_));
        let has_record = ["no image, ", "written by "];
        let has_record = has_record
            .iter()
            .any(|start| orphan.reason.starts_with(start));
        assert_eq!(is_recorded, has_record, "{orphan:?}");
    }
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
    let held = store.layers.iter().find(|of| of.name == "rooted").unwrap();
    assert_eq!(store.piece(held.pieces[0]).role, Role::Bookkeeping);
    let [lease] = store.leases.as_slice() else {
        panic!("{:?}", store.leases);
    };
    assert_eq!((lease.id.as_str(), lease.ends), ("l", None));
    // Two snapshots with the directories around them, a blob and what its label names.
    assert_eq!(lease.pieces.len(), 6);
    let leased_layers = store.leased.iter().map(|id| store.layer(*id).name.as_str());
    assert_eq!(
        leased_layers.collect::<Vec<_>>(),
        ["leased", "above", "rooted"]
    );
    assert_eq!(leased, 2);
}

/// A pull that was cut off leaves a lease, and containerd's collector passes over it once it is over.
#[test]
fn what_only_a_lease_holds_that_is_over_goes_with_the_lease() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    home.snapshot("default", "overlayfs", "below", 3, "");
    home.snapshot("default", "overlayfs", "pulled", 2, "below");
    let blob = home.blob("default", b"of the pull");
    let going_on = home.blob("default", b"of a pull that is going on");
    for (lease, blob, ends) in [
        ("old", &blob, "2020-01-01T00:00:00Z"),
        ("new", &going_on, "9999-01-01T00:00:00Z"),
    ] {
        let of = |last: [&[u8]; 2], value: &[u8]| -> ([Vec<u8>; 6], Vec<u8>) {
            let path = [b"v1", b"default".as_slice(), b"leases", lease.as_bytes()];
            let whole = [path[0], path[1], path[2], path[3], last[0], last[1]];
            (whole.map(<[u8]>::to_vec), value.to_vec())
        };
        for (path, value) in [
            of([b"content", blob.as_bytes()], b""),
            of([b"labels", b"containerd.io/gc.expire"], ends.as_bytes()),
        ] {
            let path: Vec<&[u8]> = path.iter().map(Vec::as_slice).collect();
            home.meta.put(&path, value);
        }
    }
    let held: [&[u8]; 5] = [b"v1", b"default", b"leases", b"old", b"snapshots"];
    home.meta.at(&held).put(&[b"overlayfs", b"pulled"], *b"");
    home.write();

    let store = store_of(root.path());
    let lease = Record::Lease {
        namespace: "default".into(),
        id: "old".into(),
    };
    assert_eq!(store.orphans.len(), 3, "{:?}", store.orphans);
    for orphan in &store.orphans {
        assert_eq!(orphan.kind, "interrupted-pull");
        assert!(orphan.reason.contains("the lease old"), "{}", orphan.reason);
        assert_eq!(orphan.exit, Exit::Records(vec![lease.clone()]));
    }
    let [lease] = store.leases.as_slice() else {
        panic!("{:?}", store.leases);
    };
    assert_eq!(lease.words(), "lease new until 9999-01-01 00:00 UTC");
    let pieces = lease.pieces.iter().map(|piece| store.piece(*piece));
    let paths: Vec<_> = pieces.map(|piece| piece.location.path.clone()).collect();
    let digest = going_on.trim_start_matches("sha256:");
    assert!(matches!(paths.as_slice(), [path] if path.ends_with(digest.as_bytes())));
}

/// What an image has is not the lease's, though a pull of the same image holds it too.
#[test]
fn a_lease_has_no_row_for_what_others_keep() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    let made = home.image("default", &["a"], "layer");
    home.snapshot("default", "overlayfs", &made.chain, 3, "");
    let lease: [&[u8]; 4] = [b"v1", b"default", b"leases", b"l"];
    let held = home.meta.at(&lease);
    held.put(&[b"content", made.target.as_bytes()], *b"");
    held.put(&[b"snapshots", b"overlayfs", made.chain.as_bytes()], *b"");
    home.write();
    let store = store_of(root.path());
    assert!(store.leases.is_empty(), "{:?}", store.leases);
    assert!(store.orphans.is_empty(), "{:?}", store.orphans);
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
fn an_engine_at_work_is_not_accused() {
    let root = tempfile::tempdir().unwrap();
    let mut home = Home::new(root.path());
    home.blob("default", b"nobody names it");
    home.write();
    let beneath = Beneath::open(root.path()).unwrap();
    let mut reader = ContainerdReader::new(StoreDirectories::find(&beneath).unwrap());
    reader.read_meta();
    // A snapshot and a blob are made while the rest is read.
    home.snapshot("default", "overlayfs", "new", 2, "");
    home.blob("default", b"new");
    home.write();
    fs::write(root.path().join(META), home.meta.database_at(8)).unwrap();
    reader.read_snapshotters();
    reader.add_layers();
    reader.list_content();
    assert_eq!(reader.content.pieces.len(), 2);
    reader.look_again();
    reader.add_leftovers();
    assert!(reader.is_overtaken);
    assert_eq!(orphans(&reader.store), []);
    assert_eq!(store_of(root.path()).orphans.len(), 3);
}
