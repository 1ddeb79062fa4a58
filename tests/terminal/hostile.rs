//! Names, targets, commands and contents chosen to take a terminal over: no byte of them reaches it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::pty::{Pty, script};
use crate::support::{Codec, Packing, docker_current, image};

/// Sets a title, an odd colour, turns text around, is no UTF-8, introduces a sequence in one byte.
const HOSTILE: [&[u8]; 5] = [
    b"\x1b]0;owned\x07",
    b"\x1b[1337m",
    "\u{202e}".as_bytes(),
    b"\xff\xfe",
    "\u{9b}".as_bytes(),
];

fn archive() -> Vec<u8> {
    let text = HOSTILE.concat();
    let named = |name: &[u8]| [name, &text[..]].concat();
    let command = "RUN echo \u{1b}]0;owned\u{7} \u{202e} # buildkit";
    let image = image()
        .name("hostile:1")
        .layer("ADD / # buildkit", |l| {
            l.file(named(b"aim"), &text)
                .dir(named(b"directory"))
                .file([&named(b"directory"), &b"/below"[..]].concat(), &text)
                .symlink(named(b"link"), named(b"target"))
        })
        .layer(command, |l| {
            l.file(named(b"aim"), named(b"another"))
                .whiteout(named(b"directory"))
        })
        .build();
    docker_current(&[&image], Packing::new(Codec::None)).archive(Codec::None)
}

fn found(raw: &[u8]) -> Option<&'static [u8]> {
    let mut hostile = HOSTILE.into_iter();
    hostile.find(|needle| raw.windows(needle.len()).any(|part| part == *needle))
}

/// Makes sure that everything typed so far was drawn in full, whatever it shows.
fn settle(pty: &mut Pty) {
    pty.resize(15, 4);
    pty.wait_for("20x5 needed");
    pty.resize(100, 30);
    pty.wait("a screen", |screen| !screen.contents().contains("needed"));
}

#[test]
fn nothing_of_the_image_reaches_the_terminal_raw() {
    let told = "until [ -f image ]; do :; done; \"$LAYERSCOPE\" image; echo exit=$?";
    let Some(mut pty) = script(told) else { return };
    std::fs::write(pty.home().join("part"), archive()).unwrap();
    std::fs::rename(pty.home().join("part"), pty.home().join("image")).unwrap();
    pty.wait_for_view();
    let walk = [
        "+", "j", "y", "Y", "i", "\u{1b}", "v", "d", "\u{1b}", "m", "m", "+", "jjjj", "y", "i",
        "\u{1b}", "\t", "j", "Y", "\t", "/aim", "\r", "y", "n", "\u{1b}", "c", "w", "2", "j", "i",
        "\u{1b}", "y", "3", "/own", "\r", "y", "\u{1b}", "4", "\r", "5", "jjjj", "1", "?",
        "\u{1b}", "e", "\u{1b}", "E", "\u{1b}",
    ];
    for keys in walk {
        pty.send(keys);
        settle(&mut pty);
    }
    pty.send("\u{3}");
    pty.wait_for("exit=");
    assert_eq!(found(&pty.raw), None);
    let escaped = b"\\x1B]0;owned";
    let mut parts = pty.raw.windows(escaped.len());
    assert!(parts.any(|part| part == escaped), "it was shown, escaped");
    assert!(!clipboards(&pty.raw).is_empty(), "something was copied");
    for copied in clipboards(&pty.raw) {
        assert_eq!(found(&copied), None, "in the clipboard");
        assert!(!copied.iter().any(u8::is_ascii_control), "{copied:?}");
    }
}

/// Returns what was handed to the clipboard.
/// A terminal is told what is in a file; a file or a pipe gets it as it is.
#[test]
fn cat_gives_a_terminal_nothing_to_obey() {
    let told = "until [ -f image ]; do :; done
        \"$LAYERSCOPE\" cat image /text; echo; \"$LAYERSCOPE\" cat image /program; echo exit=$?
        \"$LAYERSCOPE\" cat image /text | cmp - text && \"$LAYERSCOPE\" cat image /program -o - | cmp - program
        echo same=$?; \"$LAYERSCOPE\" cat image /text -o out && cmp out text; echo over=$?";
    let Some(mut pty) = script(told) else { return };
    let text = [b"begin\n", &HOSTILE.concat()[..], b"end\n"].concat();
    let program = b"\x7fELF\0\0\x1b[2J".to_vec();
    let image = image().layer("ADD", |l| l.file("text", &text).file("program", &program));
    let archive = docker_current(&[&image.build()], Packing::new(Codec::None));
    std::fs::write(pty.home().join("text"), &text).unwrap();
    std::fs::write(pty.home().join("program"), &program).unwrap();
    std::fs::write(pty.home().join("part"), archive.archive(Codec::None)).unwrap();
    std::fs::rename(pty.home().join("part"), pty.home().join("image")).unwrap();
    pty.wait_for("over=");
    let screen = pty.contents();
    assert_eq!(found(&pty.raw), None, "{screen}");
    for words in [
        "begin\n\\x1B]0;owned\\x07\\x1B[1337m\\u{202E}\\xFF\\xFE\\u{009B}end\n",
        "`-o -` writes it as it is",
        "error: /program is no text, and standard output is a terminal\n",
        "exit=2",
        "same=0",
        "over=0",
    ] {
        assert!(screen.contains(words), "no {words:?} in\n{screen}");
    }
}

fn clipboards(raw: &[u8]) -> Vec<Vec<u8>> {
    let start = b"\x1b]52;c;";
    let starts = (0..raw.len()).filter(|&at| raw[at..].starts_with(start));
    let text = starts.map(|at| {
        let text = &raw[at + start.len()..];
        let end = text.iter().position(|&byte| byte == 7).unwrap();
        STANDARD.decode(&text[..end]).unwrap()
    });
    text.collect()
}

#[test]
fn what_reaches_the_terminal_raw_is_found() {
    let told = "printf 'x\\033]0;owned\\007\\033]52;c;L2V0Yw==\\007over'";
    let Some(mut pty) = script(told) else { return };
    pty.wait_for("over");
    assert_eq!(found(&pty.raw), Some(HOSTILE[0]));
    assert_eq!(clipboards(&pty.raw), [b"/etc"]);
}
