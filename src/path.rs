//! Paths inside an image: bytes, relative, `/`-separated — and the one way to show them to a person.
//!
//! Nothing here touches a file system. Image paths are not [`std::path::Path`]: they need not be UTF-8,
//! must not change meaning by platform, and must never be handed to a system call by accident.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// A normalised path inside an image: no leading `/`, no empty, `.` or `..` component; the root is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImagePath<'a>(&'a [u8]);

impl<'a> ImagePath<'a> {
    /// The root directory.
    pub const ROOT: ImagePath<'static> = ImagePath(b"");

    /// Wraps bytes that are normalised already; returns `None` where they are not.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        is_normal(bytes).then_some(Self(bytes))
    }

    /// Returns the bytes.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// Returns whether this is the root.
    pub const fn is_root(self) -> bool {
        self.0.is_empty()
    }

    /// Returns the last component; empty for the root.
    pub fn name(self) -> &'a [u8] {
        self.split().1
    }

    /// Returns everything before the last component; the root for a single component.
    #[must_use]
    pub fn parent(self) -> ImagePath<'a> {
        self.split().0
    }

    /// Returns [`ImagePath::parent`] and [`ImagePath::name`].
    pub fn split(self) -> (ImagePath<'a>, &'a [u8]) {
        match memchr::memrchr(b'/', self.0) {
            Some(slash) => (ImagePath(&self.0[..slash]), &self.0[slash + 1..]),
            None => (ImagePath(b""), self.0),
        }
    }

    /// Returns whether a component begins with a dot, as whiteouts do.
    pub fn has_dot_names(self) -> bool {
        self.0.starts_with(b".") || has_slash_before(self.0, |next| next == b'.')
    }

    /// Iterates over the components from the top.
    pub fn components(self) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .split(|&byte| byte == b'/')
            .filter(|component| !component.is_empty())
    }

    /// Returns whether this path is `ancestor` or lies below it, compared by component.
    pub fn is_within(self, ancestor: ImagePath<'_>) -> bool {
        ancestor.is_root()
            || self
                .0
                .strip_prefix(ancestor.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }
}

/// How far a raw name was from a normalised path inside the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Escape {
    /// It stayed inside (a leading `./` or `/`, doubled slashes and the like are harmless).
    None,
    /// It climbed above the root with `..` and was clamped there, as a runtime does.
    Clamped,
}

/// Normalises a name as found in an archive or on a command line into `output`, which is cleared first.
///
/// Leading and doubled slashes and `.` vanish; `..` removes the component before it and never leaves the
/// root. Cost is linear in the name.
pub fn normalise(raw: &[u8], output: &mut Vec<u8>) -> Escape {
    output.clear();
    let mut escape = Escape::None;
    for component in raw.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                if output.is_empty() {
                    escape = Escape::Clamped;
                } else {
                    let end = memchr::memrchr(b'/', output).unwrap_or(0);
                    output.truncate(end);
                }
            }
            name => {
                if !output.is_empty() {
                    output.push(b'/');
                }
                output.extend_from_slice(name);
            }
        }
    }
    escape
}

/// Returns the part of a raw name that matters when it is normal but for a leading `./` or `/` and a trailing
/// `/`, as nearly all names are; otherwise `None`, and [`normalise`] has to do it.
pub fn as_normal(raw: &[u8]) -> Option<ImagePath<'_>> {
    let bytes = trim(raw);
    let is_suspect =
        bytes.starts_with(b".") || has_slash_before(bytes, |next| next == b'/' || next == b'.');
    (!is_suspect || is_normal(bytes)).then_some(ImagePath(bytes))
}

/// Returns whether a slash stands before a byte like this. Looks at every byte, which a processor does many at
/// a time; most names need no closer look afterwards.
fn has_slash_before(bytes: &[u8], is_meant: impl Fn(u8) -> bool) -> bool {
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    pairs.fold(false, |found, (&first, &second)| {
        found | ((first == b'/') & is_meant(second))
    })
}

/// Returns a raw name without a leading `./` or slashes and without trailing slashes.
pub fn trim(raw: &[u8]) -> &[u8] {
    let mut bytes = raw;
    while let [b'/', rest @ ..] | [b'.', b'/', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b'/'] = bytes {
        bytes = rest;
    }
    bytes
}

fn is_normal(bytes: &[u8]) -> bool {
    bytes.is_empty()
        || bytes
            .split(|&byte| byte == b'/')
            .all(|component| !matches!(component, b"" | b"." | b".."))
}

/// Returns text that is safe on a terminal, in a log and in a message.
///
/// Printable UTF-8 stays as it is. Control characters and invalid bytes become `\x1B`; bidirectional,
/// zero-width, private-use and unassigned characters become `\u{202E}`. Borrows when nothing changes.
pub fn display(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.bytes().all(|byte| (0x20..0x7F).contains(&byte))
    {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_shown(&mut shown, character);
        }
        for &byte in chunk.invalid() {
            push_byte(&mut shown, byte);
        }
    }
    Cow::Owned(shown)
}

/// Returns [`display`] of a string.
pub fn display_str(text: &str) -> Cow<'_, str> {
    display(text.as_bytes())
}

/// Returns [`display`] of a name of this machine's file system.
pub fn display_os(name: &std::ffi::OsStr) -> String {
    display(name.as_encoded_bytes()).into_owned()
}

/// Returns the path as people write it: absolute as inside the container, escaped.
pub fn display_absolute(path: &[u8]) -> String {
    format!("/{}", display(path))
}

/// Returns whether `display` would change nothing: the bytes are printable UTF-8.
pub fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_shown))
}

fn push_shown(output: &mut String, character: char) {
    if is_shown(character) {
        output.push(character);
    } else if character.is_control() && u32::from(character) < 0x80 {
        push_byte(output, u8::try_from(u32::from(character)).unwrap_or(b'?'));
    } else {
        // Writing to a String cannot fail.
        write!(output, "\\u{{{:04X}}}", u32::from(character)).unwrap_or_default();
    }
}

fn push_byte(output: &mut String, byte: u8) {
    write!(output, "\\x{byte:02X}").unwrap_or_default();
}

/// Returns the length of the escape that a text begins with, as [`display`] writes them, and the bytes it stands for.
pub(crate) fn escape(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let value = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    if let Some(digits) = text.strip_prefix(b"\\x") {
        let digits = digits.get(..2).filter(|digits| digits.iter().all(is_hex))?;
        return Some((4, vec![u8::try_from(value(digits)?).ok()?]));
    }
    let digits = text.strip_prefix(b"\\u{")?;
    let count = digits
        .iter()
        .take(7)
        .take_while(|byte| is_hex(byte))
        .count();
    let is_whole = (4..=6).contains(&count) && digits.get(count) == Some(&b'}');
    let character = char::from_u32(value(&digits[..count]).filter(|_| is_whole)?)?;
    Some((count + 4, character.to_string().into_bytes()))
}

/// Returns the bytes that [`display`] shows as this text; `None` where it has no escapes.
pub fn undisplay(shown: &[u8]) -> Option<Vec<u8>> {
    let mut raw = Vec::with_capacity(shown.len());
    let mut rest = shown;
    while let Some(&byte) = rest.first() {
        let (length, bytes) = escape(rest).unwrap_or_else(|| (1, vec![byte]));
        raw.extend(bytes);
        rest = &rest[length..];
    }
    (raw != shown).then_some(raw)
}

fn is_shown(character: char) -> bool {
    match character {
        ' '..='~' => true,
        _ => !matches!(
            character.general_category(),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::Surrogate
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(raw: &str) -> (String, Escape) {
        let mut output = Vec::new();
        let escape = normalise(raw.as_bytes(), &mut output);
        (String::from_utf8(output).unwrap(), escape)
    }

    #[test]
    fn names_normalise_inside_the_root() {
        for (raw, expected, escape) in [
            ("./", "", Escape::None),
            (".", "", Escape::None),
            ("/etc//passwd", "etc/passwd", Escape::None),
            ("./a/./b/", "a/b", Escape::None),
            ("a/../b", "b", Escape::None),
            ("dne/../.wh.etc", ".wh.etc", Escape::None),
            ("../victim", "victim", Escape::Clamped),
            ("a/../../../b", "b", Escape::Clamped),
            ("..", "", Escape::Clamped),
            ("...", "...", Escape::None),
        ] {
            assert_eq!(normal(raw), (expected.to_owned(), escape), "{raw}");
        }
    }

    #[test]
    fn the_short_way_agrees_with_the_long_one() {
        let mut output = Vec::new();
        for raw in [
            "", "/", ".", "./", "a", "./a/b/", "/a//b", "a/./b", "a/../b", "..", "../a", "a/..",
            "a/.", "...", ".a/..b", "//a", "./../a",
        ] {
            let escape = normalise(raw.as_bytes(), &mut output);
            if let Some(path) = as_normal(raw.as_bytes()) {
                assert_eq!(
                    (path.as_bytes(), escape),
                    (output.as_slice(), Escape::None),
                    "{raw}"
                );
            }
        }
        assert!(as_normal(b"./usr/lib/x.so").is_some());
    }

    #[test]
    fn within_compares_components_not_prefixes() {
        let path = ImagePath::new(b"site-packages/x").unwrap();
        assert!(!path.is_within(ImagePath::new(b"site").unwrap()));
        assert!(path.is_within(ImagePath::new(b"site-packages").unwrap()));
        assert!(path.is_within(ImagePath::ROOT));
        assert!(ImagePath::new(b"a/../b").is_none());
        assert!(ImagePath::new(b"/a").is_none());
    }

    #[test]
    fn parent_and_name() {
        let path = ImagePath::new(b"a/b/c").unwrap();
        assert_eq!(path.name(), b"c");
        assert_eq!(path.parent().as_bytes(), b"a/b");
        assert_eq!(ImagePath::new(b"a").unwrap().parent(), ImagePath::ROOT);
        assert_eq!(path.components().count(), 3);
    }

    #[test]
    fn nothing_raw_reaches_a_terminal() {
        for (raw, shown) in [
            (&b"plain name"[..], "plain name"),
            ("gr\u{FC}n \u{4E2D}".as_bytes(), "gr\u{FC}n \u{4E2D}"),
            (b"a\x1b[31mred", "a\\x1B[31mred"),
            (b"line\nbreak\ttab", "line\\x0Abreak\\x09tab"),
            (b"bad\xFFname", "bad\\xFFname"),
            ("evil\u{202E}gnp.exe".as_bytes(), "evil\\u{202E}gnp.exe"),
            ("zero\u{200B}width".as_bytes(), "zero\\u{200B}width"),
            ("c1\u{9b}x".as_bytes(), "c1\\u{009B}x"),
            ("private\u{E000}".as_bytes(), "private\\u{E000}"),
            (b"\x7f", "\\x7F"),
        ] {
            assert_eq!(display(raw), shown);
            let back = undisplay(shown.as_bytes());
            assert_eq!(back.as_deref().unwrap_or(raw), raw, "{shown}");
        }
        for plain in ["", "a\\b", "\\x1", "\\xG0", "\\u{12}", "\\u{D800}"] {
            assert_eq!(undisplay(plain.as_bytes()), None, "{plain}");
        }
    }
}
