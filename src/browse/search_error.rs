//! Why a filter cannot be used.

use crate::path::display_str;

/// Longest text of a filter, in bytes.
pub(super) const MOST_BYTES: usize = 1024;

/// Most directories in the pattern of a path.
pub(super) const MOST_STEPS: usize = 32;

/// Why a filter cannot be used; the text is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// Not a regular expression, or one that takes too much memory.
    #[error("not a regular expression: {0}")]
    Regex(String),
    /// Not a glob.
    #[error("not a glob: {0}")]
    Glob(String),
    /// Not a size.
    #[error("{0}")]
    Size(String),
    /// Longer than anybody types.
    #[error("the filter is longer than {MOST_BYTES} bytes or {MOST_STEPS} directories")]
    TooLong,
}

impl SearchError {
    /// Takes the part of an error that says what is wrong, without the picture of the pattern around it.
    pub(super) fn of_expression(error: regex::Error) -> Self {
        let text = match error {
            regex::Error::CompiledTooBig(_) => "it takes too much memory".to_owned(),
            error => {
                let text = error.to_string();
                let line = text.lines().last().unwrap_or_default();
                line.trim_start_matches("error: ").to_owned()
            }
        };
        Self::Regex(display_str(&text).into_owned())
    }
}
