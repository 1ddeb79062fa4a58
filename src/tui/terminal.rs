//! The terminal while the view has it: raw, on its alternate screen, without cursor; given back on every way out.
//!
//! What was changed is remembered in one place of the process, because a panic has to find it too.

mod keyboard;

use std::io::{self, BufWriter, Stdout, Write as _};
use std::panic;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::style::{Attribute, SetAttribute, force_color_output};
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::crossterm::{cursor, execute, queue};
use ratatui::layout::Size;
use rustix::fd::OwnedFd;
use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::clipboard::{self, Multiplexer};
use super::message::MouseMode;

pub use keyboard::Keyboard;

/// Bytes of a frame that reach the terminal in one piece.
const FRAME_BYTES: usize = 64 * 1024;

/// What has to be undone.
struct Held {
    keyboard: OwnedFd,
    before: Termios,
    mouse: MouseMode,
    /// The thread that draws: only its panics end the view.
    owner: ThreadId,
}

static HELD: Mutex<Option<Held>> = Mutex::new(None);

fn held() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal, taken over. Dropping it gives it back.
#[derive(Debug)]
pub struct Terminal {
    keyboard: Keyboard,
    screen: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

impl Terminal {
    /// Takes the terminal over. Standard output must be one; there can be only one of these at a time.
    ///
    /// From now on a panic of this thread gives the terminal back before it is told, and one of another thread
    /// only reaches the log.
    ///
    /// # Errors
    /// When the terminal refuses; then it is as before.
    pub fn enter(keyboard: Keyboard, mouse: MouseMode) -> io::Result<Self> {
        chain_panic_hook();
        // Whether there are colours is decided by the theme, which knows about NO_COLOR.
        force_color_output(true);
        let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
        let screen = ratatui::Terminal::new(backend)?;
        hold(&keyboard, mouse)?;
        Ok(Self { keyboard, screen })
    }

    /// Returns where keys come from.
    pub const fn keyboard(&self) -> &Keyboard {
        &self.keyboard
    }

    /// Returns the size the terminal has now.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn size(&self) -> io::Result<Size> {
        self.screen.size()
    }

    /// Draws a frame: only cells that changed are written.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.screen.draw(draw).map(drop)
    }

    /// Gives the terminal back while something else runs, and takes it again.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn outside<T>(&mut self, act: impl FnOnce() -> T) -> io::Result<T> {
        let mouse = held().as_ref().map(|held| held.mouse);
        release()?;
        let result = act();
        hold(&self.keyboard, mouse.unwrap_or_default())?;
        self.forget_cells()?;
        Ok(result)
    }

    /// Takes the terminal again after somebody else has changed it: a shell that continues a job.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn take_again(&mut self) -> io::Result<()> {
        if let Some(held) = held().as_ref() {
            seize(held)?;
        }
        self.forget_cells()
    }

    /// Makes the next frame write every cell.
    fn forget_cells(&mut self) -> io::Result<()> {
        // Clearing would ask the terminal for its cursor, and the answer may come behind keys or never.
        let size = self.screen.size()?;
        self.screen.resize(size.into())
    }

    /// Switches reporting of the mouse.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn set_mouse(&mut self, mouse: MouseMode) -> io::Result<()> {
        if let Some(held) = held().as_mut() {
            held.mouse = mouse;
        }
        match mouse {
            MouseMode::On => execute!(io::stdout(), EnableMouseCapture),
            MouseMode::Off => execute!(io::stdout(), DisableMouseCapture),
        }
    }

    /// Hands text to the terminal's clipboard, as far as the terminal allows that.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn copy(&mut self, text: &str, multiplexer: Multiplexer) -> io::Result<()> {
        let Some(sequence) = clipboard::sequence(text, multiplexer) else {
            return Ok(());
        };
        let mut output = io::stdout().lock();
        output.write_all(&sequence)?;
        output.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Err(error) = release() {
            log::debug!("cannot give the terminal back: {error}");
        }
    }
}

fn hold(keyboard: &Keyboard, mouse: MouseMode) -> io::Result<()> {
    let taken = Held {
        keyboard: keyboard.duplicate()?,
        before: tcgetattr(keyboard)?,
        mouse,
        owner: thread::current().id(),
    };
    let mut held = held();
    let seized = seize(held.insert(taken));
    drop(held);
    if seized.is_err() {
        // The first error says more than what undoing runs into.
        release().unwrap_or_default();
    }
    seized
}

fn seize(held: &Held) -> io::Result<()> {
    let mut raw = held.before.clone();
    raw.make_raw();
    // A read that finds nothing returns: a sequence cut in half must not stop everything else.
    raw.special_codes[SpecialCodeIndex::VMIN] = 0;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(&held.keyboard, OptionalActions::Now, &raw)?;
    let mut output = io::stdout().lock();
    queue!(
        output,
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    )?;
    if held.mouse == MouseMode::On {
        queue!(output, EnableMouseCapture)?;
    }
    output.flush()
}

/// Undoes what is held. Does nothing the second time.
fn release() -> io::Result<()> {
    let Some(held) = held().take() else {
        return Ok(());
    };
    let written = write_farewell(held.mouse);
    tcsetattr(&held.keyboard, OptionalActions::Now, &held.before)?;
    written
}

fn write_farewell(mouse: MouseMode) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if mouse == MouseMode::On {
        queue!(output, DisableMouseCapture)?;
    }
    queue!(
        output,
        SetAttribute(Attribute::Reset),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    )?;
    output.flush()
}

fn chain_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            let owner = held().as_ref().map(|held| held.owner);
            if owner.is_some_and(|owner| owner != thread::current().id()) {
                log::error!("{panicked}");
                return;
            }
            release().unwrap_or_default();
            previous(panicked);
        }));
    });
}
