//! Scores texts by a fuzzy pattern.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Scores texts by one pattern.
#[derive(Debug)]
pub struct Scorer {
    pattern: Pattern,
    matcher: Matcher,
    characters: Vec<char>,
}

impl Scorer {
    /// Makes one of a pattern as typed. Costs an allocation of some hundred kilobytes.
    pub fn new(pattern: &str) -> Self {
        Self {
            pattern: parse(pattern),
            matcher: Matcher::new(Config::DEFAULT.match_paths()),
            characters: Vec::new(),
        }
    }

    pub(in crate::tui) fn score(&mut self, text: &str) -> Option<u32> {
        let text = characters(text, &mut self.characters);
        self.pattern.score(text, &mut self.matcher)
    }

    /// Returns which characters of a text the pattern matched, ascending; none where it does not match.
    pub fn hits(&mut self, text: &str) -> Vec<usize> {
        let mut hits = Vec::new();
        let text = characters(text, &mut self.characters);
        self.pattern.indices(text, &mut self.matcher, &mut hits);
        hits.sort_unstable();
        hits.dedup();
        hits.into_iter().map(|hit| hit as usize).collect()
    }
}

/// The matcher's own conversion takes text for ASCII that is not: letters with combining characters behind them.
fn characters<'a>(text: &'a str, buffer: &'a mut Vec<char>) -> Utf32Str<'a> {
    if text.is_ascii() {
        return Utf32Str::Ascii(text.as_bytes());
    }
    buffer.clear();
    buffer.extend(text.chars());
    Utf32Str::Unicode(buffer)
}

pub(in crate::tui) fn parse(pattern: &str) -> Pattern {
    Pattern::parse(pattern, CaseMatching::Smart, Normalization::Smart)
}
