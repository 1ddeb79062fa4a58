//! A set of paths of one union, a bit each.

use crate::tree::PathId;

/// Which of a union's paths are meant. Costs an eighth of a byte a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathSet {
    words: Vec<u64>,
}

impl PathSet {
    /// Makes an empty set with room for so many paths; further ones make it grow.
    pub fn with_room(paths: usize) -> Self {
        Self {
            words: vec![0; paths.div_ceil(64)],
        }
    }

    /// Adds a path; returns whether it was new.
    pub fn insert(&mut self, path: PathId) -> bool {
        let (word, bit) = Self::place(path);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let was = self.words[word] & bit != 0;
        self.words[word] |= bit;
        !was
    }

    /// Takes a path out; returns whether it was in.
    pub fn remove(&mut self, path: PathId) -> bool {
        let (word, bit) = Self::place(path);
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let was = *word & bit != 0;
        *word &= !bit;
        was
    }

    /// Returns whether a path is in.
    pub fn contains(&self, path: PathId) -> bool {
        let (word, bit) = Self::place(path);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Takes every path out.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    /// Returns whether nothing is in. Cost is linear in the room.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Returns the number of paths. Cost is linear in the room.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Returns the paths in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = PathId> + '_ {
        (0u32..).zip(&self.words).flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    PathId(at * 64 + bit)
                })
            })
        })
    }

    /// Returns the highest path below one that is in, going down from the end of the room. For passes from
    /// children to parents, that may add parents while they go.
    pub(super) fn last_before(&self, path: PathId) -> Option<PathId> {
        let (word, bit) = Self::place(path);
        let below = self.words.get(word).map_or(0, |bits| bits & (bit - 1));
        if below != 0 {
            return Some(Self::highest(word, below));
        }
        let rest = &self.words[..word.min(self.words.len())];
        let at = rest.iter().rposition(|&bits| bits != 0)?;
        Some(Self::highest(at, rest[at]))
    }

    fn highest(word: usize, bits: u64) -> PathId {
        let word = u32::try_from(word).unwrap_or(u32::MAX);
        PathId(word * 64 + 63 - bits.leading_zeros())
    }

    const fn place(path: PathId) -> (usize, u64) {
        (path.as_usize() / 64, 1 << (path.0 % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_backwards_too() {
        let mut set = PathSet::default();
        for path in [0, 3, 63, 64, 200] {
            set.insert(PathId(path));
        }
        let mut found = Vec::new();
        let mut at = PathId(1000);
        while let Some(path) = set.last_before(at) {
            found.push(path.0);
            at = path;
        }
        assert_eq!(found, [200, 64, 63, 3, 0]);
        assert_eq!(set.last_before(PathId::ROOT), None);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut set = PathSet::with_room(10);
        assert!(set.is_empty());
        for path in [3, 0, 200, 64, 63] {
            assert!(set.insert(PathId(path)));
        }
        assert!(!set.insert(PathId(200)));
        assert_eq!(
            set.iter().map(|path| path.0).collect::<Vec<_>>(),
            [0, 3, 63, 64, 200]
        );
        assert!(set.remove(PathId(63)) && !set.remove(PathId(63)) && !set.remove(PathId(9999)));
        assert_eq!(set.len(), 4);
        assert!(set.contains(PathId(64)) && !set.contains(PathId(65)));
    }
}
