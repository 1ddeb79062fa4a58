//! The contents of one version of a file: text or hex, and what changed from the version below.

use std::sync::Arc;

use super::Request;
use crate::tui::command::Command;
use crate::tui::message::{Complaint, Edit, JobId, VersionAt};
use crate::tui::model::{Jobs, Reads};
use crate::tui::scroll::Scroll;

/// The beginning of a file, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Which.
    pub version: VersionAt,
    /// Its first bytes.
    pub bytes: Vec<u8>,
    /// Length of all of it.
    pub length: u64,
}

/// What changed from one version to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The older one.
    pub older: VersionAt,
    /// The newer one.
    pub newer: VersionAt,
}

/// The preview.
#[derive(Debug, Default)]
pub struct PreviewPane {
    /// Cursor.
    pub scroll: Scroll,
}

impl PreviewPane {
    /// Takes a subject, a new one or the same refined.
    pub fn show(&mut self, _reads: &Reads<'_>) {}

    /// Fits the pane to its place.
    pub fn resize(&mut self, _reads: &Reads<'_>) {}

    /// Returns whether letters are text.
    pub const fn is_typing(&self) -> bool {
        false
    }

    /// Shows a version because the user asked for it.
    pub fn look(
        &mut self,
        _version: VersionAt,
        _reads: &Reads<'_>,
        _jobs: &mut Jobs,
    ) -> Vec<Request> {
        Vec::new()
    }

    /// Shows what the cursor of the tree is on, where that costs little.
    pub fn follow(
        &mut self,
        _version: Option<VersionAt>,
        _reads: &Reads<'_>,
        _jobs: &mut Jobs,
    ) -> Vec<Request> {
        Vec::new()
    }

    /// Takes contents that were read.
    pub fn take(&mut self, _job: JobId, _content: &Arc<Content>, _reads: &Reads<'_>) {}

    /// Takes a comparison.
    pub fn compare(&mut self, _job: JobId, _difference: &Arc<Difference>, _reads: &Reads<'_>) {}

    /// Takes word that contents could not be read; returns whether the job was its own.
    pub fn fail(&mut self, _job: JobId, _complaint: &Complaint) -> bool {
        false
    }

    /// Does what a command means here.
    pub fn update(
        &mut self,
        command: Command,
        _reads: &Reads<'_>,
        _jobs: &mut Jobs,
    ) -> Vec<Request> {
        match command {
            Command::Back | Command::Quit => vec![Request::LeavePreview],
            _ => Vec::new(),
        }
    }

    /// Edits the line being typed.
    pub fn edit(&mut self, _edit: &Edit, _reads: &Reads<'_>, _jobs: &mut Jobs) -> Vec<Request> {
        Vec::new()
    }
}
