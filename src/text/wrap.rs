//! Text broken into rows: between words where that is possible.

use unicode_width::UnicodeWidthStr as _;

use super::pieces::{pieces, width};

/// Breaks lines at a number of columns. Further rows of a line keep its indentation.
pub fn wrap(lines: &[String], columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    lines
        .iter()
        .flat_map(|line| wrap_line(line, columns))
        .collect()
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    if line.width() <= columns {
        return vec![line.to_owned()];
    }
    let blanks = line
        .chars()
        .take_while(|character| *character == ' ')
        .count();
    let indent = " ".repeat(if blanks * 2 < columns { blanks } else { 0 });
    let mut rows: Vec<String> = Vec::new();
    let mut row = indent.clone();
    let mut is_begun = false;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let gap = usize::from(is_begun);
        if row.width() + gap + word.width() <= columns {
            row.push_str(if is_begun { " " } else { "" });
            row.push_str(word);
            is_begun = true;
            continue;
        }
        if is_begun {
            rows.push(std::mem::replace(&mut row, indent.clone()));
        }
        row = break_word(word, row, &indent, columns, &mut rows);
        is_begun = true;
    }
    rows.push(row);
    rows
}

/// Breaks a word that has no room on a row of its own, anywhere but in an escape that has; returns the row that it ends on.
fn break_word(
    word: &str,
    mut row: String,
    indent: &str,
    columns: usize,
    rows: &mut Vec<String>,
) -> String {
    for piece in pieces(word) {
        let parts: Vec<&str> = if indent.width() + width(piece) > columns {
            piece.split_inclusive(|_| true).collect()
        } else {
            vec![piece]
        };
        for part in parts {
            if row.width() + width(part) > columns && row.len() > indent.len() {
                rows.push(std::mem::replace(&mut row, indent.to_owned()));
            }
            row.push_str(part);
        }
    }
    row
}

/// Returns the bytes of a text that fill a row of so many columns, broken behind a space where there is one late enough;
/// at least one piece.
pub fn break_at(text: &str, columns: usize) -> usize {
    let (mut used, mut at, mut space) = (0, 0, 0);
    for piece in pieces(text) {
        used += width(piece);
        if used > columns && at > 0 {
            return if space > at / 2 { space } else { at };
        }
        at += piece.len();
        if piece == " " {
            space = at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(line: &str, columns: usize) -> Vec<String> {
        wrap(&[line.to_owned()], columns)
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("  one two three", 9), ["  one two", "  three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrapped("", 3), [""]);
        assert_eq!(wrapped("中中中", 5), ["中中", "中"]);
        assert_eq!(wrapped("abc\\u{202E}def", 9), ["abc", "\\u{202E}d", "ef"]);
        assert_eq!(wrapped("\\x1B", 3), ["\\x1", "B"]);
        assert_eq!(break_at("abc\\u{202E}def", 9), 3);
    }

    #[test]
    fn rows_are_never_too_wide_and_nothing_is_lost() {
        let line = "   /usr/lib/x86_64-linux-gnu/lib.so  was  中 deleted by layer 12";
        for columns in 2..80 {
            let rows = wrapped(line, columns);
            assert!(rows.iter().all(|row| row.width() <= columns), "{columns}");
            let left: String = rows.concat().chars().filter(|c| *c != ' ').collect();
            let whole: String = line.chars().filter(|c| *c != ' ').collect();
            assert_eq!(left, whole);
        }
    }
}
