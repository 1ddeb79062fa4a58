//! Every view at every size, in Unicode with colours and in ASCII without: text, and below each line a line of
//! styles, so that a lost highlight fails.
//!
//! `INSTA_UPDATE=always cargo test --test tui snapshots` writes them anew; read the difference before you commit it.

use std::sync::Arc;

use layerscope::image::Platform;
use layerscope::image::reference::Digest;
use layerscope::source::Choice;
use layerscope::text::Glyphs;
use layerscope::tui::message::Outcome;
use layerscope::tui::results::{LayerProgress, LayerState, LoadProgress};
use layerscope::tui::state::{StoreTab, Tab};
use layerscope::tui::store_subject::Known;
use layerscope::tui::theme::Theme;
use layerscope::tui::{Msg, Session};

use crate::screen::{Screen, demo_subject, session};
use crate::store::comparison;
use crate::stored::{docker, kubernetes, left_behind, subject, unmeasured};

const SIZES: [(u16, u16); 5] = [(200, 50), (120, 40), (80, 24), (40, 12), (20, 5)];

/// Name and keys of what else there is to see of an image.
const VIEWS: [(&str, &str); 8] = [
    ("layers-list", "<tab>"),
    ("accumulated", "m"),
    ("merged-columns", "mmc"),
    ("filter", "mmz/lib"),
    ("fuzzy", "Fboard"),
    ("help", "?"),
    ("info", "mm/board.db<enter>ni"),
    ("extract", "e"),
];

/// Keys to a text file with two versions, and what to do there.
const PREVIEWS: [(&str, &str); 3] = [("text", ""), ("hex", "m"), ("difference", "d")];

/// Returns names and keys: of every view that one goes to by a digit, named by the last word of its title, and
/// of what else there is.
fn with_tabs(titles: &[&str], others: &[(&str, &str)]) -> Vec<(String, String)> {
    let name = |title: &str| title.split(' ').next_back().unwrap().to_lowercase();
    let tabs = titles
        .iter()
        .zip(1..)
        .map(|(title, key)| (name(title), format!("{key}")));
    let others = others
        .iter()
        .map(|(name, keys)| ((*name).to_owned(), (*keys).to_owned()));
    tabs.chain(others).collect()
}

fn looks() -> [(&'static str, Session); 2] {
    let colour = session();
    let mut plain = session();
    plain.theme = Theme::Mono;
    plain.look.glyphs = Glyphs::Ascii;
    [("unicode", colour), ("ascii", plain)]
}

fn check(name: &str, screen: &Screen) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, screen.styled()));
}

fn demo_screen(session: &Session, (width, height): (u16, u16)) -> Screen {
    Screen::show(&demo_subject(), session.clone(), width, height)
}

#[test]
fn every_view_at_every_size() {
    for (look, session) in looks() {
        for size in SIZES {
            for (view, keys) in with_tabs(&Tab::ALL.map(Tab::title), &VIEWS) {
                let mut screen = demo_screen(&session, size);
                screen.keys(&keys);
                check(&format!("{view}-{}x{}-{look}", size.0, size.1), &screen);
            }
            for (view, keys) in PREVIEWS {
                let mut screen = demo_screen(&session, size);
                screen.keys("mm/dpkg/status<enter>nv").keys(keys);
                check(
                    &format!("preview-{view}-{}x{}-{look}", size.0, size.1),
                    &screen,
                );
            }
        }
    }
}

/// Name and keys of what else there is to see of a store.
const STORE_VIEWS: [(&str, &str); 3] = [
    ("marked-filter", "<space>/app"),
    ("info", "ji"),
    ("commands", "<space>jd"),
];

#[test]
fn every_view_of_a_store_at_every_size() {
    for (look, session) in looks() {
        for (width, height) in SIZES {
            let show = |stores, known| {
                Screen::stores(&subject(stores, known), session.clone(), width, height)
            };
            for (view, keys) in with_tabs(&StoreTab::ALL.map(StoreTab::title), &STORE_VIEWS) {
                let mut screen = show(vec![docker(), left_behind()], Known::Measured);
                screen.keys(&keys);
                check(&format!("store-{view}-{width}x{height}-{look}"), &screen);
            }
            let screen = show(vec![unmeasured(docker())], Known::Records);
            check(&format!("store-records-{width}x{height}-{look}"), &screen);
            let mut screen = show(vec![kubernetes()], Known::Measured);
            screen.keys("3");
            check(&format!("store-pods-{width}x{height}-{look}"), &screen);
            let mut screen = show(vec![docker()], Known::Measured);
            screen.keys("<space><space>D");
            if let Some(job) = screen.comparison().job {
                screen.send(Msg::Done(job, Outcome::Compared(Arc::new(comparison()))));
            }
            check(
                &format!("store-comparison-{width}x{height}-{look}"),
                &screen,
            );
        }
    }
}

#[test]
fn loading_and_choosing_at_every_size() {
    for (look, session) in looks() {
        for (width, height) in SIZES {
            let mut screen = Screen::waiting(session.clone(), width, height);
            screen.send(Msg::Tick(progress()));
            check(&format!("loading-{width}x{height}-{look}"), &screen);
            let job = screen.reading().expect("a load");
            screen.send(Msg::Done(job, Outcome::Choices(choices())));
            check(&format!("choices-{width}x{height}-{look}"), &screen);
        }
    }
}

fn progress() -> LoadProgress {
    let layer = |title: &str, state, done_bytes, expected_bytes, entries| LayerProgress {
        title: title.into(),
        state,
        done_bytes,
        expected_bytes,
        entries,
    };
    LoadProgress {
        elapsed_milliseconds: 900,
        title: "app-1.4.tar".into(),
        layers: vec![
            layer(
                "FROM debian:12",
                LayerState::Done,
                122_787_225,
                122_787_225,
                6402,
            ),
            layer(
                "RUN apt-get install -y \u{1b}[31mclang",
                LayerState::Damaged,
                90_000_000,
                221_249_536,
                21_118,
            ),
            layer(
                "COPY . /app",
                LayerState::Reading,
                118_000_000,
                161_690_419,
                9020,
            ),
            layer(
                "RUN npm ci --production",
                LayerState::Waiting,
                0,
                92_484_403,
                0,
            ),
        ],
        done_bytes: 330_787_225,
        expected_bytes: 598_211_583,
        entries: 36_540,
    }
}

fn choices() -> Vec<Choice> {
    let choice = |index, name: &str, architecture: &str, missing| Choice {
        index,
        names: vec![name.into()],
        id: Digest::parse(&format!("sha256:{}", "3f1c".repeat(16))),
        digest: None,
        platform: Platform::parse(&format!("linux/{architecture}")).expect("a platform"),
        missing,
    };
    vec![
        choice(0, "app:1.4", "amd64", None),
        choice(1, "app:1.4", "arm64", None),
        choice(
            2,
            "evil\u{202e}\u{1b}[2J:1",
            "s390x",
            Some("not in archive"),
        ),
    ]
}
