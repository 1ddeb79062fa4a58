//! What a diff holds and what a stack of diffs shows: containerd `TestDiffTar`, continuity `fs/fstest`.

use crate::notation::{
    analyse, analyse_records, assert_merged, assert_shows, assert_view, codes, marks, records, row,
    waste,
};
use crate::support::LayerBuilder;

#[test]
fn parents_listed_with_a_changed_child_are_no_change() {
    let lower = "d1/ d1/d/ d1/d/a:1 d1/d/b:2 d2/ d2/x:3";
    for (upper, expected) in [
        ("d1/ d1/d/ d1/d/c:4", &["A d1/d/c"][..]),
        ("d1/ d1/d/ d1/d/a:9", &["M d1/d/a"]),
        ("d1/ d1/d/ d1/d/.wh.a", &["D d1/d/a"]),
        ("d1/ d1/.wh.d", &["D d1/d", "h d1/d/a", "h d1/d/b"]),
        (".wh.d2", &["D d2", "h d2/x"]),
    ] {
        assert_eq!(marks(&analyse(&[lower, upper]), 1), expected, "{upper}");
    }
}

#[test]
fn a_changed_mode_of_a_directory_is_a_touch() {
    let upper = LayerBuilder::new().dir("d").mode(0o700);
    let analysis = analyse_records(&[records("d/ d/f:1"), upper.into_items()]);
    assert_merged(&analysis, "d/ d/f:1");
    assert_eq!(marks(&analysis, 1), ["m d"]);
    assert_eq!(row(&analysis, "d").unwrap().mode, Some(0o700));
    assert_eq!(analysis.totals.wasted_bytes, 0);
}

/// overlayfs copies the file up to link it, so the diff has both names and the data again.
#[test]
fn a_link_to_a_lower_file_stores_it_again() {
    let analysis = assert_shows(
        &["d1/ d1/f:data d2/", "d1/ d1/f:data d2/ d2/f=>d1/f"],
        "d1/ d1/f:data d2/ d2/f:data",
    );
    assert_eq!(marks(&analysis, 1), ["= d1/f", "A d2/f"]);
    assert_eq!(waste(&analysis), ["d1/f 4 identical 0-1"]);
    assert_eq!(row(&analysis, "d2/f").unwrap().nlink, 2);
    assert_eq!(analysis.totals.effective_bytes, 4);
}

#[test]
fn the_time_of_a_whiteout_says_nothing() {
    let mut upper = records("d/.wh.f");
    upper[0].mtime = 0;
    upper[0].mode = 0;
    let analysis = analyse_records(&[records("d/ d/f:1"), upper]);
    assert_merged(&analysis, "d/");
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

#[test]
fn basic() {
    let analysis = analyse(&[
        "etc/ etc/hosts:local etc/fstab:x etc/hosts.allow=>etc/hosts usr/ usr/local/ usr/local/lib/ \
         usr/local/lib/libnothing.so usr/local/lib/libnothing.so.2->libnothing.so home/ home/derek/",
        "etc/ etc/hosts:local etc/.wh.hosts.allow usr/ usr/local/ usr/local/.wh.lib usr/local/bin/ \
         usr/local/bin/tool:1 etc/resolv.conf:ns",
        "etc/ etc/resolv.conf:other usr/local/lib/ usr/local/lib/again",
    ]);
    assert_view(
        &analysis,
        1,
        "etc/ etc/fstab:x etc/hosts:local etc/resolv.conf:ns home/ home/derek/ usr/ usr/local/ usr/local/bin/ \
         usr/local/bin/tool:1",
    );
    assert_view(
        &analysis,
        2,
        "etc/ etc/fstab:x etc/hosts:local etc/resolv.conf:other home/ home/derek/ usr/ usr/local/ \
         usr/local/bin/ usr/local/bin/tool:1 usr/local/lib/ usr/local/lib/again",
    );
    assert_eq!(row(&analysis, "etc/hosts").unwrap().nlink, 1);
    assert_eq!(
        waste(&analysis),
        [
            "etc/hosts 5 identical 0-1",
            "etc/resolv.conf 2 overwritten 1-2"
        ]
    );
}

#[test]
fn a_directory_removed_and_made_again_hides_what_it_had() {
    let (first, third) = (
        "test/ test/somedir/ lib/ lib/hidden:1",
        "test/.wh.a test/.wh.b test/.wh.otherdir lib/ lib/newfile:4",
    );
    for again in [
        "lib/ lib/.wh..wh..opq lib/not-hidden:2",
        "lib/ lib/.wh.hidden lib/not-hidden:2",
        ".wh.lib lib/ lib/not-hidden:2",
    ] {
        let second = format!("test/ test/a test/b test/otherdir/ test/otherdir/.empty {again}");
        let analysis = analyse(&[first, &second, third]);
        assert_view(
            &analysis,
            1,
            "lib/ lib/not-hidden:2 test/ test/a test/b test/otherdir/ test/otherdir/.empty test/somedir/",
        );
        assert_view(
            &analysis,
            2,
            "lib/ lib/newfile:4 lib/not-hidden:2 test/ test/somedir/",
        );
        assert_eq!(analysis.totals.wasted_bytes, 1);
        assert_eq!(codes(&analysis.warnings), [""; 0], "{again}");
    }
}

#[test]
fn update() {
    let analysis = analyse(&[
        "etc/ etc/hosts:a etc/resolv.conf:b",
        "etc/ etc/hosts:c etc/.wh.resolv.conf etc/resolv.conf/ etc/resolv.conf/d:e",
        "etc/.wh.resolv.conf etc/resolv.conf:f",
    ]);
    assert_view(
        &analysis,
        1,
        "etc/ etc/hosts:c etc/resolv.conf/ etc/resolv.conf/d:e",
    );
    assert_view(&analysis, 2, "etc/ etc/hosts:c etc/resolv.conf:f");
    assert_eq!(
        waste(&analysis),
        [
            "etc/hosts 1 overwritten 0-1",
            "etc/resolv.conf 1 replaced 0-1",
            "etc/resolv.conf/d 1 replaced 1-2"
        ]
    );
}

#[test]
fn permissions_of_directories_and_of_parents_follow_the_last_entry() {
    let directory = |path: &str, mode| LayerBuilder::new().dir(path).mode(mode);
    let analysis = analyse_records(&[
        directory("d", 0o700).dir("d/sub").mode(0o755).into_items(),
        directory("d", 0o777).into_items(),
        records("d/sub/file"),
        directory("d/sub", 0o1777).into_items(),
    ]);
    let modes = |path| row(&analysis, path).unwrap().mode;
    assert_eq!(
        (modes("d"), modes("d/sub")),
        (Some(0o777), Some(0o1777)),
        "an implied parent has no metadata of its own"
    );
    assert_eq!(marks(&analysis, 1), ["m d"]);
    assert_eq!(marks(&analysis, 2), ["A d/sub/file"]);
    assert_eq!(marks(&analysis, 3), ["m d/sub"]);
}

#[test]
fn hard_links_before_and_after_a_change() {
    let base = "etc/ etc/hosts:old etc/hosts.1=>etc/hosts";
    // Unmodified: one name goes, the data stays where it is.
    let analysis = assert_shows(&[base, "etc/.wh.hosts"], "etc/ etc/hosts.1:old");
    assert_eq!(analysis.totals.wasted_bytes, 0);
    assert_eq!(row(&analysis, "etc/hosts.1").unwrap().nlink, 1);
    // Linked before it is modified: both names are copied up together.
    let analysis = assert_shows(
        &[base, "etc/hosts:newer etc/hosts.1=>etc/hosts"],
        "etc/ etc/hosts:newer etc/hosts.1:newer",
    );
    assert_eq!(waste(&analysis), ["etc/hosts 3 overwritten 0-1"]);
    assert_eq!(marks(&analysis, 1), ["M etc/hosts", "M etc/hosts.1"]);
    // Linked in a layer, modified in the next: the copy-up breaks the link.
    let analysis = assert_shows(
        &[
            "etc/ etc/hosts:old",
            "etc/hosts.1=>etc/hosts",
            "etc/hosts:newer",
        ],
        "etc/ etc/hosts:newer etc/hosts.1:old",
    );
    assert_eq!(
        analysis.totals.wasted_bytes, 0,
        "the other name keeps the data"
    );
    assert_eq!(analysis.layers[0].live_bytes, 3);
}
