//! Searching in a file: while typing, and for the next and previous match.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use crate::browse::Case;
use crate::tui::line::{Line, Typing};
use crate::tui::results::Nature;

/// How what is typed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pattern {
    /// As it stands; in hex also as bytes such as `7f 45`.
    #[default]
    Text,
    /// As a regular expression.
    Regex,
}

/// What is searched for.
#[derive(Debug, Default)]
pub struct Search {
    /// The line being typed, or kept.
    pub line: Line,
    /// Whether it is typed.
    pub typing: Typing,
    /// How it is read.
    pub pattern: Pattern,
    /// Upper and lower case.
    pub case: Case,
    /// Where it was begun.
    pub from: usize,
    /// The match one is at.
    pub at: Option<Range<usize>>,
    expression: Option<Regex>,
    is_wrong: bool,
}

impl Search {
    /// Forgets everything but how patterns are read.
    pub fn clear(&mut self) {
        *self = Self {
            pattern: self.pattern,
            case: self.case,
            ..Self::default()
        };
    }

    /// Returns whether something is searched for.
    pub const fn is_on(&self) -> bool {
        self.expression.is_some()
    }

    /// Returns whether what is typed can not be understood.
    pub const fn is_wrong(&self) -> bool {
        self.is_wrong
    }

    /// Understands the line anew.
    pub fn compile(&mut self, nature: Nature) {
        let text = self.line.text();
        self.at = None;
        self.is_wrong = false;
        self.expression = None;
        if text.is_empty() {
            return;
        }
        let source = match self.pattern {
            Pattern::Regex => text.to_owned(),
            Pattern::Text => literal(text, nature),
        };
        let counts = self.case.counts(|| text.chars().any(char::is_uppercase));
        let built = RegexBuilder::new(&source)
            .case_insensitive(!counts)
            .multi_line(true)
            .size_limit(1 << 20)
            .build();
        self.is_wrong = built.is_err();
        self.expression = built.ok();
    }

    /// Returns the first match that begins at `start` or later, else the first of all.
    pub fn next(&self, bytes: &[u8], start: usize) -> Option<Range<usize>> {
        let expression = self.expression.as_ref()?;
        let behind = expression.find_at(bytes, start.min(bytes.len()));
        let found = behind.or_else(|| expression.find(bytes));
        found
            .map(|found| found.range())
            .filter(|range| !range.is_empty())
    }

    /// Returns the last match that begins before `end`, else the last of all.
    ///
    /// Looks back in steps that double, so that a near match does not cost the whole file.
    pub fn previous(&self, bytes: &[u8], end: usize) -> Option<Range<usize>> {
        let expression = self.expression.as_ref()?;
        for end in [end.min(bytes.len()), bytes.len()] {
            let mut step = 4096;
            loop {
                let from = end.saturating_sub(step);
                let begins_before = |range: &Range<usize>| range.start < end;
                let mut last = None;
                let mut at = from;
                while at <= bytes.len()
                    && let Some(found) = expression.find_at(bytes, at)
                    && begins_before(&found.range())
                {
                    at = found.end().max(found.start() + 1);
                    last = Some(found.range())
                        .filter(|range| !range.is_empty())
                        .or(last);
                }
                if last.is_some() {
                    return last;
                }
                if from == 0 {
                    break;
                }
                step *= 4;
            }
        }
        None
    }

    /// Returns the matches in a part of the bytes.
    pub fn within(&self, bytes: &[u8], part: Range<usize>) -> Vec<Range<usize>> {
        let Some(expression) = &self.expression else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut at = part.start;
        while let Some(next) = bytes
            .get(..part.end)
            .and_then(|bytes| expression.find_at(bytes, at))
        {
            if !next.is_empty() {
                found.push(next.range());
            }
            at = next.end().max(next.start() + 1);
            if at > part.end {
                break;
            }
        }
        found
    }
}

/// In hex, pairs of digits are bytes as well as text.
fn literal(text: &str, nature: Nature) -> String {
    let escaped = regex::escape(text);
    match bytes_of(text) {
        Some(bytes) if nature == Nature::Binary => {
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("(?-ui:{})|{escaped}", pairs.concat())
        }
        _ => escaped,
    }
}

/// Reads `7f 45 4c`, or `7f454c`.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let is_pairs = !digits.is_empty() && digits.len().is_multiple_of(2);
    let pairs = digits.chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    pairs.collect::<Option<Vec<u8>>>().filter(|_| is_pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(text: &str, pattern: Pattern, nature: Nature) -> Search {
        let mut search = Search {
            line: Line::new(text),
            pattern,
            ..Search::default()
        };
        search.compile(nature);
        search
    }

    #[test]
    fn matches_are_found_both_ways_and_around_the_ends() {
        let bytes = b"one two one\ntwo One";
        let found = search("one", Pattern::Text, Nature::Text);
        assert_eq!(found.next(bytes, 0), Some(0..3));
        assert_eq!(found.next(bytes, 1), Some(8..11));
        assert_eq!(found.next(bytes, 9), Some(16..19));
        assert_eq!(found.next(bytes, 17), Some(0..3));
        assert_eq!(found.previous(bytes, 16), Some(8..11));
        assert_eq!(found.previous(bytes, 0), Some(16..19));
        assert_eq!(
            search("One", Pattern::Text, Nature::Text).next(bytes, 0),
            Some(16..19)
        );
        assert_eq!(
            search("none", Pattern::Text, Nature::Text).next(bytes, 0),
            None
        );
        assert_eq!(found.within(bytes, 8..19), [8..11, 16..19]);
    }

    #[test]
    fn a_match_far_back_is_found() {
        let mut bytes = vec![b'.'; 300_000];
        bytes[5..8].copy_from_slice(b"one");
        let found = search("one", Pattern::Text, Nature::Text);
        assert_eq!(found.previous(&bytes, 299_000), Some(5..8));
    }

    #[test]
    fn bytes_are_found_by_their_digits_in_hex_only() {
        let bytes = b"\x7fELF 7f 45";
        assert_eq!(
            search("7f 45", Pattern::Text, Nature::Binary).next(bytes, 0),
            Some(0..2)
        );
        assert_eq!(
            search("7F45", Pattern::Text, Nature::Binary).next(bytes, 0),
            Some(0..2)
        );
        assert_eq!(
            search("elf", Pattern::Text, Nature::Binary).next(bytes, 0),
            Some(1..4)
        );
        assert_eq!(
            search("7f 45", Pattern::Text, Nature::Text).next(bytes, 0),
            Some(5..10)
        );
    }

    #[test]
    fn expressions_are_taken_as_they_are_and_wrong_ones_said_so() {
        let found = search("t.o$", Pattern::Regex, Nature::Text);
        assert_eq!(found.next(b"one two\n", 0), Some(4..7));
        let wrong = search("(", Pattern::Regex, Nature::Text);
        assert!(wrong.is_wrong() && wrong.next(b"(", 0).is_none());
        assert_eq!(
            search("x*", Pattern::Regex, Nature::Text).next(b"abc", 0),
            None
        );
    }
}
