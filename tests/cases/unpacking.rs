//! Layers that engines unpack otherwise than their names say, as people met them. What is right was found by running
//! podman 4.3 and dockerd 20.10 with overlay, and umoci, on the same layers.

use crate::notation::{
    analyse, analyse_records, assert_merged, assert_shows, codes, marks, records, row, waste,
};
use crate::support::{Item, Kind, LayerBuilder, tar};

use layerscope::analysis::Analysis;

fn messages(analysis: &Analysis) -> Vec<(Option<u16>, &str)> {
    let warnings = analysis.warnings.iter();
    warnings
        .map(|warning| (warning.layer, warning.message.as_str()))
        .collect()
}

fn turned(analysis: &Analysis) -> Vec<(Option<u16>, &str)> {
    let mut messages = messages(analysis);
    messages.retain(|(_, message)| message.starts_with("turns "));
    messages
}

/// A flattened set of packages: some know `/lib` as a link, others as a directory.
#[test]
fn what_stands_behind_a_link_goes_where_it_leads() {
    let analysis = assert_shows(
        &["usr/ usr/lib/ usr/lib/a.so:a lib->usr/lib lib/libc.so:cc"],
        "lib->usr/lib usr/ usr/lib/ usr/lib/a.so:a usr/lib/libc.so:cc",
    );
    assert_eq!(codes(&analysis.warnings), [""; 0]);
    // The target need not be there yet, may be absolute, and may climb: the root is the image's.
    for target in [
        "usr/lib",
        "/usr/lib",
        "../../usr/lib",
        "./usr//bin/../lib/.",
    ] {
        assert_shows(
            &[&format!("lib->{target} lib/x/y:1")],
            &format!("lib->{target} usr/ usr/lib/ usr/lib/x/ usr/lib/x/y:1"),
        );
    }
    // An entry of the link's own name replaces the link; what went through it stays where it is.
    assert_shows(
        &["lib->usr lib/a:1 lib/ lib/b:2"],
        "lib/ lib/b:2 usr/ usr/a:1",
    );
    assert_shows(&["lib->usr lib/a:1 lib:2"], "lib:2 usr/ usr/a:1");
}

#[test]
fn links_behind_each_other_are_followed_up_to_forty() {
    let chain = |length: u32| -> String {
        let links: Vec<String> = (0..length)
            .map(|at| format!("l{at}->l{}", at + 1))
            .collect();
        format!("l{length}/ {} l0/x:1", links.join(" "))
    };
    let analysis = analyse(&[&chain(40)]);
    assert!(row(&analysis, "l40/x").is_some());
    assert_eq!(codes(&analysis.warnings), [""; 0]);
    for layer in [chain(41), "l0->l1 l1->l0 l0/x:1".to_owned()] {
        let analysis = analyse(&[&layer]);
        assert!(row(&analysis, "l0/x").is_some(), "left where it is named");
        let found = codes(&analysis.warnings);
        assert_eq!(found, ["parent-not-directory", "parent-not-directory"]);
        let (_, message) = messages(&analysis)[0];
        assert!(message.starts_with("/l0/x is below links that lead in a circle"));
        assert!(analysis.complete);
    }
}

#[test]
fn a_hard_link_through_a_link_names_the_file_behind_it() {
    let analysis = assert_shows(
        &["usr/ usr/lib/ usr/lib/x:data lib->usr/lib y=>lib/x"],
        "lib->usr/lib usr/ usr/lib/ usr/lib/x:data y:data",
    );
    assert_eq!(row(&analysis, "y").unwrap().nlink, 2);
    assert_eq!(codes(&analysis.warnings), [""; 0]);
    assert!(analysis.complete);
    // Neither the name nor the last component of what it names is followed.
    assert_shows(&["d/ d/x:1 l->d m=>l m/x:2"], "d/ d/x:2 l->d m->d");
}

#[test]
fn markers_go_through_links_of_their_own_layer() {
    let lower = "t/ t/x:1 t/y:2 l->t";
    assert_shows(&[lower, "t/ l->t l/.wh.x"], "l->t t/ t/y:2");
    assert_shows(&[lower, "t/ l->t l/.wh..wh..opq"], "l->t t/");
}

const LINKED: &str = "usr/ usr/bin/ usr/bin/sh:s usr/bin/rpm:rr bin->usr/bin";

/// A builder that followed the link wrote its markers for both names. The container has no `/bin/sh`.
#[test]
fn a_marker_below_a_link_of_a_lower_layer_makes_a_directory() {
    let analysis = assert_shows(
        &[LINKED, "./ bin/.wh.rpm usr/ usr/bin/ usr/bin/.wh.rpm"],
        "bin/ usr/ usr/bin/ usr/bin/sh:s",
    );
    let expected = "turns the link /bin -> usr/bin of layer 0 into a directory";
    assert_eq!(turned(&analysis), [(Some(1), expected)]);
    let warning = &analysis.warnings[1];
    assert_eq!(warning.code.as_str(), "replaced-by-directory");
    assert_eq!(warning.path.as_deref(), Some(&b"bin"[..]));
    assert!(analysis.complete);

    let analysis = assert_shows(
        &[LINKED, "bin/.wh..wh..opq"],
        "bin/ usr/ usr/bin/ usr/bin/rpm:rr usr/bin/sh:s",
    );
    assert_eq!(turned(&analysis), [(Some(1), expected)]);
    assert_eq!(marks(&analysis, 1), ["M bin"]);
}

#[test]
fn a_marker_below_a_file_of_a_lower_layer_makes_a_directory() {
    let analysis = assert_shows(&["data:dddd", "data/.wh.x"], "data/");
    assert_eq!(waste(&analysis), ["data 4 replaced 0-1"]);
    let expected = "turns the file /data of layer 0 into a directory";
    assert_eq!(turned(&analysis), [(Some(1), expected)]);
    let analysis = assert_shows(&["z", "|p", "p/.wh.x"], "p/ z");
    assert_eq!(
        turned(&analysis),
        [(Some(2), "turns /p of layer 1 into a directory")]
    );
}

/// How a distribution loses its `/lib`.
#[test]
fn an_entry_below_a_link_of_a_lower_layer_makes_a_directory() {
    let lower = "usr/ usr/lib/ usr/lib/libc.so:cc lib->usr/lib";
    let shown = "lib/ lib/driver.so:d usr/ usr/lib/ usr/lib/libc.so:cc";
    let expected = "turns the link /lib -> usr/lib of layer 0 into a directory";
    for upper in ["lib/ lib/driver.so:d", "lib/driver.so:d"] {
        let analysis = assert_shows(&[lower, upper], shown);
        assert_eq!(messages(&analysis), [(Some(1), expected)], "{upper}");
    }
    let analysis = assert_shows(
        &[lower, "z", "lib/"],
        "lib/ usr/ usr/lib/ usr/lib/libc.so:cc z",
    );
    assert_eq!(messages(&analysis), [(Some(2), expected)]);
}

#[test]
fn what_was_meant_to_become_a_directory_is_no_warning() {
    for (lower, upper) in [
        // Another kind of thing, and nothing at all.
        ("l->t", "l->u"),
        ("l->t", "l:1"),
        ("l->t", ".wh.l"),
        // Removed and made again, as the kernel and as writers of tars say it.
        ("l->t", "l/ l/.wh..wh..opq"),
        ("l->t", ".wh.l l/x:1"),
        ("f:1", "f/"),
        ("f:1", "f/ f/x:1"),
        ("f:1", "f/ f/.wh..wh..opq f/x:1"),
        // A directory all along.
        ("d/", "d/x"),
        ("l->t l/x:1", "t/y:1"),
    ] {
        let analysis = analyse(&[lower, upper]);
        assert_eq!(turned(&analysis), [], "{upper} over {lower}");
    }
    // Nor is what the layer itself sorted out.
    let analysis = analyse(&["z", "l->t l/x:1"]);
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

#[test]
fn links_turned_into_directories_are_listed_up_to_twenty_a_layer() {
    let words = |word: &dyn Fn(u32) -> String| -> String {
        (10..40).map(word).collect::<Vec<_>>().join(" ")
    };
    let lower = words(&|at| format!("l{at}->t"));
    let analysis = analyse(&[&lower, &words(&|at| format!("l{at}/x"))]);
    let messages = messages(&analysis);
    assert_eq!(messages.len(), 21);
    assert_eq!(messages[20], (Some(1), "and 10 more of this kind"));
}

#[test]
fn a_marker_over_nothing_leaves_its_directory() {
    let analysis = assert_shows(&["z", "d/.wh.x"], "d/ z");
    assert_eq!(marks(&analysis, 1), ["A d"]);
    assert_eq!(row(&analysis, "d").unwrap().mode, None);
    assert_eq!(codes(&analysis.warnings), ["dangling-whiteout"]);
    assert_shows(&["d/s/.wh.x e/.wh..wh..opq"], "d/ d/s/ e/");
    // podman: the parent of a marker is made below an opaque directory as well.
    assert_shows(&["d/ d/s/ d/s/x:1", "d/.wh..wh..opq d/s/.wh.x"], "d/ d/s/");
}

/// Go before 1.8: `bin/tool` below two prefixes, which GNU's header has no field for.
pub(crate) fn with_gnu_prefix(prefix: &[u8], data: &[u8]) -> Vec<u8> {
    tar::raw_entry(b"bin/tool", b'0', data, |header| {
        header.as_mut_bytes()[345..345 + prefix.len()].copy_from_slice(prefix);
        tar::base256(&mut header.as_gnu_mut().unwrap().uid, 1 << 22);
    })
}

#[test]
fn a_prefix_under_the_magic_of_gnu_is_one() {
    let layer = LayerBuilder::new()
        .raw(with_gnu_prefix(b"usr/lib/node_modules/very/deep", b"t"))
        .raw(with_gnu_prefix(b"opt/other", b"uu"));
    let analysis = analyse_records(&[layer.into_items()]);
    let tool = row(&analysis, "usr/lib/node_modules/very/deep/bin/tool").unwrap();
    assert_eq!((tool.size, tool.uid), (1, Some(1 << 22)));
    assert_eq!(row(&analysis, "opt/other/bin/tool").unwrap().size, 2);
    assert!(row(&analysis, "bin").is_none());
    assert_eq!(analysis.totals.wasted_bytes, 0);
    // Times of access and change are none.
    let times = with_gnu_prefix(b"14000000000\x0014000000000\0", b"t");
    let analysis = analyse_records(&[LayerBuilder::new().raw(times).into_items()]);
    assert!(row(&analysis, "bin/tool").is_some());
}

#[test]
fn a_device_without_number_is_a_whiteout() {
    let device = |path: &str, major, minor| Item::new(path, Kind::CharDevice(major, minor));
    let upper = vec![
        device("a/f", 0, 0),
        device("a/g", 0, 0),
        device("a/n", 1, 3),
    ];
    let analysis = analyse_records(&[records("a/ a/f:xxx"), upper]);
    assert_merged(&analysis, "a/ a/n(char)");
    assert_eq!(waste(&analysis), ["a/f 3 deleted 0-1"]);
    assert_eq!(codes(&analysis.warnings), ["dangling-whiteout"]);
    // A block device is one.
    let block = vec![Item::new("a/f", Kind::BlockDevice(0, 0))];
    assert_merged(
        &analyse_records(&[records("a/ a/f:xxx"), block]),
        "a/ a/f(block)",
    );
}

/// It takes the place of what its layer has stored there, through a link (podman) or by name (umoci), unlike a marker;
/// and what comes behind it takes its place. A second name of it is one more whiteout (podman).
#[test]
fn a_device_without_number_is_an_entry_of_its_layer() {
    let device = |path: &str| Item::new(path, Kind::CharDevice(0, 0));
    let shows = |layers: &[Vec<Item>], expected: &str| {
        assert_merged(&analyse_records(layers), expected);
    };
    let with = |before: &str, device: Item, after: &str| {
        [records(before), vec![device], records(after)].concat()
    };
    let lower = || records("d/ d/x:1 z");
    shows(&[lower(), with("d/x:2", device("d/x"), "")], "d/ z");
    shows(
        &[lower(), with("l->d d/x:2", device("l/x"), "")],
        "d/ l->d z",
    );
    shows(&[lower(), with("d/ d/new:2", device("d"), "")], "z");
    shows(&[lower(), with("", device("d/x"), "d/x:22")], "d/ d/x:22 z");
    shows(&[lower(), with("", device("d/x"), "z=>d/x")], "d/");
    shows(&[with("", device("a"), "")], "");
}

/// Docker and podman set attributes as they find them, and overlayfs reads them (tried with podman 4.3.1); it does not
/// read those of users, and containerd sets none that are trusted.
#[test]
fn a_trusted_attribute_makes_a_directory_opaque() {
    for (name, value, expected) in [
        ("trusted.overlay.opaque", "y", "d/ d/new:2"),
        ("trusted.overlay.opaque", "x", "d/ d/new:2 d/old:1"),
        ("user.overlay.opaque", "y", "d/ d/new:2 d/old:1"),
    ] {
        let upper = LayerBuilder::new().dir("d").xattr(name, value);
        let upper = upper.file("d/new", b"2").into_items();
        let analysis = analyse_records(&[records("d/ d/old:1"), upper]);
        assert_merged(&analysis, expected);
        let is_odd = codes(&analysis.warnings) == ["odd-header"];
        assert_eq!(is_odd, expected == "d/ d/new:2", "{name}={value}");
    }
}

/// podman and Docker apply the header of a hard link to the inode, and to the link where that is one.
#[test]
fn the_last_header_of_an_inode_holds_for_all_its_names() {
    let layer = LayerBuilder::new()
        .dir("bin")
        .file("bin/su", b"s")
        .mode(0o4755)
        .mtime(100)
        .hardlink("bin/su2", "bin/su")
        .mode(0o600)
        .owner(7, 0)
        .hardlink("su3", "bin/su2")
        .meta(0o644, 7, 8, 300)
        .fifo("pipe")
        .mode(0o666)
        .hardlink("pipe2", "pipe")
        .meta(0o600, 5, 5, 400)
        .symlink("link", "bin")
        .mtime(100)
        .hardlink("link2", "link")
        .meta(0o644, 9, 9, 500);
    let analysis = analyse_records(&[layer.into_items()]);
    let said = |path: &str| {
        let row = row(&analysis, path).unwrap();
        (row.mode, row.uid, row.gid, row.mtime)
    };
    for name in ["bin/su", "bin/su2", "su3"] {
        assert_eq!(
            said(name),
            (Some(0o644), Some(7), Some(8), Some(300)),
            "{name}"
        );
    }
    for name in ["pipe", "pipe2"] {
        assert_eq!(
            said(name),
            (Some(0o600), Some(5), Some(5), Some(400)),
            "{name}"
        );
    }
    // A link has an owner of its own, but neither mode nor time that a header of another name changes.
    for name in ["link", "link2"] {
        assert_eq!(
            said(name),
            (Some(0o777), Some(9), Some(9), Some(100)),
            "{name}"
        );
    }
}

/// A name that was lost again had its say; and data that goes over to another name keeps what was said of it.
#[test]
fn the_last_header_holds_where_names_are_taken() {
    let lost = LayerBuilder::new()
        .file("a", b"1")
        .hardlink("b", "a")
        .mode(0o600)
        .file("b", b"2");
    let analysis = analyse_records(&[lost.into_items()]);
    assert_eq!(row(&analysis, "a").unwrap().mode, Some(0o600));
    assert_eq!(row(&analysis, "b").unwrap().mode, Some(0o644));

    let kept = LayerBuilder::new()
        .file("a", b"1")
        .xattr("user.note", b"1")
        .hardlink("b", "a")
        .mode(0o600)
        .hardlink("c", "b")
        .mode(0o640)
        .file("a", b"22");
    let analysis = analyse_records(&[kept.into_items()]);
    assert_merged(&analysis, "a:22 b:1 c:1");
    for name in ["b", "c"] {
        let row = row(&analysis, name).unwrap();
        assert_eq!(row.mode, Some(0o640), "{name}");
        let (layer, node) = row.metadata.unwrap();
        assert_eq!(analysis.tree.layer(layer).xattrs(node).len(), 1, "{name}");
    }
}

#[test]
fn a_slash_makes_directories_of_the_seventh_edition_alone() {
    let entry = |name: &[u8], kind: u8, data: &[u8]| {
        tar::raw_entry(name, kind, data, |header| header.set_mode(0o755))
    };
    let layer = LayerBuilder::new()
        .raw(entry(b"v7dir/", 0, b""))
        .raw(entry(b"posix/", b'0', b""))
        .raw(entry(b"posix2/", b'0', b"data"))
        .file("after", b"z");
    let analysis = analyse_records(&[layer.into_items()]);
    assert_merged(&analysis, "after:z posix posix2:data v7dir/");
}

#[test]
fn an_opaque_directory_over_a_link_leaves_its_target() {
    let analysis = assert_shows(
        &[
            "target/ target/keep.txt:k link->/target",
            "link/ link/.wh..wh..opq link/new.txt:nn",
        ],
        "link/ link/new.txt:nn target/ target/keep.txt:k",
    );
    assert_eq!(analysis.totals.wasted_bytes, 0);
    assert_eq!(codes(&analysis.warnings), [""; 0], "removed and made again");
}

/// kaniko writes the whiteout of what was in a directory that became a link, and of what is in one it makes again.
#[test]
fn layers_of_kaniko() {
    let analysis = assert_shows(
        &["a/ a/a:x b/ b/b:y", "a/.wh.a ./ a->b b/"],
        "a->b b/ b/b:y",
    );
    assert_eq!(waste(&analysis), ["a/a 1 deleted 0-1"]);
    let analysis = assert_shows(
        &[
            "root/ root/dirA/ root/dirA/dirB/ root/dirA/dirB/fileA:a",
            "root/.wh.dirA",
            "root/dirA/dirB/.wh.fileA ./ root/ root/dirA/ root/dirA/fileB:bb",
        ],
        "root/ root/dirA/ root/dirA/dirB/ root/dirA/fileB:bb",
    );
    assert_eq!(codes(&analysis.warnings), ["dangling-whiteout"]);
}

/// What engines left out or never wrote makes nothing: `.wh..wh.plnk` is not there because files in it were linked.
#[test]
fn bookkeeping_makes_no_directories() {
    let analysis = assert_shows(
        &["z .wh..wh.plnk/1.2:d a=>.wh..wh.plnk/1.2 d/.wh..wh.x"],
        "a:d z",
    );
    assert_eq!(analysis.totals.paths, 2);
}

/// Go's archive/tar, which engines use, keeps nothing of a global header; GNU tar applies it to what follows.
#[test]
fn a_global_header_says_nothing_of_the_entries_behind_it() {
    let records: [(&[u8], &[u8]); 5] = [
        (b"uid", b"1234"),
        (b"gid", b"1234"),
        (b"mtime", b"5"),
        (b"path", b"other"),
        (b"SCHILY.xattr.user.a", b"1"),
    ];
    let layer = LayerBuilder::new()
        .global_header(&records)
        .file("a", b"a")
        .meta(0o644, 7, 8, 99);
    let analysis = analyse_records(&[layer.into_items()]);
    assert_merged(&analysis, "a:a");
    let a = row(&analysis, "a").unwrap();
    assert_eq!((a.uid, a.gid, a.mtime), (Some(7), Some(8), Some(99)));
    let (layer, node) = a.metadata.unwrap();
    assert!(analysis.tree.layer(layer).xattrs(node).is_empty());
    let expected = "global extended header at offset 0 is ignored, as engines do: GNU tar would change what follows";
    assert_eq!(messages(&analysis), [(Some(0), expected)]);
    assert!(analysis.complete);

    // What `git archive` writes changes nothing anywhere.
    let layer = LayerBuilder::new()
        .global_header(&[(b"comment", b"0123456789abcdef")])
        .file("a", b"a");
    let analysis = analyse_records(&[layer.into_items()]);
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

/// An owner has 32 bits for the kernel, and -1 leaves the one there is: root. The `nobody` of macOS is -2.
#[test]
fn owners_are_cut_to_what_the_kernel_takes() {
    let binary = |value: i64| {
        tar::raw_entry(b"file", b'0', b"", |header| {
            tar::base256(&mut header.as_gnu_mut().unwrap().uid, value);
        })
    };
    let decimal = |value: &str| {
        let header = tar::pax::header(b'x', b"x", &[(b"uid", value.as_bytes())]);
        [header, tar::raw_entry(b"file", b'0', b"", |_| ())].concat()
    };
    for (record, uid) in [
        (binary(-2), u32::MAX - 1),
        (binary(1 << 33 | 7), 7),
        (binary(i64::from(u32::MAX)), 0),
        (decimal("-2"), u32::MAX - 1),
        (decimal("-1"), 0),
        (decimal("1234567890123"), 1_912_276_171),
        (decimal("4294967294"), u32::MAX - 1),
    ] {
        let layer = LayerBuilder::new().raw(record);
        let analysis = analyse_records(&[layer.into_items()]);
        assert_eq!(row(&analysis, "file").unwrap().uid, Some(uid));
    }
}

/// Docker writes attributes of overlay without a value; without one, other records leave what the header says.
#[test]
fn records_without_a_value_are_none() {
    let records: [(&[u8], &[u8]); 7] = [
        (b"SCHILY.xattr.user.overlay.origin", b""),
        (b"path", b""),
        (b"size", b""),
        (b"uid", b""),
        (b"mtime", b""),
        (b"GNU.sparse.realsize", b""),
        (b"linkpath", b""),
    ];
    let layer = LayerBuilder::new()
        .raw(tar::pax::header(b'x', b"x", &records))
        .file("a", b"data")
        .meta(0o644, 7, 8, 99);
    let analysis = analyse_records(&[layer.into_items()]);
    assert_merged(&analysis, "a:data");
    let a = row(&analysis, "a").unwrap();
    assert_eq!((a.uid, a.mtime), (Some(7), Some(99)));
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}
