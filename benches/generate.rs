//! Writes the images that benchmarks open: `cargo run --release --example generate -- [--scale 0.1] DIR [NAME…]`.
//!
//! | name | what |
//! |---|---|
//! | `a.tar` | an operating system with an application, 8 layers, 110 k entries, 3.1 GB, trees changed by `chmod -R` |
//! | `a-gz`, `a-zst` | the same as OCI layouts with compressed layers |
//! | `b.tar` | 10 layers, 1.22 M entries below 2 KB, 45 k whiteouts, 600 opaque directories, 1.8 GB |
//! | `c` | one layer of 4.3 GB in 0.5 GB of gzip, an OCI layout |
//! | `d.tar` | 127 layers, 40 MB |
//!
//! The same arguments give the same bytes everywhere. Nothing is held in memory but one small buffer and, for
//! `a`, the list of its entries.

#![allow(
    clippy::print_stderr,
    reason = "a program for developers says what it does"
)]

#[path = "generate/content.rs"]
mod content;
#[path = "generate/many_layers.rs"]
mod many_layers;
#[path = "generate/one_layer.rs"]
mod one_layer;
#[path = "../tests/support/random.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with tests"
)]
mod random;
#[path = "generate/record.rs"]
mod record;
#[path = "generate/small_files.rs"]
mod small_files;
#[path = "generate/system.rs"]
mod system;
#[path = "generate/write.rs"]
mod write;

use std::io;
use std::path::{Path, PathBuf};

use record::Plan;
use write::Packing;

const NAMES: [&str; 6] = ["a.tar", "a-gz", "a-zst", "b.tar", "c", "d.tar"];

fn main() -> io::Result<()> {
    let mut scale = 1.0;
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = words.iter().position(|word| word == "--scale") {
        words.remove(at);
        if at < words.len() {
            scale = words.remove(at).parse().map_err(io::Error::other)?;
        }
    }
    if words.is_empty() {
        return Err(io::Error::other(
            "usage: generate [--scale N] DIRECTORY [NAME…]",
        ));
    }
    let directory = PathBuf::from(words.remove(0));
    std::fs::create_dir_all(&directory)?;
    if words.is_empty() {
        words.extend(NAMES.map(str::to_owned));
    }
    for name in &words {
        eprintln!("{name}: writing");
        generate(name, scale, &directory)?;
    }
    Ok(())
}

/// Writes under another name first, so that what is there is whole.
fn generate(name: &str, scale: f64, directory: &Path) -> io::Result<()> {
    let (plan, packing): (Box<dyn Plan>, _) = match name {
        "a.tar" => (Box::new(system::System::new(scale)), Packing::DockerArchive),
        "a-gz" => (Box::new(system::System::new(scale)), Packing::GzipLayout),
        "a-zst" => (Box::new(system::System::new(scale)), Packing::ZstdLayout),
        "b.tar" => (
            Box::new(small_files::SmallFiles::new(scale)),
            Packing::DockerArchive,
        ),
        "c" => (
            Box::new(one_layer::OneLayer::new(scale)),
            Packing::GzipLayout,
        ),
        "d.tar" => (
            Box::new(many_layers::ManyLayers::new(scale)),
            Packing::DockerArchive,
        ),
        other => {
            return Err(io::Error::other(format!(
                "no image {other}; there are {NAMES:?}"
            )));
        }
    };
    let unfinished = directory.join(format!("{name}.unfinished"));
    match packing {
        Packing::DockerArchive => write::docker_archive(&*plan, &unfinished)?,
        layout => write::layout(&*plan, layout, &unfinished)?,
    }
    std::fs::rename(unfinished, directory.join(name))
}
