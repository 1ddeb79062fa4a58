use std::path::Path;

use super::{Below, RemoteMounts, Shows, parse};

const TABLE: &[u8] = b"\
21 1 8:2 / / rw - ext4 /dev/sda2 rw\n\
30 21 0:40 / /d/volumes/nfs/_data rw - nfs4 10.0.0.9:/export rw,hard\n\
31 21 0:41 / /d/overlay2/x/merged rw - fuse.fuse-overlayfs fuse-overlayfs rw\n\
32 21 0:42 / /data rw - cifs //nas/share rw\n\
33 21 0:43 / /d/disk rw - fuseblk /dev/sdb1 rw\n\
34 21 0:44 / /d/auto rw - autofs systemd-1 rw\n\
35 34 8:3 / /d/auto rw - ext4 /dev/sda3 rw\n\
36 21 0:45 / /d/gone/deep rw - nfs old:/ rw\n\
37 21 8:4 / /d/gone rw - ext4 /dev/sda4 rw\n\
38 21 0:46 / /d/with\\040space rw - 9p host rw\n";

fn told(mounts: &RemoteMounts, place: &str) -> Option<String> {
    mounts
        .on_the_way(place.as_bytes())
        .map(|told| told.to_string())
}

#[test]
fn what_may_not_answer_is_told_by_its_place() {
    let mounts = RemoteMounts::below(Path::new("/d"), TABLE);
    let nfs = Some("10.0.0.9:/export (nfs4)".to_owned());
    assert_eq!(told(&mounts, "volumes/nfs/_data"), nfs);
    assert_eq!(told(&mounts, "volumes/nfs/_data/a/b"), nfs);
    let fuse = Some("fuse-overlayfs (fuse.fuse-overlayfs)".to_owned());
    assert_eq!(told(&mounts, "overlay2/x/merged"), fuse);
    assert_eq!(told(&mounts, "with space"), Some("host (9p)".into()));
    for local in [
        "",
        "volumes",
        "volumes/nfs",
        "volumes/nfs/_data2",
        "disk",
        // A disk was mounted over these.
        "auto",
        "gone/deep",
    ] {
        assert_eq!(told(&mounts, local), None, "{local}");
    }
    // Beside the directory, and above it: whoever named it knows.
    assert_eq!(told(&mounts, "ata"), None);
    assert_eq!(
        RemoteMounts::below(Path::new("/data/x"), TABLE),
        RemoteMounts::default()
    );
}

#[test]
fn directories_below_know_the_rest() {
    let mounts = RemoteMounts::below(Path::new("/d"), TABLE);
    let Below::Local(volumes) = mounts.at(b"volumes") else {
        panic!("volumes are on this machine");
    };
    let Below::Local(volume) = volumes.at(b"nfs") else {
        panic!("so is the directory of a volume");
    };
    assert!(matches!(volume.at(b"_data"), Below::Remote(_)));
    assert_eq!(volumes.at(b"other"), Below::Local(RemoteMounts::default()));
}

#[test]
fn an_overlay_of_a_program_shows_files_once_more() {
    let mounts = RemoteMounts::below(Path::new("/d"), TABLE);
    for (place, wanted) in [
        ("overlay2/x/merged", Shows::FilesOnceMore),
        ("volumes/nfs/_data", Shows::FilesOfItsOwn),
    ] {
        match mounts.at(place.as_bytes()) {
            Below::Remote(mounted) => assert_eq!(mounted.shows, wanted, "{place}"),
            Below::Local(_) => panic!("{place} may not answer"),
        }
    }
}

#[test]
fn a_damaged_table_is_still_read() {
    let table = b"1 2 0:1 / /a rw - nfs x:/ rw\n2 1 0:2 / /b rw - nfs y:/ rw\nrubbish\n3 3 0:3 / /c rw - nfs z:/ rw\n";
    assert_eq!(parse(table).len(), 3);
    let mounts = RemoteMounts::below(Path::new("/"), table);
    assert_eq!(told(&mounts, "c"), Some("z:/ (nfs)".into()));
}
