//! Who mounts a volume, where a container's own configuration does not tell.

use super::*;
use crate::store::ContainerId;
use crate::store::bbolt::writer::Tree;

/// A container that was made and never started has no configuration yet.
fn with_one_that_was_never_started() -> Root {
    let root = Root::new();
    root.layers(r#"[{"id":"w"}]"#).diff("w");
    let containers = r#"[{"id":"made","layer":"w","names":["made"]}]"#;
    root.file("overlay-containers/containers.json", containers);
    root.file("volumes/mounted/_data/f", "")
        .file("volumes/lone/_data/f", "");
    root
}

fn users(store: &Store, name: &str) -> (Vec<ContainerId>, Ownership) {
    let volume = store
        .volumes
        .iter()
        .find(|volume| volume.name == name)
        .unwrap();
    (volume.containers.clone(), volume.users)
}

#[test]
fn without_a_database_nobody_is_known_to_mount_nothing() {
    let root = with_one_that_was_never_started();
    let store = root.read();
    for name in ["mounted", "lone"] {
        assert_eq!(users(&store, name), (Vec::new(), Ownership::InPart));
    }
    // Where every container has a configuration, they tell.
    root.file("overlay-containers/made/userdata/config.json", "{}");
    assert_eq!(
        users(&root.read(), "lone"),
        (Vec::new(), Ownership::Recorded)
    );
}

#[test]
fn the_database_of_libpod_tells_who_mounts_a_volume() {
    let root = with_one_that_was_never_started();
    let mut database = Tree::default();
    let of: [&[u8]; 4] = [b"vol", b"mounted", b"vol-dependencies", b"made"];
    database.put(&of, *b"made");
    let gone: [&[u8]; 4] = [b"vol", b"lone", b"vol-dependencies", b"gone"];
    database.put(&gone, *b"gone");
    let place = root.path().join("libpod");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("bolt_state.db"), database.database()).unwrap();
    let store = root.read();
    assert_eq!(
        users(&store, "mounted"),
        (vec![ContainerId(0)], Ownership::Recorded)
    );
    assert_eq!(users(&store, "lone"), (Vec::new(), Ownership::Recorded));
    // Podman 5 left it behind, and writes another.
    root.file("libpod/db.sql", "");
    assert_eq!(users(&root.read(), "lone").1, Ownership::InPart);
}
