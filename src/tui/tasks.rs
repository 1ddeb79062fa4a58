//! Work that reads the image for the view: run by the worker, and by tests without one.
//!
//! Nothing here knows a terminal. Everything ends soon after its job is cancelled.

pub mod diff;
mod export;
mod extract;
pub mod page;
pub mod rank;
pub mod read;
pub mod store;

use std::sync::Arc;

use super::ids::JobId;
use super::message::{Complaint, Effect, Outcome};
use super::subject::Subject;
use crate::analysis::what_if::suggest;
use crate::error::{Error, Result};
use crate::progress::Job;

/// Returns the job of an effect that [`run`] can do.
pub const fn job_of(effect: &Effect) -> Option<JobId> {
    match effect {
        Effect::Read { job, .. }
        | Effect::Diff { job, .. }
        | Effect::Extract { job, .. }
        | Effect::Export { job, .. }
        | Effect::CompareItems { job, .. }
        | Effect::ExportStore { job, .. }
        | Effect::Suggest { job }
        | Effect::Try { job, .. }
        | Effect::Rank { job, .. } => Some(*job),
        Effect::Quit
        | Effect::Suspend
        | Effect::Load { .. }
        | Effect::Enter { .. }
        | Effect::Browse(_)
        | Effect::Cancel(_)
        | Effect::Page(_)
        | Effect::Copy(_)
        | Effect::Mouse(_) => None,
    }
}

/// Does what an effect asks for; `None` where it is not about the image but about the terminal or the job.
pub fn run(effect: &Effect, subject: &Subject, job: &Job) -> Option<Outcome> {
    let done = match effect {
        Effect::Read { version, .. } => {
            read::run(subject, *version, job).map(|content| Outcome::Read(Arc::new(content)))
        }
        Effect::Diff { older, newer, .. } => {
            diff::run(subject, *older, *newer, job).map(|diff| Outcome::Diffed(Arc::new(diff)))
        }
        Effect::Extract {
            paths,
            scope,
            directory,
            units,
            ..
        } => extract::run(subject, paths, *scope, directory, *units, job).map(Outcome::Written),
        Effect::Export {
            format, look, file, ..
        } => export::run(subject, *format, *look, file, job).map(Outcome::Written),
        Effect::Suggest { .. } => {
            suggest(&subject.analysis, job).map(|found| Outcome::Suggested(Arc::new(found)))
        }
        Effect::Try { of, deeds, .. } => of
            .otherwise(deeds)
            .map(|subject| Outcome::Tried(Arc::new(subject))),
        Effect::Rank {
            pattern, sought, ..
        } => rank::run(subject, pattern, *sought, job)
            .map(|ranking| Outcome::Ranked(Arc::new(ranking))),
        _ => return None,
    };
    Some(ended(done, job))
}

/// Deep in a reader an interruption looks like a failure to read.
fn ended(done: Result<Outcome>, job: &Job) -> Outcome {
    match done {
        Ok(outcome) => outcome,
        Err(_) if job.is_cancelled() => Outcome::Cancelled,
        Err(Error::Interrupted) => Outcome::Cancelled,
        Err(error) => Outcome::Failed(Complaint::of(&error)),
    }
}
