//! What lies on top of a view and takes the keys: help, messages, prompts, choices.

use super::Request;
use crate::source::Choice;
use crate::tree::{PathId, Scope};
use crate::tui::command::{Command, Context};
use crate::tui::line::Line;
use crate::tui::message::{Complaint, Edit};
use crate::tui::scroll::Scroll;
use crate::tui::session::Session;

/// One of them.
#[derive(Debug, Clone)]
pub enum Popup {
    /// The keys.
    Help(HelpPopup),
    /// Something to read.
    Notice(Notice),
    /// Something to answer.
    Prompt(Prompt),
    /// Images of a source, one to be chosen.
    Picker(Picker),
}

/// The keys, searched while typing.
#[derive(Debug, Clone, Default)]
pub struct HelpPopup {
    /// What was typed.
    pub search: Line,
    /// First line shown.
    pub scroll: Scroll,
}

/// Lines of text: an error, or everything known about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Heading.
    pub title: String,
    /// Lines, escaped; may be wider than the screen.
    pub lines: Vec<String>,
    /// Whether it tells of a failure.
    pub kind: NoticeKind,
    /// First line shown.
    pub scroll: Scroll,
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Facts.
    Facts,
    /// A failure.
    Failure,
}

impl Notice {
    /// Makes one of facts.
    pub fn facts(title: impl Into<String>, lines: Vec<String>) -> Self {
        Self {
            title: title.into(),
            lines,
            kind: NoticeKind::Facts,
            scroll: Scroll::default(),
        }
    }

    /// Makes one of an error.
    pub fn failure(complaint: &Complaint) -> Self {
        let mut lines = vec![complaint.message.clone()];
        lines.extend(
            complaint
                .causes
                .iter()
                .map(|cause| format!("caused by: {cause}")),
        );
        if let Some(hint) = &complaint.hint {
            lines.push(String::new());
            lines.push(hint.clone());
        }
        Self {
            kind: NoticeKind::Failure,
            ..Self::facts("This did not work", lines)
        }
    }
}

/// A question with a line to answer on.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// The question.
    pub question: String,
    /// The answer so far.
    pub line: Line,
    /// What the answer is for.
    pub purpose: Purpose,
}

/// What an answer is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Directory to extract to.
    Extract {
        /// What.
        paths: Vec<PathId>,
        /// As which scope shows it.
        scope: Scope,
    },
    /// File to write a report to; its ending tells the format.
    Export,
}

/// Images of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picker {
    /// In the source's order.
    pub choices: Vec<Choice>,
    /// Cursor.
    pub scroll: Scroll,
}

impl Popup {
    /// Returns the contexts keys are looked up in.
    pub fn contexts(&self) -> Vec<Context> {
        match self {
            Self::Help(_) => vec![Context::Help, Context::Always],
            Self::Prompt(_) => vec![Context::Prompt, Context::Always],
            Self::Notice(_) => vec![
                Context::Notice,
                Context::Move,
                Context::Global,
                Context::Always,
            ],
            Self::Picker(_) => vec![
                Context::Picker,
                Context::Move,
                Context::Global,
                Context::Always,
            ],
        }
    }

    /// Does what a command means here.
    pub fn update(&mut self, command: Command, session: &Session, height: usize) -> Vec<Request> {
        let _ = (session, height);
        match (self, command) {
            (_, Command::Back | Command::Quit) | (Self::Notice(_), Command::Open) => {
                vec![Request::Close]
            }
            (Self::Prompt(prompt), Command::Accept) => vec![
                Request::Close,
                Request::Answer(prompt.purpose.clone(), prompt.line.text().to_owned()),
            ],
            (Self::Picker(picker), Command::Open) => {
                let chosen = picker.choices.get(picker.scroll.at);
                let choose = chosen.map(|choice| Request::Choose(choice.index));
                std::iter::once(Request::Close).chain(choose).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit) {
        match self {
            Self::Prompt(prompt) => prompt.line.edit(edit),
            Self::Help(help) => {
                help.search.edit(edit);
                help.scroll = Scroll::default();
            }
            Self::Notice(_) | Self::Picker(_) => {}
        }
    }
}
