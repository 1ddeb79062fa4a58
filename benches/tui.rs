//! Times the interactive view from key press to finished frame: `cargo bench --bench tui`.
//!
//! The stack is that of image `b`: ten layers of small files, 1.2 million entries; for rows and
//! filters as much of it as has 600,000 rows. Keys go through the same
//! `message`, `update` and `draw` as those of a terminal, onto a screen in memory of 200×60 that is compared with
//! the one before as a terminal's would be. Beside each figure stands the bar it has to stay below.

#![allow(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a program for developers prints figures"
)]

#[path = "../tests/support/random.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::expect_used,
    reason = "shared with tests"
)]
mod random;
#[path = "generate/record.rs"]
#[allow(dead_code, reason = "shared with the generator")]
mod record;
#[path = "generate/small_files.rs"]
mod small_files;
#[path = "generate/stack.rs"]
#[allow(dead_code, reason = "shared with the benchmark of the union")]
mod stack;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use layerscope::analysis::rules::RuleSet;
use layerscope::text::{Detail, Glyphs, Look};
use layerscope::tree::{Content, MergedTree};
use layerscope::tui::draw::draw;
use layerscope::tui::events::message;
use layerscope::tui::keys::{KeyMap, Preset};
use layerscope::tui::message::{MouseMode, Outcome};
use layerscope::tui::theme::Theme;
use layerscope::tui::update::{start, update};
use layerscope::tui::{Effect, Model, Msg, Session, Subject};
use layerscope::units::Units;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;

use small_files::SmallFiles;

const SIZE: Size = Size::new(200, 60);

/// Part of the image that has some 600,000 rows, for which the bars of rows and filters hold.
const ROWS_SCALE: f64 = 0.73;

/// A view and its screen.
struct Bench {
    model: Model,
    terminal: Terminal<TestBackend>,
}

impl Bench {
    fn open(scale: f64) -> Result<Self, Box<dyn Error>> {
        let plan = SmallFiles::new(scale);
        let mut tree = MergedTree::build(stack::trees(&plan)?);
        let outcomes = vec![Content::Different; tree.comparisons().len()];
        tree.settle(&outcomes);
        let analysis = stack::analyse(tree);
        println!(
            "{} entries, {} paths, {} layers",
            analysis.totals.entries,
            analysis.tree.len(),
            analysis.layers.len()
        );
        let session = session()?;
        let begin = Instant::now();
        let subject = Arc::new(Subject::new(analysis, &session.rules));
        println!(
            "prepared in the background     {:>9.2} ms",
            milliseconds(begin.elapsed())
        );
        let mut model = Model::new(session, SIZE);
        let begin = Instant::now();
        for effect in start(&mut model) {
            if let Effect::Load { job, .. } = effect {
                update(
                    &mut model,
                    Msg::Done(job, Outcome::Loaded(Arc::clone(&subject))),
                );
            }
        }
        let terminal = Terminal::new(TestBackend::new(SIZE.width, SIZE.height))?;
        let mut bench = Self { model, terminal };
        bench.frame()?;
        println!(
            "first frame of the image       {:>9.2} ms",
            milliseconds(begin.elapsed())
        );
        Ok(bench)
    }

    /// Presses a key and draws; returns the time both took.
    fn press(&mut self, code: KeyCode) -> Result<Duration, Box<dyn Error>> {
        let event = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        let begin = Instant::now();
        if let Some(msg) = message(&self.model, &event) {
            update(&mut self.model, msg);
        }
        self.frame()?;
        Ok(begin.elapsed())
    }

    fn frame(&mut self) -> Result<(), Box<dyn Error>> {
        let model = &self.model;
        self.terminal.draw(|frame| draw(model, frame))?;
        Ok(())
    }

    /// Presses keys in turn, so many times all together.
    fn presses(&mut self, keys: &str, times: usize) -> Result<Vec<Duration>, Box<dyn Error>> {
        keys.chars()
            .cycle()
            .take(times)
            .map(|key| self.press(KeyCode::Char(key)))
            .collect()
    }

    fn rows(&self) -> usize {
        self.model
            .image()
            .map_or(0, |image| image.panes.tree.rows.len())
    }
}

fn session() -> Result<Session, Box<dyn Error>> {
    Ok(Session {
        locator: "bench".into(),
        look: Look {
            width: 200,
            units: Units::Iec,
            glyphs: Glyphs::Unicode,
            detail: Detail::Short,
        },
        theme: Theme::Default,
        keys: KeyMap::new(Preset::Default, &BTreeMap::new()).map_err(|error| error.to_string())?,
        rules: RuleSet::default(),
        mouse: MouseMode::Off,
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Prints median, 99th percentile and worst beside the bar.
fn tell(what: &str, bar: f64, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1)))
    };
    let [median, high, worst] =
        [0.5, 0.99, 1.0].map(|share| at(share).copied().map_or(0.0, milliseconds));
    let verdict = if high <= bar { "ok" } else { "MISSED" };
    println!(
        "{what:<46} {median:>8.2} ms median {high:>8.2} ms p99 {worst:>8.2} ms worst, bar {bar:>5.1} ms  {verdict}"
    );
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut bench = Bench::open(1.0)?;
    // Ratios of anything against this say more than milliseconds of a machine nobody knows.
    let mut numbers: Vec<u64> = (0..600_000u64)
        .map(|number| number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .collect();
    let begin = Instant::now();
    numbers.sort_unstable();
    println!(
        "reference: sorting 600,000 numbers {:>5.2} ms\n",
        milliseconds(begin.elapsed())
    );
    tell("layer switch, this layer", 16.0, bench.presses("K", 9)?);
    bench.press(KeyCode::Char('m'))?;
    tell("layer switch, accumulated", 16.0, bench.presses("J", 9)?);
    drop(bench);
    println!();
    let mut bench = Bench::open(ROWS_SCALE)?;
    bench.press(KeyCode::Char('m'))?;
    bench.press(KeyCode::Char('m'))?;
    let unfold = bench.presses("+-", 10)?;
    bench.press(KeyCode::Char('+'))?;
    println!("{} rows visible", bench.rows());
    tell("unfold and fold everything", 50.0, unfold);
    tell("sort and reverse", 50.0, bench.presses("sS", 8)?);
    let mut moves = bench.presses("jjjjjjjjdjjk", 2000)?;
    bench.press(KeyCode::Char('G'))?;
    moves.extend(bench.presses("kkkukkkkj", 1000)?);
    moves.extend(bench.presses("gG", 20)?);
    tell("move and draw", 1.0, moves);
    bench.press(KeyCode::Char('-'))?;
    for word in ["f12", "d1/f", "9"] {
        let mut keys = vec![bench.press(KeyCode::Char('/'))?];
        keys.clear();
        for key in word.chars() {
            keys.push(bench.press(KeyCode::Char(key))?);
        }
        tell(&format!("filter keystroke of {word:?}"), 16.0, keys);
        bench.press(KeyCode::Esc)?;
    }
    Ok(())
}
