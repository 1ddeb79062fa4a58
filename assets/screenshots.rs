//! Draws the pictures of the pages: `cargo run --example screenshots`.
//!
//! They are frames of the demo image, drawn by the program's own code after the keys given here. A test
//! compares them with what is checked in, so that they cannot go stale, and another one looks at them in a browser.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "a program for developers; what it shares with tests is documented where names do not suffice"
)]

#[path = "../tests/tui/pictures.rs"]
mod pictures;
#[path = "../tests/tui/screen.rs"]
mod screen;
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/tui/svg.rs"]
mod svg;

fn main() -> std::io::Result<()> {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots");
    std::fs::create_dir_all(&directory)?;
    for picture in pictures::all() {
        std::fs::write(directory.join(picture.file), picture.svg())?;
        println!("assets/screenshots/{}", picture.file);
    }
    Ok(())
}
