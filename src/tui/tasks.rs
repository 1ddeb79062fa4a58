//! Work that reads the image for the view: run by the worker, and by tests without one.
//!
//! Nothing here knows a terminal. Everything ends soon after its job is cancelled.

pub mod rank;

use std::sync::Arc;

use super::message::{Effect, JobId, Outcome};
use super::subject::Subject;
use crate::progress::Job;

/// Returns the job of an effect that [`run`] can do.
pub const fn job_of(effect: &Effect) -> Option<JobId> {
    match effect {
        Effect::Read { job, .. }
        | Effect::Compare { job, .. }
        | Effect::Extract { job, .. }
        | Effect::Export { job, .. }
        | Effect::Rank { job, .. } => Some(*job),
        Effect::Quit
        | Effect::Suspend
        | Effect::Load { .. }
        | Effect::Browse(_)
        | Effect::Cancel(_)
        | Effect::Page(_)
        | Effect::Copy(_)
        | Effect::Mouse(_) => None,
    }
}

/// Does what an effect asks for; `None` where it is not about the image but about the terminal or the job.
pub fn run(effect: &Effect, subject: &Subject, job: &Job) -> Option<Outcome> {
    if let Effect::Rank {
        pattern, sought, ..
    } = effect
    {
        let ranking = rank::run(subject, pattern, *sought, job);
        return Some(ranking.map_or(Outcome::Cancelled, |ranking| {
            Outcome::Ranked(Arc::new(ranking))
        }));
    }
    job_of(effect).map(|_| Outcome::Cancelled)
}
