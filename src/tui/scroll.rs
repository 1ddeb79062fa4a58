//! Moving in a list: the cursor stays in range and on the screen.

use super::command::Command;

/// A cursor in a list and the first row on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    /// Row of the cursor.
    pub at: usize,
    /// First row on the screen.
    pub offset: usize,
}

impl Scroll {
    /// Moves by a command; returns whether it was one that moves.
    pub fn step(&mut self, command: Command, len: usize, height: usize) -> Moved {
        let page = height.max(1);
        let half = (height / 2).max(1);
        let at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => self.at.saturating_add(1),
            Command::PageUp => self.at.saturating_sub(page),
            Command::PageDown => self.at.saturating_add(page),
            Command::HalfPageUp => self.at.saturating_sub(half),
            Command::HalfPageDown => self.at.saturating_add(half),
            Command::Top => 0,
            Command::Bottom => usize::MAX,
            _ => return Moved::No,
        };
        self.go(at, len, height);
        Moved::Yes
    }

    /// Puts the cursor on a row, the last one if there are not as many, and brings it onto the screen.
    pub fn go(&mut self, at: usize, len: usize, height: usize) {
        self.at = at.min(len.saturating_sub(1));
        self.offset = offset(self.at, len, height, self.offset);
    }

    /// Returns the rows on the screen.
    pub fn visible(&self, len: usize, height: usize) -> std::ops::Range<usize> {
        let start = self.offset.min(len);
        start..start.saturating_add(height).min(len)
    }
}

/// Whether a command moved a cursor, even if there was nowhere to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It was a command to move.
    Yes,
    /// It was not.
    No,
}

/// Returns the first row on the screen for a cursor: as little scrolled as possible, and no empty rows at the
/// end while there are rows above.
pub fn offset(at: usize, len: usize, height: usize, old: usize) -> usize {
    if height == 0 {
        return at;
    }
    let most = len.saturating_sub(height);
    let lowest = (at + 1).saturating_sub(height);
    old.clamp(lowest, at.max(lowest)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_range_and_on_the_screen() {
        for len in [0usize, 1, 3, 10, 100] {
            for height in [0usize, 1, 2, 5, 40] {
                let mut scroll = Scroll::default();
                for command in [
                    Command::Down,
                    Command::PageDown,
                    Command::Bottom,
                    Command::Up,
                    Command::HalfPageUp,
                    Command::PageDown,
                    Command::Top,
                    Command::HalfPageDown,
                ] {
                    assert_eq!(scroll.step(command, len, height), Moved::Yes);
                    assert!(scroll.at < len.max(1));
                    if height > 0 && len > 0 {
                        assert!(scroll.visible(len, height).contains(&scroll.at));
                    }
                }
            }
        }
        assert_eq!(Scroll::default().step(Command::Open, 5, 5), Moved::No);
    }

    #[test]
    fn a_list_does_not_end_in_the_middle_of_the_screen() {
        assert_eq!(offset(9, 10, 4, 8), 6);
        assert_eq!(offset(2, 10, 4, 0), 0);
        assert_eq!(offset(5, 10, 4, 0), 2);
    }
}
