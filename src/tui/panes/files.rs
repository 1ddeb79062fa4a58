//! All files in one list: of the merged view, or every version in every layer; and the search for any path.
//!
//! The list is made when the view is entered and kept until there is another image. Paths are put together for
//! rows on the screen only, and in the background while something is looked for.

mod act;
mod cells;
mod draw;
pub mod finder;
mod listing;
pub mod order;
mod path;
pub mod row;

pub(in crate::tui) use draw::draw;

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{Request, Standing, done};
use crate::browse::{FlatFile, FlatView, Sorting};
use crate::layer::LayerIndex;
use crate::text::Look;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::ids::JobId;
use crate::tui::layout::Arrangement;
use crate::tui::reads::Reads;
use crate::tui::results::Ranking;
use crate::tui::scorer::Scorer;
use crate::tui::scroll::{Moved, Scroll};
use crate::tui::state::{Jobs, Tab};
use crate::tui::subject::Subject;
use crate::tui::table::RowsPlace;
use finder::{Edited, Finder, Reach, Taken};
use order::Field;
use row::FileRow;

/// All files in one list.
#[derive(Debug)]
pub struct FilesPane {
    /// The cursor, and the first row on the screen.
    pub scroll: Scroll,
    /// Which files.
    pub view: FlatView,
    /// What is looked for.
    pub finder: Finder,
    /// Order while nothing is looked for.
    sorting: Sorting<Field>,
    /// Order while something is.
    sorting_found: Sorting<Field>,
    /// The list; empty before the view was entered.
    all: Vec<FlatFile>,
    /// What was found of it.
    found: Option<Vec<FlatFile>>,
    /// Which characters of the paths on the screen were matched, from the first row on the screen on.
    hits: Vec<Vec<usize>>,
    /// Places of all paths, once an order needs them.
    ranks: Vec<u32>,
    /// The image the list is of; `None` before the view was entered.
    subject: Option<Arc<Subject>>,
    /// Where the cursor was in a list that has to be made anew.
    wanted: Option<(Vec<u8>, LayerIndex)>,
}

impl Default for FilesPane {
    fn default() -> Self {
        Self {
            scroll: Scroll::default(),
            view: FlatView::default(),
            finder: Finder::default(),
            sorting: Sorting::by(Field::Size),
            sorting_found: Sorting::by(Field::Match),
            all: Vec::new(),
            found: None,
            hits: Vec::new(),
            ranks: Vec::new(),
            subject: None,
            wanted: None,
        }
    }
}

/// The lines of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilesAreas {
    /// What is looked for; empty while nothing is.
    pub finder: Rect,
    /// Titles of the columns; empty where there is no room.
    pub titles: Rect,
    /// The rows.
    pub rows: Rect,
}

impl FilesPane {
    /// Takes a subject, a new one or the same refined: the list is made anew when the view is entered, the cursor
    /// and what is looked for stay.
    pub fn show(&mut self, reads: &Reads<'_>) {
        let Some(old) = self.subject.take() else {
            return;
        };
        let place = self
            .selected()
            .map(|file| (old.tree().path(file.path), file.layer));
        self.wanted = place.or_else(|| self.wanted.take());
        // With further layers paths have other identities.
        if old.tree().layers().len() != reads.subject.tree().layers().len() {
            self.finder.forget();
        }
        self.all = Vec::new();
        self.found = None;
        self.ranks = Vec::new();
        self.hits.clear();
    }

    /// Makes the list, if there is none of this image. Cost is linear in the paths, and sorting them.
    pub fn enter(&mut self, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        if self.subject.is_some() {
            self.resize(reads);
            return Vec::new();
        }
        self.subject = Some(Arc::clone(reads.subject));
        self.collect(reads.subject);
        if self.finder.is_on() && self.finder.ranking.is_none() {
            // The cursor waits for the answer, which is about another image and not about another pattern.
            self.resize(reads);
            return self.finder.ask(self.view, jobs);
        }
        self.find_again(reads.subject.tree(), reads);
        Vec::new()
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        self.put_cursor(self.scroll.at, reads);
    }

    /// Returns whether what is typed looks for any path, and not only through the list.
    pub fn is_finding(&self) -> bool {
        self.finder.reach != Reach::List
    }

    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.finder.is_typing()
    }

    /// Begins to look for any path; `from` is the view to return to.
    pub fn find(&mut self, from: Tab, reads: &Reads<'_>) -> Vec<Request> {
        let from = match (self.finder.reach, from) {
            (Reach::Everything(before), Tab::Files) => before,
            (_, from) => from,
        };
        let requests = self.finder.begin(Reach::Everything(from));
        self.refind(reads);
        requests
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        self.wanted = None;
        let height = self.rows_place(reads).height();
        if self.scroll.step(command, self.rows().len(), height) == Moved::Yes {
            self.light(reads);
            return Vec::new();
        }
        match command {
            Command::NextMode => self.next_view(reads, jobs),
            Command::NextSort | Command::ReverseSort => self.resort(command, reads),
            Command::Filter => {
                let requests = self.finder.begin(Reach::List);
                self.refind(reads);
                requests
            }
            Command::Accept => self.accept(reads),
            Command::Back => self.back(reads),
            Command::NextPattern | Command::ToggleCase => {
                done("words in any order; 'exact  ^start  end$  !not; an upper-case letter counts")
            }
            _ => self.act(command, reads),
        }
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        if self.finder.edit(edit) == Edited::No {
            return Vec::new();
        }
        self.wanted = None;
        let requests = self.finder.ask(self.view, jobs);
        if self.finder.ranking.is_none() {
            self.refind(reads);
        }
        requests
    }

    /// Takes the result of a job; one that is not waited for any more is dropped.
    pub fn take(&mut self, job: JobId, ranking: &Arc<Ranking>, reads: &Reads<'_>) {
        if self.finder.take(job, ranking) == Taken::Dropped {
            return;
        }
        if self.wanted.is_some() {
            self.found = self.sift(reads.subject);
            self.find_again(reads.subject.tree(), reads);
        } else {
            self.refind(reads);
        }
    }

    /// Returns whether something is looked for: Esc gives that up first.
    pub fn is_sifting(&self) -> bool {
        self.found.is_some() || self.finder.reach != Reach::List || self.is_typing()
    }

    /// Returns the rows.
    pub fn rows(&self) -> &[FlatFile] {
        self.found.as_deref().unwrap_or(&self.all)
    }

    /// Returns how many there are while nothing is looked for.
    pub fn total(&self) -> usize {
        self.all.len()
    }

    /// Returns the file under the cursor.
    pub fn selected(&self) -> Option<FlatFile> {
        self.rows().get(self.scroll.at).copied()
    }

    /// Returns the full path of the cursor, escaped, and what is known about it, the most important first.
    pub fn standing(&self, subject: &Subject, look: Look) -> Option<Standing> {
        let row = FileRow::of(subject, self.selected()?);
        let path = row::shown_path(subject.tree(), look, row.file.path, row.kind);
        Some(Standing::of_path(path, row.facts(subject, look)))
    }

    /// Returns the order of the rows.
    pub const fn sorting(&self) -> Sorting<Field> {
        match self.found {
            Some(_) => self.sorting_found,
            None => self.sorting,
        }
    }

    /// Returns which characters of the path of a row were matched.
    pub fn hits(&self, row: usize) -> &[usize] {
        let at = row.checked_sub(self.scroll.offset);
        at.and_then(|at| self.hits.get(at))
            .map_or(&[], Vec::as_slice)
    }

    /// Divides the pane.
    pub fn parts(&self, inner: Rect, arrangement: Arrangement) -> FilesAreas {
        let finder = u16::from(self.finder.is_shown()).min(inner.height);
        let has_titles = arrangement > Arrangement::Bare && inner.height >= 4 + finder;
        let titles = u16::from(has_titles);
        let line = |y: u16, height: u16| Rect {
            y: inner.y + y,
            height,
            ..inner
        };
        FilesAreas {
            finder: line(0, finder),
            titles: line(finder, titles),
            rows: line(finder + titles, inner.height - finder - titles),
        }
    }

    /// Returns where the rows are.
    pub fn rows_place(&self, reads: &Reads<'_>) -> RowsPlace {
        RowsPlace {
            area: self.parts(reads.inner(), reads.arrangement).rows,
            scroll: self.scroll,
            len: self.rows().len(),
        }
    }

    /// Takes what was found into the rows, the best first under the cursor.
    fn refind(&mut self, reads: &Reads<'_>) {
        self.found = self.sift(reads.subject);
        self.scroll = Scroll::default();
        self.put_cursor(0, reads);
    }

    fn next_view(&mut self, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        self.wanted = self
            .selected()
            .map(|file| (reads.subject.tree().path(file.path), file.layer));
        let (view, words) = match self.view {
            FlatView::Merged => (FlatView::Versions, "every version in every layer"),
            FlatView::Versions => (FlatView::Merged, "what a container sees"),
        };
        self.view = view;
        self.finder.reach = Reach::List;
        self.finder.forget();
        self.collect(reads.subject);
        self.find_again(reads.subject.tree(), reads);
        let mut requests = self.finder.ask(self.view, jobs);
        requests.extend(done(words));
        requests
    }

    fn resort(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let cursor = self.selected();
        let next =
            |sorting: Sorting<Field>, next: fn(Sorting<Field>) -> Sorting<Field>| match command {
                Command::ReverseSort => sorting.reversed(),
                _ => next(sorting),
            };
        if self.found.is_some() {
            self.sorting_found = next(self.sorting_found, Sorting::next_of_found);
        } else {
            self.sorting = next(self.sorting, Sorting::next_of_all);
        }
        self.rank(self.sorting(), reads.subject);
        if let Some(found) = &mut self.found {
            let ranking = self.finder.ranking.as_ref();
            let matches = ranking.map_or(&[][..], |ranking| &ranking.paths);
            self.sorting_found.sort(found, &self.ranks, matches);
        } else {
            self.sorting.sort(&mut self.all, &self.ranks, &[]);
        }
        let at = cursor.and_then(|cursor| self.rows().iter().position(|file| *file == cursor));
        self.put_cursor(at.unwrap_or(0), reads);
        done(self.sorting().words())
    }

    fn accept(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        if self.finder.reach != Reach::List {
            return self.act(Command::Open, reads);
        }
        self.finder.keep();
        self.resize(reads);
        Vec::new()
    }

    fn back(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let cursor = self.selected();
        let from = self.finder.reach;
        let mut requests = self.finder.clear();
        self.found = None;
        let at = cursor.and_then(|cursor| self.rows().iter().position(|file| *file == cursor));
        self.put_cursor(at.unwrap_or(0), reads);
        if let Reach::Everything(tab) = from {
            requests.push(Request::ShowView(tab));
        }
        requests
    }

    fn put_cursor(&mut self, at: usize, reads: &Reads<'_>) {
        let height = self.rows_place(reads).height();
        self.scroll.go(at, self.rows().len(), height);
        self.light(reads);
    }

    /// Works out what was matched in the rows on the screen.
    fn light(&mut self, reads: &Reads<'_>) {
        self.hits.clear();
        let Some(ranking) = &self.finder.ranking else {
            return;
        };
        let visible = self
            .scroll
            .visible(self.rows().len(), self.rows_place(reads).height());
        let mut scorer = Scorer::new(&ranking.pattern);
        let rows = self.rows().get(visible).unwrap_or_default();
        self.hits = rows
            .iter()
            .map(|&file| {
                let kind = FileRow::of(reads.subject, file).kind;
                let look = reads.session.look;
                scorer.hits(&row::shown_path(
                    reads.subject.tree(),
                    look,
                    file.path,
                    kind,
                ))
            })
            .collect();
    }
}
