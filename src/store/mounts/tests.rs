use std::ffi::OsStr;

use super::overlay_options::{named, split_lower};
use super::*;
use crate::mount_table::{parse, seen_at};

fn paths<const N: usize>(texts: [&str; N]) -> Vec<PathBuf> {
    texts.map(PathBuf::from).to_vec()
}

#[test]
fn lines_of_the_table_are_read() {
    // Of Docker 20.10, shortened; of podman with a user's own store; an automounter's without a source.
    let table = b"146 136 0:39 / /var/lib/docker/overlay2/44ca/merged rw,relatime shared:3 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/I6V2:/var/lib/docker/overlay2/l/ICUZ,upperdir=/var/lib/docker/overlay2/44ca/diff,workdir=/var/lib/docker/overlay2/44ca/work\n\
        191 182 0:40 / /home/u/.local/share/containers/storage/overlay/51/merged rw,relatime - overlay overlay rw,lowerdir=/s/l/ST,upperdir=/s/51/diff,workdir=/s/51/work,userxattr\n\
        24 1 8:2 /sub /mnt/with\\040space rw shared:1 master:2 - ext4 /dev/sda2 rw\n\
        garbage\n25 x\n26 1 8 / / rw - ext4 a b\n";
    let mounts = parse(table);
    assert_eq!(mounts.len(), 3);
    assert_eq!(
        (mounts[0].id, mounts[0].parent, mounts[0].device),
        (146, 136, (0, 39))
    );
    let docker = named(&mounts[0].options);
    assert_eq!(
        docker.lower,
        paths([
            "/var/lib/docker/overlay2/l/I6V2",
            "/var/lib/docker/overlay2/l/ICUZ"
        ])
    );
    assert_eq!(
        docker.upper,
        Some("/var/lib/docker/overlay2/44ca/diff".into())
    );
    assert!(!docker.has_user_attributes);
    assert!(named(&mounts[1].options).has_user_attributes);
    assert_eq!(mounts[2].point, Path::new("/mnt/with space"));
    assert_eq!(mounts[2].root, Path::new("/sub"));
    assert_eq!(mounts[2].kind, b"ext4");
}

#[test]
fn escapes_of_options_are_undone() {
    for (options, lower, data) in [
        ("ro,lowerdir=/a:/b", vec!["/a", "/b"], vec![]),
        // `lowerdir=/a\:b:/c,d` as the kernel writes it.
        (
            r"rw,lowerdir=/a\134:b:/c\054d",
            vec!["/a:b", "/c,d"],
            vec![],
        ),
        (
            r"rw,lowerdir=/x\040y:/z\134\134",
            vec!["/x y", r"/z\"],
            vec![],
        ),
        (
            "rw,lowerdir+=/a:b,lowerdir+=/c,datadir+=/d",
            vec!["/a:b", "/c"],
            vec!["/d"],
        ),
        (
            "rw,lowerdir=/a:/b::/d1::/d2",
            vec!["/a", "/b"],
            vec!["/d1", "/d2"],
        ),
        ("rw", vec![], vec![]),
        (r"rw,lowerdir=\777\40", vec!["77740"], vec![]),
    ] {
        let found = named(options.as_bytes());
        let expected: Vec<PathBuf> = lower.iter().map(PathBuf::from).collect();
        assert_eq!(found.lower, expected, "{options}");
        let expected: Vec<PathBuf> = data.iter().map(PathBuf::from).collect();
        assert_eq!(found.data, expected, "{options}");
    }
    let found = named(br"upperdir=/up\054per\134:x,workdir=/w");
    assert_eq!(found.upper, Some("/up,per:x".into()));
    assert_eq!(split_lower(b"").0, Vec::<PathBuf>::new());
}

#[test]
fn of_several_mounts_at_a_point_the_uppermost_is_seen() {
    let table = b"30 1 0:30 / /m rw - overlay overlay rw,lowerdir=/first\n\
        32 30 0:32 / /m rw - overlay overlay rw,lowerdir=/third\n\
        31 32 0:31 / /m rw - overlay overlay rw,lowerdir=/second\n";
    let mounts = parse(table);
    let seen = |device| seen_at(&mounts, Path::new("/m"), device).unwrap().id;
    assert_eq!(seen(None), 31);
    assert_eq!(seen(Some((0, 31))), 31);
    assert!(seen_at(&mounts, Path::new("/n"), None).is_none());
    // Each the parent of the other: damaged, and still an answer.
    let loops = parse(b"1 2 0:1 / /m rw - overlay o rw\n2 1 0:2 / /m rw - overlay o rw\n");
    assert_eq!(seen_at(&loops, Path::new("/m"), None).unwrap().id, 2);
}

#[test]
fn what_is_no_overlay_says_so() {
    let error = find(Path::new("/proc")).unwrap_err();
    assert!(error.to_string().contains("of type proc"), "{error}");
    let directory = tempfile::tempdir().unwrap();
    let error = find(directory.path()).unwrap_err().to_string();
    let expected =
        error.contains("nothing is mounted at") || error.contains("inside of the overlay");
    assert!(expected, "{error}");
    let error = find(&directory.path().join("gone")).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }));
    let mounts = parse(b"30 1 0:30 / /m rw - overlay overlay rw,lowerdir=/a\n");
    let error = not_mounted("/m/sub", Path::new("/m/sub"), &mounts);
    assert!(error.to_string().contains("mounted at /m"), "{error}");
    let bind = parse(b"30 1 0:30 /etc /m rw - overlay overlay rw,lowerdir=/a\n");
    assert!(
        directories(&bind[0])
            .unwrap_err()
            .to_string()
            .contains("only /etc")
    );
}

#[test]
fn relative_directories_are_looked_for_where_engines_mount_from() {
    let home = tempfile::tempdir().unwrap();
    for name in ["base/diff", "top/diff", "top/merged", "l"] {
        std::fs::create_dir_all(home.path().join(name)).unwrap();
    }
    std::os::unix::fs::symlink("../base/diff", home.path().join("l/AB")).unwrap();
    let table = format!(
        "30 1 0:30 / {0}/top/merged rw - overlay overlay rw,lowerdir=l/AB,upperdir=top/diff,workdir=top/work\n\
         31 1 0:31 / /elsewhere rw - overlay overlay rw,lowerdir=l/AB,upperdir={0}/top/diff\n\
         32 1 0:32 / /elsewhere rw - overlay overlay rw,lowerdir=l/GONE,upperdir={0}/top/diff\n",
        home.path().display()
    );
    let mounts = parse(table.as_bytes());
    let found = directories(&mounts[0]).unwrap();
    assert_eq!(found.lower, [home.path().join("l/AB")]);
    assert_eq!(found.upper, Some(home.path().join("top/diff")));
    assert_eq!(directories(&mounts[1]).unwrap().lower, found.lower);
    assert_eq!(found.open().unwrap().layers.len(), 2);
    let error = directories(&mounts[2]).unwrap_err();
    let words = "has a directory l/GONE, which is relative to where `mount` was run";
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn directories_by_hand_are_listed_as_the_kernel_lists_them() {
    let found = Overlay::by_hand(OsStr::new(r"up:a\:b:low"), Some(Path::new("c"))).unwrap();
    assert_eq!(found.lower, paths(["up", "a:b", "low"]));
    assert_eq!(found.upper, Some("c".into()));
    assert_eq!(found.attributes, Namespace::Either);
    for empty in ["", ":a", "a:", "a::b"] {
        assert!(matches!(
            Overlay::by_hand(OsStr::new(empty), None),
            Err(Error::Usage { .. })
        ));
    }
    let error = Overlay::by_hand(OsStr::new("/"), Some(Path::new("/gone/x")));
    let error = error.unwrap().open().unwrap_err();
    assert_eq!(error.to_string(), "/gone/x: no such directory");
}

#[test]
fn layers_are_named_after_their_directories() {
    let home = tempfile::tempdir().unwrap();
    for name in ["low", "high", "up"] {
        std::fs::create_dir(home.path().join(name)).unwrap();
    }
    let at = |name: &str| home.path().join(name);
    let lower = format!("{}:{}", at("high").display(), at("low").display());
    let image = Overlay::by_hand(OsStr::new(&lower), Some(&at("up")))
        .unwrap()
        .open()
        .unwrap();
    let titles: Vec<String> = image.layers.iter().map(image::Layer::title).collect();
    let expected = ["low", "high", "up"].map(|name| at(name).display().to_string());
    assert_eq!(titles, expected);
    let writable = image.writable.unwrap();
    assert_eq!(writable.layer, LayerIndex(2));
}
