//! What is stored for nothing, who stored it and who made it useless.

mod areas;
mod columns;
mod draw;
mod order;
pub mod why;

pub(in crate::tui) use draw::draw;

use super::list::{FilteredList, ListAreas};
use super::popup::{Notice, Popup};
use super::{Request, Standing, about, copied_path, done, refused};
use crate::analysis::advice::{Advice, advise};
use crate::analysis::waste_groups;
use crate::analysis::waste_groups::{Bundle, Event, Group, Grouping, Lead};
use crate::browse::Sorting;
use crate::layer::LayerIndex;
use crate::text::Look;
use crate::tree::{MergedTree, PathId};
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::ids::VersionAt;
use crate::tui::reads::Reads;
use crate::tui::scroll::Moved;
use crate::tui::subject::Subject;
use crate::tui::table::RowsPlace;

pub use areas::WasteAreas;
pub use order::Field;

/// What is stored for nothing, who stored it and who made it useless.
#[derive(Debug, Default)]
pub struct WastePane {
    /// The rows, their cursor and filter.
    pub list: FilteredList<Bundle>,
    /// What is put together in a row.
    pub grouping: Grouping,
    /// The only event whose places are listed; `None` lists all.
    pub within: Option<Event>,
    /// Order of the rows.
    pub sorting: Sorting<Field>,
    /// Bytes of the largest of them.
    pub largest: u64,
    /// What to do about the row under the cursor.
    pub advice: Option<Advice>,
    /// What the cursor is on, to find it again.
    current: Option<Current>,
}

/// A group by what stays the same when more is known about the image.
#[derive(Debug, Clone)]
struct Current {
    path: Vec<u8>,
    group: Group,
}

impl Current {
    fn of(subject: &Subject, group: &Group) -> Self {
        Self {
            path: subject.tree().path(group.place),
            group: group.clone(),
        }
    }

    /// Returns whether it is this group, with its cause refined, or of another union of the same image.
    fn is(&self, subject: &Subject, group: &Group) -> bool {
        let layers = |group: &Group| (group.created_in, group.destroyed_in);
        layers(&self.group) == layers(group) && subject.tree().path(group.place) == self.path
    }

    /// Returns whether a row tells of it.
    fn is_in(&self, subject: &Subject, grouping: Grouping, row: &Bundle) -> bool {
        let group = &self.group;
        match (grouping, row.lead) {
            (Grouping::Cause, _) => {
                event_of(subject, row).map(|event| event.cause) == Some(group.cause)
            }
            (Grouping::Event, _) => event_of(subject, row) == Some(group.event()),
            (_, Lead::Group(position)) => subject.waste().get(position) == Some(group),
            (_, Lead::Version(_)) => {
                event_of(subject, row) == Some(group.event())
                    && is_within(subject.tree(), row.place, group.place)
            }
        }
    }
}

/// Returns what happened to the largest part of a row.
fn event_of(subject: &Subject, row: &Bundle) -> Option<Event> {
    match row.lead {
        Lead::Group(position) => subject.waste().get(position).map(Group::event),
        Lead::Version(position) => {
            let all = &subject.analysis.waste.paths;
            all.get(position).map(crate::analysis::WastedPath::event)
        }
    }
}

/// Returns whether a path is at or below a place. Ids grow from the root down.
fn is_within(tree: &MergedTree, mut path: PathId, place: PathId) -> bool {
    while path > place {
        path = tree.parent(path);
    }
    path == place
}

impl WastePane {
    /// Takes a subject, a new one or the same refined: what can be kept is kept.
    pub fn show(&mut self, reads: &Reads<'_>) {
        if let Some(current) = &mut self.current {
            let groups = reads.subject.waste();
            let refined = groups.iter().find(|group| current.is(reads.subject, group));
            if let Some(group) = refined {
                current.group = group.clone();
            }
        }
        self.rebuild(reads);
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        let height = self.rows_place(reads).height();
        self.list.fit(height);
    }

    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.list.filter.is_typing()
    }

    /// Returns the row under the cursor with its largest group.
    pub fn selected<'s>(&self, subject: &'s Subject) -> Option<(Bundle, &'s Group)> {
        let bundle = *self.list.selected()?;
        let groups = subject.waste();
        let group = match bundle.lead {
            Lead::Group(position) => groups.get(position),
            Lead::Version(position) => {
                let wasted = subject.analysis.waste.paths.get(position)?;
                waste_groups::of(subject.tree(), groups, wasted)
            }
        };
        Some((bundle, group?))
    }

    /// Returns what the cursor is on.
    pub fn standing(&self, subject: &Subject, look: Look) -> Option<Standing> {
        let (row, group) = self.selected(subject)?;
        let facts = vec![look.units.size(row.bytes), group.cause.as_str().to_owned()];
        Some(Standing::of_path(
            about::path_of(subject, look, row.place),
            facts,
        ))
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let height = self.rows_place(reads).height();
        if self.list.step(command, height) == Moved::Yes {
            self.select(reads.subject);
            return Vec::new();
        }
        if command == Command::Back && !self.list.filter.is_shown() {
            return match self.within {
                Some(_) => self.list_all(reads),
                None => vec![Request::ZoomOut],
            };
        }
        if let Some(requests) = self.list.filter(command) {
            self.rebuild(reads);
            return requests;
        }
        match command {
            Command::ShowWaste => vec![Request::ZoomOut],
            Command::NextMode => self.next_grouping(reads),
            Command::NextSort => {
                self.sorting = self.sorting.next();
                self.reordered(reads)
            }
            Command::ReverseSort => {
                self.sorting = self.sorting.reversed();
                self.reordered(reads)
            }
            Command::Open | Command::View | Command::CopyPath | Command::Info => {
                self.act(command, reads)
            }
            _ => Vec::new(),
        }
    }

    fn next_grouping(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let (grouping, words) = match self.grouping {
            Grouping::Event => (Grouping::Directory, "one row for each directory"),
            Grouping::Directory => (Grouping::Path, "one row for each path, with its copies"),
            Grouping::Path => (Grouping::Cause, "one row for each cause"),
            Grouping::Cause => (
                Grouping::Event,
                "one row for what one layer stored and one made useless",
            ),
        };
        self.grouping = grouping;
        self.within = None;
        self.rebuild(reads);
        done(words)
    }

    /// Lists the places of one event alone.
    fn list_places(&mut self, event: Event, reads: &Reads<'_>) -> Vec<Request> {
        self.within = Some(event);
        self.grouping = Grouping::Directory;
        self.rebuild(reads);
        Vec::new()
    }

    /// Goes back from the places of one event to all of them.
    fn list_all(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        self.within = None;
        self.grouping = Grouping::Event;
        self.rebuild(reads);
        Vec::new()
    }

    /// Puts the cursor on the largest waste at or below a path, of a layer where it has some; returns whether there
    /// is any. Cost is linear in the waste.
    pub fn go_to(&mut self, path: PathId, layer: Option<LayerIndex>, reads: &Reads<'_>) -> bool {
        let subject = reads.subject;
        let Some(group) = order::largest_at(subject, path, layer) else {
            return false;
        };
        self.current = Some(Current::of(subject, group));
        self.list.filter.clear();
        self.within = None;
        self.rebuild(reads);
        true
    }

    fn reordered(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        self.rebuild(reads);
        done(format!("sorted by {}", self.sorting.words()))
    }

    /// Does what concerns the row under the cursor.
    fn act(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let subject = reads.subject;
        let Some((bundle, group)) = self.selected(subject) else {
            return refused("nothing is selected");
        };
        match command {
            Command::Open if self.grouping == Grouping::Event && bundle.groups > 1 => {
                self.list_places(group.event(), reads)
            }
            Command::Open => {
                let place = match bundle.groups {
                    1 => bundle.place,
                    _ => group.place,
                };
                vec![Request::GoTo {
                    path: place,
                    layer: Some(group.destroyed_in),
                }]
            }
            Command::View => look_into(subject, group),
            Command::CopyPath => copied_path(&subject.tree().path(bundle.place)),
            _ => {
                let lines = why::everything(subject, self, bundle, reads.session.look);
                vec![Request::Show(Popup::Notice(Notice::facts("Waste", lines)))]
            }
        }
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit, reads: &Reads<'_>) {
        self.list.filter.edit(edit);
        self.rebuild(reads);
    }

    /// Makes the rows anew and finds the cursor's again; one that is held back is remembered.
    fn rebuild(&mut self, reads: &Reads<'_>) {
        let subject = reads.subject;
        self.list.rows = order::rows(subject, &self.list.filter, self.grouping, self.within);
        self.sorting.sort(subject, &mut self.list.rows);
        let rows = &self.list.rows;
        self.largest = rows.iter().map(|row| row.bytes).max().unwrap_or(0);
        let found = self.current.as_ref().and_then(|current| {
            rows.iter()
                .position(|row| current.is_in(subject, self.grouping, row))
        });
        let at = found.unwrap_or(if self.current.is_none() {
            0
        } else {
            self.list.scroll.at
        });
        let height = self.rows_place(reads).height();
        self.list.go(at, height);
        // What is in the row, or held back by the filter, comes back to the cursor when its own row does.
        let is_kept = found.is_some() || (self.current.is_some() && self.list.filter.is_on());
        if is_kept {
            self.advise(subject);
        } else {
            self.select(subject);
        }
    }

    /// Remembers what the cursor is on.
    fn select(&mut self, subject: &Subject) {
        let selected = self.selected(subject);
        self.current = selected.map(|(_, group)| Current::of(subject, group));
        self.advise(subject);
    }

    fn advise(&mut self, subject: &Subject) {
        let selected = self.selected(subject);
        self.advice = selected.and_then(|(_, group)| advise(&subject.analysis, group));
    }

    /// Returns where the rows are.
    pub fn rows_place(&self, reads: &Reads<'_>) -> RowsPlace {
        let parts = WasteAreas::of(reads.area, reads.arrangement, reads.subject);
        let areas = ListAreas::of(parts.list, reads.arrangement, &self.list.filter);
        self.list.place(areas.rows)
    }
}

/// Looks into the largest file of a group, as it was stored.
fn look_into(subject: &Subject, group: &Group) -> Vec<Request> {
    let all = &subject.analysis.waste.paths;
    let members = waste_groups::members(subject.tree(), all, group);
    let largest = members.max_by_key(|wasted| (wasted.bytes, std::cmp::Reverse(wasted.path)));
    match largest {
        Some(wasted) => vec![Request::Look(VersionAt {
            path: wasted.path,
            layer: wasted.created_in,
        })],
        None => refused("there is no file to look into"),
    }
}
