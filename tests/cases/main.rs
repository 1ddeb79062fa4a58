//! Whiteout, merge, size and hostile-tar cases from the test suites of other tools, made again in code.
//!
//! | file | cases of |
//! |---|---|
//! | `notation.rs` | none: how a case is written down and compared |
//! | `applying.rs` | moby: layers applied one after another |
//! | `markers.rs` | umoci, containers/storage: whiteouts and opaque markers against entries of their own layer |
//! | `breakouts.rs` | containerd, moby: names and links that lead out of the image |
//! | `steps.rs` | containerd, continuity: what a diff holds, and what a stack of them shows |
//! | `changes.rs` | moby: the marks of a layer, and its size |
//! | `scanners.rs` | claircore, go-containerregistry, unionmount: what is deleted, what is a name |
//! | `forged.rs`, `sizes.rs` | none: contents and lengths made to deceive |
//! | `unpacking.rs` | layers as people met them, unpacked by podman, Docker and umoci |
//! | `files.rs`, `hostile.rs`, `events.rs` | sylabs, osv-scalibr, trivy; tokio-tar and Go; node-tar: their own files |

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests; clippy excuses only the tests themselves"
)]

mod applying;
mod breakouts;
mod changes;
mod costly;
mod events;
mod files;
mod forged;
mod hostile;
mod markers;
mod notation;
mod scanners;
mod sizes;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod unpacking;
