//! What a container wrote: which files it copied up and what for, and what `docker diff` says of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use layerscope::analysis::Analysis;
use layerscope::analysis::changes::{Engine, changes};
use layerscope::analysis::copy_up::{CopyUps, Extent, MetadataChange, Outcome, copy_ups};
use layerscope::layer::LayerSource;
use layerscope::layer::beneath::Beneath;
use layerscope::layer::dir::{DirLayer, Encoding, Namespace};
use layerscope::progress::Job;

use support::opened::{analyse, analyse_sources};
use support::{Codec, LayerBuilder, image};

fn of_layers(make: [fn(LayerBuilder) -> LayerBuilder; 2]) -> Analysis {
    let [lower, upper] = make;
    let built = image().layer("1", lower).layer("2", upper).build();
    analyse(&built.stack(), &[Codec::None])
}

fn found(analysis: &Analysis) -> CopyUps {
    copy_ups(analysis, &Job::new()).unwrap()
}

#[test]
fn a_copy_up_costs_the_file_and_changes_what_differs() {
    let analysis = of_layers([
        |l| {
            l.zeros("log", 100_000)
                .file("short", b"abc")
                .file("mode", b"12345")
                .file("same", b"1234567")
                .file("gone", b"x")
        },
        |l| {
            let mut log = vec![0; 100_004];
            log[70_000] = 1;
            l.file("log", log)
                .file("short", b"")
                .file("mode", b"12345")
                .mode(0o700)
                .owner(5, 0)
                .file("same", b"1234567")
                .file("new", b"new")
                .whiteout("gone")
        },
    ]);
    let found = found(&analysis);
    let files = found.files.iter().map(|file| {
        let path = String::from_utf8(analysis.tree.path(file.path)).unwrap();
        (path, file.copied_bytes, file.outcome.clone())
    });
    let whole = |bytes| Outcome::Changed {
        bytes,
        extent: Extent::Whole,
    };
    let nothing = MetadataChange::default();
    let mode = MetadataChange {
        mode: true,
        owner: true,
        ..nothing
    };
    let expected = [
        ("log".to_owned(), 100_000, whole(5)),
        ("mode".to_owned(), 5, Outcome::MetadataOnly(mode)),
        ("same".to_owned(), 7, Outcome::MetadataOnly(nothing)),
        ("short".to_owned(), 3, whole(3)),
    ];
    assert_eq!(files.collect::<Vec<_>>(), expected);
    assert_eq!(found.copied_bytes, 100_015);
    assert_eq!(found.changed_bytes, 8);
    assert_eq!(found.metadata_only_bytes, 12);
}

#[test]
fn a_file_of_two_names_is_copied_once_and_a_link_to_below_not_at_all() {
    let analysis = of_layers([
        |l| l.file("a", b"1234").hardlink("b", "a").file("c", b"12"),
        |l| l.file("a", b"1235").hardlink("b", "a").hardlink("d", "c"),
    ]);
    let found = found(&analysis);
    assert_eq!((found.files.len(), found.copied_bytes), (1, 4));
}

#[test]
fn an_image_of_one_layer_or_none_has_copied_nothing() {
    for stack in [
        vec![],
        vec![LayerBuilder::new().file("a", b"1").into_items()],
    ] {
        let analysis = analyse(&stack, &[Codec::None]);
        assert_eq!(found(&analysis), CopyUps::default());
        let lines = changes(&analysis, Engine::Docker);
        assert_eq!(lines.len(), stack.len(), "what one layer has is all new");
    }
}

/// A store unpacked into a directory of its own, where there are any and we may make devices.
fn store(name: &str) -> Option<tempfile::TempDir> {
    let Some(stores) = std::env::var_os("LAYERSCOPE_STORES") else {
        eprintln!("{name} is skipped: LAYERSCOPE_STORES is not set");
        return None;
    };
    if !rustix::process::geteuid().is_root() {
        eprintln!("{name} is skipped: unpacking a store needs root");
        return None;
    }
    let room = tempfile::tempdir().unwrap();
    let archive = Path::new(&stores).join(format!("{name}.tar.zst"));
    let mut command = Command::new("tar");
    command.arg("-C").arg(room.path()).arg("-xf").arg(archive);
    command.args(["-I", "zstd -d --long=27", "-p", "--numeric-owner"]);
    command.args(["--xattrs", "--xattrs-include=*"]);
    assert!(command.status().unwrap().success());
    Some(room)
}

/// Reads a directory of an overlay driver with everything below it.
fn container(driver: &Path, id: &str) -> Analysis {
    let own = driver.join(id);
    let text = std::fs::read_to_string(own.join("lower")).unwrap();
    let mut places: Vec<PathBuf> = text
        .trim()
        .split(':')
        .map(|link| {
            driver.join(
                std::fs::read_link(driver.join(link))
                    .unwrap()
                    .strip_prefix("..")
                    .unwrap(),
            )
        })
        .collect();
    places.reverse();
    places.push(own.join("diff"));
    let layers = places.iter().map(|place| -> Arc<dyn LayerSource> {
        let directory = Beneath::open(place).unwrap();
        Arc::new(DirLayer::new(
            directory,
            Encoding::Overlay(Namespace::Trusted),
        ))
    });
    analyse_sources(layers.collect())
}

fn said(analysis: &Analysis, engine: Engine) -> Vec<String> {
    let lines = changes(analysis, engine).into_iter();
    lines
        .map(|line| format!("{} /{}", line.mark, String::from_utf8(line.path).unwrap()))
        .collect()
}

fn oracle(store: &str, container: &str) -> Vec<String> {
    let stores = std::env::var_os("LAYERSCOPE_STORES").unwrap();
    let place = format!("{store}.oracle/diff-{container}.txt");
    let text = std::fs::read_to_string(Path::new(&stores).join(place)).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| line.split_once(' ').map(|(_, path)| path.to_owned()));
    lines
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn docker_diff_is_reproduced() {
    let name = "docker-overlay2";
    let Some(unpacked) = store(name) else {
        return;
    };
    let root = unpacked.path().join(name);
    let mut seen = 0;
    for entry in std::fs::read_dir(root.join("containers")).unwrap() {
        let place = entry.unwrap().path();
        let record = json(&place.join("config.v2.json"));
        let called = record["Name"]
            .as_str()
            .unwrap()
            .trim_start_matches('/')
            .to_owned();
        let mount = root
            .join("image/overlay2/layerdb/mounts")
            .join(place.file_name().unwrap());
        let id = std::fs::read_to_string(mount.join("mount-id")).unwrap();
        let analysis = container(&root.join("overlay2"), &id);
        assert_eq!(
            said(&analysis, Engine::Docker),
            oracle(name, &called),
            "{called}"
        );
        if called == "c-running" {
            assert_copied_for_its_mode(&analysis);
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// `chmod` copied 128 KiB up: nothing of it is new.
fn assert_copied_for_its_mode(analysis: &Analysis) {
    let found = found(analysis);
    let [file] = found.files.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(analysis.tree.path(file.path), b"data/chmodme.bin");
    assert_eq!(file.copied_bytes, 131_072);
    let mode = MetadataChange {
        mode: true,
        ..MetadataChange::default()
    };
    assert_eq!(file.outcome, Outcome::MetadataOnly(mode));
}

#[test]
fn podman_diff_is_reproduced() {
    let name = "podman-overlay";
    let Some(unpacked) = store(name) else {
        return;
    };
    let root = unpacked.path().join(name);
    let mut seen = 0;
    for record in json(&root.join("overlay-containers/containers.json"))
        .as_array()
        .unwrap()
    {
        let called = record["names"][0].as_str().unwrap();
        let stores = std::env::var_os("LAYERSCOPE_STORES").unwrap();
        let said_by_podman = Path::new(&stores).join(format!("{name}.oracle/diff-{called}.txt"));
        if !said_by_podman.exists() {
            continue;
        }
        let analysis = container(&root.join("overlay"), record["layer"].as_str().unwrap());
        assert_eq!(
            said(&analysis, Engine::Podman),
            oracle(name, called),
            "{called}"
        );
        seen += 1;
    }
    assert_eq!(seen, 3);
}
