//! Long lines in several rows.

use unicode_width::UnicodeWidthChar as _;

use super::{Fact, FactKind, Piece};

/// Least columns of text in a row.
const LEAST: usize = 8;

impl Fact {
    /// Returns the columns before the text, in a pane of a width: the label never takes more than half.
    pub fn indent(&self, width: u16) -> u16 {
        if self.kind == FactKind::Heading || self.label_width == 0 {
            return 1;
        }
        (self.label_width + 3).min(width / 2)
    }
}

/// Divides a line into rows, between words where there are any. Cost is linear in it.
pub(super) fn pieces(fact: &Fact, line: usize, width: u16) -> Vec<Piece> {
    let columns = usize::from(width.saturating_sub(fact.indent(width))).max(LEAST);
    let mut pieces = Vec::new();
    let (mut start, mut used, mut blank) = (0, 0, None);
    for (at, character) in fact.text.char_indices() {
        let wide = character.width().unwrap_or(0);
        if used + wide > columns {
            // The blank at a break belongs to the row before it.
            let end = blank.take().unwrap_or(at);
            pieces.push(Piece { line, start, end });
            used = text_width(&fact.text, end, at);
            start = end;
        }
        used += wide;
        if character == ' ' {
            blank = Some(at + 1);
        }
    }
    pieces.push(Piece {
        line,
        start,
        end: fact.text.len(),
    });
    pieces
}

fn text_width(text: &str, from: usize, to: usize) -> usize {
    let carried = text.get(from..to).unwrap_or_default();
    carried
        .chars()
        .map(|character| character.width().unwrap_or(0))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::panes::image::Section;

    fn wrapped(text: &str, width: u16) -> Vec<String> {
        let fact = Fact {
            section: Section::Labels,
            label: String::new(),
            label_width: 0,
            text: text.into(),
            kind: FactKind::Plain,
            target: None,
        };
        let pieces = pieces(&fact, 0, width);
        let texts = pieces
            .iter()
            .filter_map(|piece| Some(text.get(piece.start..piece.end)?.to_owned()));
        texts.collect()
    }

    #[test]
    fn lines_break_between_words_and_lose_nothing() {
        assert_eq!(wrapped("", 12), [""]);
        assert_eq!(wrapped("one two three", 12), ["one two ", "three"]);
        assert_eq!(wrapped("abcdefghijklmnop", 11), ["abcdefghij", "klmnop"]);
        assert_eq!(wrapped("中中中中中中", 11), ["中中中中中", "中"]);
        for width in 0..40 {
            let text = "RUN set -eux; apt-get update && apt-get install -y nodejs";
            assert_eq!(wrapped(text, width).concat(), text);
        }
    }
}
