//! What changed from one version of a file to another, line by line where both are text.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp};

use super::read::{beginning, shown, with_data};
use crate::error::Result;
use crate::layer::bytes::{SideBySide, first_different};
use crate::limits;
use crate::progress::Job;
use crate::tui::ids::VersionAt;
use crate::tui::results::{Document, FileDiff, LineKind, Nature};
use crate::tui::subject::Subject;
use crate::units::count;

/// Lines shown around a change.
const AROUND: usize = 3;
/// After this the shortest difference is not looked for any more: what is left counts as replaced.
const PATIENCE: Duration = Duration::from_secs(2);

/// Works out what changed between two versions of a file.
///
/// # Errors
/// As [`super::read::run`].
pub fn run(subject: &Subject, older: VersionAt, newer: VersionAt, job: &Job) -> Result<FileDiff> {
    let sheet = diff(subject, older, newer, job)?;
    Ok(FileDiff {
        older,
        newer,
        document: Document::new(sheet.bytes),
        kinds: sheet.kinds,
    })
}

fn diff(subject: &Subject, older: VersionAt, newer: VersionAt, job: &Job) -> Result<DiffLines> {
    let tree = subject.tree();
    let lengths = [older.length(tree), newer.length(tree)];
    let is_short = lengths
        .iter()
        .all(|&length| length <= limits::PREVIEW_BYTES);
    if !is_short {
        let place = first_difference(subject, older, newer, job)?;
        return Ok(DiffLines::at_byte(
            place,
            lengths,
            "too long to compare by lines",
        ));
    }
    let old = beginning(subject, older, limits::PREVIEW_BYTES, job)?;
    let new = beginning(subject, newer, limits::PREVIEW_BYTES, job)?;
    if old == new {
        return Ok(DiffLines::same(lengths[1]));
    }
    let place = || first_different(&old, &new).map(|at| at as u64);
    if [&old, &new]
        .iter()
        .any(|bytes| Nature::of(bytes) == Nature::Binary)
    {
        return Ok(DiffLines::at_byte(place(), lengths, "binary files"));
    }
    match by_lines(&old, &new, job)? {
        Some(sheet) => Ok(sheet),
        None => Ok(DiffLines::at_byte(
            place(),
            lengths,
            "too many lines differ to compare them one by one",
        )),
    }
}

/// Returns where the data differ, `None` where they do not; reads both until then.
fn first_difference(
    subject: &Subject,
    older: VersionAt,
    newer: VersionAt,
    job: &Job,
) -> Result<Option<u64>> {
    let mut found = None;
    with_data(subject, older, job, &mut |old| {
        with_data(subject, newer, job, &mut |new| {
            let difference = SideBySide::default().first_difference(old, new, job, |_| ());
            let names = (|| shown(subject, older), || shown(subject, newer));
            found = difference.map_err(|unread| unread.named(names.0, names.1))?;
            Ok(())
        })
    })?;
    Ok(found)
}

/// Returns the changes with some lines around each; `None` where there are too many lines.
fn by_lines(old: &[u8], new: &[u8], job: &Job) -> Result<Option<DiffLines>> {
    let old: Vec<&[u8]> = old.split_inclusive(|&byte| byte == b'\n').collect();
    let new: Vec<&[u8]> = new.split_inclusive(|&byte| byte == b'\n').collect();
    let most = old.len().min(new.len());
    let head = (0..most).take_while(|&at| old[at] == new[at]).count();
    let is_same_from_end = |at: &usize| old[old.len() - 1 - at] == new[new.len() - 1 - at];
    let tail = (0..most - head).take_while(is_same_from_end).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    if old_end - head > limits::COMPARED_LINES || new_end - head > limits::COMPARED_LINES {
        return Ok(None);
    }
    // Some of what is equal is kept, to be shown around the first and last change.
    let (start, more) = (head.saturating_sub(AROUND), tail.min(AROUND));
    let (old_range, new_range) = (start..old_end + more, start..new_end + more);
    let (old_tokens, new_tokens) = tokens(&old[old_range.clone()], &new[new_range.clone()], job);
    let changes = similar::capture_diff_deadline(
        Algorithm::Myers,
        &old_tokens[..],
        0..old_tokens.len(),
        &new_tokens[..],
        0..new_tokens.len(),
        Instant::now().checked_add(PATIENCE),
    );
    job.check()?;
    let mut sheet = DiffLines::default();
    for group in similar::group_diff_ops(changes, AROUND) {
        sheet.group(
            &group,
            &old[old_range.clone()],
            &new[new_range.clone()],
            start,
        );
    }
    Ok(Some(sheet))
}

/// A line, known by number. Once the job is cancelled all lines are equal, so that the comparison, which
/// knows no jobs, finds its end at once.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    number: usize,
    job: &'a Job,
}

impl PartialEq for Token<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number || self.job.is_cancelled()
    }
}

impl Eq for Token<'_> {}

impl PartialOrd for Token<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Token<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl Hash for Token<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

fn tokens<'j>(old: &[&[u8]], new: &[&[u8]], job: &'j Job) -> (Vec<Token<'j>>, Vec<Token<'j>>) {
    let mut numbers: HashMap<&[u8], usize> = HashMap::new();
    let lines = old.iter().chain(new);
    let mut all: Vec<Token<'j>> = lines
        .map(|line| {
            let next = numbers.len();
            let number = *numbers.entry(line).or_insert(next);
            Token { number, job }
        })
        .collect();
    let newer = all.split_off(old.len());
    (all, newer)
}

/// Lines of a difference as they are found.
#[derive(Debug, Default)]
struct DiffLines {
    bytes: Vec<u8>,
    kinds: Vec<LineKind>,
}

impl DiffLines {
    fn same(length: u64) -> Self {
        let mut sheet = Self::default();
        let words = format!("the same content, byte for byte ({} bytes)", count(length));
        sheet.say(LineKind::Remark, &words);
        sheet
    }

    fn at_byte(place: Option<u64>, lengths: [u64; 2], reason: &str) -> Self {
        let Some(place) = place else {
            return Self::same(lengths[1]);
        };
        let mut sheet = Self::default();
        sheet.say(LineKind::Remark, reason);
        let first = format!("the first difference is at offset {place} ({place:#x})");
        sheet.say(LineKind::Remark, &first);
        sheet.say(LineKind::Removed, &format!("{} bytes", count(lengths[0])));
        sheet.say(LineKind::Added, &format!("{} bytes", count(lengths[1])));
        sheet
    }

    fn say(&mut self, kind: LineKind, words: &str) {
        self.push(kind, words.as_bytes());
    }

    fn push(&mut self, kind: LineKind, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.bytes.push(b'\n');
        self.kinds.push(kind);
    }

    fn group(&mut self, changes: &[DiffOp], old: &[&[u8]], new: &[&[u8]], start: usize) {
        let (Some(first), Some(last)) = (changes.first(), changes.last()) else {
            return;
        };
        let place = |begin: usize, end: usize| {
            let line = start + begin + usize::from(end > begin);
            format!("{line},{}", end - begin)
        };
        let older = place(first.old_range().start, last.old_range().end);
        let newer = place(first.new_range().start, last.new_range().end);
        self.say(LineKind::Place, &format!("@@ -{older} +{newer} @@"));
        for change in changes {
            let (older, newer) = (&old[change.old_range()], &new[change.new_range()]);
            if let DiffOp::Equal { .. } = change {
                self.lines(LineKind::Kept, newer);
            } else {
                self.lines(LineKind::Removed, older);
                self.lines(LineKind::Added, newer);
            }
        }
    }

    fn lines(&mut self, kind: LineKind, lines: &[&[u8]]) {
        for line in lines {
            let text = line.strip_suffix(b"\n");
            self.push(kind, text.unwrap_or(line));
            if text.is_none() {
                self.say(LineKind::Remark, "no line end at the end of the file");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> Vec<String> {
        let sheet = by_lines(old.as_bytes(), new.as_bytes(), &Job::new());
        let sheet = sheet.unwrap().unwrap();
        let document = Document::new(sheet.bytes);
        assert_eq!(document.len(), sheet.kinds.len());
        let line = |(at, kind): (usize, &LineKind)| {
            let sign = match kind {
                LineKind::Kept => " ",
                LineKind::Removed => "-",
                LineKind::Added => "+",
                LineKind::Place => "",
                LineKind::Remark => "\\ ",
            };
            format!("{sign}{}", std::str::from_utf8(document.line(at)).unwrap())
        };
        sheet.kinds.iter().enumerate().map(line).collect()
    }

    #[test]
    fn changes_come_with_the_lines_around_them_and_their_places() {
        let lines: Vec<String> = (1..=40).map(|line| format!("{line}\n")).collect();
        let old = lines.concat();
        let new = old.replace("\n20\n", "\ntwenty\n").replace("\n35\n", "\n");
        assert_eq!(
            shown(&old, &new),
            [
                "@@ -17,7 +17,7 @@",
                " 17",
                " 18",
                " 19",
                "-20",
                "+twenty",
                " 21",
                " 22",
                " 23",
                "@@ -32,7 +32,6 @@",
                " 32",
                " 33",
                " 34",
                "-35",
                " 36",
                " 37",
                " 38",
            ]
        );
    }

    #[test]
    fn ends_and_empty_files_are_told() {
        assert_eq!(
            shown("one\n", "one"),
            [
                "@@ -1,1 +1,1 @@",
                "-one",
                "+one",
                "\\ no line end at the end of the file"
            ]
        );
        assert_eq!(shown("", "one\n"), ["@@ -0,0 +1,1 @@", "+one"]);
        assert_eq!(shown("one\n", ""), ["@@ -1,1 +0,0 @@", "-one"]);
        assert_eq!(shown("a\r\n", "a\n"), ["@@ -1,1 +1,1 @@", "-a\r", "+a"]);
    }

    #[test]
    fn the_first_difference_may_be_an_end() {
        assert_eq!(first_different(b"abc", b"abd"), Some(2));
        assert_eq!(first_different(b"abc", b"ab"), Some(2));
        assert_eq!(first_different(b"abc", b"abc"), None);
        assert_eq!(first_different(b"", b"a"), Some(0));
    }

    /// Two files of different lines are the worst case: the time would grow with the square of their length.
    #[test]
    fn a_cancelled_comparison_ends_at_once() {
        let text = |seed: usize| -> Vec<u8> {
            (0..60_000)
                .flat_map(|line| format!("{}\n", line * 2 + seed).into_bytes())
                .collect()
        };
        let (old, new) = (text(0), text(1));
        let job = Job::new();
        std::thread::scope(|scope| {
            let work = scope.spawn(|| by_lines(&old, &new, &job).is_err());
            std::thread::sleep(Duration::from_millis(200));
            job.cancel();
            assert!(work.join().unwrap());
        });
    }
}
