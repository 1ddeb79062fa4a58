//! What containers of real stores have written, against what their engines said of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod support;

use std::collections::BTreeSet;

use layerscope::analysis::changes::Mark;
use layerscope::analysis::container_writes::{Written, written};
use layerscope::analysis::copy_up::{Manner, MetadataChange, Outcome, Shift};
use layerscope::analysis::{self, Analysis};
use layerscope::progress::Job;
use layerscope::source::{self, Locator, OpenOptions};

use support::stores::{Unpacked, unpacked};

fn opened(store: &Unpacked, container: &str) -> (Analysis, Written) {
    let job = Job::new();
    let options = OpenOptions {
        container: Some(container.to_owned()),
        ..OpenOptions::default()
    };
    let locator = Locator::parse(store.root().as_os_str()).unwrap();
    let opened = source::open(&locator, &options, &job).unwrap();
    let options = analysis::Options::default();
    let analysis = analysis::run(opened.source, opened.image, &options, &job).unwrap();
    let written = written(&analysis, &job).unwrap().unwrap();
    (analysis, written)
}

fn lines(written: &Written) -> BTreeSet<String> {
    let lines = written.changes.iter();
    lines
        .map(|line| {
            let path = String::from_utf8(line.path.clone()).unwrap();
            format!("{} /{path}", line.mark)
        })
        .collect()
}

/// Compares every container's changes with the engine's own list of them.
#[track_caller]
fn agrees(name: &'static str, containers: &[&str]) -> Option<Unpacked> {
    let store = unpacked(name)?;
    for container in containers {
        let (_, written) = opened(&store, container);
        let found = lines(&written);
        let told = store.told(&format!("diff-{container}.txt"));
        let told: BTreeSet<String> = told.lines().map(str::to_owned).collect();
        assert_eq!(found, told, "{name}, {container}");
    }
    Some(store)
}

const DOCKER: [&str; 3] = ["c-created", "c-running", "c-stopped"];

#[test]
fn docker_diff_of_overlay2_is_reproduced() {
    if let Some(store) = agrees("docker-overlay2", &DOCKER) {
        assert_copied_for_its_mode(&store, "c-running");
        let (_, created) = opened(&store, "c-created");
        assert!(created.copy_ups.files.is_empty() && created.changes.is_empty());
    }
}

#[test]
fn docker_diff_of_vfs_is_reproduced() {
    let Some(store) = agrees("docker-vfs", &DOCKER) else {
        return;
    };
    let (_, written) = opened(&store, "c-running");
    assert_eq!(written.copy_ups.manner, Manner::InPlace);
    assert!(written.copy_ups.files.is_empty(), "all was copied long ago");
}

#[test]
fn docker_diff_of_containerd_is_reproduced() {
    if let Some(store) = agrees("docker28-containerd", &DOCKER) {
        assert_copied_for_its_mode(&store, "c-running");
    }
}

#[test]
fn podman_diff_is_reproduced() {
    if let Some(store) = agrees("podman-overlay", &DOCKER) {
        assert_copied_for_its_mode(&store, "c-stopped");
    }
}

#[test]
fn podman_diff_without_root_is_reproduced() {
    let Some(store) = agrees("podman-rootless", &["rl1"]) else {
        return;
    };
    // On disk all is the user's; nothing was given to anybody else.
    let (_, written) = opened(&store, "rl1");
    assert_eq!(written.changed.directories, 0);
    let mode = MetadataChange {
        mode: Some(Shift {
            from: 0o644,
            to: 0o600,
        }),
        ..MetadataChange::default()
    };
    assert_eq!(
        written.copy_ups.files[0].outcome,
        Outcome::MetadataOnly(mode)
    );
}

/// containerd has no list of its own; its archive of a snapshot's changes tells what is there and what is gone.
#[test]
fn the_archive_of_containerd_holds_what_is_told_as_changed() {
    let Some(store) = unpacked("containerd") else {
        return;
    };
    let (_, written) = opened(&store, "ctr-running");
    let told = store.told("diff-ctr-running.txt");
    let paths = told.lines().map(|line| line.split_whitespace().last());
    let mut told: BTreeSet<(bool, String)> = BTreeSet::new();
    for path in paths.map(Option::unwrap) {
        let path = path.trim_end_matches('/');
        match path.rsplit_once("/.wh.") {
            Some((above, name)) => told.insert((false, format!("{above}/{name}"))),
            None => told.insert((true, path.to_owned())),
        };
    }
    let found = written.changes.iter().map(|line| {
        let path = String::from_utf8(line.path.clone()).unwrap();
        (line.mark != Mark::Deleted, path)
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), told);
    assert_copied_for_its_mode(&store, "ctr-running");
}

/// `chmod` copied 128 KiB up: nothing of it is new.
#[track_caller]
fn assert_copied_for_its_mode(store: &Unpacked, container: &str) {
    let (analysis, written) = opened(store, container);
    let [file] = written.copy_ups.files.as_slice() else {
        panic!("{:?}", written.copy_ups);
    };
    assert_eq!(analysis.tree.path(file.path), b"data/chmodme.bin");
    assert_eq!(file.copied_bytes, 131_072);
    let mode = MetadataChange {
        mode: Some(Shift {
            from: 0o600,
            to: 0o700,
        }),
        ..MetadataChange::default()
    };
    assert_eq!(file.outcome, Outcome::MetadataOnly(mode));
}
