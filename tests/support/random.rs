//! Numbers and text that look like chance and are the same everywhere and always.

/// `SplitMix64`: small, and good enough for sizes, names and filling.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts a sequence of its own for every seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    /// Returns a number in `0.0..1.0`.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are all a fraction holds"
    )]
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns one of them.
    pub fn choose<'a, T: ?Sized>(&mut self, among: &[&'a T]) -> &'a T {
        let index = usize::try_from(self.below(among.len() as u64)).expect("an index");
        among[index]
    }

    /// Fills with bytes that do not compress.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
    }

    /// Returns text of this length that compresses about as well as source code does.
    pub fn prose(&mut self, length: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(length + 16);
        let mut line = 0;
        while text.len() < length {
            let word = self.choose(&WORDS);
            text.extend_from_slice(word.as_bytes());
            line += word.len() + 1;
            let ends = line > 60;
            text.push(if ends { b'\n' } else { b' ' });
            line = if ends { 0 } else { line };
        }
        text.truncate(length);
        if let Some(last) = text.last_mut() {
            *last = b'\n';
        }
        text
    }
}

const WORDS: [&str; 64] = [
    "anchor", "beacon", "cargo", "deck", "engine", "ferry", "gangway", "harbour", "island",
    "jetty", "keel", "lantern", "mast", "north", "oar", "pilot", "quay", "rudder", "sail", "tide",
    "under", "vessel", "wharf", "yard", "the", "a", "of", "to", "and", "in", "is", "with", "for",
    "every", "=", "{", "}", "()", "=>", "return", "if", "else", "const", "let", "0", "1", "42",
    "1024", "true", "false", "open", "close", "read", "write", "moor", "load", "unload", "signal",
    "chart", "depth", "crew", "watch", "storm", "calm",
];
