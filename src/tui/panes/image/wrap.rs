//! Long lines in several rows.

use super::{Fact, FactKind, LineSpan};
use crate::text::wrap::break_at;

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
pub(super) fn pieces(fact: &Fact, line: usize, width: u16) -> Vec<LineSpan> {
    let columns = usize::from(width.saturating_sub(fact.indent(width))).max(LEAST);
    let mut pieces = Vec::new();
    let (mut start, mut rest) = (0, fact.text.as_str());
    loop {
        let (row, behind) = rest.split_at(break_at(rest, columns));
        let end = start + row.len();
        pieces.push(LineSpan { line, start, end });
        if behind.is_empty() {
            return pieces;
        }
        (start, rest) = (end, behind);
    }
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
