//! Attributes of entries as listings show them.

/// Returns `drwxr-xr-x` and the like: a letter for the type, or none for what was deleted, then the bits; question
/// marks where no entry says anything.
pub(crate) fn permissions(letter: Option<char>, mode: Option<u16>) -> String {
    let Some(letter) = letter else {
        return "deleted   ".into();
    };
    let Some(mode) = mode else {
        return format!("{letter}?????????");
    };
    let mut text = String::from(letter);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (false, false) => '-',
            (false, true) => 'x',
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
        });
    }
    text
}

/// Returns a time in UTC, to the minute; what no calendar knows as plain seconds.
pub(crate) fn time(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => format!("@{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_read_as_in_ls() {
        assert_eq!(permissions(Some('d'), Some(0o1777)), "drwxrwxrwt");
        assert_eq!(permissions(Some('-'), Some(0o4644)), "-rwSr--r--");
        assert_eq!(permissions(Some('d'), None), "d?????????");
        assert_eq!(time(0), "1970-01-01 00:00");
        assert_eq!(time(i64::MAX), format!("@{}", i64::MAX));
    }
}
