//! Damaged images: no panic, no runaway, and books that balance, whatever bytes come.
//!
//! The damage is a seeded sample: a failure names the case, and the case is the same tomorrow.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::panic::{self, AssertUnwindSafe};

use layerscope::analysis::{self, Analysis, Totals};
use layerscope::error::Error;
use layerscope::progress::Job;
use layerscope::report::{Format, Report};
use layerscope::source::{self, Contents, Locator, OpenOptions};
use layerscope::text::{Detail, Glyphs, Look};
use layerscope::units::Units;
use tempfile::TempDir;

use support::random::Random;
use support::{
    Codec, Encoding, Image, Index, LayerBuilder, Packing, docker_current, docker_legacy, image, oci,
};

/// Bytes that a case may decompress or spool. The fixtures hold less than a tenth of it.
const ALLOWANCE: u64 = 4 << 20;

fn sample(encoding: Encoding) -> Image {
    let mut holes = vec![0; 9_000];
    holes[3_000..3_700].fill(b'x');
    let long = format!("deep/{}/file", "name".repeat(60));
    let tree = |l: LayerBuilder| {
        l.encode_with(encoding)
            .dir("etc")
            .file("etc/passwd", b"root:x:0:0\n")
            .xattr("user.note", b"kept")
            .file("holes", &holes)
            .file(&long, b"long")
            .hardlink("other", &long)
            .symlink("link", "etc/passwd")
            .char_device("null", 1, 3)
    };
    image()
        .name("app:1.4")
        .layer("ADD / # buildkit", tree)
        .empty("ENV A=b")
        .layer("RUN chmod # buildkit", |l| {
            tree(l).whiteout("gone").opaque("etc")
        })
        .layer("RUN rm # buildkit", |l| {
            l.whiteout("deep").hardlink("more", "holes")
        })
        .build()
}

const LOOK: Look = Look {
    width: 80,
    units: Units::Iec,
    glyphs: Glyphs::Unicode,
    detail: Detail::Full,
};

/// Damages bytes in one of the ways files get damaged, or are made to look so.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let below = |random: &mut Random, length: usize| {
        usize::try_from(random.below(length.max(1) as u64)).unwrap()
    };
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = below(random, bytes.len());
        let block = at / 512 * 512;
        let end = (block + 512).min(bytes.len());
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.truncate(block),
            2 => bytes[block..end].fill(0),
            3 => random.fill(&mut bytes[block..end]),
            4 => {
                let copy = bytes[block..end].to_vec();
                let place = below(random, bytes.len());
                bytes.splice(place..place, copy);
            }
            5 => {
                bytes.drain(block..end);
            }
            6 => bytes[at] = *b"\0 /.9-=\n"[..].get(below(random, 8)).unwrap(),
            _ => bytes[at] ^= 1 << random.below(8),
        }
    }
}

/// Changes a tar header and mends its checksum, so that the damage is believed.
fn forge(bytes: &mut [u8], random: &mut Random) {
    let blocks = (bytes.len() / 512) as u64;
    if blocks == 0 {
        return;
    }
    for _ in 0..64 {
        let start = usize::try_from(random.below(blocks)).unwrap() * 512;
        let block = &mut bytes[start..start + 512];
        if &block[257..262] != b"ustar" {
            continue;
        }
        let fields = [
            0..100,
            100..108,
            124..136,
            136..148,
            156..157,
            157..257,
            345..512,
        ];
        let field = fields[usize::try_from(random.below(7)).unwrap()].clone();
        for _ in 0..=random.below(4) {
            let at = field.start + usize::try_from(random.below(field.len() as u64)).unwrap();
            block[at] = b"\0\x80\xff/.07 "[usize::try_from(random.below(8)).unwrap()];
        }
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        return;
    }
}

/// What holds for every image, whatever its state.
fn check_books(analysis: &Analysis) {
    let totals = &analysis.totals;
    assert_eq!(
        totals.content_bytes - totals.effective_bytes,
        totals.wasted_bytes
    );
    assert_eq!(
        analysis.waste.by_cause.iter().sum::<u64>(),
        totals.wasted_bytes
    );
    let paths = analysis.waste.paths.iter().map(|wasted| wasted.bytes);
    assert_eq!(paths.sum::<u64>(), totals.wasted_bytes);
    let live = analysis.layers.iter().map(|layer| layer.live_bytes);
    assert_eq!(live.sum::<u64>(), totals.effective_bytes);
    assert!((0.0..=1.0).contains(&totals.efficiency));
    let report = Report {
        analysis,
        judgement: None,
        written: None,
        top: None,
        look: LOOK,
    };
    for format in [Format::Json, Format::Text] {
        report.write(format, &mut std::io::sink()).unwrap();
    }
}

/// Runs one case and names it should it panic.
fn survive(what: &str, case: u64, run: impl FnOnce()) {
    if let Err(cause) = panic::catch_unwind(AssertUnwindSafe(run)) {
        eprintln!("{what}, case {case}");
        panic::resume_unwind(cause);
    }
}

fn limited() -> Job {
    let job = Job::new();
    job.limit_expanded(ALLOWANCE);
    job
}

#[test]
fn damaged_layers_are_survived() {
    for encoding in Encoding::ALL {
        let plain: Vec<_> = sample(encoding)
            .layers
            .into_iter()
            .map(|layer| layer.tar)
            .collect();
        for codec in Codec::ALL {
            let stored: Vec<_> = plain.iter().map(|tar| codec.compress(tar)).collect();
            for case in 0..30 {
                let mut random = Random::new(case);
                let mut blobs = stored.clone();
                let victim = usize::try_from(random.below(blobs.len() as u64)).unwrap();
                damage(&mut blobs[victim], &mut random);
                survive(&format!("{encoding:?} {codec:?}"), case, || {
                    let analysis = support::opened::analyse_blobs(&blobs, &limited()).unwrap();
                    check_books(&analysis);
                });
            }
        }
    }
}

#[test]
fn forged_headers_are_survived() {
    for encoding in Encoding::ALL {
        let plain: Vec<_> = sample(encoding)
            .layers
            .into_iter()
            .map(|layer| layer.tar)
            .collect();
        for case in 0..200 {
            let mut random = Random::new(case);
            let mut blobs = plain.clone();
            for tar in &mut blobs {
                forge(tar, &mut random);
            }
            let codec = [Codec::None, Codec::Gzip][usize::from(case % 4 == 0)];
            let blobs: Vec<_> = blobs.iter().map(|tar| codec.compress(tar)).collect();
            survive(&format!("{encoding:?}"), case, || {
                let analysis = support::opened::analyse_blobs(&blobs, &limited()).unwrap();
                check_books(&analysis);
                let stored: usize = plain.iter().map(Vec::len).sum();
                let most = (stored / 512) as u64;
                assert!(analysis.totals.entries <= most, "an entry takes a block");
            });
        }
    }
}

/// Entries of one name, markers of that name, and links to it: what each costs must not depend on the others.
#[test]
fn many_links_to_a_name_that_is_stored_many_times_are_survived() {
    const MANY: usize = 50_000;
    let begin = std::time::Instant::now();
    let mut layer = LayerBuilder::new();
    for _ in 0..MANY {
        layer = layer.file("a", b"").whiteout("a");
    }
    for number in 0..MANY {
        layer = layer.hardlink(format!("l{number}"), "a");
    }
    let analysis = support::opened::analyse(&[layer.into_items()], &[Codec::None]);
    assert_eq!(analysis.totals.paths, MANY as u64 + 1);
    let links = analysis.tree.layers()[0].has_links();
    assert!(links && analysis.complete);
    // One that looks at every entry for every link takes minutes.
    assert!(begin.elapsed().as_secs() < 30, "{:?}", begin.elapsed());
}

#[test]
fn damaged_archives_are_survived() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("image.tar");
    let locator = Locator::parse(OsStr::new(&file)).unwrap();
    let image = sample(Encoding::Ustar);
    let packing = Packing::new(Codec::Gzip);
    let containers = [
        (
            "legacy",
            docker_legacy(&[&image], Packing::new(Codec::None)),
        ),
        ("current", docker_current(&[&image], packing)),
        ("nested", oci(&[&image], packing.index(Index::Attested))),
    ];
    let mut opened = 0;
    for (what, members) in &containers {
        for wrapping in [Codec::None, Codec::Gzip, Codec::Zstd] {
            let whole = members.archive(wrapping);
            for case in 0..120 {
                let mut random = Random::new(case);
                let mut bytes = whole.clone();
                if case % 3 == 0 && wrapping == Codec::None {
                    forge(&mut bytes, &mut random);
                } else {
                    damage(&mut bytes, &mut random);
                }
                fs::write(&file, &bytes).unwrap();
                survive(&format!("{what} {wrapping:?}"), case, || {
                    opened += usize::from(open(&locator));
                });
            }
        }
    }
    assert!(
        opened > 100,
        "most damage leaves something to show: {opened}"
    );
}

/// Opens and analyses; returns whether there was anything to analyse. What passes by says what a file says.
fn open(locator: &Locator) -> bool {
    let kept = analysed(locator, Contents::Wanted);
    assert_eq!(kept, analysed(locator, Contents::Unwanted));
    kept.is_some()
}

fn analysed(locator: &Locator, contents: Contents) -> Option<Totals> {
    let job = limited();
    let options = OpenOptions {
        contents,
        spool_limit: Some(ALLOWANCE),
        ..OpenOptions::default()
    };
    let opened = match source::open(locator, &options, &job) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(!matches!(error, Error::Interrupted), "nobody interrupted");
            return None;
        }
    };
    let options = analysis::Options::default();
    match analysis::run(opened.source, opened.image, &options, &job) {
        Ok(analysis) => {
            check_books(&analysis);
            Some(analysis.totals)
        }
        Err(error) => {
            assert!(matches!(error, Error::Limit { .. }), "{error}");
            Some(Totals::default())
        }
    }
}

/// Documents are read by people's tools and written by strangers'.
#[test]
fn damaged_documents_are_survived() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("image.tar");
    let locator = Locator::parse(OsStr::new(&file)).unwrap();
    let whole = docker_current(&[&sample(Encoding::Ustar)], Packing::new(Codec::None));
    let documents: Vec<_> = whole
        .names()
        .filter(|name| {
            whole
                .get(name)
                .is_some_and(|bytes| bytes.starts_with(b"{") || bytes.starts_with(b"["))
        })
        .map(str::to_owned)
        .collect();
    assert!(documents.len() >= 5, "{documents:?}");
    for name in &documents {
        for case in 0..150 {
            let mut random = Random::new(case);
            let mut members = whole.clone();
            let mut bytes = members.get(name).unwrap().to_vec();
            vandalise(&mut bytes, &mut random);
            members.replace(name, bytes);
            fs::write(&file, members.archive(Codec::None)).unwrap();
            survive(name, case, || {
                open(&locator);
            });
        }
    }
}

/// Changes a JSON document so that it often still is one.
fn vandalise(bytes: &mut Vec<u8>, random: &mut Random) {
    let replacements = [
        "null",
        "[]",
        "{}",
        "-1",
        "\"\"",
        "18446744073709551616",
        "1e999",
        "[[[[",
        "\"../../x\"",
    ];
    // A value begins after a colon, a bracket or a comma.
    let places: Vec<_> = (1..bytes.len())
        .filter(|&at| b":[,".contains(&bytes[at - 1]))
        .collect();
    for _ in 0..=random.below(2) {
        let Some(&start) = places.get(usize::try_from(random.below(places.len() as u64)).unwrap())
        else {
            return;
        };
        if start >= bytes.len() {
            continue;
        }
        let length = bytes[start..]
            .iter()
            .position(|byte| b",]}".contains(byte))
            .unwrap_or(0);
        let new = random.choose(&replacements).bytes();
        bytes.splice(start..start + length, new);
    }
}
