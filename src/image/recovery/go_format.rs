//! Values that Go programs printed with `%v` and `%q` instead of as Dockerfile text.

/// Reads a list of strings: JSON, or Go's `%q` form `["a" "b"]`.
pub(super) fn list(text: &str) -> Option<Vec<String>> {
    if let Ok(words) = serde_json::from_str(text) {
        return Some(words);
    }
    let (words, rest) = quoted_list(text)?;
    rest.is_empty().then_some(words)
}

/// Writes a list as people write it in a Dockerfile.
pub(super) fn json(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = words
        .iter()
        .map(|word| serde_json::Value::from(word.as_ref()).to_string())
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// Reads what `%v` makes of a list or of a set: `[a b]` or `map[a:{} b:{}]`; returns the words, joined.
pub(super) fn bracketed(text: &str) -> Option<String> {
    let inner = text.strip_suffix(']')?;
    if let Some(keys) = inner.strip_prefix("map[") {
        let keys: Vec<&str> = keys
            .split(' ')
            .map(|key| key.strip_suffix(":{}").unwrap_or(key))
            .collect();
        return Some(keys.join(" "));
    }
    inner.strip_prefix('[').map(str::to_owned)
}

/// Reads a health check, `&{["CMD-SHELL" "…"] "30s" "5s" "0s" '\x03'}`, and writes its Dockerfile operand.
///
/// The fields are those of `HealthConfig` in Docker's image specification; newer engines have five times
/// between list and count instead of three.
pub(super) fn health_check(printed: &str) -> Option<String> {
    let inner = printed.strip_prefix("&{")?.strip_suffix('}')?;
    let (test, mut rest) = quoted_list(inner)?;
    let mut times = Vec::new();
    while let Some((time, after)) = rest.trim_start().strip_prefix('"').and_then(quoted) {
        times.push(time);
        rest = after;
    }
    let names: &[&str] = match times.len() {
        0..=3 => &["interval", "timeout", "start-period"],
        _ => &["interval", "timeout", "start-period", "start-interval"],
    };
    let mut options: Vec<String> = names
        .iter()
        .zip(&times)
        .filter(|(_, time)| time.as_str() != "0s")
        .map(|(name, time)| format!("--{name}={time}"))
        .collect();
    options.extend(retries(rest.trim()).map(|count| format!("--retries={count}")));
    options.push(health_command(&test)?);
    Some(options.join(" "))
}

fn health_command(test: &[String]) -> Option<String> {
    match test {
        [kind] if kind == "NONE" => Some(kind.clone()),
        [kind, command] if kind == "CMD-SHELL" => Some(format!("CMD {command}")),
        [kind, words @ ..] if kind == "CMD" && !words.is_empty() => {
            Some(format!("CMD {}", json(words)))
        }
        _ => None,
    }
}

/// The count is printed as the character it is the code of.
fn retries(text: &str) -> Option<u32> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let (character, rest) = character(inner)?;
    let count = u32::from(character);
    (rest.is_empty() && count > 0).then_some(count)
}

/// Reads `["a" "b"]`, commas allowed; returns what follows the list too.
fn quoted_list(text: &str) -> Option<(Vec<String>, &str)> {
    let mut rest = text.strip_prefix('[')?;
    let mut words = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix(']') {
            return Some((words, after));
        }
        let (word, after) = quoted(rest.strip_prefix('"')?)?;
        words.push(word);
        rest = after;
    }
}

/// Reads a Go string up to its closing quote; the opening one is taken off.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix('"') {
            return Some((word, after));
        }
        let (next, after) = character(rest)?;
        word.push(next);
        rest = after;
    }
}

/// Reads one character of a Go literal, escaped or not (Go specification, "Rune literals").
fn character(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first != '\\' {
        return Some((first, characters.as_str()));
    }
    let escape = characters.next()?;
    let rest = characters.as_str();
    let simple = match escape {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        '\\' | '\'' | '"' => escape,
        'x' => return hexadecimal(rest, 2),
        'u' => return hexadecimal(rest, 4),
        'U' => return hexadecimal(rest, 8),
        _ => return None,
    };
    Some((simple, rest))
}

fn hexadecimal(text: &str, digits: usize) -> Option<(char, &str)> {
    let number = text.get(..digits)?;
    let character = char::from_u32(u32::from_str_radix(number, 16).ok()?)?;
    Some((character, text.get(digits..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_json_and_of_go() {
        for (text, expected) in [
            (r#"["sh"]"#, r#"["sh"]"#),
            (r#"["a" "b c"]"#, r#"["a", "b c"]"#),
            (r#"["a","b"]"#, r#"["a", "b"]"#),
            (
                r#"["say \"hi\"" "\u00fc\x41\n"]"#,
                "[\"say \\\"hi\\\"\", \"üA\\n\"]",
            ),
            ("[]", "[]"),
        ] {
            assert_eq!(json(&list(text).unwrap()), expected, "{text}");
        }
        for text in [
            "",
            "[",
            "[\"a\"",
            "[\"a\\",
            "[a b]",
            "[\"a\"] x",
            "[\"\\q\"]",
            "[\"\\x4ü\"]",
        ] {
            assert_eq!(list(text), None, "{text}");
        }
    }

    #[test]
    fn sets_and_lists_of_bare_words() {
        assert_eq!(bracketed("[80/tcp]").unwrap(), "80/tcp");
        assert_eq!(bracketed("[/a /b]").unwrap(), "/a /b");
        assert_eq!(
            bracketed("map[443/tcp:{} 80/tcp:{}]").unwrap(),
            "443/tcp 80/tcp"
        );
        assert_eq!(bracketed("80/tcp"), None);
    }

    #[test]
    fn health_checks() {
        for (text, expected) in [
            (
                r#"&{["CMD-SHELL" "curl -f http://x || exit 1"] "0s" "0s" "20s" '\x00'}"#,
                "--start-period=20s CMD curl -f http://x || exit 1",
            ),
            (
                r#"&{["CMD" "/health" "-q"] "1m30s" "5s" "0s" "2s" '\x03'}"#,
                r#"--interval=1m30s --timeout=5s --start-interval=2s --retries=3 CMD ["/health", "-q"]"#,
            ),
            (
                r#"&{["CMD-SHELL" "x"] "30s" "0s" "0s" '\n'}"#,
                "--interval=30s --retries=10 CMD x",
            ),
            (r#"&{["NONE"] "0s" "0s" "0s" '\x00'}"#, "NONE"),
        ] {
            assert_eq!(health_check(text).as_deref(), Some(expected));
        }
        for text in ["NONE", "&{}", "&{[]}", "&{[\"CMD\"] \"0s"] {
            assert_eq!(health_check(text), None, "{text}");
        }
    }
}
