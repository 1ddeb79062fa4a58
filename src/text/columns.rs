//! Text in columns: escaped, measured as a terminal measures it, cut where it does not fit.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::{Glyphs, Look, pieces};
use crate::path;

/// Which part of a text that does not fit is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The end, for sentences.
    End,
    /// The middle, for paths: both the top directory and the name matter.
    Middle,
}

impl Look {
    /// Returns bytes of the image as text for people.
    pub(crate) fn shown(&self, bytes: &[u8]) -> String {
        let shown = path::display(bytes).into_owned();
        if self.glyphs == Glyphs::Unicode || shown.is_ascii() {
            return shown;
        }
        let mut ascii = String::with_capacity(shown.len() * 2);
        for character in shown.chars() {
            if character.is_ascii() {
                ascii.push(character);
            } else {
                // Writing to a String cannot fail.
                write!(ascii, "\\u{{{:04X}}}", u32::from(character)).unwrap_or_default();
            }
        }
        ascii
    }

    /// Returns what stands for text left out.
    pub(crate) const fn ellipsis(&self) -> &'static str {
        match self.glyphs {
            Glyphs::Unicode => "…",
            Glyphs::Ascii => "...",
        }
    }

    /// Returns the text, cut to a number of columns.
    pub(crate) fn fit(&self, text: &str, columns: usize, cut: Cut) -> String {
        if text.width() <= columns {
            return text.to_owned();
        }
        let mark = self.ellipsis();
        let room = columns.saturating_sub(mark.width());
        match cut {
            Cut::End => format!("{}{mark}", head(text, room)),
            Cut::Middle => {
                let tail = tail(text, room - room / 3);
                format!("{}{mark}{tail}", head(text, room / 3))
            }
        }
    }
}

/// Returns the text with spaces up to a number of columns.
pub(crate) fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Returns the text moved to the end of a number of columns.
pub(crate) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// Returns the columns of the widest text.
pub(crate) fn widest<'a>(texts: impl IntoIterator<Item = &'a str>) -> usize {
    texts
        .into_iter()
        .map(unicode_width::UnicodeWidthStr::width)
        .max()
        .unwrap_or(0)
}

/// Returns lines of at most `columns` columns, broken between pieces; further lines are indented by two.
pub(crate) fn flow(pieces: &[String], separator: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.width() + separator.width() + piece.width() <= columns => {
                line.push_str(separator);
                line.push_str(piece);
            }
            Some(_) => lines.push(format!("  {piece}")),
            None => lines.push(piece.clone()),
        }
    }
    lines
}

/// Returns a text without what stands in its first columns; of a piece that begins there blanks are left.
pub(crate) fn behind(text: &str, columns: usize) -> Cow<'_, str> {
    let (before, rest) = pieces::split_head(text, columns);
    let before = pieces::width(before);
    match pieces::pieces(rest).next() {
        Some(cut) if before < columns => {
            let blanks = before + pieces::width(cut) - columns;
            Cow::Owned(" ".repeat(blanks) + rest.split_at(cut.len()).1)
        }
        _ => Cow::Borrowed(rest),
    }
}

/// Returns as much of the beginning of a text as so many columns hold, without a mark where it was cut.
pub(crate) fn head(text: &str, columns: usize) -> &str {
    pieces::split_head(text, columns).0
}

fn tail(text: &str, columns: usize) -> &str {
    pieces::split_tail(text, columns).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Detail;
    use crate::units::Units;

    fn look(glyphs: Glyphs) -> Look {
        Look {
            width: 80,
            units: Units::Iec,
            glyphs,
            detail: Detail::Short,
        }
    }

    #[test]
    fn text_is_cut_by_columns() {
        let look = look(Glyphs::Unicode);
        assert_eq!(look.fit("short", 10, Cut::End), "short");
        assert_eq!(look.fit("RUN apt-get update", 10, Cut::End), "RUN apt-g…");
        assert_eq!(
            look.fit("/usr/share/doc/name", 13, Cut::Middle),
            "/usr…doc/name"
        );
        assert_eq!(look.fit("中中中中", 5, Cut::End), "中中…");
        assert_eq!(look.fit("中中中中", 4, Cut::End), "中…");
        assert_eq!(look.fit("ab\\u{202E}cd", 9, Cut::End), "ab…");
        assert_eq!(look.fit("ab\\u{202E}cd", 11, Cut::End), "ab\\u{202E}…");
        assert_eq!(look.fit("/usr/a\\x1Bb/c", 12, Cut::Middle), "/us…a\\x1Bb/c");
        assert_eq!(look.fit("/usr/a\\x1Bb/c", 10, Cut::Middle), "/us…b/c");
    }

    #[test]
    fn what_is_behind_stays_in_its_columns() {
        for (columns, left) in [
            (0, "a\\x1B中b"),
            (1, "\\x1B中b"),
            (2, "   中b"),
            (5, "中b"),
            (6, " b"),
            (8, ""),
            (99, ""),
        ] {
            assert_eq!(behind("a\\x1B中b", columns), left, "{columns}");
        }
    }

    #[test]
    fn ascii_means_ascii() {
        let look = look(Glyphs::Ascii);
        assert_eq!(look.shown("grün".as_bytes()), "gr\\u{00FC}n");
        assert_eq!(look.fit("RUN apt-get update", 10, Cut::End), "RUN apt...");
    }

    #[test]
    fn pieces_flow_into_lines() {
        let pieces: Vec<String> = ["one", "two", "", "three"].map(String::from).into();
        assert_eq!(flow(&pieces, "  ", 8), ["one  two", "  three"]);
    }
}
