use super::*;
use crate::browse::search_error::MOST_STEPS;

fn error(text: &str, pattern: Pattern) -> String {
    let error = Search::parse(text, pattern, Case::Smart).unwrap_err();
    error.to_string()
}

#[test]
fn what_cannot_be_read_is_told_in_a_sentence() {
    for (text, pattern, expected) in [
        (
            "(",
            Pattern::Regex,
            "not a regular expression: unclosed group",
        ),
        (
            "a/(",
            Pattern::Regex,
            "not a regular expression: unclosed group",
        ),
        (
            "a)/(b",
            Pattern::Regex,
            "not a regular expression: unopened group",
        ),
        (
            "[z-a]",
            Pattern::Glob,
            "not a glob: invalid range; 'z' > 'a'",
        ),
        (
            "a/{b",
            Pattern::Glob,
            "not a glob: unclosed alternate group",
        ),
        (">lots", Pattern::Substring, "'lots' is not a size"),
        ("name >", Pattern::Substring, "'' is not a size"),
    ] {
        let found = error(text, pattern);
        assert!(found.starts_with(expected), "{text}: {found}");
        assert!(!found.contains('\n'), "{text}: {found}");
    }
}

#[test]
fn hostile_patterns_take_no_memory() {
    let nested = "(".repeat(400) + &")".repeat(400);
    for pattern in [r"\w{1000}{1000}", "(((a{100}){100}){100}){100}", &nested] {
        assert!(error(pattern, Pattern::Regex).starts_with("not a regular expression"));
    }
    assert_eq!(
        Search::parse(&"a".repeat(MOST_BYTES + 1), Pattern::Substring, Case::Smart).unwrap_err(),
        SearchError::TooLong
    );
    assert_eq!(
        Search::parse(&"a/".repeat(MOST_STEPS), Pattern::Glob, Case::Smart).unwrap_err(),
        SearchError::TooLong
    );
}

#[test]
fn only_an_empty_text_is_no_filter() {
    let is_empty = |text, pattern| {
        Search::parse(text, pattern, Case::Smart)
            .unwrap()
            .is_empty()
    };
    assert!(is_empty("", Pattern::Substring) && is_empty("  ", Pattern::Glob));
    assert!(is_empty("", Pattern::Regex));
    assert!(!is_empty("a", Pattern::Substring) && !is_empty(">1", Pattern::Glob));
}
