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

pub use builder::Builder;
pub use glance::LayerGlance;

/// Texts longer than this are shown but not taken apart.
const ANALYSED_BYTES: usize = 64 * 1024;

/// One build instruction, recovered from a history entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instruction {
    /// What wrote the entry.
    pub builder: Builder,
    /// What kind of Dockerfile instruction it is.
    pub keyword: Keyword,
    /// One line such as `RUN apt-get update` or `COPY . /app`; unescaped text from the image, without line
    /// breaks and tabs.
    pub line: String,
    /// The same with inner line breaks and tabs, for a detail pane; unescaped.
    pub text: String,
    /// The text as recorded, unescaped.
    pub recorded: String,
    /// Build arguments recorded with a `RUN`, in order. They are left out of `line` and may hold secrets.
    pub arguments: Vec<(String, String)>,
}

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

/// The kinds of Dockerfile instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[expect(
    missing_docs,
    reason = "the names are those of the Dockerfile reference"
)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    Healthcheck,
    Label,
    Maintainer,
    OnBuild,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    WorkDir,
    /// None of them: a line of another kind of builder.
    #[default]
    Other,
}

impl Keyword {
    const ALL: [Self; 17] = [
        Self::Add,
        Self::Arg,
        Self::Cmd,
        Self::Copy,
        Self::Entrypoint,
        Self::Env,
        Self::Expose,
        Self::Healthcheck,
        Self::Label,
        Self::Maintainer,
        Self::OnBuild,
        Self::Run,
        Self::Shell,
        Self::StopSignal,
        Self::User,
        Self::Volume,
        Self::WorkDir,
    ];

    /// Returns the keyword as written in a Dockerfile; empty for [`Keyword::Other`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Arg => "ARG",
            Self::Cmd => "CMD",
            Self::Copy => "COPY",
            Self::Entrypoint => "ENTRYPOINT",
            Self::Env => "ENV",
            Self::Expose => "EXPOSE",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Label => "LABEL",
            Self::Maintainer => "MAINTAINER",
            Self::OnBuild => "ONBUILD",
            Self::Run => "RUN",
            Self::Shell => "SHELL",
            Self::StopSignal => "STOPSIGNAL",
            Self::User => "USER",
            Self::Volume => "VOLUME",
            Self::WorkDir => "WORKDIR",
            Self::Other => "",
        }
    }

    /// Returns the keyword a text begins with. Builders write keywords in capitals.
    fn of(text: &str) -> Self {
        let end = text.find(is_blank).unwrap_or(text.len());
        let (word, _) = text.split_at(end);
        Self::ALL
            .into_iter()
            .find(|keyword| keyword.as_str() == word)
            .unwrap_or_default()
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

const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0B' | '\x0C')
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
