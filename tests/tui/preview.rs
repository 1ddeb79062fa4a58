//! The preview: every command of it, hostile contents, differences, and any bytes at all.

use layerscope::browse::Scope;
use layerscope::layer::LayerIndex;
use layerscope::path::ImagePath;
use layerscope::progress::Job;
use layerscope::tui::ids::VersionAt;
use layerscope::tui::message::Outcome;
use layerscope::tui::panes::Request;
use layerscope::tui::panes::popup::{Popup, Purpose};
use layerscope::tui::panes::preview::{Body, DiffState, Wrap};
use layerscope::tui::reads::Reads;
use layerscope::tui::results::Nature;
use layerscope::tui::state::Focus;
use layerscope::tui::{Effect, Msg, tasks};
use proptest::prelude::*;

use crate::screen::{Screen, session};
use crate::support::{Codec, Item, LayerBuilder, opened};

fn lines(count: usize) -> String {
    let lines: Vec<String> = (1..=count).map(|line| format!("line {line}\n")).collect();
    lines.concat()
}

fn stack(layers: Vec<LayerBuilder>) -> Vec<Vec<Item>> {
    layers.into_iter().map(LayerBuilder::into_items).collect()
}

/// Three versions, a deletion, and the file again.
fn versions(width: u16, height: u16) -> Screen {
    let layer = LayerBuilder::new;
    let stack = stack(vec![
        layer().dir("etc").file("etc/app.conf", lines(60)),
        layer().file(
            "etc/app.conf",
            lines(60).replace("line 30\n", "line thirty\n"),
        ),
        layer().file("etc/app.conf", b"\x7fELF\0\x01 program".repeat(40)),
        layer().whiteout("etc/app.conf"),
        layer().file("etc/app.conf", "back\n").file("other", "x"),
    ]);
    Screen::layers(&stack, width, height)
}

fn one_file(name: &[u8], data: impl AsRef<[u8]>, width: u16, height: u16) -> Screen {
    let stack = stack(vec![LayerBuilder::new().file(name, data)]);
    Screen::layers(&stack, width, height)
}

/// Looks into a version, as the tree does on `v`.
fn look(screen: &mut Screen, path: &[u8], layer: u16) {
    let asked = ask(screen, path, layer);
    done(screen, asked);
}

fn at(screen: &Screen, path: &[u8], layer: u16) -> VersionAt {
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let path = ImagePath::new(path).expect("a path");
    VersionAt {
        path: subject.tree().find(path).expect("the path"),
        layer: LayerIndex(layer),
    }
}

fn with_reads<T>(
    screen: &mut Screen,
    call: impl FnOnce(&mut Screen, &Reads<'_>, &mut layerscope::tui::state::Jobs) -> T,
) -> T {
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let session = screen.model.session.clone();
    let areas = screen.model.areas();
    let reads = Reads {
        subject: &subject,
        session: &session,
        layer: screen.panes().layers.layer(),
        area: screen
            .view()
            .columns(screen.model.size)
            .preview
            .unwrap_or(areas.body),
        arrangement: areas.arrangement,
    };
    let mut jobs = screen.model.jobs;
    let result = call(screen, &reads, &mut jobs);
    screen.model.jobs = jobs;
    result
}

/// Asks for a version and leaves undone what has to be done for it.
fn ask(screen: &mut Screen, path: &[u8], layer: u16) -> Vec<Request> {
    let version = at(screen, path, layer);
    let view = screen.view_mut();
    view.before_preview = view.focus;
    view.focus = Focus::Preview;
    with_reads(screen, |screen, reads, jobs| {
        screen.view_mut().panes.preview.look(version, reads, jobs)
    })
}

fn done(screen: &mut Screen, requests: Vec<Request>) {
    for request in requests {
        let Request::Do(effect) = request else {
            continue;
        };
        let subject = std::sync::Arc::clone(&screen.view().subject);
        if let (Some(job), Some(outcome)) = (
            tasks::job_of(&effect),
            tasks::run(&effect, &subject, &Job::new()),
        ) {
            screen.send(Msg::Done(job, outcome));
        }
        screen.effects.push(effect);
    }
}

fn first_line(screen: &Screen) -> usize {
    screen.panes().preview.viewport.line
}

/// Every cell holds something that a terminal draws and does not obey.
fn assert_harmless(screen: &Screen) {
    let buffer = screen.buffer();
    for cell in &buffer.content {
        for character in cell.symbol().chars() {
            let is_odd = character.is_control()
                || matches!(u32::from(character), 0x200B..=0x200F | 0x202A..=0x202E | 0x2066..=0x2069);
            assert!(!is_odd, "{:?}", cell.symbol());
        }
    }
}

#[test]
fn text_is_shown_with_numbers_and_the_place_one_is_at() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 0);
    assert!(screen.line_with("line 1").contains("  1  line 1"));
    assert!(screen.shows("/etc/app.conf"));
    assert!(screen.shows("line 1 of 60"));
    assert!(screen.line_with("text").contains("0644 0:0"));
    assert!(screen.line_with("[L0]").contains("L3 deleted"));
    screen.keys("G");
    assert!(screen.shows("line 60") && screen.shows("100 %"));
    screen.keys("g");
    assert_eq!(first_line(&screen), 0);
}

#[test]
fn moving_keeps_the_screen_full() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("jjj");
    assert_eq!(first_line(&screen), 3);
    screen.keys("k<up><up><up><up>");
    assert_eq!(first_line(&screen), 0);
    screen.keys("<pgdn>");
    let page = first_line(&screen);
    assert!(page > 10);
    screen.keys("<ctrl-u>");
    assert_eq!(first_line(&screen), page - page / 2);
    screen.keys("<ctrl-d>u");
    assert_eq!(first_line(&screen), 0);
    screen.keys("<end>");
    let end = first_line(&screen);
    screen.keys("<down><pgdn>");
    assert_eq!(first_line(&screen), end);
    screen.resize(80, 60);
    assert!(first_line(&screen) < end, "no empty rows below the end");
    screen.keys("<home>");
}

#[test]
fn versions_are_stepped_through_up_and_down() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("J");
    assert!(screen.shows("[L1]") && screen.shows("2 of 5 versions"));
    screen.keys("J");
    assert!(screen.shows("7f 45 4c 46"), "binary opens in hex");
    screen.keys("J");
    assert!(screen.shows("layer 3 deletes it"));
    assert!(screen.shows("as of layer 2"));
    screen.keys("J");
    assert!(screen.shows("1  back"));
    screen.keys("J");
    assert!(
        screen
            .model
            .said
            .as_ref()
            .unwrap()
            .text
            .contains("no layer above")
    );
    screen.keys("KKKKK");
    assert!(screen.shows("[L0]"));
    assert!(
        screen
            .model
            .said
            .as_ref()
            .unwrap()
            .text
            .contains("no layer below")
    );
}

#[test]
fn m_shows_text_as_hex_and_hex_as_text_at_the_same_place() {
    let mut screen = versions(100, 24);
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("G");
    let line = first_line(&screen);
    screen.keys("m");
    assert_eq!(screen.panes().preview.nature(), Nature::Binary);
    assert!(screen.shows("offset 0x"));
    assert!(screen.panes().preview.offset > 100);
    screen.keys("gm");
    assert_eq!(first_line(&screen), 0);
    assert!(screen.shows("  1  line 1"));
    screen.keys("Gm");
    screen.keys("m");
    assert!(first_line(&screen) <= line);
}

#[test]
fn hex_scrolls_by_rows_and_stays_in_the_file() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 2);
    assert!(screen.line_with("00000000").contains(".ELF."));
    screen.keys("j");
    assert_eq!(screen.panes().preview.offset, 16);
    screen.keys("G");
    let last = screen.panes().preview.offset;
    assert!(screen.shows("100 %"));
    screen.keys("jj<pgdn>");
    assert_eq!(screen.panes().preview.offset, last);
    screen.resize(40, 12);
    assert_eq!(screen.panes().preview.offset % 4, 0);
    assert_harmless(&screen);
    screen.keys("g");
    assert_eq!(screen.panes().preview.offset, 0);
}

#[test]
fn d_shows_the_difference_from_the_version_below_and_takes_it_back() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 1);
    screen.keys("d");
    assert!(screen.shows("Difference: L0 to L1"));
    assert!(screen.shows("@@ -27,7 +27,7 @@"));
    assert!(screen.line_with("line 30").contains("- line 30"));
    assert!(screen.line_with("line thirty").contains("+ line thirty"));
    let styled = screen.styled();
    assert!(styled.contains("G.GGGGGGGGGGG") && styled.contains("R.RRRRRRR"));
    screen.keys("d");
    assert!(matches!(screen.panes().preview.diff, DiffState::No));
    assert!(screen.shows("  1  line 1"));
}

#[test]
fn a_difference_follows_the_version_and_says_where_binary_files_differ() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 1);
    screen.keys("dJ");
    assert!(screen.shows("binary files"));
    assert!(screen.shows("the first difference is at offset 0 (0x0)"));
    screen.keys("m");
    assert!(screen.model.said.as_ref().unwrap().text.contains("no hex"));
    screen.keys("<esc>");
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("d");
    assert!(
        screen
            .model
            .said
            .as_ref()
            .unwrap()
            .text
            .contains("first version")
    );
}

#[test]
fn the_same_content_is_said_to_be_the_same() {
    let layer = LayerBuilder::new;
    let stack = stack(vec![
        layer().file("a", "one\n"),
        layer().file("a", "one\n").mode(0o600),
    ]);
    let mut screen = Screen::layers(&stack, 80, 24);
    look(&mut screen, b"a", 1);
    screen.keys("d");
    assert!(screen.shows("the same content, byte for byte (4 bytes)"));
}

#[test]
fn carriage_returns_are_seen_where_they_differ() {
    let layer = LayerBuilder::new;
    let stack = stack(vec![
        layer().file("a", "one\r\ntwo\r\n"),
        layer().file("a", "one\ntwo\n"),
    ]);
    let mut screen = Screen::layers(&stack, 80, 24);
    look(&mut screen, b"a", 0);
    assert!(!screen.shows("\\x0D"), "a line end is no contents");
    screen.keys("Jd");
    assert!(screen.shows("- one\\x0D") && screen.shows("+ one"));
}

#[test]
fn w_wraps_and_the_sides_scroll() {
    let mut screen = one_file(
        b"a",
        format!("{}END\nsecond\n", "0123456789".repeat(30)),
        80,
        24,
    );
    look(&mut screen, b"a", 0);
    assert!(!screen.shows("END") && screen.shows("…"));
    screen.keys("ll");
    assert_eq!(screen.panes().preview.viewport.left, 16);
    screen.keys("h<left><left>");
    assert_eq!(screen.panes().preview.viewport.left, 0);
    screen.keys("<right>w");
    assert_eq!(screen.panes().preview.wrap, Wrap::On);
    assert!(screen.shows("END") && screen.shows("2  second"));
    screen.keys("w");
    assert!(!screen.shows("END"));
}

#[test]
fn a_search_goes_along_while_typing_and_n_goes_on() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("/line 4");
    assert!(screen.model.is_typing());
    assert!(screen.shows("/line 4"));
    assert!(screen.styled().contains('r'), "the match is reverse");
    screen.keys("2<enter>");
    assert!(!screen.model.is_typing());
    assert!(screen.shows("line 42") && first_line(&screen) > 20);
    screen.keys("n");
    assert!(screen.model.said.is_some(), "around the end");
    screen.keys("/<ctrl-u>line 5<enter>");
    screen.keys("n");
    let second = screen.panes().preview.search.at.clone().unwrap();
    screen.keys("N");
    assert!(screen.panes().preview.search.at.clone().unwrap().start < second.start);
    screen.keys("<esc>");
    assert!(!screen.panes().preview.search.is_on());
    assert_eq!(
        screen.view().focus,
        Focus::Preview,
        "Esc goes one step back"
    );
    screen.keys("n");
    assert!(
        screen
            .model
            .said
            .as_ref()
            .unwrap()
            .text
            .contains("/ begins")
    );
    screen.keys("/zebra");
    assert!(screen.shows("no match"));
    screen.keys("<esc>");
    assert!(!screen.model.is_typing());
}

#[test]
fn a_search_with_no_room_beside_its_state_is_drawn() {
    for keys in ["/", "/<ctrl-r><ctrl-t>", "/zzzz<ctrl-r><ctrl-t><ctrl-t>"] {
        let mut screen = versions(80, 24);
        look(&mut screen, b"etc/app.conf", 0);
        screen.keys(keys);
        for width in 1..=80 {
            screen.resize(width, 24);
            let _ = screen.text();
        }
    }
}

#[test]
fn searches_know_case_expressions_and_bytes() {
    let mut screen = versions(100, 24);
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("/LINE 7");
    assert!(screen.shows("no match"), "upper case counts once typed");
    screen.keys("<ctrl-t><ctrl-t>");
    assert!(screen.shows("[no case]") && !screen.shows("no match"));
    screen.keys("<ctrl-u>line [67]0$<ctrl-r>");
    assert!(screen.shows("[regex]"));
    assert!(first_line(&screen) > 30);
    screen.keys("<ctrl-u>(");
    assert!(screen.shows("not an expression"));
    screen.keys("<esc>");
    look(&mut screen, b"etc/app.conf", 2);
    screen.keys("/7f 45<ctrl-r><enter>n");
    assert_eq!(screen.panes().preview.search.at, Some(14..16));
    screen.keys("/<up><down><esc>");
}

#[test]
fn leaving_gives_the_keys_back() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 0);
    screen.keys("q");
    assert_eq!(screen.view().focus, Focus::Tree);
    look(&mut screen, b"etc/app.conf", 1);
    screen.keys("<esc>");
    assert_eq!(screen.view().focus, Focus::Tree);
}

#[test]
fn what_is_done_with_a_file_is_asked_for() {
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 1);
    let version = screen.panes().preview.version.unwrap();
    screen.keys("o");
    assert!(matches!(screen.effects.last(), Some(Effect::Page(page)) if *page == version));
    screen.keys("y");
    assert!(matches!(screen.effects.last(), Some(Effect::Copy(path)) if path == "/etc/app.conf"));
    screen.keys("e");
    let Some(Popup::Prompt(prompt)) = screen.model.popups.last() else {
        panic!("no question");
    };
    let wanted = Purpose::Extract {
        paths: vec![version.path],
        scope: Scope::Accumulated(LayerIndex(1)),
    };
    assert_eq!(prompt.purpose, wanted);
    screen.keys("<esc>i");
    let Some(Popup::Notice(notice)) = screen.model.popups.last() else {
        panic!("no facts");
    };
    let text = notice.lines.join("\n");
    for deed in [
        "layer 0 adds it",
        "layer 1 changes it",
        "layer 3 deletes it",
    ] {
        assert!(text.contains(deed), "{text}");
    }
    screen.keys("<esc>JJeo");
    assert!(
        screen
            .model
            .said
            .as_ref()
            .unwrap()
            .text
            .contains("only files")
    );
}

#[test]
fn a_version_is_extracted_below_the_directory_and_nothing_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("out");
    let mut screen = versions(80, 24);
    look(&mut screen, b"etc/app.conf", 1);
    let typed = format!("e<ctrl-u>{}<enter>", target.display());
    screen.keys(&typed);
    let said = screen.model.said.clone().unwrap().text;
    assert!(
        said.contains("1 file (") && said.contains("written below"),
        "{said}"
    );
    let written = std::fs::read_to_string(target.join("etc/app.conf")).unwrap();
    assert!(written.contains("line thirty"));
    screen.keys(&typed);
    assert!(matches!(screen.model.popups.last(), Some(Popup::Notice(_))));
}

#[test]
fn a_report_is_written_once_and_not_over_another() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("report.txt");
    let mut screen = versions(80, 24);
    let typed = format!("E<ctrl-u>{}<enter>", target.display());
    screen.keys(&typed);
    assert!(
        screen
            .model
            .said
            .clone()
            .unwrap()
            .text
            .contains("text report written")
    );
    let text = std::fs::read_to_string(&target).unwrap();
    assert!(text.contains("efficiency") && !text.contains('\x1b'));
    std::fs::write(&target, "mine").unwrap();
    screen.keys(&typed);
    assert!(screen.shows("exists already"));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
}

#[test]
fn everything_but_files_is_described() {
    let layer = LayerBuilder::new;
    let stack = stack(vec![
        layer()
            .dir("d")
            .file("d/one", "x")
            .symlink("link", "d/\x1b[31m")
            .char_device("null", 1, 3)
            .fifo("pipe")
            .hardlink("lost", "nowhere")
            .file("empty", "")
            .dir("bare"),
    ]);
    let mut screen = Screen::layers(&stack, 80, 24);
    for (path, words) in [
        (&b"d"[..], "-rw-r--r--  1 B  one"),
        (b"link", "symbolic link to d/\\x1B[31m"),
        (b"null", "device 1, 3"),
        (b"pipe", "there is nothing to read"),
        (b"lost", "hard link to /nowhere, which is not there"),
        (b"empty", "an empty file"),
        (b"bare", "nothing is in it"),
    ] {
        look(&mut screen, path, 0);
        assert!(screen.shows(words), "{words}\n{}", screen.text());
        assert_harmless(&screen);
        screen.keys("d");
        assert!(path == b"empty" || screen.model.said.is_some());
    }
}

#[test]
fn hostile_contents_never_reach_a_cell_raw() {
    let hostile = [
        &b"\x1b[31mred \x1b]0;title\x07\x1bP\x9b\rover\x08\x7f\x0b\n"[..],
        "\u{202E}gnp.exe\u{200B} \u{9b}31m \u{E000}\u{2028}\n".as_bytes(),
        b"bad \xFF\xFE\xC3 bytes\n",
        b"e\xCC\x81\xCC\x81\xCC\x81\xCC\x81 combining\n",
    ]
    .concat();
    for (width, height) in [(200, 50), (80, 24), (40, 12), (20, 5)] {
        let mut screen = one_file(b"n\x1b[31m\xE2\x80\xAE", &hostile, width, height);
        look(&mut screen, b"n\x1b[31m\xE2\x80\xAE", 0);
        assert_harmless(&screen);
        for keys in [
            "w", "m", "m", "/\u{1b}x", "<esc>", "i", "<esc>", "e", "<esc>", "l",
        ] {
            screen.keys(keys);
            assert_harmless(&screen);
        }
    }
    let mut screen = one_file(b"x", &hostile, 80, 24);
    look(&mut screen, b"x", 0);
    assert!(screen.shows("\\x1B[31mred") && screen.shows("\\x0Dover"));
    assert!(screen.shows("\\u{202E}gnp.exe") && screen.shows("bad \\xFF"));
}

#[test]
fn a_line_of_megabytes_is_cut_and_quick() {
    let mut screen = one_file(b"min.js", b"x".repeat(6_000_000), 80, 24);
    look(&mut screen, b"min.js", 0);
    assert!(
        screen.shows("first 4.0 MiB of 5.7 MiB"),
        "{}",
        screen.text()
    );
    let begun = std::time::Instant::now();
    for keys in [
        "w",
        "j",
        "G",
        "k",
        "w",
        "l",
        "l",
        "/y",
        "<esc>",
        "/xx<enter>",
        "n",
        "n",
        "N",
    ] {
        screen.keys(keys);
        assert_harmless(&screen);
    }
    // Generous: this is a build without optimisation on a busy machine.
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    screen.keys("<esc>wG");
    assert!(screen.shows("bytes more on this line"), "{}", screen.text());
}

#[test]
fn a_compressed_layer_is_read_only_when_asked() {
    let stack = stack(vec![
        LayerBuilder::new().file("a", lines(3)).file("b", lines(2)),
    ]);
    for (codec, reads_at_once) in [(Codec::None, true), (Codec::Gzip, false)] {
        let analysis = opened::analyse(&stack, &[codec]);
        let mut screen = Screen::of(analysis, session(), 160, 40);
        let version = at(&screen, b"a", 0);
        let requests = with_reads(&mut screen, |screen, reads, jobs| {
            screen
                .view_mut()
                .panes
                .preview
                .follow(Some(version), reads, jobs)
        });
        assert_eq!(requests.len(), usize::from(reads_at_once));
        done(&mut screen, requests);
        let again = with_reads(&mut screen, |screen, reads, jobs| {
            screen
                .view_mut()
                .panes
                .preview
                .follow(Some(version), reads, jobs)
        });
        assert!(again.is_empty(), "nothing has changed");
        assert_eq!(
            screen.shows("press v to read it"),
            !reads_at_once,
            "{}",
            screen.text()
        );
        look(&mut screen, b"a", 0);
        assert!(screen.shows("line 3"), "{}", screen.text());
    }
}

#[test]
fn what_is_not_waited_for_any_more_is_cancelled_and_its_result_dropped() {
    let stack = stack(vec![LayerBuilder::new().file("a", "aaa").file("b", "bbb")]);
    let mut screen = Screen::layers(&stack, 160, 40);
    let first = ask(&mut screen, b"a", 0);
    assert!(screen.shows("reading…"));
    let second = ask(&mut screen, b"b", 0);
    assert!(matches!(
        (&first[0], &second[0]),
        (Request::Do(Effect::Read { job, .. }), Request::Do(Effect::Cancel(cancelled))) if job == cancelled
    ));
    done(&mut screen, first);
    assert!(
        matches!(screen.panes().preview.body, Body::Reading(_)),
        "a stale result"
    );
    done(&mut screen, second);
    assert!(screen.shows("bbb"));
    let third = ask(&mut screen, b"a", 0);
    assert_eq!(third.len(), 1);
    screen.keys("<ctrl-c>");
    assert!(matches!(screen.effects.last(), Some(Effect::Cancel(_))));
    assert!(screen.shows("press v to read it"));
    screen.keys("v");
    assert!(screen.shows("aaa"));
}

#[test]
fn what_cannot_be_read_says_so_in_the_pane() {
    let mut screen = versions(80, 24);
    let asked = ask(&mut screen, b"etc/app.conf", 0);
    let Some(Request::Do(effect)) = asked.first() else {
        panic!("nothing is read");
    };
    let error = layerscope::error::Error::Damaged {
        path: "/etc/app.conf".into(),
        layer: 0,
        reason: "3 of 9 bytes could be read".into(),
    };
    let complaint = layerscope::tui::message::Complaint::of(&error);
    let job = tasks::job_of(effect).unwrap();
    screen.send(Msg::Done(job, Outcome::Failed(complaint)));
    assert!(screen.shows("is damaged: 3 of 9 bytes could be read"));
    assert!(screen.model.popups.is_empty());
}

#[test]
fn a_cancelled_job_reads_nothing() {
    let stack = stack(vec![LayerBuilder::new().file("a", lines(3))]);
    let mut screen = Screen::layers(&stack, 80, 24);
    let asked = ask(&mut screen, b"a", 0);
    let subject = std::sync::Arc::clone(&screen.view().subject);
    let job = Job::new();
    job.cancel();
    for request in asked {
        let Request::Do(effect) = request else {
            continue;
        };
        assert!(matches!(
            tasks::run(&effect, &subject, &job),
            Some(Outcome::Cancelled)
        ));
    }
}

/// While an image is read its tree grows, and paths get other numbers.
#[test]
fn what_is_shown_stays_when_more_of_the_image_is_known() {
    let layer = LayerBuilder::new;
    let all = stack(vec![
        layer().file("m", lines(60)),
        layer()
            .file("a", "new")
            .file("b/c", "new")
            .file("m", "other"),
    ]);
    let mut screen = Screen::layers(&all[..1], 80, 24);
    look(&mut screen, b"m", 0);
    screen.keys("jjj");
    let before = screen.panes().preview.version.unwrap();
    let job = screen.model.jobs.take_number();
    screen.reads_again(job);
    let analysis = opened::analyse(&all, &[Codec::None]);
    let subject = layerscope::tui::Subject::new(analysis, &screen.model.session.rules);
    screen.send(Msg::Done(
        job,
        Outcome::Loaded(std::sync::Arc::new(subject)),
    ));
    let after = screen.panes().preview.version.unwrap();
    assert_ne!(before.path, after.path, "the test tests something");
    assert_eq!(after, at(&screen, b"m", 0));
    assert_eq!(first_line(&screen), 3);
    screen.keys("J");
    assert!(screen.shows("1  other"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_at_any_size_are_drawn_harmlessly(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        text in "\\PC{0,200}|[\\t\\r\\n\\x1b\\u{80}-\\u{9f}a-z]{0,300}",
        width in 20u16..160,
        height in 5u16..50,
        keys in "[jkudgGhlwmdnNJKv]{0,30}",
        searched in "[a-f0-9 x(]{0,6}",
    ) {
        let layer = LayerBuilder::new;
        let stack = stack(vec![layer().file("a", &bytes), layer().file("a", &text)]);
        let mut screen = Screen::layers(&stack, width, height);
        look(&mut screen, b"a", 1);
        for key in keys.chars() {
            screen.keys(&key.to_string());
            assert_harmless(&screen);
        }
        screen.keys(&format!("/{searched}<enter>nN"));
        screen.resize(height * 3, width / 4);
        assert_harmless(&screen);
    }
}

#[test]
fn the_tree_leads_into_a_file_and_the_preview_follows_its_cursor() {
    let mut screen = Screen::demo(200, 50);
    screen.keys("mm/os-rel<enter>G");
    assert!(screen.shows("ID=harbour"), "{}", screen.text());
    assert_eq!(screen.view().focus, Focus::Tree);
    screen.keys("<up>");
    assert!(!screen.shows("ID=harbour"));
    screen.keys("<down>v");
    assert_eq!(screen.view().focus, Focus::Preview);
    screen.keys("K");
    assert!(screen.shows("[L0]") && screen.shows("ID=harbour"));
    screen.keys("q");
    assert_eq!(screen.view().focus, Focus::Tree);
    screen.resize(80, 24).keys("v");
    assert!(screen.shows("ID=harbour"), "{}", screen.text());
}

#[test]
fn a_search_goes_along_to_the_difference() {
    let mut screen = versions(100, 30);
    look(&mut screen, b"etc/app.conf", 1);
    screen.keys("/line<enter>");
    assert!(!screen.shows("no match"), "{}", screen.text());
    screen.keys("d");
    assert!(screen.shows("Difference"));
    assert!(!screen.shows("no match"), "{}", screen.text());
}
