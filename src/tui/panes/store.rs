//! What a layer store holds: images, layers, containers, orphans, build cache, volumes.

pub mod amounts;
pub mod areas;
pub mod columns;
mod disk;
mod draw;
mod facts;
mod header;
pub mod key;
mod list;
pub mod names;
mod reclaim;
mod row;
pub mod rows;

pub(in crate::tui) use draw::{draw, draw_standing};

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::list::ListAreas;
use super::popup::{Notice, Popup};
use super::{Request, done, refused};
use crate::browse::Sorting;
use crate::path::display_str;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::layout::Arrangement;
use crate::tui::scroll::Moved;
use crate::tui::session::Session;
use crate::tui::state::{Tab, ZoomState};
use crate::tui::store_subject::{Item, StoreSubject};
use crate::tui::table::RowsPlace;

pub use crate::tui::state::StoreTab;
pub use amounts::{Sense, SizedStore};
pub use areas::{Aside, StoreAreas};
pub use key::Key;
pub use list::StoreList;

/// Whether images that are steps of a build are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StepImages {
    /// They are not, as engines have it.
    #[default]
    Hidden,
    /// They are.
    Shown,
}

/// What a layer store holds.
#[derive(Debug, Default)]
pub struct StorePane {
    /// Position of the store on the screen.
    pub at: usize,
    /// Which view of it.
    pub tab: StoreTab,
    /// In which sense sizes are shown.
    pub sense: Sense,
    /// Whether steps of builds are listed.
    pub steps: StepImages,
    /// What is marked, by store.
    pub marks: BTreeSet<(usize, Key)>,
    lists: [StoreList; 7],
    /// What the rows were made from.
    shown: Option<Arc<StoreSubject>>,
}

/// What the pane may read beside its own state.
#[derive(Debug, Clone, Copy)]
pub struct StoreReads<'a> {
    /// The stores.
    pub subject: &'a Arc<StoreSubject>,
    /// What holds as long as the program runs.
    pub session: &'a Session,
    /// The place of the view.
    pub body: Rect,
    /// How much fits.
    pub arrangement: Arrangement,
    /// Whether the list is alone.
    pub zoom: ZoomState,
    /// Entries counted so far, while the store is measured.
    pub measured: Option<u64>,
}

impl StorePane {
    /// Returns the list of a view.
    pub const fn list(&self, tab: StoreTab) -> &StoreList {
        &self.lists[tab.position()]
    }

    /// Returns the row under the cursor.
    pub fn selected(&self) -> Option<Key> {
        self.list(self.tab).selected()
    }

    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.list(self.tab).list.filter.is_typing()
    }

    /// Returns whether a row is marked.
    pub fn is_marked(&self, key: Key) -> bool {
        self.marks.contains(&(self.at, key))
    }

    /// Takes stores, new ones or the same with more known: what is still there keeps cursor and marks.
    pub fn show(&mut self, reads: &StoreReads<'_>) {
        let new = reads.subject;
        let old = self.shown.replace(Arc::clone(new));
        self.at = self.at.min(new.inventory.stores.len().saturating_sub(1));
        if let Some(old) = old {
            let carried = |at: usize, key: Key| key.carried(old.store(at)?, new.store(at)?);
            let marks = self.marks.iter();
            self.marks = marks
                .filter_map(|&(at, key)| Some((at, carried(at, key)?)))
                .collect();
            for list in &mut self.lists {
                list.carry(|key| carried(self.at, key));
            }
        }
        self.rebuild(reads);
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &StoreReads<'_>) {
        let height = self.rows_place(reads).height();
        self.list_mut().list.fit(height);
    }

    fn rebuild(&mut self, reads: &StoreReads<'_>) {
        let Some(sizes) = SizedStore::of(reads.subject, self.at, self.sense) else {
            return;
        };
        for tab in StoreTab::ALL {
            self.lists[tab.position()].rebuild(&sizes, tab, self.steps);
        }
        self.resize(reads);
    }

    fn list_mut(&mut self) -> &mut StoreList {
        &mut self.lists[self.tab.position()]
    }

    /// Returns where the rows are.
    pub fn rows_place(&self, reads: &StoreReads<'_>) -> RowsPlace {
        let list = &self.list(self.tab).list;
        let parts = StoreAreas::of(reads.body, reads.arrangement, self.tab, reads.zoom);
        list.place(ListAreas::of(parts.list, reads.arrangement, &list.filter).rows)
    }

    /// Goes to another view.
    pub fn go_to(&mut self, tab: StoreTab, reads: &StoreReads<'_>) {
        self.tab = tab;
        self.resize(reads);
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &StoreReads<'_>) -> Vec<Request> {
        let height = self.rows_place(reads).height();
        if self.list_mut().step(command, height) == Moved::Yes {
            return Vec::new();
        }
        if command == Command::Back && !self.list(self.tab).list.filter.is_shown() {
            return self.step_back();
        }
        if let Some(requests) = self.list_mut().list.filter(command) {
            self.rebuild(reads);
            return requests;
        }
        match command {
            Command::Show(Tab::Layers) => self.go_to(StoreTab::Layers, reads),
            Command::ShowOfStore(tab) => self.go_to(tab, reads),
            Command::NextPane => self.go_to(self.tab.stepped(1), reads),
            Command::PreviousPane => self.go_to(self.tab.stepped(StoreTab::ALL.len() - 1), reads),
            Command::NextStore | Command::PreviousStore => return self.other_store(command, reads),
            Command::NextSort => {
                let sorting = self.list(self.tab).sorting.next(self.tab);
                return self.sorted(sorting, reads);
            }
            Command::ReverseSort => {
                let sorting = self.list(self.tab).sorting.reversed();
                return self.sorted(sorting, reads);
            }
            Command::NextBasis => return self.next_sense(reads),
            Command::NextMode => return self.toggle_steps(reads),
            Command::Warnings => return self.warnings(reads),
            _ => return self.act(command, reads),
        }
        Vec::new()
    }

    fn other_store(&mut self, command: Command, reads: &StoreReads<'_>) -> Vec<Request> {
        let all = reads.subject.inventory.stores.len();
        if all < 2 {
            return refused("there is one store here");
        }
        let by = match command {
            Command::NextStore => 1,
            _ => all - 1,
        };
        self.at = (self.at + by) % all;
        for list in &mut self.lists {
            list.forget();
        }
        self.rebuild(reads);
        Vec::new()
    }

    fn sorted(&mut self, sorting: Sorting<rows::Field>, reads: &StoreReads<'_>) -> Vec<Request> {
        self.list_mut().sorting = sorting;
        self.rebuild(reads);
        let words = match (sorting.field, sorting.falls()) {
            (rows::Field::Time, false) => "oldest first",
            (rows::Field::Time, true) => "newest first",
            (rows::Field::Name, false) => "by name",
            (rows::Field::Name, true) => "by name, reversed",
            (_, true) => "largest first",
            (_, false) => "smallest first",
        };
        done(format!("sorted by {}: {words}", sorting.field.word()))
    }

    fn next_sense(&mut self, reads: &StoreReads<'_>) -> Vec<Request> {
        self.sense = self.sense.next();
        self.rebuild(reads);
        done(match self.sense {
            Sense::Disk => "sizes are disk blocks, every inode once: what removing frees",
            Sense::Files => "sizes are lengths of files",
            Sense::Engine => "sizes are the engine's own numbers, whatever it means by them",
        })
    }

    fn toggle_steps(&mut self, reads: &StoreReads<'_>) -> Vec<Request> {
        let (steps, words) = match self.steps {
            StepImages::Hidden => (
                StepImages::Shown,
                "images of a build's steps are listed too",
            ),
            StepImages::Shown => (StepImages::Hidden, "images of a build's steps are left out"),
        };
        self.steps = steps;
        self.rebuild(reads);
        done(words)
    }

    /// Esc, where there is no filter.
    fn step_back(&mut self) -> Vec<Request> {
        if self.marks.is_empty() {
            return vec![Request::ZoomOut];
        }
        self.marks.clear();
        done("nothing is marked any more")
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit, reads: &StoreReads<'_>) {
        self.list_mut().list.filter.edit(edit);
        self.rebuild(reads);
    }

    fn warnings(&self, reads: &StoreReads<'_>) -> Vec<Request> {
        let Some(store) = reads.subject.store(self.at) else {
            return Vec::new();
        };
        if store.warnings.is_empty() {
            return done("nothing was odd about this store");
        }
        let lines = store.warnings.iter();
        let lines = lines
            .map(|warning| format!("{}: {}", warning.code.as_str(), warning.message))
            .collect();
        let notice = Notice::facts("What was odd about this store", lines);
        vec![Request::Show(Popup::Notice(notice))]
    }

    /// Does what concerns the row under the cursor.
    fn act(&mut self, command: Command, reads: &StoreReads<'_>) -> Vec<Request> {
        let Some(store) = reads.subject.store(self.at) else {
            return Vec::new();
        };
        let is_known = matches!(
            command,
            Command::Open
                | Command::Mark
                | Command::CompareMarked
                | Command::Reclaim
                | Command::Info
                | Command::CopyPath
                | Command::CopyDigest
        );
        if command == Command::ClearMarks {
            self.marks.clear();
            return done("nothing is marked any more");
        }
        if !is_known {
            return Vec::new();
        }
        let Some(key) = self.selected() else {
            return refused("nothing is selected");
        };
        match command {
            Command::Open => match key.what() {
                Some(what) => vec![Request::Open(Item {
                    store: self.at,
                    what,
                })],
                None => self.everything(key, reads),
            },
            Command::Mark => {
                self.mark(key, reads);
                Vec::new()
            }
            Command::CompareMarked => self.compare(key),
            Command::Reclaim => self.reclaim(key, reads),
            Command::Info => self.everything(key, reads),
            Command::CopyPath => copied(Some(names::name(store, key))),
            _ => copied(names::id(store, key)),
        }
    }

    fn mark(&mut self, key: Key, reads: &StoreReads<'_>) {
        let mark = (self.at, key);
        if !self.marks.remove(&mark) {
            self.marks.insert(mark);
        }
        let height = self.rows_place(reads).height();
        self.list_mut().step(Command::Down, height);
    }

    /// Asks for the two that are marked to be compared; the row under the cursor stands in for the second.
    fn compare(&self, key: Key) -> Vec<Request> {
        let item = |(store, key): (usize, Key)| {
            Some(Item {
                store,
                what: key.what()?,
            })
        };
        let mut items: Vec<Item> = self.marks.iter().copied().filter_map(item).collect();
        if let ([one], Some(other)) = (items.as_slice(), item((self.at, key)))
            && *one != other
        {
            items.push(other);
        }
        match *items.as_slice() {
            [first, second] => vec![Request::Compare([first, second])],
            [] | [_] => refused("mark two images or containers with Space to compare them"),
            _ => refused(format!("{} are marked: two can be compared", items.len())),
        }
    }

    fn everything(&self, key: Key, reads: &StoreReads<'_>) -> Vec<Request> {
        let Some(sizes) = SizedStore::of(reads.subject, self.at, Sense::Disk) else {
            return Vec::new();
        };
        let lines = facts::everything(&sizes, reads.subject, self.at, key, reads.session.look);
        let notice = Notice::facts(facts::title(key), lines);
        vec![Request::Show(Popup::Notice(notice))]
    }

    /// Shows what would free the rows that are marked, or the one under the cursor. Marks of another kind of row,
    /// made in a view that is not shown, do not count.
    fn reclaim(&self, key: Key, reads: &StoreReads<'_>) -> Vec<Request> {
        let marked = self.marks.iter().filter(|(at, _)| *at == self.at);
        let mut keys: Vec<Key> = marked.map(|(_, key)| *key).collect();
        let is_alike = |other: &Key| mem::discriminant(other) == mem::discriminant(&key);
        if !keys.iter().any(is_alike) {
            keys = vec![key];
        }
        let Some(sizes) = SizedStore::of(reads.subject, self.at, Sense::Disk) else {
            return Vec::new();
        };
        match reclaim::lines(&sizes, &keys, reads.session.look) {
            Some(lines) => {
                let notice = Notice::facts("Commands (nothing is run)", lines);
                vec![Request::Show(Popup::Notice(notice))]
            }
            None if matches!(key, Key::LargePath(_)) => {
                refused("no command removes this alone; i tells where it is")
            }
            None => {
                refused("a layer goes with the last image, container or cache record that has it")
            }
        }
    }
}

fn copied(text: Option<String>) -> Vec<Request> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return refused("there is nothing to copy");
    };
    super::copied(display_str(&text).into_owned())
}
