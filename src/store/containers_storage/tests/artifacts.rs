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
