//! Names and links that lead out of the image: containerd `pkg/archive/tar_test.go`, moby `applylayer`.
//!
//! An unpacker must not write outside its directory; here nothing is written. What is asserted is that links
//! are never followed, that every name is shown where a runtime would put it, and that the odd ones are
//! reported.

use crate::notation::{analyse, assert_merged, assert_shows, codes, marks, row, waste};

const BASE: &str = "etc/ etc/passwd:inside";

/// containerd calls each of these an invalid archive.
#[test]
fn whiteouts_of_dot_and_dot_dot_are_reported_and_without_effect() {
    for marker in [".wh...", "etc/.wh...", ".wh..", "etc/.wh.."] {
        let analysis = assert_shows(&[BASE, marker], BASE);
        assert_eq!(codes(&analysis.warnings), ["invalid-whiteout"], "{marker}");
        assert_eq!(marks(&analysis, 1), [""; 0], "{marker}");
    }
    let analysis = assert_shows(&["etc/ etc/...:1 etc/a:2", "etc/.wh...."], "etc/ etc/a:2");
    assert_eq!(codes(&analysis.warnings), [""; 0], "three dots are a name");
}

#[test]
fn a_whiteout_of_a_link_leaves_its_target() {
    let lower = format!("{BASE} localetc->/etc");
    assert_shows(&[&lower, ".wh.localetc"], BASE);
}

/// containerd resolves the link inside the root and removes `etc/whitedout`. On overlayfs (podman, Docker), as here,
/// a path through a link of a lower layer is a path below that link's name, and the marker makes a directory there.
#[test]
fn a_whiteout_below_a_link_of_a_lower_layer_does_not_follow_it() {
    for target in ["/etc", "etc", "/dne", "../../etc"] {
        let lower = format!("{BASE} etc/whitedout:1 localetc->{target}");
        let analysis = assert_shows(
            &[&lower, "localetc/.wh.whitedout"],
            &format!("{BASE} etc/whitedout:1 localetc/"),
        );
        assert_eq!(
            codes(&analysis.warnings),
            ["dangling-whiteout", "replaced-by-directory"],
            "{target}"
        );
        assert_eq!(analysis.totals.wasted_bytes, 0);
    }
}

#[test]
fn a_directory_named_like_a_whiteout_is_ordinary() {
    for upper in [".wh.etc/ .wh.etc/somefile:1", ".wh.etc/somefile:1"] {
        let analysis = assert_shows(
            &[BASE, upper],
            &format!("{BASE} .wh.etc/ .wh.etc/somefile:1"),
        );
        assert_eq!(codes(&analysis.warnings), [""; 0]);
    }
}

#[test]
fn a_whiteout_reached_by_dot_dot_removes() {
    let analysis = assert_shows(&[BASE, "dne/../.wh.etc"], "");
    assert_eq!(waste(&analysis), ["etc/passwd 6 deleted-dir 0-1"]);
    assert_eq!(codes(&analysis.warnings), [""; 0], "it does not climb out");
}

/// containerd, umoci and podman land in `etc`.
#[test]
fn an_entry_below_a_link_of_its_own_layer_follows_the_link() {
    for target in ["/etc", "etc", "../../etc", "/dummy/../etc"] {
        let upper = format!("localetc/ localetc->{target} localetc/localpasswd=>/etc/passwd");
        let analysis = assert_shows(
            &[BASE, &upper],
            &format!("{BASE} etc/localpasswd:inside localetc->{target}"),
        );
        assert_eq!(codes(&analysis.warnings), [""; 0], "{target}");
        assert_eq!(row(&analysis, "etc/passwd").unwrap().nlink, 2, "{target}");
    }
}

#[test]
fn an_entry_below_a_link_of_a_lower_layer_replaces_the_link() {
    for target in ["/etc", "../../etc", "../etc", "/dummy/../etc", "/"] {
        let lower = format!("{BASE} localetc->{target}");
        let analysis = assert_shows(
            &[&lower, "localetc/unbroken:new localetc/passwd:new"],
            &format!("{BASE} localetc/ localetc/passwd:new localetc/unbroken:new"),
        );
        assert_eq!(
            marks(&analysis, 1),
            ["M localetc", "A localetc/passwd", "A localetc/unbroken"]
        );
        assert_eq!(codes(&analysis.warnings), ["replaced-by-directory"]);
    }
}

#[test]
fn a_directory_replaces_a_link_and_a_file_a_hard_link() {
    let upper =
        "localetc->/etc localetc/ localetc/localpasswd=>/etc/passwd localetc/localpasswd:other";
    let analysis = assert_shows(
        &[BASE, upper],
        &format!("{BASE} localetc/ localetc/localpasswd:other"),
    );
    assert_eq!(row(&analysis, "etc/passwd").unwrap().nlink, 1);
    assert_eq!(row(&analysis, "localetc/localpasswd").unwrap().nlink, 1);
}

#[test]
fn hard_links_lead_inside_the_root_whatever_they_say() {
    for (target, warned) in [
        ("etc/passwd", &[][..]),
        ("/etc/passwd", &[]),
        ("./etc/./passwd", &[]),
        ("dummy/../etc/passwd", &[]),
        ("/dummy/../etc/passwd", &[]),
        ("../etc/passwd", &["escaping-path"]),
        ("../../../etc/passwd", &["escaping-path"]),
        ("/../etc/passwd", &["escaping-path"]),
        ("etc/../../../etc/passwd", &["escaping-path"]),
    ] {
        let link = format!("localpasswd=>{target}");
        let shown = format!("{BASE} localpasswd:inside");
        for layers in [&[BASE, &link][..], &[&format!("{BASE} {link}")]] {
            let analysis = assert_shows(layers, &shown);
            assert_eq!(row(&analysis, "localpasswd").unwrap().nlink, 2, "{target}");
            assert_eq!(codes(&analysis.warnings), warned, "{target}");
            assert_eq!(analysis.totals.content_bytes, 6, "{target}");
        }
        // Writing through the name leaves the other one.
        assert_shows(
            &[BASE, &link, "localpasswd:outside"],
            &format!("{BASE} localpasswd:outside"),
        );
    }
}

#[test]
fn a_hard_link_to_nothing_is_reported() {
    let analysis = assert_shows(&[BASE, "dup=>etc/shadow"], &format!("{BASE} dup:(nothing)"));
    assert_eq!(codes(&analysis.warnings), ["dangling-hard-link"]);
    assert_eq!(analysis.totals.effective_bytes, 6);
}

/// containerd: "the dup resolves to the file", by following. Here it is the same symbolic link.
#[test]
fn a_hard_link_to_a_link_made_before_its_target() {
    assert_shows(
        &["localpasswd->/etc/passwd localpasswd-dup=>localpasswd etc/ etc/passwd:after"],
        "etc/ etc/passwd:after localpasswd->/etc/passwd localpasswd-dup->/etc/passwd",
    );
}

/// umoci: the link is followed inside the root, until the directory takes its place.
#[test]
fn a_link_to_the_root_is_followed_until_a_directory_replaces_it() {
    let analysis = assert_shows(
        &["foo/ foo/tmp/ foo->/ foo/tmp/x:first foo/ foo/tmp/x:second"],
        "foo/ foo/tmp/ foo/tmp/x:second tmp/ tmp/x:first",
    );
    assert_eq!(waste(&analysis), [""; 0]);
}

#[test]
fn parents_that_nobody_lists_are_made() {
    let analysis = assert_shows(
        &[BASE, "/other/noparent-1/1:a /other/noparent-2/2:b"],
        &format!(
            "{BASE} other/ other/noparent-1/ other/noparent-1/1:a other/noparent-2/ other/noparent-2/2:b"
        ),
    );
    assert_eq!(
        codes(&analysis.warnings),
        ["escaping-path"],
        "absolute names, once a layer"
    );
    assert_eq!(row(&analysis, "other/noparent-1").unwrap().mode, None);
}

/// moby's twelve: `victim` lies beside the root. The name, or the link that is written through: umoci and podman write
/// inside the root.
#[test]
fn what_lies_beside_the_root_is_not_meant() {
    for victim in ["../victim", "/../victim"] {
        for (layer, shown, warned) in [
            (
                format!("{victim}/ {victim}/hello:x"),
                "victim/ victim/hello:x",
                true,
            ),
            (format!("{victim}:x"), "victim:x", true),
            (format!("loophole=>{victim} loophole:x"), "loophole:x", true),
            (
                format!("loophole->{victim} loophole:x"),
                "loophole:x",
                false,
            ),
            (
                format!("loophole->{victim} loophole/hello:x"),
                "TARGET victim/ victim/hello:x",
                false,
            ),
            (
                format!("loophole->{victim} dup=>loophole dup/hello:x"),
                "dup->VICTIM TARGET victim/ victim/hello:x",
                false,
            ),
        ] {
            let analysis = analyse(&[&layer]);
            let target = format!("loophole->{victim}");
            let shown = shown.replace("TARGET", &target);
            assert_merged(&analysis, &shown.replace("VICTIM", victim));
            let escapes = codes(&analysis.warnings).contains(&"escaping-path");
            assert_eq!(escapes, warned, "{layer}: {:?}", analysis.warnings);
            assert!(analysis.complete, "{layer}");
        }
    }
}
