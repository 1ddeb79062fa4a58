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
