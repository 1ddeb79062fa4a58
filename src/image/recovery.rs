//! History texts turned back into the Dockerfile-like line a human wrote.
//!
//! Every builder writes history in its own dialect. [`recover`] recognises the dialect of each entry and
//! undoes what the builder did to the text. Nothing is escaped here — the texts are as hostile as the image —
//! and nothing is cut: every step is linear in the text, and what is too long to be worth analysing stays as
//! recorded.

mod builder;
mod copied;
mod dialect;
mod glance;
mod go_format;
mod prefix;
mod rewrite;
mod title;

use std::sync::LazyLock;

use regex::Regex;

use super::{HistoryEntry, ImageConfig};
use builder::Setting;
use prefix::Shells;

use super::instruction::{Builder, Instruction, Keyword, is_blank};
pub use glance::LayerGlance;

/// Texts longer than this are shown but not taken apart.
const ANALYSED_BYTES: usize = 64 * 1024;

impl Instruction {
    fn new(builder: Builder, text: String, recorded: &str) -> Self {
        Self {
            builder,
            keyword: Keyword::of(&text),
            line: one_line(&text),
            text,
            recorded: recorded.to_owned(),
            arguments: Vec::new(),
        }
    }

    /// Returns the instruction without its keyword, on one line.
    pub fn operand(&self) -> &str {
        self.line
            .strip_prefix(self.keyword.as_str())
            .unwrap_or(&self.line)
            .trim_start()
    }

    /// Returns a short form for narrow lists, such as `RUN apt-get install curl +6`.
    ///
    /// Only `RUN` lines that use a well-known tool are shortened; everything else is the whole line.
    pub fn title(&self) -> String {
        (self.keyword == Keyword::Run)
            .then(|| title::of_command(self.operand()))
            .flatten()
            .unwrap_or_else(|| self.line.clone())
    }

    /// Replaces what only the layer's contents can tell: the name behind a hash, a root file system.
    pub fn refine(&mut self, glance: &LayerGlance) {
        glance::refine(self, glance);
    }

    fn replace(&mut self, text: String) {
        self.line = one_line(&text);
        self.text = text;
    }
}

/// Recovers the instruction of every history entry, oldest first; `None` where an entry says nothing.
pub fn recover(history: &[HistoryEntry], config: &ImageConfig) -> Vec<Option<Instruction>> {
    let mut shells = Shells::new(config);
    history
        .iter()
        .enumerate()
        .map(|(position, entry)| {
            let setting = Setting {
                config,
                shells: &shells,
                is_first: position == 0,
                is_last: position + 1 == history.len(),
            };
            let builder = builder::recognise(entry, &setting)?;
            let instruction = translate(builder, entry, &shells);
            shells.observe(&instruction);
            Some(instruction)
        })
        .collect()
}

fn translate(builder: Builder, entry: &HistoryEntry, shells: &Shells) -> Instruction {
    let comment = entry.comment.as_deref().unwrap_or_default();
    let recorded = entry.created_by.as_deref().unwrap_or_default();
    let mut instruction = dialect::translate(builder, recorded, comment)
        .unwrap_or_else(|| rewrite::dockerfile(builder, recorded, shells));
    if recorded.is_empty() {
        comment.clone_into(&mut instruction.recorded);
    }
    instruction
}

/// Joins a text to one line: every run of blanks, tabs and line breaks becomes one blank.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(is_blank).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Returns the part of a text that is worth analysing: all of it, if it is not absurdly long.
fn analysed(text: &str) -> &str {
    let mut end = text.len().min(ANALYSED_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.split_at(end).0
}

/// Shortens a hash as titles show it.
fn short_hash(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

type Pattern = LazyLock<Regex>;

#[expect(
    clippy::expect_used,
    reason = "patterns are constants, each compiled by a test"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("constant pattern")
}

#[cfg(test)]
mod tests;
