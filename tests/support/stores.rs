//! Where the real layer stores are, if there are any, and what their engines said about them.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::print_stdout,
    reason = "included by several test crates; a skipped test says so"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A real store, unpacked for one test and removed with it.
#[derive(Debug)]
pub struct Unpacked {
    directory: TempDir,
    name: &'static str,
    oracle: PathBuf,
}

impl Unpacked {
    /// Returns the root of the store.
    pub fn root(&self) -> PathBuf {
        self.directory.path().join(self.name)
    }

    /// Returns a file of what the engine said.
    pub fn oracle(&self, name: &str) -> PathBuf {
        self.oracle.join(name)
    }

    /// Reads a file of what the engine said.
    ///
    /// # Panics
    /// When it is not there.
    pub fn told(&self, name: &str) -> String {
        let file = self.oracle(name);
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

/// Returns the folder of stores. Without `LAYERSCOPE_STORES`, and for everybody but root, the caller is
/// skipped, and says so: owners, devices and trusted attributes are for root.
///
/// # Panics
/// When the variable is set but the folder is missing: a test run that was meant to use it must not pass.
pub fn folder() -> Option<PathBuf> {
    let Some(path) = std::env::var_os("LAYERSCOPE_STORES") else {
        println!("skipped: LAYERSCOPE_STORES is not set");
        return None;
    };
    if !rustix::process::geteuid().is_root() {
        println!("skipped: stores can be unpacked by root only");
        return None;
    }
    let folder = PathBuf::from(path);
    assert!(
        folder.is_dir(),
        "LAYERSCOPE_STORES is set but {} is missing",
        folder.display()
    );
    folder.canonicalize().ok()
}

/// Unpacks a store: `docker-overlay2`, `podman-overlay` and so on.
///
/// # Panics
/// When the store is there and cannot be unpacked.
pub fn unpacked(name: &'static str) -> Option<Unpacked> {
    let folder = folder()?;
    let directory = tempfile::tempdir().expect("a temporary directory");
    unpack(&folder.join(format!("{name}.tar.zst")), directory.path());
    Some(Unpacked {
        oracle: folder.join(format!("{name}.oracle")),
        directory,
        name,
    })
}

fn unpack(archive: &Path, directory: &Path) {
    let file = File::open(archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let mut stream = zstd::Decoder::new(file).expect("a zstd stream");
    stream.window_log_max(27).expect("a long window");
    let mut tar = Command::new("tar")
        .args([
            "--xattrs",
            "--xattrs-include=*",
            "--numeric-owner",
            "-xpf",
            "-",
            "-C",
        ])
        .arg(directory)
        .stdin(Stdio::piped())
        .spawn()
        .expect("tar");
    let mut input = tar.stdin.take().expect("a pipe");
    std::io::copy(&mut stream, &mut input).expect("tar reads");
    drop(input);
    let status = tar.wait().expect("tar ends");
    assert!(status.success(), "tar: {status}");
}
