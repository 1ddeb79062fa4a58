//! What scanners and unpackers assert: claircore `fileIsDeleted`, go-containerregistry `mutate.Extract`,
//! unionmount-testsuite as far as a reader can see it.

use crate::notation::{
    analyse, analyse_records, assert_merged, assert_shows, codes, marks, records, row,
};
use crate::support::{Item, Kind};

/// claircore `fileIsDeleted(path, whiteout)`.
#[test]
fn a_file_is_deleted_by_a_whiteout_of_its_own_or_of_an_ancestor() {
    for (path, marker, deleted) in [
        ("a/b", "a/.wh.b", true),
        ("a/c", "a/.wh.b", false),
        ("a/b/c/foo", "a/.wh..wh..opq", true),
        ("c/foo", "a/.wh..wh..opq", false),
        ("a/file.wh.txt", "a/.wh.file.wh.txt", true),
        ("file.wh.d/file.conf", "file.wh.d/.wh.file.conf", true),
        ("a/b", "not/a/white/out", false),
        ("a", "a/b/.wh..wh..opq", false),
        ("a/b/c", ".wh.a", true),
        ("ab/c", ".wh.a", false),
        ("a/b", ".wh.a/b", false),
    ] {
        let analysis = analyse(&[path, marker]);
        let view = layerscope::tree::View::Union(layerscope::layer::LayerIndex(1));
        let is_there = crate::notation::rows(&analysis, view)
            .iter()
            .any(|row| row.path == path.as_bytes() && row.kind.is_file());
        // `a` as a file gives way to the opaque directory; that it is deleted would be another thing.
        let expected = !deleted && !marker.starts_with(&format!("{path}/"));
        assert_eq!(is_there, expected, "{path} by {marker}");
        if marker.starts_with(&format!("{path}/")) {
            assert!(row(&analysis, path).is_some(), "{path} by {marker}");
        }
    }
}

#[test]
fn an_opaque_directory_is_not_hidden_by_its_own_marker() {
    assert_shows(&["a/ a/x", "a/.wh..wh..opq"], "a/");
}

#[test]
fn a_whiteout_acts_on_components_not_on_prefixes() {
    let lower = "lib/ lib/site/ lib/site/a lib/site-packages/ lib/site-packages/b lib/site.py lib/sites/ lib/sites/c";
    let rest = "lib/ lib/site-packages/ lib/site-packages/b lib/site.py lib/sites/ lib/sites/c";
    assert_shows(
        &[lower, "lib/site/.wh..wh..opq"],
        &format!("{rest} lib/site/"),
    );
    assert_shows(&[lower, "lib/.wh.site"], rest);
}

#[test]
fn added_deleted_and_added_again_is_there() {
    let analysis = assert_shows(&["d/ d/f:1", "d/.wh.f", "d/f:2", "x"], "d/ d/f:2 x");
    assert_eq!(marks(&analysis, 1), ["D d/f"]);
    assert_eq!(marks(&analysis, 2), ["A d/f"]);
}

fn file(name: &[u8]) -> Item {
    Item::new(name, Kind::File(b"x".to_vec()))
}

/// ggcr rejects or drops these. On Linux a backslash and a drive are letters of a name like any other.
#[test]
fn names_of_other_systems_are_names() {
    for (name, shown, escapes) in [
        (&b"../x"[..], &b"x"[..], true),
        (b"a/../../x", b"x", true),
        (b"/x", b"x", true),
        (b"./x", b"x", false),
        (b"a//x", b"a/x", false),
        (br"..\..\x", br"..\..\x", false),
        (br"\x", br"\x", false),
        (br"C:\x", br"C:\x", false),
        (b"C:/x", b"C:/x", false),
    ] {
        let analysis = analyse_records(&[vec![file(name)]]);
        let path = layerscope::path::ImagePath::new(shown).unwrap();
        let view = layerscope::tree::View::Union(layerscope::layer::LayerIndex(0));
        let found = view.get(&analysis.tree, path);
        assert!(found.is_some(), "{}", name.escape_ascii());
        let warned = codes(&analysis.warnings).contains(&"escaping-path");
        assert_eq!(warned, escapes, "{}", name.escape_ascii());
    }
    let analysis = assert_shows(&["./ . a"], "a");
    assert!(analysis.complete);
}

#[test]
fn links_are_kept_as_stored_wherever_they_lead() {
    let links = r"abs->/etc/passwd rel->../../etc/passwd back->..\..\x dot->. empty->x/../..";
    let analysis = assert_shows(&[links], links);
    assert_eq!(
        codes(&analysis.warnings),
        [""; 0],
        "a symbolic link is data"
    );
}

/// An object that is only in the lower layer, only in the upper, or was copied up: then a system call.
#[test]
fn what_system_calls_leave_in_a_layer() {
    for (call, layer, shown) in [
        ("unlink", ".wh.f", "d/ d/x:1"),
        ("unlink in a directory", "d/.wh.x", "d/ f:0"),
        ("rmdir after unlinking all", ".wh.d", "f:0"),
        ("rmdir and mkdir", "d/ d/.wh..wh..opq", "d/ f:0"),
        ("rename of a file", ".wh.f g:0", "d/ d/x:1 g:0"),
        ("rename over a file", ".wh.f d/x:0", "d/ d/x:0"),
        (
            "rename of a directory, copied",
            ".wh.d e/ e/x:1",
            "e/ e/x:1 f:0",
        ),
        (
            "rename over an empty directory",
            ".wh.f d/.wh..wh..opq d/",
            "d/",
        ),
        ("link to a lower file, index off", "g:0", "d/ d/x:1 f:0 g:0"),
        (
            "link to a lower file, index on",
            "f:0 g=>f",
            "d/ d/x:1 f:0 g:0",
        ),
        ("truncate", "f", "d/ d/x:1 f"),
        ("symlink in place of a file", "f->d", "d/ d/x:1 f->d"),
        ("mkdir in place of a file", "f/", "d/ d/x:1 f/"),
    ] {
        let lower = "d/ d/x:1 f:0";
        assert_shows(&[lower, layer], shown);
        // Copied up first: the same names stand in two layers.
        assert_shows(&[lower, lower, layer], shown);
        assert_shows(&["d/", "d/x:1 f:0", layer], shown);
        let analysis = analyse(&["z", layer]);
        assert!(analysis.complete, "{call} on what is not there");
    }
}

#[test]
fn a_file_renamed_there_and_back_keeps_its_content() {
    let analysis = assert_shows(&["a:1", ".wh.a b:1", ".wh.b a:1"], "a:1");
    assert_eq!(marks(&analysis, 1), ["D a", "A b"]);
    assert_eq!(marks(&analysis, 2), ["A a", "D b"]);
    assert_eq!(analysis.totals.wasted_bytes, 2);
}

#[test]
fn removing_twice_is_dangling_the_second_time() {
    let analysis = assert_shows(&["f:1", ".wh.f", ".wh.f"], "");
    assert_eq!(codes(&analysis.warnings), ["dangling-whiteout"]);
    assert_eq!(analysis.warnings[0].layer, Some(2));
}

#[test]
fn removing_a_link_leaves_its_target() {
    assert_shows(&["target:1 link->target", ".wh.link"], "target:1");
    let analysis = assert_shows(&["target:1 link=>target", ".wh.target"], "link:1");
    assert_eq!(analysis.totals.wasted_bytes, 0);
}

/// AUFS keeps its own notes among the files; containers' layers of that time have them.
#[test]
fn bookkeeping_of_aufs_is_no_deletion_and_no_file() {
    let notes = ".wh..wh.aufs .wh..wh.orph/ .wh..wh.plnk/ .wh..wh.plnk/12.34:data d/.wh..wh.x";
    let mut layers = vec![records("aufs:1 d/ d/x:2"), records(notes)];
    let analysis = analyse_records(&layers);
    assert_merged(&analysis, "aufs:1 d/ d/x:2");
    let codes = codes(&analysis.warnings);
    assert!(!codes.is_empty() && codes.iter().all(|&code| code == "aufs-bookkeeping"));
    assert!(analysis.complete);
    layers.reverse();
    assert_merged(&analyse_records(&layers), "aufs:1 d/ d/x:2");
}

/// moby `diff.go`: a hard link into `.wh..wh.plnk/` is a name of the file kept there.
#[test]
fn a_hard_link_into_the_bookkeeping_of_aufs_has_its_data() {
    let layer = ".wh..wh.plnk/ .wh..wh.plnk/12.34:data a=>.wh..wh.plnk/12.34 b=>.wh..wh.plnk/12.34";
    let analysis = assert_shows(&[layer], "a:data b:data");
    assert_eq!(row(&analysis, "a").unwrap().nlink, 2);
    assert_eq!(analysis.totals.effective_bytes, 4);
}
