//! What threads have to say to the one that draws.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::analysis::Stage;
use crate::error::Error;
use crate::tui::ids::JobId;
use crate::tui::message::Outcome;
use crate::tui::store_subject::Known;

/// One result.
#[derive(Debug)]
pub(in crate::tui) enum News {
    /// Of a job that may have more to say only while it loads.
    Outcome(JobId, Outcome),
    /// The image cannot be read.
    LoadFailed(JobId, Error),
}

impl News {
    /// Returns the job it is about.
    pub(super) const fn job(&self) -> JobId {
        match self {
            Self::Outcome(job, _) | Self::LoadFailed(job, _) => *job,
        }
    }

    /// Returns whether it is the last word about reading an image, should it be about that.
    pub(super) fn ends_loading(&self) -> bool {
        match self {
            Self::Outcome(_, Outcome::Loaded(subject)) => subject.analysis.stage == Stage::Final,
            Self::Outcome(_, Outcome::Store(stores)) => stores.known == Known::Measured,
            _ => true,
        }
    }
}

/// Where results go.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    news: Sender<News>,
    waker: Arc<UnixStream>,
}

impl Outbox {
    pub(super) fn new(news: Sender<News>, waker: UnixStream) -> io::Result<Self> {
        // A full pipe wakes as well as one more byte in it.
        waker.set_nonblocking(true)?;
        Ok(Self {
            news,
            waker: Arc::new(waker),
        })
    }

    /// Sends a result. Where the view has ended, nobody wants it.
    pub(super) fn send(&self, news: News) {
        if self.news.send(news).is_ok() {
            (&*self.waker).write(&[0]).unwrap_or_default();
        }
    }
}
