//! An amount of bytes that may be known in part.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use super::super::Piece;

/// Bytes, and whether they are all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Amount {
    /// What was measured.
    pub bytes: u64,
    /// Pieces of which a part, or all, could not be measured: then `bytes` is the least it can be.
    pub unmeasured: u32,
}

/// In which sense bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Basis {
    /// Disk blocks, every inode once: what removing would free, what `du` and `df` see.
    #[default]
    Disk,
    /// Lengths of files.
    Files,
}

impl Amount {
    /// Nothing measured: never the same as zero.
    pub const UNKNOWN: Self = Self {
        bytes: 0,
        unmeasured: 1,
    };

    /// Returns what is known of a piece.
    pub fn of(piece: &Piece, basis: Basis) -> Self {
        let bytes = piece.usage.map_or(0, |usage| match basis {
            Basis::Disk => usage.disk_bytes,
            Basis::Files => usage.file_bytes,
        });
        let is_whole = piece.usage.is_some() && piece.unmeasured.is_none();
        Self {
            bytes,
            unmeasured: u32::from(!is_whole),
        }
    }

    /// Returns whether it is all there is.
    pub const fn is_whole(self) -> bool {
        self.unmeasured == 0
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            unmeasured: self.unmeasured.saturating_add(other.unmeasured),
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::add)
    }
}
