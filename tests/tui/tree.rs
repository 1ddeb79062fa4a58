//! The tree: what it shows, and what every key does there.

use std::sync::Arc;

use layerscope::browse::Scope;
use layerscope::text::Glyphs;
use layerscope::tui::message::Outcome;
use layerscope::tui::panes::popup::{Popup, Purpose};
use layerscope::tui::panes::tree::TreeMode;
use layerscope::tui::state::{Focus, Tab, Tone, ZoomState};
use layerscope::tui::{Effect, Msg, Subject};

use crate::screen::{Screen, session};
use crate::support::{Codec, Item, LayerBuilder, demo, opened};

fn layer() -> LayerBuilder {
    LayerBuilder::new()
}

/// A base, a layer that changes most of it, and one that changes nothing.
fn changes() -> Vec<Vec<Item>> {
    let base = layer()
        .dir("etc")
        .file("etc/passwd", "root")
        .file("etc/motd", "hello")
        .file("srv/cache/one", [b'x'; 3_000])
        .file("srv/cache/two", [b'y'; 2_000])
        .file("opt/kept", "kept")
        .symlink("opt/link", "kept")
        .hardlink("opt/other", "opt/kept")
        .file("bin/tool", [b't'; 9_000])
        .mode(0o755);
    let change = layer()
        .file("etc/passwd", "root and more")
        .file("etc/motd", "hello")
        .mode(0o600)
        .whiteout("srv/cache/one")
        .dir("srv/data")
        .file("srv/data/large", vec![b'z'; 50_000])
        .dir("opt")
        .opaque("opt");
    let nothing = layer();
    [base, change, nothing].map(LayerBuilder::into_items).into()
}

fn screen() -> Screen {
    let mut screen = Screen::layers(&changes(), 100, 30);
    assert_eq!(screen.panes().layers.layer().0, 1, "the top layer is empty");
    screen.keys("+g");
    screen
}

/// Returns the path under the cursor.
fn here(screen: &Screen) -> String {
    let subject = &screen.view().subject;
    String::from_utf8(subject.tree().path(screen.panes().tree.path())).unwrap()
}

/// Moves to the row that shows some text.
fn go(screen: &mut Screen, path: &str) {
    screen.keys("g");
    for _ in 0..screen.panes().tree.rows.len() {
        if here(screen) == path {
            return;
        }
        screen.keys("j");
    }
    panic!("no row for {path} on\n{}", screen.text());
}

fn said(screen: &Screen) -> (Tone, &str) {
    let said = screen.model.said.as_ref().expect("something said");
    (said.tone, &said.text)
}

#[test]
fn marks_sizes_and_what_was_before_stand_beside_names() {
    let screen = screen();
    assert!(
        screen.line_with(" passwd").contains(" M        13 B"),
        "{}",
        screen.text()
    );
    assert!(screen.line_with(" passwd").contains("was L0 4 B"));
    assert!(screen.line_with(" motd").contains("0644>0600"));
    let gone = screen.line_with(" one ");
    assert!(
        gone.contains(" D    -2.9 KiB") && gone.contains("was L0"),
        "{gone}"
    );
    let opaque = screen.line_with("opt/");
    assert!(
        opaque.contains(" O ") && opaque.contains("opaque: hides 4 B"),
        "{opaque}"
    );
    assert!(screen.line_with("large").contains(" A    48.8 KiB"));
    assert!(
        !screen.shows("tool"),
        "what is unchanged is hidden at first"
    );
}

#[test]
fn links_tell_where_they_lead() {
    let mut screen = screen();
    screen.keys("Kz");
    go(&mut screen, "opt");
    assert!(
        screen.line_with("link").contains("link  -> kept"),
        "{}",
        screen.text()
    );
    let other = screen.line_with("other");
    assert!(other.contains("other  H /opt/kept"), "{other}");
}

#[test]
fn rows_fold_and_unfold_and_the_cursor_finds_its_way_up() {
    let mut screen = screen();
    go(&mut screen, "srv/data/large");
    screen.keys("h");
    assert_eq!(here(&screen), "srv/data");
    screen.keys("h");
    assert!(!screen.shows("large") && screen.line_with("data/").contains("data/  (1)"));
    screen.keys("l");
    assert!(screen.shows("large"));
    screen.keys("l");
    assert_eq!(here(&screen), "srv/data/large");
    screen.keys("<space>");
    assert_eq!(said(&screen).0, Tone::Refused);
    screen.keys("-");
    assert_eq!(
        here(&screen),
        "srv",
        "the row that stands for what is folded"
    );
    assert_eq!(screen.panes().tree.rows.len(), 4);
    screen.keys("+");
    assert!(screen.shows("large") && screen.shows("passwd"));
    screen.keys("<left><right>");
    assert!(screen.shows("large"));
    screen.keys("<enter>");
    assert!(!screen.shows("large"), "Enter folds a directory too");
}

#[test]
fn moving_goes_a_row_a_screen_and_to_the_ends() {
    let mut screen = Screen::demo(80, 16);
    screen.keys("mm+g");
    let at = |screen: &Screen| screen.panes().tree.scroll.at;
    let last = screen.panes().tree.rows.len() - 1;
    for (key, expected) in [
        ("j", 1),
        ("<down>", 2),
        ("k", 1),
        ("<up>", 0),
        ("<pgdn>", 8),
        ("d", 16),
        ("u", 8),
        ("<pgup>", 0),
        ("<ctrl-d>", 4),
        ("<ctrl-u>", 0),
        ("G", last),
        ("g", 0),
        ("<end>", last),
        ("<home>", 0),
    ] {
        screen.keys(key);
        assert_eq!(at(&screen), expected, "{key}");
    }
}

#[test]
fn the_mode_changes_and_the_cursor_stays_on_its_path() {
    let mut screen = screen();
    go(&mut screen, "etc/passwd");
    screen.keys("m");
    assert_eq!(screen.panes().tree.mode, TreeMode::Accumulated);
    assert_eq!(here(&screen), "etc/passwd");
    assert!(screen.shows("tool") && screen.shows("accumulated up to L1"));
    screen.keys("zm");
    assert_eq!(screen.panes().tree.scope(), Scope::Merged);
    assert_eq!(here(&screen), "etc/passwd");
    assert!(screen.line_with("From").contains("Name"));
    assert!(screen.line_with("passwd").contains("L1"));
    assert!(
        !screen.shows(" one "),
        "what is gone is not in the merged view"
    );
    screen.keys("A");
    assert_eq!(said(&screen).0, Tone::Refused);
    screen.keys("m");
    assert_eq!(screen.panes().tree.mode, TreeMode::Layer);
    assert_eq!(here(&screen), "etc/passwd");
}

#[test]
fn layers_change_from_the_tree_and_back_without_losing_the_place() {
    let mut screen = screen();
    go(&mut screen, "srv/data/large");
    screen.keys("K");
    assert_eq!(screen.panes().layers.layer().0, 0);
    assert_eq!(here(&screen), "srv", "the nearest directory there is");
    screen.keys("J");
    assert_eq!(here(&screen), "srv/data/large");
    screen.keys("JJJJ");
    assert_eq!(screen.panes().layers.layer().0, 2);
    let words = "this layer is empty; K previous layer, m";
    assert!(screen.shows(words), "{}", screen.text());
}

#[test]
fn what_the_user_folds_stays_folded_in_other_layers() {
    let mut screen = screen();
    go(&mut screen, "etc");
    screen.keys("<space>");
    assert!(!screen.shows("passwd"));
    screen.keys("KJ");
    assert!(!screen.shows("passwd"), "{}", screen.text());
    go(&mut screen, "etc");
    screen.keys("<space>KJ");
    assert!(screen.shows("passwd"));
}

#[test]
fn marks_are_shown_and_hidden_by_kind() {
    let mut screen = screen();
    for (key, words) in [("A", " large"), ("M", " passwd"), ("D", " one ")] {
        assert!(screen.shows(words), "{words}");
        screen.keys(key);
        assert!(
            !screen.shows(words),
            "{key} hides {words}\n{}",
            screen.text()
        );
    }
    assert!(screen.shows("everything here is hidden"));
    screen.keys("U");
    assert_eq!(said(&screen), (Tone::Done, "unchanged: shown"));
    screen.keys("UAMD");
    assert!(screen.shows(" large") && screen.shows(" one "));
}

#[test]
fn siblings_are_sorted_and_reversed() {
    let mut screen = screen();
    screen.keys("-");
    let order = |screen: &Screen| -> Vec<String> {
        let tree = &screen.view().subject;
        let rows = screen.panes().tree.rows.as_slice().iter().skip(1);
        rows.map(|row| String::from_utf8(tree.tree().path(row.path)).unwrap())
            .collect()
    };
    assert_eq!(order(&screen), ["srv", "etc", "opt"]);
    screen.keys("S");
    assert_eq!(order(&screen), ["opt", "etc", "srv"]);
    screen.keys("s");
    assert!(screen.shows("sort:waste"));
    assert_eq!(order(&screen)[0], "srv", "it makes most useless");
    screen.keys("s");
    assert_eq!(order(&screen), ["etc", "opt", "srv"]);
    assert!(screen.shows("sort:name"));
    screen.keys("s");
    assert_eq!(order(&screen)[0], "etc", "two files");
    screen.keys("s");
    assert!(screen.shows("sort:change"));
    screen.keys("s");
    assert!(screen.shows("sort:size"));
}

#[test]
fn bars_and_columns_come_and_go() {
    let mut screen = screen();
    assert!(screen.shows("Bar") && screen.shows("█"));
    screen.keys("bb");
    assert!(!screen.line_with("Name").contains("Bar") && screen.line_with("Name").contains('%'));
    screen.keys("b");
    assert!(!screen.line_with("Name").contains('%'));
    screen.keys("bc");
    assert!(screen.line_with("Name").contains("Mode       Owner"));
    assert!(
        screen.line_with("motd").contains("-rw------- 0:0"),
        "{}",
        screen.text()
    );
    assert!(screen.shows("─ motd"), "names keep their room");
    screen.keys("c");
    assert!(!screen.shows("Owner"));
    screen.keys("zc");
    assert!(
        screen
            .line_with("Name")
            .contains("Mode       Owner     Modified")
    );
}

#[test]
fn a_filter_finds_while_typing_and_leaves_no_trace_when_cancelled() {
    let mut screen = screen();
    go(&mut screen, "etc/motd");
    let before = screen.text();
    screen.keys("/LAR<backspace><backspace><backspace>lar");
    assert_eq!(here(&screen), "srv/data/large");
    assert!(
        screen.shows("/lar") && screen.shows("1 file match") && screen.shows("text, smart case")
    );
    assert!(!screen.shows("passwd"));
    screen.keys("<esc>");
    assert_eq!(screen.text(), before);
}

#[test]
fn a_kept_filter_leaves_the_tree_usable_and_its_end_leaves_the_cursor() {
    let mut screen = screen();
    screen.keys("/a<enter>");
    assert!(!screen.panes().tree.is_typing());
    let matches = screen.line_with("/a:");
    assert!(matches.contains("/a: 4 match"), "{matches}");
    screen.keys("gn");
    let first = here(&screen);
    screen.keys("n");
    let second = here(&screen);
    assert_ne!(first, second);
    screen.keys("N");
    assert_eq!(here(&screen), first);
    screen.keys("N");
    screen.keys("n");
    assert_eq!(here(&screen), first, "around the end and back");
    go(&mut screen, "srv/data/large");
    screen.keys("<esc>");
    assert_eq!(here(&screen), "srv/data/large");
    assert!(screen.shows("motd"));
    screen.keys("n");
    assert_eq!(said(&screen).0, Tone::Refused);
}

#[test]
fn a_filter_follows_to_other_layers_and_marks() {
    let mut screen = screen();
    screen.keys("/passwd<enter>");
    screen.keys("K");
    assert_eq!(here(&screen), "etc/passwd");
    assert!(screen.shows("/passwd: 1 match"));
    screen.keys("JM");
    assert!(
        screen.shows("nothing here matches the filter; Esc clears it"),
        "{}",
        screen.text()
    );
    screen.keys("M");
    assert!(screen.line_with(" passwd").contains(" M "));
}

#[test]
fn matches_in_folded_directories_are_found() {
    let mut screen = screen();
    screen.keys("/large<enter>-");
    assert!(
        screen.line_with("srv/").contains("1 match"),
        "{}",
        screen.text()
    );
    screen.keys("n");
    assert_eq!(here(&screen), "srv/data/large");
}

#[test]
fn kinds_of_patterns_and_case_change_while_typing() {
    let mut screen = screen();
    screen.keys("/l.rge");
    assert!(screen.shows("nothing matches"));
    screen.keys("<ctrl-r><ctrl-r>");
    assert!(screen.shows("1 file match") && screen.shows("regex, smart case"));
    screen.keys("(");
    assert!(
        screen.shows("not a regular expression"),
        "{}",
        screen.text()
    );
    assert!(screen.shows(" large"), "the last result stays");
    screen.keys("<esc>/LARGE");
    assert!(screen.shows("nothing matches"));
    screen.keys("<ctrl-t><ctrl-t>");
    assert!(screen.shows("any case") && screen.shows("1 file match"));
    screen.keys("<esc>/<enter>");
    assert!(
        !screen.panes().tree.filter.is_on(),
        "nothing to look for is no filter"
    );
}

#[test]
fn sizes_are_filtered_too() {
    let mut screen = screen();
    screen.keys("/>40KB");
    assert!(screen.shows("1 file match") && screen.shows(" large") && !screen.shows(" passwd"));
}

#[test]
fn paths_and_digests_are_copied() {
    let mut screen = screen();
    go(&mut screen, "etc/passwd");
    screen.keys("y");
    assert!(matches!(screen.effects.last(), Some(Effect::Copy(text)) if text == "/etc/passwd"));
    assert_eq!(said(&screen), (Tone::Done, "copied /etc/passwd"));
    let mut screen = Screen::demo(80, 24);
    screen.keys("Y");
    let Some(Effect::Copy(digest)) = screen.effects.last() else {
        panic!("nothing copied");
    };
    let image = &&screen.view().subject.analysis.image;
    let own = image.layers[1].diff_id.as_ref().map(ToString::to_string);
    assert_eq!(Some(digest), own.as_ref());
}

#[test]
fn files_are_looked_into_and_what_is_gone_as_it_was() {
    let mut screen = screen();
    go(&mut screen, "etc/passwd");
    screen.keys("o");
    assert!(matches!(screen.effects.last(), Some(Effect::Page(version)) if version.layer.0 == 1));
    screen.keys("v");
    assert_eq!(screen.view().focus, Focus::Preview);
    assert!(screen.shows("root and more"));
    screen.keys("<esc>");
    assert_eq!(screen.view().focus, Focus::Tree);
    go(&mut screen, "srv/cache/one");
    screen.keys("o");
    assert!(matches!(screen.effects.last(), Some(Effect::Page(version)) if version.layer.0 == 0));
    go(&mut screen, "etc");
    screen.keys("v");
    assert_eq!(
        said(&screen),
        (Tone::Refused, "a directory has no contents of its own")
    );
}

#[test]
fn extraction_asks_where_to_and_takes_what_is_marked() {
    let purpose = |screen: &Screen| match screen.model.popups.last() {
        Some(Popup::Prompt(prompt)) => prompt.purpose.clone(),
        _ => panic!("no question"),
    };
    let mut screen = screen();
    go(&mut screen, "srv/cache/one");
    screen.keys("e");
    let Purpose::Extract { scope, .. } = purpose(&screen) else {
        panic!("another question");
    };
    let before = layerscope::layer::LayerIndex(0);
    assert_eq!(
        scope,
        Scope::Accumulated(before),
        "as it was before it went"
    );
    screen.keys("<esc>");
    go(&mut screen, "etc/passwd");
    let second = screen.panes().tree.scroll.at + 1;
    screen.keys("x");
    assert!(
        screen.line_with("passwd").contains("*M"),
        "{}",
        screen.text()
    );
    assert_eq!(screen.panes().tree.scroll.at, second, "on to the next row");
    go(&mut screen, "srv/data/large");
    screen.keys("x");
    assert_eq!(said(&screen), (Tone::Done, "2 marked; e extracts"));
    screen.keys("e");
    let Purpose::Extract { paths, scope } = purpose(&screen) else {
        panic!("another question");
    };
    assert_eq!((paths.len(), scope), (2, screen.panes().tree.scope()));
    assert!(screen.shows("2 marked paths"));
}

#[test]
fn everything_about_a_path_is_told_layer_by_layer() {
    let mut screen = screen();
    go(&mut screen, "etc/passwd");
    screen.keys("i");
    let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
        panic!("nothing told");
    };
    assert_eq!(notice.title, "/etc/passwd");
    let text = notice.lines.join("\n");
    for words in [
        "L0  added  4 B  (4 bytes)  -rw-r--r--  0:0",
        "L1  modified  13 B  (13 bytes)",
        "wasted 4 B: overwritten, stored in L0, useless since L1",
    ] {
        assert!(text.contains(words), "{words:?} in\n{text}");
    }
    screen.keys("<esc>");
    go(&mut screen, "srv");
    screen.keys("i");
    let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
        panic!("nothing told");
    };
    assert!(
        notice
            .lines
            .contains(&"wasted below: 2.9 KiB in 1 file".to_owned()),
        "{notice:?}"
    );
}

#[test]
fn the_pane_is_zoomed_and_esc_comes_back() {
    let mut screen = screen();
    screen.keys("z");
    assert!(!screen.shows("Layers ─") && screen.view().zoom == ZoomState::Zoomed);
    screen.keys("<esc>");
    assert_eq!(screen.view().zoom, ZoomState::Shared);
    screen.keys("<tab>");
    assert_eq!(screen.view().focus, Focus::Layers);
    screen.keys("<shift-tab>");
    assert_eq!(screen.view().focus, Focus::Tree);
    for (key, tab) in [
        ("2", Tab::Waste),
        ("3", Tab::Files),
        ("4", Tab::Treemap),
        ("5", Tab::Image),
        ("1", Tab::Layers),
    ] {
        screen.keys(key);
        assert_eq!(screen.view().tab, tab);
    }
    screen.keys("q");
    assert!(matches!(screen.effects.last(), Some(Effect::Quit)));
}

#[test]
fn hostile_names_are_shown_escaped_and_filters_stand_them() {
    let stack = [layer()
        .file(b"a\x1b[31mred", "1")
        .file("b\u{202E}gnp.exe", "2")
        .file(b"c\xff\xfe", "3")
        .symlink("d", b"\x1b]0;title\x07")
        .file("line\nbreak", "4")
        .into_items()];
    let mut screen = Screen::layers(&stack, 100, 24);
    for escaped in [
        r"a\x1B[31mred",
        r"b\u{202E}gnp.exe",
        r"c\xFF\xFE",
        r"line\x0Abreak",
    ] {
        assert!(screen.shows(escaped), "{escaped} on\n{}", screen.text());
    }
    assert!(screen.shows(r"-> \x1B]0;title\x07"));
    for name in 1..5 {
        screen.keys("gy");
        for _ in 0..name {
            screen.keys("j");
        }
        screen.keys("y");
        let Some(Effect::Copy(text)) = screen.effects.last() else {
            panic!("nothing copied");
        };
        assert!(!text.contains(['\x1b', '\u{202E}', '\n']), "{text:?}");
        assert!(!screen.text().contains(['\x1b', '\u{202E}']));
    }
    for pattern in [
        "/[31m",
        "/\u{202E}",
        "/(((",
        "/\\",
        "/*",
        "/>",
        "/<9999999999999TB",
    ] {
        screen.keys(pattern).keys("<ctrl-r>").keys("<ctrl-r>");
        assert!(!screen.text().contains(['\x1b', '\u{202E}']));
        screen.keys("<enter>jk<esc><esc>");
    }
}

#[test]
fn deep_directories_leave_room_for_the_name() {
    let path = vec!["d"; 60].join("/");
    let stack = [layer()
        .file(format!("{path}/x"), "1")
        .file("d/y", "2")
        .into_items()];
    let mut wide = Vec::new();
    for at in 1..60 {
        // A file in each directory keeps it from sharing a row.
        wide.push(format!("{}/file{at}", vec!["d"; at].join("/")));
    }
    let deep = wide
        .iter()
        .fold(layer(), |layer, path| layer.file(path, "1"));
    for stack in [stack.to_vec(), vec![deep.into_items()]] {
        let mut screen = Screen::layers(&stack, 80, 24);
        screen.keys("+G");
        for _ in 0..screen.panes().tree.rows.len() {
            let text = screen.text();
            let rows = text
                .lines()
                .filter(|line| line.contains("┃ A") && !line.contains("▾ / "));
            for row in rows {
                assert!(
                    row.contains("d/") || row.contains("file") || row.contains("── "),
                    "{row}"
                );
            }
            screen.keys("k");
        }
    }
}

#[test]
fn another_reading_of_the_image_keeps_the_place_by_path() {
    let mut screen = screen();
    go(&mut screen, "srv/cache");
    screen.keys("<space>");
    go(&mut screen, "etc/passwd");
    screen.keys("x");
    go(&mut screen, "etc/passwd");
    let (old, line) = (screen.panes().tree.path(), screen.line_with(" passwd"));
    let mut stack = changes();
    // Paths that come before all others get the identities of those.
    stack[0].extend(layer().file("a/b/c", "1").file("b/c", "2").into_items());
    let analysis = crate::support::opened::analyse(&stack, &[crate::support::Codec::None]);
    let subject = Subject::new(analysis, &screen.model.session.rules);
    screen.keys("r");
    let job = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Load { job, .. } => Some(*job),
        _ => None,
    });
    screen.send(Msg::Done(job.unwrap(), Outcome::Loaded(Arc::new(subject))));
    assert_ne!(screen.panes().tree.path(), old, "other identities");
    assert_eq!(here(&screen), "etc/passwd");
    assert_eq!(
        screen.line_with(" passwd"),
        line,
        "and the mark, and the place on the screen"
    );
    assert!(!screen.shows(" one "), "what was folded is");
    assert!(screen.shows(" large"), "what was unfolded is");
}

#[test]
fn a_terminal_without_unicode_gets_ascii() {
    let mut session = session();
    session.look.glyphs = Glyphs::Ascii;
    let stack = [
        changes()[0].clone(),
        layer().file("gr\u{fc}n", "1").into_items(),
    ];
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let analysis = crate::support::opened::analyse(&stack, &[crate::support::Codec::None]);
        let mut screen = Screen::of(analysis, session.clone(), width, height);
        for keys in [
            "",
            "m+",
            "S",
            "/a",
            "<enter>",
            "<esc><tab>",
            "JK",
            "i",
            "<esc>z",
        ] {
            screen.keys(keys);
            let text = screen.text();
            assert!(text.is_ascii(), "after {keys}:\n{text}");
        }
    }
}

#[test]
fn a_small_screen_tells_of_its_filter_in_the_second_line() {
    let mut screen = Screen::layers(&changes(), 40, 12);
    screen.keys("/passwd<enter>");
    assert!(
        screen.line(1).starts_with("/passwd: 1 match"),
        "{}",
        screen.text()
    );
    screen.keys("<esc>m");
    assert!(screen.line(1).starts_with("up to L1 "), "{}", screen.text());
}

#[test]
fn an_image_that_is_read_again_is_shown_as_it_is_now() {
    for mode in ["", "m", "mm", "4", "3", "2", "5"] {
        for (before, after) in [(9, 12), (12, 9)] {
            let part = |layers: usize| {
                let mut stack = demo::demo().stack();
                stack.truncate(layers);
                stack
            };
            let mut screen = Screen::layers(&part(before), 100, 30);
            screen.keys(mode).keys("r");
            let job = screen.reading().unwrap();
            let analysis = opened::analyse(&part(after), &[Codec::None]);
            let bytes = analysis.totals.effective_bytes;
            let subject = Arc::new(Subject::new(analysis, &session().rules));
            screen.send(Msg::Done(job, Outcome::Loaded(subject)));
            screen.keys("+jjjG");
            crate::properties::check(&screen);
            screen.keys("1");
            let tree = &screen.panes().tree;
            if tree.scope() == Scope::Merged {
                let projection = tree.projection.as_ref().unwrap();
                assert_eq!(projection.bytes(layerscope::tree::PathId::ROOT), bytes);
            }
        }
    }
}

#[test]
fn ctrl_c_ends_reading_again_and_not_the_view() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("r");
    screen.effects.clear();
    screen.keys("<ctrl-c>");
    assert!(matches!(screen.effects.as_slice(), [Effect::Cancel(_)]));
    screen.keys("<ctrl-c>");
    assert!(matches!(screen.effects.last(), Some(Effect::Quit)));
}

#[test]
fn esc_goes_back_to_the_view_a_jump_came_from() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("2<enter>");
    assert_eq!(screen.view().tab, Tab::Layers);
    screen.keys("<esc>");
    assert_eq!(screen.view().tab, Tab::Waste);
    screen.keys("<enter>1<esc>");
    assert_eq!(screen.view().tab, Tab::Layers, "1 was meant to stay");
}

#[test]
fn a_star_makes_text_a_glob() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("mm/*.so.1");
    assert!(screen.shows("libuv.so.1"), "{}", screen.text());
    assert!(screen.shows("glob"));
}

/// A base with something large deep down, and a layer that stores little and removes that.
fn removal() -> Vec<Vec<Item>> {
    let base = layer()
        .file("srv/data/old/one", vec![b'x'; 400_000])
        .file("srv/data/kept", "kept")
        .file("usr/lib/tool", [b't'; 900]);
    let change = layer()
        .file("etc/large", vec![b'e'; 90_000])
        .file("srv/data/new", "a little")
        .whiteout("srv/data/old");
    [base, change].map(LayerBuilder::into_items).into()
}

#[test]
fn removed_bytes_count_where_they_were_and_in_every_directory_above() {
    let mut screen = Screen::layers(&removal(), 100, 24);
    for (width, keys) in [(100, ""), (100, "-"), (40, "-"), (40, "")] {
        screen.resize(width, 24);
        screen.keys(keys);
        let text = screen.text();
        let at = |words: &str| text.lines().position(|line| line.contains(words));
        let removed = at("▸ srv/").or(at("▾ srv/")).unwrap();
        assert!(
            removed < at("etc/").unwrap(),
            "sorted by what was removed:\n{text}"
        );
        let row = text.lines().nth(removed).unwrap();
        let size = if width == 100 {
            "-390.6 KiB"
        } else {
            " -390 KiB"
        };
        assert!(row.contains(size), "{text}");
        assert_eq!(
            row.contains("░░░"),
            width == 100,
            "drawn as removed: {text}"
        );
    }
    screen.resize(100, 24);
    screen.keys("g");
    let root = screen.line_with("▾ / ");
    assert!(
        root.contains("█░░░"),
        "what is stored, then what is removed: {root}"
    );
    assert!(
        screen.line(22).contains("390.6 KiB deleted"),
        "{}",
        screen.text()
    );
    screen.keys("K");
    assert!(!screen.shows("░"), "{}", screen.text());
}

#[test]
fn a_filter_of_one_file_agrees_with_its_verb() {
    let mut screen = screen();
    screen.keys("/large");
    assert!(screen.shows("1 file matches "), "{}", screen.text());
}

#[test]
fn how_a_filter_is_read_is_seen_while_it_is_typed() {
    for width in [100, 40] {
        let mut screen = screen();
        screen.resize(width, 24).keys("/a<ctrl-r><ctrl-t>");
        let line = screen.line(22);
        let long = line.contains("glob, exact case");
        assert!(long || line.contains("[glob][case]"), "{line}");
    }
}

#[test]
fn an_empty_layer_is_told_as_what_it_is() {
    for (stack, other) in [
        (vec![layer()], "this layer is empty; m accumulated"),
        (
            vec![layer().file("a", "a"), layer()],
            "this layer is empty; K previous layer, m accumulated",
        ),
        (
            vec![layer(), layer().file("a", "a")],
            "this layer is empty; J next layer, m accumulated",
        ),
    ] {
        let stack: Vec<Vec<Item>> = stack.into_iter().map(LayerBuilder::into_items).collect();
        let mut screen = Screen::layers(&stack, 100, 24);
        let empty = stack.iter().position(Vec::is_empty).unwrap();
        let at = usize::from(screen.panes().layers.layer().0);
        screen.keys(if at < empty { "J" } else { "" });
        screen.keys(if at > empty { "K" } else { "" });
        // The sentence may go over the line.
        let told = |words: &str| words.split(", ").all(|words| screen.shows(words));
        assert!(
            told(other) || told(other.split(", m").next().unwrap()),
            "{}",
            screen.text()
        );
        let row = screen.line_with("─ /");
        assert!(
            !row.split("┏").last().unwrap().contains("┃             █"),
            "{row}"
        );
        screen.keys("i");
        assert!(
            screen.shows("not listed, and nothing is in it"),
            "{}",
            screen.text()
        );
    }
}
