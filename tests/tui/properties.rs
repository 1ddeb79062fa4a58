//! Whatever is pressed, however the terminal is resized: nothing panics, the cursor stays in range and on the
//! screen, and no raw byte of the image reaches a cell.

use layerscope::tui::Msg;
use layerscope::tui::layout::Arrangement;
use layerscope::tui::message::Mouse;
use layerscope::tui::state::Focus;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use ratatui::layout::Position;
use ratatui::style::Modifier;

use crate::screen::{Screen, Writes};
use crate::support::strategy;

#[derive(Debug, Clone)]
enum Step {
    Keys(&'static str),
    Resize(u16, u16),
    Press(u16, u16),
}

const KEYS: [&str; 74] = [
    "j",
    "k",
    "h",
    "l",
    "J",
    "K",
    "g",
    "G",
    "u",
    "d",
    "q",
    "z",
    "m",
    "s",
    "S",
    "b",
    "c",
    "w",
    "x",
    "6",
    " ",
    "y",
    "Y",
    "i",
    "v",
    "o",
    "e",
    "E",
    "r",
    "n",
    "N",
    "A",
    "M",
    "D",
    "U",
    "F",
    "1",
    "2",
    "3",
    "4",
    "5",
    "?",
    "/",
    "+",
    "-",
    ",",
    "a",
    "*",
    ">",
    "[",
    "<enter>",
    "<esc>",
    "<tab>",
    "<shift-tab>",
    "<space>",
    "<backspace>",
    "<delete>",
    "<up>",
    "<down>",
    "<left>",
    "<right>",
    "<pgup>",
    "<pgdn>",
    "<home>",
    "<end>",
    "<ctrl-u>",
    "<ctrl-d>",
    "<ctrl-r>",
    "<ctrl-t>",
    "<ctrl-w>",
    "<ctrl-f>",
    "<alt-b>",
    "<f1>",
    "<f2>",
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => (0..KEYS.len()).prop_map(|at| Step::Keys(KEYS[at])),
        1 => (0u16..140, 0u16..60).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => (18u16..60, 4u16..14).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => (0u16..100, 0u16..40).prop_map(|(x, y)| Step::Press(x, y)),
    ]
}

fn take(screen: &mut Screen, step: &Step) {
    match step {
        Step::Keys(keys) => {
            screen.keys(keys);
        }
        Step::Resize(width, height) => {
            screen.resize(*width, *height);
        }
        Step::Press(x, y) => screen.send(Msg::Mouse(Mouse::Press(Position::new(*x, *y)))),
    }
}

/// Returns what must hold of any state.
pub fn check(screen: &Screen) {
    let buffer = screen.buffer();
    screen.assert_nothing_raw();
    let model = &screen.model;
    let Some(image) = model.image() else {
        return;
    };
    let layers = image.subject.analysis.layers.len();
    assert_eq!(
        image.panes.tree.layer(),
        image.panes.layers.layer(),
        "both show one layer"
    );
    assert!(image.panes.layers.layer().as_usize() < layers.max(1));
    let rows = &image.panes.tree.rows;
    let at = image.panes.tree.scroll.at;
    assert!(at < rows.len().max(1), "row {at} of {}", rows.len());
    if let Some(place) = image.columns(model.size).tree {
        let height = usize::from(model.areas().arrangement.inner(place).height);
        let visible = image.panes.tree.scroll.visible(rows.len(), height);
        assert!(height == 0 || rows.is_empty() || visible.contains(&at));
        let has_keys = image.focus == Focus::Tree && model.popups.is_empty();
        if has_keys && height > 0 && model.areas().arrangement != Arrangement::TooSmall {
            let mut cells = buffer.content.iter();
            assert!(
                cells.any(|cell| cell.modifier.contains(Modifier::REVERSED)),
                "no cursor on\n{}",
                screen.text()
            );
        }
    }
}

/// Returns what must hold of any state of stores: the cursor is in range and on the screen.
fn check_store(screen: &Screen) {
    let buffer = screen.buffer();
    screen.assert_nothing_raw();
    let model = &screen.model;
    let pane = &screen.store().pane;
    let list = &pane.list(pane.tab).list;
    assert!(list.scroll.at < list.rows.len().max(1));
    let is_seen = model.popups.is_empty()
        && matches!(model.screen, layerscope::tui::screen::Screen::Store(_))
        && model.areas().arrangement > Arrangement::Bare;
    if is_seen && !list.rows.is_empty() {
        let mut cells = buffer.content.iter();
        assert!(
            cells.any(|cell| cell.modifier.contains(Modifier::REVERSED)),
            "no cursor on\n{}",
            screen.text()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(3),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_keys_and_no_size_break_anything(
        stack in strategy::stacks(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut screen = Screen::layers(&stack, 80, 24);
        screen.writes = Writes::Kept;
        for step in steps {
            take(&mut screen, &step);
            check(&screen);
        }
    }

    #[test]
    fn no_keys_break_a_store(steps in prop::collection::vec(step(), 0..80)) {
        let mut screen = Screen::stores(&crate::store::hostile(), crate::screen::session(), 100, 30);
        screen.writes = Writes::Kept;
        for step in steps {
            take(&mut screen, &step);
            check_store(&screen);
        }
    }

    #[test]
    fn no_keys_break_the_demo(steps in prop::collection::vec(step(), 0..80)) {
        let mut screen = Screen::demo(100, 30);
        screen.writes = Writes::Kept;
        for step in steps {
            take(&mut screen, &step);
            check(&screen);
        }
    }
}
