//! A line as it is drawn: escaped, tabs expanded, character by character with its columns.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr as _;

use crate::limits;
use crate::text::Look;

/// Columns between tab stops.
const TAB: usize = 8;

/// What stands for one character, or for one byte that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCharacter {
    /// First byte of it in the line.
    pub at: usize,
    /// Columns before it.
    pub column: usize,
    /// Its columns.
    pub width: usize,
    /// What is drawn; no control characters.
    pub text: Cow<'static, str>,
}

/// Returns the part of a line that is drawn at all, and the number of bytes that are not.
pub fn drawn(line: &[u8]) -> (&[u8], usize) {
    if line.len() <= limits::PREVIEW_LINE_BYTES {
        return (line, 0);
    }
    let mut end = limits::PREVIEW_LINE_BYTES;
    // Not in the middle of a character.
    while end > limits::PREVIEW_LINE_BYTES - 4 && line[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    (&line[..end], line.len() - end)
}

/// Returns the pieces of a line, from its beginning; nothing is worked out that is not asked for.
pub fn pieces(line: &[u8], look: Look) -> impl Iterator<Item = ShownCharacter> + '_ {
    let mut column = 0;
    characters(line).map(move |(at, raw)| {
        let text = shown(raw, column, look);
        let width = text.width();
        let piece = ShownCharacter {
            at,
            column,
            width,
            text,
        };
        column += width;
        piece
    })
}

fn characters(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    line.utf8_chunks().flat_map(move |chunk| {
        let (valid, invalid) = (chunk.valid(), chunk.invalid());
        let begin = start;
        start += valid.len() + invalid.len();
        let whole = valid
            .char_indices()
            .map(move |(at, character)| (begin + at, character.len_utf8()));
        let broken = (0..invalid.len()).map(move |at| (begin + valid.len() + at, 1));
        whole
            .chain(broken)
            .map(|(at, length)| (at, &line[at..at + length]))
    })
}

fn shown(raw: &[u8], column: usize, look: Look) -> Cow<'static, str> {
    const PRINTABLE: &str = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    const BLANKS: &str = "        ";
    match raw {
        b"\t" => {
            let width = TAB - column % TAB;
            Cow::Borrowed(BLANKS.get(..width).unwrap_or(BLANKS))
        }
        [byte @ 0x20..=0x7E] => {
            let at = usize::from(byte - 0x20);
            Cow::Borrowed(PRINTABLE.get(at..=at).unwrap_or("?"))
        }
        _ => Cow::Owned(look.shown(raw)),
    }
}

/// Returns the rows a line takes when it is wrapped at a number of columns.
pub fn rows(line: &[u8], columns: usize, look: Look) -> usize {
    let (line, cut) = drawn(line);
    // Most lines are short, and no byte takes more than ten columns.
    if line.len() * 10 <= columns && cut == 0 {
        return 1;
    }
    1 + wraps(line, columns, look).count()
}

/// Returns the pieces that begin a further row of a wrapped line.
pub fn wraps(line: &[u8], columns: usize, look: Look) -> impl Iterator<Item = ShownCharacter> + '_ {
    let mut begun = 0;
    pieces(line, look).filter(move |piece| {
        let breaks = piece.column > begun && piece.column + piece.width > begun + columns;
        if breaks {
            begun = piece.column;
        }
        breaks
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Detail, Glyphs};
    use crate::units::Units;

    fn look(glyphs: Glyphs) -> Look {
        Look {
            width: 80,
            units: Units::Iec,
            glyphs,
            detail: Detail::Short,
        }
    }

    fn text(line: &[u8], glyphs: Glyphs) -> String {
        pieces(line, look(glyphs)).map(|piece| piece.text).collect()
    }

    #[test]
    fn lines_are_escaped_and_tabs_expanded() {
        for (raw, shown) in [
            (&b"a\tb"[..], "a       b"),
            (b"\t|", "        |"),
            (b"12345678\t|", "12345678        |"),
            (b"a\x1b[31mred\xFF", "a\\x1B[31mred\\xFF"),
            ("\u{202E}x\u{200B}".as_bytes(), "\\u{202E}x\\u{200B}"),
            ("grün 中".as_bytes(), "grün 中"),
        ] {
            assert_eq!(text(raw, Glyphs::Unicode), shown);
        }
        assert_eq!(text("ü".as_bytes(), Glyphs::Ascii), "\\u{00FC}");
    }

    #[test]
    fn pieces_know_their_bytes_and_columns() {
        let found: Vec<(usize, usize, usize)> =
            pieces("中\x1bü\u{fffd}a".as_bytes(), look(Glyphs::Unicode))
                .map(|piece| (piece.at, piece.column, piece.width))
                .collect();
        assert_eq!(
            found,
            [(0, 0, 2), (3, 2, 4), (4, 6, 1), (6, 7, 1), (9, 8, 1)]
        );
    }

    #[test]
    fn lines_wrap_between_characters() {
        let look = look(Glyphs::Unicode);
        assert_eq!(rows(b"", 10, look), 1);
        assert_eq!(rows(b"0123456789", 10, look), 1);
        assert_eq!(rows(b"0123456789a", 10, look), 2);
        assert_eq!(rows("中中中".as_bytes(), 5, look), 2);
        assert_eq!(rows("中中中".as_bytes(), 3, look), 3);
        // Too narrow for a character: a row each, and no endless loop.
        assert_eq!(rows("中中中".as_bytes(), 1, look), 3);
        assert_eq!(rows(b"\x1b\x1b", 5, look), 2);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        let (line, cut) = drawn(b"short");
        assert_eq!((line.len(), cut), (5, 0));
        let long = "中".repeat(5000);
        let (line, cut) = drawn(long.as_bytes());
        assert!(std::str::from_utf8(line).is_ok());
        assert_eq!(line.len() + cut, long.len());
    }
}
