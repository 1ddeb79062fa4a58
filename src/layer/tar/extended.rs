//! Extended headers: PAX records (POSIX.1-2001), their GNU sparse and SCHILY dialects.

use std::str::FromStr;

use crate::limits;

/// What extended headers say about the next entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<i64>,
    pub(super) gid: Option<i64>,
    pub(super) mtime: Option<(i64, u32)>,
    /// Sorted by name once the records of a header are taken.
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: PaxSparse,
}

/// GNU sparse records of versions 0.0, 0.1 and 1.0.
#[derive(Debug, Clone, Default)]
pub(super) struct PaxSparse {
    pub(super) name: Option<Vec<u8>>,
    pub(super) segments: Vec<(u64, u64)>,
    pub(super) map_in_data: bool,
    real_size: Option<u64>,
    /// A record about length or map could not be read.
    is_damaged: bool,
}

impl PaxSparse {
    /// Returns whether anything is said about length or map; a name alone is only a name.
    pub(super) const fn is_present(&self) -> bool {
        self.is_damaged || self.map_in_data || self.real_size.is_some() || !self.segments.is_empty()
    }

    /// Returns the length of the file with its holes; `None` where the records do not tell.
    pub(super) fn real_size(&self) -> Option<u64> {
        self.real_size.filter(|_| !self.is_damaged)
    }
}

/// Whether records were understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Records {
    Fine,
    Odd,
    /// More attributes than [`limits::ENTRY_XATTRS`]; those behind it are left out.
    TooMany,
}

impl Extended {
    /// Forgets everything, keeping nothing allocated of note.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the records of an `x` or `X` header; later records and headers win.
    pub(super) fn take_records(&mut self, mut rest: &[u8]) -> Records {
        let mut verdict = Records::Fine;
        while let Some((key, value, tail)) = record(rest) {
            if self.take(key, value).is_none() {
                verdict = Records::Odd;
            }
            rest = tail;
        }
        self.settle_xattrs();
        if self.xattrs.len() > limits::ENTRY_XATTRS {
            self.xattrs.truncate(limits::ENTRY_XATTRS);
            return Records::TooMany;
        }
        // Zero padding after the records is common; anything else is damage.
        if rest.iter().any(|&byte| byte != 0) {
            Records::Odd
        } else {
            verdict
        }
    }

    /// Returns whether anything is said that changes an entry; a comment does not.
    pub(super) const fn is_present(&self) -> bool {
        self.path.is_some()
            || self.link.is_some()
            || self.size.is_some()
            || self.uid.is_some()
            || self.gid.is_some()
            || self.mtime.is_some()
            || !self.xattrs.is_empty()
            || self.sparse.is_present()
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            // No file system has a name for it, and Go's archive/tar, which engines use, refuses the archive.
            _ if key.contains(&0) => return None,
            b"path" => say(&mut self.path, value, name)?,
            b"linkpath" => say(&mut self.link, value, name)?,
            b"size" => say(&mut self.size, value, decimal)?,
            b"uid" => say(&mut self.uid, value, decimal)?,
            b"gid" => say(&mut self.gid, value, decimal)?,
            b"mtime" => say(&mut self.mtime, value, time)?,
            _ => {
                // Engines and GNU tar know no other names for attributes: bsdtar writes LIBARCHIVE's beside these.
                if let Some(key) = key.strip_prefix(b"SCHILY.xattr.") {
                    self.xattrs.push((key.to_vec(), value.to_vec()));
                } else if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.take(key, value)?;
                }
            }
        }
        Some(())
    }

    /// Sorts attributes by name; of one name the last stays. Once for all of a header: there may be as many as fit.
    fn settle_xattrs(&mut self) {
        self.xattrs.reverse();
        self.xattrs.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.xattrs.dedup_by(|(later, _), (kept, _)| later == kept);
    }
}

impl PaxSparse {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        if key == b"name" {
            return say(&mut self.name, value, name);
        }
        let taken = self.take_map(key, value);
        self.is_damaged |= taken.is_none();
        taken
    }

    fn take_map(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"size" | b"realsize" => say(&mut self.real_size, value, decimal)?,
            b"major" => self.map_in_data = !value.is_empty() && decimal::<u64>(value)? >= 1,
            b"offset" => self.segments.push((decimal(value)?, 0)),
            b"numbytes" => self.segments.last_mut()?.1 = decimal(value)?,
            b"map" => {
                let mut numbers = value.split(|&byte| byte == b',');
                self.segments.clear();
                while let Some(offset) = numbers.next().filter(|text| !text.is_empty()) {
                    self.segments
                        .push((decimal(offset)?, decimal(numbers.next()?)?));
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// Splits one `LENGTH KEY=VALUE\n` record off.
fn record(rest: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = memchr::memchr(b' ', &rest[..rest.len().min(20)])?;
    let length: usize = decimal(&rest[..blank])?;
    let line = rest.get(blank + 1..length)?;
    let line = line.strip_suffix(b"\n")?;
    let equals = memchr::memchr(b'=', line)?;
    Some((&line[..equals], &line[equals + 1..], &rest[length..]))
}

/// Takes the value of a record; one without a value takes back what was said before it (POSIX.1-2001, pax).
fn say<T>(said: &mut Option<T>, value: &[u8], read: impl FnOnce(&[u8]) -> Option<T>) -> Option<()> {
    *said = if value.is_empty() {
        None
    } else {
        Some(read(value)?)
    };
    Some(())
}

fn name(value: &[u8]) -> Option<Vec<u8>> {
    (!value.contains(&0)).then(|| value.to_vec())
}

pub(super) fn decimal<T: FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Decodes `[-]SECONDS[.FRACTION]` into whole seconds, rounded down, and nanoseconds.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &b""[..]),
    };
    let seconds: i64 = std::str::from_utf8(whole).ok()?.parse().ok()?;
    let mut nanos = 0;
    for at in 0..9 {
        let digit = fraction.get(at).copied().unwrap_or(b'0');
        nanos = nanos * 10 + u32::from(digit.checked_sub(b'0').filter(|&digit| digit < 10)?);
    }
    if whole.starts_with(b"-") && nanos > 0 {
        return Some((seconds.checked_sub(1)?, 1_000_000_000 - nanos));
    }
    Some((seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (key, value) in pairs {
            let body = format!(" {key}={value}\n");
            let mut length = body.len();
            while length != body.len() + length.to_string().len() {
                length = body.len() + length.to_string().len();
            }
            bytes.extend_from_slice(format!("{length}{body}").as_bytes());
        }
        bytes
    }

    #[test]
    fn records_are_taken_and_later_ones_win() {
        let mut extended = Extended::default();
        let bytes = records(&[
            ("path", "a/b"),
            ("mtime", "12.5"),
            ("size", "7"),
            ("path", "c"),
            ("comment", "x"),
            ("SCHILY.xattr.user.z", "1"),
            ("SCHILY.xattr.user.a", "2"),
            ("LIBARCHIVE.xattr.user.%61b", "aGk"),
        ]);
        assert_eq!(extended.take_records(&bytes), Records::Fine);
        assert_eq!(extended.path.as_deref(), Some(&b"c"[..]));
        assert_eq!(extended.mtime, Some((12, 500_000_000)));
        assert_eq!(extended.size, Some(7));
        let keys: Vec<_> = extended
            .xattrs
            .iter()
            .map(|(key, _)| key.as_slice())
            .collect();
        assert_eq!(keys, [b"user.a", b"user.z"]);
    }

    #[test]
    fn times_before_1970_round_down() {
        assert_eq!(time(b"-1.25"), Some((-2, 750_000_000)));
        assert_eq!(time(b"-1"), Some((-1, 0)));
        assert_eq!(time(b"1.1234567891"), Some((1, 123_456_789)));
        assert_eq!(time(b"nonsense"), None);
        assert_eq!(time(b"1.2x"), None);
    }

    #[test]
    fn damaged_records_are_odd_and_keep_the_good_ones() {
        let mut extended = Extended::default();
        let mut bytes = records(&[("path", "good")]);
        bytes.extend_from_slice(b"99 path=cut");
        assert_eq!(extended.take_records(&bytes), Records::Odd);
        assert_eq!(extended.path.as_deref(), Some(&b"good"[..]));
        for broken in [
            &b"0 a=b\n"[..],
            b"6 path\n",
            b"-3 a=b\n",
            b"99999999999999999999 a=b\n",
            b"x",
            b"5 a=b",
        ] {
            assert_eq!(
                Extended::default().take_records(broken),
                Records::Odd,
                "{broken:?}"
            );
        }
        assert_eq!(
            Extended::default().take_records(&records(&[("path", "nul\0path")])),
            Records::Odd
        );
        assert_eq!(Extended::default().take_records(b"\0\0\0"), Records::Fine);
    }

    #[test]
    fn a_record_without_a_value_takes_back_what_was_said() {
        let mut extended = Extended::default();
        let bytes = records(&[("path", "a"), ("size", "9"), ("comment", ""), ("path", "")]);
        assert_eq!(extended.take_records(&bytes), Records::Fine);
        assert_eq!((&extended.path, extended.size), (&None, Some(9)));
        assert!(extended.is_present());
        assert_eq!(
            extended.take_records(&records(&[("size", "")])),
            Records::Fine
        );
        assert!(!extended.is_present());
        let bytes = records(&[("SCHILY.xattr.user.a", "")]);
        assert_eq!(extended.take_records(&bytes), Records::Fine);
        assert_eq!(extended.xattrs, [(b"user.a".to_vec(), Vec::new())]);
    }

    #[test]
    fn sparse_dialects() {
        let mut extended = Extended::default();
        extended.take_records(&records(&[
            ("GNU.sparse.map", "0,5,10,2"),
            ("GNU.sparse.size", "12"),
        ]));
        assert_eq!(extended.sparse.segments, [(0, 5), (10, 2)]);
        let mut extended = Extended::default();
        extended.take_records(&records(&[
            ("GNU.sparse.size", "12"),
            ("GNU.sparse.offset", "3"),
            ("GNU.sparse.numbytes", "4"),
        ]));
        assert_eq!(extended.sparse.segments, [(3, 4)]);
    }
}
