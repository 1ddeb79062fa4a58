//! A bar on standard error while layers are read, and what Ctrl-C does meanwhile.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::SIGINT;

use crate::error::{Error, Result};
use crate::progress::{Job, Snapshot};
use crate::units::{Units, count};

/// Work shorter than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often the counters are looked at.
const TICK: Duration = Duration::from_millis(25);
/// How long work may take to end after Ctrl-C, before it is left where it is: with a tick before, half of the 200 ms
/// within which Ctrl-C answers.
const GRACE: Duration = Duration::from_millis(75);
/// The exit code after Ctrl-C.
const INTERRUPTED: i32 = 130;
/// Of a thread that works: as much as the first thread of a process has.
const STACK_BYTES: usize = 8 * 1024 * 1024;

/// What may be left of work that does not end after Ctrl-C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remains {
    /// Nothing: it only reads. Whatever it waits for, the process ends.
    Nothing,
    /// Half-written files: it is waited for, until a second Ctrl-C.
    Files,
}

/// Whether a bar may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// Where standard error is a terminal.
    Bar,
    /// Not even there.
    Nothing,
}

/// Set by Ctrl-C.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens to Ctrl-C: the first one asks the job to stop, a second one ends the process at once.
    pub(crate) fn listen() -> Self {
        let interrupt = Self::default();
        // The order matters: the conditional shutdown must see the flag as it was before this signal.
        let listening = signal_hook::flag::register_conditional_shutdown(
            SIGINT,
            INTERRUPTED,
            Arc::clone(&interrupt.0),
        )
        .and_then(|_| signal_hook::flag::register(SIGINT, Arc::clone(&interrupt.0)));
        if let Err(error) = listening {
            log::debug!("cannot listen to Ctrl-C: {error}");
        }
        interrupt
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does work on a thread of its own, while this one shows how far it is and hands Ctrl-C over to the job.
///
/// A thread that waits for a dead disk takes no signal. They are for the first thread of a process, so that one never
/// waits for a disk.
///
/// # Errors
/// What `work` returns, and [`Error::Interrupted`].
pub(crate) fn watched<T: Send>(
    job: &Job,
    (show, remains): (Show, Remains),
    interrupt: &Interrupt,
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    let (done, is_done) = mpsc::channel::<()>();
    let result = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let worker = thread.spawn_scoped(scope, move || {
            let result = work();
            drop(done);
            result
        });
        let worker = worker.map_err(|source| Error::Open {
            name: "a thread".into(),
            source,
        })?;
        watch(job, (show, remains), interrupt, &is_done);
        match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    match result {
        // Deep in a reader an interruption looks like a failure to read.
        Err(_) if job.is_cancelled() => Err(Error::Interrupted),
        other => other,
    }
}

fn watch(
    job: &Job,
    (show, remains): (Show, Remains),
    interrupt: &Interrupt,
    is_done: &Receiver<()>,
) {
    let start = Instant::now();
    let may_show = show == Show::Bar && io::stderr().is_terminal();
    let mut bar: Option<ProgressBar> = None;
    let mut asked: Option<Instant> = None;
    let mut pause = TICK;
    while is_done.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
        if interrupt.is_set() {
            job.cancel();
            let waited = asked.get_or_insert_with(Instant::now).elapsed();
            if remains == Remains::Nothing {
                pause = GRACE.saturating_sub(waited).min(TICK);
            }
            if pause.is_zero() {
                clear(bar);
                signal_hook::low_level::exit(INTERRUPTED);
            }
        }
        if may_show && start.elapsed() >= PATIENCE {
            let bar = bar.get_or_insert_with(new_bar);
            update(bar, job.snapshot(), start.elapsed());
        }
    }
    clear(bar);
}

fn clear(bar: Option<ProgressBar>) {
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn new_bar() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
}

/// Rate and remaining time are averages since the start: the bar comes late, so its own estimate, which looks
/// at the last steps, would see the first half second as one step.
fn update(bar: &ProgressBar, snapshot: Snapshot, elapsed: Duration) {
    let is_known = snapshot.expected_bytes > 0;
    // A line that wraps cannot be drawn over: the message is cut at the width of the terminal.
    let template = if is_known {
        "reading [{bar:24}] {wide_msg}"
    } else {
        "reading {wide_msg}"
    };
    bar.set_message(message(snapshot, elapsed));
    bar.set_length(snapshot.expected_bytes.max(snapshot.done_bytes));
    bar.set_position(snapshot.done_bytes);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.tick();
}

fn message(snapshot: Snapshot, elapsed: Duration) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis())
        .unwrap_or(u64::MAX)
        .max(1);
    let rate = snapshot.done_bytes.saturating_mul(1000) / milliseconds;
    let done = Units::Iec.size(snapshot.done_bytes);
    let mut parts = vec![match snapshot.expected_bytes {
        0 => done,
        expected => format!("{done} of {}", Units::Iec.size(expected)),
    }];
    parts.push(format!("{}/s", Units::Iec.size(rate)));
    let left = snapshot.expected_bytes.saturating_sub(snapshot.done_bytes);
    if left > 0 && rate > 0 {
        parts.push(format!("{} s left", left.div_ceil(rate)));
    }
    if snapshot.entries > 0 {
        parts.push(format!("{} entries", count(snapshot.entries)));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_tells_what_is_known() {
        let mut snapshot = Snapshot {
            done_bytes: 10 << 20,
            ..Snapshot::default()
        };
        let second = Duration::from_secs(1);
        assert_eq!(message(snapshot, second), "10.0 MiB  10.0 MiB/s");
        snapshot.expected_bytes = 40 << 20;
        snapshot.entries = 1234;
        assert_eq!(
            message(snapshot, second),
            "10.0 MiB of 40.0 MiB  10.0 MiB/s  3 s left  1,234 entries"
        );
        assert_eq!(message(Snapshot::default(), Duration::ZERO), "0 B  0 B/s");
    }
}
