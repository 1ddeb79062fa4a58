//! Opens every image of a corpus of real ones, if there is one: the environment variable
//! `LAYERSCOPE_CORPUS` names its directory. Unset, the test passes and says that it was skipped.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

#[path = "support/corpus.rs"]
mod corpus;

use std::path::Path;

use layerscope::error::Error;
use layerscope::image::Image;
use layerscope::progress::Job;
use layerscope::source::{self, Choice, Locator, OpenOptions};
use regex::Regex;

/// A row of the corpus' `MANIFEST.tsv`.
struct Unit {
    path: String,
    kind: String,
    /// What other tools made of it.
    observed: String,
}

/// An image as other tools saw it.
#[derive(Debug)]
struct Seen {
    platform: String,
    layers: usize,
}

fn image_units(files: &Path) -> Vec<Unit> {
    let table = std::fs::read_to_string(files.join("MANIFEST.tsv")).unwrap();
    let units: Vec<Unit> = table
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|columns| columns[8].starts_with("img:"))
        .map(|columns| Unit {
            path: columns[0].to_owned(),
            kind: columns[8].to_owned(),
            observed: columns[11].trim_matches('"').to_owned(),
        })
        .collect();
    assert!(units.len() > 50);
    units
}

/// Images are noted as `[name] os/arch layers=N …`; layers that could not be read are not part of `N`, but
/// named as `layer3 …`.
fn seen(observed: &str) -> Vec<Seen> {
    let image = Regex::new(r"\[[^\]]*\] (\S*) ?layers=(\d+)([^;]*)").unwrap();
    let unread = Regex::new(r"\blayer\d+\b").unwrap();
    image
        .captures_iter(observed)
        .map(|found| Seen {
            platform: found[1].to_owned(),
            layers: found[2].parse::<usize>().unwrap() + unread.find_iter(&found[3]).count(),
        })
        .collect()
}

fn check(unit: &Unit, image: &Image, seen: &[Seen]) {
    let platform = format!("{}/{}", image.platform.os, image.platform.architecture);
    let is_same = |seen: &&Seen| seen.platform.is_empty() || seen.platform.starts_with(&platform);
    let expected: Vec<usize> = seen
        .iter()
        .filter(is_same)
        .map(|seen| seen.layers)
        .collect();
    // Lists of many images are abridged in the table.
    if !expected.is_empty() && !unit.observed.contains("more)") {
        let layers = image.layers.len();
        assert!(
            expected.contains(&layers),
            "{}: {layers} layers, {seen:?}",
            unit.path
        );
    }
}

fn open_all(unit: &Unit, locator: &Locator, choices: &[Choice], seen: &[Seen]) {
    for choice in choices {
        let options = OpenOptions {
            image: Some(choice.index.to_string()),
            ..OpenOptions::default()
        };
        match source::open(locator, &options, &Job::new()) {
            Ok(opened) => {
                assert_eq!(choice.missing, None, "{}: {choice}", unit.path);
                check(unit, &opened.image, seen);
            }
            Err(error) => assert!(choice.missing.is_some(), "{}: {choice}: {error}", unit.path),
        }
    }
}

#[test]
fn every_image_opens_or_says_why_not() {
    let Some(files) = corpus::files() else { return };
    for unit in image_units(&files) {
        let locator = Locator::parse(files.join(&unit.path).as_os_str()).unwrap();
        let seen = seen(&unit.observed);
        let choices = source::list(&locator, &OpenOptions::default(), &Job::new());
        let opened = source::open(&locator, &OpenOptions::default(), &Job::new());
        open_all(&unit, &locator, choices.as_deref().unwrap_or(&[]), &seen);
        let others_opened_it = unit.observed.contains("skopeo ok");
        println!(
            "{} {}: {:?}",
            unit.kind,
            unit.path,
            opened.as_ref().map(|opened| opened.source.kind)
        );
        match opened {
            Ok(opened) => {
                check(&unit, &opened.image, &seen);
                for warning in &opened.image.warnings {
                    println!("  {}: {}", warning.code.as_str(), warning.message);
                }
            }
            Err(Error::ManyImages { available, .. }) => {
                assert!(available.len() > 1, "{}", unit.path);
            }
            Err(error) => {
                assert!(!others_opened_it, "{}: {error}", unit.path);
                assert!(error.hint().is_some(), "{}: {error}", unit.path);
            }
        }
    }
}
