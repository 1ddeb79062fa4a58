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
    fn a_nearest_bar_may_be_none() {
        assert_eq!(nearest_bar(8, 1, 1000, Glyphs::Unicode), "");
        assert_eq!(nearest_bar(3, 1, 2, Glyphs::Unicode), "█▌");
        assert_eq!(nearest_bar(8, 7, 1, Glyphs::Ascii), "########");
        assert_eq!(nearest_bar(3, 0, 0, Glyphs::Ascii), "");
    }
}
