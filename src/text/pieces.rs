//! Escaped text in pieces that a cut leaves whole: characters, and escapes as [`crate::path::display`] writes them.
//! Half of `\u{202E}` would be the name of something else.

use unicode_width::UnicodeWidthChar as _;

use crate::path;

/// Iterates over the pieces of a text: `\x1B` and `\u{202E}` are one each, everything else is a character each.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let escape = path::escape(rest.as_bytes());
        let length = escape.map_or(first.len_utf8(), |(length, _)| length);
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        Some(piece)
    })
}

/// Returns the columns of a piece on a terminal.
pub(crate) fn width(piece: &str) -> usize {
    piece
        .chars()
        .map(|character| character.width().unwrap_or(0))
        .sum()
}

/// Splits a text behind the longest beginning of whole pieces that has no more than so many columns.
pub(crate) fn split_head(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    let fitting = pieces(text).take_while(|piece| {
        used += width(piece);
        used <= columns
    });
    text.split_at(fitting.map(str::len).sum())
}

/// Splits a text before the longest end of whole pieces that has no more than so many columns.
pub(crate) fn split_tail(text: &str, columns: usize) -> (&str, &str) {
    let mut left = width(text);
    let before = pieces(text).take_while(|piece| {
        let is_before = left > columns;
        left -= width(piece);
        is_before
    });
    text.split_at(before.map(str::len).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_one_piece() {
        let all = |text| pieces(text).collect::<Vec<_>>();
        assert_eq!(
            all("a\\u{202E}中\\x1B\\x"),
            ["a", "\\u{202E}", "中", "\\x1B", "\\", "x"]
        );
        assert_eq!(all("\\u{10FFFF}"), ["\\u{10FFFF}"]);
        for plain in ["\\u{20", "\\u{20}", "\\u{1234567}", "\\xG0", "\\u"] {
            assert!(pieces(plain).all(|piece| piece.len() == 1), "{plain}");
        }
    }

    #[test]
    fn no_cut_falls_inside_of_a_piece() {
        let text = path::display("a\u{202E}b\u{1b}中\u{E000}".as_bytes()).into_owned();
        let edges: Vec<usize> = pieces(&text)
            .scan(0, |at, piece| {
                *at += piece.len();
                Some(*at)
            })
            .collect();
        for columns in 0..=text.len() {
            let (head, rest) = split_head(&text, columns);
            let (before, tail) = split_tail(&text, columns);
            assert!(head.is_empty() || edges.contains(&head.len()), "{columns}");
            assert!(
                before.is_empty() || edges.contains(&before.len()),
                "{columns}"
            );
            assert!(width(head) <= columns && width(tail) <= columns);
            assert_eq!(
                (head.len() + rest.len(), before.len() + tail.len()),
                (text.len(), text.len())
            );
        }
        assert_eq!((split_head(&text, 99).1, split_tail(&text, 99).0), ("", ""));
    }
}
