//! What an [`Analysis`] looks like in each output format. Nothing here computes a figure.

pub mod dive;
pub mod json;
pub mod store;
pub mod text;

pub(crate) mod file;
mod ncdu;

use std::io;

use crate::analysis::Analysis;
use crate::analysis::rules::Verdict;
use crate::analysis::written::Written;
use crate::text::Look;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; the layout is a public contract.
    Json,
    /// For programs that read dive's: its layout and its figures.
    Dive,
    /// For browsing with `ncdu -f`.
    Ncdu,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Text, Self::Json, Self::Dive, Self::Ncdu];

    /// Returns the name used on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Dive => "dive",
            Self::Ncdu => "ncdu",
        }
    }
}

/// Where the rules came from that a verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Somebody wrote them.
    Given,
    /// Nobody did; the default budget applied.
    Default,
}

/// Whether an incomplete analysis may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incomplete {
    /// No: the verdict would be a guess.
    Refused,
    /// Yes, on demand.
    Allowed,
}

/// A verdict with what a reader must know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Rule by rule.
    pub verdict: Verdict,
    /// Whose rules.
    pub budget: Budget,
    /// What becomes of an incomplete analysis.
    pub incomplete: Incomplete,
}

impl Judgement {
    /// Returns whether the verdict would be a guess.
    pub fn is_guess(&self, analysis: &Analysis) -> bool {
        !analysis.complete && self.incomplete == Incomplete::Refused
    }

    /// Returns whether the image passes: every rule holds, and the figures are no guess.
    pub fn passes(&self, analysis: &Analysis) -> bool {
        self.verdict.has_passed() && !self.is_guess(analysis)
    }
}

/// One report, in whatever format.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The facts.
    pub analysis: &'a Analysis,
    /// What the rules say, where rules were asked.
    pub judgement: Option<&'a Judgement>,
    /// What a container wrote, where the image is one.
    pub written: Option<&'a Written>,
    /// Items to list of the waste and of what was copied up; `None` for the format's own choice.
    pub top: Option<usize>,
    /// Layout, for formats for people.
    pub look: Look,
}

impl Report<'_> {
    /// Writes the report.
    ///
    /// # Errors
    /// Those of `output`.
    pub fn write(&self, format: Format, output: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Text => text::write(self, output),
            Format::Json => json::write(self, output),
            Format::Dive => dive::write(self.analysis, output),
            Format::Ncdu => ncdu::write(self.analysis, output),
        }
    }
}
