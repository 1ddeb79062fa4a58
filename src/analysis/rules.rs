//! Rules: what an image may cost, and whether it does.
//!
//! A [`RuleSet`] holds thresholds together with the place that set them; [`judge`] compares an [`Analysis`]
//! with it. Nothing here reads files, the environment or the command line.
//!
//! The comparisons are strict, as dive's are: a figure that equals its threshold passes.
//!
//! [`Analysis`]: super::Analysis
//! [`judge`]: judge::judge

pub mod judge;
pub mod patterns;
mod table;

use std::collections::BTreeMap;

pub use judge::{Concern, ForbiddenPath, Outcome, State, Verdict, judge};
pub use patterns::Patterns;
pub use table::{Amount, Rule, Unit, Value};

pub(crate) use table::{Definition, Help};

/// What a rule is set to, and by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `None` switches the rule off, whatever sources of lower rank say.
    pub threshold: Option<Amount>,
    /// The file, variable or flag that says so, escaped: `.dive-ci`, `--max-layers`.
    pub source: String,
}

/// A glob and where it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    /// As written.
    pub glob: String,
    /// The file, variable or flag that says so, escaped.
    pub source: String,
}

/// Thresholds and patterns with their sources.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleSet {
    /// At most one setting a rule.
    pub limits: BTreeMap<Rule, Setting>,
    /// Those of the rules that take globs.
    pub patterns: BTreeMap<Rule, Vec<Pattern>>,
}

/// Source text of the default budget.
pub const DEFAULT_SOURCE: &str = "default";

impl RuleSet {
    /// Returns the budget that applies when `--ci` is asked for and no rule is given: waste of at most
    /// 10 %, not judged below 10 MB.
    pub fn default_budget() -> Self {
        let mut rules = Self::default();
        rules.set(
            Rule::MaxWastedRatio,
            Some(Amount::Ratio(0.1)),
            DEFAULT_SOURCE,
        );
        rules.set(
            Rule::FloorBytes,
            Some(Amount::Bytes(10_000_000)),
            DEFAULT_SOURCE,
        );
        rules
    }

    /// Sets a rule, replacing what was there.
    pub fn set(&mut self, rule: Rule, threshold: Option<Amount>, source: &str) {
        let source = source.to_owned();
        self.limits.insert(rule, Setting { threshold, source });
    }

    /// Adds a pattern to those a rule has.
    pub fn add(&mut self, rule: Rule, pattern: Pattern) {
        self.patterns.entry(rule).or_default().push(pattern);
    }

    /// Returns the patterns of a rule, those of higher rank first.
    pub fn patterns(&self, rule: Rule) -> &[Pattern] {
        self.patterns.get(&rule).map_or(&[], Vec::as_slice)
    }

    /// Adds what a source of lower rank says: limits that are still unset, and every pattern.
    ///
    /// Patterns add up rather than replace each other: forbidding one more path on the command line must
    /// not allow those that the project forbids.
    pub fn fill_from(&mut self, lower: Self) {
        for (rule, setting) in lower.limits {
            self.limits.entry(rule).or_insert(setting);
        }
        for (rule, patterns) in lower.patterns {
            self.patterns.entry(rule).or_default().extend(patterns);
        }
    }

    /// Returns whether nothing in it can fail an image (a floor, ignored paths and rules that are off cannot).
    pub fn is_toothless(&self) -> bool {
        let is_on = |rule: &Rule| rule.can_fail() && self.threshold(*rule).is_some();
        !Rule::ALL.iter().any(is_on)
    }

    /// Returns whether any rule was named, be it to switch it off.
    pub fn names_a_rule(&self) -> bool {
        let mut named = self.limits.keys().chain(self.patterns.keys());
        named.any(|rule| rule.can_fail())
    }

    /// Returns the threshold of a rule that is on, with its source: of globs that nothing may match them.
    pub fn threshold(&self, rule: Rule) -> Option<(Amount, &str)> {
        if let Some(first) = self.patterns(rule).first() {
            return Some((Amount::Count(0), &first.source));
        }
        let setting = self.limits.get(&rule)?;
        Some((setting.threshold?, &setting.source))
    }

    /// Returns the bytes of waste below which ratios are not judged; 0 when unset.
    pub fn floor_bytes(&self) -> u64 {
        match self.threshold(Rule::FloorBytes) {
            Some((Amount::Bytes(bytes), _)) => bytes,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_higher_source_wins_and_can_switch_off() {
        let mut flags = RuleSet::default();
        flags.set(Rule::MaxLayers, None, "--max-layers");
        let mut file = RuleSet::default();
        file.set(Rule::MaxLayers, Some(Amount::Count(3)), ".layerscope.toml");
        file.set(
            Rule::MaxImageBytes,
            Some(Amount::Bytes(1)),
            ".layerscope.toml",
        );
        flags.fill_from(file);
        assert_eq!(flags.threshold(Rule::MaxLayers), None);
        assert_eq!(
            flags.threshold(Rule::MaxImageBytes),
            Some((Amount::Bytes(1), ".layerscope.toml"))
        );
    }

    #[test]
    fn a_floor_alone_is_no_rule() {
        let mut rules = RuleSet::default();
        rules.set(Rule::FloorBytes, Some(Amount::Bytes(1)), "test");
        assert!(rules.is_toothless() && !rules.names_a_rule());
        rules.set(Rule::MaxLayers, None, "test");
        assert!(rules.is_toothless() && rules.names_a_rule());
    }
}
