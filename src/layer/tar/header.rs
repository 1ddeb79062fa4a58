//! The 512-byte header block: POSIX.1-1988 (ustar), GNU and V7 fields.

/// Length of a header block and of the unit bodies are padded to.
pub(super) const BLOCK: u64 = 512;

/// A header block whose checksum holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a>(&'a [u8; 512]);

impl<'a> Header<'a> {
    /// Returns the block.
    pub(super) const fn block(self) -> &'a [u8; 512] {
        self.0
    }

    /// Checks the sum over the block, which also refuses a block of zeros.
    pub(super) fn parse(block: &'a [u8]) -> Option<Self> {
        let block: &[u8; 512] = block.first_chunk()?;
        let stated = number(&block[148..156])?;
        // The sum is taken with the checksum field as eight blanks.
        let field: u32 = block[148..156].iter().map(|&byte| u32::from(byte)).sum();
        let unsigned = sum(block) - field + 8 * 0x20;
        if i64::from(unsigned) == stated {
            return Some(Self(block));
        }
        // Some historic writers summed signed characters.
        let signed: i64 = block
            .iter()
            .map(|&byte| i64::from(byte.cast_signed()))
            .sum::<i64>()
            - block[148..156]
                .iter()
                .map(|&byte| i64::from(byte.cast_signed()))
                .sum::<i64>()
            + 8 * 0x20;
        (signed == stated).then_some(Self(block))
    }

    /// Takes a block that [`Header::parse`] has accepted before.
    pub(super) const fn verified(block: &'a [u8; 512]) -> Self {
        Self(block)
    }

    pub(super) const fn typeflag(self) -> u8 {
        self.0[156]
    }

    /// The short name, without the ustar prefix.
    pub(super) fn name(self) -> &'a [u8] {
        until_nul(&self.0[0..100])
    }

    pub(super) fn link(self) -> &'a [u8] {
        until_nul(&self.0[157..257])
    }

    /// The ustar prefix; empty for other formats, which use the bytes for something else.
    pub(super) fn prefix(self) -> &'a [u8] {
        if self.is_gnu() && self.typeflag() != b'S' {
            return self.misplaced_prefix();
        }
        if &self.0[257..263] != b"ustar\0" {
            return b"";
        }
        // star keeps times behind a shorter prefix and says so at the end of the block.
        let end = if &self.0[508..512] == b"tar\0" {
            476
        } else {
            500
        };
        until_nul(&self.0[345..end])
    }

    fn is_gnu(self) -> bool {
        &self.0[257..265] == b"ustar  \0"
    }

    /// Go before 1.8 wrote the prefix of ustar under the magic of GNU, whose times lie there: what is no time is a
    /// prefix (Go, archive/tar, `Reader.readHeader`).
    fn misplaced_prefix(self) -> &'a [u8] {
        let (accessed, changed) = (&self.0[345..357], &self.0[357..369]);
        let prefix = until_nul(&self.0[345..500]);
        if is_time(accessed) && is_time(changed) || !prefix.is_ascii() {
            return b"";
        }
        prefix
    }

    pub(super) fn mode(self) -> Option<i64> {
        number(&self.0[100..108])
    }

    pub(super) fn uid(self) -> Option<i64> {
        number(&self.0[108..116])
    }

    pub(super) fn gid(self) -> Option<i64> {
        number(&self.0[116..124])
    }

    pub(super) fn size(self) -> Option<i64> {
        number(&self.0[124..136])
    }

    pub(super) fn mtime(self) -> Option<i64> {
        number(&self.0[136..148])
    }

    pub(super) fn device(self) -> (u32, u32) {
        let part = |field| {
            number(field)
                .and_then(|value| u32::try_from(value).ok())
                .unwrap_or(0)
        };
        (part(&self.0[329..337]), part(&self.0[337..345]))
    }
}

/// Returns whether Go's parser takes a field for a time, or for none: it is stricter than [`number`], which takes
/// text behind one.
fn is_time(field: &[u8]) -> bool {
    match field[0] {
        0 => true,
        0x80.. => number(field).is_some(),
        _ => {
            let is_text = |&byte: &u8| byte != b' ' && byte != 0;
            let start = field.iter().position(is_text).unwrap_or(field.len());
            let end = field.iter().rposition(is_text).map_or(start, |end| end + 1);
            let digits = until_nul(&field[start..end]);
            digits.iter().all(|byte| (b'0'..b'8').contains(byte))
        }
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    memchr::memchr(0, field).map_or(field, |end| &field[..end])
}

fn sum(block: &[u8; 512]) -> u32 {
    // Sixteen-bit lanes keep this in vector registers: 32 additions of at most 255 fit.
    let mut lanes = [0u16; 16];
    for row in block.as_chunks::<16>().0 {
        for (lane, &byte) in lanes.iter_mut().zip(row) {
            *lane += u16::from(byte);
        }
    }
    lanes.iter().map(|&lane| u32::from(lane)).sum()
}

/// Decodes a numeric field: octal with blanks or NULs around it, or base-256 (GNU, star), signed.
///
/// The `tar` crate decodes these too, but takes an error for what other readers accept (an empty field,
/// text after the number), knows no negative numbers, and costs ten times as much, six fields per entry.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    if field[0] & 0x80 != 0 {
        return base256(field);
    }
    let start = field
        .iter()
        .position(|&byte| byte != b' ' && byte != 0)
        .unwrap_or(field.len());
    // At most twelve digits of three bits: nothing can overflow.
    let mut value: i64 = 0;
    for &byte in &field[start..] {
        let digit = byte.wrapping_sub(b'0');
        if digit < 8 {
            value = (value << 3) | i64::from(digit);
        } else {
            return (byte == b' ' || byte == 0).then_some(value);
        }
    }
    Some(value)
}

fn base256(field: &[u8]) -> Option<i64> {
    // Two's complement over the whole field, its first bit being the marker: bit six is the sign.
    let negative = field[0] & 0x40 != 0;
    let first = if negative { field[0] } else { field[0] & 0x7f };
    let mut value: i128 = i128::from(if negative {
        first.cast_signed()
    } else {
        first.cast_signed() & 0x7f
    });
    for &byte in &field[1..] {
        value = (value << 8) | i128::from(byte);
    }
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_notation() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"77777777", Some(0o77_777_777)),
            (b"12x45670", None),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\x80\0\0\0\0\x80\0\0\0\0\0\0", Some(0x80_0000_0000_0000)),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ] {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }

    #[test]
    fn a_block_of_zeros_is_no_header() {
        assert!(Header::parse(&[0; 512]).is_none());
        assert!(Header::parse(&[0; 100]).is_none());
    }

    #[test]
    fn a_prefix_under_the_magic_of_gnu_is_told_from_times() {
        for (field, expected) in [
            (&b"usr/lib/node_modules"[..], &b"usr/lib/node_modules"[..]),
            (b"opt", b"opt"),
            (b"7 zip/bin", b"7 zip/bin"),
            (b"", b""),
            (b"\0opt", b""),
            (b"1700000000", b""),
            (b"14000000000\x0014000000000\0", b""),
            (b"14000000000\0opt", b"14000000000"),
            (b"  17 \0", b""),
            (b"caf\xc3\xa9", b""),
            (b"\x80\0\0\0\0\0\0\0\x65\x65\x65\x65", b""),
        ] {
            let mut block = [0; 512];
            block[257..265].copy_from_slice(b"ustar  \0");
            block[345..345 + field.len()].copy_from_slice(field);
            let found = Header::verified(&block).prefix();
            assert_eq!(found, expected, "{}", field.escape_ascii());
        }
    }

    #[test]
    fn signed_and_unsigned_sums_are_accepted() {
        let mut header = tar::Header::new_ustar();
        header.set_path("caf\u{e9}").unwrap();
        header.set_size(3);
        header.set_cksum();
        assert!(Header::parse(header.as_bytes()).is_some());
        let mut block = *header.as_bytes();
        let signed: i64 = block
            .iter()
            .enumerate()
            .map(|(at, &byte)| {
                if (148..156).contains(&at) {
                    32
                } else {
                    i64::from(byte.cast_signed())
                }
            })
            .sum();
        block[148..156].copy_from_slice(format!("{signed:06o}\0 ").as_bytes());
        assert!(Header::parse(&block).is_some());
        block[0] ^= 1;
        assert!(Header::parse(&block).is_none());
    }
}
