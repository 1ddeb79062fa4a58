//! Words that people bring along from dive and skopeo, and what they are called here.

use std::ffi::OsString;

const BUILD: &str =
    "this version does not build: `docker build -t app . && docker save app | layerscope -`";
const JSON: &str =
    "dive's `-j FILE` is `--json -o FILE` here, and `--report dive=FILE` writes dive's own format";

/// Returns what to write instead of words of other programs, if a command line that was not understood has some; its
/// first word is the name of the program.
pub(crate) fn advice(line: &[OsString]) -> Option<&'static str> {
    let words: Vec<&str> = line
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .collect();
    let has = |word: &str| words.contains(&word);
    let begins = |start: &str| words.iter().any(|word| word.starts_with(start));
    // Our own stands before or behind the one image, and nothing else.
    let is_given_a_file = |option: &str| {
        let mut beside = words.split(|word| *word == option);
        let is_word = |word: &&str| !word.starts_with('-');
        let before = beside
            .next()
            .is_some_and(|words| words.last().is_some_and(is_word));
        let behind = beside.next().unwrap_or_default().iter();
        usize::from(before) + behind.take_while(|word| is_word(word)).count() > 1
    };
    match words.first() {
        Some(&"build") => Some(BUILD),
        Some(&"inspect") => {
            Some("`layerscope IMAGE` reports on it, `layerscope --json IMAGE` for programs")
        }
        Some(&"copy") => Some("layerscope writes no images: `skopeo copy` does"),
        _ if has("-i") || has("--ignore-errors") => {
            Some("dive's `--ignore-errors` is `--allow-incomplete` here")
        }
        _ if has("-j") || begins("--json=") || is_given_a_file("--json") => Some(JSON),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_dive_lead_to_ours() {
        for (line, part) in [
            ("-j out.json app.tar", Some("--json -o FILE")),
            ("app.tar --json out.json", Some("--report dive=FILE")),
            ("--json=out.json app.tar", Some("--json -o FILE")),
            ("build -t app .", Some("docker save app | layerscope -")),
            ("app.tar -i", Some("--allow-incomplete")),
            ("inspect docker://app", Some("layerscope IMAGE")),
            ("--frobnicate", None),
            ("--json app.tar --frobnicate", None),
        ] {
            let words = std::iter::once("layerscope").chain(line.split(' '));
            let words: Vec<OsString> = words.map(OsString::from).collect();
            let found = advice(&words);
            assert!(
                found.unwrap_or_default().contains(part.unwrap_or_default()),
                "{line}"
            );
            assert_eq!(found.is_some(), part.is_some(), "{line}");
        }
    }
}
