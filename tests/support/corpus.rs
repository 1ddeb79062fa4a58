//! Where the corpus of real images and odd archives is, if there is one.

#![allow(
    unreachable_pub,
    clippy::print_stdout,
    reason = "included by several test crates; a skipped test says so"
)]

use std::path::PathBuf;

/// Returns its folder of files. Without `LAYERSCOPE_CORPUS` the caller is skipped, and says so.
///
/// # Panics
/// When the variable is set but the folder is missing: a test run that was meant to use it must not pass.
pub fn files() -> Option<PathBuf> {
    let Some(path) = std::env::var_os("LAYERSCOPE_CORPUS") else {
        println!("skipped: LAYERSCOPE_CORPUS is not set");
        return None;
    };
    let files = PathBuf::from(path).join("files");
    assert!(
        files.is_dir(),
        "LAYERSCOPE_CORPUS is set but {} is missing",
        files.display()
    );
    files.canonicalize().ok()
}
