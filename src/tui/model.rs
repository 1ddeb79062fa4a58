//! The state of the view: the screen, and what lies around it and outlives it.

use std::sync::Arc;

use ratatui::layout::Size;

use super::command::Context;
use super::ids::JobId;
use super::layout::{self, Areas};
use super::message::MouseMode;
use super::panes::popup::Popup;
use super::reads::Surroundings;
use super::screen::{ImageScreen, Screen};
use super::session::Session;
use super::state::{Jobs, Pane, Said, Tone};

/// Everything there is to see.
#[derive(Debug)]
pub struct Model {
    /// What does not change.
    pub session: Arc<Session>,
    /// Of the terminal.
    pub size: Size,
    /// What is on the screen.
    pub screen: Screen,
    /// What lies on top, the last uppermost.
    pub popups: Vec<Popup>,
    /// What just happened; cleared by the next command.
    pub said: Option<Said>,
    /// Whether the mouse is reported.
    pub mouse: MouseMode,
    /// Numbers jobs.
    pub jobs: Jobs,
    /// Job that writes something, if one runs.
    pub writing: Option<JobId>,
}

impl Model {
    /// Makes a model that waits for its image.
    pub fn new(session: Session, size: Size) -> Self {
        Self {
            mouse: session.mouse,
            session: Arc::new(session),
            size,
            screen: Screen::default(),
            popups: Vec::new(),
            said: None,
            jobs: Jobs::default(),
            writing: None,
        }
    }

    /// Returns the image on the screen, if it is one.
    pub const fn image(&self) -> Option<&ImageScreen> {
        match &self.screen {
            Screen::Image(image) => Some(image),
            _ => None,
        }
    }

    /// Returns the pane of an image that has the keys.
    pub fn pane(&self) -> Option<Pane> {
        Some(self.image()?.pane())
    }

    /// Returns whether there is nothing behind what lies on top: closing it leaves.
    pub fn is_last_popup(&self) -> bool {
        let is_blank = match &self.screen {
            Screen::Loading(reading) => reading.running.is_none(),
            _ => false,
        };
        is_blank && self.popups.len() == 1
    }

    /// Returns what the screen has around it.
    pub fn around(&self) -> Surroundings<'_> {
        Surroundings {
            session: &self.session,
            size: self.size,
        }
    }

    /// Returns the screen with what it has around it, and where its jobs get their numbers.
    pub fn screen_and_around(&mut self) -> (&mut Screen, Surroundings<'_>, &mut Jobs) {
        let around = Surroundings {
            session: &self.session,
            size: self.size,
        };
        (&mut self.screen, around, &mut self.jobs)
    }

    /// Says something in the status line.
    pub fn say(&mut self, tone: Tone, text: &str) {
        self.said = Some(Said::new(tone, text));
    }

    /// Returns where things are.
    pub fn areas(&self) -> Areas {
        layout::areas(self.size)
    }

    /// Returns the contexts keys are looked up in, the most special first.
    pub fn contexts(&self) -> Vec<Context> {
        if let Some(popup) = self.popups.last() {
            return popup.contexts();
        }
        let own = match &self.screen {
            _ if self.is_typing() => Context::Filter,
            Screen::Loading(_) => Context::Loading,
            Screen::Store(_) => Context::Store,
            Screen::Comparison(_) => Context::Comparison,
            Screen::Image(image) => Context::Pane(image.pane()),
        };
        own.stack()
    }

    /// Returns whether the pane with the keys takes text.
    pub fn is_typing(&self) -> bool {
        match &self.screen {
            Screen::Loading(_) => false,
            Screen::Store(store) => store.pane.is_typing(),
            Screen::Comparison(comparison) => comparison.pane.is_typing(),
            Screen::Image(image) => image.panes.is_typing(image.pane()),
        }
    }
}
