//! Configuration, history, digests and warnings of the image: one list of lines.

mod draw;
mod facts;
mod wrap;

pub(in crate::tui) use draw::draw;

use super::list::FilteredList;
use super::{Request, copied, done, refused};
use crate::layer::LayerIndex;
use crate::tree::PathId;
use crate::tui::command::Command;
use crate::tui::edit::Edit;
use crate::tui::reads::Reads;
use crate::tui::scroll::Moved;

/// Configuration, history, digests and warnings of the image.
#[derive(Debug, Default)]
pub struct ImagePane {
    /// What is on the screen: lines, or the pieces of those that are wrapped.
    pub list: FilteredList<LineSpan>,
    /// What becomes of long lines.
    pub wrap: Wrap,
    /// Every line.
    pub lines: Vec<Fact>,
    /// How many lines pass the filter, headings left out.
    pub found: usize,
}

/// What becomes of lines that are longer than their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// They are cut.
    #[default]
    Off,
    /// They go on in the next row.
    On,
}

/// One of the parts of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the headings")]
pub enum Section {
    Identity,
    Configuration,
    Labels,
    Annotations,
    History,
    Layers,
    Warnings,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Where it belongs.
    pub section: Section,
    /// What it is about, escaped; a heading where `kind` says so.
    pub label: String,
    /// Columns of the widest label of its part.
    pub label_width: u16,
    /// What it says, escaped, in one line.
    pub text: String,
    /// How it is meant.
    pub kind: FactKind,
    /// Where it leads.
    pub target: Option<Target>,
}

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// The name of a part.
    Heading,
    /// A fact.
    Plain,
    /// Something that did not end up in a layer.
    Faint,
    /// Something odd.
    Odd,
}

/// A layer, and a place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The layer.
    pub layer: LayerIndex,
    /// The place.
    pub path: PathId,
}

/// A part of a line's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSpan {
    /// Position of the line.
    pub line: usize,
    /// Where the part begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl ImagePane {
    /// Takes a subject, a new one or the same refined: what can be kept is kept.
    pub fn show(&mut self, reads: &Reads<'_>) {
        let old = self.current().cloned();
        self.lines = facts::facts(reads.subject, reads.session.look, reads.inner().width);
        let same = |fact: &Fact| {
            let key = |fact: &Fact| (fact.section, fact.kind, fact.text.clone());
            old.as_ref().is_some_and(|old| key(old) == key(fact))
        };
        let line = self.lines.iter().position(same);
        self.rebuild(line, reads);
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        self.show(reads);
    }

    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.list.filter.is_typing()
    }

    /// Returns the line under the cursor.
    pub fn current(&self) -> Option<&Fact> {
        self.lines.get(self.current_line()?)
    }

    fn current_line(&self) -> Option<usize> {
        self.list.selected().map(|piece| piece.line)
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, reads: &Reads<'_>) -> Vec<Request> {
        let height = self.height(reads);
        if self.list.step(command, height) == Moved::Yes {
            return Vec::new();
        }
        let line = self.current_line();
        if let Some(requests) = self.list.filter(command) {
            self.rebuild(line, reads);
            return requests;
        }
        match command {
            Command::Wrap => self.toggle_wrap(reads),
            Command::CopyPath => self.copy(),
            Command::Open => self.open(),
            _ => Vec::new(),
        }
    }

    fn toggle_wrap(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let (wrap, words) = match self.wrap {
            Wrap::Off => (Wrap::On, "long lines are wrapped"),
            Wrap::On => (Wrap::Off, "long lines are cut"),
        };
        self.wrap = wrap;
        self.rebuild(self.current_line(), reads);
        done(words)
    }

    fn copy(&self) -> Vec<Request> {
        let Some(fact) = self.current().filter(|fact| fact.kind != FactKind::Heading) else {
            return refused("there is no line to copy");
        };
        copied(fact.text.clone())
    }

    fn open(&self) -> Vec<Request> {
        match self.current().and_then(|fact| fact.target) {
            Some(target) => vec![Request::GoTo {
                path: target.path,
                layer: Some(target.layer),
            }],
            None => refused("only lines about a layer lead to one"),
        }
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit, reads: &Reads<'_>) {
        self.list.filter.edit(edit);
        self.rebuild(self.current_line(), reads);
    }

    /// Makes the rows anew; the cursor goes to a line, or where it would be.
    fn rebuild(&mut self, line: Option<usize>, reads: &Reads<'_>) {
        let chosen = self.chosen();
        let is_fact = |line: &&usize| self.lines[**line].kind != FactKind::Heading;
        self.found = chosen.iter().filter(is_fact).count();
        let width = reads.inner().width;
        self.list.rows = match self.wrap {
            Wrap::Off => chosen.iter().map(|&line| self.whole(line)).collect(),
            Wrap::On => chosen
                .iter()
                .flat_map(|&line| wrap::pieces(&self.lines[line], line, width))
                .collect(),
        };
        // Rows are in the order of lines.
        let first_row = |line: usize| self.list.rows.partition_point(|piece| piece.line < line);
        let at = line.map_or(self.list.scroll.at, first_row);
        let last = line.map_or(at, |line| first_row(line + 1).saturating_sub(1));
        let height = self.height(reads);
        // Where all of the line fits on the screen, all of it shows.
        self.list.go(last, height);
        self.list.go(at, height);
    }

    fn whole(&self, line: usize) -> LineSpan {
        LineSpan {
            line,
            start: 0,
            end: self.lines[line].text.len(),
        }
    }

    /// Returns the lines that pass, with the headings of those, and all of a part whose heading passes.
    fn chosen(&self) -> Vec<usize> {
        if !self.list.filter.is_on() {
            return (0..self.lines.len()).collect();
        }
        let test = self.list.filter.test();
        let mut chosen = Vec::new();
        let mut heading = None;
        let mut whole_part = None;
        for (line, fact) in self.lines.iter().enumerate() {
            let passes = test.passes(&fact.label) || test.passes(&fact.text);
            if fact.kind == FactKind::Heading {
                heading = Some(line);
                whole_part = passes.then_some(fact.section);
            }
            if passes || whole_part == Some(fact.section) {
                chosen.extend(heading.take().filter(|heading| *heading != line));
                chosen.push(line);
            }
        }
        chosen
    }

    /// Returns the rows that fit above the filter.
    fn height(&self, reads: &Reads<'_>) -> usize {
        let filter = usize::from(self.list.filter.is_shown());
        usize::from(reads.inner().height).saturating_sub(filter)
    }
}
