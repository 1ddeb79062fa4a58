//! The hash by which two files are taken for the same data: xxh3 with a secret that only this process has.
//!
//! With the secret that xxh3 is published with, two contents of one hash are computed in a second, and a changed
//! program would be told as "stored again". Hashes of one run are held against each other and never leave it:
//! neither printed nor kept.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::LazyLock;

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_secret};

/// Length of a secret, as xxh3 defines it.
const SECRET_BYTES: usize = 192;

static SECRET: LazyLock<[u8; SECRET_BYTES]> = LazyLock::new(random_secret);

/// Drawn from the standard library's keyed hash, whose key the operating system gives: no word of it tells another.
fn random_secret() -> [u8; SECRET_BYTES] {
    let keyed = RandomState::new();
    let mut secret = [0; SECRET_BYTES];
    for (number, word) in secret.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        *word = keyed.hash_one(number).to_ne_bytes();
    }
    secret
}

/// Hashes data that is there as a whole.
pub fn content_hash(data: &[u8]) -> u64 {
    xxh3_64_with_secret(data, &*SECRET)
}

/// Hashes data piece by piece, to what [`content_hash`] makes of the whole.
#[derive(Clone)]
pub struct ContentHasher(Xxh3);

impl ContentHasher {
    /// Starts with no data.
    pub fn new() -> Self {
        Self(Xxh3::with_secret(*SECRET))
    }

    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// Returns the hash of all pieces so far.
    pub fn digest(&self) -> u64 {
        self.0.digest()
    }
}

impl Default for ContentHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for ContentHasher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ContentHasher")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hash_as_the_whole_does() {
        let data: Vec<u8> = (0..9000u32).map(|at| (at * at).to_be_bytes()[2]).collect();
        for length in [
            0, 1, 3, 8, 16, 17, 128, 129, 240, 241, 256, 1023, 1024, 1025, 9000,
        ] {
            let data = &data[..length];
            for step in [1, 63, 64, 1000, 9000] {
                let mut hasher = ContentHasher::new();
                data.chunks(step).for_each(|piece| hasher.update(piece));
                assert_eq!(hasher.digest(), content_hash(data), "{length} by {step}");
            }
        }
    }

    #[test]
    fn no_two_processes_share_a_secret() {
        let (one, other) = (random_secret(), random_secret());
        assert_ne!(one, other);
        let words = one.as_chunks::<8>().0;
        for (at, word) in words.iter().enumerate() {
            assert!(!words[..at].contains(word), "word {at} is there twice");
        }
    }
}
