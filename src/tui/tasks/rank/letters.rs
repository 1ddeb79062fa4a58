//! Which letters occur in a text, so that most paths need no closer look.

use nucleo_matcher::pattern::Pattern;

/// A set of letters and digits in either case, the rest of ASCII in a few bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Letters(u64);

impl Letters {
    /// Anything may be in a text with characters beyond ASCII: the matcher takes `ü` for `u`.
    const ALL: Self = Self(u64::MAX);

    /// Returns what a text has to have for a pattern to match it.
    pub(super) fn needed(pattern: &Pattern) -> Self {
        let wanted = pattern.atoms.iter().filter(|atom| !atom.negative);
        let bits = wanted.fold(0, |bits, atom| {
            let characters = atom.needle_text().chars();
            characters.fold(bits, |bits, character| {
                bits | u8::try_from(character).map_or(0, bit)
            })
        });
        Self(bits)
    }

    /// Returns the letters of this text and a further name.
    pub(super) fn with(self, name: &str) -> Self {
        if !name.is_ascii() {
            return Self::ALL;
        }
        let bits = self.0 | bit(b'/');
        Self(name.bytes().fold(bits, |bits, byte| bits | bit(byte)))
    }

    /// Returns whether all of these occur.
    pub(super) const fn contain(self, needed: Self) -> bool {
        needed.0 & !self.0 == 0
    }
}

const fn bit(byte: u8) -> u64 {
    let at = match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => letter - b'a',
        digit @ b'0'..=b'9' => 26 + digit - b'0',
        0x80.. => return 0,
        other => 36 + other % 28,
    };
    1 << at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::scorer::{Scorer, parse};

    #[test]
    fn a_text_that_matches_is_never_left_out() {
        let texts = [
            "/usr/lib/libc.so.6",
            "/etc/Größe",
            "/A-b_c.D",
            "/x y/z",
            "/e\u{301}t",
        ];
        let patterns = [
            "lib6", "gro", "Größe", "a-b", "ABC", "x z", "'so !py", "^/e", "6$", "ét", "",
        ];
        for text in texts {
            for pattern in patterns {
                let letters = Letters::default().with(text);
                let needed = Letters::needed(&parse(pattern));
                let matches = Scorer::new(pattern).score(text).is_some();
                assert!(!matches || letters.contain(needed), "{pattern} in {text}");
            }
        }
        let needed = Letters::needed(&parse("q"));
        assert!(!Letters::default().with("usr").contain(needed));
    }
}
