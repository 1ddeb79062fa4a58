//! Layers applied one after another: moby/go-archive `diff_test.go`, `TestApplyLayerWhiteouts`.

use crate::notation::{analyse, assert_view, codes, marks};

const STEPS: [(&str, &str); 4] = [
    (
        ".baz bar/ bar/bax bar/bay/ baz foo/ foo/.abc foo/.bcd/ foo/.bcd/a foo/cde/ foo/cde/def foo/cde/efg \
         foo/fgh foobar",
        ".baz bar/ bar/bax bar/bay/ baz foo/ foo/.abc foo/.bcd/ foo/.bcd/a foo/cde/ foo/cde/def foo/cde/efg \
         foo/fgh foobar",
    ),
    (
        ".bay .wh.baz foo/ foo/.bce foo/.wh..wh..opq foo/cde/ foo/cde/efg",
        ".bay .baz bar/ bar/bax bar/bay/ foo/ foo/.bce foo/cde/ foo/cde/efg foobar",
    ),
    (
        ".bay .wh..baz .wh.foobar foo/ foo/.abc foo/.wh.cde bar/",
        ".bay bar/ bar/bax bar/bay/ foo/ foo/.abc foo/.bce",
    ),
    (".abc .wh..wh..opq foobar", ".abc foobar"),
];

#[test]
fn every_step_shows_the_union_so_far() {
    let analysis = analyse(&STEPS.map(|(layer, _)| layer));
    for (step, (_, shown)) in (0..).zip(STEPS) {
        assert_view(&analysis, step, shown);
    }
    assert_eq!(codes(&analysis.warnings), [""; 0]);
}

#[test]
fn the_order_of_records_plays_no_role() {
    let reversed = STEPS.map(|(layer, _)| {
        let words: Vec<&str> = layer.split_whitespace().rev().collect();
        words.join(" ")
    });
    let analysis = analyse(&reversed.each_ref().map(String::as_str));
    for (step, (_, shown)) in (0..).zip(STEPS) {
        assert_view(&analysis, step, shown);
    }
}

#[test]
fn marks_are_against_the_view_below() {
    let analysis = analyse(&STEPS.map(|(layer, _)| layer));
    assert_eq!(
        marks(&analysis, 1),
        [
            "A .bay",
            "D baz",
            "h foo/.abc",
            "h foo/.bcd",
            "h foo/.bcd/a",
            "A foo/.bce",
            "h foo/cde/def",
            "= foo/cde/efg",
            "h foo/fgh",
        ],
        "a directory listed again below an opaque one is no change"
    );
    assert_eq!(
        marks(&analysis, 2),
        [
            "= .bay",
            "D .baz",
            "A foo/.abc",
            "D foo/cde",
            "h foo/cde/efg",
            "D foobar"
        ]
    );
    assert_eq!(
        marks(&analysis, 3),
        [
            "A .abc",
            "h .bay",
            "h bar",
            "h bar/bax",
            "h bar/bay",
            "h foo",
            "h foo/.abc",
            "h foo/.bce",
            "A foobar",
        ],
        "an opaque root hides everything of lower layers and nothing of its own"
    );
}
