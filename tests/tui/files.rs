//! The flat list of files and the search for any path: what every key does, and what the screen says.

use layerscope::browse::{Counted, FlatFile, FlatView, Scope, flat};
use layerscope::layer::LayerIndex;
use layerscope::progress::Job;
use layerscope::tree::PathId;
use layerscope::tui::ids::JobId;
use layerscope::tui::message::{Msg, Outcome};
use layerscope::tui::panes::files::finder::Reach;
use layerscope::tui::panes::files::order::Field;
use layerscope::tui::panes::popup::{Popup, Purpose};
use layerscope::tui::panes::tree::TreeMode;
use layerscope::tui::results::{Ranking, Sought};
use layerscope::tui::state::{Focus, Tab};
use layerscope::tui::tasks::rank;
use layerscope::tui::update::update;
use layerscope::tui::{Effect, Subject, tasks};

use crate::screen::{Screen, demo_subject, session};
use crate::support::{Codec, Item, LayerBuilder, opened};

fn files(width: u16, height: u16) -> Screen {
    let mut screen = Screen::demo(width, height);
    screen.keys("3");
    screen
}

fn path_of(screen: &Screen, path: PathId) -> String {
    let subject = &screen.view().subject;
    String::from_utf8(subject.tree().path(path)).expect("a path of the demo image")
}

fn cursor(screen: &Screen) -> (String, u16) {
    let file = screen.panes().files.selected().expect("a row");
    (path_of(screen, file.path), file.layer.0)
}

fn subject_of(stack: &[Vec<Item>]) -> Subject {
    Subject::new(opened::analyse(stack, &[Codec::None]), &session().rules)
}

fn ranked(subject: &Subject, pattern: &str) -> Vec<String> {
    let ranking = rank::run(subject, pattern, Sought::Everything, &Job::new()).unwrap();
    let path = |path: &PathId| String::from_utf8(subject.tree().path(*path)).unwrap();
    ranking.paths.iter().map(path).collect()
}

#[test]
fn the_merged_files_come_largest_first() {
    let screen = files(80, 24);
    assert!(screen.shows("Files: merged (what the container sees)"));
    assert!(screen.shows("largest first   1 of 48"));
    assert_eq!(cursor(&screen), ("usr/bin/node".into(), 11));
    let rows = screen.panes().files.rows();
    assert!(rows.is_sorted_by_key(|file| std::cmp::Reverse(file.bytes)));
    let row = screen.line_with("/usr/bin/node");
    assert!(row.contains("8.8 MiB  L11 m"), "{row}");
}

#[test]
fn a_hard_link_is_marked_where_its_bytes_are_not_counted() {
    let screen = files(80, 24);
    assert!(screen.line_with("/bin/busybox").contains("L0 A  "));
    assert!(screen.line_with("/bin/cat").contains("L0 AH "));
    let counted: u64 = screen
        .panes()
        .files
        .rows()
        .iter()
        .filter(|file| file.counted == Counted::Here)
        .map(|file| file.bytes)
        .sum();
    let subject = &screen.view().subject;
    assert_eq!(counted, subject.analysis.totals.effective_bytes);
}

#[test]
fn every_version_of_every_layer_says_what_became_of_it() {
    let mut screen = files(160, 30);
    screen.keys("m");
    assert!(screen.shows("Files: every version in every layer"));
    let wasted = screen.line_with("metadata-only by L11");
    assert!(wasted.contains("/usr/bin/node") && wasted.contains("L1 A"));
    screen.resize(80, 30);
    let row = screen.line_with("deb.harbour.example_main");
    assert!(row.contains("wasted") && !row.contains("live"), "{row}");
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let stored: u64 = subject.analysis.totals.content_bytes;
    let here = |file: &&FlatFile| file.counted == Counted::Here;
    let rows = screen.panes().files.rows().iter();
    // A file that its own layer stores twice is one version of its path.
    let shadowed: u64 = subject
        .analysis
        .waste
        .paths
        .iter()
        .filter(|wasted| wasted.created_in == wasted.destroyed_in)
        .map(|wasted| wasted.bytes)
        .sum();
    let listed: u64 = rows.filter(here).map(|file| file.bytes).sum();
    assert_eq!(listed + shadowed, stored);
    screen.keys("m");
    assert_eq!(screen.panes().files.view, FlatView::Merged);
}

#[test]
fn switching_the_list_stays_on_the_file() {
    let mut screen = files(80, 24);
    screen.keys("jjj");
    let before = cursor(&screen);
    screen.keys("m");
    assert_eq!(cursor(&screen), before);
    screen.keys("m");
    assert_eq!(cursor(&screen), before);
}

#[test]
fn orders_follow_each_other_and_keep_the_cursor() {
    let mut screen = files(80, 24);
    let before = cursor(&screen);
    screen.keys("s");
    assert_eq!(screen.panes().files.sorting().field, Field::Path);
    assert_eq!(cursor(&screen), before);
    let paths: Vec<String> = screen
        .panes()
        .files
        .rows()
        .iter()
        .map(|file| path_of(&screen, file.path))
        .collect();
    let components = |path: &String| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    assert!(paths.is_sorted_by_key(components), "{paths:?}");
    screen.keys("s");
    assert!(
        screen
            .panes()
            .files
            .rows()
            .is_sorted_by_key(|file| file.layer)
    );
    screen.keys("S");
    let reversed = |one: &FlatFile, next: &FlatFile| one.layer >= next.layer;
    assert!(screen.panes().files.rows().is_sorted_by(reversed));
    assert_eq!(cursor(&screen), before);
    screen.keys("s");
    assert_eq!(screen.panes().files.sorting().field, Field::Size);
}

#[test]
fn a_filter_works_while_it_is_typed_and_is_kept() {
    let mut screen = files(80, 24);
    screen.keys("/libc");
    assert!(screen.panes().files.is_typing());
    assert_eq!(cursor(&screen).0, "lib/libc.so.6");
    let line = screen.line_with("/libc");
    assert!(line.contains(" of 48 paths"), "{line}");
    assert!(screen.styled().contains("CCCC"), "what matched is set off");
    screen.keys("<down><up><enter>");
    assert!(!screen.panes().files.is_typing());
    assert!(screen.panes().files.rows().len() < 48);
    screen.keys("jk/<esc>");
    assert_eq!(screen.panes().files.rows().len(), 48);
    assert_eq!(cursor(&screen).0, "lib/libc.so.6", "the cursor stays");
    assert_eq!(screen.view().tab, Tab::Files);
}

#[test]
fn a_filter_that_matches_nothing_says_how_to_go_on() {
    let mut screen = files(80, 24);
    screen.keys("/zzzzz");
    assert!(screen.shows("nothing matches; Esc clears"));
    screen.keys("<enter>vyieo<enter>");
    assert!(screen.shows("there is no file here"));
    screen.keys("<esc>");
    assert_eq!(screen.panes().files.rows().len(), 48);
}

#[test]
fn found_files_can_be_sorted_like_all() {
    let mut screen = files(80, 24);
    screen.keys("/js<enter>");
    assert_eq!(screen.panes().files.sorting().field, Field::Match);
    screen.keys("s");
    let rows = screen.panes().files.rows();
    assert!(rows.is_sorted_by_key(|file| std::cmp::Reverse(file.bytes)));
    screen.keys("<esc>");
    assert_eq!(screen.panes().files.sorting().field, Field::Size);
}

#[test]
fn a_filter_stays_when_the_list_is_switched() {
    let mut screen = files(80, 24);
    screen.keys("/node<enter>m");
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let deleted = "app/node_modules/linter/index.js";
    let rows = screen.panes().files.rows().iter();
    let mut paths = rows.map(|file| subject.tree().path(file.path));
    assert!(paths.any(|path| path == deleted.as_bytes()));
}

#[test]
fn every_key_of_a_file_does_its_work() {
    let mut screen = files(80, 24);
    screen.keys("y");
    assert!(matches!(screen.effects.last(), Some(Effect::Copy(text)) if text == "/usr/bin/node"));
    assert!(screen.shows("copied /usr/bin/node"));
    screen.keys("o");
    assert!(matches!(screen.effects.last(), Some(Effect::Page(at)) if at.layer == LayerIndex(11)));
    screen.keys("i");
    let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
        panic!("no notice");
    };
    assert_eq!(notice.title, "/usr/bin/node");
    assert!(notice.lines.iter().any(|line| line.starts_with("L1 ")));
    assert!(notice.lines.iter().any(|line| line.starts_with("L11 ")));
    screen.keys("<esc>e");
    let Some(Popup::Prompt(prompt)) = screen.model.popups.last() else {
        panic!("no prompt");
    };
    assert!(
        matches!(&prompt.purpose, Purpose::Extract { paths, scope: Scope::Merged } if paths.len() == 1)
    );
    screen.keys("<esc>v");
    assert_eq!(screen.view().focus, Focus::Preview);
}

#[test]
fn a_useless_version_is_extracted_from_its_layer() {
    let mut screen = files(80, 24);
    screen.keys("mge");
    let Some(Popup::Prompt(prompt)) = screen.model.popups.last() else {
        panic!("no prompt");
    };
    let layer = Scope::Layer(LayerIndex(1));
    assert!(matches!(&prompt.purpose, Purpose::Extract { scope, .. } if *scope == layer));
}

#[test]
fn what_has_no_data_is_not_paged() {
    let mut screen = files(80, 24);
    screen.keys("/^/lib/ld-linux<enter>o");
    assert!(screen.shows("only files can be paged"));
    assert!(
        !screen
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Page(_)))
    );
}

#[test]
fn a_file_is_shown_in_the_tree() {
    let mut screen = files(80, 24);
    screen.keys("<enter>");
    assert_eq!(
        (screen.view().tab, screen.view().focus),
        (Tab::Layers, Focus::Tree)
    );
    assert_eq!(screen.panes().tree.mode, TreeMode::Merged);
    assert_eq!(path_of(&screen, screen.panes().tree.path()), "usr/bin/node");
    screen.keys("3mg<enter>");
    assert_eq!(screen.panes().tree.mode, TreeMode::Layer);
    assert_eq!(screen.panes().layers.layer(), LayerIndex(1));
    assert_eq!(path_of(&screen, screen.panes().tree.path()), "usr/bin/node");
}

#[test]
fn any_path_is_found_from_anywhere() {
    let mut screen = Screen::demo(80, 24);
    screen.keys("F");
    assert!(screen.shows("type parts of a path: 101 paths, deleted ones too"));
    screen.keys("aptlistsmain");
    assert_eq!(
        cursor(&screen).0,
        "var/lib/apt/lists/deb.harbour.example_main"
    );
    // Deleted: shown in the layer that last had it.
    screen.keys("<enter>");
    assert_eq!(screen.view().tab, Tab::Layers);
    assert_eq!(screen.panes().tree.mode, TreeMode::Layer);
    assert_eq!(screen.panes().layers.layer(), LayerIndex(1));
    // Directories are found too, and what is there is shown as a container sees it.
    screen.keys("Fapp/dist/$<enter>");
    screen.keys("<esc>Fapp/dist");
    assert_eq!(cursor(&screen).0, "app/dist");
    assert!(screen.shows("/app/dist/ "), "{}", screen.text());
    screen.keys("v");
    screen.keys("<esc>Fapp/dist<enter>");
    assert_eq!(screen.panes().tree.mode, TreeMode::Merged);
    assert_eq!(path_of(&screen, screen.panes().tree.path()), "app/dist");
    screen.keys("3");
    assert_eq!(
        screen.panes().files.rows().len(),
        48,
        "the list is the list again"
    );
}

#[test]
fn leaving_the_search_returns_to_where_it_began() {
    for (key, tab) in [("1", Tab::Layers), ("2", Tab::Waste), ("4", Tab::Treemap)] {
        let mut screen = Screen::demo(80, 24);
        screen.keys(key).keys("Fnode<esc>");
        assert_eq!(screen.view().tab, tab);
        assert_eq!(screen.panes().files.finder.reach, Reach::List);
    }
}

#[test]
fn a_search_can_become_a_filter() {
    let mut screen = files(80, 24);
    screen.keys("Fnode");
    screen.keys("<esc>/node<enter>");
    assert!(screen.shows("Files: merged"));
    screen.keys("<esc><esc>q");
    assert!(matches!(screen.effects.last(), Some(Effect::Quit)));
}

#[test]
fn names_cannot_harm_the_terminal() {
    let names: [&[u8]; 4] = [
        b"a/\x1b[31mred",
        b"a/bad\xFFname",
        "a/evil\u{202E}gnp".as_bytes(),
        b"a/line\nbreak",
    ];
    let layer = names.iter().fold(LayerBuilder::new(), |layer, name| {
        layer.file(name, b"12345")
    });
    let mut screen = Screen::layers(&[layer.into_items()], 90, 20);
    for keys in ["3", "m", "/e", "<esc>Fa", "<esc>i", "<esc>y"] {
        screen.keys(keys);
        screen.assert_nothing_raw();
    }
    screen.keys("<esc>3/x1b<enter>");
    assert!(
        screen.shows("\\x1B[31mred"),
        "what is shown is what is matched"
    );
    for effect in &screen.effects {
        if let Effect::Copy(text) = effect {
            assert!(!text.chars().any(char::is_control));
        }
    }
}

#[test]
fn no_size_is_too_small() {
    let mut screen = files(80, 24);
    screen.keys("m/e");
    for (width, height) in [
        (0, 0),
        (1, 1),
        (20, 5),
        (21, 6),
        (34, 9),
        (50, 12),
        (200, 5),
    ] {
        screen.resize(width, height);
        let _ = screen.text();
        screen.keys("<down><down>");
    }
    screen.resize(80, 24);
    let at = screen.panes().files.scroll;
    assert!(at.at >= at.offset && at.at < at.offset + 19, "{at:?}");
}

#[test]
fn late_results_are_dropped() {
    let mut screen = files(80, 24);
    screen.keys("/li");
    let shown = screen.panes().files.rows().to_vec();
    let nothing = Ranking {
        pattern: "l".into(),
        ..Ranking::default()
    };
    for job in [JobId(0), JobId(1), JobId(10_000)] {
        let outcome = Outcome::Ranked(nothing.clone().into());
        screen.send(Msg::Done(job, outcome));
    }
    assert_eq!(screen.panes().files.rows(), shown);
}

#[test]
fn each_letter_cancels_what_was_asked_before() {
    let mut screen = files(80, 24);
    screen.keys("/");
    let press = |screen: &mut Screen, letter| {
        let edit = layerscope::tui::edit::Edit::Insert(letter);
        update(&mut screen.model, Msg::Text(edit))
    };
    let first = press(&mut screen, 'l');
    let Some(Effect::Rank { job, .. }) = first.first() else {
        panic!("nothing is asked: {first:?}");
    };
    let second = press(&mut screen, 'i');
    assert!(matches!(second.first(), Some(Effect::Cancel(cancelled)) if cancelled == job));
    assert!(matches!(second.get(1), Some(Effect::Rank { pattern, .. }) if pattern == "li"));
    // The answer to the first is not shown any more.
    let outcome = tasks::run(&first[0], &demo_subject(), &Job::new()).unwrap();
    update(&mut screen.model, Msg::Done(*job, outcome));
    assert!(screen.panes().files.finder.is_waiting());
}

#[test]
fn a_cancelled_search_ends() {
    let job = Job::new();
    job.cancel();
    let effect = Effect::Rank {
        job: JobId(1),
        pattern: "a".into(),
        sought: Sought::Everything,
    };
    let outcome = tasks::run(&effect, &demo_subject(), &job);
    assert!(matches!(outcome, Some(Outcome::Cancelled)));
}

#[test]
fn what_stands_together_ranks_before_what_is_scattered() {
    let layer = LayerBuilder::new()
        .file("b/l/i/b/x/s/s/l/deep", b"")
        .file("usr/lib/libssl.so", b"")
        .file("l/i/b/s/s/l", b"")
        .file("usr/lib/LIBSSL.md", b"");
    let subject = subject_of(&[layer.into_items()]);
    let paths = ranked(&subject, "libssl");
    assert!(
        paths[0].to_lowercase().starts_with("usr/lib/libssl"),
        "{paths:?}"
    );
    assert!(
        paths[1].to_lowercase().starts_with("usr/lib/libssl"),
        "{paths:?}"
    );
    assert_eq!(
        ranked(&subject, "LIBSSL"),
        ["usr/lib/LIBSSL.md"],
        "smart case"
    );
    assert!(
        ranked(&subject, "libssl !md")
            .iter()
            .all(|path| !path.ends_with("md"))
    );
    assert!(
        ranked(&subject, "'libssl")
            .iter()
            .all(|path| path.starts_with("usr"))
    );
}

#[test]
fn of_equal_matches_the_shorter_comes_first_then_the_order_of_names() {
    let layer = LayerBuilder::new()
        .file("z/longer-name/cat", b"")
        .file("y/cat", b"")
        .file("x/cat", b"");
    let subject = subject_of(&[layer.into_items()]);
    assert_eq!(
        ranked(&subject, "cat"),
        ["x/cat", "y/cat", "z/longer-name/cat"]
    );
}

#[test]
fn a_filter_looks_at_what_its_list_holds() {
    let below = LayerBuilder::new()
        .dir("d")
        .file("d/gone", b"1")
        .file("d/kept", b"2");
    let above = LayerBuilder::new().whiteout("d/gone");
    let subject = subject_of(&[below.into_items(), above.into_items()]);
    let look = |sought| {
        let ranking = rank::run(&subject, "d", sought, &Job::new()).unwrap();
        (ranking.paths.len(), ranking.looked_at)
    };
    assert_eq!(look(Sought::Files(FlatView::Merged)), (1, 1));
    assert_eq!(look(Sought::Files(FlatView::Versions)), (2, 2));
    assert_eq!(look(Sought::Everything), (3, 3));
}

#[test]
fn places_of_paths_are_those_of_a_tree() {
    let subject = demo_subject();
    let tree = subject.tree();
    let ranks = flat::ranks(tree);
    let mut paths: Vec<PathId> = tree.paths().collect();
    paths.sort_by_key(|path| ranks[path.0 as usize]);
    let components = |path: PathId| -> Vec<Vec<u8>> {
        let path = tree.path(path);
        path.split(|&byte| byte == b'/')
            .map(<[u8]>::to_vec)
            .collect()
    };
    let named = paths.iter().skip(1).map(|&path| components(path));
    assert!(named.is_sorted());
    assert_eq!(paths[0], PathId::ROOT);
}

#[test]
fn the_list_and_the_search_outlive_a_refined_image() {
    let mut screen = files(80, 24);
    screen.keys("jj");
    let before = cursor(&screen);
    let job = screen.model.jobs.take_number();
    screen.reads_again(job);
    screen.send(Msg::Done(job, Outcome::Loaded(demo_subject())));
    assert_eq!(cursor(&screen), before);
    screen.keys("/libc");
    let found = screen.panes().files.rows().len();
    screen.send(Msg::Done(job, Outcome::Loaded(demo_subject())));
    assert_eq!(screen.panes().files.rows().len(), found);
}

#[test]
fn a_search_is_asked_again_when_layers_are_added() {
    let below = LayerBuilder::new().file("z/one", b"1").into_items();
    let above = LayerBuilder::new().file("a/one", b"22").into_items();
    let mut screen = Screen::layers(std::slice::from_ref(&below), 80, 24);
    screen.keys("3/one");
    assert_eq!(screen.panes().files.rows().len(), 1);
    let job = screen.model.jobs.take_number();
    screen.reads_again(job);
    let more = subject_of(&[below, above]);
    screen.send(Msg::Done(job, Outcome::Loaded(more.into())));
    assert_eq!(screen.panes().files.rows().len(), 2);
    screen.keys("<esc>");
    assert_eq!(cursor(&screen).0, "z/one");
}

#[test]
fn the_largest_of_many_matches_comes_first_when_sorted_by_size() {
    let many = (0..12_000).fold(LayerBuilder::new(), |layer, number| {
        layer.file(format!("a{number}.py"), b"1")
    });
    // Matches worst of all: it is longer, and its letters stand apart.
    let layer = many.file("deep/down/below/.p/something/y/large", vec![b'x'; 9_000]);
    for (keys, lists) in [("3/.py<enter>sg", 12_001), ("F.py", 12_002)] {
        let mut screen = Screen::layers(&[layer.clone().into_items()], 100, 24);
        screen.keys(keys);
        assert_eq!(screen.panes().files.rows().len(), lists);
        assert!(screen.shows(" of 12,0"), "{}", screen.text());
        if screen.panes().files.is_typing() {
            continue;
        }
        assert!(screen.shows("largest first   1 of 12,001"));
        assert_eq!(cursor(&screen).0, "deep/down/below/.p/something/y/large");
    }
}

#[test]
fn esc_goes_back_to_where_a_search_was_begun() {
    for (keys, tab) in [
        ("KKKm", Tab::Layers),
        ("<shift-tab>K", Tab::Layers),
        ("2", Tab::Waste),
        ("4", Tab::Treemap),
        ("5", Tab::Image),
    ] {
        let mut screen = Screen::demo(120, 40);
        screen.keys(keys);
        let before = screen.view().place();
        assert_eq!(before.tab, tab);
        screen.keys("Fboard.db<enter>");
        assert_eq!(screen.view().tab, Tab::Layers);
        assert_ne!(screen.view().place(), before);
        screen.keys("<esc>");
        assert_eq!(screen.view().place(), before, "{keys}");
    }
}
