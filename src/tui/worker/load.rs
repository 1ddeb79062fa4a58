//! From what the user named to something to look at: first what is read, then everything, then the final marks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::lane::last_words;
use super::outbox::{News, Outbox};
use crate::analysis::rules::RuleSet;
use crate::analysis::{self, Analysis, Stage};
use crate::error::{Error, Result};
use crate::image::{Image, Layer};
use crate::limits;
use crate::progress::{Allowance, Job};
use crate::scan::{self, Phase, Watch};
use crate::source::{self, InputPlace, Locator, OpenOptions, Opened, Source, SourceInfo};
use crate::store::measure::measure;
use crate::store::{self, Homes, Inventory};
use crate::tui::ids::JobId;
use crate::tui::message::Outcome;
use crate::tui::results::{LayerProgress, LayerState, LoadProgress};
use crate::tui::store_subject::{Item, Known, StoreSubject};
use crate::tui::subject::Subject;
use crate::tui::tasks::store::open;

/// Where the image comes from and how it is read.
#[derive(Debug)]
pub struct Origin {
    /// What the user named.
    pub locator: Locator,
    /// Directories of layer stores to show; empty where an image was named, or one store by the locator.
    pub homes: Homes,
    /// Which image of it.
    pub open: OpenOptions,
    /// How it is analysed.
    pub analysis: analysis::Options,
    /// What one job may cost.
    pub allowance: Allowance,
    /// Rules that the image is judged by.
    pub rules: RuleSet,
    /// What was read last: standard input cannot be read again, and a choice needs no second look.
    pub known: Mutex<Option<Arc<Source>>>,
}

impl Origin {
    pub(super) fn new_job(&self) -> Job {
        self.allowance.job()
    }

    /// Returns the source, known from before where that is as good.
    fn source(&self, choice: Option<usize>, job: &Job) -> Result<Arc<Source>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_still_good = choice.is_some() || self.locator.place == InputPlace::StandardInput;
        match &*known {
            Some(source) if is_still_good => Ok(Arc::clone(source)),
            _ => {
                let source = Arc::new(source::read(&self.locator, &self.open, job)?);
                Ok(Arc::clone(known.insert(source)))
            }
        }
    }

    fn prepared(&self, analysis: Analysis) -> Outcome {
        Outcome::Loaded(Arc::new(Subject::new(analysis, &self.rules)))
    }
}

/// How far a load is, for those who look.
#[derive(Debug, Default)]
pub(super) struct Board {
    reading: OnceLock<Reading>,
    /// The furthest that was shown; nothing less is shown after it.
    shown: Mutex<Option<Stage>>,
}

/// An opened image whose layers are read.
#[derive(Debug)]
struct Reading {
    source: SourceInfo,
    image: Image,
    watch: Watch,
    titles: Vec<String>,
    /// All layers together.
    job: Job,
}

impl Board {
    /// Returns how far the load is; its time is up to the caller.
    pub(super) fn progress(&self, job: &Job, origin: &Origin) -> LoadProgress {
        let Some(reading) = self.reading.get() else {
            let counters = job.snapshot();
            return LoadProgress {
                title: origin.locator.name().to_owned(),
                done_bytes: counters.done_bytes,
                expected_bytes: counters.expected_bytes,
                entries: counters.entries,
                ..LoadProgress::default()
            };
        };
        let title = if reading.image.names.is_empty() {
            origin.locator.name().to_owned()
        } else {
            reading.image.to_string()
        };
        let layers = reading.watch.progress().into_iter().zip(&reading.titles);
        let counters = reading.job.snapshot();
        LoadProgress {
            elapsed_milliseconds: 0,
            title,
            layers: layers
                .map(|(progress, title)| layer_progress(progress, title))
                .collect(),
            done_bytes: counters.done_bytes,
            expected_bytes: counters.expected_bytes,
            entries: counters.entries,
        }
    }

    /// Shows the layers that are read, unless more than that is on the screen.
    pub(super) fn show_finished(&self, id: JobId, origin: &Origin, outbox: &Outbox) {
        if let Some(reading) = self.reading.get() {
            let scanned = scan::partial_union(reading.watch.finished());
            let (source, image) = (reading.source.clone(), reading.image.clone());
            let analysis = analysis::from_scan(source, image, scanned, &origin.analysis);
            let stage = analysis.stage;
            // Everything is read meanwhile, and the loader shows it with its comparisons.
            if stage == Stage::Partial {
                self.show(stage, News::Outcome(id, origin.prepared(analysis)), outbox);
            }
        }
    }

    fn show(&self, stage: Stage, news: News, outbox: &Outbox) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.is_none_or(|shown| shown <= stage) {
            *shown = Some(stage);
            outbox.send(news);
        }
    }
}

fn layer_progress(progress: scan::LayerProgress, title: &str) -> LayerProgress {
    LayerProgress {
        title: title.to_owned(),
        state: match progress.phase {
            Phase::Waiting => LayerState::Waiting,
            Phase::Reading => LayerState::Reading,
            Phase::Done => LayerState::Done,
            Phase::Damaged => LayerState::Damaged,
        },
        done_bytes: progress.counters.done_bytes,
        expected_bytes: progress.counters.expected_bytes,
        entries: progress.counters.entries,
    }
}

/// What is to be read.
#[derive(Debug)]
pub(super) enum Wanted {
    /// What the user named; one of its images, where it has several.
    Named(Option<usize>),
    /// An image or a container of stores that are read.
    Within(Arc<StoreSubject>, Item),
}

/// One attempt to read an image.
#[derive(Debug)]
pub(super) struct Loader {
    pub(super) origin: Arc<Origin>,
    pub(super) board: Arc<Board>,
    pub(super) outbox: Outbox,
    pub(super) id: JobId,
    pub(super) job: Job,
    pub(super) wanted: Wanted,
}

impl Loader {
    /// Reads, and tells everything that can be shown as soon as it can.
    pub(super) fn run(&self) {
        let loaded = catch_unwind(AssertUnwindSafe(|| self.load()));
        let loaded = loaded.unwrap_or_else(|payload| Err(self.broken(&last_words(&*payload))));
        match loaded {
            Ok(()) => {}
            // Deep in a reader an interruption looks like a failure to read.
            Err(_) if self.job.is_cancelled() => self.tell(Outcome::Cancelled),
            Err(Error::Interrupted) => self.fail(self.broken("a thread did not finish")),
            Err(error) => self.fail(error),
        }
    }

    /// Nobody has cancelled, and yet something is missing.
    fn broken(&self, words: &str) -> Error {
        Error::Read {
            name: self.origin.locator.name().to_owned(),
            offset: 0,
            source: std::io::Error::other(format!("this is a bug: {words}")),
        }
    }

    fn fail(&self, error: Error) {
        self.outbox.send(News::LoadFailed(self.id, error));
    }

    fn tell(&self, outcome: Outcome) {
        self.outbox.send(News::Outcome(self.id, outcome));
    }

    fn load(&self) -> Result<()> {
        match &self.wanted {
            Wanted::Within(stores, item) => self.show_image(open(stores, *item)?),
            Wanted::Named(choice) => self.load_named(*choice),
        }
    }

    fn load_named(&self, choice: Option<usize>) -> Result<()> {
        if !self.origin.homes.places.is_empty() {
            return self.survey(store::read_all(&self.origin.homes, &self.job)?);
        }
        let source = self.origin.source(choice, &self.job)?;
        let mut options = self.origin.open.clone();
        let is_chosen = choice.is_some() || options.image.is_some() || options.container.is_some();
        if let Some(inventory) = source.overview().filter(|_| !is_chosen) {
            return self.survey(inventory.clone());
        }
        if let Some(choice) = choice {
            options.image = Some(choice.to_string());
        }
        match source.open(&options, &self.job) {
            Err(Error::ManyImages { .. }) => {
                self.tell(Outcome::Choices(source.choices()));
                Ok(())
            }
            other => self.show_image(other?),
        }
    }

    /// Shows what the records of stores say, then measures them.
    fn survey(&self, mut inventory: Inventory) -> Result<()> {
        let records = StoreSubject::new(inventory.clone(), Known::Records);
        self.tell(Outcome::Store(Arc::new(records)));
        measure(&mut inventory, self.origin.analysis.scan.threads, &self.job)?;
        self.job.check()?;
        let measured = StoreSubject::new(inventory, Known::Measured);
        self.tell(Outcome::Store(Arc::new(measured)));
        Ok(())
    }

    fn show_image(&self, opened: Opened) -> Result<()> {
        let reading = self.board.reading.get_or_init(|| self.reading(opened));
        let options = &self.origin.analysis;
        let trees = scan::layers(&reading.image, &options.scan, &reading.watch)?;
        self.job.check()?;
        let (source, image) = (reading.source.clone(), reading.image.clone());
        let first = analysis::from_scan(source, image, scan::union(trees), options);
        self.job.check()?;
        let first = Arc::new(Subject::new(first, &self.origin.rules));
        self.show(&first);
        if first.analysis.stage != Stage::Final {
            let job = self.job.part();
            let tree = &first.analysis.tree;
            let compared = scan::compare(tree, &reading.image, &options.scan, &job)?;
            let last = first.analysis.settled(compared);
            self.job.check()?;
            self.show(&Arc::new(Subject::new(last, &self.origin.rules)));
        }
        Ok(())
    }

    fn show(&self, subject: &Arc<Subject>) {
        let news = News::Outcome(self.id, Outcome::Loaded(Arc::clone(subject)));
        let stage = subject.analysis.stage;
        self.board.show(stage, news, &self.outbox);
    }

    fn reading(&self, opened: Opened) -> Reading {
        let Opened { source, image } = opened;
        let job = self.job.part();
        Reading {
            watch: Watch::new(&image, &job),
            titles: self.titles(&source, &image),
            job,
            source,
            image,
        }
    }

    /// Returns the instructions of the layers as far as they are known before any is read.
    fn titles(&self, source: &SourceInfo, image: &Image) -> Vec<String> {
        if image.layers.len() > limits::LAYERS {
            return Vec::new();
        }
        let nothing = scan::partial_union(vec![None; image.layers.len()]);
        let (source, image) = (source.clone(), image.clone());
        let known = analysis::from_scan(source, image, nothing, &self.origin.analysis);
        known.image.layers.iter().map(Layer::title).collect()
    }
}
