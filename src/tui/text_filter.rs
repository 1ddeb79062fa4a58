//! A filter of plain text that works while it is typed.

mod draw;

pub(in crate::tui) use draw::draw;

use crate::browse::Case;
use crate::tui::edit::Edit;
use crate::tui::line::{Line, Typing};

/// A filter: the text, and whether it is being typed.
#[derive(Debug, Clone, Default)]
pub struct TextFilter {
    line: Line,
    typing: Typing,
    case: Case,
}

impl TextFilter {
    /// Returns whether it is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing == Typing::Begun
    }

    /// Returns whether it has a place on the screen: it is being typed, or lets not everything pass.
    pub fn is_shown(&self) -> bool {
        self.is_typing() || self.is_on()
    }

    /// Returns whether it may hold something back.
    pub fn is_on(&self) -> bool {
        !self.line.text().is_empty()
    }

    /// Returns the line, to draw it.
    pub const fn line(&self) -> &Line {
        &self.line
    }

    /// Begins to type, with what was typed before.
    pub const fn begin(&mut self) {
        self.typing = Typing::Begun;
    }

    /// Ends typing and keeps the text.
    pub const fn keep(&mut self) {
        self.typing = Typing::Ended;
    }

    /// Lets everything pass again.
    pub fn clear(&mut self) {
        self.line = Line::default();
        self.typing = Typing::Ended;
    }

    /// Edits the text.
    pub fn edit(&mut self, edit: &Edit) {
        self.line.edit(edit);
    }

    /// Changes when upper and lower case differ, and says how they do now.
    pub fn toggle_case(&mut self) -> &'static str {
        self.case = self.case.next();
        match self.case {
            Case::Smart => "case counts where upper-case letters are typed",
            Case::Sensitive => "case counts",
            Case::Insensitive => "case is ignored",
        }
    }

    /// Returns a test of many texts.
    pub fn test(&self) -> Test {
        let text = self.line.text();
        if self.case.counts(|| text.chars().any(char::is_uppercase)) {
            Test::Exact(text.to_owned())
        } else {
            Test::Folded(text.to_lowercase())
        }
    }
}

/// Returns how case counts, in words.
pub const fn case_word(case: Case) -> &'static str {
    match case {
        Case::Smart => "smart case",
        Case::Sensitive => "exact case",
        Case::Insensitive => "any case",
    }
}

/// Returns how case counts where it does so otherwise than at first, in as few columns as can be.
pub const fn case_sign(case: Case) -> &'static str {
    match case {
        Case::Smart => "",
        Case::Sensitive => "[case]",
        Case::Insensitive => "[no case]",
    }
}

/// A filter, ready to run.
#[derive(Debug, Clone)]
pub enum Test {
    /// As typed.
    Exact(String),
    /// In lower case.
    Folded(String),
}

impl Test {
    /// Returns whether a text passes. Cost is linear in it.
    pub fn passes(&self, text: &str) -> bool {
        match self {
            Self::Exact(sought) => text.contains(sought),
            Self::Folded(sought) if sought.is_empty() => true,
            Self::Folded(sought) => text.to_lowercase().contains(sought),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_where_it_was_typed() {
        let mut filter = TextFilter::default();
        assert!(filter.test().passes("anything"));
        filter.edit(&Edit::Paste("lib".into()));
        assert!(filter.test().passes("/usr/LIB/x"));
        assert_eq!(filter.toggle_case(), "case counts");
        assert!(!filter.test().passes("/usr/LIB/x"));
        filter.toggle_case();
        filter.edit(&Edit::Insert('X'));
        assert!(filter.test().passes("LIBX"));
        filter.toggle_case();
        assert!(!filter.test().passes("libx"));
    }

    #[test]
    fn a_kept_filter_stays_until_it_is_cleared() {
        let mut filter = TextFilter::default();
        filter.begin();
        filter.edit(&Edit::Insert('a'));
        filter.keep();
        assert!(!filter.is_typing() && filter.is_shown());
        filter.clear();
        assert!(!filter.is_shown());
    }
}
