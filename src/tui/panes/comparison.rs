//! Two images or containers held against each other.

mod draw;

pub(in crate::tui) use draw::{draw, draw_standing};

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::sieve::Sieve;
use super::{Request, copied_path, done, refused};
use crate::analysis::difference::{Difference, DifferenceKind, Doubt};
use crate::path::display_absolute;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::ids::JobId;
use crate::tui::layout::Arrangement;
use crate::tui::results::StoreComparison;
use crate::tui::scroll::{Moved, Scroll};

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sorting {
    /// Bytes that came and went, the most first.
    #[default]
    Weight,
    /// Path.
    Path,
    /// What happened.
    Kind,
}

/// Two images or containers held against each other.
#[derive(Debug)]
pub struct ComparisonPane {
    /// The job that compares, while it runs.
    pub job: Option<JobId>,
    /// What was found; `None` while it is looked for.
    pub found: Option<Arc<StoreComparison>>,
    /// Names of the two, unescaped.
    pub names: [String; 2],
    /// Cursor.
    pub scroll: Scroll,
    /// Positions in [`Compared::paths`](crate::analysis::difference::Compared::paths).
    pub rows: Vec<usize>,
    /// Their order.
    pub sorting: Sorting,
    /// Which of them are shown.
    pub sieve: Sieve,
    /// Weight of the heaviest of them.
    pub largest: u64,
}

impl ComparisonPane {
    /// Waits for a comparison.
    pub fn waiting(job: JobId, names: [String; 2]) -> Self {
        Self {
            job: Some(job),
            found: None,
            names,
            scroll: Scroll::default(),
            rows: Vec::new(),
            sorting: Sorting::default(),
            sieve: Sieve::default(),
            largest: 0,
        }
    }

    /// Takes what was found.
    pub fn take(&mut self, found: Arc<StoreComparison>, height: usize) {
        self.job = None;
        self.found = Some(found);
        self.rebuild(height);
    }

    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.sieve.is_typing()
    }

    /// Returns the path under the cursor.
    pub fn selected(&self) -> Option<&Difference> {
        let found = self.found.as_ref()?;
        found.compared.paths.get(*self.rows.get(self.scroll.at)?)
    }

    /// Returns what happened at a row.
    pub fn row(&self, row: usize) -> Option<&Difference> {
        let found = self.found.as_ref()?;
        found.compared.paths.get(*self.rows.get(row)?)
    }

    /// Keeps the cursor on the screen.
    pub fn fit(&mut self, height: usize) {
        self.scroll.go(self.scroll.at, self.rows.len(), height);
    }

    fn rebuild(&mut self, height: usize) {
        let current = self.rows.get(self.scroll.at).copied();
        let Some(found) = &self.found else {
            return;
        };
        let paths = &found.compared.paths;
        let test = self.sieve.test();
        let is_all = !self.sieve.is_on();
        self.rows = (0..paths.len())
            .filter(|&at| is_all || test.passes(&display_absolute(&paths[at].path)))
            .collect();
        // They are in the order of their paths.
        match self.sorting {
            Sorting::Weight => self.rows.sort_by_key(|&at| Reverse(paths[at].weight())),
            Sorting::Kind => self.rows.sort_by_key(|&at| paths[at].kind),
            Sorting::Path => {}
        }
        let weights = self.rows.iter().map(|&at| paths[at].weight());
        self.largest = weights.max().unwrap_or(0);
        let at = current.and_then(|current| self.rows.iter().position(|&row| row == current));
        let at = at.unwrap_or(0);
        self.scroll.go(at, self.rows.len(), height);
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, height: usize) -> Vec<Request> {
        if self.scroll.step(command, self.rows.len(), height) == Moved::Yes {
            return Vec::new();
        }
        match command {
            Command::Filter => self.sieve.begin(),
            Command::Accept => self.sieve.keep(),
            Command::Back if !self.sieve.is_shown() => return vec![Request::LeaveComparison],
            Command::Back => self.sieve.clear(),
            Command::Quit => return vec![Request::LeaveComparison],
            Command::ToggleCase => {
                let words = self.sieve.toggle_case();
                self.rebuild(height);
                return done(words);
            }
            Command::NextPattern => return refused("this filter takes plain text"),
            Command::NextSort => return self.sort(height),
            Command::CopyPath => return self.copy(),
            _ => return Vec::new(),
        }
        self.rebuild(height);
        Vec::new()
    }

    fn sort(&mut self, height: usize) -> Vec<Request> {
        let (sorting, words) = match self.sorting {
            Sorting::Weight => (Sorting::Path, "sorted by path"),
            Sorting::Path => (Sorting::Kind, "sorted by what happened"),
            Sorting::Kind => (Sorting::Weight, "sorted by bytes, the most first"),
        };
        self.sorting = sorting;
        self.rebuild(height);
        done(words)
    }

    fn copy(&self) -> Vec<Request> {
        let Some(selected) = self.selected() else {
            return refused("nothing is selected");
        };
        copied_path(&selected.path)
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit, height: usize) {
        self.sieve.edit(edit);
        self.rebuild(height);
    }
}

/// Returns the words for what happened, and for what is not certain about it; escaped.
pub fn words(difference: &Difference) -> String {
    let kind = match difference.kind {
        DifferenceKind::Added => "only in B",
        DifferenceKind::Removed => "only in A",
        DifferenceKind::Changed => "other content, type or target",
        DifferenceKind::MetadataOnly => "mode, owner, time or attributes",
        DifferenceKind::NotCompared => "not compared",
    };
    let doubt = match &difference.doubt {
        None => return kind.to_owned(),
        Some(Doubt::TooLong) => "too long",
        Some(Doubt::TooMuch) => "too much to read in all",
        Some(Doubt::Unreadable(reason)) => reason,
        Some(Doubt::OutOfReach(_)) => return format!("{kind}, by length and time alone"),
    };
    format!("{kind}: {doubt}")
}

/// Where the parts of the comparison are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparisonAreas {
    /// The sums; empty where there is no room.
    pub sums: Rect,
    /// The list, border included.
    pub list: Rect,
    /// The heading of the list.
    pub heading: Rect,
    /// Its rows.
    pub rows: Rect,
    /// The line of the filter.
    pub filter: Rect,
}

impl ComparisonAreas {
    /// Divides the body.
    pub fn of(body: Rect, arrangement: Arrangement, sieve: &Sieve) -> Self {
        let sums = match body.height {
            0..8 => 0,
            8..12 => 1,
            _ => 3,
        };
        let list = Rect {
            y: body.y + sums,
            height: body.height - sums,
            ..body
        };
        let has_filter = if sieve.is_shown() {
            super::store::HasFilter::Yes
        } else {
            super::store::HasFilter::No
        };
        let [heading, rows, filter] =
            super::store::StoreAreas::inside(list, arrangement, has_filter);
        Self {
            sums: Rect {
                height: sums,
                ..body
            },
            list,
            heading,
            rows,
            filter,
        }
    }
}
