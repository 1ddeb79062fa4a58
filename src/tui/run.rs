//! The loop: waits for keys, signals and results at once, and draws once for everything that came together.
//!
//! While nothing is read it waits without a timeout, so that an idle view costs nothing.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use filedescriptor::{POLLERR, POLLHUP, POLLIN, poll, pollfd};
use ratatui::crossterm::event::{self, Event};
use rustix::process::{Signal as ProcessSignal, kill_current_process_group};

use super::clipboard::Multiplexer;
use super::command::Command;
use super::draw::draw;
use super::events::message;
use super::ids::{JobId, VersionAt};
use super::message::{Complaint, Effect, Msg, Outcome};
use super::model::Model;
use super::pager;
use super::screen::{ImageScreen, StoreScreen};
use super::session::Session;
use super::signals::{Signal, Signals};
use super::store_subject::Known;
use super::terminal::{Keyboard, Terminal};
use super::update::{start, update};
use super::worker::{News, Origin, Worker};
use crate::analysis::Stage;
use crate::error::{Error, Result};

/// Reading shorter than this shows nothing but its result.
const FIRST_FRAME: Duration = Duration::from_millis(150);
/// Between two looks at the progress of reading.
const TICK: Duration = Duration::from_millis(100);
/// How long the rest of what the terminal sent may take to be understood.
const GRACE: Duration = Duration::from_millis(1);
/// Most events before a frame, so that a flood of them is seen to do something.
const BATCH: usize = 512;

/// What the view needs to begin.
#[derive(Debug)]
pub struct Start {
    /// What holds as long as the program runs.
    pub session: Session,
    /// The image.
    pub origin: Origin,
    /// Where keys come from.
    pub keyboard: Keyboard,
    /// The user's pager, a command line.
    pub pager: OsString,
    /// What stands between the program and the terminal.
    pub multiplexer: Multiplexer,
}

/// How the view ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user left.
    Left,
    /// Ctrl-C before every layer was read, or SIGINT.
    Interrupted,
    /// SIGTERM, SIGHUP, or the terminal is gone.
    Terminated,
}

/// Shows the image until the user leaves.
///
/// # Errors
/// What keeps the image from being read, if there was nothing to show before, and what keeps the terminal from
/// being used. The terminal is as before in any case.
pub fn run(start: Start) -> Result<Ended> {
    let signals = Signals::listen().map_err(terminal_error)?;
    let worker = Worker::start(start.origin).map_err(terminal_error)?;
    let mouse = start.session.mouse;
    let terminal = Terminal::enter(start.keyboard, mouse).map_err(terminal_error)?;
    let size = terminal.size().map_err(terminal_error)?;
    let mut view = View {
        model: Model::new(start.session, size),
        terminal,
        signals,
        worker,
        pager: start.pager,
        multiplexer: start.multiplexer,
        next_tick: Instant::now() + FIRST_FRAME,
        frame: Frame::Waiting,
        is_stale: true,
        may_hold_keys: false,
    };
    let ended = view.run();
    // The terminal first: whatever takes its time does so on an orderly screen.
    drop(view.terminal);
    view.worker.stop();
    ended
}

fn terminal_error(source: io::Error) -> Error {
    Error::Write {
        name: "the terminal".into(),
        source,
    }
}

/// Whether anything was drawn yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Waiting,
    Drawn,
}

/// What woke the loop.
struct Woken {
    keys: bool,
    is_gone: bool,
}

/// A message, or the end.
type Turn = Result<Option<Ended>>;

struct View {
    model: Model,
    terminal: Terminal,
    signals: Signals,
    worker: Worker,
    pager: OsString,
    multiplexer: Multiplexer,
    next_tick: Instant,
    frame: Frame,
    is_stale: bool,
    /// Keys may have been read and not been handed out: see [`View::take_keys`].
    may_hold_keys: bool,
}

impl View {
    fn run(&mut self) -> Result<Ended> {
        for effect in start(&mut self.model) {
            if let Some(ended) = self.act(effect, Ended::Left)? {
                return Ok(ended);
            }
        }
        loop {
            self.draw().map_err(terminal_error)?;
            let woken = self.wait().map_err(terminal_error)?;
            let ended = match self.take_signals()? {
                None => self.take_news()?,
                ended => ended,
            };
            let ended = match ended {
                None => self.take_keys(woken.keys)?,
                ended => ended,
            };
            if let Some(ended) = ended {
                return Ok(ended);
            }
            if woken.is_gone {
                return Ok(Ended::Terminated);
            }
            self.tick()?;
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let is_due = self.frame == Frame::Drawn
            || !self.model.screen.is_empty()
            || !self.model.popups.is_empty()
            || !self.worker.is_loading()
            || Instant::now() >= self.next_tick;
        if self.is_stale && is_due {
            self.is_stale = false;
            self.frame = Frame::Drawn;
            let model = &self.model;
            self.terminal.draw(|frame| draw(model, frame))?;
        }
        Ok(())
    }

    fn wait(&self) -> io::Result<Woken> {
        let keyboard = self.terminal.keyboard().as_raw_fd();
        let mut watched =
            [keyboard, self.signals.as_raw_fd(), self.worker.as_raw_fd()].map(|fd| pollfd {
                fd,
                events: POLLIN,
                revents: 0,
            });
        match poll(&mut watched, self.timeout()) {
            Ok(_) => Ok(Woken {
                keys: watched[0].revents & POLLIN != 0,
                is_gone: watched[0].revents & (POLLHUP | POLLERR) != 0,
            }),
            Err(filedescriptor::Error::Poll(error))
                if error.kind() != io::ErrorKind::Interrupted =>
            {
                Err(error)
            }
            // A signal came; its byte is in the pipe.
            Err(_) => Ok(Woken {
                keys: false,
                is_gone: false,
            }),
        }
    }

    /// Returns how long to wait: for ever, unless something is read.
    fn timeout(&self) -> Option<Duration> {
        if self.may_hold_keys {
            return Some(Duration::ZERO);
        }
        let left = || self.next_tick.saturating_duration_since(Instant::now());
        // What waits counts in whole milliseconds, rounded down.
        let rounded = || left() + Duration::from_millis(1);
        self.worker.is_loading().then(rounded)
    }

    fn tick(&mut self) -> Result<()> {
        if self.worker.is_loading() && Instant::now() >= self.next_tick {
            if let Some(progress) = self.worker.progress() {
                self.take(Msg::Tick(progress))?;
            }
            // The first frame is due now, which is drawn before this matters.
            self.draw().map_err(terminal_error)?;
            self.next_tick = Instant::now() + TICK;
        }
        Ok(())
    }

    fn take_signals(&mut self) -> Turn {
        for signal in self.signals.take() {
            match signal {
                Signal::Interrupted => return Ok(Some(Ended::Interrupted)),
                Signal::Terminated => return Ok(Some(Ended::Terminated)),
                Signal::Continued => {
                    self.terminal.take_again().map_err(terminal_error)?;
                    self.is_stale = true;
                    self.fit()?;
                }
                Signal::Resized => self.fit()?,
            }
        }
        Ok(None)
    }

    /// Tells the model the size of the terminal.
    fn fit(&mut self) -> Result<()> {
        let size = self.terminal.size().map_err(terminal_error)?;
        if size != self.model.size {
            self.take(Msg::Resize(size))?;
        }
        Ok(())
    }

    fn take_news(&mut self) -> Turn {
        for news in self.worker.take_news() {
            let message = match news {
                News::Outcome(_, Outcome::Cancelled) if self.has_nothing() => {
                    return Ok(Some(Ended::Interrupted));
                }
                News::LoadFailed(_, error) if self.has_nothing() => return Err(error),
                News::Outcome(job, outcome) => Msg::Done(job, outcome),
                News::LoadFailed(job, error) => {
                    Msg::Done(job, Outcome::Failed(Complaint::of(&error)))
                }
            };
            if let Some(ended) = self.take(message)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    /// Returns whether nothing is on the screen and nothing will be.
    fn has_nothing(&self) -> bool {
        self.model.screen.is_empty() && !self.worker.is_loading()
    }

    /// Returns whether every layer is on the screen, be it with comparisons open, or a measured store.
    fn has_whole_image(&self) -> bool {
        let is_measured = |store: &StoreScreen| store.subject.known == Known::Measured;
        let is_read = |image: &ImageScreen| image.subject.analysis.stage > Stage::Partial;
        self.model.screen.store().is_some_and(is_measured)
            || self.model.image().is_some_and(is_read)
    }

    /// Takes every event there is.
    ///
    /// What reads the terminal keeps events it has not handed out, and cannot be asked about them without a
    /// timeout. On a busy machine that runs out too early, so that after events it is asked twice.
    fn take_keys(&mut self, has_keys: bool) -> Turn {
        if !has_keys && !self.may_hold_keys {
            return Ok(None);
        }
        self.may_hold_keys = false;
        for _ in 0..BATCH {
            if !event::poll(GRACE).map_err(terminal_error)? {
                break;
            }
            self.may_hold_keys = true;
            let event = event::read().map_err(terminal_error)?;
            // The size is asked for when the signal comes, which is also where this event stems from.
            if matches!(event, Event::Resize(..)) {
                self.fit()?;
            } else if let Some(message) = message(&self.model, &event)
                && let Some(ended) = self.take(message)?
            {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn take(&mut self, message: Msg) -> Turn {
        let is_quitting_now = matches!(message, Msg::Command(Command::QuitNow));
        let farewell = if is_quitting_now && !self.has_whole_image() {
            Ended::Interrupted
        } else {
            Ended::Left
        };
        let effects = update(&mut self.model, message);
        self.is_stale = true;
        for effect in effects {
            if let Some(ended) = self.act(effect, farewell)? {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    fn act(&mut self, effect: Effect, farewell: Ended) -> Turn {
        match effect {
            Effect::Quit => return Ok(Some(farewell)),
            Effect::Suspend => self.suspend().map_err(terminal_error)?,
            Effect::Load { job, choice } => {
                self.next_tick = Instant::now() + FIRST_FRAME;
                self.worker.load(job, choice).map_err(terminal_error)?;
            }
            Effect::Enter { job, stores, item } => {
                self.next_tick = Instant::now() + FIRST_FRAME;
                let begun = self.worker.enter(job, stores, item);
                begun.map_err(terminal_error)?;
            }
            Effect::CompareItems { .. } | Effect::ExportStore { .. } => {
                self.worker.begin_with_stores(effect);
            }
            Effect::Browse(job) => self.worker.browse(job),
            Effect::Cancel(job) => self.worker.cancel(job),
            Effect::Page(version) => return self.page(version),
            Effect::Copy(text) => {
                let copied = self.terminal.copy(&text, self.multiplexer);
                copied.map_err(terminal_error)?;
            }
            Effect::Mouse(mouse) => self.terminal.set_mouse(mouse).map_err(terminal_error)?,
            Effect::Read { .. }
            | Effect::Diff { .. }
            | Effect::Extract { .. }
            | Effect::Export { .. }
            | Effect::Suggest { .. }
            | Effect::Try { .. }
            | Effect::Rank { .. } => {
                if let Some(image) = self.model.image() {
                    self.worker.begin(effect, Arc::clone(&image.subject));
                }
            }
        }
        Ok(None)
    }

    /// Stops the whole job, as the terminal would have done, and goes on when a shell continues it.
    fn suspend(&mut self) -> io::Result<()> {
        let stop = || kill_current_process_group(ProcessSignal::TSTP);
        self.terminal.outside(stop)??;
        self.is_stale = true;
        Ok(())
    }

    fn page(&mut self, version: VersionAt) -> Turn {
        let Some(image) = self.model.image() else {
            return Ok(None);
        };
        let subject = Arc::clone(&image.subject);
        let look = self.model.session.look;
        let show = || pager::page(&subject, version, &self.pager, look);
        let shown = self.terminal.outside(show).map_err(terminal_error)?;
        self.is_stale = true;
        // Ctrl-C in the pager was meant for the pager.
        let signals = self.signals.take();
        if signals.contains(&Signal::Terminated) {
            return Ok(Some(Ended::Terminated));
        }
        self.fit()?;
        match shown {
            Ok(()) => Ok(None),
            Err(error) => {
                let complaint = Complaint::of(&error);
                self.take(Msg::Done(JobId::default(), Outcome::Failed(complaint)))
            }
        }
    }
}
