//! Text for a shell.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns a text as one word of a command line, in printable ASCII.
///
/// What is plain stays as it is; other printable text stands in single quotes. Everything else stands in `$'…'`
/// with its bytes as `\NNN`, in octal, which bash, zsh, ksh and POSIX.1-2024 shells read.
pub fn quoted(text: &str) -> Cow<'_, str> {
    // zsh takes `=word` for the path of a program.
    let is_safe = !text.is_empty() && !text.starts_with('=');
    if is_safe && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let is_printable = text.bytes().all(|byte| (0x20..0x7F).contains(&byte));
    if is_printable {
        return Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")));
    }
    let mut word = String::from("$'");
    for byte in text.bytes() {
        match byte {
            b'\'' => word.push_str("\\'"),
            b'\\' => word.push_str("\\\\"),
            0x20..0x7F => word.push(char::from(byte)),
            // Writing to a String cannot fail. Three octal digits end by themselves, hexadecimal ones do not
            // everywhere.
            _ => write!(word, "\\{byte:03o}").unwrap_or_default(),
        }
    }
    word.push('\'');
    Cow::Owned(word)
}

/// Returns whether no shell gives the byte a meaning, wherever in a word it stands.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'.' | b'/' | b':' | b'@' | b'%' | b'+' | b',' | b'-' | b'='
        )
}
