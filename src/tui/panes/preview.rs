//! The contents of one version of a file: text or hex, and what changed from the version below.

pub mod areas;
mod body_text;
pub mod characters;
mod commands;
mod draw;
pub mod facts;
mod footer;
pub mod hex;
mod lines;
mod search;
mod searching;
mod viewport;

pub(in crate::tui) use draw::draw;

use std::sync::Arc;

use super::popup::Notice;
use super::{Request, Standing, about, refused};
use crate::layer::Access;
use crate::limits;
use crate::path::ImagePath;
use crate::text::Look;
use crate::tree::MergedTree;
use crate::tui::ids::{JobId, VersionAt};
use crate::tui::line::Typing;
use crate::tui::message::{Complaint, Effect};
use crate::tui::reads::Reads;
use crate::tui::results::{Content, Document, FileDiff, Nature};
use crate::tui::state::Jobs;
use crate::tui::subject::Subject;

pub use body_text::{BodyText, Margin};
pub use search::{Pattern, Search};
pub use viewport::{Frame, Viewport, Wrap};

/// What there is of the version.
#[derive(Debug, Default)]
pub enum Body {
    /// No version is shown.
    #[default]
    Nothing,
    /// It is no file, or its data is not read: what can be said without.
    Facts(Document),
    /// The same, but reading is possible.
    Unread(Document),
    /// It is being read.
    Reading(JobId),
    /// It was read.
    Read(Arc<Content>),
    /// It could not be read, and why.
    Failed(Document),
}

/// The difference from the version below.
#[derive(Debug, Default)]
pub enum DiffState {
    /// Not wanted.
    #[default]
    No,
    /// Being worked out.
    Working(JobId),
    /// Worked out.
    Done(Arc<FileDiff>),
    /// It could not be made, and why.
    Failed(Document),
}

/// How contents are shown, where the user has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presentation {
    /// As they seem to be.
    #[default]
    Natural,
    /// As this.
    Chosen(Nature),
}

/// The preview.
#[derive(Debug, Default)]
pub struct PreviewPane {
    /// What is shown.
    pub version: Option<VersionAt>,
    /// Its contents.
    pub body: Body,
    /// The difference, where it is wanted.
    pub diff: DiffState,
    /// Text or hex.
    pub form: Presentation,
    /// Whether long lines go on in further rows.
    pub wrap: Wrap,
    /// Which part is on the screen.
    pub viewport: Viewport,
    /// First byte on the screen, in hex.
    pub offset: usize,
    /// What is searched for.
    pub search: Search,
    /// The path, to find it in another tree.
    path: Vec<u8>,
}

/// Why a version is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The user asked for it.
    Asked,
    /// The cursor came by.
    Passed,
}

impl PreviewPane {
    /// Takes a subject, a new one or the same refined. What is shown stays, if its path is still there.
    pub fn show(&mut self, reads: &Reads<'_>) {
        let Some(old) = self.version else {
            return;
        };
        let tree = reads.subject.tree();
        let found = ImagePath::new(&self.path).and_then(|path| tree.find(path));
        let is_there = old.layer.as_usize() < tree.layers().len();
        match found.filter(|_| is_there) {
            Some(path) => self.version = Some(VersionAt { path, ..old }),
            None => *self = Self::default(),
        }
        // What is known without reading may have become more.
        if let (Some(version), Body::Facts(_) | Body::Unread(_)) = (self.version, &self.body) {
            self.body = unread(tree, version, reads.session.look);
        }
        self.resize(reads);
    }

    /// Fits the pane to its place.
    pub fn resize(&mut self, reads: &Reads<'_>) {
        let columns = usize::from(BodyText::text_area(self, reads.inner()).width);
        let (mut viewport, mut offset) = (self.viewport, self.offset);
        match self.sheet() {
            BodyText::Hex(bytes) => {
                let per_row = hex::bytes_per_row(columns);
                let rows = bytes.len().div_ceil(per_row);
                let last = rows.saturating_sub(self.frame(reads).height);
                offset = (offset / per_row).min(last) * per_row;
            }
            BodyText::Lines { document, .. } => viewport.settle(document, &self.frame(reads)),
        }
        (self.viewport, self.offset) = (viewport, offset);
    }

    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.search.typing == Typing::Begun
    }

    /// Returns the job that reads or compares for it.
    pub const fn job(&self) -> Option<JobId> {
        match (&self.diff, &self.body) {
            (DiffState::Working(job), _) | (_, Body::Reading(job)) => Some(*job),
            _ => None,
        }
    }

    /// Shows a version because the user asked for it.
    pub fn look(&mut self, version: VersionAt, reads: &Reads<'_>, jobs: &mut Jobs) -> Vec<Request> {
        if self.version == Some(version)
            && matches!(self.body, Body::Read(_) | Body::Reading(_) | Body::Facts(_))
        {
            return Vec::new();
        }
        let requests = self.turn_to(version, Reason::Asked, reads, jobs);
        self.resize(reads);
        requests
    }

    /// Shows what the cursor of the tree is on, where that costs little.
    pub fn follow(
        &mut self,
        version: Option<VersionAt>,
        reads: &Reads<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        if self.version == version {
            return Vec::new();
        }
        let requests = if let Some(version) = version {
            // A difference is worked out for those who ask.
            let mut requests = self.cancel();
            self.diff = DiffState::No;
            self.body = Body::Nothing;
            requests.extend(self.turn_to(version, Reason::Passed, reads, jobs));
            requests
        } else {
            let cancelled = self.cancel();
            *self = Self::default();
            cancelled
        };
        self.resize(reads);
        requests
    }

    /// Turns to another version; what ran for the former one is cancelled.
    fn turn_to(
        &mut self,
        version: VersionAt,
        reason: Reason,
        reads: &Reads<'_>,
        jobs: &mut Jobs,
    ) -> Vec<Request> {
        let mut requests = self.cancel();
        let tree = reads.subject.tree();
        let is_same_path = self
            .version
            .is_some_and(|former| former.path == version.path);
        if !is_same_path {
            self.viewport = Viewport::default();
            self.offset = 0;
            self.form = Presentation::Natural;
            self.search.clear();
            self.path = tree.path(version.path);
        }
        self.search.at = None;
        self.version = Some(version);
        self.body = unread(tree, version, reads.session.look);
        if reason == Reason::Asked || is_cheap(version, reads) {
            requests.extend(self.read(version, jobs));
        }
        if !matches!(self.diff, DiffState::No) {
            self.diff = DiffState::No;
            requests.extend(self.diff_below(reads, jobs));
        }
        requests
    }

    fn read(&mut self, version: VersionAt, jobs: &mut Jobs) -> Option<Request> {
        if !matches!(self.body, Body::Unread(_)) {
            return None;
        }
        let job = jobs.take_number();
        self.body = Body::Reading(job);
        Some(Request::Do(Effect::Read { job, version }))
    }

    fn cancel(&mut self) -> Vec<Request> {
        let mut cancelled = Vec::new();
        if let Body::Reading(job) = self.body {
            cancelled.push(Request::Do(Effect::Cancel(job)));
        }
        if let DiffState::Working(job) = self.diff {
            cancelled.push(Request::Do(Effect::Cancel(job)));
        }
        cancelled
    }

    /// Stops what runs for it because the user has had enough of waiting.
    pub fn give_up(&mut self, reads: &Reads<'_>) -> Vec<Request> {
        let cancelled = self.cancel();
        if let (Body::Reading(_), Some(version)) = (&self.body, self.version) {
            self.body = unread(reads.subject.tree(), version, reads.session.look);
        }
        if matches!(self.diff, DiffState::Working(_)) {
            self.diff = DiffState::No;
        }
        cancelled
    }

    /// Takes contents that were read.
    pub fn take(&mut self, job: JobId, content: &Arc<Content>, reads: &Reads<'_>) {
        if matches!(self.body, Body::Reading(own) if own == job) {
            self.body = Body::Read(Arc::clone(content));
            self.search_anew();
            self.resize(reads);
        }
    }

    /// Takes what changed from the version below.
    pub fn take_diff(&mut self, job: JobId, diff: &Arc<FileDiff>, reads: &Reads<'_>) {
        if matches!(self.diff, DiffState::Working(own) if own == job) {
            self.diff = DiffState::Done(Arc::clone(diff));
            self.viewport = Viewport::default();
            self.search_anew();
            self.resize(reads);
        }
    }

    /// Returns whether there is nothing yet that a search could look through.
    pub const fn is_unread(&self) -> bool {
        matches!(self.body, Body::Unread(_) | Body::Reading(_))
    }

    /// Takes word that contents could not be read; returns whether the job was its own.
    pub fn fail(&mut self, job: JobId, complaint: &Complaint) -> bool {
        if matches!(self.body, Body::Reading(own) if own == job) {
            self.body = Body::Failed(Document::of_lines(&Notice::failure(complaint).lines));
        } else if matches!(self.diff, DiffState::Working(own) if own == job) {
            self.diff = DiffState::Failed(Document::of_lines(&Notice::failure(complaint).lines));
        } else {
            return false;
        }
        self.viewport = Viewport::default();
        true
    }

    /// Returns what the body of the pane holds.
    pub fn frame(&self, reads: &Reads<'_>) -> Frame {
        let area = BodyText::text_area(self, reads.inner());
        Frame {
            height: usize::from(area.height),
            columns: usize::from(area.width),
            wrap: self.wrap,
            look: reads.session.look,
        }
    }

    /// Returns what is looked into.
    pub fn standing(&self, subject: &Subject, look: Look) -> Option<Standing> {
        let path = about::path_of(subject, look, self.version?.path);
        Some(Standing::of_path(path, Vec::new()))
    }

    /// Returns whether contents are shown as text or in hex.
    pub fn nature(&self) -> Nature {
        match (&self.body, &self.diff, self.form) {
            (Body::Read(_), DiffState::No, Presentation::Chosen(nature)) => nature,
            (Body::Read(content), DiffState::No, Presentation::Natural) => content.nature,
            _ => Nature::Text,
        }
    }
}

/// Returns what is known before anything is read.
fn unread(tree: &MergedTree, version: VersionAt, look: Look) -> Body {
    match facts::instead(tree, version, look) {
        Some(lines) => Body::Facts(Document::of_lines(&lines)),
        None => Body::Unread(Document::of_lines(&facts::unread(tree, version, look))),
    }
}

/// Returns whether a version can be read at once: not behind a compressed layer, and not long.
fn is_cheap(version: VersionAt, reads: &Reads<'_>) -> bool {
    let tree = reads.subject.tree();
    let Some((layer, node)) = version.data(tree) else {
        return false;
    };
    let layers = &reads.subject.analysis.image.layers;
    let access = layers
        .get(layer.as_usize())
        .map(|layer| layer.source.facts().access);
    access == Some(Access::Random) && tree.layer(layer).size(node) <= limits::FOLLOWED_BYTES
}
