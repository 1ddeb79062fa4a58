//! Whiteouts and opaque markers against entries of their own layer: umoci `oci/layer/tar_extract_test.go` and
//! `tar_extract_linux_test.go`, containers/storage `TestNestedOverlayWhiteouts` and `TestOverlayTarUntar`.
//!
//! umoci applies in place and puts the marker behind the entries. Here both orders must give the same.

use crate::notation::{
    analyse, analyse_records, assert_merged, assert_shows, codes, records, row, waste,
};
use crate::support::{Encoding, Item, LayerBuilder};

/// Asserts a view with the markers of the upper layer last, first, and in the order given.
#[track_caller]
fn assert_in_any_order(lower: &str, upper: &str, expected: &str) {
    let (markers, entries): (Vec<&str>, Vec<&str>) = upper
        .split_whitespace()
        .partition(|word| word.contains(".wh."));
    let (markers, entries) = (markers.join(" "), entries.join(" "));
    for upper in [
        upper.to_owned(),
        format!("{entries} {markers}"),
        format!("{markers} {entries}"),
    ] {
        assert_shows(&[lower, &upper], expected);
    }
}

#[test]
fn an_opaque_directory_stays_and_is_empty() {
    let one_level = "d/ d/file:1 d/link->.. d/badlink->./nothing |d/fifo";
    let many_levels = "d/ d/file:1 d/a/ d/a/file:2 d/a/b/ d/a/b/link->../.. d/a/b/c/ |d/a/b/c/fifo";
    for lower in ["d/", one_level, many_levels] {
        let analysis = assert_shows(&[lower, "d/.wh..wh..opq"], "d/");
        assert_eq!(codes(&analysis.warnings), [""; 0], "{lower}");
        assert_eq!(analysis.totals.effective_bytes, 0);
    }
}

#[test]
fn links_below_an_opaque_directory_are_never_followed() {
    assert_in_any_order(
        "etc/ etc/shadow:secret d/ d/file:1 |d/fifo d/link->gone",
        "d/link->.. d/badlink->./nothing d/verybadlink->../../../etc/shadow d/.wh..wh..opq",
        "d/ d/badlink->./nothing d/link->.. d/verybadlink->../../../etc/shadow etc/ etc/shadow:secret",
    );
}

#[test]
fn entries_survive_the_opaque_marker_at_every_depth() {
    assert_in_any_order(
        "d/ d/low d/level1a/ d/level1a/low d/level1a/level2a/ d/level1a/level2a/low d/level1a/level2b/ \
         d/level1a/level2b/low d/level1b/ d/level1b/low",
        "d/level1_file:u d/level1a/ d/level1a/level2_link->low d/level1a/level2b/ \
         d/level1a/level2b/level3_fileA:u d/.wh..wh..opq",
        "d/ d/level1_file:u d/level1a/ d/level1a/level2_link->low d/level1a/level2b/ \
         d/level1a/level2b/level3_fileA:u",
    );
}

/// umoci keeps the lower directories themselves, because it unpacks in place. Their names are shown here as
/// well, as the parents of what the layer has; but what the lower entries said is hidden with them.
#[test]
fn parents_that_the_upper_layer_leaves_out_are_implied() {
    let lower = "d/ d/some/ d/some/dir/ d/another/ d/another/dir/ d/another/dir/somewhere:1";
    let upper = "d/some/dir/somewhere:2 d/.wh..wh..opq";
    let shown = "d/ d/some/ d/some/dir/ d/some/dir/somewhere:2";
    assert_in_any_order(lower, upper, shown);
    let analysis = analyse(&[lower, upper]);
    assert_eq!(row(&analysis, "d").unwrap().mode, Some(0o755));
    assert_eq!(row(&analysis, "d/some").unwrap().mode, None);
    assert_eq!(row(&analysis, "d/some/dir").unwrap().mode, None);
}

#[test]
fn a_whiteout_never_removes_a_file_of_its_own_layer() {
    let lower = "d/ d/fileC:low";
    let upper = "d/.wh.fileB d/fileA:a d/fileB:b d/.wh.fileA d/.wh.fileC";
    assert_in_any_order(lower, upper, "d/ d/fileA:a d/fileB:b");
    let analysis = analyse(&[lower, upper]);
    assert_eq!(waste(&analysis), ["d/fileC 3 deleted 0-1"]);
}

#[test]
fn a_whiteout_never_removes_a_directory_of_its_own_layer() {
    for opaque in ["", " d/.wh..wh..opq"] {
        assert_in_any_order(
            "d/ d/dir1/ d/dir1/link->.. d/dir1/verybadlink2->/etc d/dir2/ d/dir2/link->..",
            &format!(
                "d/.wh.dir2 d/dir1/ d/dir1/file d/dir1/verybadlink->../../../etc/shadow d/.wh.dir1 d/dir2/ \
                 d/dir2/file{opaque}"
            ),
            "d/ d/dir1/ d/dir1/file d/dir1/verybadlink->../../../etc/shadow d/dir2/ d/dir2/file",
        );
    }
}

/// umoci ends with an error; a viewer says so and goes on.
#[test]
fn a_whiteout_without_a_name_is_reported_and_without_effect() {
    for (marker, shown) in [(".wh.", ".wh."), ("d/.wh.", "d/.wh.")] {
        let analysis = assert_shows(&["d/ d/file:1", marker], "d/ d/file:1");
        assert_eq!(codes(&analysis.warnings), ["invalid-whiteout"], "{marker}");
        let warning = &analysis.warnings[0];
        assert_eq!(warning.layer, Some(1));
        assert_eq!(warning.path.as_deref(), Some(shown.as_bytes()));
        assert!(analysis.complete);
    }
}

#[test]
fn a_whiteout_removes_hidden_names_and_whole_directories() {
    let lower = "d/ d/.hidden:1 d/full/ d/full/a:2 d/full/b/ d/full/b/c:3 d/stays:4";
    let analysis = assert_shows(&[lower, "d/.wh..hidden d/.wh.full"], "d/ d/stays:4");
    assert_eq!(
        waste(&analysis),
        [
            "d/.hidden 1 deleted 0-1",
            "d/full/a 1 deleted-dir 0-1",
            "d/full/b/c 1 deleted-dir 0-1"
        ]
    );
}

#[test]
fn a_whiteout_leaves_the_metadata_of_its_parent() {
    let mut lower = records("d/ d/file");
    lower[0].mtime = 1_000;
    lower[0].mode = 0o2750;
    let analysis = analyse_records(&[lower, records("d/.wh.file")]);
    assert_merged(&analysis, "d/");
    let directory = row(&analysis, "d").unwrap();
    assert_eq!(
        (directory.mtime, directory.mode, directory.layer.0),
        (Some(1_000), Some(0o2750), 0)
    );
}

#[test]
fn a_parent_that_is_no_directory_becomes_one() {
    let shown = "nondir/ nondir/foo/ nondir/foo/bar/ nondir/foo/bar/baz:new";
    let analysis = assert_shows(&["nondir:old nondir/foo/bar/baz:new"], shown);
    assert_eq!(codes(&analysis.warnings), ["parent-not-directory"]);
    assert_eq!(waste(&analysis), ["nondir 3 shadowed-in-layer 0-0"]);

    let analysis = assert_shows(&["nondir:old", "nondir/foo/bar/baz:new"], shown);
    assert_eq!(codes(&analysis.warnings), ["replaced-by-directory"]);
    assert_eq!(waste(&analysis), ["nondir 3 replaced 0-1"]);
}

#[test]
fn a_hard_link_to_a_symbolic_link_has_the_same_target() {
    for (target, codes_expected) in [
        ("link", &[][..]),
        ("/link", &[]),
        ("../../../link", &["escaping-path"]),
        ("/../../link", &["escaping-path"]),
    ] {
        let layer = format!("link->../../../etc/shadow dup=>{target}");
        let analysis = assert_shows(
            &[&layer],
            "dup->../../../etc/shadow link->../../../etc/shadow",
        );
        assert_eq!(codes(&analysis.warnings), codes_expected, "{target}");
    }
}

#[test]
fn a_hard_link_to_a_symbolic_link_of_a_lower_layer_has_the_same_target() {
    let analysis = assert_shows(&["link->there", "dup=>link"], "dup->there link->there");
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

#[test]
fn an_opaque_marker_makes_its_parents() {
    let analysis = assert_shows(
        &[
            "a/b/c/old:1 a/stays:2",
            "a/b/c/.wh..wh..opq n/e/w/.wh..wh..opq",
        ],
        "a/ a/b/ a/b/c/ a/stays:2 n/ n/e/ n/e/w/",
    );
    assert_eq!(waste(&analysis), ["a/b/c/old 1 opaque 0-1"]);
}

/// podman and umoci: a file stays, whatever marker of its own layer stands below its name.
#[test]
fn markers_below_a_file_of_their_own_layer_do_nothing() {
    for marker in ["f/.wh..wh..opq", "f/.wh.x", "f/s/.wh.x", "f/s/.wh..wh..opq"] {
        for lower in ["f/ f/old:1", "f:1"] {
            assert_in_any_order(lower, &format!("f:2 {marker}"), "f:2");
        }
        assert_in_any_order("z", &format!("t:1 f->t {marker}"), "f->t t:1 z");
    }
}

/// podman and umoci: `.wh.X` removes X, and a marker alone makes it no directory again.
#[test]
fn a_whiteout_stays_where_only_markers_are_below_its_name() {
    for marker in [
        "X/.wh..wh..opq",
        "X/.wh.old",
        "X/s/.wh..wh..opq",
        "X/s/.wh.t",
    ] {
        assert_in_any_order("X/ X/old:1 z", &format!(".wh.X {marker}"), "z");
    }
    assert_in_any_order(
        "X/ X/old:1",
        ".wh.X X/ X/.wh..wh..opq X/new:2",
        "X/ X/new:2",
    );
}

#[test]
fn whiteouts_inside_an_opaque_directory_add_nothing() {
    let layers = [
        "d/ d/a:1 d/b:2 d/c:3",
        "d/.wh.a d/.wh..wh..opq d/.wh.b d/new:4",
    ];
    let analysis = assert_shows(&layers, "d/ d/new:4");
    assert_eq!(analysis.totals.wasted_bytes, 3);
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

#[test]
fn opaque_directories_inside_each_other_all_stay_opaque() {
    let markers = "a/.wh..wh..opq a/b/.wh..wh..opq a/b/c/.wh..wh..opq";
    assert_in_any_order(
        "a/x a/b/x a/b/c/x",
        &format!("{markers} a/b/c/new:1"),
        "a/ a/b/ a/b/c/ a/b/c/new:1",
    );
    let analysis = analyse(&["z", markers]);
    for path in ["a", "a/b", "a/b/c"] {
        use layerscope::layer::LayerIndex;
        use layerscope::path::ImagePath;
        use layerscope::tree::View;
        let path = ImagePath::new(path.as_bytes()).unwrap();
        let row = View::Layer(LayerIndex(1)).get(&analysis.tree, path);
        assert!(row.unwrap().opaque);
    }
}

#[test]
fn a_directory_removed_and_filled_in_one_layer_is_replaced() {
    assert_in_any_order(
        "D/ D/old:1 D/foo/ D/foo/old:2",
        ".wh.D D/foo/bar:3",
        "D/ D/foo/ D/foo/bar:3",
    );
}

#[test]
fn a_whiteout_below_a_whiteout_leaves_the_directory_removed() {
    assert_in_any_order("foo/ foo/bar:1 foo/baz:2 z", ".wh.foo foo/.wh.bar", "z");
}

#[test]
fn mode_and_attributes_of_an_opaque_directory_are_its_own() {
    for mode in [0o700, 0o750] {
        let lower = records("d/ d/old");
        let upper = LayerBuilder::new()
            .dir("d")
            .mode(mode)
            .xattr("user.test", b"value")
            .opaque("d");
        let analysis = analyse_records(&[lower, upper.into_items()]);
        assert_merged(&analysis, "d/");
        let directory = row(&analysis, "d").unwrap();
        assert_eq!(directory.mode.map(u32::from), Some(mode));
        let (layer, node) = directory.metadata.unwrap();
        let xattrs = analysis.tree.layer(layer).xattrs(node);
        assert_eq!(xattrs.len(), 1);
        assert_eq!(xattrs[0].1, b"value");
    }
}

/// The OCI specification fixes no type for markers; writers leave hard links, devices and stale link names.
#[test]
fn the_type_of_a_marker_does_not_matter() {
    for words in [
        ".wh.gone",
        ".wh.gone:data",
        ".wh.gone->target",
        ".wh.gone=>.wh.other",
        "|.wh.gone",
    ] {
        assert_shows(&["gone:1 stays:2", words], "stays:2");
    }
    let device = LayerBuilder::new().char_device(".wh.gone", 0, 0);
    let analysis = analyse_records(&[records("gone:1 stays:2"), device.into_items()]);
    assert_merged(&analysis, "stays:2");
    // Docker 20.10: typeflag 0 with the link name of another file.
    let stale = crate::support::tar::raw_entry(b"d/.wh.gone", b'0', b"", |header| {
        header.set_link_name("d/elsewhere").unwrap();
    });
    let upper = LayerBuilder::new().raw(stale).into_items();
    let analysis = analyse_records(&[records("d/ d/gone:1 d/elsewhere:2"), upper]);
    assert_merged(&analysis, "d/ d/elsewhere:2");
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

#[test]
fn markers_mean_the_same_in_every_encoding() {
    for encoding in Encoding::ALL {
        let encoded = |words: &str| -> Vec<Item> {
            let mut items = records(words);
            for item in &mut items {
                item.encoding = encoding;
            }
            items
        };
        let analysis = analyse_records(&[
            encoded("d/ d/a:1 e/ e/a:2 f:3"),
            encoded("d/.wh..wh..opq d/b:4 e/.wh.a .wh.f"),
        ]);
        assert_merged(&analysis, "d/ d/b:4 e/");
    }
}
