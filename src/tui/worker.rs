//! Everything that takes time, on threads of its own; the thread that draws never waits for it.
//!
//! Results come back through a queue, and a byte through a pipe says that there are some.

mod lane;
mod load;
mod outbox;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::mem::{Discriminant, discriminant};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::ids::JobId;
use super::message::{Effect, Outcome};
use super::results::LoadProgress;
use super::store_subject::{Item, StoreSubject};
use super::subject::Subject;
use super::tasks;
use crate::progress::Job;

use lane::{Lane, Task};
use load::{Board, Loader, Wanted};
use outbox::Outbox;

pub use load::Origin;
pub(super) use outbox::News;

/// Longer than this nobody waits for threads that do not end.
const PATIENCE: Duration = Duration::from_millis(100);

/// The threads and what they do.
#[derive(Debug)]
pub(super) struct Worker {
    origin: Arc<Origin>,
    outbox: Outbox,
    news: Receiver<News>,
    wake: UnixStream,
    /// Short work that the screen waits for.
    readers: Lane,
    /// Work that may take long: nobody waits for it.
    writers: Lane,
    running: HashMap<JobId, Running>,
    /// Reading what the user named: an image, or stores, which takes until they are measured.
    named: Option<Loading>,
    /// Reading an image of stores.
    within: Option<Loading>,
    /// Every thread holds a clone of the sender while it lives.
    life: (Sender<()>, Receiver<()>),
}

#[derive(Debug)]
struct Running {
    kind: Discriminant<Effect>,
    job: Job,
}

#[derive(Debug)]
struct Loading {
    id: JobId,
    job: Job,
    begun: Instant,
    board: Arc<Board>,
}

impl Worker {
    pub(super) fn start(origin: Origin) -> io::Result<Self> {
        let (news_sender, news) = mpsc::channel();
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let outbox = Outbox::new(news_sender, waker)?;
        let life = mpsc::channel();
        Ok(Self {
            origin: Arc::new(origin),
            news,
            wake,
            readers: Lane::start("reader", &outbox, &life.0)?,
            writers: Lane::start("writer", &outbox, &life.0)?,
            outbox,
            running: HashMap::new(),
            named: None,
            within: None,
            life,
        })
    }

    /// Returns what was finished since the last call.
    pub(super) fn take_news(&mut self) -> Vec<News> {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|count| count > 0) {}
        let news: Vec<News> = self.news.try_iter().collect();
        for item in &news {
            self.running.remove(&item.job());
            let is_it = |loading: &Loading| loading.id == item.job();
            for loading in [&mut self.named, &mut self.within] {
                if item.ends_loading() && loading.as_ref().is_some_and(is_it) {
                    *loading = None;
                }
            }
        }
        news
    }

    /// Returns whether an image is being read or compared.
    pub(super) const fn is_loading(&self) -> bool {
        self.named.is_some() || self.within.is_some()
    }

    /// Returns how far reading is.
    pub(super) fn progress(&self) -> Option<LoadProgress> {
        let loading = self.within.as_ref().or(self.named.as_ref())?;
        let progress = loading.board.progress(&loading.job, &self.origin);
        Some(LoadProgress {
            elapsed_milliseconds: u64::try_from(loading.begun.elapsed().as_millis())
                .unwrap_or(u64::MAX),
            ..progress
        })
    }

    /// Begins to read the image, instead of what is being read.
    pub(super) fn load(&mut self, id: JobId, choice: Option<usize>) -> io::Result<()> {
        let loading = self.begin_to_read(id, Wanted::Named(choice))?;
        if let Some(former) = self.named.replace(loading) {
            former.job.cancel();
        }
        Ok(())
    }

    /// Begins to read something of stores, instead of what is being read of them; they go on being measured.
    pub(super) fn enter(
        &mut self,
        id: JobId,
        stores: Arc<StoreSubject>,
        item: Item,
    ) -> io::Result<()> {
        let loading = self.begin_to_read(id, Wanted::Within(stores, item))?;
        if let Some(former) = self.within.replace(loading) {
            former.job.cancel();
        }
        Ok(())
    }

    fn begin_to_read(&self, id: JobId, wanted: Wanted) -> io::Result<Loading> {
        let job = self.origin.new_job();
        let board = Arc::<Board>::default();
        let loader = Loader {
            origin: Arc::clone(&self.origin),
            board: Arc::clone(&board),
            outbox: self.outbox.clone(),
            id,
            job: job.clone(),
            wanted,
        };
        let alive = self.life.0.clone();
        thread::Builder::new()
            .name("loader".into())
            .spawn(move || {
                loader.run();
                drop(alive);
            })?;
        Ok(Loading {
            id,
            job,
            begun: Instant::now(),
            board,
        })
    }

    /// Makes what is read so far browsable.
    pub(super) fn browse(&mut self, id: JobId) {
        let Some(loading) = self.reading(id) else {
            return;
        };
        let (board, origin) = (Arc::clone(&loading.board), Arc::clone(&self.origin));
        let outbox = self.outbox.clone();
        self.readers.take(Task {
            id,
            job: loading.job.clone(),
            work: Box::new(move |_| {
                board.show_finished(id, &origin, &outbox);
                None
            }),
        });
    }

    fn reading(&self, id: JobId) -> Option<&Loading> {
        let mut all = self.named.iter().chain(&self.within);
        all.find(|loading| loading.id == id)
    }

    /// Asks a job to stop.
    pub(super) fn cancel(&self, id: JobId) {
        if let Some(running) = self.running.get(&id) {
            running.job.cancel();
        }
        if let Some(loading) = self.reading(id) {
            loading.job.cancel();
        }
    }

    /// Does what an effect asks for about the image it was asked of.
    pub(super) fn begin(&mut self, effect: Effect, subject: Arc<Subject>) {
        let Some(id) = tasks::job_of(&effect) else {
            return;
        };
        self.queue(id, effect, move |effect, job| {
            tasks::run(effect, &subject, job)
        });
    }

    /// Does what an effect asks for about stores.
    pub(super) fn begin_with_stores(&mut self, effect: Effect) {
        let Some(id) = tasks::job_of(&effect) else {
            return;
        };
        let origin = Arc::clone(&self.origin);
        self.queue(id, effect, move |effect, job| {
            tasks::store::run(effect, &origin.analysis, job)
        });
    }

    fn queue(
        &mut self,
        id: JobId,
        effect: Effect,
        work: impl FnOnce(&Effect, &Job) -> Option<Outcome> + Send + 'static,
    ) {
        let kind = discriminant(&effect);
        let writes = matches!(
            effect,
            Effect::Extract { .. } | Effect::Export { .. } | Effect::ExportStore { .. }
        );
        let job = self.origin.new_job();
        if !writes {
            // Nobody waits for what was asked before: the cursor has moved on.
            let former = self.running.values().filter(|former| former.kind == kind);
            former.for_each(|former| former.job.cancel());
        }
        let running = Running {
            kind,
            job: job.clone(),
        };
        self.running.insert(id, running);
        let lane = if writes { &self.writers } else { &self.readers };
        lane.take(Task {
            id,
            job,
            work: Box::new(move |job| work(&effect, job)),
        });
    }

    /// Cancels everything and waits a moment for it to end, so that nothing is left half-written.
    pub(super) fn stop(self) {
        for running in self.running.values() {
            running.job.cancel();
        }
        for loading in self.named.iter().chain(&self.within) {
            loading.job.cancel();
        }
        drop((self.readers, self.writers));
        let (own, threads) = self.life;
        drop(own);
        // Nothing is ever sent: this ends when the last thread has, or when it has taken too long.
        threads.recv_timeout(PATIENCE).unwrap_or_default();
    }
}

impl AsRawFd for Worker {
    fn as_raw_fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }
}
