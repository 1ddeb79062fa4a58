//! What to write otherwise, to be tried: the edits there is advice for, layers made one, paths left out.

mod draw;
mod rows;

pub(in crate::tui) use draw::{EditsAreas, draw};
pub use rows::EditRow;

use std::sync::Arc;

use super::list::FilteredList;
use super::popup::{Notice, Popup, Prompt, Purpose};
use super::{Request, copied, done, refused};
use crate::analysis::Totals;
use crate::analysis::what_if::{Deed, Suggestions};
use crate::layer::LayerIndex;
use crate::text::{Glyphs, Look};
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::ids::JobId;
use crate::tui::line::Line;
use crate::tui::reads::Reads;
use crate::tui::scroll::Moved;
use crate::tui::subject::Subject;
use crate::tui::table::RowsPlace;

/// The edits of an image, and which of them are applied.
#[derive(Debug, Default)]
pub struct EditsPane {
    /// The edits; those of the advice first.
    pub list: FilteredList<EditRow>,
    /// The image as it is; `None` before edits were looked for.
    pub subject: Option<Arc<Subject>>,
    /// The job that looks for them, or puts the image together.
    pub job: Option<JobId>,
    /// What the image comes to with all that there is advice for.
    together: Option<Totals>,
}

impl EditsPane {
    /// Takes what there is advice for.
    pub fn take(&mut self, subject: &Arc<Subject>, found: &Suggestions) {
        self.list = FilteredList::default();
        self.list.rows = rows::of(subject, found);
        self.together = found.together;
        self.subject = Some(Arc::clone(subject));
        self.job = None;
    }

    /// Forgets the edits of an image that is no longer there.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Returns whether there is nothing to try.
    pub fn is_empty(&self) -> bool {
        self.list.rows.is_empty()
    }

    /// Returns the one sentence that matters, the longest form first: what edits save of what is wasted; `None` where
    /// none is known.
    pub fn card(&self, look: Look) -> Option<[String; 2]> {
        let subject = self.subject.as_ref()?;
        let (now, then) = (&subject.analysis.totals, self.together.as_ref()?);
        let edits = self.list.rows.iter().filter(|row| row.is_advice()).count();
        let saved = now.content_bytes.checked_sub(then.content_bytes)?;
        if saved == 0 || edits == 0 {
            return None;
        }
        let size = |bytes| look.units.size(bytes);
        let (number, verb) = match edits {
            1 => ("1 edit".to_owned(), "saves"),
            many => (format!("{many} edits"), "save"),
        };
        let wasted = crate::units::percent(now.wasted_ratio());
        let short = format!("{wasted} wasted: {number} {verb} {}", size(saved));
        let arrow = match look.glyphs {
            Glyphs::Unicode => " → ",
            Glyphs::Ascii => " to ",
        };
        let both = [now, then].map(|totals| size(totals.content_bytes));
        Some([format!("{short} ({})", both.join(arrow)), short])
    }

    /// Returns what the applied ones do.
    pub fn deeds(&self) -> Vec<Deed> {
        let applied = self.list.rows.iter().filter(|row| row.is_applied);
        applied.flat_map(|row| row.deeds.clone()).collect()
    }

    /// Takes all of them back.
    pub fn take_back(&mut self) {
        for row in &mut self.list.rows {
            row.is_applied = false;
        }
    }

    /// Adds layers made one, applied.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the layers.
    pub fn squash(&mut self, text: &str) -> Result<(), String> {
        let Some(subject) = self.subject.clone() else {
            return Err("the image is not read yet".into());
        };
        let last = subject.analysis.layers.len().saturating_sub(1);
        let ends = text.split_once('-');
        let layer = |text: &str| {
            let number: u16 = text.trim().trim_start_matches('L').parse().ok()?;
            (usize::from(number) <= last).then_some(LayerIndex(number))
        };
        match ends.map(|(from, to)| (layer(from), layer(to))) {
            Some((Some(from), Some(to))) if from < to => {
                self.add(EditRow::squash(from, to));
                Ok(())
            }
            _ => Err(format!(
                "two layers of L0 to L{last} are needed, as in 1-{last}"
            )),
        }
    }

    /// Adds places left out of a layer, applied; they are of the image as it is.
    pub fn leave_out(&mut self, layer: LayerIndex, places: Vec<PathId>) {
        if let Some(subject) = &self.subject {
            let row = EditRow::left_out(subject, layer, places);
            self.add(row);
        }
    }

    fn add(&mut self, mut row: EditRow) {
        row.is_applied = true;
        let known = self
            .list
            .rows
            .iter()
            .position(|other| other.deeds == row.deeds);
        let at = known.unwrap_or(self.list.rows.len());
        match self.list.rows.get_mut(at) {
            Some(known) => known.is_applied = true,
            None => self.list.rows.push(row),
        }
        self.list.scroll.at = at;
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        let height = self.rows_place(reads).height();
        self.list.fit(height);
    }

    /// Returns where the rows are.
    pub fn rows_place(&self, reads: &Reads<'_>) -> RowsPlace {
        self.list
            .place(EditsAreas::of(reads.area, reads.arrangement).rows)
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let height = self.rows_place(reads).height();
        if self.list.step(command, height) == Moved::Yes {
            return Vec::new();
        }
        match command {
            Command::Back | Command::ShowEdits => vec![Request::LeaveEdits],
            Command::Squash => self.ask_for_layers(),
            Command::Toggle => self.toggle(),
            Command::ApplyAll => self.apply_all(),
            Command::Open if self.deeds().is_empty() => {
                refused("no edit is applied: Space applies one, a all")
            }
            Command::Open => vec![Request::SeeTried],
            Command::CopyPath => self.copy(),
            Command::Info => self.tell(reads.session.look),
            _ => Vec::new(),
        }
    }

    fn toggle(&mut self) -> Vec<Request> {
        let at = self.list.scroll.at;
        let Some(row) = self.list.rows.get_mut(at) else {
            return refused("there is no edit that would certainly help");
        };
        row.is_applied = !row.is_applied;
        vec![Request::TryEdits]
    }

    fn apply_all(&mut self) -> Vec<Request> {
        let advice = || self.list.rows.iter().filter(|row| row.is_advice());
        if advice().count() == 0 {
            return refused("there is no edit that would certainly help");
        }
        let is_applied = !advice().all(|row| row.is_applied);
        for row in self.list.rows.iter_mut().filter(|row| row.is_advice()) {
            row.is_applied = is_applied;
        }
        vec![Request::TryEdits]
    }

    fn ask_for_layers(&self) -> Vec<Request> {
        let Some(subject) = &self.subject else {
            return refused("the image is not read yet");
        };
        let analysis = &subject.analysis;
        let top = analysis.layers.len().saturating_sub(1);
        let from = usize::from(analysis.base.layers).min(top);
        vec![Request::Show(Popup::Prompt(Prompt {
            question: "Make one layer of".into(),
            line: Line::new(format!("{from}-{top}")),
            purpose: Purpose::Squash,
        }))]
    }

    /// Copies the lines of what is applied, or of the row where nothing is.
    fn copy(&self) -> Vec<Request> {
        let applied: Vec<&EditRow> = self.list.rows.iter().filter(|row| row.is_applied).collect();
        let rows = match applied.as_slice() {
            [] => self.list.selected().into_iter().collect(),
            _ => applied,
        };
        if rows.is_empty() {
            return refused("there is nothing to copy");
        }
        let lines: Vec<String> = rows.iter().flat_map(|row| row.lines()).collect();
        let mut requests = copied(lines.join("\n"));
        requests.pop();
        let words = crate::text::plural(rows.len() as u64, "edit", "edits");
        requests.extend(done(format!("copied {words} as lines of a Dockerfile")));
        requests
    }

    fn tell(&self, look: Look) -> Vec<Request> {
        let Some(row) = self.list.selected() else {
            return refused("nothing is selected");
        };
        let shown = |line: &String| look.shown(line.as_bytes());
        let lines = row.lines().iter().map(shown).collect();
        vec![Request::Show(Popup::Notice(Notice::facts("Edit", lines)))]
    }
}
