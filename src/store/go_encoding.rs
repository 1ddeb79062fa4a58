//! How containerd writes numbers and times into its databases: Go's encodings.

/// Reads an unsigned number (Go, encoding/binary, `Uvarint`); `None` where it does not end or has no room.
pub(super) fn unsigned(bytes: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for (index, &byte) in bytes.iter().enumerate().take(10) {
        let part = u64::from(byte & 0x7f);
        let shift = 7 * u32::try_from(index).ok()?;
        if part != 0 && part.leading_zeros() < shift {
            return None;
        }
        number |= part << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Reads a signed number (Go, encoding/binary, `Varint`) that is a size: `None` where it is negative.
pub(super) fn size(bytes: &[u8]) -> Option<u64> {
    let number = unsigned(bytes)?;
    number.is_multiple_of(2).then_some(number / 2)
}

/// Seconds from the year 1, where Go's times begin, to 1970.
const BEFORE_1970: i64 = 62_135_596_800;

/// Reads a time (Go, time, `MarshalBinary`) as seconds since 1970; `None` for anything else and Go's zero time.
pub(super) fn time(bytes: &[u8]) -> Option<i64> {
    let (version, rest) = bytes.split_first()?;
    if !matches!(version, 1 | 2) || rest.len() < 14 {
        return None;
    }
    let seconds = i64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
    if seconds == 0 {
        return None;
    }
    seconds.checked_sub(BEFORE_1970)
}

/// Reads a time that was written as text; `None` for anything else and Go's zero time.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    (at.as_second() > -BEFORE_1970).then(|| at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_writes_them() {
        assert_eq!(size(b"\xc0\x31"), Some(3168));
        assert_eq!(size(b"\x01"), None);
        assert_eq!(unsigned(b"\x05"), Some(5));
        assert_eq!(unsigned(b"\xac\x02"), Some(300));
        let most = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(unsigned(most), Some(u64::MAX));
        for bad in [
            &b""[..],
            b"\x80",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
        ] {
            assert_eq!(unsigned(bad), None);
        }
        assert_eq!(unsigned(&[0x80; 40]), None);
    }

    #[test]
    fn times_are_read_as_go_writes_them() {
        let written = b"\x01\x00\x00\x00\x0e\xe2\x93\n\x0834\xcdS\xff\xff";
        assert_eq!(time(written), Some(1_795_232_520));
        assert_eq!(time(&written[..14]), None);
        assert_eq!(time(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff"), None);
        assert_eq!(
            time(b"\x03\x00\x00\x00\x0e\xe2\x93\n\x0834\xcdS\xff\xff"),
            None
        );
        assert_eq!(
            seconds("2026-11-21T03:41:44.241339967Z\n"),
            Some(1_795_232_504)
        );
        assert_eq!(seconds("0001-01-01T00:00:00Z"), None);
    }
}
