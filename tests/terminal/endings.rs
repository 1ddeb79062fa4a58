//! Every way out gives the terminal back.

use rustix::process::Signal;

use layerscope::tui::message::MouseMode;
use layerscope::tui::terminal::{Keyboard, Terminal};

use crate::pty::{Pty, script};

#[test]
fn a_signal_gives_the_terminal_back_and_is_told_by_the_exit_code() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::INT, 130)] {
        let told = "stty -a > before; sh -c 'echo $$ > pid; exec \"$LAYERSCOPE\" \"$DEMO\"'; \
                    echo exit=$?; stty -a > after; echo over";
        let Some(mut pty) = script(told) else { return };
        pty.wait_for_view();
        pty.signal(signal);
        pty.wait_for("over");
        pty.wait_for_farewell();
        assert!(
            pty.contents().contains(&format!("exit={code}")),
            "{}",
            pty.contents()
        );
        assert_eq!(pty.file("before"), pty.file("after"));
    }
}

#[test]
fn ctrl_c_ends_reading_at_once_even_where_nothing_comes() {
    // The holder keeps the pipe open and never writes.
    let told = "mkfifo pipe; sleep 60 > pipe & \"$LAYERSCOPE\" - < pipe; echo exit=$?; kill $!";
    let Some(mut pty) = script(told) else { return };
    pty.wait_for_view();
    pty.send("\u{3}");
    pty.wait_for("exit=130");
    pty.wait_for_farewell();
}

#[test]
fn q_while_reading_is_no_error() {
    let told = "mkfifo pipe; sleep 60 > pipe & \"$LAYERSCOPE\" - < pipe; echo exit=$?; kill $!";
    let Some(mut pty) = script(told) else { return };
    pty.wait_for_view();
    pty.send("q");
    pty.wait_for("exit=0");
}

/// What a child of a test does on a terminal of its own.
const ROLE: &str = "LAYERSCOPE_TERMINAL_TEST";

fn child(role: &str) -> Option<Pty> {
    let told = "stty -a > before; \"$TEST\" --exact endings::child_of_a_test --ignored --nocapture \
                --test-threads=1; echo exit=$?; stty -a > after; echo over";
    let test = std::env::current_exe().unwrap();
    let variables = [(ROLE, role), ("TEST", test.to_str().unwrap())];
    Pty::start(&["/bin/sh", "-c", told], &variables)
}

#[test]
#[ignore = "runs on the terminal that another test makes"]
fn child_of_a_test() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let terminal = Terminal::enter(Keyboard::find().unwrap(), MouseMode::On).unwrap();
    assert_ne!(role, "panic", "said on purpose");
    let thread = std::thread::spawn(|| panic!("kept to itself"));
    assert!(thread.join().is_err());
    drop(terminal);
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let Some(mut pty) = child("panic") else {
        return;
    };
    pty.wait_for("over");
    pty.wait_for_farewell();
    assert!(
        pty.contents().contains("said on purpose"),
        "{}",
        pty.contents()
    );
    assert_eq!(pty.file("before"), pty.file("after"));
    let position = |needle: &[u8]| {
        pty.raw
            .windows(needle.len())
            .position(|part| part == needle)
    };
    assert!(position(b"\x1b[?1049h").unwrap() < position(b"\x1b[?1049l").unwrap());
    assert!(position(b"\x1b[?1049l").unwrap() < position(b"said on purpose").unwrap());
    assert!(
        position(b"\x1b[?1000l").is_some(),
        "the mouse is reported no more"
    );
}

#[test]
fn a_panic_of_another_thread_does_not_reach_the_screen() {
    let Some(mut pty) = child("thread") else {
        return;
    };
    pty.wait_for("over");
    assert!(pty.contents().contains("exit=0"), "{}", pty.contents());
    assert!(!pty.raw.windows(4).any(|part| part == b"kept"));
}
