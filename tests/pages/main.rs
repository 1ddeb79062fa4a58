//! The README and its pages: all there is to know is in them, everything in them is true, every link leads on.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests; clippy excuses only functions marked as tests"
)]

mod commands;
mod facts;
mod links;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

/// A file that people read.
struct Page {
    /// Relative to the project.
    path: PathBuf,
    text: String,
}

impl Page {
    fn read(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let text = fs::read_to_string(root().join(&path));
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, text }
    }

    /// Returns its paragraphs, without examples.
    fn prose(&self) -> String {
        let parts = self.text.split("```").step_by(2);
        parts.collect()
    }

    /// Returns the examples of a language.
    fn examples<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a str> {
        let blocks = self.text.split("\n```").skip(1).step_by(2);
        blocks.filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the pages below `docs`, by name.
fn docs() -> Vec<Page> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let pages = names
        .iter()
        .map(|name| Page::read(Path::new("docs").join(name)));
    pages.collect()
}

/// Returns every page, the README first.
fn pages() -> Vec<Page> {
    let mut pages = vec![Page::read("README.md"), Page::read("CONTRIBUTING.md")];
    pages.append(&mut docs());
    pages
}
