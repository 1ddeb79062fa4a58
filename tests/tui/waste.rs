//! The waste view: what is in it, and what every key does there.

use layerscope::analysis::Stage;
use layerscope::analysis::waste_groups::Grouping;
use layerscope::browse::Order;
use layerscope::tui::ids::VersionAt;
use layerscope::tui::message::Outcome;
use layerscope::tui::panes::popup::Popup;
use layerscope::tui::panes::waste::Field;
use layerscope::tui::state::{Focus, Tab};
use layerscope::tui::{Effect, Msg};

use crate::screen::{Screen, session};
use crate::support::{Image, demo, image};

fn waste(width: u16, height: u16) -> Screen {
    let mut screen = Screen::demo(width, height);
    screen.keys("2");
    screen
}

/// Returns the place of the row under the cursor.
fn place(screen: &Screen) -> String {
    let subject = &screen.view().subject;
    let (_, group) = screen.panes().waste.selected(subject).expect("a row");
    String::from_utf8(subject.tree().path(group.place)).unwrap()
}

#[test]
fn the_first_screen_tells_what_and_why() {
    let screen = waste(80, 24);
    assert!(
        screen
            .line_with("━ Waste  ")
            .contains("15.5 MiB of 24.4 MiB (63.7 %)   own layers: 63.7 %")
    );
    let row = screen.line_with("metadata-only");
    assert!(row.contains("8.8 MiB") && row.contains("/usr/bin/node") && row.contains("L1>L11"));
    let row = screen.line_with("deleted-dir");
    assert!(
        row.contains("/var/lib/apt/lists/") && row.contains("L1 x L2"),
        "{row}"
    );
    assert!(screen.line_with("stored by").contains("L1 stored by"));
    assert!(
        screen
            .line_with("stored again by")
            .contains("RUN ./migrate --seed")
    );
}

#[test]
fn a_rewritten_line_stands_below_the_fix() {
    let mut screen = waste(120, 40);
    screen.keys("j");
    let line = screen.line_with("Fix");
    assert!(line.contains("&& rm -rf /var/lib/apt/lists/*"), "{line}");
    let line = screen.line_with("│ + ");
    let after = "RUN apt-get update && apt-get install -y nodejs && rm -rf /var/lib/apt/lists/*";
    assert!(line.contains(after), "{line}");
    assert!(
        screen
            .line_with("│ - ")
            .contains("RUN apt-get update && apt-get install -y nodejs ")
    );
}

#[test]
fn every_grouping_adds_up_to_all_that_is_wasted() {
    let mut screen = waste(80, 24);
    for grouping in [
        Grouping::Event,
        Grouping::Directory,
        Grouping::Path,
        Grouping::Cause,
        Grouping::Event,
    ] {
        assert_eq!(screen.panes().waste.grouping, grouping);
        let shown: u64 = screen
            .panes()
            .waste
            .list
            .rows
            .iter()
            .map(|row| row.bytes)
            .sum();
        let subject = &screen.view().subject;
        assert_eq!(shown, subject.analysis.totals.wasted_bytes);
        let files: usize = screen
            .panes()
            .waste
            .list
            .rows
            .iter()
            .map(|row| row.count)
            .sum();
        assert_eq!(files, subject.analysis.waste.paths.len());
        screen.keys("m");
    }
}

#[test]
fn what_happened_shows_its_instructions_where_there_is_room() {
    let mut screen = waste(160, 40);
    let row = screen.line_with("/var/lib/apt/lists/ ");
    assert!(
        row.contains("L1 x L2")
            && row.contains("RUN apt-get update")
            && row.contains("RUN rm -rf /var/lib/apt"),
        "{row}"
    );
    assert!(screen.shows("by what happened"));
    screen.keys("mmm");
    assert!(screen.line_with("opaque").contains("/app/node_modules/"));
    assert!(screen.shows("by cause"));
}

/// Two directories that one layer stores and one deletes; a log that every layer writes again.
fn scattered() -> Image {
    image()
        .layer("RUN make all", |l| {
            l.zeros("opt/a/one", 3000)
                .zeros("srv/b/two", 2000)
                .zeros("opt/a/three", 100)
                .zeros("var/log", 10)
        })
        .layer("RUN make more", |l| l.zeros("var/log", 20))
        .layer("RUN make most", |l| l.zeros("var/log", 30))
        .layer("RUN rm -rf /opt/a /srv/b", |l| {
            l.whiteout("opt/a").whiteout("srv/b").zeros("var/log", 40)
        })
        .build()
}

#[test]
fn one_cause_is_one_row_and_enter_lists_its_places() {
    let mut screen = Screen::image(&scattered(), 100, 24);
    screen.keys("2");
    assert_eq!(screen.panes().waste.list.rows.len(), 4);
    let row = screen.line_with("deleted-dir");
    assert!(row.contains("5.0 KiB") && row.contains("L0 x L3"), "{row}");
    screen.keys("<enter>");
    assert_eq!(screen.view().tab, Tab::Waste);
    assert_eq!(screen.panes().waste.list.rows.len(), 2);
    assert!(screen.shows("L0 x L3: its places, Esc back"));
    assert_eq!(place(&screen), "opt/a");
    screen.keys("j<enter>");
    assert_eq!(screen.view().tab, Tab::Layers);
    // Back to the places, and to all of it.
    screen.keys("<esc>");
    assert_eq!(screen.panes().waste.list.rows.len(), 2);
    screen.keys("<esc>");
    assert_eq!(screen.panes().waste.list.rows.len(), 4);
    assert!(screen.shows("by what happened"));
}

#[test]
fn a_path_is_a_row_with_its_copies() {
    let mut screen = Screen::image(&scattered(), 100, 24);
    screen.keys("2mm");
    let row = screen.line_with("/var/log");
    let all = ["×3", "60 B", "L0>L1>L2>L3"];
    assert!(all.iter().all(|word| row.contains(word)), "{row}");
    let rows = &screen.panes().waste.list.rows;
    let sum: u64 = rows.iter().map(|row| row.bytes).sum();
    assert_eq!(sum, screen.view().subject.analysis.totals.wasted_bytes);
    screen.keys("Gi");
    assert!(screen.shows("RUN make more"), "{}", screen.text());
    screen.keys("<esc>y");
    let is_copied = |effect: &Effect| matches!(effect, Effect::Copy(text) if text == "/var/log");
    assert!(screen.effects.iter().any(is_copied));
}

#[test]
fn w_leads_from_a_row_to_its_waste_and_back() {
    let mut screen = Screen::image(&scattered(), 140, 30);
    screen.keys("KKK");
    let tree = |screen: &Screen| {
        screen
            .view()
            .subject
            .tree()
            .path(screen.panes().tree.path())
    };
    while tree(&screen) != b"srv/b/two" {
        screen.keys("j+");
    }
    let row = screen.line_with(" two");
    assert!(row.contains("useless since L3"), "{}", screen.text());
    screen.keys("w");
    assert_eq!(screen.view().tab, Tab::Waste);
    let row = screen.panes().waste.list.selected().expect("a row");
    assert_eq!(row.bytes, 5100);
    screen.keys("w");
    assert_eq!(screen.view().tab, Tab::Layers);
    assert_eq!(tree(&screen), b"srv/b/two");
    // Of the layer that made it useless, by what it made useless.
    screen.keys("JJJgw");
    assert_eq!(
        screen.panes().waste.list.selected().expect("a row").bytes,
        5100
    );
    screen.keys("<esc>");
    assert_eq!(screen.view().tab, Tab::Layers);
    for view in ["3", "4"] {
        screen.keys(view);
        let tab = screen.view().tab;
        screen.keys("w");
        let is_there = screen.view().tab == Tab::Waste;
        assert!(is_there || screen.shows("nothing is wasted here"));
        screen.keys(if is_there { "w" } else { "g" });
        assert_eq!(screen.view().tab, tab);
    }
}

#[test]
fn sorting_keeps_the_cursor_on_its_group() {
    let mut screen = waste(80, 24);
    screen.keys("jjj");
    let chosen = place(&screen);
    for (keys, field, order) in [
        ("s", Field::Path, Order::Natural),
        ("s", Field::Cause, Order::Natural),
        ("s", Field::Layers, Order::Natural),
        ("S", Field::Layers, Order::Reversed),
        ("s", Field::Bytes, Order::Natural),
        ("S", Field::Bytes, Order::Reversed),
    ] {
        screen.keys(keys);
        assert_eq!(place(&screen), chosen);
        let sorting = screen.panes().waste.sorting;
        assert_eq!((sorting.field, sorting.order), (field, order));
    }
    let bytes: Vec<u64> = screen
        .panes()
        .waste
        .list
        .rows
        .iter()
        .map(|row| row.bytes)
        .collect();
    assert!(bytes.is_sorted());
    screen.keys("Ss");
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let rows = screen.panes().waste.list.rows.iter();
    let paths: Vec<Vec<u8>> = rows.map(|row| subject.tree().path(row.place)).collect();
    assert!(paths.is_sorted());
}

#[test]
fn the_cursor_comes_back_from_another_grouping() {
    let mut screen = waste(80, 24);
    screen.keys("jjjjj");
    let chosen = place(&screen);
    screen.keys("mmmm");
    assert_eq!(place(&screen), chosen);
}

#[test]
fn a_filter_matches_paths_causes_and_instructions_while_it_is_typed() {
    let mut screen = waste(80, 24);
    let all = screen.panes().waste.list.rows.len();
    screen.keys("j/OPAQ");
    assert!(screen.model.is_typing());
    assert_eq!(screen.panes().waste.list.rows.len(), 0);
    assert!(screen.shows("nothing wasted matches"));
    screen.keys("<backspace><backspace><backspace><backspace>opaq");
    assert_eq!(screen.panes().waste.list.rows.len(), 1);
    assert_eq!(place(&screen), "app/node_modules");
    screen.keys("<enter>");
    assert!(!screen.model.is_typing() && screen.shows("/opaq"));
    // What was chosen before comes back.
    screen.keys("<esc>");
    assert_eq!(
        (
            screen.panes().waste.list.rows.len(),
            place(&screen).as_str()
        ),
        (all, "var/lib/apt/lists")
    );
    screen.keys("/setcap<enter>");
    assert_eq!(screen.panes().waste.list.rows.len(), 2);
    screen.keys("<esc>/npmrc<ctrl-t><esc>");
    assert_eq!(screen.panes().waste.list.rows.len(), all);
}

#[test]
fn enter_goes_to_the_place_in_the_layer_that_made_it_useless() {
    let mut screen = waste(80, 24);
    screen.keys("j<enter>");
    assert_eq!(
        (screen.view().tab, screen.view().focus),
        (Tab::Layers, Focus::Tree)
    );
    assert_eq!(screen.panes().layers.layer().0, 2);
}

#[test]
fn v_looks_into_the_largest_wasted_version() {
    let mut screen = waste(80, 24);
    screen.keys("jv");
    assert_eq!(screen.view().focus, Focus::Preview);
    let reads = screen.effects.iter().find_map(|effect| match effect {
        Effect::Read {
            version: VersionAt { path, layer },
            ..
        } => Some((*path, *layer)),
        _ => None,
    });
    let (path, layer) = reads.expect("something is read");
    let subject = &screen.view().subject;
    let main = b"var/lib/apt/lists/deb.harbour.example_main";
    assert_eq!(
        (subject.tree().path(path).as_slice(), layer.0),
        (&main[..], 1)
    );
}

#[test]
fn figures_that_can_change_are_said_to() {
    for (stage, words) in [
        (Stage::Partial, "Waste so far  15.5 MiB"),
        (Stage::Provisional, "Waste (comparing files)  15.5 MiB"),
        (Stage::Final, "Waste  15.5 MiB"),
    ] {
        let mut analysis = crate::screen::analysis_of(&demo::demo());
        analysis.stage = stage;
        let mut screen = Screen::of(analysis, session(), 80, 24);
        screen.keys("2");
        for (width, height) in [(80, 24), (50, 20), (40, 12)] {
            screen.resize(width, height);
            assert!(screen.shows(words), "{}", screen.text());
        }
    }
}

#[test]
fn the_cursor_stays_on_its_group_when_layers_are_added() {
    let mut partial = demo::demo();
    partial.layers.truncate(9);
    let mut made = 0;
    partial.history.retain(|entry| {
        made += usize::from(!entry.empty_layer);
        made <= 9
    });
    let mut screen = Screen::image(&partial, 80, 24);
    screen.keys("2/archives<enter><esc>");
    let archives = |screen: &Screen| place(screen) == "var/cache/apt/archives";
    while !archives(&screen) {
        screen.keys("j");
    }
    // The whole image has more paths, so that every one has another number.
    let whole = crate::screen::demo_subject();
    let first = std::sync::Arc::clone(&screen.view().subject);
    assert_ne!(first.tree().len(), whole.tree().len());
    screen.keys("r");
    let job = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Load { job, .. } => Some(*job),
        _ => None,
    });
    screen.send(Msg::Done(job.unwrap(), Outcome::Loaded(whole)));
    assert!(archives(&screen), "{}", screen.text());
}

#[test]
fn y_copies_the_path() {
    let mut screen = waste(80, 24);
    screen.keys("jy");
    assert!(
        screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Copy(text) if text == "/var/lib/apt/lists"))
    );
}

#[test]
fn i_tells_everything() {
    let mut screen = waste(80, 24);
    screen.keys("ji");
    let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
        panic!("no notice");
    };
    let text = notice.lines.join("\n");
    for words in [
        "/var/lib/apt/lists/  6.7 MiB  2 files",
        "deleted-dir: a later layer deletes a directory above it",
        "L1 stored by  RUN apt-get update",
        "L2 deleted by  RUN rm -rf",
        "+  RUN apt-get update && apt-get install -y nodejs && rm -rf /var/lib/apt/lists/*",
        "5.3 MiB  /var/lib/apt/lists/deb.harbour.example_main",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn rules_are_shown_with_what_fails_first() {
    let mut with_rules = session();
    with_rules.rules = layerscope::analysis::rules::RuleSet::default_budget();
    let analysis = crate::screen::analysis_of(&demo::demo());
    let mut screen = Screen::of(analysis, with_rules, 80, 24);
    screen.keys("2");
    let line = screen.line_with("FAIL");
    assert!(
        line.contains("max-wasted-ratio  63.7 % > 10.0 %  (default)"),
        "{line}"
    );
}

#[test]
fn nothing_wasted_says_so_and_refuses_politely() {
    let clean = image()
        .name("clean:1")
        .layer("COPY a /a", |l| l.file("a", "a"))
        .build();
    for (width, height) in [(80, 24), (40, 12), (20, 5)] {
        let mut screen = Screen::image(&clean, width, height);
        screen.keys("2");
        assert!(screen.shows("nothing is wasted"), "{}", screen.text());
        screen.keys("<enter>vyijkGgmsS/x<enter><esc>");
        assert_eq!(screen.view().tab, Tab::Waste);
    }
}

fn hostile() -> Image {
    image()
        .name("evil\u{202E}:1")
        .comment("buildkit.dockerfile.v0")
        .layer("COPY base /", |l| l.file("base", "x"))
        .layer("RUN /bin/sh -c make \u{1b}[31m\u{202E} # buildkit", |l| {
            l.zeros(b"a\x1b[2J\xff/b\xe2\x80\xae", 900)
        })
        .layer("RUN /bin/sh -c rm -rf /a \u{9b}x # buildkit", |l| {
            l.whiteout(b"a\x1b[2J\xff")
        })
        .build()
}

#[test]
fn nothing_of_the_image_reaches_the_cells_raw() {
    for (width, height) in [(200, 50), (80, 24), (40, 12)] {
        let mut screen = Screen::image(&hostile(), width, height);
        for keys in ["2", "m", "m", "m", "/\\x1B", "<enter>", "<esc>", "m"] {
            screen.keys(keys);
            screen.assert_nothing_raw();
        }
        assert!(screen.shows("x1B["), "{}", screen.text());
        screen.keys("y");
        let copied = screen.effects.iter().find_map(|effect| match effect {
            Effect::Copy(text) => Some(text.clone()),
            _ => None,
        });
        assert_eq!(copied.as_deref(), Some("/a\\x1B[2J\\xFF/b\\u{202E}"));
    }
}

#[test]
fn every_size_keeps_the_cursor_on_the_screen() {
    let mut screen = waste(80, 24);
    screen.keys("G");
    for (width, height) in [(200, 50), (40, 12), (20, 5), (80, 24), (1, 1), (120, 40)] {
        screen.resize(width, height);
        let text = screen.styled();
        if (width, height) >= (20, 5) {
            assert!(text.contains('r'), "no cursor at {width}x{height}\n{text}");
        }
    }
}

#[test]
fn layers_are_written_alike_however_waste_is_grouped() {
    let mut screen = waste(120, 40);
    assert!(screen.line_with("/var/lib/apt/lists/").contains("L1 x L2"));
    screen.keys("m");
    assert!(
        screen.shows("by directory") && screen.shows("L1 x L2"),
        "{}",
        screen.text()
    );
    assert!(
        screen.shows("L1>L11") && screen.shows("L5 x L10"),
        "{}",
        screen.text()
    );
    screen.keys("m");
    assert!(screen.shows("by path") && screen.shows("L1>L11"));
}

#[test]
fn percentages_are_written_alike() {
    let mut screen = waste(160, 40);
    for keys in ["2", "1", "4"] {
        screen.keys(keys);
        let text = screen.text();
        let mut before = text.split('%');
        before.next_back();
        assert!(before.all(|before| before.ends_with(' ')), "{text}");
    }
}
