//! A filter as people type it: part of a name or path, a glob or an expression, and sizes.
//!
//! A pattern without `/` is about names. One with `/` is about whole paths in their absolute form; a path
//! matches where the match ends in its last component, so that what is below a match does not match too. A
//! substring or glob that ends in `/` is about directories. Sizes (`>10MB`, `<=4KiB`) stand before or behind the
//! pattern and are about files and their own bytes, those of a name whose data is counted at another name being 0.

use super::name_pattern::{Anchor, Expression, NamePattern};
use super::names::{Letters, Names};
use super::path_pattern::PathPattern;
use super::search_error::{MOST_BYTES, SearchError};
use super::{Filtered, MarkSet, PathSet, Projection};
use crate::tree::{MergedTree, PathId};
use crate::units;

/// How a pattern is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pattern {
    /// Part of a name or path, as it is.
    #[default]
    Substring,
    /// `*.so`, `lib?.{a,so}`, `/usr/**/doc`; all of a name, or of a path from any directory on.
    Glob,
    /// A regular expression, anywhere in a name or path.
    Regex,
}

/// Whether upper and lower case differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// Only where the pattern has an upper-case letter.
    #[default]
    Smart,
    /// They always do.
    Sensitive,
    /// They never do.
    Insensitive,
}

impl Case {
    /// Returns the next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Smart => Self::Sensitive,
            Self::Sensitive => Self::Insensitive,
            Self::Insensitive => Self::Smart,
        }
    }

    /// Returns whether they differ, told whether a pattern has an upper-case letter.
    pub fn counts(self, has_upper: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Smart => has_upper(),
            Self::Sensitive => true,
            Self::Insensitive => false,
        }
    }
}

/// A filter, ready to run.
#[derive(Debug)]
pub struct Search {
    filter: Test,
    /// Where any was given.
    sizes: Option<SizeRange>,
}

/// The smallest and the largest size, in bytes.
#[derive(Debug, Clone, Copy)]
struct SizeRange {
    least: u64,
    most: u64,
}

#[derive(Debug)]
enum Test {
    Name(NamePattern),
    Directories(PathPattern),
    /// An expression about whole paths.
    Path(Expression),
}

impl Search {
    /// Reads a filter. One without a pattern or size finds everything.
    ///
    /// # Errors
    /// Expressions, globs and sizes that are none, and texts of more than a kilobyte.
    pub fn parse(query: &str, pattern: Pattern, case: Case) -> Result<Self, SearchError> {
        if query.len() > MOST_BYTES {
            return Err(SearchError::TooLong);
        }
        let (sought, sizes) = take_sizes(query)?;
        let letters = letters(sought, pattern, case);
        let has_slash = sought.contains('/');
        let filter = match pattern {
            Pattern::Substring if has_slash => {
                Test::Directories(PathPattern::of_text(sought, letters)?)
            }
            Pattern::Substring => Test::Name(NamePattern::text(sought, Anchor::Anywhere, letters)),
            Pattern::Glob if has_slash => Test::Directories(PathPattern::of_glob(sought, letters)?),
            Pattern::Glob if sought.is_empty() => Test::Name(NamePattern::Anything),
            Pattern::Glob => Test::Name(NamePattern::glob(sought, letters)?),
            Pattern::Regex => expression(sought, letters)?,
        };
        Ok(Self { filter, sizes })
    }

    /// Returns whether it finds everything, as an empty text does.
    pub const fn is_empty(&self) -> bool {
        matches!(self.filter, Test::Name(NamePattern::Anything)) && self.sizes.is_none()
    }

    /// Finds what a projection shows with these marks; never the root. `names` must be of this union: of another,
    /// nothing is found. Cost is linear in the length of the names; of an expression with `/`, of the paths.
    pub fn run(
        &self,
        tree: &MergedTree,
        names: &Names,
        projection: &Projection,
        marks: MarkSet,
    ) -> Filtered {
        let mut matched = PathSet::with_room(tree.len());
        if names.len() == tree.len() {
            let mut take = |path: u32| {
                let path = PathId(path);
                if projection.has_any(path, marks) && self.has_size(projection, path) {
                    matched.insert(path);
                }
            };
            match &self.filter {
                Test::Name(test) => test.each(names, &mut take),
                Test::Directories(steps) => steps.each(tree, names, &mut |path| {
                    if steps.may_end(projection, PathId(path)) {
                        take(path);
                    }
                }),
                Test::Path(expression) => each_whole_path(tree, expression, &mut take),
            }
        }
        Filtered::new(tree, projection, matched)
    }

    fn has_size(&self, projection: &Projection, path: PathId) -> bool {
        let Some(SizeRange { least, most }) = self.sizes else {
            return true;
        };
        !projection.is_directory(path)
            && projection.files(path) == 1
            && (least..=most).contains(&projection.bytes(path))
    }
}

/// Takes sizes off both ends of a text.
fn take_sizes(text: &str) -> Result<(&str, Option<SizeRange>), SearchError> {
    let mut rest = text.trim();
    let mut sizes: Option<SizeRange> = None;
    let is_size = |word: &str| word.starts_with(['<', '>']);
    loop {
        let mut words = rest.split_whitespace();
        let front = words.next().unwrap_or_default();
        let back = words.next_back().unwrap_or_default();
        let (word, others) = if is_size(front) {
            (front, rest.strip_prefix(front))
        } else if is_size(back) {
            (back, rest.strip_suffix(back))
        } else {
            return Ok((rest, sizes));
        };
        sizes = Some(SizeRange::read(word)?.and(sizes));
        rest = others.unwrap_or_default().trim();
    }
}

impl SizeRange {
    fn read(word: &str) -> Result<Self, SearchError> {
        let parse = |size: &str| units::parse_size(size).map_err(SearchError::Size);
        let at_least = |least| Self {
            least,
            most: u64::MAX,
        };
        let at_most = |most| Self { least: 0, most };
        if let Some(size) = word.strip_prefix(">=") {
            return parse(size).map(at_least);
        }
        if let Some(size) = word.strip_prefix("<=") {
            return parse(size).map(at_most);
        }
        if let Some(size) = word.strip_prefix('>') {
            return Ok(at_least(parse(size)?.saturating_add(1)));
        }
        Ok(match parse(word.trim_start_matches('<'))? {
            // Nothing is smaller.
            0 => Self { least: 1, most: 0 },
            size => at_most(size - 1),
        })
    }

    fn and(self, other: Option<Self>) -> Self {
        let other = other.unwrap_or(self);
        Self {
            least: self.least.max(other.least),
            most: self.most.min(other.most),
        }
    }
}

fn letters(text: &str, pattern: Pattern, case: Case) -> Letters {
    if case.counts(|| has_upper_case(text, pattern)) {
        Letters::AsStored
    } else {
        Letters::Lowered
    }
}

/// Returns whether a pattern has an upper-case letter. In an expression those behind a backslash are no letters.
fn has_upper_case(text: &str, pattern: Pattern) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\\' && pattern == Pattern::Regex {
            characters.next();
        } else if character.is_uppercase() {
            return true;
        }
    }
    false
}

fn expression(text: &str, letters: Letters) -> Result<Test, SearchError> {
    if text.is_empty() {
        return Ok(Test::Name(NamePattern::Anything));
    }
    if !text.contains('/') {
        let expression = Expression::new(text, letters).map_err(SearchError::of_expression)?;
        // The expression knows about letters itself, better than a comparison of lowered text would.
        return Ok(Test::Name(NamePattern::Expression(
            Letters::AsStored,
            expression,
        )));
    }
    // On its own first: what follows would give some of what is wrong a meaning.
    Expression::new(text, letters).map_err(SearchError::of_expression)?;
    let ends_in_name = format!(r"(?:{text})[^/]*\z");
    let expression = Expression::new(&ends_in_name, letters).map_err(SearchError::of_expression)?;
    Ok(Test::Path(expression))
}

/// Calls `hit` for every path but the root whose absolute form matches.
fn each_whole_path(tree: &MergedTree, expression: &Expression, hit: &mut dyn FnMut(u32)) {
    let mut text = Vec::new();
    let mut directory = None;
    let mut length = 0;
    for path in tree.paths().skip(1) {
        let parent = tree.parent(path);
        if directory != Some(parent) {
            directory = Some(parent);
            text.clear();
            text.push(b'/');
            if parent != PathId::ROOT {
                text.extend_from_slice(&tree.path(parent));
                text.push(b'/');
            }
            length = text.len();
        }
        text.truncate(length);
        text.extend_from_slice(tree.name(path));
        if expression.is_match(&text) {
            hit(path.0);
        }
    }
}

#[cfg(test)]
mod tests;
