//! The demo image that is checked in: it is what its program makes, it shows everything, and its figures are
//! the model's.

#![allow(
    clippy::expect_used,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeSet;

use support::model::{Cause, Change, Outcome};
use support::{Codec, Kind};

#[test]
fn the_archive_is_what_its_program_makes() {
    let stored = include_bytes!("../assets/demo-image.tar");
    // Not `assert_eq!`: nobody reads the bytes.
    assert!(
        support::demo::archive() == stored,
        "run `cargo run --example demo-image`"
    );
    assert!(stored.len() < 300_000, "it is downloaded with every clone");
}

#[test]
fn every_change_and_every_cause_occurs() {
    let outcome = Outcome::of(&support::demo::demo().stack());
    for cause in Cause::ALL {
        assert!(outcome.wasted_by(cause) > 0, "{cause:?}");
    }
    let found: BTreeSet<_> = outcome
        .changes
        .iter()
        .flat_map(|changes| changes.values().copied())
        .collect();
    for change in [
        Change::Added,
        Change::Modified,
        Change::Touched,
        Change::Repeated,
        Change::Removed,
        Change::Dangling,
        Change::Hidden(Cause::DeletedDir),
        Change::Hidden(Cause::Opaque),
    ] {
        assert!(found.contains(&change), "{change:?}");
    }
    let stack = support::demo::demo().stack();
    let is_link = |kind: &Kind| matches!(kind, Kind::Hardlink(_));
    assert!(stack.iter().flatten().any(|item| is_link(&item.kind)));
}

/// What the documentation says about the demo image. The model computes it, layerscope agrees.
#[test]
fn its_figures_are_the_documented_ones() {
    let outcome = Outcome::of(&support::demo::demo().stack());
    let content: u64 = outcome.content_bytes.iter().sum();
    let figures = (content, outcome.merged_bytes(), outcome.wasted_bytes());
    assert_eq!(figures, (25_545_146, 9_283_655, 16_261_491));
    let by_cause = Cause::ALL.map(|cause| (cause.word(), outcome.wasted_by(cause)));
    assert_eq!(
        by_cause,
        [
            ("deleted", 12_072),
            ("deleted-dir", 7_006_000),
            ("opaque", 7483),
            ("replaced", 900),
            ("overwritten", 12_000),
            ("metadata-only", 9_211_200),
            ("identical", 11_356),
            ("shadowed-in-layer", 480),
        ]
    );
}

#[test]
fn layerscope_agrees_with_the_model() {
    let stack = support::demo::demo().stack();
    let outcome = Outcome::of(&stack);
    let analysis = support::opened::analyse(&stack, &[Codec::None]);
    assert_eq!(analysis.totals.effective_bytes, outcome.merged_bytes());
    let by_cause = Cause::ALL.map(|cause| outcome.wasted_by(cause));
    assert_eq!(analysis.waste.by_cause, by_cause);
}
