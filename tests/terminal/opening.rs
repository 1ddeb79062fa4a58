//! When the view opens, and where its keys come from.

use crate::pty::{Pty, USUAL, script};

#[test]
fn the_view_opens_on_a_terminal_and_leaves_it_as_it_was() {
    let told =
        "stty -a > before; \"$LAYERSCOPE\" \"$DEMO\"; echo exit=$?; stty -a > after; echo over";
    let Some(mut pty) = script(told) else { return };
    pty.wait_for_view();
    pty.send("q");
    pty.wait_for("over");
    pty.wait_for_farewell();
    assert!(pty.contents().contains("exit=0"), "{}", pty.contents());
    assert_eq!(pty.file("before"), pty.file("after"));
    assert_eq!(pty.contents().trim(), "exit=0\nover", "nothing but frames");
}

#[test]
fn nothing_opens_where_a_report_is_wanted() {
    let wishes = [
        "\"$LAYERSCOPE\" --no-tui \"$DEMO\"",
        "\"$LAYERSCOPE\" --json \"$DEMO\"",
        "\"$LAYERSCOPE\" --format text \"$DEMO\"",
        "\"$LAYERSCOPE\" --ci --max-layers 99 \"$DEMO\"",
        "\"$LAYERSCOPE\" -o report \"$DEMO\"",
        "\"$LAYERSCOPE\" --report json=report \"$DEMO\"",
        "\"$LAYERSCOPE\" --print-config \"$DEMO\"",
        "\"$LAYERSCOPE\" --quiet \"$DEMO\"",
        "TERM=dumb \"$LAYERSCOPE\" \"$DEMO\"",
        "\"$LAYERSCOPE\" \"$DEMO\" | cat",
    ];
    for wish in wishes {
        let Some(mut pty) = script(&format!("{wish}; echo over")) else {
            return;
        };
        pty.wait_for("over");
        let entered = b"\x1b[?1049h";
        let has_entered = pty.raw.windows(entered.len()).any(|part| part == entered);
        assert!(!has_entered, "{wish}");
    }
}

#[test]
fn a_pipeline_that_says_ci_gets_the_view_where_somebody_looks() {
    let Some(mut pty) = script("CI=true \"$LAYERSCOPE\" open \"$DEMO\"; echo exit=$?") else {
        return;
    };
    pty.wait_for_view();
    pty.send("q");
    pty.wait_for("exit=0");
}

#[test]
fn keys_come_from_the_terminal_while_the_archive_comes_on_standard_input() {
    for told in [
        "\"$LAYERSCOPE\" - < \"$DEMO\"; echo exit=$?",
        "cat \"$DEMO\" | \"$LAYERSCOPE\" -; echo exit=$?",
    ] {
        let Some(mut pty) = script(told) else { return };
        pty.wait_for_view();
        pty.send("q");
        pty.wait_for("exit=0");
        pty.wait_for_farewell();
    }
}

#[test]
fn an_image_that_cannot_be_read_is_an_error_as_without_a_view() {
    let Some(mut pty) = script("\"$LAYERSCOPE\" missing.tar; echo exit=$?") else {
        return;
    };
    pty.wait_for("exit=2");
    pty.wait_for_farewell();
    assert!(pty.contents().contains("error: "), "{}", pty.contents());
    assert!(pty.contents().contains("missing.tar"), "{}", pty.contents());
}

#[test]
fn keys_that_nobody_can_mean_are_an_error_before_anything_is_drawn() {
    let told = "printf '[keys]\\nfly = [\"f\"]\\n' > .layerscope.toml; \"$LAYERSCOPE\" \"$DEMO\"; echo exit=$?";
    let Some(mut pty) = script(told) else { return };
    pty.wait_for("exit=2");
    assert!(pty.contents().contains("fly"), "{}", pty.contents());
}

#[test]
fn a_storm_of_sizes_ends_with_the_screen_it_began_with() {
    let Some(mut pty) = script("\"$LAYERSCOPE\" \"$DEMO\"; echo exit=$?") else {
        return;
    };
    pty.wait_for_view();
    pty.resize(15, 4);
    pty.wait_for("20x5 needed");
    pty.resize(USUAL.0, USUAL.1);
    // All of it: the image is read, and the line that is drawn last is there.
    pty.wait("the whole screen", |screen| {
        let shown = screen.contents();
        ["eff 36.3 %", "Layer 1 ", "edits save", "q quit"]
            .iter()
            .all(|text| shown.contains(text))
            && !shown.contains("needed")
    });
    let before = pty.contents();
    for step in 0..200u16 {
        pty.resize(1 + step * 37 % 200, 1 + step * 13 % 60);
    }
    pty.resize(15, 4);
    pty.wait_for("20x5 needed");
    pty.resize(USUAL.0, USUAL.1);
    pty.wait("the screen as before", |screen| screen.contents() == before);
    pty.send("q");
    pty.wait_for("exit=0");
}

#[test]
fn a_paste_and_a_flood_of_keys_are_taken() {
    let Some(mut pty) = Pty::start(
        &["/bin/sh", "-c", "\"$LAYERSCOPE\" \"$DEMO\"; echo exit=$?"],
        &[],
    ) else {
        return;
    };
    pty.wait_for_view();
    pty.send("j".repeat(5000));
    pty.send(format!("\u{1b}[200~{}\u{1b}[201~", "x".repeat(5000)));
    // Half a sequence must not keep the rest from being heard.
    pty.send("\u{1b}[");
    pty.resize(15, 4);
    pty.wait_for("20x5 needed");
    pty.send("Aq");
    pty.wait_for("exit=0");
}
