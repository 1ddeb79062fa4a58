//! A path cut in the middle, with what was matched in it set off.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::text::pieces::{split_head, split_tail};
use crate::tui::paint::{Paint, behind};
use crate::tui::theme::Role;

/// Draws a path; `hits` are the characters that were matched, ascending.
pub(super) fn draw(place: Rect, path: &str, hits: &[usize], role: Role, paint: &mut Paint<'_>) {
    let style = paint.style(role);
    let columns = usize::from(place.width);
    let cut = Middle::of(path, columns, paint.look.ellipsis());
    let lit = style.patch(paint.style(Role::Match));
    let mut at = place;
    for (run, is_hit) in runs(path, &cut, hits, paint.look.ellipsis()) {
        let used = paint.text(at, &run, if is_hit { lit } else { style });
        at = behind(at, used);
    }
}

/// Characters that are left out of the middle.
#[derive(Debug, PartialEq, Eq)]
struct Middle {
    from: usize,
    to: usize,
}

impl Middle {
    fn of(path: &str, columns: usize, ellipsis: &str) -> Self {
        let length = path.chars().count();
        if path.width() <= columns {
            return Self {
                from: length,
                to: length,
            };
        }
        let room = columns.saturating_sub(ellipsis.width());
        Self {
            from: split_head(path, room / 3).0.chars().count(),
            to: split_tail(path, room - room / 3).0.chars().count(),
        }
    }

    const fn has(&self, at: usize) -> bool {
        self.from <= at && at < self.to
    }
}

/// Returns pieces of the path that look alike.
fn runs(path: &str, cut: &Middle, hits: &[usize], ellipsis: &str) -> Vec<(String, bool)> {
    let mut runs: Vec<(String, bool)> = Vec::new();
    let mut push = |text: &str, is_hit: bool| match runs.last_mut() {
        Some((run, same)) if *same == is_hit => run.push_str(text),
        _ => runs.push((text.to_owned(), is_hit)),
    };
    for (at, character) in path.chars().enumerate() {
        if at == cut.from && cut.from < cut.to {
            // What was matched in the part that is left out shows as a matched ellipsis.
            let is_hit = hits.iter().any(|&hit| cut.has(hit));
            push(ellipsis, is_hit);
        }
        if !cut.has(at) {
            let is_hit = hits.binary_search(&at).is_ok();
            push(character.encode_utf8(&mut [0; 4]), is_hit);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(path: &str, columns: usize, hits: &[usize]) -> Vec<(String, bool)> {
        runs(path, &Middle::of(path, columns, "…"), hits, "…")
    }

    #[test]
    fn matches_stay_on_their_characters_when_the_middle_is_cut() {
        let piece = |text: &str, is_hit| (text.to_owned(), is_hit);
        assert_eq!(
            pieces("/usr/lib", 8, &[5, 6]),
            [piece("/usr/", false), piece("li", true), piece("b", false)]
        );
        assert_eq!(
            pieces("/usr/share/doc/name", 13, &[1, 15]),
            [
                piece("/", false),
                piece("u", true),
                piece("sr…doc/", false),
                piece("n", true),
                piece("ame", false)
            ]
        );
        assert_eq!(
            pieces("/usr/share/doc/name", 13, &[6]),
            [
                piece("/usr", false),
                piece("…", true),
                piece("doc/name", false)
            ]
        );
    }

    #[test]
    fn an_escape_is_whole_or_left_out() {
        let piece = |text: &str| vec![(text.to_owned(), false)];
        assert_eq!(pieces("/a\\u{202E}b/c", 12, &[]), piece("/a…b/c"));
        assert_eq!(pieces("/a/b\\x1Bc/d", 10, &[]), piece("/a/…c/d"));
    }

    #[test]
    fn no_room_is_no_harm() {
        for columns in 0..4 {
            let width: usize = pieces("/中中中/x", columns, &[2])
                .iter()
                .map(|(run, _)| run.width())
                .sum();
            assert!(width <= columns.max(1), "{columns}");
        }
    }
}
