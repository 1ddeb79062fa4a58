//! The edits: what they save, how they are tried, and the way back.

use layerscope::analysis::what_if;
use layerscope::progress::Job;
use layerscope::tui::Effect;
use layerscope::tui::state::{Focus, Pane, Tab};

use crate::screen::Screen;
use crate::support::{Image, image};

/// A cache that a later layer deletes, and a file that two layers store.
fn wasteful() -> Image {
    image()
        .name("app:1")
        .comment("buildkit.dockerfile.v0")
        .layer("COPY base /", |l| l.file("bin/sh", "x"))
        .layer(
            "RUN /bin/sh -c apt-get update && apt-get install -y jq # buildkit",
            |l| {
                l.zeros("var/lib/apt/lists/main", 3_000_000)
                    .zeros("usr/bin/jq", 1_000_000)
            },
        )
        .layer(
            "RUN /bin/sh -c rm -rf /var/lib/apt/lists/* # buildkit",
            |l| l.whiteout("var/lib/apt/lists/main"),
        )
        .layer("RUN /bin/sh -c make # buildkit", |l| {
            l.zeros("srv/out", 2_000_000)
        })
        .build()
}

fn content(screen: &Screen) -> u64 {
    screen.view().subject.analysis.totals.content_bytes
}

#[test]
fn the_card_says_what_matters_and_leads_to_the_edits() {
    let mut screen = Screen::image(&wasteful(), 120, 30);
    let card = "50.0 % wasted: 1 edit saves 2.9 MiB";
    assert!(screen.shows(card), "{}", screen.text());
    // It is the first thing above the rows.
    assert!(screen.line_with(card).contains(" t┃"), "{}", screen.text());
    screen.keys("<up>");
    assert!(
        screen.line_with(card).contains("Enter"),
        "{}",
        screen.text()
    );
    screen.keys("<down><up><enter>");
    assert_eq!(screen.view().pane(), Pane::Edits);
    assert!(screen.shows("-2.9 MiB") && screen.shows("&& rm -rf /var/lib/apt/lists/*"));
    screen.keys("<esc>");
    assert_eq!(
        (screen.view().tab, screen.view().focus),
        (Tab::Layers, Focus::Tree)
    );
    for (width, height) in [(80, 24), (60, 20), (40, 12), (20, 5)] {
        screen.resize(width, height);
        screen.keys("t");
        screen.text();
        screen.keys("<esc>");
    }
}

#[test]
fn an_applied_edit_is_seen_everywhere_and_taken_back() {
    let mut screen = Screen::image(&wasteful(), 120, 30);
    let before = content(&screen);
    screen.keys("t<space>");
    assert_eq!(content(&screen), before - 3_000_000);
    assert!(
        screen.shows("AS IT WOULD BE") || screen.shows("WOULD BE 2.9 MiB (-2.9 MiB)"),
        "{}",
        screen.text()
    );
    assert_eq!(screen.view().subject.analysis.totals.wasted_bytes, 0);
    // Layers and tree, with another title; Esc leads back to the edits.
    screen.keys("<enter>");
    assert_eq!(screen.view().tab, Tab::Layers);
    assert!(
        screen.shows("As it would be: this layer"),
        "{}",
        screen.text()
    );
    screen.keys("4");
    assert!(screen.shows("WOULD BE"));
    screen.keys("t<space>");
    assert_eq!(content(&screen), before);
    assert!(!screen.shows("WOULD BE"));
    screen.keys("a");
    assert_eq!(content(&screen), before - 3_000_000);
    screen.keys("<enter><esc>");
    assert_eq!(screen.view().pane(), Pane::Edits);
    screen.keys("<esc>");
    assert_eq!(content(&screen), before);
    assert!(screen.view().subject.as_it_is.is_none());
}

#[test]
fn what_is_not_there_is_not_written() {
    let mut screen = Screen::image(&wasteful(), 120, 30);
    screen.keys("t<space>E<enter>");
    assert!(screen.shows("nothing was written"), "{}", screen.text());
    let writes = |effect: &Effect| matches!(effect, Effect::Export { .. });
    assert!(!screen.effects.iter().any(writes));
}

#[test]
fn edits_are_copied_as_lines_of_a_dockerfile() {
    let mut screen = Screen::image(&wasteful(), 120, 30);
    screen.keys("ty");
    let copied = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.expect("something is copied");
    let lines: Vec<&str> = copied.lines().collect();
    assert!(
        lines[0].starts_with("# L1, L2: clean it in the same RUN"),
        "{copied}"
    );
    assert_eq!(
        lines[1],
        "# was: RUN apt-get update && apt-get install -y jq"
    );
    assert!(lines[2].starts_with("RUN apt-get update && apt-get install -y jq && rm"));
}

#[test]
fn layers_are_squashed_and_paths_left_out() {
    let mut screen = Screen::image(&wasteful(), 120, 30);
    let before = content(&screen);
    screen.keys("ts<ctrl-u>1-2<enter>");
    assert_eq!(screen.view().subject.analysis.layers.len(), 3);
    assert_eq!(content(&screen), before - 3_000_000);
    screen.keys("s<ctrl-u>9-1<enter>");
    assert!(
        screen.shows("two layers of L0 to L3 are needed"),
        "{}",
        screen.text()
    );
    screen.keys("<esc>");
    assert_eq!(screen.view().subject.analysis.layers.len(), 4);
    // Of the tree of a layer: the row, left out of it.
    screen.keys("JJJJg");
    while screen
        .view()
        .subject
        .tree()
        .path(screen.panes().tree.path())
        != b"srv/out"
    {
        screen.keys("j");
    }
    screen.keys("X");
    assert_eq!(screen.view().pane(), Pane::Edits);
    assert!(screen.shows("without /srv/out"), "{}", screen.text());
    assert_eq!(content(&screen), before - 2_000_000);
    screen.keys("<esc>mX");
    assert!(screen.shows("of which layer?"), "{}", screen.text());
}

#[test]
fn an_image_without_waste_has_nothing_to_try() {
    let plain = image()
        .layer("RUN make", |l| l.zeros("srv/out", 2000))
        .build();
    let mut screen = Screen::image(&plain, 100, 24);
    assert!(!screen.shows("wasted:"));
    screen.keys("t<space>ay<enter>i");
    assert!(
        screen.shows("nothing can be written otherwise"),
        "{}",
        screen.text()
    );
}

#[test]
fn all_edits_of_the_demo_come_to_what_the_card_says() {
    let screen = Screen::demo(120, 40);
    let analysis = &screen.view().subject.analysis;
    let found = what_if::suggest(analysis, &Job::new()).unwrap();
    let together = found.together.expect("edits");
    let saved = analysis.totals.content_bytes - together.content_bytes;
    assert!(found.edits.len() > 3 && saved > 6_000_000);
    assert_eq!(together.effective_bytes, analysis.totals.effective_bytes);
}
