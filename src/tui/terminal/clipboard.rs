//! Text for the terminal's clipboard (OSC 52), through a multiplexer where one stands between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands between the program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Multiplexer {
    /// Nothing.
    #[default]
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// GNU screen drops longer sequences; longer ones are sent in pieces.
const SCREEN_PIECE: usize = 250;

/// Returns what puts the text into the clipboard.
pub(super) fn sequence(text: &str, multiplexer: Multiplexer) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    match multiplexer {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiplexer_gets_the_sequence_wrapped() {
        let text = |multiplexer| String::from_utf8(sequence("/etc", multiplexer)).unwrap();
        assert_eq!(text(Multiplexer::None), "\x1b]52;c;L2V0Yw==\x07");
        assert_eq!(
            text(Multiplexer::Tmux),
            "\x1b]52;c;L2V0Yw==\x07\x1bPtmux;\x1b\x1b]52;c;L2V0Yw==\x07\x1b\\"
        );
        assert_eq!(
            text(Multiplexer::Screen),
            "\x1bP\x1b]52;c;L2V0Yw==\x07\x1b\\"
        );
    }

    #[test]
    fn screen_gets_long_text_in_pieces() {
        let sequence = sequence(&"x".repeat(1000), Multiplexer::Screen);
        let ends = sequence.windows(2).filter(|pair| pair == b"\x1b\\");
        assert!(ends.count() > 4);
    }
}
