//! Bars: a share of a row of cells.

use super::Glyphs;

/// Returns a bar of as many columns as a part is of the whole, in eighths of a column where the characters allow it.
/// What is not nothing shows at least a little.
pub(crate) fn bar(columns: usize, part: u64, whole: u64, glyphs: Glyphs) -> String {
    drawn(glyphs, |steps| {
        (columns as u128 * steps * u128::from(part.min(whole))).div_ceil(whole.max(1).into())
    })
}

/// Returns the bar that comes nearest to the share, for pages that print its percentage beside it.
pub(crate) fn nearest_bar(columns: usize, part: u64, whole: u64, glyphs: Glyphs) -> String {
    let (part, whole) = (u128::from(part.min(whole)), u128::from(whole.max(1)));
    drawn(glyphs, |steps| {
        (2 * columns as u128 * steps * part + whole) / (2 * whole)
    })
}

/// Returns a bar of two kinds, one behind the other: what is stored, filled, and what is removed, shaded. Both show at
/// least a little where there is room.
pub(crate) fn stacked_bar(
    columns: usize,
    (stored, removed): (u64, u64),
    whole: u64,
    glyphs: Glyphs,
) -> (String, String) {
    if removed == 0 {
        return (bar(columns, stored, whole, glyphs), String::new());
    }
    let both = u128::from(stored) + u128::from(removed);
    let whole = u128::from(whole).max(both);
    let filled = |part: u128, of: u128, room: usize| {
        let filled = (room as u128 * part + of / 2) / of.max(1);
        usize::try_from(filled).unwrap_or(room)
    };
    let least = 1 + usize::from(stored > 0);
    let all = filled(both, whole, columns).max(least).min(columns);
    let most = all.saturating_sub(1);
    let first = filled(stored.into(), both, all).max(least - 1).min(most);
    let (full, shaded) = match glyphs {
        Glyphs::Unicode => ("█", "░"),
        Glyphs::Ascii => ("#", "-"),
    };
    (full.repeat(first), shaded.repeat(all - first))
}

/// Draws what is filled, told how many steps a column has.
fn drawn(glyphs: Glyphs, filled: impl Fn(u128) -> u128) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let filled = |steps| usize::try_from(filled(steps)).unwrap_or_default();
    match glyphs {
        Glyphs::Unicode => {
            let eighths = filled(8);
            format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
        }
        Glyphs::Ascii => "#".repeat(filled(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_never_hide_something_and_never_leave_their_place() {
        assert_eq!(bar(8, 3, 3, Glyphs::Unicode), "████████");
        assert_eq!(bar(8, u64::MAX / 2, u64::MAX, Glyphs::Unicode), "████");
        assert_eq!(bar(8, 1, u64::MAX, Glyphs::Unicode), "▏");
        assert_eq!(bar(8, 0, 7, Glyphs::Unicode), "");
        assert_eq!(bar(8, 0, 0, Glyphs::Ascii), "");
        assert_eq!(bar(8, 1, 10_000, Glyphs::Ascii), "#");
        assert_eq!(bar(0, 1, 1, Glyphs::Unicode), "");
        for part in 0..=100 {
            assert!(bar(7, part, 50, Glyphs::Unicode).chars().count() <= 7);
        }
    }

    #[test]
    fn a_stacked_bar_shows_both_and_stays_in_its_place() {
        let bar = |columns, parts, whole| {
            let (stored, removed) = stacked_bar(columns, parts, whole, Glyphs::Unicode);
            format!("{stored}{removed}")
        };
        assert_eq!(bar(8, (3, 0), 3), "████████");
        assert_eq!(bar(8, (0, 3), 3), "░░░░░░░░");
        assert_eq!(bar(8, (1, 1), 4), "██░░");
        assert_eq!(bar(8, (1, u64::MAX), u64::MAX), "█░░░░░░░");
        assert_eq!(bar(8, (u64::MAX, 1), u64::MAX), "███████░");
        assert_eq!(bar(8, (1, 1), u64::MAX), "█░");
        assert_eq!(bar(1, (1, 1), 2), "░");
        assert_eq!(bar(0, (1, 1), 2), "");
        let ascii = stacked_bar(4, (1, 1), 2, Glyphs::Ascii);
        assert_eq!(ascii, ("##".to_owned(), "--".to_owned()));
    }

    #[test]
    fn a_nearest_bar_may_be_none() {
        assert_eq!(nearest_bar(8, 1, 1000, Glyphs::Unicode), "");
        assert_eq!(nearest_bar(3, 1, 2, Glyphs::Unicode), "█▌");
        assert_eq!(nearest_bar(8, 7, 1, Glyphs::Ascii), "########");
        assert_eq!(nearest_bar(3, 0, 0, Glyphs::Ascii), "");
    }
}
