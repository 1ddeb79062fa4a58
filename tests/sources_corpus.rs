//! Opens every image of a corpus of real ones, if there is one: the environment variable
//! `LAYERSCOPE_CORPUS` names its directory. Unset, the test passes and says that it was skipped.

use std::path::{Path, PathBuf};

use layerscope::error::{Error, WarningCode};
use layerscope::image::{Image, Platform};
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions, Opened};

/// A row of the corpus' `MANIFEST.tsv`.
struct Unit {
    path: String,
    kind: String,
    observed: String,
}

fn corpus() -> Option<PathBuf> {
    let Some(directory) = std::env::var_os("LAYERSCOPE_CORPUS") else {
        println!("skipped: LAYERSCOPE_CORPUS is not set");
        return None;
    };
    let files = PathBuf::from(directory).join("files");
    assert!(
        files.is_dir(),
        "LAYERSCOPE_CORPUS is set, but {files:?} is missing"
    );
    Some(files)
}

fn image_units(files: &Path) -> Vec<Unit> {
    let table = std::fs::read_to_string(files.join("MANIFEST.tsv")).unwrap();
    table
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|columns| columns[8].starts_with("img:"))
        .map(|columns| Unit {
            path: columns[0].to_owned(),
            kind: columns[8].to_owned(),
            observed: columns[11].trim_matches('"').to_owned(),
        })
        .collect()
}

fn locator(path: &Path) -> Locator {
    Locator::parse(path.as_os_str()).unwrap()
}

fn open(path: &Path, options: &OpenOptions) -> Result<Opened, Error> {
    source::open(&locator(path), options, &Job::new())
}

fn amd64() -> OpenOptions {
    OpenOptions {
        platform: Platform::parse("linux/amd64"),
        ..OpenOptions::default()
    }
}

#[test]
fn every_image_opens_or_says_why_not() {
    let Some(files) = corpus() else { return };
    for unit in image_units(&files) {
        let path = files.join(&unit.path);
        let choices = source::list(&locator(&path), &OpenOptions::default(), &Job::new());
        let outcome = open(&path, &OpenOptions::default());
        println!("== {} [{}]", unit.path, unit.kind);
        println!(
            "   seen: {}",
            unit.observed.chars().take(300).collect::<String>()
        );
        match &choices {
            Ok(choices) => {
                for choice in choices {
                    println!("   {choice}");
                }
            }
            Err(error) => println!("   list: {error}"),
        }
        match outcome {
            Ok(opened) => {
                let image = &opened.image;
                println!(
                    "   ok: {} {:?} {} layers={} history={}",
                    opened.source.kind,
                    image.names,
                    image.platform,
                    image.layers.len(),
                    image.history.len()
                );
                for warning in &image.warnings {
                    println!("   warning: {}: {}", warning.code.as_str(), warning.message);
                }
            }
            Err(error) => println!("   error: {error}; hint: {:?}", error.hint()),
        }
    }
    let _ = (amd64(), WarningCode::BadConfig, None::<Image>);
}
