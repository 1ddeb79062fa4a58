//! Artifacts of Podman 5, and what no engine is known to make in a root.

use super::*;
use crate::image::Digest;
use crate::store::reclaim::{Step, Target, steps};
use crate::store::{ExtraId, ExtraKind, Owner};

#[test]
fn artifacts_have_rows_with_their_blobs() {
    let root = Root::new();
    root.layers("[]");
    let blob = |content: &str| {
        let digest = Digest::of(content);
        root.file(
            &format!("artifacts/blobs/sha256/{}", digest.encoded()),
            content,
        );
        digest
    };
    let (config, own, shared) = (blob("{}"), blob("own"), blob("shared"));
    let manifest = |layers: &[&Digest]| {
        let layers: Vec<String> = layers
            .iter()
            .map(|layer| format!(r#"{{"digest":"{layer}"}}"#))
            .collect();
        let layers = layers.join(",");
        blob(&format!(
            r#"{{"config":{{"digest":"{config}"}},"layers":[{layers}]}}"#
        ))
    };
    let (first, second) = (manifest(&[&own, &shared]), manifest(&[&shared]));
    let lost = blob("lost");
    root.file(
        "artifacts/index.json",
        &format!(
            r#"{{"manifests":[{{"digest":"{first}","annotations":{{"org.opencontainers.image.ref.name":"quay.io/model:1"}}}},{{"digest":"{second}"}}]}}"#
        ),
    );
    root.file("lost+found/#1", "found");
    for known in [
        "libpod/bolt_state.db",
        "storage.lock",
        "secrets/x",
        "db.sql",
        "overlay-images/images.lock",
    ] {
        root.file(known, "");
    }
    let store = root.read();
    let extras = store.extras.iter();
    let extras: Vec<_> = extras
        .map(|extra| (extra.kind, extra.name.as_str(), extra.pieces.len()))
        .collect();
    assert_eq!(
        extras,
        [
            (ExtraKind::Artifact, "quay.io/model:1", 4),
            (ExtraKind::Artifact, second.as_str(), 3),
            (ExtraKind::Foreign, "lost+found", 1),
        ]
    );
    let lost = format!("artifacts/blobs/sha256/{}", lost.encoded());
    assert_eq!(
        orphans(&store),
        BTreeMap::from([(lost, "unreferenced-blob")])
    );
    let steps = steps(&store, &[Target::Owner(Owner::Extra(ExtraId(0)))]);
    let lines: Vec<String> = steps.iter().flat_map(Step::lines).collect();
    assert!(lines[0].starts_with("# check first"), "{lines:?}");
    assert_eq!(lines[1..], ["podman artifact rm quay.io/model:1"]);
    // What a manifest refers to that cannot be read is nobody's for all that is known.
    root.file(&format!("artifacts/blobs/sha256/{}", first.encoded()), "{");
    assert!(orphans(&root.read()).is_empty());
}

/// The files of all layers are on a disk in a file: nobody's they are not, and nothing they are not either.
#[test]
fn a_pool_is_no_orphan_and_layers_in_it_are_unmeasured() {
    use crate::store::{Accounts, Basis, Inventory, measure};
    let root = Root::new();
    for kind in ["layers", "images", "containers"] {
        fs::remove_dir_all(root.path().join(format!("overlay-{kind}"))).unwrap();
    }
    fs::remove_dir_all(root.path().join("overlay")).unwrap();
    root.file(
        "devicemapper-layers/layers.json",
        r#"[{"id":"a","diff-size":5000}]"#,
    );
    root.file(
        "devicemapper-images/images.json",
        r#"[{"id":"i","names":["app:1"],"layer":"a"}]"#,
    );
    root.file("devicemapper-images/i/manifest", "{}");
    root.file("devicemapper-containers/containers.json", "[]");
    root.file("devicemapper/devicemapper/data", &"d".repeat(300_000));
    root.file("devicemapper/devicemapper/metadata", "m");
    root.file("devicemapper/metadata/a", "{}");
    root.file("devicemapper/mnt/a/id", "a");
    let store = root.read();
    assert_eq!(store.orphans.len(), 0, "{:?}", store.orphans);
    let pools = store.extras.iter();
    let pools: Vec<(&str, ExtraKind)> = pools.map(|one| (one.name.as_str(), one.kind)).collect();
    let data = ("devicemapper/devicemapper/data", ExtraKind::Pool);
    assert_eq!(pools[0], data);
    assert_eq!(pools.len(), 2);
    let mut inventory = Inventory {
        name: "store".into(),
        stores: vec![store],
    };
    measure::measure(&mut inventory, None, &Job::new()).unwrap();
    let accounts = Accounts::of(&inventory.stores[0], Basis::Disk);
    assert!(accounts.extras[0].bytes >= 300_000);
    assert!(!accounts.images[0].total.is_whole());
    assert!(!accounts.totals.total.is_whole());
}
