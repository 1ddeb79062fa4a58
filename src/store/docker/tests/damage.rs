//! One record that cannot be used.

use super::*;

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
        // The directory may be that layer's: nothing is an orphan, and the layer is not empty.
        assert_eq!(orphans(&store), [], "{cache_id}");
        one_warning(&store, "a directory that no record names");
        let piece = store.piece(layer.unwrap().pieces[0]);
        assert!(piece.unmeasured.is_some(), "{cache_id}");
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
                    .unwrap();
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
        assert_eq!(orphans(&store), [], "{place}");
        let unmeasured = store.pieces.iter();
        let unmeasured = unmeasured.filter_map(|piece| piece.unmeasured.as_deref());
        let told: Vec<&str> = messages(&store).into_iter().chain(unmeasured).collect();
        assert!(
            told.iter()
                .any(|message| message.contains("is a symbolic link to")),
            "{place}: {told:?}"
        );
        for message in told {
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
    replaced("image/overlay2/layerdb/sha256", true);
    replaced("image/overlay2/imagedb/content/sha256", true);
    replaced("containers", true);
    replaced("containers/cafe", true);
    replaced("volumes", true);
    replaced("overlay2", true);
}

#[test]
fn records_out_of_reach_leave_nobody_without_an_owner() {
    let parts = [
        "containers",
        "containers/cafe",
        "image/overlay2/layerdb/mounts",
        "image/overlay2/layerdb/sha256",
        "image/overlay2/imagedb/content/sha256",
    ];
    for part in parts {
        let (root, ..) = sound();
        let aside = root.path("aside");
        std::fs::rename(root.path(part), &aside).unwrap();
        for is_link in [true, false] {
            if is_link {
                symlink(&aside, root.path(part)).unwrap();
            } else if part == "containers/cafe" {
                // A container without a directory is gone.
                continue;
            } else {
                std::fs::remove_file(root.path(part)).unwrap();
            }
            let store = root.read();
            assert_eq!(orphans(&store), [], "{part}");
            assert!(!store.warnings.is_empty(), "{part}");
            let is_known = part.contains("layerdb");
            assert_eq!(
                store.ownership == crate::store::Ownership::Recorded,
                is_known,
                "{part}"
            );
            if !part.contains("imagedb") {
                assert_eq!(store.images.len(), 2, "{part}");
            }
            let [container] = store.containers.as_slice() else {
                panic!("{part}: {:?}", store.containers);
            };
            assert_eq!(container.id, "cafe");
            let written = store.layer(container.writable.unwrap());
            let piece = store.piece(written.pieces[0]);
            assert_eq!(piece.role, Role::Writable, "{part}");
            assert_eq!(
                piece.unmeasured.is_some(),
                part.ends_with("mounts"),
                "{part}"
            );
        }
    }
}

#[test]
fn parts_that_are_links_are_unmeasured_and_not_empty() {
    let parts = [
        ("overlay2", "is a symbolic link to"),
        ("overlay2/written", "is a symbolic link to"),
        ("overlay2/written/diff", "diff is a symbolic link to"),
        ("volumes", "is a symbolic link to"),
        ("volumes/data", "data is a symbolic link to"),
        ("volumes/data/_data", "_data is a symbolic link to"),
        ("containers", "containers is a symbolic link to"),
        ("containers/cafe", "cafe is a symbolic link to"),
        ("buildkit", "buildkit is a symbolic link to"),
        (
            "image/overlay2/imagedb/content/sha256",
            "sha256 is a symbolic link to",
        ),
        (
            "image/overlay2/layerdb/sha256",
            "sha256 is a symbolic link to",
        ),
    ];
    for (part, words) in parts {
        let (root, ..) = sound();
        root.make("buildkit");
        let aside = root.path("aside");
        std::fs::rename(root.path(part), &aside).unwrap();
        symlink(&aside, root.path(part)).unwrap();
        let mut inventory = crate::store::Inventory {
            name: String::new(),
            stores: vec![root.read()],
        };
        crate::store::measure::measure(&mut inventory, None, &Job::new()).unwrap();
        let store = &inventory.stores[0];
        let unmeasured: Vec<&str> = store
            .pieces
            .iter()
            .filter_map(|piece| piece.unmeasured.as_deref())
            .collect();
        assert!(
            unmeasured.iter().any(|reason| reason.contains(words)),
            "{part}: {unmeasured:?}"
        );
        assert!(unmeasured.iter().all(|reason| !reason.contains("os error")));
        let accounts = crate::store::Accounts::of(store, crate::store::Basis::Disk);
        assert_eq!(accounts.totals.orphans.bytes, 0, "{part}");
        assert!(!accounts.totals.total.is_whole(), "{part}");
        if part.starts_with("volumes") && part != "volumes" {
            assert!(!accounts.volumes[0].is_whole(), "{part}");
        }
        if part.starts_with("overlay2") {
            assert!(!accounts.containers[0].writable.is_whole(), "{part}");
        }
    }
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
