//! Marks and sizes: moby `changes_test.go`, the same in containers/storage.
//!
//! moby has three letters: C for changed, A, D. Ours tell a change of content (M) from one of metadata (m),
//! and name what a removed ancestor hides (h), which moby leaves out of the list.

use crate::notation::{analyse, analyse_records, assert_merged, marks, records, row};
use crate::support::Item;

#[test]
fn a_layer_against_its_base() {
    let analysis = analyse(&[
        "dir1/ dir1/file1-1:a dir1/file1-2:b dir1/subfolder/",
        "dir1/.wh.file1-2 dir1/file1-1:other dir1/subfolder/newFile:c",
    ]);
    assert_eq!(
        marks(&analysis, 1),
        [
            "M dir1/file1-1",
            "D dir1/file1-2",
            "A dir1/subfolder/newFile"
        ],
        "moby lists the two directories as changed as well: their times are"
    );
}

/// moby issue 13590: parents that were copied up are not changes.
#[test]
fn a_copied_up_chain_of_parents_is_not_reported() {
    let base = "dir1/ dir1/dir2/ dir1/dir2/dir3/ dir1/dir2/dir3/file.txt:hello";
    for (upper, expected) in [
        (
            "dir1/ dir1/dir2/ dir1/dir2/dir3/ dir1/dir2/dir3/file1.txt:bye",
            ["A dir1/dir2/dir3/file1.txt"],
        ),
        (
            "dir1/ dir1/dir2/ dir1/dir2/dir3/ dir1/dir2/dir3/file.txt:hullo",
            ["M dir1/dir2/dir3/file.txt"],
        ),
    ] {
        assert_eq!(marks(&analyse(&[base, upper]), 1), expected);
    }
}

fn at_another_time(mut item: Item) -> Item {
    item.mtime += 60;
    item
}

#[test]
fn every_mutation_of_a_sample() {
    let sample = records(
        "dir1/ dir1/file1-1:a dir1/file1-2:b dir2/ dir2/file2-1:c dir2/file2-2:d dir3/ dir3/file3-1:e dir3/file3-2:f \
         dir4/ dir4/file3-1:g dir4/file3-2:h file1:i file2:j file3:k file4:l file5:m symlink1->target1 \
         symlink2->target2 symlink3->file1 symlink4->symlink3 dirSymlink->dir1",
    );
    let touched = |words| records(words).into_iter().map(at_another_time);
    let mutated = records(
        ".wh.file1 .wh.dir1 .wh.symlink1 file2:rewritten file3:replaced file5/ filenew:n dirnew/ symlinknew->t \
         symlink2->target2change dir2:file",
    );
    let upper = touched("file4:l dir3/").chain(mutated).collect();
    let analysis = analyse_records(&[sample, upper]);
    assert_eq!(
        marks(&analysis, 1),
        [
            "D dir1",
            "h dir1/file1-1",
            "h dir1/file1-2",
            "M dir2",
            "h dir2/file2-1",
            "h dir2/file2-2",
            "m dir3",
            "A dirnew",
            "D file1",
            "M file2",
            "M file3",
            "m file4",
            "M file5",
            "A filenew",
            "D symlink1",
            "M symlink2",
            "A symlinknew",
        ],
        "a change of type is one change; below a removed directory everything is hidden"
    );
    assert_merged(
        &analysis,
        "dir2:file dir3/ dir3/file3-1:e dir3/file3-2:f dir4/ dir4/file3-1:g dir4/file3-2:h dirSymlink->dir1 dirnew/ \
         file2:rewritten file3:replaced file4:l file5/ filenew:n symlink2->target2change symlink3->file1 \
         symlink4->symlink3 symlinknew->t",
    );
}

#[test]
fn the_size_of_a_layer_is_what_it_stores() {
    let base = "a:xyz b:xyz";
    for (upper, size) in [
        ("", 0),
        (".wh.a .wh.b", 0),
        ("c:123 a:456", 6),
        ("c:123 d=>c e=>c", 3),
        ("d/ l->a |p", 0),
    ] {
        let analysis = analyse(&[base, upper]);
        assert_eq!(analysis.layers[1].content_bytes, size, "{upper}");
    }
}

/// What moby cannot see: its letters are decided by size and time.
#[test]
fn content_decides_not_size_or_time() {
    let analysis = analyse(&["f:aaa g:aaa", "f:bbb g:aaa"]);
    assert_eq!(marks(&analysis, 1), ["M f", "= g"]);
    let large = |byte| {
        let mut items = records("f");
        items[0].kind = crate::support::Kind::File(vec![byte; 100_000]);
        items
    };
    let analysis = analyse_records(&[large(0), large(1), large(1)]);
    assert_eq!(marks(&analysis, 1), ["M f"]);
    assert_eq!(marks(&analysis, 2), ["= f"]);
    assert_eq!(row(&analysis, "f").unwrap().size, 100_000);
}
