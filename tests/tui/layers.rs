//! The list of layers, the details of one, and what is said around the panes.

use layerscope::analysis::Stage;
use layerscope::tui::Effect;
use layerscope::tui::panes::popup::Popup;
use layerscope::tui::panes::tree::TreeMode;
use layerscope::tui::state::Focus;
use layerscope::tui::theme::Theme;
use ratatui::style::Modifier;

use crate::screen::{Screen, demo_subject, session};
use crate::support::{LayerBuilder, image};

fn layers() -> Screen {
    let mut screen = Screen::demo(80, 24);
    screen.keys("<shift-tab>");
    assert_eq!(screen.view().focus, Focus::Layers);
    screen
}

#[test]
fn the_list_tells_number_size_and_instruction() {
    let screen = Screen::demo(200, 50);
    let row = screen.line_with("RUN apt-get up");
    assert!(
        row.contains("15.5 MiB 15.5 MiB █▒▒▒▒▒▒▒▒▒▒▒ RUN apt-get"),
        "{row}"
    );
    assert!(
        screen.line_with("ADD file").contains("▓▒"),
        "of the base image"
    );
    assert!(
        screen.line_with("> 1").contains("RUN apt-get update"),
        "{}",
        screen.text()
    );
    assert!(
        screen.line_with("  0 ").contains(" 0 b "),
        "the base image is marked"
    );
    assert!(
        screen
            .line_with("│ Size  ")
            .contains("15.5 MiB  blob 15.5 MiB  9 entries")
    );
    assert!(
        screen
            .line_with("History")
            .contains("6 entries without a layer")
    );
    let top = screen.line_with("│ usr/  ");
    assert!(top.contains("8.8 MiB ████"), "{top}");
}

#[test]
fn moving_in_the_list_changes_the_tree() {
    let mut screen = layers();
    screen.keys("g");
    assert_eq!(screen.panes().layers.layer().0, 0);
    assert_eq!(screen.panes().tree.layer().0, 0);
    assert!(screen.shows("this layer (L0)"));
    screen.keys("jj<pgdn><end>");
    assert_eq!(screen.panes().tree.layer().0, 11);
    screen.keys("K");
    assert_eq!(screen.panes().tree.layer().0, 10);
}

#[test]
fn keys_of_the_list_reach_the_tree() {
    let mut screen = layers();
    screen.keys("m");
    assert_eq!(screen.panes().tree.mode, TreeMode::Accumulated);
    assert_eq!(screen.view().focus, Focus::Layers);
    screen.keys("/lib");
    assert_eq!(screen.view().focus, Focus::Tree);
    assert!(screen.panes().tree.is_typing() && screen.shows("/lib"));
    screen.keys("<esc><tab><enter>");
    assert_eq!(screen.view().focus, Focus::Tree, "Enter goes to the tree");
}

#[test]
fn instructions_and_digests_are_copied_and_everything_is_told() {
    let mut screen = layers();
    screen.keys("y");
    let Some(Effect::Copy(text)) = screen.effects.last() else {
        panic!("nothing copied");
    };
    assert!(
        text.starts_with("RUN apt-get update && apt-get install"),
        "{text}"
    );
    screen.keys("Y");
    assert!(
        matches!(screen.effects.last(), Some(Effect::Copy(text)) if text.starts_with("sha256:"))
    );
    screen.keys("i");
    let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
        panic!("nothing told");
    };
    assert_eq!(notice.title, "Layer 1");
    let text = notice.lines.join("\n");
    for words in ["Size", "Changes", "Wasted", "Command", "Created", "Diff ID"] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn a_long_instruction_is_wrapped_on_request() {
    let command = format!("RUN {}", "echo many words && ".repeat(20) + "true");
    let built = image().layer(&command, |l| l.file("a", "1")).build();
    let mut screen = Screen::of(crate::screen::analysis_of(&built), session(), 80, 40);
    screen.keys("<shift-tab>");
    assert!(!screen.shows(" true") && screen.shows("…"));
    screen.keys("w");
    assert!(screen.shows("true"), "{}", screen.text());
}

#[test]
fn instructions_are_shown_escaped() {
    let built = image()
        .layer("RUN echo \u{1b}[31m \u{202E}x", |l: LayerBuilder| {
            l.file("a", "1")
        })
        .build();
    let mut screen = Screen::of(crate::screen::analysis_of(&built), session(), 120, 40);
    for keys in ["", "<shift-tab>", "i", "<esc>y"] {
        screen.keys(keys);
        assert!(!screen.text().contains(['\u{1b}', '\u{202E}']));
    }
    assert!(screen.shows(r"\x1B[31m"));
    assert!(
        matches!(screen.effects.last(), Some(Effect::Copy(text)) if text.contains(r"\u{202E}"))
    );
}

#[test]
fn the_header_says_what_fits() {
    for (width, words) in [
        (
            200,
            "harbour-board:1.4 (linux/amd64)  12 layers  83 paths  24.4 MiB (blobs 24.5 MiB)  efficiency 36.3 %  wasted 15.5 MiB (63.7 %)",
        ),
        (
            80,
            "harbour-board:1.4  12 layers  24.4 MiB  eff 36.3 %  wasted 15.5 MiB (63.7 %)",
        ),
        (40, "har…oard:1.4  eff 36.3 %  waste 15.5 MiB"),
        (20, "waste 15.5 MiB"),
    ] {
        let screen = Screen::demo(width, 24);
        let header = screen.line(0);
        assert!(header.contains(words), "{width}: {header}");
    }
}

#[test]
fn the_footer_never_cuts_a_hint_and_help_comes_first() {
    let mut screen = Screen::demo(80, 24);
    for width in 20..160 {
        screen.resize(width, 24);
        let footer = screen.line(23);
        assert!(footer.chars().count() <= usize::from(width));
        assert!(footer.contains("? help"), "{width}: {footer}");
        assert!(
            footer.ends_with("? help") || footer.ends_with("q quit"),
            "{footer}"
        );
    }
}

#[test]
fn bare_screens_name_the_layer_in_the_second_line() {
    let mut screen = Screen::demo(40, 12);
    assert!(screen.line(1).starts_with("L1 RUN apt-get"));
    screen.keys("JJJJJJJJJJ");
    assert!(
        screen.line(1).starts_with("L11 RUN ./migrate"),
        "{}",
        screen.text()
    );
    assert!(screen.line(1).ends_with("8.8 MiB"));
    assert!(screen.line(2).starts_with("▾ /"), "{}", screen.text());
    assert!(
        screen.line_with("node").starts_with('m'),
        "{}",
        screen.text()
    );
}

#[test]
fn a_long_name_gives_way_and_never_efficiency_or_waste() {
    let mut analysis = crate::screen::analysis_of(&crate::support::demo::demo());
    let name = format!("registry.example.com/{}/app:1.4", "team/".repeat(30));
    analysis.image.names = vec![name];
    let mut screen = Screen::of(analysis, session(), 80, 24);
    for width in [120, 80, 40] {
        let header = screen.resize(width, 24).line(0);
        assert!(
            header.contains("eff 36.3 %  waste 15.5 MiB"),
            "{width}: {header}"
        );
        assert!(header.trim().starts_with("reg"), "{width}: {header}");
        assert!(header.contains("1.4"), "{width}: {header}");
    }
}

#[test]
fn figures_of_a_part_say_so_far() {
    let mut analysis = crate::screen::analysis_of(&crate::support::demo::demo());
    analysis.stage = Stage::Partial;
    for layer in analysis.layers.iter_mut().skip(3) {
        layer.unread = true;
    }
    let mut screen = Screen::of(analysis, session(), 80, 24);
    for width in [40, 80, 120, 200] {
        let header = screen.resize(width, 24).line(0);
        let (before, behind) = header.split_once("so far").expect("so far");
        assert!(behind.contains("wast"), "{header}");
        assert!(!before.contains("eff") && before.contains('3'), "{header}");
    }
}

#[test]
fn an_image_without_layers_counts_none() {
    let screen = Screen::layers(&[], 80, 24);
    assert!(screen.shows(" no layers "), "{}", screen.text());
    assert!(
        !screen.shows("L0") && !screen.shows("Layer 0"),
        "{}",
        screen.text()
    );
    assert!(!screen.shows("█"), "{}", screen.text());
    let one = LayerBuilder::new().file("a", "a").into_items();
    assert!(Screen::layers(&[one], 80, 24).shows(" 1 layer "));
}

/// Makes sure that no part of a bar is reversed; returns how many there are.
fn bars_are_bars(screen: &Screen) -> usize {
    let buffer = screen.buffer();
    let blocks = buffer
        .content
        .iter()
        .filter(|cell| "▁▂▃▄▅▆▇█▉▊▋▌▍▎▏░".contains(cell.symbol()));
    blocks
        .inspect(|cell| {
            let is_hole = cell.modifier.contains(Modifier::REVERSED);
            assert!(!is_hole, "{}", screen.styled());
        })
        .count()
}

#[test]
fn the_cursor_leaves_bars_as_they_are() {
    let mut mono = session();
    mono.theme = Theme::Mono;
    for session in [session(), mono] {
        let subject = demo_subject();
        for keys in ["", "<shift-tab>", "2", "4", "4+"] {
            let mut screen = Screen::show(&subject, session.clone(), 160, 40);
            screen.keys(keys);
            let bars = bars_are_bars(&screen);
            assert!(bars > 0 || keys.starts_with('4'), "{keys}");
            assert!(
                screen.styled().contains("rrr"),
                "{keys}: the cursor is seen"
            );
        }
    }
}
