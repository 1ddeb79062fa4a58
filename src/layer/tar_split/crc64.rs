//! CRC-64 as tar-split keeps it of every file: the polynomial of ISO 3309, reflected (Go, hash/crc64, `ISO`).

const POLYNOMIAL: u64 = 0xD800_0000_0000_0000;

/// Bytes taken at a time.
const STRIDE: usize = 8;

/// `TABLES[n][byte]` is what `byte` does to the checksum once `n` bytes follow it.
static TABLES: [[u64; 256]; STRIDE] = tables();

const fn tables() -> [[u64; 256]; STRIDE] {
    let mut tables = [[0; 256]; STRIDE];
    let mut byte = 0;
    while byte < 256 {
        let mut value = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ POLYNOMIAL
            } else {
                value >> 1
            };
            bit += 1;
        }
        tables[0][byte] = value;
        byte += 1;
    }
    let mut following = 1;
    while following < STRIDE {
        let mut byte = 0;
        while byte < 256 {
            let value = tables[following - 1][byte];
            tables[following][byte] = tables[0][(value & 0xFF) as usize] ^ (value >> 8);
            byte += 1;
        }
        following += 1;
    }
    tables
}

/// A checksum under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crc64(u64);

impl Crc64 {
    pub(super) const fn new() -> Self {
        Self(u64::MAX)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(STRIDE);
        for chunk in &mut chunks {
            let mut word = [0; STRIDE];
            word.copy_from_slice(chunk);
            let mixed = (self.0 ^ u64::from_le_bytes(word)).to_le_bytes();
            let tables = TABLES.iter().rev();
            self.0 = tables
                .zip(mixed)
                .fold(0, |sum, (table, byte)| sum ^ table[usize::from(byte)]);
        }
        for &byte in chunks.remainder() {
            let [low, ..] = self.0.to_le_bytes();
            self.0 = TABLES[0][usize::from(low ^ byte)] ^ (self.0 >> 8);
        }
    }

    pub(super) const fn value(self) -> u64 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> u64 {
        let mut sum = Crc64::new();
        sum.update(bytes);
        sum.value()
    }

    #[test]
    fn it_is_the_sum_that_go_computes() {
        // Go, hash/crc64/crc64_test.go, column of ISO.
        for (expected, text) in [
            (0, ""),
            (0x3420_0000_0000_0000, "a"),
            (0x36c4_2000_0000_0000, "ab"),
            (0x3776_c420_0000_0000, "abc"),
            (0x3367_76c4_2000_0000, "abcd"),
        ] {
            assert_eq!(of(text.as_bytes()), expected, "{text}");
        }
        // The check value of CRC-64/GO-ISO in the catalogue of parametrised CRC algorithms.
        assert_eq!(of(b"123456789"), 0xb909_56c7_75a4_1001);
    }

    #[test]
    fn it_does_not_depend_on_how_bytes_come() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let whole = of(&bytes);
        for split in 0..40 {
            let mut sum = Crc64::new();
            sum.update(&bytes[..split]);
            sum.update(&bytes[split..]);
            assert_eq!(sum.value(), whole, "{split}");
        }
    }
}
