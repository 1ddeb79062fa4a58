//! A thread that does one task after the other.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Sender};
use std::{fmt, io, thread};

use super::outbox::{News, Outbox};
use crate::path::display_str;
use crate::progress::Job;
use crate::tui::ids::JobId;
use crate::tui::message::{Complaint, Outcome};

/// What to do under a job.
type Work = dyn FnOnce(&Job) -> Option<Outcome> + Send;

/// Something to do.
pub(super) struct Task {
    pub(super) id: JobId,
    pub(super) job: Job,
    /// `None` where it has said what there is to say.
    pub(super) work: Box<Work>,
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Task");
        shown.field("id", &self.id).finish_non_exhaustive()
    }
}

/// The thread, which ends when this is dropped and its task is done.
#[derive(Debug)]
pub(super) struct Lane(Sender<Task>);

impl Lane {
    /// Starts the thread; it holds `alive` as long as it runs.
    pub(super) fn start(name: &str, outbox: &Outbox, alive: &Sender<()>) -> io::Result<Self> {
        let (sender, tasks) = mpsc::channel::<Task>();
        let (outbox, alive) = (outbox.clone(), alive.clone());
        thread::Builder::new().name(name.into()).spawn(move || {
            for task in tasks {
                let id = task.id;
                if let Some(outcome) = run(task) {
                    outbox.send(News::Outcome(id, outcome));
                }
            }
            drop(alive);
        })?;
        Ok(Self(sender))
    }

    /// Queues a task.
    pub(super) fn take(&self, task: Task) {
        if self.0.send(task).is_err() {
            log::error!("a thread of the view has ended");
        }
    }
}

fn run(Task { job, work, .. }: Task) -> Option<Outcome> {
    if job.is_cancelled() {
        return Some(Outcome::Cancelled);
    }
    // A task that panics costs its own result only; what it worked on is never seen again.
    let done = catch_unwind(AssertUnwindSafe(|| work(&job)));
    done.unwrap_or_else(|payload| {
        Some(Outcome::Failed(Complaint {
            message: "this is a bug: the work ended in a panic".into(),
            causes: vec![last_words(&*payload)],
            hint: None,
        }))
    })
}

/// Returns what a panic said, escaped.
pub(super) fn last_words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    display_str(text.unwrap_or("it said nothing")).into_owned()
}
