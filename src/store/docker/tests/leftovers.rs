//! What nobody owns, and what only the build cache does.

use super::*;

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
fn what_is_left_of_a_container_is_an_orphan_and_no_doubt() {
    let (root, ..) = sound();
    root.write("containers/4949/4949-json.log", "log");
    let store = root.read();
    assert_eq!(messages(&store), [""; 0]);
    let left = "containers/4949".to_owned();
    assert_eq!(orphans(&store), [("container-without-mount", left)]);
    assert_eq!(store.containers.len(), 1);
}

#[test]
fn half_removed_containers_go_with_the_prune_and_cached_logs_are_logs() {
    let (root, [_, middle, _], _) = sound();
    root.container("dead", "dead-mount", &middle);
    root.container("removing", "removing-mount", &middle);
    for (id, key) in [("dead", "Dead"), ("removing", "RemovalInProgress")] {
        let place = format!("containers/{id}/config.v2.json");
        let settings = std::fs::read_to_string(root.path(&place)).unwrap();
        let settings = settings.replace("\"State\":{", &format!("\"State\":{{\"{key}\":true,"));
        root.write(&place, settings);
    }
    root.write("containers/cafe/container-cached.log", "log");
    root.write("containers/cafe/container-cached.log.1.gz", "log");
    let store = root.read();
    let states: Vec<&str> = store
        .containers
        .iter()
        .map(|one| one.state.as_str())
        .collect();
    let mut sorted = states.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["created", "dead", "removing"]);
    let cafe = store
        .containers
        .iter()
        .find(|one| one.id == "cafe")
        .unwrap();
    assert_eq!(cafe.logs.len(), 3);
    let suggestions = crate::store::reclaim::suggestions(&store, None);
    let stopped = crate::store::reclaim::Group::Stopped;
    let pruned = suggestions.iter().find(|one| one.group == stopped).unwrap();
    assert_eq!(pruned.count, 3);
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

/// A pull that was given up, or an image whose record is gone: the layer is recorded, and nothing stands on it.
#[test]
fn a_recorded_layer_that_nothing_stands_on_is_nobodys() {
    let (root, [_, middle, _], _) = sound();
    let lost = root.layer("lost", Some(&middle));
    let store = root.read();
    assert_eq!(
        orphans(&store),
        [
            ("unreferenced-layer", record(&lost)),
            ("unreferenced-layer", "overlay2/lost".to_owned()),
            ("unreferenced-layer", "overlay2/lost/diff".to_owned()),
        ]
    );
    // Where an image's record cannot be read it may be that one's.
    let hidden = root.image(&["base", "middle", "lost"], "2026-03-01T00:00:00Z");
    root.write(&config_of(&hidden), "{");
    assert_eq!(orphans(&root.read()), []);
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
    assert_eq!(first.recorded_bytes, Some(100), "of the layer");
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

/// A content store with blobs that a record, a lease, the records of the store and a running ingest name, and one
/// blob and one ingest that nobody does.
fn with_content(root: &Root) -> Tree {
    let mut known = Tree::default();
    let [named, leased, known_blob, coming, stray] =
        ["named", "leased", "known", "coming", "stray"].map(digest);
    for digest in [&named, &leased, &known_blob, &coming, &stray] {
        root.write(&blob(digest), "blob");
    }
    let mut records = Tree::default();
    let value = format!(r#"{{"value":"{named}"}}"#);
    records.put(&[b"_main", b"record", b"cache.blob"], value);
    root.write("buildkit/metadata_v2.db", records.database());
    known.put(
        &[
            b"v1",
            b"buildkit",
            b"leases",
            b"l",
            b"content",
            leased.as_str().as_bytes(),
        ],
        "",
    );
    let of = |namespace: &'static [u8], digest: &Digest, tree: &mut Tree| {
        let blob = digest.as_str().as_bytes();
        tree.put(&[b"v1", namespace, b"content", b"blob", blob, b"size"], "8");
    };
    of(b"buildkit", &named, &mut known);
    of(b"buildkit_history", &known_blob, &mut known);
    let running: [&[u8]; 5] = [b"v1", b"buildkit", b"content", b"ingests", b"layer"];
    known.at(&running).put(&[b"ref"], "buildkit/7/layer");
    known.at(&running).put(&[b"expected"], coming.as_str());
    for (name, reference) in [
        ("running", "buildkit/7/layer"),
        ("dead", "buildkit/3/layer"),
    ] {
        let place = format!("buildkit/content/ingest/{name}");
        root.write(&format!("{place}/ref"), reference);
        root.write(&format!("{place}/startedat"), "2026-01-02T03:04:05Z");
        root.write(&format!("{place}/data"), "half");
    }
    root.write("buildkit/content/blobs/sha256/rubbish", "x");
    root.write("buildkit/containerdmeta.db", known.database());
    known
}

fn blob(digest: &Digest) -> String {
    format!("buildkit/content/blobs/sha256/{}", digest.encoded())
}

#[test]
fn what_the_cache_s_content_store_does_not_know_is_nobody_s() {
    let (root, ..) = sound();
    with_content(&root);
    let store = root.read();
    assert_eq!(messages(&store), [""; 0]);
    let mut wanted = vec![
        (
            "interrupted-pull",
            "buildkit/content/ingest/dead".to_owned(),
        ),
        (
            "unreferenced-blob",
            "buildkit/content/blobs/sha256/rubbish".to_owned(),
        ),
        ("unreferenced-blob", blob(&digest("stray"))),
    ];
    wanted.sort();
    assert_eq!(orphans(&store), wanted);
    let ingest = store
        .orphans
        .iter()
        .find(|one| one.kind == "interrupted-pull");
    assert!(ingest.unwrap().since.is_some());
    let record = &store.cache[0];
    let own = store.piece(record.pieces[0]);
    assert_eq!(own.location.path, blob(&digest("named")).as_bytes());
    assert_eq!(own.role, Role::Cache);
}

#[test]
fn without_its_records_no_blob_is_nobody_s() {
    let (root, ..) = sound();
    let known = with_content(&root);
    std::fs::remove_file(root.path("buildkit/containerdmeta.db")).unwrap();
    assert_eq!(orphans(&root.read()), []);
    root.write("buildkit/containerdmeta.db", "rubbish");
    assert_eq!(orphans(&root.read()), []);
    root.write("buildkit/containerdmeta.db", known.database());
    // A record of the cache that cannot be read may name any.
    root.write("buildkit/metadata_v2.db", "rubbish");
    assert_eq!(orphans(&root.read()), []);
}
