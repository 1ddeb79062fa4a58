//! Filtering the tree while typing.

use super::TreePane;
use crate::browse::{Case, Filtered, PathSet, Pattern, Search, carry_over, carry_path};
use crate::tree::{MergedTree, PathId};
use crate::tui::line::Line;
use crate::tui::reads::Reads;

/// The filter of the tree.
#[derive(Debug, Default)]
pub struct Filter {
    /// What was typed.
    pub line: Line,
    /// How it is written.
    pub pattern: Pattern,
    /// Whether upper and lower case differ.
    pub case: Case,
    state: State,
    /// The last text that could be used.
    search: Option<Search>,
    found: Option<Filtered>,
    complaint: Option<String>,
    /// How the tree was without it.
    before: Option<Before>,
}

/// How far the filter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Off,
    Typing,
    Kept,
}

#[derive(Debug)]
struct Before {
    open: PathSet,
    wanted: PathId,
}

impl Filter {
    /// Returns whether letters go here.
    pub const fn is_typing(&self) -> bool {
        matches!(self.state, State::Typing)
    }

    /// Returns whether there is one, typed or kept.
    pub const fn is_on(&self) -> bool {
        !matches!(self.state, State::Off)
    }

    /// Returns what it found; `None` where there is nothing to look for.
    pub const fn found(&self) -> Option<&Filtered> {
        self.found.as_ref()
    }

    /// Returns why the text cannot be used, in a sentence.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    pub(super) fn keeps(&self, path: PathId) -> bool {
        let found = self.found.as_ref();
        found.is_none_or(|found| found.kept.contains(path))
    }

    pub(super) fn open_before(&self) -> Option<&PathSet> {
        self.before.as_ref().map(|before| &before.open)
    }

    pub(super) fn open_before_mut(&mut self) -> Option<&mut PathSet> {
        self.before.as_mut().map(|before| &mut before.open)
    }

    pub(super) fn carry(&mut self, old: &MergedTree, new: &MergedTree) {
        if let Some(before) = &mut self.before {
            before.open = carry_over(old, new, &before.open);
            before.wanted = carry_path(old, new, before.wanted);
        }
        self.found = None;
    }

    /// Returns how what was typed is read: a `*` makes text a glob, for hardly a name has one.
    pub fn kind(&self) -> Pattern {
        match self.pattern {
            Pattern::Substring if self.line.text().contains('*') => Pattern::Glob,
            chosen => chosen,
        }
    }

    /// Reads what was typed; what cannot be used changes nothing but the complaint.
    fn read(&mut self) {
        match Search::parse(self.line.text(), self.kind(), self.case) {
            Ok(search) => {
                self.complaint = None;
                self.search = Some(search).filter(|search| !search.is_empty());
            }
            Err(error) => self.complaint = Some(error.to_string()),
        }
    }
}

/// Returns how patterns are written, in a word.
pub const fn pattern_word(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Substring => "text",
        Pattern::Glob => "glob",
        Pattern::Regex => "regex",
    }
}

impl TreePane {
    pub(super) fn begin_filter(&mut self) {
        if !self.filter.is_on() {
            self.filter.before = Some(Before {
                open: self.open.clone(),
                wanted: self.wanted,
            });
        }
        self.filter.state = State::Typing;
    }

    /// Takes the filter away while typing: everything is as it was before.
    pub(super) fn cancel_filter(&mut self, reads: &Reads<'_>) {
        if let Some(before) = &self.filter.before {
            self.wanted = before.wanted;
        }
        self.clear_filter();
        self.list(reads);
    }

    /// Takes a kept filter away: what was found stays under the cursor.
    pub(super) fn drop_filter(&mut self, reads: &Reads<'_>) {
        self.clear_filter();
        self.reveal(reads.subject.tree());
        self.list(reads);
    }

    pub(super) fn clear_filter(&mut self) {
        let (pattern, case) = (self.filter.pattern, self.filter.case);
        let old = std::mem::replace(
            &mut self.filter,
            Filter {
                pattern,
                case,
                ..Filter::default()
            },
        );
        if let Some(before) = old.before {
            self.open = before.open;
        }
    }

    /// Ends typing. Without anything to look for there is no filter.
    pub(super) fn keep_filter(&mut self, reads: &Reads<'_>) {
        if self.filter.search.is_none() {
            return self.cancel_filter(reads);
        }
        self.filter.complaint = None;
        self.filter.state = State::Kept;
    }

    pub(super) fn next_pattern(&mut self, reads: &Reads<'_>) {
        self.filter.pattern = match self.filter.pattern {
            Pattern::Substring => Pattern::Glob,
            Pattern::Glob => Pattern::Regex,
            Pattern::Regex => Pattern::Substring,
        };
        self.filter_changed(reads);
    }

    pub(super) fn next_case(&mut self, reads: &Reads<'_>) {
        self.filter.case = self.filter.case.next();
        self.filter_changed(reads);
    }

    pub(super) fn filter_changed(&mut self, reads: &Reads<'_>) {
        self.filter.read();
        if self.filter.complaint.is_some() {
            return;
        }
        self.search(reads);
        self.want_match(reads);
        self.list(reads);
    }

    /// Runs the filter on what is projected now, and unfolds so that matches are visible.
    pub(super) fn search(&mut self, reads: &Reads<'_>) {
        let tree = reads.subject.tree();
        let (Some(search), Some(projection)) = (&self.filter.search, &self.projection) else {
            self.filter.found = None;
            if let Some(before) = &self.filter.before {
                self.open.clone_from(&before.open);
            }
            return;
        };
        let found = search.run(tree, &reads.subject.names, projection, self.marks());
        let open = self
            .plan()
            .map(|plan| found.opened(tree, &plan, self.height));
        self.open = open.unwrap_or_default();
        self.filter.found = Some(found);
    }

    /// Wishes the cursor on the first match, unless the place it was at before is one.
    fn want_match(&mut self, reads: &Reads<'_>) {
        let Some(before) = self.filter.before.as_ref().map(|before| before.wanted) else {
            return;
        };
        let stays = self
            .filter
            .found()
            .is_none_or(|found| found.matched.contains(before));
        let first = self
            .plan()
            .filter(|_| !stays)
            .and_then(|plan| plan.next_match(reads.subject.tree(), PathId::ROOT));
        self.wanted = first.unwrap_or(before);
    }
}
