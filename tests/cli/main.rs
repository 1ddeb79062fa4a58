//! The binary end to end: standard output, standard error, exit code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod desk;
mod documents;
mod files;
mod gate;
mod newcomers;
mod no_image;
mod report;
mod stores;
#[path = "../support/mod.rs"]
mod support;
mod usage;
#[cfg(target_os = "linux")]
mod written;
