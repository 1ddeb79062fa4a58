//! Text broken into rows: between words where that is possible.

use unicode_width::UnicodeWidthStr as _;

use super::pieces::{pieces, width};

/// Breaks lines at a number of columns. Further rows of a line keep its indentation, and that of what stands behind a
/// label: behind the first two blanks near its beginning. A path that has no room there stands whole on a row of its
/// own; one too long for any row breaks behind slashes.
pub fn wrap(lines: &[String], columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    lines
        .iter()
        .flat_map(|line| wrap_line(line, columns))
        .collect()
}

/// Columns within which a label ends.
const LABEL: usize = 24;

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    if line.width() <= columns {
        return vec![line.to_owned()];
    }
    let places = [label(line), blanks(line)].map(|at| line.split_at(at));
    let mut fitting = places.into_iter();
    let fitting = fitting.find(|(head, _)| head.width() * 2 < columns);
    let (head, text) = fitting.unwrap_or(("", line));
    let mut rows = Rows {
        columns,
        indent: " ".repeat(head.width()),
        row: head.to_owned(),
        filled: Filled::No,
        done: Vec::new(),
    };
    let mut gap = 0;
    for word in text.split(' ') {
        if !word.is_empty() {
            rows.push_word(gap, word);
            gap = 0;
        }
        gap += 1;
    }
    rows.done.push(rows.row);
    rows.done
}

/// Returns the bytes of the blanks a line begins with.
fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Returns the bytes up to what stands behind a label; of a line without one all.
fn label(line: &str) -> usize {
    let (_, text) = line.split_at(blanks(line));
    match text.split_once("  ") {
        Some((label, rest)) if label.width() <= LABEL => {
            line.len() - rest.trim_start_matches(' ').len()
        }
        _ => line.len(),
    }
}

/// Rows of one line that is being broken.
struct Rows {
    columns: usize,
    /// What further rows begin with.
    indent: String,
    /// The row that is being filled.
    row: String,
    filled: Filled,
    /// Those that are.
    done: Vec<String>,
}

/// Whether a row holds more than what it begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filled {
    Yes,
    No,
}

impl Rows {
    fn push_word(&mut self, gap: usize, word: &str) {
        let gap = if self.filled == Filled::Yes { gap } else { 0 };
        if self.row.width() + gap + word.width() > self.columns {
            if self.filled == Filled::Yes {
                self.next();
            }
            self.make_room(word.width());
        } else {
            self.row.push_str(&" ".repeat(gap));
        }
        for part in word.split_inclusive('/') {
            self.push_part(part);
        }
    }

    /// Begins a row for so many columns where there is room for them on one of its own: further to the left, rather
    /// than broken, if need be.
    fn make_room(&mut self, width: usize) {
        let columns = self.columns;
        let fits = |row: &str| row.width() + width <= columns;
        if fits(&self.row) || width > columns {
            return;
        }
        if !self.row.trim().is_empty() {
            self.next();
        }
        if !fits(&self.row) {
            self.row = " ".repeat(columns - width);
        }
    }

    /// Ends the row and begins the next.
    fn next(&mut self) {
        let row = std::mem::replace(&mut self.row, self.indent.clone());
        self.done.push(row.trim_end().to_owned());
        self.filled = Filled::No;
    }

    /// Adds a part of a word; one that has no room on any row is broken anywhere but in an escape that has.
    fn push_part(&mut self, part: &str) {
        let room = self.columns.saturating_sub(self.indent.width());
        self.make_room(part.width());
        if part.width() <= self.columns {
            return self.push_piece(part);
        }
        for piece in pieces(part) {
            if width(piece) > room {
                for character in piece.split_inclusive(|_| true) {
                    self.push_piece(character);
                }
            } else {
                self.push_piece(piece);
            }
        }
    }

    fn push_piece(&mut self, piece: &str) {
        if self.row.width() + width(piece) > self.columns && self.filled == Filled::Yes {
            self.next();
        }
        self.row.push_str(piece);
        self.filled = Filled::Yes;
    }
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
    fn what_stands_behind_a_label_stays_there() {
        let line = "Size     8.8 MiB  blob 59.3 KiB  3 entries";
        assert_eq!(
            wrapped(line, 30),
            ["Size     8.8 MiB  blob 59.3", "         KiB  3 entries"]
        );
        assert_eq!(
            wrapped("  L2  one two three", 13),
            ["  L2  one two", "      three"]
        );
        assert_eq!(wrapped("Label    one two", 10), ["Label", "one two"]);
    }

    #[test]
    fn a_path_stays_whole_or_breaks_behind_slashes() {
        let path = "/var/lib/0123456789abcdef/diff";
        let line = format!("Path     {path}  4 KiB");
        assert_eq!(
            wrapped(&line, 32),
            ["Path", &format!("  {path}"), "         4 KiB"]
        );
        assert_eq!(
            wrapped(&line, 26),
            [
                "Path     /var/lib/",
                "         0123456789abcdef/",
                "         diff  4 KiB"
            ]
        );
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
