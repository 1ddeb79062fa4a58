//! What reaches the model, and what it asks to be done.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::layout::{Position, Size};

use super::command::Command;
use super::results::{Content, FileDiff, LoadProgress, Ranking, Sought, StoreComparison};
use super::store_subject::{Item, StoreSubject};
use super::subject::Subject;
use crate::analysis::what_if::{Deed, Suggestions};
use crate::browse::Scope;
use crate::error::Error;
use crate::report::Format;
use crate::source::Choice;
use crate::text::Look;
use crate::tree::PathId;
use crate::tui::edit::Edit;
use crate::tui::ids::JobId;
use crate::tui::ids::VersionAt;
use crate::tui::keys::Key;
use crate::units::Units;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key that means something.
    Command(Command),
    /// A key that means nothing here.
    Unknown(Key),
    /// An edit of the line being typed.
    Text(Edit),
    /// The terminal has this size now.
    Resize(Size),
    /// The mouse did something.
    Mouse(Mouse),
    /// How far loading is; only while it runs.
    Tick(LoadProgress),
    /// A job ended, or has something to show.
    Done(JobId, Outcome),
}

/// What the mouse did, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// Pressed the left button.
    Press(Position),
    /// Turned the wheel towards the user.
    WheelDown(Position),
    /// Turned the wheel away from the user.
    WheelUp(Position),
}

/// How a job ended, or what it has so far.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// An image can be shown: some of its layers, all with comparisons open, or all.
    Loaded(Arc<Subject>),
    /// A layer store can be shown: its records, or everything.
    Store(Arc<StoreSubject>),
    /// Two images of a store were compared.
    Compared(Arc<StoreComparison>),
    /// The source holds several images, one of which has to be chosen.
    Choices(Vec<Choice>),
    /// A version of a file was read, as far as it is shown.
    Read(Arc<Content>),
    /// What changed between two versions of a file was worked out.
    Diffed(Arc<FileDiff>),
    /// The fuzzy search is done.
    Ranked(Arc<Ranking>),
    /// Edits were looked for.
    Suggested(Arc<Suggestions>),
    /// The image as it would be is put together.
    Tried(Arc<Subject>),
    /// Something was written; a sentence for the status line.
    Written(String),
    /// It failed.
    Failed(Complaint),
    /// It was cancelled.
    Cancelled,
}

/// An error as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What failed.
    pub message: String,
    /// Why, outermost cause first.
    pub causes: Vec<String>,
    /// One thing to do.
    pub hint: Option<String>,
}

impl Complaint {
    /// Returns an error with its causes and its hint.
    pub fn of(error: &Error) -> Self {
        let mut causes = Vec::new();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self {
            message: error.to_string(),
            causes,
            hint: error.hint(),
        }
    }
}

/// Something to be done outside of the model.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Stop as a shell job until continued.
    Suspend,
    /// Open the source and read the image: the one named, or the only one.
    Load {
        /// The job.
        job: JobId,
        /// Position of the image among several.
        choice: Option<usize>,
    },
    /// Open something of a store and read it; comes back as an image does that is loaded.
    Enter {
        /// The job.
        job: JobId,
        /// The stores.
        stores: Arc<StoreSubject>,
        /// Which image or container of them.
        item: Item,
    },
    /// Compare two images or containers of a store.
    CompareItems {
        /// The job.
        job: JobId,
        /// The stores.
        stores: Arc<StoreSubject>,
        /// The two.
        items: [Item; 2],
    },
    /// Write a report of a store.
    ExportStore {
        /// The job.
        job: JobId,
        /// The stores.
        stores: Arc<StoreSubject>,
        /// Its format.
        format: Format,
        /// Its layout.
        look: Look,
        /// Where to; nothing may have the name yet.
        file: PathBuf,
    },
    /// Make what is read so far browsable; comes back as [`Outcome::Loaded`] of the loading job.
    Browse(JobId),
    /// Ask a job to stop.
    Cancel(JobId),
    /// Read a version of a file for the preview.
    Read {
        /// The job.
        job: JobId,
        /// Which version of which file.
        version: VersionAt,
    },
    /// Work out what changed between two versions of a file.
    Diff {
        /// The job.
        job: JobId,
        /// The older one.
        older: VersionAt,
        /// The newer one.
        newer: VersionAt,
    },
    /// Show a version of a file with the pager, escaped.
    Page(VersionAt),
    /// Write paths, and what is below them, to disk.
    Extract {
        /// The job.
        job: JobId,
        /// Files, and directories with what is below them.
        paths: Vec<PathId>,
        /// As which scope shows them.
        scope: Scope,
        /// Where to.
        directory: PathBuf,
        /// Units of the sizes in what is said about it.
        units: Units,
    },
    /// Write a report.
    Export {
        /// The job.
        job: JobId,
        /// Its format.
        format: Format,
        /// Its layout.
        look: Look,
        /// Where to; nothing may have the name yet.
        file: PathBuf,
    },
    /// Look for edits that would make the image smaller.
    Suggest {
        /// The job.
        job: JobId,
    },
    /// Put the image together as it would be.
    Try {
        /// The job.
        job: JobId,
        /// The image as it is.
        of: Arc<Subject>,
        /// What is done otherwise.
        deeds: Vec<Deed>,
    },
    /// Rank paths by a fuzzy pattern.
    Rank {
        /// The job.
        job: JobId,
        /// What was typed.
        pattern: String,
        /// Among which paths.
        sought: Sought,
    },
    /// Hand text to the terminal's clipboard; escaped already.
    Copy(String),
    /// Switch reporting of the mouse.
    Mouse(MouseMode),
}

/// Whether the terminal reports the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MouseMode {
    /// It does not, and selects text as always.
    #[default]
    Off,
    /// It does.
    On,
}
