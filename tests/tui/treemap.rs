//! The treemap: what has a tile, where, and what every key does.

use layerscope::browse::Mark;
use layerscope::layer::LayerIndex;
use layerscope::text::Glyphs;
use layerscope::tree::PathId;
use layerscope::tui::Effect;
use layerscope::tui::message::{Msg, Outcome};
use layerscope::tui::panes::popup::Popup;
use layerscope::tui::panes::tree::TreeMode;
use layerscope::tui::panes::treemap::Colour;
use layerscope::tui::panes::treemap::picture::{Drawing, What};
use layerscope::tui::state::{Focus, Tab};

use crate::screen::{Screen, analysis_of, demo_subject, session};
use crate::support::{Item, LayerBuilder, demo};

fn treemap(width: u16, height: u16) -> Screen {
    let mut screen = Screen::demo(width, height);
    screen.keys("4");
    screen
}

/// Directories of sizes that are easy to tell apart.
fn sizes() -> Vec<Item> {
    let mut layer = LayerBuilder::new()
        .zeros("usr/lib/big", 90_000)
        .zeros("usr/share/doc", 60_000)
        .zeros("var/data", 80_000)
        .zeros("opt/one/two/three", 70_000)
        .dir("empty");
    for number in 0..40 {
        layer = layer.zeros(format!("small-{number:02}"), 20);
    }
    layer.into_items()
}

fn sized(width: u16, height: u16) -> Screen {
    let mut screen = Screen::layers(&[sizes()], width, height);
    screen.keys("4");
    screen
}

fn path_of(screen: &Screen, path: PathId) -> String {
    let subject = &screen.view().subject;
    String::from_utf8(subject.tree().path(path)).expect("a path of the image")
}

fn at(screen: &Screen) -> String {
    match screen.panes().treemap.selected() {
        Some(path) => path_of(screen, path),
        None => "rest".into(),
    }
}

/// The cursor is on a tile that is on the screen, and the tiles are all of the directory.
fn assert_sound(screen: &Screen) {
    let pane = &screen.panes().treemap;
    let tiles = &pane.picture.tiles;
    assert!(pane.picture.at < tiles.len().max(1));
    if !pane.is_small_only() {
        let sum: u64 = tiles.iter().map(|tile| tile.bytes).sum();
        assert_eq!(sum, pane.total(), "{}", screen.text());
    }
    if pane.picture.form == Drawing::Rows {
        assert!(pane.scroll.at == pane.picture.at && pane.scroll.offset <= pane.scroll.at);
    }
    for tile in tiles {
        let inside: u64 = tile.inside.iter().map(|inner| inner.bytes).sum();
        assert!(tile.inside.is_empty() || inside == tile.bytes, "{tile:?}");
    }
}

#[test]
fn what_is_large_has_a_tile_and_the_rest_is_told() {
    let screen = sized(100, 30);
    assert_sound(&screen);
    assert!(
        screen.shows("Treemap: merged   /   293.8 KiB"),
        "{}",
        screen.text()
    );
    assert!(screen.shows("usr/  146.5 KiB 49 %"), "{}", screen.text());
    let rest = screen.panes().treemap.picture.tiles.last().unwrap();
    assert_eq!((rest.what, rest.bytes), (What::Rest { count: 41 }, 800));
    assert!(screen.shows("+41"), "{}", screen.text());
    assert!(screen.shows("800 B"));
    // Directories with but one thing in them are named with it.
    assert!(screen.shows("opt/one/two/three"));
    // What is in a large tile is drawn in it.
    assert!(screen.shows("lib/big") && screen.shows("share/doc"));
}

#[test]
fn the_cursor_moves_to_neighbours_and_stays_at_the_edge() {
    let mut screen = sized(100, 30);
    assert_eq!(at(&screen), "usr");
    let usr = screen.panes().treemap.picture.tiles[0].place;
    screen.keys("<right>");
    let right = screen.panes().treemap.picture.selected().unwrap().place;
    assert_eq!(right.x, usr.right());
    screen.keys("<left>");
    assert_eq!(at(&screen), "usr");
    screen.keys("h<left>k<up>");
    assert_eq!(at(&screen), "usr");
    screen.keys("G");
    assert_eq!(at(&screen), "rest");
    screen.keys("<down><right>");
    assert_eq!(at(&screen), "rest");
    screen.keys("g");
    assert_eq!(at(&screen), "usr");
    for key in ["l", "j", "h", "k", "j", "l", "l", "j", "j", "k", "h"] {
        screen.keys(key);
        assert_sound(&screen);
    }
}

#[test]
fn the_tile_of_the_cursor_is_seen_without_colours() {
    let screen = sized(100, 30);
    let text = screen.text();
    assert!(text.contains('┏') && text.contains('┃'), "{text}");
    assert!(screen.styled().contains("rrrr"));
    let mut plain = session();
    plain.look.glyphs = Glyphs::Ascii;
    let mut screen = Screen::of(analysis_of(&demo::demo()), plain, 80, 24);
    screen.keys("4");
    assert!(screen.text().is_ascii(), "{}", screen.text());
    assert!(screen.text().contains('#'));
}

#[test]
fn one_goes_into_directories_and_back() {
    let mut screen = sized(100, 30);
    screen.keys("<enter>");
    assert_eq!(path_of(&screen, screen.panes().treemap.directory()), "usr");
    assert_eq!(at(&screen), "usr/lib/big");
    assert_sound(&screen);
    screen.keys("<backspace>");
    assert_eq!(
        (screen.panes().treemap.directory(), at(&screen)),
        (PathId::ROOT, "usr".into())
    );
    screen.keys("<enter><esc>");
    assert_eq!(screen.panes().treemap.directory(), PathId::ROOT);
    screen.keys("<esc>");
    assert_eq!(screen.view().tab, Tab::Treemap);
    screen.keys("<backspace>");
    assert!(screen.shows("this is all of it"));
}

#[test]
fn a_file_is_looked_into() {
    let mut screen = treemap(100, 30);
    screen.keys("<enter><enter>");
    assert_eq!(screen.view().focus, Focus::Preview);
    let mut screen = treemap(100, 30);
    screen.keys("v");
    assert!(screen.shows("a directory: Enter goes into it"));
    screen.keys("<enter>v");
    assert_eq!(screen.view().focus, Focus::Preview);
}

#[test]
fn small_entries_are_shown_instead_of_large_ones() {
    let mut screen = sized(100, 30);
    screen.keys("+");
    assert!(screen.panes().treemap.is_small_only());
    assert!(screen.shows("small entries of /"));
    assert!(screen.shows("small-00"));
    assert!(!screen.shows("usr/"));
    assert_sound(&screen);
    screen.keys("<backspace>");
    assert_eq!(at(&screen), "rest", "back on the tile one came through");
    screen.keys("<enter>");
    assert!(screen.panes().treemap.is_small_only());
    // Every small entry is reached in the end.
    for _ in 0..60 {
        screen.keys("+");
    }
    assert!(
        screen.shows("everything here has a tile"),
        "{}",
        screen.text()
    );
    assert!(screen.shows("empty"));
    for _ in 0..60 {
        screen.keys("<esc>");
    }
    assert!(!screen.panes().treemap.is_small_only());
    assert_eq!(screen.panes().treemap.directory(), PathId::ROOT);
}

#[test]
fn colours_tell_waste_or_change() {
    let mut screen = treemap(100, 30);
    assert_eq!(screen.panes().treemap.colour(), Colour::Waste);
    assert!(screen.line_with("usr/").contains("wasted 8.8 MiB"));
    assert!(screen.shows("colour: waste"));
    screen.keys("c");
    assert_eq!(screen.panes().treemap.colour(), Colour::Change);
    screen.keys("cm");
    assert_eq!(
        screen.panes().treemap.colour(),
        Colour::Waste,
        "what was chosen stays"
    );
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let wasted = screen.panes().treemap.wasted(PathId::ROOT);
    assert_eq!(wasted, subject.analysis.waste.total_bytes);
}

#[test]
fn a_layer_shows_what_it_did_and_what_it_deleted() {
    let mut screen = treemap(100, 30);
    // The layer that removes the lists of packages.
    screen.keys("Jm");
    assert_eq!(screen.panes().layers.layer(), LayerIndex(2));
    assert_eq!(screen.panes().treemap.mode, TreeMode::Layer);
    assert!(screen.shows("Treemap: layer L2"), "{}", screen.text());
    assert_sound(&screen);
    let pane = &screen.panes().treemap;
    let gone = pane.picture.tiles.iter().any(|tile| match tile.what {
        What::Entry { path, .. } => pane.mark(path) == Mark::Removed && tile.bytes > 6_000_000,
        What::Rest { .. } => false,
    });
    let inside = pane.picture.tiles.iter().flat_map(|tile| &tile.inside);
    let gone_inside = inside.clone().any(|tile| match tile.what {
        What::Entry { path, .. } => pane.mark(path) == Mark::Removed,
        What::Rest { .. } => false,
    });
    assert!(gone || gone_inside, "{}", screen.text());
    assert!(screen.shows("-6.7 MiB"), "{}", screen.text());
    screen.keys("JJJ");
    assert!(
        screen.shows("Treemap: layer L5"),
        "the layer changes from here too"
    );
    assert_sound(&screen);
    screen.keys("m");
    assert!(screen.shows("Treemap: up to layer L5"));
    assert_sound(&screen);
    screen.keys("m");
    assert!(screen.shows("Treemap: merged"));
}

#[test]
fn a_directory_that_another_layer_does_not_have_is_left() {
    let mut screen = treemap(100, 30);
    screen.keys("m");
    let layers = screen.view().subject.analysis.layers.len();
    for _ in 0..layers {
        screen.keys("<enter>");
        screen.keys("<esc>J");
        assert_sound(&screen);
        screen.keys("<enter>K");
        assert_sound(&screen);
        let _ = screen.text();
    }
}

#[test]
fn every_key_of_a_tile_does_its_work() {
    let mut screen = sized(100, 30);
    screen.keys("y");
    assert!(matches!(screen.effects.last(), Some(Effect::Copy(text)) if text == "/usr"));
    screen.keys("i");
    assert!(
        matches!(screen.model.popups.last(), Some(Popup::Notice(notice)) if notice.title == "/usr")
    );
    screen.keys("<esc><space>");
    assert_eq!(
        (screen.view().tab, screen.view().focus),
        (Tab::Layers, Focus::Tree)
    );
    assert_eq!(screen.panes().tree.mode, TreeMode::Merged);
    assert_eq!(path_of(&screen, screen.panes().tree.path()), "usr");
    screen.keys("4m<space>");
    assert_eq!(screen.panes().tree.mode, TreeMode::Layer);
    screen.keys("4Gy");
    assert!(screen.shows("small entries: Enter shows them one by one"));
}

#[test]
fn the_status_line_tells_about_the_tile() {
    let screen = sized(100, 30);
    let line = screen.line(28);
    assert!(
        line.contains("/usr") && line.contains("146.5 KiB  49 %") && line.contains("2 files"),
        "{line}"
    );
    let mut screen = screen;
    screen.keys("G");
    assert!(
        screen.line(28).contains("41 small entries"),
        "{}",
        screen.line(28)
    );
}

#[test]
fn no_size_is_too_small_and_the_cursor_stays_in_sight() {
    let mut screen = sized(100, 30);
    screen.keys("<right>");
    let wanted = at(&screen);
    for (width, height) in [
        (0, 0),
        (1, 1),
        (20, 5),
        (40, 12),
        (50, 12),
        (49, 11),
        (200, 5),
        (23, 40),
        (300, 90),
    ] {
        screen.resize(width, height);
        let _ = screen.text();
        assert_sound(&screen);
    }
    screen.resize(100, 30);
    assert_eq!(at(&screen), wanted, "sizes come and go");
    screen.resize(20, 5);
    for key in [
        "j", "j", "j", "k", "G", "g", "<enter>", "<esc>", "+", "m", "m", "m",
    ] {
        screen.keys(key);
        let _ = screen.text();
        assert_sound(&screen);
    }
}

#[test]
fn nothing_to_show_says_so() {
    let mut screen = Screen::layers(&[vec![]], 80, 24);
    screen.keys("4");
    assert!(screen.shows("nothing is here"), "{}", screen.text());
    screen.keys("<enter>jklh+<space>vyi");
    let _ = screen.text();
}

#[test]
fn names_cannot_harm_the_terminal() {
    let layer = LayerBuilder::new()
        .zeros(b"\x1b[31mred/a", 5_000)
        .zeros(b"\x1b[31mred/b", 5_000)
        .zeros(b"bad\xFFname", 9_000)
        .zeros("evil\u{202E}gnp".as_bytes(), 8_000)
        .zeros(b"line\nbreak", 7_000);
    let mut screen = Screen::layers(&[layer.into_items()], 90, 30);
    for keys in ["4", "m", "c", "<enter>", "<esc>y", "i"] {
        screen.keys(keys);
        screen.assert_nothing_raw();
    }
    assert!(screen.keys("<esc>").shows("\\x1B[31mred/"));
}

#[test]
fn the_place_outlives_a_refined_image() {
    let mut screen = treemap(100, 30);
    screen.keys("+<right>");
    screen.keys("<esc><enter>");
    let before = (screen.panes().treemap.directory(), at(&screen));
    let job = screen.model.jobs.take_number();
    screen.reads_again(job);
    screen.send(Msg::Done(job, Outcome::Loaded(demo_subject())));
    assert_eq!((screen.panes().treemap.directory(), at(&screen)), before);
    assert_sound(&screen);
}
