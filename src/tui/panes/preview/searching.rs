//! The commands of a search.

use super::{BodyText, Pattern, PreviewPane, Request, hex, refused};
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::line::Typing;
use crate::tui::panes::done;
use crate::tui::reads::Reads;

impl PreviewPane {
    pub(super) fn begin_search(&mut self) -> Vec<Request> {
        self.search.typing = Typing::Begun;
        self.search.from = self.place();
        Vec::new()
    }

    /// Does what a command means while a search is typed.
    pub(super) fn typing(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        match command {
            Command::Accept => {
                self.search.typing = Typing::Ended;
                if self.search.line.text().is_empty() {
                    self.search.clear();
                }
            }
            Command::Back => {
                let from = self.search.from;
                self.search.clear();
                self.bring(from, reads);
            }
            Command::NextPattern => {
                self.search.pattern = match self.search.pattern {
                    Pattern::Text => Pattern::Regex,
                    Pattern::Regex => Pattern::Text,
                };
                self.search_again(reads);
            }
            Command::ToggleCase => {
                self.search.case = self.search.case.next();
                self.search_again(reads);
            }
            Command::Down => return self.go_to_match(Command::NextMatch, reads),
            Command::Up => return self.go_to_match(Command::PreviousMatch, reads),
            _ => {}
        }
        Vec::new()
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit, reads: &Reads<'_>) {
        self.search.line.edit(edit);
        self.search_again(reads);
    }

    /// Looks through other bytes for the same, from the top and without moving there.
    pub(super) fn search_anew(&mut self) {
        self.search.compile(self.nature());
        if self.search.is_on() {
            self.search.at = self.search.next(self.sheet().bytes(), 0);
        }
    }

    fn search_again(&mut self, reads: &Reads<'_>) {
        self.search.compile(self.nature());
        let from = self.search.from;
        self.search.at = self.search.next(self.sheet().bytes(), from);
        let at = self.search.at.as_ref().map_or(from, |found| found.start);
        self.bring(at, reads);
    }

    pub(super) fn go_to_match(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        if !self.search.is_on() {
            return refused("nothing is searched for: / begins");
        }
        let place = match (&self.search.at, command) {
            (Some(found), Command::NextMatch) => found.end,
            (Some(found), _) => found.start,
            (None, _) => self.place(),
        };
        let bytes = self.sheet().bytes();
        let found = match command {
            Command::NextMatch => self.search.next(bytes, place),
            _ => self.search.previous(bytes, place),
        };
        let Some(found) = found else {
            return refused(format!("nothing matches {}", self.search.line.text()));
        };
        let words = match command {
            Command::NextMatch if found.start < place => "from the top again",
            Command::PreviousMatch if found.start >= place => "from the end again",
            _ => "",
        };
        let start = found.start;
        self.search.at = Some(found);
        self.bring(start, reads);
        if words.is_empty() {
            Vec::new()
        } else {
            done(words)
        }
    }

    /// Returns the first byte on the screen.
    fn place(&self) -> usize {
        match self.sheet() {
            BodyText::Hex(_) => self.offset,
            BodyText::Lines { document, .. } => document.range(self.viewport.line).start,
        }
    }

    /// Brings a byte onto the screen.
    fn bring(&mut self, place: usize, reads: &Reads<'_>) {
        let frame = self.frame(reads);
        let (mut viewport, mut offset) = (self.viewport, self.offset);
        match self.sheet() {
            BodyText::Lines { document, .. } => viewport.show(place, document, &frame),
            BodyText::Hex(_) => {
                let per_row = hex::bytes_per_row(frame.columns);
                let seen = offset..offset + frame.height.max(1) * per_row;
                if !seen.contains(&place) {
                    offset = (place / per_row).saturating_sub(frame.height / 3) * per_row;
                }
            }
        }
        (self.viewport, self.offset) = (viewport, offset);
        self.resize(reads);
    }
}
