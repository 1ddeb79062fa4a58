use std::ffi::OsStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use filedescriptor::{POLLIN, poll, pollfd};

use super::*;
use crate::analysis::{self, Stage, rules::RuleSet};
use crate::progress::Allowance;
use crate::source::{Locator, OpenOptions};
use crate::tui::message::Outcome;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn worker(named: &str) -> Worker {
    let origin = Origin {
        locator: Locator::parse(OsStr::new(named)).unwrap(),
        homes: crate::store::Homes::default(),
        open: OpenOptions::default(),
        analysis: analysis::Options::default(),
        allowance: Allowance::default(),
        rules: RuleSet::default(),
        known: Mutex::default(),
    };
    Worker::start(origin).unwrap()
}

/// Waits for the wake-up, as the loop does.
fn next_news(worker: &mut Worker) -> Vec<News> {
    let mut watched = [pollfd {
        fd: worker.as_raw_fd(),
        events: POLLIN,
        revents: 0,
    }];
    assert_eq!(poll(&mut watched, Some(DEADLINE)).unwrap(), 1, "no news");
    worker.take_news()
}

/// Takes news until the load has ended.
fn load(worker: &mut Worker, id: JobId, choice: Option<usize>) -> Vec<News> {
    worker.load(id, choice).unwrap();
    let mut news = Vec::new();
    while worker.is_loading() {
        news.extend(next_news(worker));
    }
    news
}

fn stages(news: &[News]) -> Vec<Stage> {
    let stage = |news: &News| match news {
        News::Outcome(_, Outcome::Loaded(subject)) => subject.analysis.stage,
        other => panic!("{other:?}"),
    };
    news.iter().map(stage).collect()
}

const DEMO: &str = "assets/demo-image.tar";

#[test]
fn an_image_is_shown_as_soon_as_it_is_read_and_again_when_it_is_compared() {
    let mut worker = worker(DEMO);
    let news = load(&mut worker, JobId(1), None);
    let shown = stages(&news);
    assert_eq!(shown.last(), Some(&Stage::Final));
    assert!(shown.is_sorted() && shown.len() <= 2, "{shown:?}");
    assert!(news.iter().all(|news| news.job() == JobId(1)));
    assert!(worker.progress().is_none());
    worker.stop();
}

#[test]
fn a_second_load_replaces_the_first() {
    let mut worker = worker(DEMO);
    worker.load(JobId(1), None).unwrap();
    let news = load(&mut worker, JobId(2), None);
    let last = news.last().unwrap();
    assert_eq!(last.job(), JobId(2));
    assert_eq!(stages(std::slice::from_ref(last)), [Stage::Final]);
}

#[test]
fn an_image_that_is_not_there_is_an_error() {
    let mut worker = worker("missing.tar");
    let news = load(&mut worker, JobId(1), None);
    assert!(
        matches!(news.as_slice(), [News::LoadFailed(JobId(1), _)]),
        "{news:?}"
    );
}

#[test]
fn a_cancelled_load_says_so() {
    let mut worker = worker(DEMO);
    worker.origin.known.lock().unwrap().take();
    let origin = Arc::clone(&worker.origin);
    // The load waits for the source as long as somebody holds it.
    let held = origin.known.lock().unwrap();
    worker.load(JobId(1), None).unwrap();
    worker.cancel(JobId(1));
    drop(held);
    let news = next_news(&mut worker);
    assert!(
        matches!(
            news.as_slice(),
            [News::Outcome(JobId(1), Outcome::Cancelled)]
        ),
        "{news:?}"
    );
    assert!(!worker.is_loading());
}

fn task(id: u64, work: impl FnOnce(&Job) -> Option<Outcome> + Send + 'static) -> Task {
    Task {
        id: JobId(id),
        job: Job::new(),
        work: Box::new(work),
    }
}

#[test]
fn a_task_that_panics_costs_only_its_own_result() {
    let mut worker = worker(DEMO);
    worker.readers.take(task(1, |_| panic!("on purpose \x1b")));
    let news = next_news(&mut worker);
    let [News::Outcome(JobId(1), Outcome::Failed(complaint))] = news.as_slice() else {
        panic!("{news:?}");
    };
    assert_eq!(complaint.causes, ["on purpose \\x1B"]);
    worker.readers.take(task(2, |_| Some(Outcome::Cancelled)));
    assert_eq!(next_news(&mut worker)[0].job(), JobId(2));
}

#[test]
fn stopping_cancels_what_runs_and_does_not_wait_for_what_is_stuck() {
    let worker = worker(DEMO);
    let (release, is_released) = mpsc::channel::<()>();
    worker.readers.take(task(1, move |_| {
        is_released.recv_timeout(DEADLINE).unwrap_or_default();
        None
    }));
    let (ended, has_ended) = mpsc::channel();
    thread::spawn(move || {
        worker.stop();
        ended.send(()).unwrap_or_default();
    });
    has_ended.recv_timeout(DEADLINE / 2).unwrap();
    drop(release);
}

#[test]
fn finished_layers_are_never_shown_over_all_of_them() {
    let mut worker = worker(DEMO);
    worker.load(JobId(1), None).unwrap();
    let board = Arc::clone(&worker.named.as_ref().unwrap().board);
    let mut news = Vec::new();
    while worker.is_loading() {
        worker.browse(JobId(1));
        news.extend(next_news(&mut worker));
    }
    let (origin, outbox) = (Arc::clone(&worker.origin), worker.outbox.clone());
    board.show_finished(JobId(1), &origin, &outbox);
    news.extend(worker.take_news());
    let shown = stages(&news);
    assert!(shown.is_sorted(), "{shown:?}");
    assert_eq!(shown.last(), Some(&Stage::Final));
}
