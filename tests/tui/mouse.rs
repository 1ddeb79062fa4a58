//! The mouse.

use layerscope::tui::Msg;
use layerscope::tui::message::Mouse;
use layerscope::tui::state::{Focus, Tab};
use ratatui::layout::Position;

use crate::screen::Screen;

fn press(screen: &mut Screen, words: &str) {
    let text = screen.text();
    let (y, line) = text
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(words))
        .expect("words on the screen");
    let x = line.split(words).next().unwrap().chars().count();
    let at = Position::new(u16::try_from(x).unwrap(), u16::try_from(y).unwrap());
    screen.send(Msg::Mouse(Mouse::Press(at)));
}

#[test]
fn a_press_puts_the_cursor_there_and_a_second_one_opens() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("JJJJJJJJJJ");
    press(&mut screen, "app/");
    assert!(screen.shows("data/  (1)"));
    press(&mut screen, "app/");
    assert!(!screen.shows("data/"), "{}", screen.text());
    press(&mut screen, "WORKDIR");
    assert_eq!(screen.view().focus, Focus::Layers);
    assert_eq!(screen.panes().layers.layer().0, 3);
    press(&mut screen, "WORKDIR");
    assert_eq!(screen.view().focus, Focus::Tree, "opened");
}

#[test]
fn a_press_on_a_name_shows_that_view() {
    for (words, tab) in [
        ("Waste", Tab::Waste),
        ("3 Files", Tab::Files),
        ("Treemap", Tab::Treemap),
        ("Image", Tab::Image),
    ] {
        let mut screen = Screen::demo(80, 24);
        press(&mut screen, words);
        assert_eq!(screen.view().tab, tab);
        press(&mut screen, "1 Layers");
        assert_eq!(screen.view().tab, Tab::Layers);
    }
}

#[test]
fn the_wheel_moves_in_the_pane_under_it() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("JJJJJJJJJJ");
    let layer = screen.panes().layers.layer().0;
    screen.send(Msg::Mouse(Mouse::WheelUp(Position::new(5, 8))));
    assert_eq!(screen.panes().layers.layer().0, layer - 3);
    assert_eq!(screen.view().focus, Focus::Tree);
    screen.send(Msg::Mouse(Mouse::WheelDown(Position::new(60, 8))));
    assert_eq!(screen.panes().tree.scroll.at, 3);
}

#[test]
fn presses_anywhere_do_no_harm() {
    for (width, height) in [(80, 24), (120, 40), (50, 20), (40, 12), (20, 5), (3, 2)] {
        let mut screen = Screen::demo(width, height);
        for y in 0..height {
            for x in (0..width).step_by(7) {
                screen.send(Msg::Mouse(Mouse::Press(Position::new(x, y))));
                screen.send(Msg::Mouse(Mouse::WheelDown(Position::new(x, y))));
            }
        }
        screen.text();
    }
}

#[test]
fn rows_of_the_other_lists_are_pressed_too() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("2");
    press(&mut screen, "/var/lib/apt/lists/");
    assert_eq!(screen.panes().waste.list.scroll.at, 1);
    press(&mut screen, "/var/lib/apt/lists/");
    assert_eq!(screen.view().tab, Tab::Layers, "opened");
    screen.keys("3");
    press(&mut screen, "/bin/grep");
    assert!(
        screen.line(22).starts_with(" /bin/grep"),
        "{}",
        screen.text()
    );
}

#[test]
fn tiles_are_pressed_too() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("4G");
    let rest = screen.panes().treemap.picture.at;
    press(&mut screen, "usr/");
    assert_eq!((rest > 0, screen.panes().treemap.picture.at), (true, 0));
    press(&mut screen, "usr/");
    assert!(screen.shows("/usr   8.8 MiB"), "{}", screen.text());
    screen.resize(20, 4);
    screen.resize(20, 5);
    for y in 0..5 {
        screen.send(Msg::Mouse(Mouse::Press(Position::new(3, y))));
    }
    screen.text();
}

#[test]
fn a_store_is_pressed_like_any_list() {
    let stores = crate::stored::subject(
        vec![crate::stored::docker()],
        layerscope::tui::store_subject::Known::Measured,
    );
    let mut screen = Screen::stores(&stores, crate::screen::session(), 80, 24);
    press(&mut screen, "debian:12");
    assert_eq!(
        screen
            .store()
            .pane
            .list(screen.store().pane.tab)
            .list
            .scroll
            .at,
        4
    );
    assert!(!screen.model.screen.leads_back());
    press(&mut screen, "debian:12");
    assert!(screen.model.screen.leads_back(), "opened");
    screen.keys("<esc>");
    press(&mut screen, "4 Orphans");
    assert!(screen.shows("[4]Orphans"));
    screen.send(Msg::Mouse(Mouse::WheelDown(Position::new(5, 5))));
    assert_eq!(
        screen
            .store()
            .pane
            .list(screen.store().pane.tab)
            .list
            .scroll
            .at,
        1
    );
}
