//! Text for the terminal's clipboard (OSC 52), through a multiplexer where one stands between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::limits;

/// What stands between the program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Multiplexer {
    /// Nothing does: it reads every sequence itself.
    #[default]
    None,
    /// tmux, which wants sequences wrapped.
    Tmux,
    /// GNU screen.
    Screen,
}

/// GNU screen drops longer strings; longer ones are sent in pieces.
const SCREEN_PIECE: usize = 250;

impl Multiplexer {
    /// Tells by the environment: `TMUX` (set by tmux) first, for tmux may run inside of screen and not the
    /// other way round with both seen, then `STY` (set by screen), then `TERM`. Values are what is set and not
    /// empty.
    pub fn of(tmux: Option<&str>, sty: Option<&str>, term: Option<&str>) -> Self {
        let is_term = |name: &str| term.is_some_and(|term| term.starts_with(name));
        if tmux.is_some() || is_term("tmux") {
            Self::Tmux
        } else if sty.is_some() || is_term("screen") {
            Self::Screen
        } else {
            Self::None
        }
    }
}

/// Returns what puts the text into the clipboard; `None` where it is longer than
/// [`limits::CLIPBOARD_BYTES`]. Only base64 and the frame around it reach the terminal, whatever the text.
pub fn sequence(text: &str, multiplexer: Multiplexer) -> Option<Vec<u8>> {
    if text.len() > limits::CLIPBOARD_BYTES {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    Some(match multiplexer {
        Multiplexer::None => plain.into_bytes(),
        // tmux(1), allow-passthrough: every ESC inside is doubled. Where set-clipboard is on, tmux takes the
        // plain sequence itself, so that one of the two is heard.
        Multiplexer::Tmux => {
            let wrapped = plain.replace('\x1b', "\x1b\x1b");
            format!("{plain}\x1bPtmux;{wrapped}\x1b\\").into_bytes()
        }
        Multiplexer::Screen => {
            let pieces = plain.as_bytes().chunks(SCREEN_PIECE);
            pieces
                .flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat())
                .collect()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "/etc\x1b\\\x07\x1b]0;title\x07\u{9c}\n\u{202E}";

    fn text(content: &str, multiplexer: Multiplexer) -> String {
        String::from_utf8(sequence(content, multiplexer).unwrap()).unwrap()
    }

    #[test]
    fn a_multiplexer_gets_the_sequence_wrapped() {
        assert_eq!(text("/etc", Multiplexer::None), "\x1b]52;c;L2V0Yw==\x07");
        assert_eq!(
            text("/etc", Multiplexer::Tmux),
            "\x1b]52;c;L2V0Yw==\x07\x1bPtmux;\x1b\x1b]52;c;L2V0Yw==\x07\x1b\\"
        );
        assert_eq!(
            text("/etc", Multiplexer::Screen),
            "\x1bP\x1b]52;c;L2V0Yw==\x07\x1b\\"
        );
    }

    #[test]
    fn screen_gets_long_text_in_pieces_that_join_to_the_whole() {
        let long = "x".repeat(1000);
        let sent = text(&long, Multiplexer::Screen);
        let pieces: Vec<&str> = sent
            .split_terminator("\x1b\\")
            .map(|piece| piece.strip_prefix("\x1bP").unwrap())
            .collect();
        assert!(pieces.iter().all(|piece| piece.len() <= SCREEN_PIECE));
        assert_eq!(pieces.concat(), text(&long, Multiplexer::None));
    }

    #[test]
    fn hostile_text_cannot_end_the_sequence() {
        for multiplexer in [Multiplexer::None, Multiplexer::Tmux, Multiplexer::Screen] {
            let (harmless, hostile) = (text("x", multiplexer), text(HOSTILE, multiplexer));
            let controls = |sent: &str| -> Vec<char> {
                sent.chars().filter(|sent| sent.is_control()).collect()
            };
            assert_eq!(controls(&hostile), controls(&harmless));
            assert!(hostile.is_ascii());
        }
    }

    #[test]
    fn text_beyond_the_limit_is_refused_whole() {
        let most = "x".repeat(limits::CLIPBOARD_BYTES);
        assert!(sequence(&most, Multiplexer::None).is_some());
        assert_eq!(sequence(&format!("{most}x"), Multiplexer::None), None);
    }

    #[test]
    fn the_environment_tells_what_stands_between() {
        for (tmux, sty, term, expected) in [
            (None, None, Some("xterm-256color"), Multiplexer::None),
            (
                Some("/tmp/tmux-0/default,1,0"),
                None,
                Some("screen"),
                Multiplexer::Tmux,
            ),
            (None, None, Some("tmux-256color"), Multiplexer::Tmux),
            (None, Some("12.pts-0"), Some("xterm"), Multiplexer::Screen),
            (None, None, Some("screen.xterm"), Multiplexer::Screen),
            (None, None, None, Multiplexer::None),
        ] {
            assert_eq!(Multiplexer::of(tmux, sty, term), expected);
        }
    }
}
