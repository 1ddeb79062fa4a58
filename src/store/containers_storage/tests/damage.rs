//! Records that are cut, gone, or out of reach: the rest is told, and nobody is accused.

use super::*;

#[test]
fn damaged_documents_leave_the_rest_and_accuse_nobody() {
    for (document, text) in [
        ("overlay-layers/layers.json", r#"[{"id":"a"},{"id":"#),
        ("overlay-layers/layers.json", ""),
        ("overlay-images/images.json", "{}"),
        ("overlay-containers/containers.json", "[[[["),
    ] {
        let root = Root::new();
        root.layers(TWO_LAYERS).diff("a").diff("b");
        root.image(r#"[{"id":"i","layer":"b"}]"#);
        root.file(document, text);
        let store = root.read();
        assert!(warned(&store, document), "{:?}", store.warnings);
        assert_eq!(orphans(&store), BTreeMap::new(), "{document}");
        assert_eq!(store.layers.len(), 2, "{document}");
    }
}

#[test]
fn a_document_that_is_gone_accuses_nobody() {
    for kind in ["layers", "images", "containers"] {
        let root = Root::new();
        root.layers(TWO_LAYERS).diff("a").diff("b").diff("w");
        root.image(r#"[{"id":"i","layer":"b"}]"#)
            .file("overlay-images/i/manifest", "{}");
        root.file("overlay-containers/k/userdata/x", "");
        root.file(
            "overlay-containers/containers.json",
            r#"[{"id":"k","image":"i","layer":"w"}]"#,
        );
        root.layers(r#"[{"id":"a"},{"id":"b","parent":"a"},{"id":"w","parent":"b"}]"#);
        assert_eq!(orphans(&root.read()), BTreeMap::new());
        fs::remove_file(root.path().join(format!("overlay-{kind}/{kind}.json"))).unwrap();
        let store = root.read();
        assert!(warned(&store, "it is missing, but there are"), "{kind}");
        assert_eq!(orphans(&store), BTreeMap::new(), "{kind}");
    }
}

#[test]
fn a_document_that_is_a_link_is_not_followed() {
    let root = Root::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("stolen"), TWO_LAYERS).unwrap();
    let document = root.path().join("overlay-layers/layers.json");
    fs::remove_file(&document).unwrap();
    symlink(outside.path().join("stolen"), &document).unwrap();
    let store = root.read();
    assert!(store.layers.is_empty());
    assert!(warned(&store, "symbolic link"), "{:?}", store.warnings);
}

/// A root with an image, a container of it, and a volume.
fn stocked() -> Root {
    let root = Root::new();
    root.layers(r#"[{"id":"a"},{"id":"b","parent":"a"},{"id":"w","parent":"b"}]"#);
    root.diff("a").diff("b").diff("w");
    root.image(r#"[{"id":"i","names":["app:1"],"layer":"b"}]"#)
        .file("overlay-images/i/manifest", "{}");
    root.file("overlay-containers/k/userdata/x", "");
    root.file(
        "overlay-containers/containers.json",
        r#"[{"id":"k","image":"i","layer":"w"}]"#,
    );
    root.file("volumes/data/_data/file", "x");
    root
}

#[test]
fn parts_out_of_reach_are_unmeasured_and_accuse_nobody() {
    let parts = [
        "overlay-containers",
        "overlay-images",
        "overlay-layers",
        "overlay",
        "overlay/w",
        "overlay/w/diff",
        "overlay/b/diff",
        "volumes",
        "volumes/data",
        "volumes/data/_data",
    ];
    for part in parts {
        let root = stocked();
        assert_eq!(root.read().ownership, Ownership::Recorded);
        let aside = root.path().join("aside");
        fs::rename(root.path().join(part), &aside).unwrap();
        symlink(&aside, root.path().join(part)).unwrap();
        let mut inventory = crate::store::Inventory {
            name: String::new(),
            stores: vec![root.read()],
        };
        crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
        let store = &inventory.stores[0];
        assert_eq!(orphans(store), BTreeMap::new(), "{part}");
        assert!(
            warned(store, &format!("is a symbolic link to {}", aside.display())),
            "{part}: {:?}",
            store.warnings
        );
        for words in ["os error", "its directory"] {
            assert!(!warned(store, words), "{part}: {:?}", store.warnings);
        }
        let is_whole = !matches!(
            part,
            "overlay-containers" | "overlay-images" | "overlay-layers"
        );
        assert_eq!(store.ownership == Ownership::Recorded, is_whole, "{part}");
        let accounts = crate::store::Accounts::of(store, crate::store::Basis::Disk);
        assert_eq!(accounts.totals.orphans.bytes, 0, "{part}");
        assert!(!accounts.totals.total.is_whole(), "{part}");
        if part.starts_with("overlay/w") || part == "overlay" {
            assert!(!accounts.containers[0].writable.is_whole(), "{part}");
        }
        if part.starts_with("overlay/b") || part == "overlay" {
            assert!(!accounts.images[0].total.is_whole(), "{part}");
        }
        if part.starts_with("volumes/") {
            assert!(!accounts.volumes[0].is_whole(), "{part}");
        }
    }
}

/// The record comes before the files, and goes after them: Podman removes it with the next start.
#[test]
fn a_half_made_layer_without_files_is_no_damage() {
    let root = Root::new();
    root.layers(r#"[{"id":"half","flags":{"incomplete":true}}]"#);
    let store = root.read();
    assert_eq!(store.warnings, []);
    assert_eq!(store.orphans.len(), 0);
}
