//! What is on the screen. Each screen owns its state, and what it was opened from: going back is handing that out.

mod image;
mod views;

pub use image::{Hands, ImageScreen, OverWaste};
pub use views::Panes;

use std::sync::Arc;

use super::ids::JobId;
use super::layout;
use super::message::Effect;
use super::panes::comparison::ComparisonPane;
use super::panes::loading::LoadingPane;
use super::panes::store::{StorePane, StoreReads};
use super::reads::Surroundings;
use super::state::ZoomState;
use super::store_subject::{Item, Known, StoreSubject};

/// What is on the screen.
#[derive(Debug)]
pub enum Screen {
    /// Nothing yet: something is read.
    Loading(Reading),
    /// An image.
    Image(Box<ImageScreen>),
    /// A layer store.
    Store(Box<StoreScreen>),
    /// Two images of a store.
    Comparison(Box<ComparisonScreen>),
}

impl Default for Screen {
    fn default() -> Self {
        Self::Loading(Reading::default())
    }
}

/// An image on its way, or one that is read again.
#[derive(Debug, Default)]
pub struct Reading {
    /// How far it is, and how to stop it; gone once every layer is read.
    pub running: Option<LoadingPane>,
    /// What of a store it is; `None` for what the user named.
    pub opened: Option<Opened>,
}

/// An image or a container of a store that was opened.
#[derive(Debug)]
pub struct Opened {
    /// Where it was opened, and where Esc leads back.
    pub from: Box<StoreScreen>,
    /// The stores as they were then: positions may change when they are read again.
    pub stores: Arc<StoreSubject>,
    /// Which of them.
    pub item: Item,
}

/// A layer store.
#[derive(Debug)]
pub struct StoreScreen {
    /// The stores.
    pub subject: Arc<StoreSubject>,
    /// Job that measures them, while it runs.
    pub measuring: Option<JobId>,
    /// Entries counted so far while they are measured.
    pub counted: u64,
    /// Whether the list is alone.
    pub zoom: ZoomState,
    /// What they hold.
    pub pane: StorePane,
}

/// Two images or containers of a store.
#[derive(Debug)]
pub struct ComparisonScreen {
    /// Where they were chosen, and where Esc leads back.
    pub from: Box<StoreScreen>,
    /// What differs.
    pub pane: ComparisonPane,
}

impl Screen {
    /// Returns what is read for this screen.
    pub fn reading(&self) -> Option<&Reading> {
        match self {
            Self::Loading(reading) => Some(reading),
            Self::Image(image) => Some(&image.reading),
            Self::Store(_) | Self::Comparison(_) => None,
        }
    }

    /// Returns what is read for this screen.
    pub fn reading_mut(&mut self) -> Option<&mut Reading> {
        match self {
            Self::Loading(reading) => Some(reading),
            Self::Image(image) => Some(&mut image.reading),
            Self::Store(_) | Self::Comparison(_) => None,
        }
    }

    /// Returns the stores, on the screen or behind what is.
    pub fn store(&self) -> Option<&StoreScreen> {
        match self {
            Self::Store(store) => Some(store),
            Self::Comparison(comparison) => Some(&comparison.from),
            Self::Loading(_) | Self::Image(_) => Some(&self.reading()?.opened.as_ref()?.from),
        }
    }

    /// Returns the stores, on the screen or behind what is.
    pub fn store_mut(&mut self) -> Option<&mut StoreScreen> {
        match self {
            Self::Store(store) => Some(store),
            Self::Comparison(comparison) => Some(&mut comparison.from),
            Self::Loading(_) | Self::Image(_) => {
                Some(&mut self.reading_mut()?.opened.as_mut()?.from)
            }
        }
    }

    /// Returns whether one of its panes is alone, where it has several.
    pub fn zoom_mut(&mut self) -> Option<&mut ZoomState> {
        match self {
            Self::Store(store) => Some(&mut store.zoom),
            Self::Image(image) => Some(&mut image.zoom),
            Self::Loading(_) | Self::Comparison(_) => None,
        }
    }

    /// Returns whether there is a store behind it, to which Esc and `q` lead.
    pub fn leads_back(&self) -> bool {
        !matches!(self, Self::Store(_)) && self.store().is_some()
    }

    /// Returns whether there is nothing to look at, and nothing to go back to.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Loading(Reading { opened: None, .. }))
    }

    /// Returns the screen behind this one; the same where there is none.
    #[must_use]
    pub fn back(self) -> Self {
        match self {
            Self::Comparison(comparison) => Self::Store(comparison.from),
            Self::Image(image) => match image.reading.opened {
                Some(opened) => Self::Store(opened.from),
                None => Self::Image(image),
            },
            Self::Loading(Reading {
                opened: Some(opened),
                ..
            }) => Self::Store(opened.from),
            other => other,
        }
    }
}

impl Reading {
    /// Returns whether a job reads it.
    pub fn is_by(&self, job: JobId) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|running| running.job == job)
    }

    /// Asks for it to be read, instead of what is being read.
    pub fn begin(&mut self, job: JobId, choice: Option<usize>) -> Vec<Effect> {
        let cancel = self.cancel();
        self.running = Some(LoadingPane {
            job,
            progress: None,
        });
        let read = match &self.opened {
            Some(opened) => Effect::Enter {
                job,
                stores: Arc::clone(&opened.stores),
                item: opened.item,
            },
            None => Effect::Load { job, choice },
        };
        cancel.into_iter().chain([read]).collect()
    }

    /// Stops reading it.
    pub fn cancel(&mut self) -> Option<Effect> {
        let running = self.running.take()?;
        Some(Effect::Cancel(running.job))
    }
}

impl StoreScreen {
    /// Shows stores that a job has read.
    pub fn new(subject: Arc<StoreSubject>, job: JobId, around: Surroundings<'_>) -> Self {
        let mut screen = Self {
            measuring: None,
            counted: 0,
            zoom: ZoomState::default(),
            pane: StorePane::default(),
            subject: Arc::clone(&subject),
        };
        screen.take(subject, job, around);
        screen
    }

    /// Takes stores, new ones or the same with more known about them.
    pub fn take(&mut self, subject: Arc<StoreSubject>, job: JobId, around: Surroundings<'_>) {
        self.measuring = (subject.known == Known::Records).then_some(job);
        self.subject = subject;
        let (pane, reads) = self.pane_and_reads(around);
        pane.show(&reads);
    }

    /// Fits what is shown to the screen.
    pub fn resize(&mut self, around: Surroundings<'_>) {
        let (pane, reads) = self.pane_and_reads(around);
        pane.resize(&reads);
    }

    /// Returns what the pane may read.
    pub fn reads<'a>(&'a self, around: Surroundings<'a>) -> StoreReads<'a> {
        reads(&self.subject, self.zoom, self.measured(), around)
    }

    /// Returns the pane with what it may read.
    pub fn pane_and_reads<'a>(
        &'a mut self,
        around: Surroundings<'a>,
    ) -> (&'a mut StorePane, StoreReads<'a>) {
        let measured = self.measured();
        let reads = reads(&self.subject, self.zoom, measured, around);
        (&mut self.pane, reads)
    }

    /// Returns the entries counted so far, while they are measured.
    fn measured(&self) -> Option<u64> {
        self.measuring.map(|_| self.counted)
    }
}

fn reads<'a>(
    subject: &'a Arc<StoreSubject>,
    zoom: ZoomState,
    measured: Option<u64>,
    around: Surroundings<'a>,
) -> StoreReads<'a> {
    let areas = layout::areas(around.size);
    StoreReads {
        subject,
        session: around.session,
        body: areas.body,
        arrangement: areas.arrangement,
        zoom,
        measured,
    }
}
