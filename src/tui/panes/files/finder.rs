//! What is looked for, and what the background has found of it.

use std::sync::Arc;

use crate::browse::FlatView;
use crate::tui::edit::Edit;
use crate::tui::ids::JobId;
use crate::tui::line::{Line, Typing};
use crate::tui::message::Effect;
use crate::tui::panes::Request;
use crate::tui::results::Ranking;
use crate::tui::results::Sought;
use crate::tui::state::{Jobs, Tab};

/// A pattern, the job that ranks paths by it, and the last ranking.
#[derive(Debug, Default)]
pub struct Finder {
    /// The pattern.
    pub line: Line,
    /// Whether it is about the list or about everything.
    pub reach: Reach,
    /// The last result: of the pattern or, while its job runs, of the one before.
    pub ranking: Option<Arc<Ranking>>,
    pub(super) typing: Typing,
    job: Option<JobId>,
}

/// How far a finder reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// It filters the list.
    #[default]
    List,
    /// It finds any path; with the view to return to.
    Everything(Tab),
}

impl Finder {
    /// Returns whether letters are text.
    pub fn is_typing(&self) -> bool {
        self.typing == Typing::Begun
    }

    /// Returns whether it has a place on the screen.
    pub fn is_shown(&self) -> bool {
        self.is_typing() || self.is_on() || self.reach != Reach::List
    }

    /// Returns whether there is something to look for.
    pub fn is_on(&self) -> bool {
        !self.line.text().trim().is_empty()
    }

    /// Returns whether a result is waited for.
    pub const fn is_waiting(&self) -> bool {
        self.job.is_some()
    }

    /// Begins to type; a pattern that was about something else is gone.
    pub fn begin(&mut self, reach: Reach) -> Vec<Request> {
        let requests = if self.is_about(reach) {
            Vec::new()
        } else {
            self.clear()
        };
        self.reach = reach;
        self.typing = Typing::Begun;
        requests
    }

    fn is_about(&self, reach: Reach) -> bool {
        matches!(
            (self.reach, reach),
            (Reach::List, Reach::List) | (Reach::Everything(_), Reach::Everything(_))
        )
    }

    /// Ends typing and keeps the pattern.
    pub const fn keep(&mut self) {
        self.typing = Typing::Ended;
    }

    /// Looks for nothing any more.
    pub fn clear(&mut self) -> Vec<Request> {
        let cancel = self.job.take().map(Effect::Cancel);
        *self = Self::default();
        cancel.into_iter().map(Request::Do).collect()
    }

    /// Edits the pattern; returns whether it is another one now.
    pub fn edit(&mut self, edit: &Edit) -> Edited {
        let before = self.line.text().to_owned();
        self.line.edit(edit);
        if self.line.text() == before {
            Edited::No
        } else {
            Edited::Yes
        }
    }

    /// Asks for a ranking by the pattern as it is now; what was asked before is not waited for any more.
    pub fn ask(&mut self, view: FlatView, jobs: &mut Jobs) -> Vec<Request> {
        let mut effects: Vec<Effect> = self.job.take().map(Effect::Cancel).into_iter().collect();
        if self.is_on() {
            let job = jobs.take_number();
            self.job = Some(job);
            effects.push(Effect::Rank {
                job,
                pattern: self.line.text().to_owned(),
                sought: self.sought(view),
            });
        } else {
            self.ranking = None;
        }
        effects.into_iter().map(Request::Do).collect()
    }

    /// Takes a result, if it is the one that is waited for; returns whether it was.
    pub fn take(&mut self, job: JobId, ranking: &Arc<Ranking>) -> Taken {
        if self.job != Some(job) {
            return Taken::Dropped;
        }
        self.job = None;
        self.ranking = Some(Arc::clone(ranking));
        Taken::Shown
    }

    /// Forgets results about another union.
    pub fn forget(&mut self) {
        self.ranking = None;
    }

    /// Returns among which paths it looks, given the list.
    pub const fn sought(&self, view: FlatView) -> Sought {
        match self.reach {
            Reach::List => Sought::Files(view),
            Reach::Everything(_) => Sought::Everything,
        }
    }
}

/// Whether an edit changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// It did.
    Yes,
    /// It moved the cursor at most.
    No,
}

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is shown.
    Shown,
    /// Nobody waited for it.
    Dropped,
}
