//! The merged view of real images equals what umoci unpacked and what the kernel mounted.
//!
//! Reads `LAYERSCOPE_CORPUS` and the folders beside it; says that it was skipped where that is not set.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

#[path = "support/corpus.rs"]
mod corpus;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::path::Path;

use layerscope::analysis::{self, Analysis};
use layerscope::error::Error;
use layerscope::layer::EntryKind;
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};
use layerscope::tree::{PathId, View};

fn analyse(path: &Path, image: Option<&str>) -> Result<Analysis, Error> {
    let job = Job::new();
    let locator = Locator::parse(path.as_os_str()).unwrap();
    let options = OpenOptions {
        image: image.map(str::to_owned),
        ..OpenOptions::default()
    };
    let opened = source::open(&locator, &options, &job)?;
    analysis::run(
        opened.source,
        opened.image,
        &analysis::Options::default(),
        &job,
    )
}

/// One row: type, mode, uid, gid, size, nlink, link.
type Row = (char, String, u32, u32, u64, Option<u32>, String);

fn listing(analysis: &Analysis) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let result: Result<(), Infallible> =
        View::Union(analysis.tree.top()).list(&analysis.tree, PathId::ROOT, &mut |row| {
            let kind = match row.kind {
                EntryKind::File | EntryKind::Hardlink => 'f',
                EntryKind::Dir => 'd',
                EntryKind::Symlink => 'l',
                EntryKind::Fifo => 'p',
                EntryKind::CharDevice => 'c',
                EntryKind::BlockDevice => 'b',
                EntryKind::Socket | EntryKind::Whiteout => '?',
            };
            let link = row.link.as_ref().map_or(String::new(), |link| {
                String::from_utf8(link.clone()).unwrap()
            });
            rows.insert(
                String::from_utf8(row.path.clone()).unwrap(),
                (
                    kind,
                    row.mode
                        .map_or("-".to_owned(), |mode| format!("{mode:04o}")),
                    row.uid.unwrap_or(0),
                    row.gid.unwrap_or(0),
                    row.size,
                    (kind == 'f').then_some(row.nlink),
                    link,
                ),
            );
            Ok(())
        });
    let Ok(()) = result;
    rows
}

#[test]
fn merged_views_equal_what_umoci_unpacked() {
    let Some(files) = corpus::files() else { return };
    let manifest = std::fs::read_to_string(files.join("MANIFEST.tsv")).unwrap();
    let (mut compared, mut squashes) = (0, 0);
    let mut wrong = Vec::new();
    for row in manifest.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, oracle) = (
            columns[0],
            columns.get(12).copied().unwrap_or_default().trim(),
        );
        let Some(listing_oracle) = oracle
            .split(" ; ")
            .find(|file| file.ends_with(".umoci.tsv"))
        else {
            continue;
        };
        let analysis = match analyse(&files.join(name), None) {
            Err(Error::ManyImages { .. }) => analyse(&files.join(name), Some("0")),
            other => other,
        };
        let analysis = match analysis {
            Ok(analysis) => analysis,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let ours = listing(&analysis);
        let expected = std::fs::read_to_string(files.join(listing_oracle)).unwrap();
        compared += 1;
        wrong.extend(differences(name, &ours, &expected_rows(&expected)));
        if let Some(golden) = oracle
            .split(" ; ")
            .find(|file| file.ends_with(".golden.tar"))
        {
            let golden_analysis = analyse(&files.join(golden), None).unwrap();
            squashes += 1;
            wrong.extend(differences(golden, &listing(&golden_analysis), &ours));
            assert_eq!(
                golden_analysis.totals.content_bytes, analysis.totals.effective_bytes,
                "{golden}: what squashing keeps is what is not wasted"
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        compared >= 56 && squashes >= 8,
        "only {compared} listings and {squashes} squashed tars were found"
    );
}

fn expected_rows(text: &str) -> BTreeMap<String, Row> {
    text.lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let link = columns.get(7).copied().unwrap_or_default().to_owned();
            let kind = columns[0].chars().next().unwrap();
            let row = (
                kind,
                columns[1].to_owned(),
                columns[2].parse().unwrap(),
                columns[3].parse().unwrap(),
                columns[4].parse().unwrap_or(0),
                columns[5].parse().ok(),
                link,
            );
            (columns[6].to_owned(), row)
        })
        .collect()
}

fn differences(
    name: &str,
    ours: &BTreeMap<String, Row>,
    theirs: &BTreeMap<String, Row>,
) -> Vec<String> {
    let mut found = Vec::new();
    for path in ours
        .keys()
        .chain(theirs.keys().filter(|path| !ours.contains_key(*path)))
    {
        if ours.get(path) != theirs.get(path) {
            found.push(format!(
                "{name}: {path}: ours {:?}, theirs {:?}",
                ours.get(path),
                theirs.get(path)
            ));
        }
    }
    found
}

#[test]
fn merged_views_equal_what_the_kernel_mounted() {
    let Some(files) = corpus::files() else { return };
    let shared = files.parent().and_then(Path::parent).unwrap();
    let docker = shared.join("stores/docker-overlay2.oracle");
    let podman = shared.join("stores/podman-overlay.oracle");
    let images = shared.join("images");
    if !images.is_dir() || !docker.is_dir() {
        println!("skipped: no images beside the corpus");
        return;
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for entry in std::fs::read_dir(&images).unwrap() {
        let path = entry.unwrap().path();
        if path.extension() == Some(OsStr::new("md")) {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        for (chosen, image) in [
            ("stores/one:latest", "one"),
            ("localhost/stores/one:latest", "one"),
            ("one", "one"),
            ("stores/two:latest", "two"),
            ("localhost/stores/two:latest", "two"),
        ] {
            let Ok(analysis) = analyse(&path, Some(chosen)) else {
                continue;
            };
            // Podman's builder leaves the mount points of a RUN in its layers, and a host in its names.
            let mut names = analysis.image.names.iter();
            let oracle = if names.any(|name| name.starts_with("localhost/")) {
                &podman
            } else {
                &docker
            };
            let expected =
                std::fs::read_to_string(oracle.join(format!("merged-image-{image}.txt"))).unwrap();
            let expected: BTreeMap<String, Row> = expected
                .lines()
                .map(|line| {
                    let columns: Vec<&str> = line.split('\t').collect();
                    let (uid, gid) = columns[2].split_once(':').unwrap();
                    let kind = columns[0].chars().next().unwrap();
                    let size = if kind == 'f' {
                        columns[3].parse().unwrap()
                    } else {
                        0
                    };
                    let link = columns.get(7).copied().unwrap_or_default().to_owned();
                    // The kernel prints a lower inode's own link count, names that a whiteout hides included; ours
                    // counts the names the view shows.
                    let mode = format!("{:04o}", u32::from_str_radix(columns[1], 8).unwrap());
                    let row = (
                        kind,
                        mode,
                        uid.parse().unwrap(),
                        gid.parse().unwrap(),
                        size,
                        None,
                        link,
                    );
                    (columns[6].to_owned(), row)
                })
                .filter(|(path, _)| !path.is_empty())
                .collect();
            compared += 1;
            let mut ours = listing(&analysis);
            for row in ours.values_mut() {
                row.5 = None;
            }
            wrong.extend(differences(&format!("{name} {chosen}"), &ours, &expected));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(compared >= 6, "only {compared} images were compared");
}
