//! What an [`Analysis`] looks like in each output format. Nothing here computes a figure.

pub mod dive;
pub mod json;
pub mod store;
pub mod text;

pub(crate) mod file;
mod format;
mod ncdu;

use std::io;

use crate::analysis::Analysis;
use crate::analysis::container_writes::Written;
use crate::analysis::rules::Verdict;
use crate::text::Look;

pub use format::Format;

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
        (format.definition().image)(self, output)
    }
}
