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

/// Lengths of what a bar shows, one kind behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stack {
    /// What the base image stores and is needed.
    pub base: u64,
    /// What else is stored and needed.
    pub live: u64,
    /// What is stored for nothing.
    pub wasted: u64,
    /// What is removed.
    pub removed: u64,
}

impl Stack {
    /// Returns the kinds in the order of the bar.
    const fn parts(self) -> [u64; 4] {
        [self.base, self.live, self.wasted, self.removed]
    }
}

/// Returns a bar of several kinds, one behind the other: filled, half filled, shaded. Each shows at least a little
/// where there is room for it; what is needed gives way first.
pub(crate) fn stacked_bar(columns: usize, stack: Stack, whole: u64, glyphs: Glyphs) -> [String; 4] {
    let parts = stack.parts().map(u128::from);
    if parts.iter().sum::<u128>() == u128::from(stack.live) {
        let live = bar(columns, stack.live, whole, glyphs);
        return [String::new(), live, String::new(), String::new()];
    }
    let sum: u128 = parts.iter().sum();
    let share = |part: u128, of: u128, room: usize| {
        let share = (room as u128 * part + of / 2) / of.max(1);
        usize::try_from(share).unwrap_or(room)
    };
    let kinds = parts.iter().filter(|part| **part > 0).count();
    let all = share(sum, sum.max(whole.into()), columns);
    let all = all.max(kinds).min(columns);
    // From the end, so that what comes first takes the rest, and leaves a column to each that comes before it.
    let mut left = all;
    let mut cells = [0; 4];
    for at in (0..4).rev().filter(|&at| parts[at] > 0) {
        let before = parts[..at].iter().filter(|part| **part > 0).count();
        let most = left.saturating_sub(before).max(usize::from(left > 0));
        cells[at] = match before {
            0 => left,
            _ => share(parts[at], sum, all).max(1).min(most),
        };
        left -= cells[at];
    }
    let fills = match glyphs {
        Glyphs::Unicode => ["▓", "█", "▒", "░"],
        Glyphs::Ascii => ["+", "#", "=", "-"],
    };
    let mut drawn = fills
        .iter()
        .zip(cells)
        .map(|(fill, cells)| fill.repeat(cells));
    std::array::from_fn(|_| drawn.next().unwrap_or_default())
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
    fn a_stacked_bar_shows_every_kind_and_stays_in_its_place() {
        let bar = |columns, [live, wasted, removed]: [u64; 3], whole| {
            let stack = Stack {
                live,
                wasted,
                removed,
                base: 0,
            };
            stacked_bar(columns, stack, whole, Glyphs::Unicode).concat()
        };
        assert_eq!(bar(8, [3, 0, 0], 3), "████████");
        assert_eq!(bar(8, [0, 0, 3], 3), "░░░░░░░░");
        assert_eq!(bar(8, [0, 3, 0], 3), "▒▒▒▒▒▒▒▒");
        assert_eq!(bar(8, [1, 0, 1], 4), "██░░");
        assert_eq!(bar(8, [2, 1, 1], 4), "████▒▒░░");
        assert_eq!(bar(8, [1, 1, u64::MAX], u64::MAX), "█▒░░░░░░");
        assert_eq!(bar(8, [u64::MAX, 1, 1], u64::MAX), "██████▒░");
        assert_eq!(bar(8, [1, 0, u64::MAX], u64::MAX), "█░░░░░░░");
        assert_eq!(bar(8, [u64::MAX, 0, 1], u64::MAX), "███████░");
        assert_eq!(bar(8, [1, 1, 1], u64::MAX), "█▒░");
        assert_eq!(bar(2, [1, 1, 1], 3), "▒░");
        assert_eq!(bar(1, [1, 0, 1], 2), "░");
        assert_eq!(bar(0, [1, 1, 1], 2), "");
        let half = Stack {
            base: 1,
            live: 1,
            wasted: 1,
            removed: 1,
        };
        let ascii = stacked_bar(8, half, 4, Glyphs::Ascii);
        assert_eq!(ascii.concat(), "++##==--");
    }

    #[test]
    fn a_nearest_bar_may_be_none() {
        assert_eq!(nearest_bar(8, 1, 1000, Glyphs::Unicode), "");
        assert_eq!(nearest_bar(3, 1, 2, Glyphs::Unicode), "█▌");
        assert_eq!(nearest_bar(8, 7, 1, Glyphs::Ascii), "########");
        assert_eq!(nearest_bar(3, 0, 0, Glyphs::Ascii), "");
    }
}
