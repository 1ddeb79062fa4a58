//! `.dive-ci`, the rule file of dive.
//!
//! Its rules become the rules of ours that were written for the same fear. They are compared with our own
//! figures, which differ from dive's: dive's "user" bytes leave out layer 0 only, ours the whole base image,
//! and dive counts the surviving copy of a file as waste.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, Visitor};

use crate::analysis::rules::Rule;
use crate::error::Result;
use crate::path::display_str;

use super::nearest::advice;
use super::settings::{Settings, Spot};

/// Reads the text of a `.dive-ci` file; `name` is escaped.
///
/// # Errors
/// [`Error::Config`] for what is no YAML, an unknown rule or an unusable threshold.
pub(crate) fn read(text: &str, name: &str) -> Result<Settings> {
    let document: Option<Document> = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        Spot::in_file(name, line).error(reason(&error.to_string()), None)
    })?;
    let mut settings = Settings::default();
    let document = document.unwrap_or_default();
    if let Some(word) = document.others.keys().find(|word| rule(word).is_some()) {
        let reason = format!("'{word}' stands outside of 'rules:', where dive does not read it");
        let suggestion = format!("write it below: rules:\n  {word}: …");
        return Err(Spot::of(name).error(reason, Some(suggestion)));
    }
    let rules = document.rules.unwrap_or_default();
    for (word, value) in rules {
        let line = usize::try_from(value.referenced.line()).unwrap_or(usize::MAX);
        let spot = Spot::in_file(name, line);
        let Some(rule) = rule(&word) else {
            let reason = format!("unknown rule '{}'", display_str(&word));
            let known: Vec<&str> = Rule::ALL.into_iter().filter_map(Rule::dive_name).collect();
            return Err(spot.error(reason, Some(advice(&word, &known))));
        };
        settings.set_rule(rule, &value.value.0, spot)?;
    }
    Ok(settings)
}

/// dive reads keys without regard to case and, from 0.13 on, also as `lowest-efficiency`.
fn rule(word: &str) -> Option<Rule> {
    let folded = word.replace(['-', '_'], "").to_ascii_lowercase();
    Rule::ALL.into_iter().find(|rule| {
        rule.dive_name()
            .is_some_and(|name| name.to_ascii_lowercase() == folded)
    })
}

/// Returns the first line of the parser's message without what is said in front of it anyway.
fn reason(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = match line.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest,
        _ => line,
    };
    display_str(line).into_owned()
}

#[derive(Deserialize, Default)]
struct Document {
    rules: Option<BTreeMap<String, serde_saphyr::Spanned<Scalar>>>,
    #[serde(flatten)]
    #[expect(
        clippy::zero_sized_map_values,
        reason = "a mapping is read, for its keys"
    )]
    others: BTreeMap<String, IgnoredAny>,
}

/// A string, number or boolean as text.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a number, a size or 'disabled'")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar(flag.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(String::new()))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Scalar, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Err(A::Error::custom("expected one value, not a list"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rules::Amount;

    fn thresholds(text: &str) -> [Option<Amount>; 3] {
        let rules = read(text, ".dive-ci").unwrap().rules;
        [
            Rule::MinEfficiency,
            Rule::MaxWastedBytes,
            Rule::MaxOwnWastedRatio,
        ]
        .map(|rule| rules.threshold(rule).map(|(amount, _)| amount))
    }

    #[test]
    fn rules_of_dive_become_ours() {
        let all = [
            Some(Amount::Ratio(0.95)),
            Some(Amount::Bytes(20_000_000)),
            Some(Amount::Ratio(0.2)),
        ];
        let camel = "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: 0.20\n";
        assert_eq!(thresholds(camel), all);
        let kebab = "rules:\n  lowest-efficiency: '0.95'\n  highest-wasted-bytes: \"20MB\"\n  highest-user-wasted-percent: \"0.2\"\n";
        assert_eq!(thresholds(kebab), all);
        for off in ["''", "disabled", "off", "false", "\"false\"", ""] {
            let text = format!("rules:\n  highestWastedBytes: {off}\n");
            assert_eq!(thresholds(&text), [None; 3], "{off}");
        }
        assert_eq!(thresholds("# nothing\n"), [None; 3]);
        assert_eq!(thresholds("rules:\n"), [None; 3]);
        assert_eq!(thresholds("other: 1\n"), [None; 3]);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, start) in [
            (
                "rules:\n  lowestEficiency: 0.9\n",
                ".dive-ci:2: unknown rule 'lowestEficiency'",
            ),
            (
                "rules:\n  lowestEfficiency: high\n",
                ".dive-ci:2: min-efficiency: 'high' is not a ratio",
            ),
            ("rules: [\n", ".dive-ci:1: expected "),
            (
                "a: 1\nlowest-efficiency: 0.9\n",
                ".dive-ci: 'lowest-efficiency' stands outside of 'rules:'",
            ),
            ("rules:\n  lowestEfficiency: [1]\n", ".dive-ci:"),
        ] {
            let error = read(text, ".dive-ci").unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
    }
}
