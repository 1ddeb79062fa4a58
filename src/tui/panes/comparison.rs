//! Two images or containers compared: what is in common, and every path that differs.

mod draw;

pub(in crate::tui) use draw::{draw, draw_standing};

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::list::{FilteredList, ListAreas};
use super::{Request, copied_path, done, refused};
use crate::analysis::comparison::{Difference, DifferenceKind, Doubt};
use crate::path::display_absolute;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::ids::JobId;
use crate::tui::layout::Arrangement;
use crate::tui::results::StoreComparison;
use crate::tui::scroll::Moved;
use crate::tui::text_filter::TextFilter;

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sorting {
    /// Bytes that came and went, the most first.
    #[default]
    Weight,
    /// Path, by its bytes.
    Path,
    /// What happened.
    Kind,
}

/// Two images or containers compared: what is in common, and every path that differs.
#[derive(Debug)]
pub struct ComparisonPane {
    /// The job that compares, while it runs.
    pub job: Option<JobId>,
    /// What was found; `None` while it is looked for.
    pub found: Option<Arc<StoreComparison>>,
    /// Names of the two, unescaped.
    pub names: [String; 2],
    /// Positions in [`Compared::paths`](crate::analysis::comparison::ImageComparison::paths).
    pub list: FilteredList<usize>,
    /// Their order.
    pub sorting: Sorting,
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
            list: FilteredList::default(),
            sorting: Sorting::default(),
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
        self.list.filter.is_typing()
    }

    /// Returns the path under the cursor.
    pub fn selected(&self) -> Option<&Difference> {
        let found = self.found.as_ref()?;
        found.compared.paths.get(*self.list.selected()?)
    }

    /// Keeps the cursor on the screen.
    pub fn fit(&mut self, height: usize) {
        self.list.fit(height);
    }

    fn rebuild(&mut self, height: usize) {
        let current = self.list.selected().copied();
        let Some(found) = &self.found else {
            return;
        };
        let paths = &found.compared.paths;
        let test = self.list.filter.test();
        let is_all = !self.list.filter.is_on();
        self.list.rows = (0..paths.len())
            .filter(|&at| is_all || test.passes(&display_absolute(&paths[at].path)))
            .collect();
        // They are in the order of their paths.
        match self.sorting {
            Sorting::Weight => self
                .list
                .rows
                .sort_by_key(|&at| Reverse(paths[at].weight())),
            Sorting::Kind => self.list.rows.sort_by_key(|&at| paths[at].kind),
            Sorting::Path => {}
        }
        let weights = self.list.rows.iter().map(|&at| paths[at].weight());
        self.largest = weights.max().unwrap_or(0);
        let at = current.and_then(|current| self.list.rows.iter().position(|&row| row == current));
        let at = at.unwrap_or(0);
        self.list.go(at, height);
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, height: usize) -> Vec<Request> {
        if self.list.step(command, height) == Moved::Yes {
            return Vec::new();
        }
        let leaves =
            command == Command::Quit || (command == Command::Back && !self.list.filter.is_shown());
        if leaves {
            return vec![Request::LeaveComparison];
        }
        if let Some(requests) = self.list.filter(command) {
            self.rebuild(height);
            return requests;
        }
        match command {
            Command::NextSort => self.sort(height),
            Command::CopyPath => self.copy(),
            _ => Vec::new(),
        }
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
        self.list.filter.edit(edit);
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
    /// Its lines.
    pub lines: ListAreas,
}

impl ComparisonAreas {
    /// Divides the body.
    pub fn of(body: Rect, arrangement: Arrangement, filter: &TextFilter) -> Self {
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
        Self {
            sums: Rect {
                height: sums,
                ..body
            },
            list,
            lines: ListAreas::of(list, arrangement, filter),
        }
    }
}
