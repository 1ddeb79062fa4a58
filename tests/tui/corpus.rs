//! Every image of the corpus in every view: nothing panics, nothing raw reaches a cell, the figures on the screen
//! are those of the analysis.
//!
//! Reads `LAYERSCOPE_CORPUS`; says that it was skipped where that is not set.

use std::path::Path;

use layerscope::analysis::{self, Analysis};
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};
use layerscope::tree::PathId;
use layerscope::units::Units;

use crate::properties::check;
use crate::screen::{Screen, Writes, session};
use crate::support::corpus;

/// Keys that visit every view, mode, column and popup.
const TOUR: [&str; 26] = [
    "jjj",
    "<enter>",
    "+",
    "mG",
    "c",
    "b",
    "s",
    "mi",
    "<esc>",
    "/e",
    "<enter>",
    "n",
    "v",
    "m",
    "d",
    "<esc>",
    "<esc>",
    "2",
    "mm",
    "3",
    "m",
    "Fa<enter>",
    "4",
    "c<enter>",
    "5G",
    "1K",
];

fn analyse(file: &Path) -> Option<Analysis> {
    let job = Job::new();
    let locator = Locator::parse(file.as_os_str()).ok()?;
    let options = OpenOptions {
        image: Some("0".into()),
        ..OpenOptions::default()
    };
    let opened = source::open(&locator, &options, &job).ok()?;
    analysis::run(
        opened.source,
        opened.image,
        &analysis::Options::default(),
        &job,
    )
    .ok()
}

#[test]
fn every_image_of_the_corpus_can_be_looked_at() {
    let Some(files) = corpus::files() else { return };
    let manifest = std::fs::read_to_string(files.join("MANIFEST.tsv")).unwrap();
    let mut shown = 0;
    for row in manifest.lines().skip(1) {
        let name = row.split('\t').next().unwrap();
        let Some(analysis) = analyse(&files.join(name)) else {
            continue;
        };
        let effective = analysis.totals.effective_bytes;
        let mut screen = Screen::of(analysis, session(), 90, 24);
        screen.writes = Writes::Kept;
        check(&screen);
        screen.keys("mm");
        let projection = screen.panes().tree.projection.as_ref().unwrap();
        assert_eq!(projection.bytes(PathId::ROOT), effective, "{name}");
        assert!(screen.shows(&Units::Iec.size(effective)), "{name}");
        for (keys, width) in TOUR.into_iter().zip([90, 40, 130].into_iter().cycle()) {
            screen.keys(keys);
            check(&screen);
            screen.resize(width, 24);
            check(&screen);
        }
        shown += 1;
    }
    assert!(shown > 100, "{shown} images were shown");
}
