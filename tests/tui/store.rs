//! Layer stores: what is told about them, what is opened, compared and written down, and that nothing is run.

use layerscope::analysis::comparison::{
    Difference, DifferenceKind, Doubt, ImageComparison, Layers,
};
use layerscope::layer::Completeness;
use layerscope::store::{Lease, Location, Role, State, Usage};
use layerscope::tui::ids::JobId;
use layerscope::tui::message::{Complaint, Outcome};
use layerscope::tui::panes::store::{Key, StoreTab};
use layerscope::tui::results::StoreComparison;
use layerscope::tui::store_subject::{Item, Known, StoreSubject, What};
use layerscope::tui::{Effect, Msg};
use std::sync::Arc;

use crate::screen::{Screen, demo_subject, session};
use crate::stored::{MIB, docker, kubernetes, left_behind, subject, unmeasured};

fn shown(width: u16, height: u16) -> Screen {
    Screen::stores(
        &subject(vec![docker()], Known::Measured),
        session(),
        width,
        height,
    )
}

fn quits(screen: &Screen) -> bool {
    screen
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Quit))
}

/// Returns the job and the item of what was asked to be opened last.
fn entered(screen: &Screen) -> Option<(JobId, Item)> {
    screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Enter { job, item, .. } => Some((*job, *item)),
        _ => None,
    })
}

fn copied(screen: &Screen) -> String {
    let copies = screen.effects.iter().rev();
    let mut copies = copies.filter_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    copies.next().unwrap_or_default()
}

#[test]
fn the_overview_tells_what_takes_room() {
    let screen = shown(80, 24);
    let train = screen.line_with("ml/train:latest");
    assert!(
        train.contains("1.2 GiB") && train.contains("117.0 MiB"),
        "{train}"
    );
    assert!(screen.line_with("<none>@0d0d0d0d").contains("dangling"));
    assert!(screen.line_with("web-1").contains("/var/log 1.8 GiB"));
    assert!(screen.line_with("Orphans   ").contains("5.7 GiB"));
    assert!(screen.line(0).contains("/var/lib/docker"));
    // Steps of a build are listed on request only.
    assert!(!screen.shows("0f0f0f0f"));
    let mut screen = screen;
    screen.keys("m");
    assert!(screen.shows("0f0f0f0f step"), "{}", screen.text());
}

#[test]
fn the_parts_of_the_disk_are_all_there_on_a_large_screen() {
    let screen = shown(200, 50);
    for part in [
        "images",
        "written",
        "logs",
        "volumes",
        "build cache",
        "orphans",
        "other",
        "total",
    ] {
        assert!(screen.shows(part), "{part}\n{}", screen.text());
    }
    assert!(
        screen
            .line_with("orphans  ")
            .contains("not listed by `docker system df`")
    );
    assert!(screen.shows("Layers of ml/train:latest"));
}

#[test]
fn sizes_are_left_open_until_they_are_measured_and_never_zero() {
    let records = subject(vec![unmeasured(docker())], Known::Records);
    let screen = Screen::stores(&records, session(), 80, 24);
    assert!(screen.line_with("ml/train:latest").contains('…'));
    assert!(screen.line_with("disk: …").len() < 12 && !screen.shows("written 0 B"));
    assert!(screen.shows("measuring"));
    let mut some = docker();
    // One of the layers of the image cannot be read, and its neighbour in part.
    let lost = some.layers[1].pieces[0].as_usize();
    some.pieces[lost].usage = None;
    some.pieces[lost].unmeasured = Some("permission denied".into());
    let screen = Screen::stores(&subject(vec![some], Known::Measured), session(), 80, 24);
    let train = screen.line_with("ml/train:latest");
    assert!(
        train.contains("unmeasured") && train.contains("≥ 117.0"),
        "{train}"
    );
}

#[test]
fn the_cursor_stays_on_its_row_when_sizes_become_known() {
    let mut screen = Screen::stores(
        &subject(vec![unmeasured(docker())], Known::Records),
        session(),
        80,
        24,
    );
    screen.keys("j<space>");
    let before = screen.store().pane.selected();
    let name = |screen: &Screen| {
        let stores = &screen.store().subject;
        let key = screen.store().pane.selected().expect("a row");
        layerscope::tui::panes::store::names::name(stores.store(0).expect("a store"), key)
    };
    let called = name(&screen);
    // In between an image was removed: positions differ, what they are called does not.
    let mut later = docker();
    later.images.remove(4);
    later.images.rotate_left(1);
    let job = screen.store().measuring.expect("a job");
    screen.send(Msg::Done(
        job,
        Outcome::Store(subject(vec![later], Known::Measured)),
    ));
    assert_eq!(name(&screen), called);
    assert_ne!(screen.store().pane.selected(), before);
    assert_eq!(screen.store().pane.marks.len(), 1);
    assert_eq!(screen.store().measuring, None);
}

#[test]
fn every_view_is_a_key_and_tab_away() {
    let mut screen = shown(80, 24);
    for (key, title, row) in [
        ("2", "Layers  ", "build cache"),
        ("3", "Containers  ", "trainer"),
        ("4", "Orphans  ", "overlay2/2f9a77bc00c1"),
        ("5", "Build cache  ", "RUN npm ci"),
        ("6", "Volumes  ", "data"),
        ("7", "Extras  ", "grafana/loki"),
        ("1", "Images  ", "debian:12"),
    ] {
        screen.keys(key);
        assert!(
            screen.shows(title) && screen.shows(row),
            "{key}\n{}",
            screen.text()
        );
    }
    screen.keys("<tab>");
    assert_eq!(screen.store().pane.tab, StoreTab::Layers);
    screen.keys("<shift-tab><shift-tab>");
    assert_eq!(screen.store().pane.tab, StoreTab::Extras);
}

#[test]
fn layers_tell_who_has_them() {
    let mut screen = shown(200, 50);
    screen.keys("2/818181");
    let line = screen.line_with("818181818181 ");
    for name in ["ml/train:latest", "app:1.4", "debian:12"] {
        assert!(line.contains(name), "{line}");
    }
}

#[test]
fn pods_come_with_their_containers_and_sums() {
    let mut screen = Screen::stores(
        &subject(vec![kubernetes()], Known::Measured),
        session(),
        120,
        40,
    );
    screen.keys("3");
    let text = screen.text();
    let position = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words}\n{text}"))
    };
    let order = [
        "pod default/chatty",
        "  large",
        "pod default/quiet",
        "  small",
        "lone",
    ];
    assert!(order.map(position).is_sorted(), "{text}");
    assert!(screen.line_with("pod default/chatty").contains("800.0 MiB"));
}

#[test]
fn what_leases_hold_stands_beside_the_build_cache() {
    let mut store = kubernetes();
    let pulled = Location::new(&store.root, *b"blobs/sha256/77");
    let pulled = store.add_piece(pulled, Role::Blob);
    store.pieces[pulled.as_usize()].usage = Some(Usage {
        disk_bytes: 77 * MIB,
        ..Usage::default()
    });
    store.leases.push(Lease {
        namespace: "k8s.io".into(),
        id: "1-abc".into(),
        ends: Some(1_767_225_600),
        pieces: vec![pulled],
    });
    let stores = subject(vec![store], Known::Measured);
    let mut screen = Screen::stores(&stores, session(), 160, 50);
    assert!(screen.line_with("leases").contains("77.0 MiB"));
    screen.keys("5");
    assert!(screen.shows("held by leases 77.0 MiB"), "{}", screen.text());
    let line = screen.line_with("lease 1-abc until 2026-01-01 00:00 UTC");
    assert!(line.contains("77.0 MiB"), "{line}");
    screen.keys("d");
    assert!(
        screen.shows("ctr -n k8s.io leases rm --sync 1-abc"),
        "{}",
        screen.text()
    );
}

#[test]
fn an_image_is_opened_and_left_again() {
    let mut screen = shown(80, 24);
    screen.keys("j<enter>");
    let (job, item) = entered(&screen).expect("something to open");
    assert!(matches!(item.what, What::Image(_)));
    // Until it is read there is a way back.
    screen.keys("<esc>");
    assert!(screen.shows("Images") && screen.shows("web-1"));
    // What comes late is not shown.
    screen.send(Msg::Done(job, Outcome::Loaded(demo_subject())));
    assert!(screen.model.image().is_none());
    for back in [
        "q",
        "<esc>",
        "2<esc>",
        "3<esc>",
        "4<esc>",
        "5<esc>",
        "4q",
        "mm/board.db<enter>nvqq",
    ] {
        screen.keys("<enter>");
        let (job, _) = entered(&screen).expect("something to open");
        screen.send(Msg::Done(job, Outcome::Loaded(demo_subject())));
        assert!(screen.shows("[1]Layers"), "{}", screen.text());
        screen.keys(back);
        assert!(screen.shows("[1]Images"), "{back}\n{}", screen.text());
        assert!(!quits(&screen));
    }
    screen.keys("q");
    assert!(quits(&screen));
}

#[test]
fn a_container_is_opened_from_its_view() {
    let mut screen = shown(80, 24);
    screen.keys("3<enter>");
    let (_, item) = entered(&screen).expect("something to open");
    assert!(matches!(item.what, What::Container(_)));
}

#[test]
fn what_cannot_be_opened_leads_back_with_a_word() {
    let mut screen = shown(80, 24);
    screen.keys("<enter>");
    let (job, _) = entered(&screen).expect("something to open");
    let complaint = Complaint {
        message: "the layers are gone".into(),
        causes: Vec::new(),
        hint: None,
    };
    screen.send(Msg::Done(job, Outcome::Failed(complaint)));
    assert!(screen.shows("the layers are gone"));
    screen.keys("<esc>");
    assert!(screen.shows("[1]Images") && !quits(&screen));
}

#[test]
fn commands_are_shown_and_copied_and_none_is_run() {
    let mut screen = shown(100, 30);
    screen.keys("d");
    assert!(
        screen.shows("docker image rm ml/train:latest"),
        "{}",
        screen.text()
    );
    assert!(screen.shows("containers made from it have to be removed first: trainer"));
    screen.keys("y");
    let text = copied(&screen);
    assert!(
        text.lines()
            .all(|line| line.starts_with('#') || line.starts_with("docker ")),
        "{text}"
    );
    // Together with its container the layers of the image go too.
    screen.keys("<esc><space>3/trainer<enter><space>d");
    assert!(screen.shows("2 together free 1.2 GiB"), "{}", screen.text());
    assert!(!screen.shows("have to be removed first"));
    // Esc takes back the notice, then the filter, then the marks; it never leaves.
    screen.keys("<esc><esc><esc><esc>");
    assert!(screen.store().pane.marks.is_empty() && !quits(&screen));
    screen.keys("4d");
    assert!(screen.shows("no command of Docker removes this"));
    screen.keys("<esc>2d");
    assert!(screen.shows("a layer goes with the last"));
}

#[test]
fn marks_of_a_view_that_is_not_shown_are_not_taken_for_the_row() {
    let mut screen = shown(120, 40);
    screen.keys("3<space>6d");
    assert!(screen.shows("docker volume rm"), "{}", screen.text());
    assert!(!screen.shows("docker container rm"));
    screen.keys("<esc>3d");
    assert!(screen.shows("docker container rm"), "{}", screen.text());
}

#[test]
fn a_filter_that_hides_rows_is_seen_in_every_view() {
    let mut screen = shown(80, 24);
    screen.keys("3/web<enter>1");
    let title = screen.line_with("Containers ");
    assert!(screen.shows("filtered"), "{title}\n{}", screen.text());
    screen.keys("3/zzzz<enter>1");
    assert!(
        screen.shows("nothing matches the filter"),
        "{}",
        screen.text()
    );
}

#[test]
fn two_marked_are_compared() {
    let mut screen = shown(80, 24);
    screen.keys("D");
    assert!(screen.shows("mark two images or containers"));
    screen.keys("<space><space>D");
    let hold = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::CompareItems { job, items, .. } => Some((*job, *items)),
        _ => None,
    });
    let (job, items) = hold.expect("a comparison");
    assert_ne!(items[0], items[1]);
    assert!(screen.shows("reading both"));
    screen.send(Msg::Done(job, Outcome::Compared(Arc::new(comparison()))));
    for words in [
        "ml/train:latest",
        "in common    1 layer, 117.0 MiB",
        "/usr/lib/large",
        "A 1 added",
    ] {
        assert!(screen.shows(words), "{words}\n{}", screen.text());
    }
    // The heaviest first; then by path.
    let first = |screen: &Screen| screen.comparison().selected().unwrap().path.clone();
    assert_eq!(first(&screen), b"usr/lib/large");
    screen.keys("ssg");
    assert!(screen.keys("/bin<enter>").shows("1 match"));
    screen.keys("y");
    assert_eq!(copied(&screen), "/bin/tool");
    screen.keys("<esc>");
    assert!(screen.comparison().found.is_some());
    screen.keys("<esc>");
    assert!(screen.shows("[1]Images") && !quits(&screen));
}

/// Something of every kind, with a name that would steer a terminal.
pub fn comparison() -> StoreComparison {
    let path = |path: &str, kind, bytes_a, bytes_b| Difference {
        path: path.as_bytes().to_vec(),
        kind,
        bytes_a,
        bytes_b,
        doubt: None,
    };
    StoreComparison {
        names: ["ml/train:latest".into(), "app:1.3".into()],
        compared: ImageComparison {
            common: Layers {
                count: 1,
                bytes: 117 * MIB,
            },
            only_a: Layers {
                count: 1,
                bytes: 1228 * MIB,
            },
            only_b: Layers {
                count: 2,
                bytes: 433 * MIB,
            },
            bytes_a: 1300 * MIB,
            bytes_b: 500 * MIB,
            paths: vec![
                path("bin/tool", DifferenceKind::Changed, 2 * MIB, 3 * MIB),
                path("etc/app.conf", DifferenceKind::MetadataOnly, 4096, 4096),
                path("srv/\u{1b}[31m\u{202e}x", DifferenceKind::Added, 0, 5),
                path("usr/lib/large", DifferenceKind::Removed, 900 * MIB, 0),
            ],
            by_time: 0,
        },
        completeness: Completeness::Complete,
    }
}

#[test]
fn what_was_not_compared_is_told() {
    let mut found = comparison();
    found.compared.paths[0].kind = DifferenceKind::NotCompared;
    found.compared.paths[0].doubt = Some(Doubt::TooLong);
    found.compared.by_time = 7;
    let mut screen = shown(120, 24);
    screen.keys("<space><space>D");
    let hold = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::CompareItems { job, .. } => Some(*job),
        _ => None,
    });
    let job = hold.expect("a comparison");
    screen.send(Msg::Done(job, Outcome::Compared(Arc::new(found))));
    screen.keys("sg");
    for words in [
        "1 not compared (?)",
        "7 the same by length and time alone",
        "not compared: too long",
    ] {
        assert!(screen.shows(words), "{words}: {}", screen.text());
    }
}

#[test]
fn several_stores_follow_each_other() {
    let stores = subject(vec![docker(), left_behind()], Known::Measured);
    let mut screen = Screen::stores(&stores, session(), 120, 40);
    assert!(screen.line(0).contains("1/2") || screen.line(0).contains("store 1 of 2"));
    screen.keys("J");
    assert!(
        screen.shows("old:1") && screen.line(0).contains("left behind"),
        "{}",
        screen.text()
    );
    screen.keys("d");
    assert!(screen.shows("does not use this store any more"));
    assert!(!screen.shows("docker image rm"));
    screen.keys("<esc>J");
    assert!(screen.shows("ml/train:latest"));
}

#[test]
fn sorting_filtering_and_the_basis_of_sizes() {
    let mut screen = shown(120, 40);
    let first = |screen: &Screen| screen.store().pane.list(screen.store().pane.tab).list.rows[0];
    let own = first(&screen);
    screen.keys("S");
    assert_ne!(first(&screen), own);
    screen.keys("Sss");
    assert!(screen.shows("sort: name"));
    screen.keys("/LATEST<enter>");
    // Upper case counts where it is typed.
    assert!(screen.shows("nothing matches"));
    screen.keys("<esc>/app<enter>");
    assert!(screen.shows("2 matches") && !screen.shows("debian"));
    screen.keys("<esc>a");
    assert!(
        screen.shows("basis: file lengths") && screen.line_with("debian:12").contains("58.5 MiB")
    );
    screen.keys("a");
    assert!(screen.shows("engine's own"));
}

#[test]
fn everything_about_a_row() {
    let mut screen = shown(120, 40);
    screen.keys("i");
    for words in [
        "sha256:0a0a",
        "linux/amd64",
        "/var/lib/docker/overlay2/02/diff",
        "unique",
    ] {
        assert!(screen.shows(words), "{words}\n{}", screen.text());
    }
    screen.keys("<esc>Y");
    assert_eq!(copied(&screen), format!("sha256:{}", "0a".repeat(32)));
    screen.keys("4i");
    assert!(screen.shows("unreferenced-directory"));
}

#[test]
fn a_store_is_read_again_and_written_down() {
    let mut screen = shown(80, 24);
    screen.keys("r");
    let load = screen.effects.iter().rev().find_map(|effect| match effect {
        Effect::Load { job, choice: None } => Some(*job),
        _ => None,
    });
    let job = load.expect("a load");
    assert!(screen.shows("web-1"), "what is known stays on the screen");
    screen.send(Msg::Done(
        job,
        Outcome::Store(subject(vec![left_behind()], Known::Measured)),
    ));
    assert!(screen.shows("old:1"));
    screen.writes = crate::screen::Writes::Kept;
    screen.keys("E<ctrl-u>all.ncdu<enter>");
    let wrote = |effect: &Effect| matches!(effect, Effect::ExportStore { format, .. } if *format == layerscope::report::Format::Ncdu);
    assert!(screen.effects.iter().any(wrote));
}

#[test]
fn what_is_odd_is_told() {
    use layerscope::error::{Warning, WarningCode};
    let mut odd = docker();
    odd.warnings.push(Warning::new(
        WarningCode::BadRecord,
        "repositories.json: cut off",
    ));
    let mut screen = Screen::stores(&subject(vec![odd], Known::Measured), session(), 120, 40);
    assert!(screen.line(0).contains("! 1"));
    assert!(screen.keys("w").shows("repositories.json: cut off"));
}

/// A store whose every name is hostile.
pub fn hostile() -> Arc<StoreSubject> {
    let evil = "a\u{1b}[2J\u{202e}\n$(reboot)'中";
    let mut store = docker();
    for image in &mut store.images {
        image.names = vec![evil.into(), "x".repeat(2000)];
        image.namespace = Some(evil.into());
        image.created = Some(evil.into());
    }
    for container in &mut store.containers {
        container.name = evil.into();
        container.id = evil.into();
        container.image_name = evil.into();
        container.growth[0].path = b"\xFF\x1b]0;x\x07".to_vec();
        container.state = State::Other("odd".into());
    }
    for layer in &mut store.layers {
        layer.name = evil.into();
        layer.chain_id = None;
        layer.diff_id = None;
        layer.created = Some(i64::MAX);
    }
    for piece in &mut store.pieces {
        piece.location.path = b"overlay2/\x1b[31m\xC2\x9B\xFF".to_vec();
    }
    for record in &mut store.cache {
        record.id = evil.into();
        record.description = evil.into();
        record.copy_of = record.layer;
    }
    store.volumes[0].name = evil.into();
    store.volumes[0].driver = evil.into();
    subject(vec![store, kubernetes()], Known::Measured)
}

#[test]
fn hostile_names_reach_neither_screen_nor_clipboard_nor_shell() {
    for (width, height) in [(200, 50), (80, 24), (40, 12)] {
        let mut screen = Screen::stores(&hostile(), session(), width, height);
        for tab in ["1", "2", "3", "4", "5", "6"] {
            screen.keys(tab).assert_nothing_raw();
            for keys in ["i", "d"] {
                screen.keys(keys).assert_nothing_raw();
                screen.keys("yG<esc>").assert_nothing_raw();
                let text = copied(&screen);
                assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
            }
            screen.keys("yY").assert_nothing_raw();
        }
    }
}

#[test]
fn rows_that_are_gone_are_nothing() {
    let mut screen = shown(80, 24);
    screen.keys("<space>");
    let key = screen.store().pane.selected();
    assert!(matches!(key, Some(Key::Image(_))));
    screen.keys("r");
    let job = screen.store().measuring.expect("a job");
    let mut empty = docker();
    empty.images.clear();
    empty.containers.clear();
    empty.layers.clear();
    screen.send(Msg::Done(
        job,
        Outcome::Store(subject(vec![empty], Known::Measured)),
    ));
    assert!(screen.shows("there is no image in this store"));
    screen.keys("idD<enter><space>yY3idj2i");
    assert!(screen.store().pane.marks.is_empty());
}

#[test]
fn the_layers_of_a_container_and_images_of_one_name_are_told_apart() {
    let digits = "44ca7c10e0f2".repeat(5) + "abcd";
    let mut store = docker();
    store.layers[0].chain_id = None;
    store.layers[0].diff_id = None;
    store.layers[0].name = format!("{digits}-init");
    store.layers[1].chain_id = None;
    store.layers[1].diff_id = None;
    store.layers[1].name = digits;
    store.images[2].names = store.images[0].names.clone();
    store.images[0].platform.architecture = "arm64".into();
    let stores = subject(vec![store], Known::Measured);
    let mut screen = Screen::stores(&stores, session(), 120, 40);
    assert!(
        screen.shows("ml/train:latest linux/arm64"),
        "{}",
        screen.text()
    );
    assert!(!screen.line_with("debian:12").contains("linux/"));
    screen.keys("2");
    assert!(screen.shows("44ca7c10e0f2-init "), "{}", screen.text());
    assert!(screen.shows("44ca7c10e0f2  "), "{}", screen.text());
}

#[test]
fn plugins_and_the_largest_paths_of_what_has_no_rows_have_a_view() {
    let mut screen = shown(100, 24);
    screen.keys("7");
    let plugin = screen.line_with("grafana/loki");
    assert!(
        plugin.contains("28.0 MiB") && plugin.contains("plugin"),
        "{plugin}"
    );
    let path = screen.line_with("network/files");
    assert!(
        path.contains("1.0 MiB") && path.contains("bookkeeping"),
        "{path}"
    );
    screen.keys("d");
    assert!(screen.shows("frees 28.0 MiB"), "{}", screen.text());
    assert!(screen.shows("docker plugin rm grafana/loki-docker-driver:latest"));
    screen.keys("<esc>jd");
    assert!(
        screen.shows("no command removes this alone"),
        "{}",
        screen.text()
    );
}
