//! The image view: what is in it, and what every key does there.

use layerscope::tui::Effect;
use layerscope::tui::panes::image::{Section, Wrap};
use layerscope::tui::state::{Focus, Tab};
use serde_json::json;

use crate::screen::Screen;
use crate::support::{Image, image};

fn view(width: u16, height: u16) -> Screen {
    let mut screen = Screen::demo(width, height);
    screen.keys("5");
    screen
}

fn copied(screen: &Screen) -> Option<String> {
    screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    })
}

/// Goes to the first line with some words.
fn go_to(screen: &mut Screen, words: &str) {
    let pane = &screen.panes().image;
    let mut lines = pane.list.rows.iter().map(|row| &pane.lines[row.line]);
    let at = lines
        .position(|fact| fact.text.contains(words))
        .expect("the line");
    screen.keys(&format!("g{}", "j".repeat(at)));
}

#[test]
fn every_part_is_there() {
    let screen = view(120, 100);
    let text = screen.text();
    for words in [
        "─ Identity ─",
        "Name      harbour-board:1.4",
        "Platform  linux/amd64",
        "docker-archive  fixture.tar",
        "layer 0 (builder changes from docker-classic to buildkit)",
        "─ Configuration ─",
        "[\"node\",\"dist/server.js\"]",
        "NODE_ENV=production",
        "8080/tcp",
        "org.opencontainers.image.title=harbour board",
        "─ History ─",
        "ADD file:3d7c1f0a9b52 in /",
        "EXPOSE 8080/tcp",
        "L11  diff ID  sha256:",
        "compression none",
        "whiteout of /app/tmp/build.lock",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    // Entries without a layer say so.
    assert!(screen.line_with("USER node").contains(" -  "));
    let row = screen.line_with("RUN npm ci");
    assert!(
        row.contains("L5") && row.contains("24.1 KiB") && row.contains("2026-02-10 16:20"),
        "{row}"
    );
}

#[test]
fn enter_goes_to_the_layer_of_a_line() {
    let mut screen = view(80, 24);
    go_to(&mut screen, "RUN rm .npmrc");
    screen.keys("<enter>");
    assert_eq!(
        (screen.view().tab, screen.view().focus),
        (Tab::Layers, Focus::Tree)
    );
    assert_eq!(screen.panes().layers.layer().0, 6);
    screen.keys("5");
    go_to(&mut screen, "NODE_ENV=production");
    screen.keys("<enter>");
    assert_eq!(screen.view().tab, Tab::Image);
    assert!(screen.model.said.is_some());
}

#[test]
fn y_copies_all_of_a_line() {
    let long = "x".repeat(5_000);
    let labelled = image()
        .label("long", &long)
        .layer("COPY a /", |l| l.file("a", "a"))
        .build();
    let mut screen = Screen::image(&labelled, 40, 12);
    screen.keys("5");
    go_to(&mut screen, "long=");
    screen.keys("y");
    assert_eq!(copied(&screen), Some(format!("long={long}")));
    assert!(screen.line_with("long=").contains('…'));
}

#[test]
fn w_wraps_long_lines_and_keeps_the_line() {
    let mut screen = view(40, 12);
    go_to(&mut screen, "RUN ./migrate --seed");
    assert_eq!(screen.panes().image.wrap, Wrap::Off);
    let rows = screen.panes().image.list.rows.len();
    screen.keys("w");
    assert!(screen.panes().image.list.rows.len() > rows);
    assert!(
        screen
            .panes()
            .image
            .current()
            .unwrap()
            .text
            .starts_with("RUN ./migrate --seed")
    );
    // All of it is on the screen, over several rows.
    let joined: String = screen
        .text()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect::<Vec<_>>()
        .join(" ");
    assert!(joined.contains("/usr/bin/node"), "{}", screen.text());
    screen.keys("w");
    assert_eq!(screen.panes().image.list.rows.len(), rows);
}

#[test]
fn a_filter_keeps_the_headings_of_what_it_finds() {
    let mut screen = view(80, 24);
    screen.keys("/NODE_env");
    assert!(screen.model.is_typing() && screen.shows("nothing matches"));
    screen.keys("<ctrl-t><ctrl-t>");
    let sections: Vec<Section> = screen
        .panes()
        .image
        .list
        .rows
        .iter()
        .map(|row| screen.panes().image.lines[row.line].section)
        .collect();
    assert_eq!(
        sections,
        [
            Section::Configuration,
            Section::Configuration,
            Section::History,
            Section::History
        ]
    );
    assert!(screen.shows("2 match"));
    screen.keys("<enter>G");
    assert!(!screen.model.is_typing());
    let chosen = screen.panes().image.current().cloned();
    screen.keys("<esc>");
    assert_eq!(screen.panes().image.current().cloned(), chosen);
    // The name of a part finds all of it.
    screen.keys("/Labels<enter>");
    assert_eq!(screen.panes().image.found, 2);
}

#[test]
fn an_image_that_says_nothing_is_shown_too() {
    let bare = image().unrecorded_layer(|l| l.file("a", "a")).build();
    for (width, height) in [(80, 24), (40, 12)] {
        let mut screen = Screen::image(&bare, width, height);
        screen.keys("5G");
        assert!(
            screen.shows("the image has no history"),
            "{}",
            screen.text()
        );
        screen.keys("<enter>yw/zzz<enter>jk<enter>y<esc>");
    }
}

fn hostile() -> Image {
    image()
        .name("evil\u{202E}:1\u{1b}[31m")
        .label("a\u{1b}]0;x\u{7}", "b\u{202E}\u{200B}")
        .config("Env", json!(["X=\u{1b}[2J", "Y=\u{9b}m"]))
        .config("Cmd", json!(["\u{1b}c", "\u{202E}"]))
        .config("User", json!("\u{1b}[H"))
        .layer("RUN /bin/sh -c make \u{1b}[31m\u{202E}", |l| {
            l.file("a", "a")
        })
        .empty("LABEL \u{1b}[5m\n\tx")
        .build()
}

#[test]
fn nothing_of_the_image_reaches_the_cells_raw() {
    for (width, height) in [(200, 50), (80, 24), (40, 12)] {
        let mut screen = Screen::image(&hostile(), width, height);
        for keys in ["5", "w", "/1B", "<enter>", "<esc>", "G", "g"] {
            screen.keys(keys);
            screen.assert_nothing_raw();
        }
        go_to(&mut screen, "]0;");
        screen.keys("y");
        assert_eq!(
            copied(&screen).as_deref(),
            Some("a\\x1B]0;x\\x07=b\\u{202E}\\u{200B}")
        );
    }
}

#[test]
fn every_size_keeps_the_cursor_on_the_screen() {
    let mut screen = view(80, 24);
    screen.keys("wG");
    for (width, height) in [(200, 50), (40, 12), (20, 5), (80, 24), (1, 1), (120, 40)] {
        screen.resize(width, height);
        let text = screen.styled();
        if (width, height) >= (20, 5) {
            assert!(text.contains('r'), "no cursor at {width}x{height}\n{text}");
        }
    }
}
