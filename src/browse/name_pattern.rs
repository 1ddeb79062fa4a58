//! One test of a name, run over all names of a union in one pass.

use globset::GlobBuilder;
use memchr::memmem::{Finder, FinderBuilder};
use regex::bytes::{Regex, RegexBuilder};

use super::names::{BETWEEN, Letters, Names, lower};
use super::search_error::SearchError;
use crate::path::display_str;

/// What a name has to be like.
#[derive(Debug)]
pub(super) enum NamePattern {
    Anything,
    /// Contains a text; zero bytes at its ends stand for the ends of the name.
    Text(Letters, Box<Finder<'static>>),
    /// Matches an expression.
    Expression(Letters, Expression),
}

/// An expression that sees names between zero bytes as lines.
#[derive(Debug)]
pub(super) struct Expression {
    regex: Regex,
    reach: Reach,
}

/// Whether an expression means the same among other names as it does on a name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It does, and no match reaches from one name into another.
    Name,
    /// It does, but a match may begin in one name and end in another.
    Names,
    /// It may not.
    Alone,
}

/// Where in a name a text has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Anywhere,
    Start,
    End,
    Whole,
}

/// Most memory an expression may take, in bytes.
const EXPRESSION_BYTES: usize = 1 << 20;
/// Most memory the search for an expression may take, in bytes.
const SEARCH_BYTES: usize = 4 << 20;
/// Matches that reach into further names before names are looked at one by one.
const MOST_OVERRUNS: u32 = 16;

impl NamePattern {
    /// Makes a test for a text.
    pub(super) fn text(text: &str, place: Anchor, letters: Letters) -> Self {
        let text = match letters {
            Letters::AsStored => text.as_bytes().to_vec(),
            Letters::Lowered => lower(text.as_bytes()),
        };
        if text.is_empty() && place != Anchor::Whole {
            return Self::Anything;
        }
        let mut needle = Vec::with_capacity(text.len() + 2);
        if matches!(place, Anchor::Start | Anchor::Whole) {
            needle.push(BETWEEN);
        }
        needle.extend_from_slice(&text);
        if matches!(place, Anchor::End | Anchor::Whole) {
            needle.push(BETWEEN);
        }
        Self::Text(
            letters,
            Box::new(FinderBuilder::new().build_forward(&needle).into_owned()),
        )
    }

    /// Makes a test of a glob without slashes. Those that are no more than a text are looked for as one.
    pub(super) fn glob(text: &str, letters: Letters) -> Result<Self, SearchError> {
        let (rest, from) = match text.strip_prefix('*') {
            Some(rest) => (rest, "*"),
            None => (text, ""),
        };
        let (core, to) = match rest.strip_suffix('*') {
            Some(core) => (core, "*"),
            None => (rest, ""),
        };
        if !core.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            let place = match (from, to) {
                ("", "") => Anchor::Whole,
                ("", _) => Anchor::Start,
                (_, "") => Anchor::End,
                _ => Anchor::Anywhere,
            };
            return Ok(Self::text(core, place, letters));
        }
        let lowered = match letters {
            Letters::AsStored => text.to_owned(),
            Letters::Lowered => {
                String::from_utf8(lower(text.as_bytes())).unwrap_or_else(|_| text.to_owned())
            }
        };
        let glob = GlobBuilder::new(&lowered)
            .backslash_escape(true)
            .build()
            .map_err(|error| {
                SearchError::Glob(display_str(&error.kind().to_string()).into_owned())
            })?;
        let expression = Expression::of_glob(glob.regex()).map_err(SearchError::of_expression)?;
        Ok(Self::Expression(letters, expression))
    }

    /// Returns whether one name passes.
    pub(super) fn passes(&self, names: &Names, path: u32) -> bool {
        let (start, end) = names.bounds(path);
        match self {
            Self::Anything => true,
            // With what is between names at both ends.
            Self::Text(letters, finder) => finder
                .find(&names.text(*letters)[start - 1..=end])
                .is_some(),
            Self::Expression(letters, expression) => {
                expression.is_match(&names.text(*letters)[start..end])
            }
        }
    }

    /// Calls `hit` for every name but the root's that passes, in order.
    pub(super) fn each(&self, names: &Names, hit: &mut dyn FnMut(u32)) {
        match self {
            Self::Anything => (1..count(names)).for_each(hit),
            Self::Text(letters, finder) => each_text(names, *letters, finder, hit),
            Self::Expression(letters, expression) => expression.each(names, *letters, hit),
        }
    }
}

fn count(names: &Names) -> u32 {
    u32::try_from(names.len()).unwrap_or(u32::MAX)
}

fn each_text(names: &Names, letters: Letters, finder: &Finder<'_>, hit: &mut dyn FnMut(u32)) {
    let text = names.text(letters);
    let is_at_start = usize::from(finder.needle().first() == Some(&BETWEEN));
    let mut path = 0;
    let mut from = 0;
    while let Some(at) = finder.find(&text[from..]) {
        path = names.path_at(from + at + is_at_start, path);
        if path > 0 {
            hit(path);
        }
        // The byte behind the name may begin the next match.
        from = names.bounds(path).1;
        path += 1;
        if path >= count(names) {
            return;
        }
    }
}

impl Expression {
    /// Compiles an expression.
    pub(super) fn new(pattern: &str, letters: Letters) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(letters == Letters::Lowered)
            .multi_line(true)
            .line_terminator(BETWEEN)
            .size_limit(EXPRESSION_BYTES)
            .dfa_size_limit(SEARCH_BYTES)
            .build()?;
        let reach = reach(pattern);
        Ok(Self { regex, reach })
    }

    /// Compiles what [`globset`] makes of a glob, which has the ends of a line at its ends.
    pub(super) fn of_glob(pattern: &str) -> Result<Self, regex::Error> {
        Ok(Self {
            // As if without the flags it begins with, which only say that it is about bytes.
            reach: reach(pattern.trim_start_matches("(?-u)")),
            ..Self::new(pattern, Letters::AsStored)?
        })
    }

    /// Returns whether a text matches on its own.
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    fn each(&self, names: &Names, letters: Letters, hit: &mut dyn FnMut(u32)) {
        let from = match self.reach {
            Reach::Name => return self.each_name(names, letters, hit),
            Reach::Names => self.each_line(names, letters, hit),
            Reach::Alone => 1,
        };
        let text = names.text(letters);
        for path in from..count(names) {
            let (start, end) = names.bounds(path);
            if self.is_match(&text[start..end]) {
                hit(path);
            }
        }
    }

    /// Searches all names as one text. Where a match ends is enough to know its name, and half the work.
    fn each_name(&self, names: &Names, letters: Letters, hit: &mut dyn FnMut(u32)) {
        let text = names.text(letters);
        let mut path = 1;
        while path < count(names) {
            let from = names.bounds(path).0;
            let Some(end) = self.regex.shortest_match_at(text, from) else {
                return;
            };
            path = names.path_at(end, path);
            hit(path);
            path += 1;
        }
    }

    /// Searches all names as one text; returns the first path that has to be looked at on its own.
    fn each_line(&self, names: &Names, letters: Letters, hit: &mut dyn FnMut(u32)) -> u32 {
        let text = names.text(letters);
        let mut path = 1;
        let mut overruns = 0;
        while path < count(names) {
            let Some(found) = self.regex.find_at(text, names.bounds(path).0) else {
                return count(names);
            };
            path = names.path_at(found.start(), path);
            let (start, end) = names.bounds(path);
            let is_within = found.end() <= end;
            if is_within || self.is_match(&text[start..end]) {
                hit(path);
            }
            path += 1;
            overruns += u32::from(!is_within);
            if overruns > MOST_OVERRUNS {
                return path;
            }
        }
        path
    }
}

/// Returns how far matches of a pattern may reach. Errs on the safe side.
fn reach(pattern: &str) -> Reach {
    // May mean the ends of everything rather than of a name, or let a dot match what is between names.
    let is_odd = |odd: &&str| pattern.contains(*odd);
    if [r"\A", r"\z", "(?"].iter().any(is_odd) {
        return Reach::Alone;
    }
    // Classes of everything but something have what is between names in them, as \W and \x00 do.
    let has_class = ["[^", "[:^", "\0"].iter().any(is_odd);
    let behind_backslash = pattern
        .split('\\')
        .skip(1)
        .filter_map(|rest| rest.chars().next());
    let is_wide = |letter: char| letter.is_ascii_alphanumeric() && !"dswb".contains(letter);
    if has_class || behind_backslash.into_iter().any(is_wide) {
        Reach::Names
    } else {
        Reach::Name
    }
}
