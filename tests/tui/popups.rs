//! What lies on top: help, messages, questions, choices; at every size.

use layerscope::image::Platform;
use layerscope::source::Choice;
use layerscope::tui::message::Outcome;
use layerscope::tui::panes::popup::{HelpPopup, Notice, Picker, Popup, Prompt, Purpose, place};
use layerscope::tui::scroll::Scroll;
use layerscope::tui::{Effect, Msg};
use ratatui::layout::{Rect, Size};
use ratatui::style::Modifier;

use crate::screen::{Screen, session};
use crate::support::LayerBuilder;

const SIZES: [(u16, u16); 7] = [
    (200, 50),
    (120, 40),
    (80, 24),
    (50, 20),
    (50, 12),
    (40, 12),
    (20, 5),
];

fn small(width: u16, height: u16) -> Screen {
    let layer = LayerBuilder::new().file("etc/motd", "hello\n");
    Screen::layers(&[layer.into_items()], width, height)
}

fn with(popup: Popup, width: u16, height: u16) -> Screen {
    let mut screen = small(width, height);
    screen.model.popups.push(popup);
    screen
}

fn notice(lines: usize) -> Popup {
    let line = |line: usize| {
        format!("fact {line} about /usr/lib/x86_64-linux-gnu/libLLVM-15.so and what it is")
    };
    Popup::Notice(Notice::facts("Path", (1..=lines).map(line).collect()))
}

fn prompt(purpose: Purpose, answer: &str) -> Popup {
    Popup::Prompt(Prompt {
        question:
            "Extract /usr/lib/x86_64-linux-gnu/libLLVM-15.so as of layer 2 below the directory"
                .into(),
        line: layerscope::tui::line::Line::new(answer),
        purpose,
    })
}

fn choice(index: usize, names: &[&str], missing: Option<&'static str>) -> Choice {
    Choice {
        index,
        names: names.iter().map(ToString::to_string).collect(),
        id: None,
        digest: None,
        platform: Platform::parse("linux/arm64").unwrap(),
        missing,
    }
}

fn picker(count: usize) -> Popup {
    let mut choices: Vec<Choice> = (0..count).map(|at| choice(at, &["app:1"], None)).collect();
    choices.push(choice(
        count,
        &["app:2", "app:latest"],
        Some("not in archive"),
    ));
    Popup::Picker(Picker {
        choices,
        scroll: Scroll::default(),
    })
}

fn said(screen: &Screen) -> String {
    screen
        .model
        .said
        .clone()
        .map(|said| said.text)
        .unwrap_or_default()
}

#[test]
fn every_popup_stays_on_the_screen_and_its_list_inside_of_it() {
    for (width, height) in SIZES {
        for popup in [
            Popup::Help(HelpPopup::default()),
            notice(1),
            notice(100),
            prompt(Purpose::Export, "out"),
            picker(1),
            picker(100),
        ] {
            let screen = with(popup.clone(), width, height);
            let size = Size::new(width, height);
            let whole = Rect::new(0, 0, width, height);
            let area = place::area(&popup, &screen.model.session, size);
            let list = place::list(&popup, &screen.model.session, size);
            assert_eq!(whole.union(area), whole);
            assert_eq!(area.union(list), area);
            assert!(list.height > 0, "{width}x{height}");
            screen.text();
        }
    }
}

#[test]
fn help_lists_the_keys_of_the_pane_first_and_scrolls() {
    let mut screen = small(80, 24);
    screen.keys("?");
    assert!(screen.shows("Keys") && screen.shows("type to search"));
    assert!(screen.shows("Tree"), "{}", screen.text());
    let top = screen.text();
    screen.keys("<down>");
    assert_ne!(screen.text(), top);
    screen.keys("<up>");
    assert_eq!(screen.text(), top);
    screen.keys(&"<pgdn>".repeat(30));
    let bottom = screen.text();
    screen.keys("<pgdn>");
    assert_eq!(screen.text(), bottom, "it ends");
    screen.keys("<pgup>");
    assert_ne!(screen.text(), bottom);
}

#[test]
fn help_closes_by_the_keys_that_open_it_and_by_esc() {
    let mut screen = small(80, 24);
    for close in ["?", "<esc>", "<f1>"] {
        for open in ["?", "<f1>"] {
            screen.keys(open);
            assert_eq!(screen.model.popups.len(), 1);
            screen.keys(close);
            assert!(screen.model.popups.is_empty(), "{open} {close}");
        }
    }
}

#[test]
fn help_finds_what_is_typed() {
    let mut screen = small(80, 24);
    screen.keys("?wrap");
    assert!(screen.shows("wrap long lines") && !screen.shows("treemap"));
    screen.keys("?");
    assert!(
        screen.shows("no key, action or help"),
        "a question mark is text once something is typed"
    );
    screen.keys("<esc>");
    assert_eq!(screen.model.popups.len(), 1, "Esc clears first");
    assert!(screen.shows("type to search"));
    screen.keys("ctrl-z<backspace><backspace>");
    assert!(screen.shows("ctrl-c"));
    screen.keys("<ctrl-u><esc>");
    assert!(screen.model.popups.is_empty());
}

#[test]
fn help_has_two_columns_where_there_is_room() {
    let mut wide = small(160, 50);
    wide.keys("?");
    let line = wide.line_with("Marks in front of rows");
    assert!(line.trim().len() > 60, "{line}");
}

#[test]
fn a_path_that_the_border_has_no_room_for_is_told_whole() {
    let name = format!("very-long-package-name-{}file-7.js", "x".repeat(150));
    let path = format!("node_modules/{name}");
    let layer = LayerBuilder::new().file(&path, "x");
    for (width, height) in [(200, 50), (80, 24), (50, 20)] {
        let mut screen = Screen::layers(&[layer.clone().into_items()], width, height);
        screen.keys("m");
        screen.keys("<right>ji");
        let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
            panic!("no notice: {}", screen.text());
        };
        assert_eq!(notice.title, format!("/{path}"));
        let columns = usize::from(width.min(100)) - 8;
        let (rows, _) = notice.rows(columns);
        assert!(rows.concat().starts_with(&notice.title));
        assert!(screen.shows("file-7.js"), "{}", screen.text());
        screen.keys("<esc>y");
        assert!(
            matches!(screen.effects.last(), Some(Effect::Copy(text)) if *text == format!("/{path}"))
        );
    }
}

#[test]
fn a_notice_is_read_copied_and_closed() {
    let mut screen = with(notice(100), 80, 24);
    assert!(screen.shows("fact 1 ") && !screen.shows("fact 60 "));
    assert!(screen.shows(" of 1"), "there is more: {}", screen.text());
    screen.keys("G");
    assert!(screen.shows("fact 100 "));
    screen.keys("k<up><pgup>g<home>j");
    assert!(!screen.shows("fact 1 "));
    screen.keys("y");
    assert!(
        matches!(screen.effects.last(), Some(Effect::Copy(text)) if text.lines().count() == 100)
    );
    assert_eq!(said(&screen), "copied the text");
    screen.keys("?");
    assert_eq!(screen.model.popups.len(), 2, "help on top of it");
    assert!(screen.shows("copy the text"));
    screen.keys("<esc><enter>");
    assert!(screen.model.popups.is_empty());
    for close in ["<esc>", "q"] {
        screen.model.popups.push(notice(2));
        screen.keys(close);
        assert!(screen.model.popups.is_empty());
        assert!(
            !screen
                .effects
                .iter()
                .any(|effect| matches!(effect, Effect::Quit))
        );
    }
}

#[test]
fn long_lines_of_a_notice_are_wrapped_and_not_cut() {
    let mut screen = with(notice(1), 40, 12);
    let text = screen.text().replace('\n', " ");
    for word in ["fact 1 about", "libLLVM-15.so", "what it is"] {
        assert!(text.contains(word), "{text}");
    }
    screen.keys("q");
}

#[test]
fn a_question_is_answered_on_its_line() {
    let mut screen = with(prompt(Purpose::Export, "out"), 80, 24);
    assert!(screen.shows("as of layer 2 below the"));
    screen.keys("/dir?q<left><left><backspace>x");
    assert!(screen.shows("out/dix?q"), "{}", screen.text());
    let Some(Popup::Prompt(open)) = screen.model.popups.last() else {
        panic!("the question is gone");
    };
    assert_eq!(open.line.text(), "out/dix?q");
    screen.keys("<ctrl-u><delete><delete><enter>");
    assert!(said(&screen).contains("no name was given"));
    screen.model.popups.push(prompt(Purpose::Export, "out"));
    screen.keys("<esc>");
    assert!(screen.model.popups.is_empty());
    assert!(
        !screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Export { .. }))
    );
}

#[test]
fn the_end_of_a_long_answer_is_seen_with_the_cursor() {
    for (width, height) in SIZES {
        let answer = format!("/home/{}/the-end", "x".repeat(300));
        let screen = with(prompt(Purpose::Export, &answer), width, height);
        assert!(screen.shows("/the-end"), "{}", screen.text());
        let buffer = screen.buffer();
        let cursors = buffer
            .content
            .iter()
            .filter(|cell| cell.modifier.contains(Modifier::REVERSED) && cell.symbol() == " ");
        assert_eq!(cursors.count(), 1, "{width}x{height}");
    }
}

#[test]
fn a_choice_is_made_and_what_is_not_there_is_refused() {
    let mut screen = with(picker(2), 80, 24);
    assert!(
        screen
            .line_with("app:2, app:latest")
            .contains("(not in archive)")
    );
    screen.keys("G<enter>");
    assert!(said(&screen).contains("not in archive"));
    assert_eq!(screen.model.popups.len(), 1);
    screen.keys("k<enter>");
    assert!(screen.model.popups.is_empty());
    let is_load = |effect: &Effect| {
        matches!(
            effect,
            Effect::Load {
                choice: Some(1),
                ..
            }
        )
    };
    assert!(screen.effects.iter().any(is_load));
}

#[test]
fn the_cursor_of_many_choices_stays_on_the_screen() {
    for (width, height) in SIZES {
        let mut screen = with(picker(100), width, height);
        for keys in ["<pgdn>", "jjjjj", "G", "<pgup>", "u", "d", "g"] {
            screen.keys(keys);
            assert!(
                screen.styled().contains("rrr"),
                "{width}x{height} {keys}\n{}",
                screen.text()
            );
        }
    }
}

#[test]
fn leaving_the_choice_that_everything_waits_for_leaves_the_program() {
    let mut screen = Screen::waiting(session(), 80, 24);
    screen.effects.clear();
    let job = screen.reading().expect("a load");
    screen.send(Msg::Done(
        job,
        Outcome::Choices(vec![choice(0, &["a:1"], None), choice(1, &[], None)]),
    ));
    assert!(screen.shows("a:1") && screen.shows("<unnamed>"));
    screen.keys("?<esc>");
    assert!(screen.effects.is_empty());
    screen.keys("<esc>");
    assert!(matches!(screen.effects.last(), Some(Effect::Quit)));
}

#[test]
fn what_is_below_is_dimmed() {
    let screen = with(notice(1), 80, 24);
    let cell = &screen.buffer()[(0, 10)];
    assert!(cell.modifier.contains(Modifier::DIM));
}

#[test]
fn hostile_names_of_images_are_escaped() {
    let mut popup = picker(0);
    if let Popup::Picker(picker) = &mut popup {
        picker.choices[0].names = vec!["a\u{1b}[31m\u{202E}:1".into()];
    }
    let screen = with(popup, 80, 24);
    assert!(screen.shows("a\\x1B[31m\\u{202E}:1"), "{}", screen.text());
}

#[test]
fn the_footer_says_what_q_and_esc_do() {
    let mut screen = Screen::demo(120, 40);
    let footer = |screen: &Screen| screen.line(39);
    assert!(footer(&screen).ends_with("q quit"));
    screen.keys("i");
    assert!(footer(&screen).ends_with("q close"), "{}", footer(&screen));
    screen.keys("q?");
    assert!(footer(&screen).contains("Esc close"), "{}", footer(&screen));
    screen.keys("x");
    assert!(footer(&screen).contains("Esc clear"), "{}", footer(&screen));
    screen.keys("<esc><esc>F<esc>");
    assert!(footer(&screen).ends_with("q quit"));
}

#[test]
fn the_footer_names_no_key_that_does_nothing() {
    let mut screen = Screen::demo(120, 40);
    let footer = |screen: &Screen| screen.line(39);
    // The cursor is on a directory: nothing is in the preview.
    screen.keys("<tab>");
    assert_eq!(screen.view().focus, layerscope::tui::state::Focus::Preview);
    for key in ["diff", "text/hex", "version", "pager", "extract", "search"] {
        assert!(!footer(&screen).contains(key), "{}", footer(&screen));
    }
    assert!(footer(&screen).ends_with("q close"), "{}", footer(&screen));
    screen.keys("<esc>2/zzz");
    assert!(footer(&screen).contains("Ctrl-T case") && !footer(&screen).contains("pattern"));
    assert!(screen.shows("smart case"));
    screen.keys("<ctrl-t>");
    assert!(screen.shows("exact case"), "{}", screen.text());
    screen.keys("<enter>");
    assert!(
        !footer(&screen).contains("go to file"),
        "{}",
        footer(&screen)
    );
    screen.resize(60, 20).keys("<esc>1");
    assert!(!screen.line(19).contains("zoom"), "there is one pane");
}

#[test]
fn a_wrapped_notice_keeps_its_labels_apart_and_its_paths_whole() {
    let path = format!("/var/lib/docker/overlay2/{}/diff", "3f1c9a2e".repeat(8));
    let lines = vec![
        "Size     8.8 MiB  blob 59.3 KiB gzip  3 entries  and some more words".into(),
        format!("Path     {path}"),
    ];
    let mut screen = with(Popup::Notice(Notice::facts("Orphan", lines)), 110, 24);
    assert!(screen.shows(&path), "{}", screen.text());
    screen.resize(56, 24);
    let text = screen.text();
    assert!(
        text.contains("│ Size     8.8") || text.contains("┃ Size     8.8"),
        "{text}"
    );
    assert!(text.contains("┃          "), "{text}");
    screen.resize(80, 24);
    let text = screen.text();
    assert!(
        text.contains(&"3f1c9a2e".repeat(8)),
        "no break inside of an ID: {text}"
    );
}

#[test]
fn a_key_that_means_nothing_says_so_once() {
    let mut screen = small(80, 24);
    screen.keys("Q");
    assert!(screen.shows("no key Q here; ? help"), "{}", screen.text());
    screen.keys("j");
    assert!(!screen.shows("no key"));
    // While typing it is a letter.
    screen.keys("/Q");
    assert!(!screen.shows("no key"), "{}", screen.text());
}

#[test]
fn all_marks_are_taken_away_at_once() {
    let mut screen = small(80, 24);
    screen.keys("xx");
    assert!(!screen.panes().tree.marked.is_empty());
    screen.keys("C");
    assert!(screen.panes().tree.marked.is_empty() && screen.shows("nothing is marked any more"));
}
