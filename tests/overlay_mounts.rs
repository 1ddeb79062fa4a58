//! Live overlay mounts: what we read from their directories is what the kernel shows at the mount point.
//!
//! For root only; says that it is skipped otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use layerscope::analysis::container_writes::{Written, written};
use layerscope::analysis::copy_up::Outcome;
use layerscope::progress::Job;
use layerscope::store::mounts::{self, Overlay};
use support::listing::{Rows, assert_same, rows, rows_of_directory};

/// Directories for one mount, unmounted with the test.
struct Bench {
    directory: tempfile::TempDir,
    mounted: Vec<PathBuf>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        for point in self.mounted.iter().rev() {
            if let Err(error) = Command::new("umount").arg(point).status() {
                println!("still mounted: {error}");
            }
        }
    }
}

impl Bench {
    /// Makes two lower directories with files, or says why not.
    fn new(low: &str, high: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: mounting is for root only");
            return None;
        }
        let bench = Self {
            directory: tempfile::tempdir().unwrap(),
            mounted: Vec::new(),
        };
        for name in ["upper", "work", "mounted"] {
            fs::create_dir(bench.at(name)).unwrap();
        }
        fill_low(&bench.at(low));
        fill_high(&bench.at(high));
        Some(bench)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Mounts an overlay; `false` where this kernel or container does not let us.
    fn mount(&mut self, options: &str) -> bool {
        let point = self.at("mounted");
        let status = Command::new("mount")
            .current_dir(self.directory.path())
            .args(["-t", "overlay", "overlay", "-o", options])
            .arg(&point)
            .status();
        if !status.is_ok_and(|status| status.success()) {
            println!("skipped: no overlay can be mounted here with {options}");
            return false;
        }
        self.mounted.push(point);
        true
    }

    fn options(&self, lower: &str) -> String {
        let upper = self.at("upper");
        let work = self.at("work");
        format!(
            "lowerdir={lower},upperdir={},workdir={}",
            upper.display(),
            work.display()
        )
    }

    fn lower(&self, low: &str, high: &str) -> String {
        format!("{}:{}", self.at(high).display(), self.at(low).display())
    }

    #[track_caller]
    fn agrees(&self, overlay: &Overlay) {
        let expected = rows_of_directory(&self.at("mounted"));
        assert_same("the mount", &merged(overlay), &expected);
    }

    #[track_caller]
    fn found(&self) -> Overlay {
        mounts::find(&self.at("mounted")).unwrap()
    }
}

fn merged(overlay: &Overlay) -> Rows {
    let analysis = support::opened::analysed(overlay.open().unwrap());
    assert!(analysis.complete, "{:?}", analysis.warnings);
    rows(&analysis)
}

fn put(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn fill_low(root: &Path) {
    for name in [
        "kept",
        "changed",
        "removed",
        "moded",
        "linked",
        "dir/a",
        "dir/b",
        "dir/deep/c",
        "opaque/old",
        "swap/file",
        "gone/x",
        "hidden/y",
    ] {
        put(root, name, name);
    }
    fs::hard_link(root.join("linked"), root.join("linked too")).unwrap();
    symlink("kept", root.join("link")).unwrap();
}

fn fill_high(root: &Path) {
    for name in ["dir/a", "dir/new", "changed", "high only"] {
        put(root, name, "from the directory above");
    }
    // As an engine would have left it.
    let status = Command::new("mknod")
        .arg(root.join("hidden"))
        .args(["c", "0", "0"])
        .status();
    assert!(status.unwrap().success());
}

/// Changes through the mount, so that the kernel writes the upper directory.
fn change(point: &Path) {
    fs::write(point.join("changed"), "changed here").unwrap();
    fs::remove_file(point.join("removed")).unwrap();
    fs::set_permissions(point.join("moded"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_dir_all(point.join("opaque")).unwrap();
    put(point, "opaque/new", "new");
    fs::remove_dir_all(point.join("swap")).unwrap();
    fs::write(point.join("swap"), "a file now").unwrap();
    fs::remove_dir_all(point.join("gone")).unwrap();
    fs::remove_file(point.join("dir/b")).unwrap();
    put(point, "fresh/with/depth", "new");
    fs::hard_link(point.join("fresh/with/depth"), point.join("fresh/second")).unwrap();
    fs::remove_file(point.join("link")).unwrap();
    fs::create_dir(point.join("link")).unwrap();
}

#[test]
fn a_mount_is_read_as_the_kernel_shows_it() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let options = bench.options(&bench.lower("low", "high"));
    if !bench.mount(&options) {
        return;
    }
    change(&bench.at("mounted"));
    let overlay = bench.found();
    assert_eq!(overlay.lower, [bench.at("high"), bench.at("low")]);
    assert_eq!(overlay.upper, Some(bench.at("upper")));
    bench.agrees(&overlay);
    let inside = mounts::find(&bench.at("mounted/dir"))
        .unwrap_err()
        .to_string();
    assert!(inside.contains("inside of the overlay"), "{inside}");

    // The same directories by hand.
    let lower = bench.lower("low", "high");
    let by_hand = Overlay::by_hand(OsStr::new(&lower), Some(&bench.at("upper"))).unwrap();
    bench.agrees(&by_hand);
}

#[test]
fn attributes_of_users_count_where_the_mount_says_so() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let options = bench.options(&bench.lower("low", "high")) + ",userxattr";
    if !bench.mount(&options) {
        return;
    }
    change(&bench.at("mounted"));
    bench.agrees(&bench.found());
}

#[test]
fn directories_that_were_moved_are_where_the_mount_has_them() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let options = bench.options(&bench.lower("low", "high")) + ",redirect_dir=on";
    if !bench.mount(&options) {
        return;
    }
    let point = bench.at("mounted");
    fs::rename(point.join("opaque"), point.join("dir/moved")).unwrap();
    fs::rename(point.join("dir"), point.join("swap/dir")).unwrap();
    fs::remove_file(point.join("swap/dir/deep/c")).unwrap();
    put(&point, "dir/again", "new");
    bench.agrees(&bench.found());
}

#[test]
fn odd_names_of_directories_are_understood() {
    let Some(mut bench) = Bench::new("lo:w", "hi gh") else {
        return;
    };
    let lower = bench.lower(r"lo\:w", "hi gh");
    let options = bench.options(&lower);
    if !bench.mount(&options) {
        return;
    }
    change(&bench.at("mounted"));
    let overlay = bench.found();
    assert_eq!(overlay.lower, [bench.at("hi gh"), bench.at("lo:w")]);
    bench.agrees(&overlay);
    let by_hand = Overlay::by_hand(OsStr::new(&lower), Some(&bench.at("upper"))).unwrap();
    bench.agrees(&by_hand);
}

#[test]
fn links_and_relative_names_lead_where_the_kernel_went() {
    let Some(mut bench) = Bench::new("low/diff", "high/diff") else {
        return;
    };
    fs::create_dir(bench.at("l")).unwrap();
    symlink("../low/diff", bench.at("l/LOW")).unwrap();
    symlink("../high/diff", bench.at("l/HIGH")).unwrap();
    for name in ["top/diff", "top/work"] {
        fs::create_dir_all(bench.at(name)).unwrap();
    }
    let top = bench.at("top");
    let top = top.display();
    let options = format!("lowerdir=l/HIGH:l/LOW,upperdir={top}/diff,workdir={top}/work");
    if !bench.mount(&options) {
        return;
    }
    change(&bench.at("mounted"));
    let overlay = bench.found();
    assert!(
        overlay
            .lower
            .iter()
            .all(|lower| lower.starts_with(bench.directory.path()))
    );
    bench.agrees(&overlay);
}

#[test]
fn a_mount_without_an_upper_directory_is_read_too() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let options = format!("lowerdir={}", bench.lower("low", "high"));
    if !bench.mount(&options) {
        return;
    }
    let overlay = bench.found();
    assert_eq!(overlay.upper, None);
    bench.agrees(&overlay);
}

#[test]
fn the_uppermost_of_two_mounts_is_read() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let other = format!(
        "lowerdir={}:{}",
        bench.at("upper").display(),
        bench.at("low").display()
    );
    let options = format!("lowerdir={}", bench.lower("low", "high"));
    if !bench.mount(&other) || !bench.mount(&options) {
        return;
    }
    let overlay = bench.found();
    assert_eq!(overlay.lower, [bench.at("high"), bench.at("low")]);
    bench.agrees(&overlay);
}

/// What `copy_ups` finds below the upper directory of the bench, by path: bytes copied, and what for.
fn copied(overlay: &Overlay) -> (Vec<(String, u64, &'static str)>, Written) {
    let analysis = support::opened::analysed(overlay.open().unwrap());
    let written = written(&analysis, &Job::new()).unwrap().unwrap();
    let files = written.copy_ups.files.iter().map(|file| {
        let path = String::from_utf8(analysis.tree.path(file.path)).unwrap();
        let why = match file.outcome {
            Outcome::Changed { .. } => "data",
            Outcome::MetadataOnly(_) => "metadata",
            Outcome::Moved => "moved",
            Outcome::Unread(_) => "unread",
        };
        (path, file.copied_bytes, why)
    });
    (files.collect(), written)
}

/// As package managers and careful editors do it.
fn replace(root: &Path, name: &str, text: &str) {
    let new = root.join("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, root.join(name)).unwrap();
}

#[test]
fn only_what_the_kernel_copied_up_counts_as_copied() {
    for more in ["", ",userxattr"] {
        let Some(mut bench) = Bench::new("low", "high") else {
            return;
        };
        let options = bench.options(&bench.lower("low", "high")) + more;
        if !bench.mount(&options) {
            return;
        }
        let point = bench.at("mounted");
        let mode = |mode| fs::Permissions::from_mode(mode);
        fs::set_permissions(point.join("moded"), mode(0o600)).unwrap();
        let mut grown = fs::File::options()
            .append(true)
            .open(point.join("changed"))
            .unwrap();
        grown.write_all(b"!").unwrap();
        replace(&point, "dir/b", "other");
        fs::rename(point.join("kept"), point.join("moved")).unwrap();
        // The copy of a file with two names is not marked.
        fs::set_permissions(point.join("linked"), mode(0o600)).unwrap();
        put(&point, "fresh", "fresh");

        let (files, written) = copied(&bench.found());
        let expected = [
            ("changed", 24, "data"),
            ("linked", 6, "metadata"),
            ("moded", 5, "metadata"),
            ("moved", 4, "moved"),
        ];
        let expected = expected.map(|(path, bytes, why)| (path.to_owned(), bytes, why));
        assert_eq!(files, expected, "{more}");
        let copy_ups = &written.copy_ups;
        assert_eq!((copy_ups.replaced_files, copy_ups.replaced_bytes), (1, 5));
        assert_eq!((copy_ups.copied_bytes, copy_ups.changed_bytes), (39, 1));
        assert_eq!(written.added.files, 2, "moved and fresh");
        assert_eq!(written.deleted.files, 1, "kept");
    }
}

#[test]
fn metadata_that_was_copied_alone_costs_nothing() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let options = bench.options(&bench.lower("low", "high")) + ",metacopy=on";
    if !bench.mount(&options) {
        return;
    }
    let point = bench.at("mounted");
    fs::set_permissions(point.join("moded"), fs::Permissions::from_mode(0o600)).unwrap();
    let (files, written) = copied(&bench.found());
    assert_eq!(files, [("moded".to_owned(), 0, "metadata")]);
    assert_eq!(written.bytes, 0);
}

#[test]
fn one_chmod_is_one_batch() {
    let Some(mut bench) = Bench::new("low", "high") else {
        return;
    };
    let options = bench.options(&bench.lower("low", "high"));
    if !bench.mount(&options) {
        return;
    }
    let point = bench.at("mounted");
    let status = Command::new("chmod")
        .args(["-R", "go="])
        .arg(point.join("dir"))
        .status();
    assert!(status.unwrap().success());
    let overlay = bench.found();
    let (files, written) = copied(&overlay);
    assert_eq!(files.len(), 4, "{files:?}");
    let [batch] = written.batches.as_slice() else {
        panic!("{:?}", written.batches);
    };
    let analysis = support::opened::analysed(overlay.open().unwrap());
    assert_eq!(analysis.tree.path(batch.place), b"dir");
    assert_eq!((batch.files, batch.changed_bytes), (4, 0));
    assert_eq!(batch.copied_bytes, written.copy_ups.metadata_only_bytes);
}
