//! What the preview does on a command.

use super::{
    Body, BodyText, DiffState, PreviewPane, Reason, Request, Viewport, Wrap, facts, hex, refused,
};
use crate::browse::Scope;
use crate::tree::MergedTree;
use crate::tui::command::Command;
use crate::tui::ids::VersionAt;
use crate::tui::line::Line;
use crate::tui::message::Effect;
use crate::tui::panes::copied_path;
use crate::tui::panes::popup::{Notice, Popup, Prompt, Purpose};
use crate::tui::panes::preview::Presentation;
use crate::tui::reads::Reads;
use crate::tui::results::Nature;
use crate::tui::scroll::{Moved, Scroll};
use crate::tui::state::Jobs;

impl PreviewPane {
    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        if self.is_typing() {
            return self.typing(command, reads);
        }
        match command {
            Command::Back if self.search.is_on() => {
                self.search.clear();
                Vec::new()
            }
            Command::Back | Command::Quit => {
                let mut requests = self.give_up(reads);
                requests.push(Request::LeavePreview);
                requests
            }
            Command::NextLayer | Command::PreviousLayer => self.step(command, reads, jobs),
            Command::View | Command::Open => self.ask_again(jobs),
            Command::NextMode => self.next_form(reads),
            Command::Diff => self.toggle_diff(reads, jobs),
            Command::Wrap => self.toggle_wrap(reads),
            Command::Filter => self.begin_search(),
            Command::NextMatch | Command::PreviousMatch => self.go_to_match(command, reads),
            Command::Page => self.of_file(reads, |version| Request::Do(Effect::Page(version))),
            Command::Extract => self.ask_for_extraction(reads),
            Command::CopyPath => self.copy_path(reads),
            Command::Info => self.info(reads),
            _ => {
                self.scroll(command, reads);
                Vec::new()
            }
        }
    }

    /// Returns whether a command finds something to work on.
    pub fn offers(&self, command: Command, tree: &MergedTree) -> bool {
        let Some(version) = self.version else {
            return false;
        };
        let is_file = |at: VersionAt| at.data(tree).is_some();
        match command {
            Command::NextMode => matches!(self.body, Body::Read(_)),
            Command::NextLayer | Command::PreviousLayer => version.of_path(tree).count() > 1,
            Command::Diff => is_file(version) && version.below(tree).is_some_and(is_file),
            Command::Page => is_file(version),
            Command::Extract => version.kind(tree).is_some(),
            _ => true,
        }
    }

    fn scroll(&mut self, command: Command, reads: &Reads<'_>) {
        let frame = self.frame(reads);
        let (mut viewport, mut offset) = (self.viewport, self.offset);
        match self.sheet() {
            BodyText::Lines { document, .. } => {
                viewport.step(command, document, &frame);
            }
            BodyText::Hex(bytes) => {
                let per_row = hex::bytes_per_row(frame.columns);
                let rows = bytes.len().div_ceil(per_row);
                let height = frame.height.max(1);
                let last = rows.saturating_sub(height);
                let mut top = Scroll {
                    at: offset / per_row,
                    offset: 0,
                };
                // The place is the first row, so that a list of places is as long as there are such rows.
                if top.step(command, last + 1, height) == Moved::Yes {
                    offset = top.at * per_row;
                }
            }
        }
        (self.viewport, self.offset) = (viewport, offset);
    }

    /// Goes to the next version of the path, up or down.
    fn step(&mut self, command: Command, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let Some(at) = self.version else {
            return refused("no file is shown");
        };
        let tree = reads.subject.tree();
        let own = at.find(tree).map_or(at.layer, |version| version.layer);
        let mut layers = at.of_path(tree).map(|version| version.layer);
        let next = match command {
            Command::NextLayer => layers.find(|&layer| layer > own),
            _ => layers.filter(|&layer| layer < own).last(),
        };
        match (next, command) {
            (Some(layer), _) => {
                let requests = self.turn_to(VersionAt { layer, ..at }, Reason::Asked, reads, jobs);
                self.resize(reads);
                requests
            }
            (None, Command::NextLayer) => refused("no layer above changes this path"),
            (None, _) => refused("no layer below has this path"),
        }
    }

    fn ask_again(&mut self, jobs: &mut Jobs) -> Vec<Request> {
        let version = self.version;
        let request = version.and_then(|version| self.read(version, jobs));
        request.into_iter().collect()
    }

    fn next_form(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        if !matches!(self.diff, DiffState::No) {
            return refused("a difference has no hex: d leaves it");
        }
        let Body::Read(content) = &self.body else {
            return refused("there is nothing to show in hex");
        };
        let next = match self.nature() {
            Nature::Text => Nature::Binary,
            Nature::Binary => Nature::Text,
        };
        // The place stays, as well as lines and rows of hex have a common one.
        match next {
            Nature::Binary => self.offset = content.document.range(self.viewport.line).start,
            Nature::Text => {
                self.viewport = Viewport {
                    line: content.document.line_of(self.offset),
                    ..Viewport::default()
                };
            }
        }
        self.form = Presentation::Chosen(next);
        self.search.compile(next);
        self.resize(reads);
        Vec::new()
    }

    fn toggle_diff(&mut self, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        if matches!(self.diff, DiffState::No) {
            return self.diff_below(reads, jobs);
        }
        let cancelled = match self.diff {
            DiffState::Working(job) => vec![Request::Do(Effect::Cancel(job))],
            _ => Vec::new(),
        };
        self.diff = DiffState::No;
        self.viewport = Viewport::default();
        self.search.compile(self.nature());
        self.resize(reads);
        cancelled
    }

    pub(super) fn diff_below(&mut self, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        let tree = reads.subject.tree();
        let is_file = |at: VersionAt| at.data(tree).is_some();
        let Some(newer) = self.version.filter(|&at| is_file(at)) else {
            return refused("only files can be compared");
        };
        match newer.below(tree) {
            Some(older) if is_file(older) => {
                let job = jobs.take_number();
                self.diff = DiffState::Working(job);
                vec![Request::Do(Effect::Diff { job, older, newer })]
            }
            Some(_) => refused("the version below is no file"),
            None => refused("this is the first version: there is nothing below to compare with"),
        }
    }

    fn toggle_wrap(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        self.wrap = match self.wrap {
            Wrap::Off => Wrap::On,
            Wrap::On => Wrap::Off,
        };
        self.resize(reads);
        Vec::new()
    }

    fn of_file(&self, reads: &Reads<'_>, make: impl FnOnce(VersionAt) -> Request) -> Vec<Request> {
        match self.version {
            Some(version) if version.data(reads.subject.tree()).is_some() => vec![make(version)],
            _ => refused("only files can be shown in the pager"),
        }
    }

    fn ask_for_extraction(&self, reads: &Reads<'_>) -> Vec<Request> {
        let tree = reads.subject.tree();
        let look = reads.session.look;
        let Some(version) = self.version.filter(|at| at.kind(tree).is_some()) else {
            return refused("it is deleted here: K goes to the version below");
        };
        vec![Request::Show(Popup::Prompt(Prompt {
            question: format!(
                "Extract {} as of layer {} below the directory",
                facts::path(tree, version.path, look),
                version.layer
            ),
            line: Line::new("out"),
            purpose: Purpose::Extract {
                paths: vec![version.path],
                scope: Scope::Accumulated(version.layer),
            },
        }))]
    }

    fn copy_path(&self, reads: &Reads<'_>) -> Vec<Request> {
        let Some(version) = self.version else {
            return refused("no file is shown");
        };
        copied_path(&reads.subject.tree().path(version.path))
    }

    fn info(&self, reads: &Reads<'_>) -> Vec<Request> {
        let Some(version) = self.version else {
            return refused("no file is shown");
        };
        let lines = facts::history(reads.subject, version, reads.session.look);
        vec![Request::Show(Popup::Notice(Notice::facts("Path", lines)))]
    }
}
