//! Plugins, and what Docker is not known to make.

use super::*;
use crate::store::reclaim::{Target, steps};
use crate::store::{ExtraId, ExtraKind, Owner};

fn extras(store: &Store) -> Vec<(ExtraKind, &str, usize)> {
    let extras = store.extras.iter();
    extras
        .map(|extra| (extra.kind, extra.name.as_str(), extra.pieces.len()))
        .collect()
}

fn commands(store: &Store, at: u32) -> Vec<String> {
    let steps = steps(store, &[Target::Owner(Owner::Extra(ExtraId(at)))]);
    steps
        .iter()
        .flat_map(crate::store::reclaim::Step::lines)
        .collect()
}

#[test]
fn plugins_have_rows_with_the_blobs_they_came_in() {
    let (root, ..) = sound();
    let [shared, own, lost] = ["shared", "own", "lost"].map(digest);
    for blob in [&shared, &own, &lost] {
        root.write(
            &format!("plugins/storage/blobs/sha256/{}", blob.encoded()),
            "blob",
        );
    }
    let plugin = |id: &str, name: &str, is_enabled: bool, blobs: &[&Digest]| {
        let blobs: Vec<String> = blobs.iter().map(|blob| format!("\"{blob}\"")).collect();
        let settings = format!(
            r#"{{"plugin":{{"Name":"{name}","Id":"{id}","Enabled":{is_enabled}}},"Blobsums":[{}]}}"#,
            blobs.join(",")
        );
        root.write(&format!("plugins/{id}/config.json"), settings);
        root.write(&format!("plugins/{id}/rootfs/driver"), "driver");
    };
    plugin("aa", "grafana/loki:latest", true, &[&shared, &own]);
    plugin("bb", "vieux/sshfs:latest", false, &[&shared]);
    root.make("plugins/tmp");
    let store = root.read();
    assert_eq!(
        extras(&store),
        [
            (
                ExtraKind::Plugin { is_enabled: true },
                "grafana/loki:latest",
                3
            ),
            (
                ExtraKind::Plugin { is_enabled: false },
                "vieux/sshfs:latest",
                2
            ),
        ]
    );
    let lost = format!("plugins/storage/blobs/sha256/{}", lost.encoded());
    assert_eq!(orphans(&store), [("unreferenced-blob", lost)]);
    let [disable, remove] =
        ["disable", "rm"].map(|word| format!("docker plugin {word} grafana/loki:latest"));
    let told = commands(&store, 0);
    assert!(
        told[0].starts_with("# check first") && told[1..] == [disable, remove],
        "{told:?}"
    );
    assert_eq!(commands(&store, 1), ["docker plugin rm vieux/sshfs:latest"]);
    // Without the settings of one it may have any blob.
    root.write("plugins/cc/config.json", "{");
    let store = root.read();
    assert_eq!(
        extras(&store)[2],
        (ExtraKind::Plugin { is_enabled: false }, "cc", 1)
    );
    assert_eq!(orphans(&store), []);
}

#[test]
fn what_docker_does_not_make_has_a_row_and_no_command() {
    let (root, ..) = sound();
    root.write("lost+found/#12345", "found");
    root.write("backup.tar", "backup");
    root.write("tmp-old/GetImageBlob1", "pulled");
    for known in [
        "network",
        "swarm",
        "runtimes",
        "trust",
        "engine-id",
        "100000.100000",
        "vfs",
    ] {
        root.make(known);
    }
    let store = root.read();
    let foreign = ExtraKind::Foreign;
    assert_eq!(
        extras(&store),
        [(foreign, "backup.tar", 1), (foreign, "lost+found", 1)]
    );
    assert_eq!(
        orphans(&store),
        [("temporary-leftover", "tmp-old".to_owned())]
    );
    let told = commands(&store, 0);
    assert!(told.iter().all(|line| line.starts_with('#')), "{told:?}");
    assert!(told[1].ends_with("/backup.tar"), "{told:?}");
}

/// The files are the machine's, and no command about the volume frees them.
#[test]
fn what_a_volume_shows_of_the_machine_is_not_its_own() {
    let (root, ..) = sound();
    let options = |options: &str, device: &str| {
        format!(r#"{{"MountType":"none","MountOpts":"{options}","MountDevice":"{device}"}}"#)
    };
    root.write("volumes/site/opts.json", options("rw,bind", "/srv/site"));
    root.write("volumes/site/_data/index.html", "shown");
    root.write("volumes/disk/opts.json", options("rw", "/dev/sdb1"));
    root.write("volumes/disk/_data/file", "its own");
    let store = root.read();
    let name = "volumes/site/_data, which shows /srv/site";
    assert_eq!(extras(&store), [(ExtraKind::Bound, name, 1)]);
    let pieces = |name: &str| {
        let volume = store.volumes.iter().find(|one| one.name == name);
        volume.unwrap().pieces.len()
    };
    assert_eq!((pieces("site"), pieces("disk")), (1, 2));
    assert!(commands(&store, 0)[0].contains("leaves its files alone"));
}
