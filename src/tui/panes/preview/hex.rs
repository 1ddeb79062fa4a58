//! Bytes in hex, with the characters they stand for.

use std::fmt::Write as _;

/// Returns how many bytes fit on a row of some columns: 16 where they do, at least 4.
pub fn bytes_per_row(columns: usize) -> usize {
    [16, 8]
        .into_iter()
        .find(|&bytes| row_width(bytes) <= columns)
        .unwrap_or(4)
}

/// Columns of a row: offset, pairs with a gap in the middle, characters.
const fn row_width(bytes: usize) -> usize {
    8 + 2 + bytes * 3 + 1 + 1 + bytes
}

/// Returns `00000010  7F 45 …  .E…`.
pub fn row(bytes: &[u8], offset: u64, per_row: usize) -> String {
    let mut text = format!("{offset:08x}  ");
    for at in 0..per_row {
        if at == per_row / 2 {
            text.push(' ');
        }
        match bytes.get(at) {
            // Writing to a String cannot fail.
            Some(byte) => write!(text, "{byte:02x} ").unwrap_or_default(),
            None => text.push_str("   "),
        }
    }
    text.push(' ');
    text.extend(bytes.iter().map(|&byte| character(byte)));
    text
}

/// Returns the columns of a row at which a byte stands, in hex and as a character.
pub fn columns_of(at: usize, per_row: usize) -> (usize, usize) {
    let gap = usize::from(at >= per_row / 2);
    (10 + at * 3 + gap, 10 + per_row * 3 + 2 + at)
}

fn character(byte: u8) -> char {
    if (0x20..0x7F).contains(&byte) {
        char::from(byte)
    } else {
        '.'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_aligned_and_never_raw() {
        let bytes: Vec<u8> = (0..=255).collect();
        for per_row in [4, 8, 16] {
            for (at, piece) in bytes.chunks(per_row).enumerate() {
                let row = row(piece, (at * per_row) as u64, per_row);
                assert_eq!(row.len(), row_width(per_row), "{row}");
                assert!(row.bytes().all(|byte| (0x20..0x7F).contains(&byte)));
            }
        }
        let row = row(b"\x7fELF\x1b", 16, 8);
        assert_eq!(row, "00000010  7f 45 4c 46  1b           .ELF.");
        let (hex, text) = columns_of(4, 8);
        assert_eq!(
            (row.get(hex..hex + 2), row.get(text..=text)),
            (Some("1b"), Some("."))
        );
    }

    #[test]
    fn rows_fit() {
        for columns in 0..200 {
            let per_row = bytes_per_row(columns);
            assert!(per_row == 4 || row_width(per_row) <= columns);
        }
        assert_eq!(bytes_per_row(78), 16);
        assert_eq!(bytes_per_row(40), 4);
    }
}
