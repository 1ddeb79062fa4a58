//! Writes `demo-image.tar` next to this file: `cargo run --example demo-image`.
//!
//! What is in the image, and why, stands in `tests/support/demo.rs`; `tests/demo.rs` sees to it that the
//! archive that is checked in is the one this program makes.

#[path = "../tests/support/mod.rs"]
mod support;

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo-image.tar");
    std::fs::write(path, support::demo::archive())
}
