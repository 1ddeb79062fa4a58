//! The best of many, in little room.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::tree::PathId;

/// A path that matches. Better ones are greater: a higher score, then a shorter path, then the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) score: u32,
    /// Length of the path in bytes.
    pub(super) length: u32,
    /// Place among all paths.
    pub(super) order: u32,
    pub(super) path: PathId,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let worth = |of: &Self| (of.score, Reverse(of.length), Reverse(of.order), of.path);
        worth(self).cmp(&worth(other))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best candidates so far, the worst of them at hand.
#[derive(Debug)]
pub(super) struct Best {
    most: usize,
    kept: BinaryHeap<Reverse<Candidate>>,
    offered: u32,
}

impl Best {
    /// Makes room for so many.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            kept: BinaryHeap::new(),
            offered: 0,
        }
    }

    /// Takes a candidate if it is among the best.
    pub(super) fn offer(&mut self, candidate: Candidate) {
        self.offered += 1;
        if self.kept.len() < self.most {
            self.kept.push(Reverse(candidate));
        } else if let Some(mut worst) = self.kept.peek_mut()
            && worst.0 < candidate
        {
            *worst = Reverse(candidate);
        }
    }

    /// Returns how many were offered.
    pub(super) const fn offered(&self) -> u32 {
        self.offered
    }

    /// Returns the paths, best first.
    pub(super) fn into_paths(self) -> Vec<PathId> {
        let sorted = self.kept.into_sorted_vec();
        sorted.into_iter().map(|kept| kept.0.path).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_stay_and_ties_go_to_the_shorter_then_the_first() {
        let mut best = Best::new(4);
        let worths = [(1, 1), (9, 7), (9, 5), (2, 9), (9, 5), (8, 1)];
        for (order, (score, length)) in (0u32..).zip(worths) {
            best.offer(Candidate {
                score,
                length,
                order,
                path: PathId(order),
            });
        }
        assert_eq!(best.offered(), 6);
        let paths: Vec<u32> = best.into_paths().iter().map(|path| path.0).collect();
        assert_eq!(paths, [2, 4, 1, 5]);
    }
}
