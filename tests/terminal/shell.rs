//! The program as a job of an interactive shell.

use crate::pty::Pty;

fn shell() -> Option<Pty> {
    let words = ["bash", "--norc", "--noprofile", "-i"];
    let has_bash = std::process::Command::new("bash")
        .arg("--version")
        .output()
        .is_ok();
    if !has_bash {
        eprintln!("skipped: there is no bash");
        return None;
    }
    Pty::start(&words, &[("PS1", "ready> "), ("HISTFILE", "/dev/null")])
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_fg_takes_it_again() {
    let Some(mut pty) = shell() else { return };
    pty.wait_for("ready>");
    pty.send("stty -a > before; echo \"a\"sked\n");
    pty.wait_for("asked");
    pty.send("\"$LAYERSCOPE\" \"$DEMO\"\n");
    pty.wait_for_view();
    pty.resize(15, 4);
    pty.wait_for("20x5 needed");
    pty.send("\u{1a}");
    wait_for_shell(&mut pty);
    pty.resize(80, 24);
    pty.send("clear; stty -a > between; jobs; echo pau\"sed\"\n");
    pty.wait_for("paused");
    assert!(pty.contents().contains("Stopped"), "{}", pty.contents());
    assert_eq!(sane(&pty.file("before")), sane(&pty.file("between")));
    pty.send("fg\n");
    pty.wait_for_view();
    pty.resize(15, 4);
    pty.wait_for("20x5 needed");
    pty.send("q");
    wait_for_shell(&mut pty);
    pty.resize(80, 24);
    pty.send("clear; echo exit=$?; stty -a > after; echo \"o\"ver\n");
    pty.wait_for("over");
    assert_eq!(sane(&pty.file("before")), sane(&pty.file("after")));
}

/// A shell asks for bracketed paste itself.
fn wait_for_shell(pty: &mut Pty) {
    pty.wait("the shell", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor()
    });
}

/// Leaves out the size, which is not a mode.
fn sane(modes: &str) -> Vec<&str> {
    modes
        .lines()
        .filter(|line| !line.contains("rows"))
        .collect()
}
