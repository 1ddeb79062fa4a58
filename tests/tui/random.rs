//! Random keys and sizes on random images: nothing panics, and the cursor stays in range and on the screen.

use layerscope::tui::Msg;
use layerscope::tui::message::Mouse;
use layerscope::tui::panes::tree::list_area;
use proptest::prelude::*;
use ratatui::layout::Position;
use ratatui::style::Modifier;

use crate::screen::{Screen, Writes};
use crate::support::strategy::stacks;

#[derive(Debug, Clone)]
enum Act {
    Keys(&'static str),
    Size(u16, u16),
    Press(u16, u16),
}

fn act() -> impl Strategy<Value = Act> {
    let keys = prop::sample::select(vec![
        "j",
        "k",
        "<down>",
        "<up>",
        "<pgdn>",
        "<pgup>",
        "g",
        "G",
        "<ctrl-d>",
        "<ctrl-u>",
        "h",
        "l",
        "<space>",
        "<enter>",
        "-",
        "+",
        "m",
        "A",
        "M",
        "D",
        "U",
        "s",
        "S",
        "b",
        "c",
        "/",
        "a",
        "b",
        "*",
        "(",
        "<ctrl-r>",
        "<ctrl-t>",
        "<backspace>",
        "<esc>",
        "n",
        "N",
        "x",
        "y",
        "Y",
        "i",
        "e",
        "v",
        "o",
        "w",
        "z",
        "r",
        "J",
        "K",
        "<tab>",
        "<shift-tab>",
        "1",
        "2",
        "3",
        "4",
        "5",
        "F",
        "?",
    ]);
    prop_oneof![
        12 => keys.prop_map(Act::Keys),
        1 => (0..130u16, 0..45u16).prop_map(|(width, height)| Act::Size(width, height)),
        1 => (0..80u16, 0..24u16).prop_map(|(x, y)| Act::Press(x, y)),
    ]
}

fn check(screen: &Screen) {
    let model = &screen.model;
    let size = model.size;
    let buffer = screen.buffer();
    let tree = &model.tree;
    assert!(tree.scroll.at < tree.rows.len().max(1));
    assert!(tree.scroll.offset <= tree.scroll.at);
    let layers = model.subject.as_ref().unwrap().analysis.layers.len();
    assert!(model.layers.scroll.at < layers.max(1));
    assert!(model.layers.scroll.offset <= model.layers.scroll.at);
    assert_eq!(tree.layer(), model.layers.layer(), "both show one layer");
    let cursor = tree.path();
    let is_shown = tree.projection.as_ref().unwrap().is_shown(cursor);
    assert!(is_shown || cursor.0 == 0);
    let has_room = size.width >= 20 && size.height >= 5;
    if let Some(place) = model
        .columns()
        .tree
        .filter(|_| has_room && model.popups.is_empty())
    {
        let arrangement = model.areas().arrangement;
        let list = list_area(arrangement.inner(place), arrangement);
        let down = u16::try_from(tree.scroll.at - tree.scroll.offset).unwrap();
        assert!(down < list.height, "the cursor is on the screen");
        let cell = &buffer[(list.x, list.y + down)];
        let cursor = Modifier::REVERSED | Modifier::UNDERLINED;
        assert!(cell.modifier.intersects(cursor), "and is seen: {cell:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_cursor_stays_in_range_and_on_the_screen(
        stack in stacks(),
        acts in prop::collection::vec(act(), 0..50),
    ) {
        let mut screen = Screen::layers(&stack, 80, 24);
        screen.writes = Writes::Kept;
        check(&screen);
        for act in acts {
            match act {
                Act::Keys(keys) => {
                    screen.keys(keys);
                }
                Act::Size(width, height) => {
                    screen.resize(width, height);
                }
                Act::Press(x, y) => screen.send(Msg::Mouse(Mouse::Press(Position::new(x, y)))),
            }
            check(&screen);
        }
    }
}
