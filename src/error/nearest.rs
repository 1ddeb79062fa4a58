//! The known word or name that a mistyped one was probably meant to be.

/// Returns the nearest known word, if any is near enough to be meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed: Vec<char> = typed
        .to_ascii_lowercase()
        .replace('_', "-")
        .chars()
        .take(64)
        .collect();
    let enough = (typed.len() / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|word| (distance(&typed, word), word))
        .filter(|(distance, _)| *distance <= enough)
        .min()
        .map(|(_, word)| word)
}

/// Returns the nearest name of an image or a container; a tag, and what stands before the last slash, may be left
/// out. A name that is typed as it is, is no guess.
pub(crate) fn nearest_name<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed: Vec<char> = typed
        .to_ascii_lowercase()
        .replace('_', "-")
        .chars()
        .take(128)
        .collect();
    let enough = (typed.len() / 3).clamp(1, 4);
    let forms = names.into_iter().flat_map(|name| {
        let untagged = name.rsplit_once(':').map_or(name, |(before, _)| before);
        let last = |text: &'a str| text.rsplit('/').next().unwrap_or(text);
        [name, untagged, last(name), last(untagged)].map(|form| (form, name))
    });
    forms
        .map(|(form, name)| (distance(&typed, form), form, name))
        .filter(|(distance, form, name)| *distance <= enough && (*distance > 0 || form != name))
        .min()
        .map(|(.., name)| name)
}

/// Returns the advice that goes with a word that is not known.
pub(crate) fn advice(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(word) => format!("did you mean '{word}'?"),
        None => format!("known are {}", known.join(", ")),
    }
}

/// Counts insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
fn distance(typed: &[char], word: &str) -> usize {
    let word: Vec<char> = word
        .to_ascii_lowercase()
        .replace('_', "-")
        .chars()
        .collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    for (row, &typed_character) in typed.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &character) in word.iter().enumerate() {
            let replaced = last[column] + usize::from(typed_character != character);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0
                && column > 0
                && typed_character == word[column - 1]
                && typed[row - 1] == character;
            if swapped {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_word() {
        let known = ["max-wasted-bytes", "max-layers", "rules", "keys", "ui"];
        for (typed, expected) in [
            ("max-wasted-byte", Some("max-wasted-bytes")),
            ("max_wasted_bytes", Some("max-wasted-bytes")),
            ("maxlayers", Some("max-layers")),
            ("rulse", Some("rules")),
            ("iu", Some("ui")),
            ("frobnicate", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }

    #[test]
    fn names_are_found_without_their_tag_and_registry() {
        let known = [
            "stores/one:latest",
            "registry.example.com/team/app:1.4",
            "web",
        ];
        for (typed, expected) in [
            ("stores/on", Some("stores/one:latest")),
            ("stores/one:1", Some("stores/one:latest")),
            ("ap:1.4", Some("registry.example.com/team/app:1.4")),
            ("wbe", Some("web")),
            ("web", None),
            ("frobnicate", None),
        ] {
            assert_eq!(nearest_name(typed, known), expected, "{typed}");
        }
    }
}
