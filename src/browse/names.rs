//! The names of all paths one behind another, so that a filter reads memory in one go.

use crate::tree::MergedTree;

/// Every name of a union in the order of their ids, as stored and with letters lowered.
///
/// Costs twice the length of each name and 6 bytes a path. Takes long enough to build that it is better done
/// before a filter needs it.
#[derive(Debug)]
pub struct Names {
    /// Each name between zero bytes.
    plain: Vec<u8>,
    /// The same with letters lowered; every name is as long as in `plain`.
    lowered: Vec<u8>,
    /// Where each name begins; one more at the end.
    starts: Vec<u32>,
}

/// Which form of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    AsStored,
    Lowered,
}

/// Stands between names.
pub(super) const BETWEEN: u8 = 0;
/// Stands in a name for a zero byte; no text contains it.
const INSTEAD: u8 = 0xFF;

impl Names {
    /// Collects the names. Cost is linear in their length. Names beyond 4 GiB in all are left empty.
    pub fn new(tree: &MergedTree) -> Self {
        let mut plain = vec![BETWEEN];
        let mut starts = Vec::with_capacity(tree.len() + 1);
        let start = |plain: &[u8]| u32::try_from(plain.len()).unwrap_or(u32::MAX);
        // What stands between names has to fit in any case.
        let room = (u32::MAX as usize).saturating_sub(tree.len() + 1);
        for path in tree.paths() {
            starts.push(start(&plain));
            let name = tree.name(path);
            if plain.len() + name.len() < room {
                push(&mut plain, name);
            }
            plain.push(BETWEEN);
        }
        starts.push(start(&plain));
        plain.shrink_to_fit();
        Self {
            lowered: lower(&plain),
            plain,
            starts,
        }
    }

    /// Returns the number of paths.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns whether there is nothing but the root.
    pub fn is_empty(&self) -> bool {
        self.len() <= 1
    }

    /// Returns the memory in use, in bytes.
    pub fn bytes(&self) -> usize {
        self.plain.capacity() + self.lowered.capacity() + self.starts.capacity() * 4
    }

    pub(super) fn text(&self, letters: Letters) -> &[u8] {
        match letters {
            Letters::AsStored => &self.plain,
            Letters::Lowered => &self.lowered,
        }
    }

    /// Returns where a name begins and ends.
    pub(super) fn bounds(&self, path: u32) -> (usize, usize) {
        let path = path as usize;
        (
            self.starts[path] as usize,
            self.starts[path + 1] as usize - 1,
        )
    }

    /// Returns the path whose name or the byte behind it is at an offset, not before `from`.
    pub(super) fn path_at(&self, offset: usize, from: u32) -> u32 {
        let starts = &self.starts[from as usize..self.starts.len() - 1];
        let is_before = |start: &u32| *start as usize <= offset;
        // Matches come close together or far apart: the step doubles until it is too far.
        let mut step = 1;
        while starts.get(step).is_some_and(is_before) {
            step *= 2;
        }
        let window = &starts[step / 2..starts.len().min(step)];
        let behind = step / 2 + window.partition_point(is_before);
        from + u32::try_from(behind.saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

fn push(text: &mut Vec<u8>, name: &[u8]) {
    if memchr::memchr(BETWEEN, name).is_none() {
        text.extend_from_slice(name);
        return;
    }
    text.extend(
        name.iter()
            .map(|&byte| if byte == BETWEEN { INSTEAD } else { byte }),
    );
}

/// Lowers letters, but only those that are as long in lower case, so that offsets stay.
pub(super) fn lower(text: &[u8]) -> Vec<u8> {
    let mut lowered = text.to_ascii_lowercase();
    if text.is_ascii() {
        return lowered;
    }
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let length = character.len_utf8();
            let mut lower = character.to_lowercase();
            if let (Some(only), None) = (lower.next(), lower.next())
                && only.len_utf8() == length
            {
                only.encode_utf8(&mut lowered[at..at + length]);
            }
            at += length;
        }
        at += chunk.invalid().len();
    }
    lowered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowering_keeps_every_length() {
        for (text, expected) in [
            (&b"AbC"[..], &b"abc"[..]),
            (
                "ÄÖ\u{130}\u{212A}ß".as_bytes(),
                "äö\u{130}\u{212A}ß".as_bytes(),
            ),
            (b"\xFFA\xC3\x84\xC3", b"\xFFa\xC3\xA4\xC3"),
        ] {
            assert_eq!(lower(text), expected);
        }
    }

    #[test]
    fn a_zero_byte_in_a_name_ends_no_name() {
        let mut text = Vec::new();
        push(&mut text, b"a\0b");
        assert_eq!(text, b"a\xFFb");
    }
}
