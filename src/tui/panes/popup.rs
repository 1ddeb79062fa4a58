//! What lies on top of a view and takes the keys: help, messages, prompts, choices.

mod draw;
mod draw_help;
pub mod help;
pub mod place;

pub(in crate::tui) use draw::draw;

use ratatui::layout::Size;
use unicode_width::UnicodeWidthStr as _;

use super::{Request, done, refused};
use crate::browse::Scope;
use crate::limits;
use crate::source::Choice;
use crate::text::Look;
use crate::tree::PathId;
use crate::tui::command::{Command, Context};
use crate::tui::edit::Edit;
use crate::tui::line::Line;
use crate::tui::message::{Complaint, Effect};
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
    /// Where the keys were when it was opened, the most special first; these are listed first.
    pub contexts: Vec<Context>,
    /// What was typed.
    pub search: Line,
    /// First line shown.
    pub scroll: Scroll,
}

impl HelpPopup {
    /// Makes one for the contexts in effect.
    pub fn of(contexts: Vec<Context>) -> Self {
        Self {
            contexts,
            ..Self::default()
        }
    }
}

/// Lines of text: an error, or everything known about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The heading, escaped.
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
    /// What is so, for whoever asked.
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
            lines.extend(hint.lines().map(str::to_owned));
        }
        Self {
            kind: NoticeKind::Failure,
            ..Self::facts("Error", lines)
        }
    }
}

impl Notice {
    /// Returns its rows in some columns, and how many of them are its heading or its first line. A heading that the
    /// border has no room for stands above the lines, whole.
    pub fn rows(&self, columns: usize) -> (Vec<String>, usize) {
        let wrapped = |lines: &[String]| crate::text::wrap::wrap(lines, columns);
        let mut rows = Vec::new();
        if self.title.width() + 2 > columns {
            rows = wrapped(std::slice::from_ref(&self.title));
            rows.push(String::new());
        }
        let first = self.lines.first().map(std::slice::from_ref);
        let strong = rows.len() + wrapped(first.unwrap_or_default()).len();
        rows.extend(wrapped(&self.lines));
        (rows, strong)
    }

    fn copy(&self) -> Vec<Request> {
        let text = self.lines.join("\n");
        if text.len() > limits::CLIPBOARD_BYTES {
            return refused("not copied: terminals take no text of this length");
        }
        let copy = Request::Do(Effect::Copy(text));
        std::iter::once(copy)
            .chain(done("copied the text"))
            .collect()
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
        /// Files, and directories with what is below them.
        paths: Vec<PathId>,
        /// As which scope shows it.
        scope: Scope,
    },
    /// File to write a report to; its ending tells the format.
    Export,
    /// Layers to make one of.
    Squash,
}

/// Images of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picker {
    /// In the source's order.
    pub choices: Vec<Choice>,
    /// The cursor, and the first row on the screen.
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

    /// Does what a command means here, on a screen of a size.
    pub fn update(&mut self, command: Command, session: &Session, size: Size) -> Vec<Request> {
        match (&mut *self, command) {
            (Self::Help(help), Command::Back) if !help.search.text().is_empty() => {
                help.search = Line::default();
                help.scroll = Scroll::default();
                Vec::new()
            }
            (_, Command::Back | Command::Quit) | (Self::Notice(_), Command::Open) => {
                vec![Request::Close]
            }
            (Self::Notice(_) | Self::Picker(_), Command::Help) => {
                let help = HelpPopup::of(self.contexts());
                vec![Request::Show(Self::Help(help))]
            }
            (Self::Notice(notice), Command::CopyPath) => notice.copy(),
            (Self::Prompt(prompt), Command::Accept) => vec![
                Request::Close,
                Request::Answer(prompt.purpose.clone(), prompt.line.text().to_owned()),
            ],
            (Self::Picker(picker), Command::Open) => picker.choose(),
            _ => {
                self.scroll(command, session, size);
                Vec::new()
            }
        }
    }

    /// Moves in what is listed.
    fn scroll(&mut self, command: Command, session: &Session, size: Size) {
        let height = usize::from(place::list(self, session, size).height);
        let rows = self.rows(session, size);
        match self {
            // There is no cursor: the place is the first row, and as many rows can be the first.
            Self::Help(HelpPopup { scroll, .. }) | Self::Notice(Notice { scroll, .. }) => {
                scroll.step(command, rows.saturating_sub(height) + 1, height);
                scroll.offset = scroll.at;
            }
            Self::Picker(picker) => {
                picker.scroll.step(command, rows, height);
            }
            Self::Prompt(_) => {}
        }
    }

    /// Returns the rows of what is listed, on a screen of a size.
    pub fn rows(&self, session: &Session, size: Size) -> usize {
        let columns = usize::from(place::list(self, session, size).width);
        match self {
            Self::Help(help) => help::table(help, &session.keys, columns).height(),
            Self::Notice(notice) => notice.rows(columns).0.len(),
            Self::Picker(picker) => picker.choices.len(),
            Self::Prompt(_) => 1,
        }
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, edit: &Edit) -> Vec<Request> {
        match self {
            Self::Prompt(prompt) => prompt.line.edit(edit),
            // The key that opened it closes it, as long as it cannot be meant as text.
            Self::Help(help) if *edit == Edit::Insert('?') && help.search.text().is_empty() => {
                return vec![Request::Close];
            }
            Self::Help(help) => {
                help.search.edit(edit);
                help.scroll = Scroll::default();
            }
            Self::Notice(_) | Self::Picker(_) => {}
        }
        Vec::new()
    }
}

impl Picker {
    fn choose(&self) -> Vec<Request> {
        match self.choices.get(self.scroll.at) {
            Some(Choice {
                missing: Some(reason),
                ..
            }) => refused(format!("this one cannot be opened: {reason}")),
            Some(choice) => vec![Request::Close, Request::Choose(choice.index)],
            None => Vec::new(),
        }
    }

    /// Returns the columns of a row: index, names, ID, platform, and why it cannot be opened.
    pub fn row(choice: &Choice, look: Look) -> [String; 5] {
        let names: Vec<String> = choice
            .names
            .iter()
            .map(|name| look.shown(name.as_bytes()))
            .collect();
        let names = if names.is_empty() {
            "<unnamed>".to_owned()
        } else {
            names.join(", ")
        };
        let digest = choice.id.as_ref().or(choice.digest.as_ref());
        [
            choice.index.to_string(),
            names,
            digest.map_or_else(String::new, |digest| digest.short().to_owned()),
            look.shown(choice.platform.to_string().as_bytes()),
            choice
                .missing
                .map_or_else(String::new, |reason| format!("({reason})")),
        ]
    }
}
