//! The interactive view without a terminal: keys in, cells out, effects done on the spot.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use layerscope::analysis::Analysis;
use layerscope::analysis::rules::RuleSet;
use layerscope::progress::Job;
use layerscope::text::{Detail, Glyphs, Look};
use layerscope::tui::draw::draw;
use layerscope::tui::events::message;
use layerscope::tui::ids::JobId;
use layerscope::tui::keys::{KeyMap, Preset};
use layerscope::tui::message::{MouseMode, Outcome};
use layerscope::tui::panes::comparison::ComparisonPane;
use layerscope::tui::panes::loading::LoadingPane;
use layerscope::tui::screen::{ImageScreen, Panes, StoreScreen};
use layerscope::tui::theme::Theme;
use layerscope::tui::update::{start, update};
use layerscope::tui::{Effect, Model, Msg, Session, StoreSubject, Subject, tasks};
use layerscope::units::Units;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};

use crate::support::{Codec, Image, Item, Packing, demo, docker_current, opened};

/// A view of one image.
#[derive(Debug)]
pub struct Screen {
    pub model: Model,
    /// Effects that reach the outside: copies, quits, files to write.
    pub effects: Vec<Effect>,
    /// What becomes of effects that write files.
    pub writes: Writes,
}

/// What becomes of effects that write files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// They are done.
    Done,
    /// They are only kept: for keys that nobody chose.
    Kept,
}

/// Returns settings as they are without any configuration.
pub fn session() -> Session {
    Session {
        locator: "fixture.tar".into(),
        look: Look {
            width: 80,
            units: Units::Iec,
            glyphs: Glyphs::Unicode,
            detail: Detail::Short,
        },
        theme: Theme::Default,
        keys: KeyMap::new(Preset::Default, &BTreeMap::new()).expect("the table has no clash"),
        rules: RuleSet::default(),
        mouse: MouseMode::Off,
    }
}

/// Returns the demo image without rules; read once.
pub fn demo_subject() -> Arc<Subject> {
    static SUBJECT: OnceLock<Arc<Subject>> = OnceLock::new();
    let read = || {
        Arc::new(Subject::new(
            analysis_of(&demo::demo()),
            &RuleSet::default(),
        ))
    };
    Arc::clone(SUBJECT.get_or_init(read))
}

/// Opens a logical image as a current `docker save` archive and analyses it.
pub fn analysis_of(image: &Image) -> Analysis {
    let bytes = docker_current(&[image], Packing::new(Codec::None)).archive(Codec::None);
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::io::Write::write_all(&mut file, &bytes).expect("room for the image");
    let job = Job::new();
    let locator = layerscope::source::Locator::parse(file.path().as_os_str()).expect("a locator");
    let options = layerscope::source::OpenOptions::default();
    let opened = layerscope::source::open(&locator, &options, &job).expect("an image");
    let mut source = opened.source;
    source.locator = "fixture.tar".into();
    let options = layerscope::analysis::Options::default();
    layerscope::analysis::run(source, opened.image, &options, &job).expect("an analysis")
}

impl Screen {
    /// Shows an analysis.
    pub fn of(analysis: Analysis, session: Session, width: u16, height: u16) -> Self {
        let subject = Arc::new(Subject::new(analysis, &session.rules));
        Self::show(&subject, session, width, height)
    }

    /// Shows what was prepared before.
    pub fn show(subject: &Arc<Subject>, session: Session, width: u16, height: u16) -> Self {
        let mut screen = Self::waiting(session, width, height);
        for effect in std::mem::take(&mut screen.effects) {
            if let Effect::Load { job, .. } = effect {
                screen.send(Msg::Done(job, Outcome::Loaded(Arc::clone(subject))));
            }
        }
        screen
    }

    /// Shows stores.
    pub fn stores(stores: &Arc<StoreSubject>, session: Session, width: u16, height: u16) -> Self {
        let mut screen = Self::waiting(session, width, height);
        for effect in std::mem::take(&mut screen.effects) {
            if let Effect::Load { job, .. } = effect {
                screen.send(Msg::Done(job, Outcome::Store(Arc::clone(stores))));
            }
        }
        screen
    }

    /// Waits for an image.
    pub fn waiting(session: Session, width: u16, height: u16) -> Self {
        let mut model = Model::new(session, Size::new(width, height));
        let effects = start(&mut model);
        Self {
            model,
            effects,
            writes: Writes::Done,
        }
    }

    /// Shows a logical image with default settings.
    pub fn image(image: &Image, width: u16, height: u16) -> Self {
        Self::of(analysis_of(image), session(), width, height)
    }

    /// Shows bare layers with default settings.
    pub fn layers(stack: &[Vec<Item>], width: u16, height: u16) -> Self {
        Self::of(
            opened::analyse(stack, &[Codec::None]),
            session(),
            width,
            height,
        )
    }

    /// Shows the demo image.
    pub fn demo(width: u16, height: u16) -> Self {
        Self::show(&demo_subject(), session(), width, height)
    }

    /// Returns the image on the screen.
    pub fn view(&self) -> &ImageScreen {
        self.model.image().expect("an image")
    }

    /// Returns the image on the screen, to be changed.
    pub fn view_mut(&mut self) -> &mut ImageScreen {
        match &mut self.model.screen {
            layerscope::tui::screen::Screen::Image(image) => image,
            other => panic!("no image: {other:?}"),
        }
    }

    /// Returns the panes of the image on the screen.
    pub fn panes(&self) -> &Panes {
        &self.view().panes
    }

    /// Returns the stores, on the screen or behind what is.
    pub fn store(&self) -> &StoreScreen {
        self.model.screen.store().expect("stores")
    }

    /// Returns the comparison on the screen.
    pub fn comparison(&self) -> &ComparisonPane {
        match &self.model.screen {
            layerscope::tui::screen::Screen::Comparison(comparison) => &comparison.pane,
            other => panic!("no comparison: {other:?}"),
        }
    }

    /// Lets a job read the image on the screen again.
    pub fn reads_again(&mut self, job: JobId) {
        self.view_mut().reading.running = Some(LoadingPane {
            job,
            progress: None,
        });
    }

    /// Returns the job that reads an image, if one does.
    pub fn reading(&self) -> Option<JobId> {
        let running = self.model.screen.reading()?.running.as_ref()?;
        Some(running.job)
    }

    /// Sends a message and does what can be done of its effects; the rest is kept.
    pub fn send(&mut self, msg: Msg) {
        let mut pending = update(&mut self.model, msg);
        while let Some(effect) = pending.pop() {
            let is_write = matches!(effect, Effect::Extract { .. } | Effect::Export { .. });
            let done = tasks::job_of(&effect)
                .zip(self.model.image().map(|image| Arc::clone(&image.subject)))
                .filter(|_| self.writes == Writes::Done || !is_write);
            match done {
                Some((job, subject)) => {
                    if let Some(outcome) = tasks::run(&effect, &subject, &Job::new()) {
                        pending.extend(update(&mut self.model, Msg::Done(job, outcome)));
                    }
                    self.effects.push(effect);
                }
                None => self.effects.push(effect),
            }
        }
    }

    /// Presses keys: `"jj/lib<enter>"`; names in angle brackets as in the configuration.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        for event in events(keys) {
            if let Some(msg) = message(&self.model, &Event::Key(event)) {
                self.send(msg);
            }
        }
        self
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.send(Msg::Resize(Size::new(width, height)));
        self
    }

    /// Draws a frame.
    pub fn buffer(&self) -> Buffer {
        let size = self.model.size;
        let mut terminal =
            Terminal::new(TestBackend::new(size.width, size.height)).expect("a terminal");
        terminal
            .draw(|frame| draw(&self.model, frame))
            .expect("a frame");
        terminal.backend().buffer().clone()
    }

    /// Returns what is on the screen, line by line, without blanks at the ends.
    pub fn text(&self) -> String {
        text(&self.buffer())
    }

    /// Returns one line of the screen.
    pub fn line(&self, at: usize) -> String {
        self.text().lines().nth(at).unwrap_or_default().to_owned()
    }

    /// Returns whether some text is on the screen.
    pub fn shows(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// Returns the line on which some text is.
    pub fn line_with(&self, words: &str) -> String {
        let text = self.text();
        let line = text.lines().find(|line| line.contains(words));
        line.unwrap_or_else(|| panic!("no {words:?} on\n{text}"))
            .to_owned()
    }

    /// Makes sure that no cell holds what could steer a terminal or turn text around.
    pub fn assert_nothing_raw(&self) {
        let is_raw = |character: char| {
            character.is_control()
                || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200B}')
        };
        for cell in &self.buffer().content {
            let symbol = cell.symbol();
            assert!(
                !symbol.chars().any(is_raw),
                "{symbol:?} on\n{}",
                self.text()
            );
        }
    }

    /// Returns text and styles: below each line that is not plain another one with a letter a cell.
    pub fn styled(&self) -> String {
        styled(&self.buffer())
    }
}

/// Returns the text of cells.
pub fn text(buffer: &Buffer) -> String {
    let mut all = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            let width = unicode_width::UnicodeWidthStr::width(symbol);
            x += u16::try_from(width.max(1)).expect("a cell's width");
        }
        all.push_str(line.trim_end());
        all.push('\n');
    }
    all
}

/// Returns text with a line of styles below each: `.` plain, `r` reverse, `b` bold, `d` dim, `u` underlined,
/// colours `G` green, `Y` yellow, `R` red, `B` blue, `C` cyan, `M` magenta; reverse wins, then colours.
pub fn styled(buffer: &Buffer) -> String {
    let mut all = String::new();
    let text = text(buffer);
    for (y, line) in text.lines().enumerate() {
        let y = u16::try_from(y).expect("a row");
        let letters: String = (0..buffer.area.width)
            .map(|x| letter(&buffer[(x, y)]))
            .collect();
        writeln!(all, "{line}").expect("room");
        if letters.chars().any(|letter| letter != '.') {
            writeln!(all, "{}", letters.trim_end_matches('.')).expect("room");
        }
    }
    all
}

fn letter(cell: &ratatui::buffer::Cell) -> char {
    if cell.modifier.contains(Modifier::REVERSED) {
        return 'r';
    }
    match cell.fg {
        Color::Green => 'G',
        Color::Yellow => 'Y',
        Color::Red => 'R',
        Color::Blue | Color::LightBlue => 'B',
        Color::Cyan => 'C',
        Color::Magenta => 'M',
        _ if cell.modifier.contains(Modifier::BOLD) => 'b',
        _ if cell.modifier.contains(Modifier::DIM) => 'd',
        _ if cell.modifier.contains(Modifier::UNDERLINED) => 'u',
        _ => '.',
    }
}

/// Returns the key events of a string.
pub fn events(keys: &str) -> Vec<KeyEvent> {
    let mut events = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let named = rest
            .strip_prefix('<')
            .and_then(|inner| inner.split_once('>'))
            .and_then(|(name, behind)| Some((named(name)?, behind)));
        if let Some((event, behind)) = named {
            events.push(event);
            rest = behind;
        } else {
            events.push(KeyEvent::new(KeyCode::Char(first), KeyModifiers::NONE));
            rest = rest.strip_prefix(first).unwrap_or_default();
        }
    }
    events
}

fn named(name: &str) -> Option<KeyEvent> {
    let (modifiers, name) = match name.split_once('-') {
        Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
        Some(("alt", rest)) => (KeyModifiers::ALT, rest),
        _ => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "shift-tab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "f1" => KeyCode::F(1),
        "f2" => KeyCode::F(2),
        one if one.chars().count() == 1 => KeyCode::Char(one.chars().next()?),
        _ => return None,
    };
    Some(KeyEvent::new(code, modifiers))
}
