//! Stores that change while they are read, as under a running engine: what stays is told whole, and what goes
//! costs itself at most.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use layerscope::beneath::Beneath;
use layerscope::error::{Error, Result, Warning};
use layerscope::layer::dir::{DirLayer, Encoding, Namespace};
use layerscope::layer::{Entry, EntrySink, LayerSource as _};
use layerscope::progress::Job;
use layerscope::store::measure::measure;
use layerscope::store::{self, Store};

/// How often everything is read while it changes.
const ROUNDS: usize = 60;

const STAYING: [&str; 2] = ["staying-one", "staying-two"];

/// Writes a layer of overlay2 with directories of files, the directories nested so that a walk takes a while.
fn layer(root: &Path, name: &str) {
    let mut directory = root.join("overlay2").join(name).join("diff");
    for level in 0..6 {
        directory = directory.join(format!("level{level}"));
        fs::create_dir_all(&directory).unwrap();
        for file in 0..20 {
            fs::write(directory.join(format!("file{file}")), b"12345").unwrap();
        }
    }
    let link = root.join("overlay2").join(name).join("link");
    fs::write(link, name).unwrap();
}

/// Makes and removes a layer until it is told to stop, the way an engine does: aside first, then for good.
fn churn(root: &Path, is_over: &AtomicBool) {
    let layers = root.join("overlay2");
    while !is_over.load(Ordering::Relaxed) {
        layer(root, "going");
        fs::remove_dir_all(layers.join("going/diff/level0/level1")).unwrap();
        fs::rename(layers.join("going"), layers.join("going-removing")).unwrap();
        fs::remove_dir_all(layers.join("going-removing")).unwrap();
    }
}

/// Runs something over and over while a layer comes and goes.
fn while_it_changes(root: &Path, mut read: impl FnMut()) {
    for name in STAYING {
        layer(root, name);
    }
    fs::create_dir(root.join("overlay2/l")).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| churn(root, &is_over));
        // Stops the other thread whatever becomes of this one.
        let rounds = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..ROUNDS {
                read();
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panicked) = rounds {
            std::panic::resume_unwind(panicked);
        }
    });
}

fn inodes_of(store: &Store, name: &str) -> Option<u64> {
    let own = format!("overlay2/{name}");
    let found = store.pieces.iter().filter(|piece| {
        let path = piece.location.path.strip_prefix(own.as_bytes());
        path.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    });
    let usages: Option<Vec<u64>> = found
        .map(|piece| piece.usage.map(|usage| usage.inodes))
        .collect();
    usages.map(|usages| usages.into_iter().sum())
}

#[test]
fn layers_that_come_and_go_cost_the_others_nothing() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    while_it_changes(root, || {
        let job = Job::new();
        let mut inventory = store::read(root, &job).unwrap();
        measure(&mut inventory, NonZeroUsize::new(2), &job).unwrap();
        let [store] = inventory.stores.as_slice() else {
            panic!("{:?}", inventory.stores);
        };
        for name in STAYING {
            // Six levels of a directory and twenty files, and the layer, its diff and its link.
            assert_eq!(inodes_of(store, name), Some(6 * 21 + 3), "{name}");
        }
    });
}

/// Names that a scan delivers.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl EntrySink for Names {
    fn entry(&mut self, entry: Entry<'_>) -> Result<()> {
        self.0
            .insert(String::from_utf8(entry.path.as_bytes().to_vec()).unwrap());
        Ok(())
    }

    fn warn(&mut self, _warning: Warning) {}
}

#[test]
fn a_layer_taken_away_in_the_middle_is_told_as_far_as_it_was_there() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    while_it_changes(root, || {
        let names = scanned(root, "going");
        let strange = names.iter().find(|name| {
            let last = name.rsplit('/').next().unwrap_or_default();
            !last.starts_with("level") && !last.starts_with("file") && !last.is_empty()
        });
        assert_eq!(strange, None);
        assert_eq!(scanned(root, "staying-one").len(), 6 * 21);
    });
}

/// Returns what there is in a layer; nothing where it is gone before it is opened.
fn scanned(root: &Path, name: &str) -> BTreeSet<String> {
    let Ok(directory) = Beneath::open(&root.join("overlay2").join(name).join("diff")) else {
        return BTreeSet::new();
    };
    let layer = DirLayer::new(directory, Encoding::Overlay(Namespace::Trusted));
    let mut names = Names::default();
    match layer.scan(&mut names, &Job::new()) {
        Ok(_) | Err(Error::Open { .. } | Error::Read { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    names.0.remove("");
    names.0
}
