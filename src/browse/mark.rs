//! What a layer does to a path, as the one letter in front of its row.

/// What the layer of a scope does to a path: the letter in front of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mark {
    /// It does nothing to it.
    Unchanged,
    /// Not there before.
    Added,
    /// Other content, type or target.
    Modified,
    /// Only other metadata.
    Touched,
    /// Stored again without difference.
    Repeated,
    /// Removed by a whiteout of this path.
    Removed,
    /// Gone because of what happened to an ancestor.
    Hidden,
    /// A directory that hides what lower layers have in it.
    Opaque,
}

impl Mark {
    /// Every mark.
    pub const ALL: [Self; 8] = [
        Self::Unchanged,
        Self::Added,
        Self::Modified,
        Self::Touched,
        Self::Repeated,
        Self::Removed,
        Self::Hidden,
        Self::Opaque,
    ];

    /// Returns the letter that stands for it; a blank for [`Mark::Unchanged`]. What is hidden shows the letter
    /// of a removal.
    pub const fn letter(self) -> char {
        match self {
            Self::Unchanged => ' ',
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Touched => 'm',
            Self::Repeated => '=',
            Self::Removed | Self::Hidden => 'D',
            Self::Opaque => 'O',
        }
    }

    /// Returns whether the path is not there any more.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Removed | Self::Hidden)
    }

    pub(super) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A choice of marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MarkSet(u8);

impl MarkSet {
    /// Every mark.
    pub const ALL: Self = Self(0xFF);
    /// Every mark but [`Mark::Unchanged`].
    pub const CHANGES: Self = Self(!Mark::Unchanged.bit());

    /// Chooses one mark.
    pub const fn of(mark: Mark) -> Self {
        Self(mark.bit())
    }

    /// Returns whether a mark is chosen.
    pub const fn contains(self, mark: Mark) -> bool {
        self.0 & mark.bit() != 0
    }

    /// Returns the choice with these marks all in, or all out where the first was in.
    #[must_use]
    pub fn toggled(self, marks: &[Mark]) -> Self {
        let bits = marks.iter().fold(0, |bits, mark| bits | mark.bit());
        let is_in = marks.first().is_some_and(|&first| self.contains(first));
        Self(if is_in { self.0 & !bits } else { self.0 | bits })
    }

    pub(super) const fn bits(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_toggle_together_as_the_first_does() {
        let gone = [Mark::Removed, Mark::Hidden];
        let without = MarkSet::ALL.toggled(&gone);
        assert!(!without.contains(Mark::Removed) && !without.contains(Mark::Hidden));
        assert!(without.contains(Mark::Added));
        assert_eq!(without.toggled(&gone), MarkSet::ALL);
        let mixed = MarkSet::ALL.toggled(&[Mark::Hidden]).toggled(&gone);
        assert!(!mixed.contains(Mark::Removed) && !mixed.contains(Mark::Hidden));
        assert_eq!(MarkSet::CHANGES.toggled(&[Mark::Unchanged]), MarkSet::ALL);
    }
}
