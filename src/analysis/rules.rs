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

use std::collections::BTreeMap;

pub use judge::{Concern, ForbiddenPath, Outcome, State, Verdict, judge};
pub use patterns::Patterns;

use crate::units;

/// A rule with a threshold. The order is the one reports use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Least share of the stored bytes that the merged view still shows.
    MinEfficiency,
    /// Most bytes stored for nothing.
    MaxWastedBytes,
    /// Most of the stored bytes that may be stored for nothing.
    MaxWastedRatio,
    /// The same for what own layers store, the base image left out.
    MaxOwnWastedRatio,
    /// Largest content of the image, all layers together.
    MaxImageBytes,
    /// Largest content of one layer.
    MaxLayerBytes,
    /// Most layers.
    MaxLayers,
    /// Not a rule by itself: ratios are not judged while the waste is below this.
    FloorBytes,
}

/// What a limit is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// A share between 0 and 1.
    Ratio,
    /// Bytes.
    Bytes,
    /// Pieces.
    Count,
}

impl Limit {
    /// Every limit, in report order.
    pub const ALL: [Self; 8] = [
        Self::MinEfficiency,
        Self::MaxWastedBytes,
        Self::MaxWastedRatio,
        Self::MaxOwnWastedRatio,
        Self::MaxImageBytes,
        Self::MaxLayerBytes,
        Self::MaxLayers,
        Self::FloorBytes,
    ];

    /// Returns the name used in configurations, flags and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MinEfficiency => "min-efficiency",
            Self::MaxWastedBytes => "max-wasted-bytes",
            Self::MaxWastedRatio => "max-wasted-ratio",
            Self::MaxOwnWastedRatio => "max-own-wasted-ratio",
            Self::MaxImageBytes => "max-image-bytes",
            Self::MaxLayerBytes => "max-layer-bytes",
            Self::MaxLayers => "max-layers",
            Self::FloorBytes => "floor-bytes",
        }
    }

    /// Returns the name of dive's rule that was written down for this one, where dive has it.
    pub const fn dive_name(self) -> Option<&'static str> {
        match self {
            Self::MinEfficiency => Some("lowestEfficiency"),
            Self::MaxWastedBytes => Some("highestWastedBytes"),
            Self::MaxOwnWastedRatio => Some("highestUserWastedPercent"),
            _ => None,
        }
    }

    /// Returns what it is counted in.
    pub const fn dimension(self) -> Dimension {
        match self {
            Self::MinEfficiency | Self::MaxWastedRatio | Self::MaxOwnWastedRatio => {
                Dimension::Ratio
            }
            Self::MaxWastedBytes | Self::MaxImageBytes | Self::MaxLayerBytes | Self::FloorBytes => {
                Dimension::Bytes
            }
            Self::MaxLayers => Dimension::Count,
        }
    }

    /// Returns whether an image can fail it.
    pub const fn can_fail(self) -> bool {
        !matches!(self, Self::FloorBytes)
    }

    /// Reads a threshold as people write it; `off`, `disabled`, `false` and nothing at all switch it off.
    ///
    /// # Errors
    /// A sentence that names the accepted forms.
    pub fn parse(self, text: &str) -> Result<Option<Amount>, String> {
        let text = text.trim();
        if matches!(
            text.to_ascii_lowercase().as_str(),
            "" | "off" | "disabled" | "false"
        ) {
            return Ok(None);
        }
        match self.dimension() {
            Dimension::Ratio => parse_share(text).map(Amount::Ratio),
            Dimension::Bytes => units::parse_size(text).map(Amount::Bytes),
            Dimension::Count => text
                .parse()
                .map(Amount::Count)
                .map_err(|_| format!("'{}' is not a whole number", crate::path::display_str(text))),
        }
        .map(Some)
    }
}

/// A share of more than the whole is a slip: `min-efficiency = 95` for 95 % would fail every image.
fn parse_share(text: &str) -> Result<f64, String> {
    let ratio = units::parse_ratio(text)?;
    if ratio <= 1.0 {
        return Ok(ratio);
    }
    let shown = crate::path::display_str(text);
    Err(format!(
        "'{shown}' is more than the whole; write 0.05 or 5%"
    ))
}

/// A figure or a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A share; only dive's figures can be beyond 0 to 1, infinite or not a number.
    Ratio(f64),
    /// Bytes.
    Bytes(u64),
    /// Pieces.
    Count(u64),
}

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
    /// At most one setting a limit.
    pub limits: BTreeMap<Limit, Setting>,
    /// Paths whose waste does not count.
    pub ignore: Vec<Pattern>,
    /// Paths that must not exist in any layer.
    pub forbid: Vec<Pattern>,
}

/// Source text of the default budget.
pub const DEFAULT_SOURCE: &str = "default";

impl RuleSet {
    /// Returns the budget that applies when `--ci` is asked for and no rule is given: waste of at most
    /// 10 %, not judged below 10 MB.
    pub fn default_budget() -> Self {
        let mut rules = Self::default();
        rules.set(
            Limit::MaxWastedRatio,
            Some(Amount::Ratio(0.1)),
            DEFAULT_SOURCE,
        );
        rules.set(
            Limit::FloorBytes,
            Some(Amount::Bytes(10_000_000)),
            DEFAULT_SOURCE,
        );
        rules
    }

    /// Sets a limit, replacing what was there.
    pub fn set(&mut self, limit: Limit, threshold: Option<Amount>, source: &str) {
        let source = source.to_owned();
        self.limits.insert(limit, Setting { threshold, source });
    }

    /// Adds what a source of lower rank says: limits that are still unset, and every pattern.
    ///
    /// Patterns add up rather than replace each other: forbidding one more path on the command line must
    /// not allow those that the project forbids.
    pub fn fill_from(&mut self, lower: Self) {
        for (limit, setting) in lower.limits {
            self.limits.entry(limit).or_insert(setting);
        }
        self.ignore.extend(lower.ignore);
        self.forbid.extend(lower.forbid);
    }

    /// Returns whether nothing in it can fail an image (a floor, ignored paths and rules that are off cannot).
    pub fn is_toothless(&self) -> bool {
        self.forbid.is_empty()
            && !self
                .limits
                .iter()
                .any(|(limit, setting)| limit.can_fail() && setting.threshold.is_some())
    }

    /// Returns whether any rule was named, be it to switch it off.
    pub fn names_a_rule(&self) -> bool {
        !self.forbid.is_empty() || self.limits.keys().any(|limit| limit.can_fail())
    }

    /// Returns the threshold of a limit that is on, with its source.
    pub fn threshold(&self, limit: Limit) -> Option<(Amount, &str)> {
        let setting = self.limits.get(&limit)?;
        Some((setting.threshold?, &setting.source))
    }

    /// Returns the bytes of waste below which ratios are not judged; 0 when unset.
    pub fn floor_bytes(&self) -> u64 {
        match self.threshold(Limit::FloorBytes) {
            Some((Amount::Bytes(bytes), _)) => bytes,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_in_their_own_unit() {
        for (limit, text, expected) in [
            (Limit::MinEfficiency, "0.95", Some(Amount::Ratio(0.95))),
            (Limit::MaxWastedRatio, "5%", Some(Amount::Ratio(0.05))),
            (
                Limit::MaxWastedBytes,
                "20MB",
                Some(Amount::Bytes(20_000_000)),
            ),
            (Limit::MaxLayers, "60", Some(Amount::Count(60))),
            (Limit::MaxLayers, "off", None),
            (Limit::MaxWastedBytes, "Disabled", None),
            (Limit::MaxWastedBytes, "", None),
            (Limit::MinEfficiency, "false", None),
        ] {
            assert_eq!(limit.parse(text), Ok(expected), "{text}");
        }
        for (limit, text) in [
            (Limit::MinEfficiency, "95"),
            (Limit::MaxLayers, "1.5"),
            (Limit::MaxImageBytes, "big"),
            (Limit::MaxWastedRatio, "101%"),
        ] {
            assert!(limit.parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_higher_source_wins_and_can_switch_off() {
        let mut flags = RuleSet::default();
        flags.set(Limit::MaxLayers, None, "--max-layers");
        let mut file = RuleSet::default();
        file.set(Limit::MaxLayers, Some(Amount::Count(3)), ".layerscope.toml");
        file.set(
            Limit::MaxImageBytes,
            Some(Amount::Bytes(1)),
            ".layerscope.toml",
        );
        flags.fill_from(file);
        assert_eq!(flags.threshold(Limit::MaxLayers), None);
        assert_eq!(
            flags.threshold(Limit::MaxImageBytes),
            Some((Amount::Bytes(1), ".layerscope.toml"))
        );
    }

    #[test]
    fn a_floor_alone_is_no_rule() {
        let mut rules = RuleSet::default();
        rules.set(Limit::FloorBytes, Some(Amount::Bytes(1)), "test");
        assert!(rules.is_toothless() && !rules.names_a_rule());
        rules.set(Limit::MaxLayers, None, "test");
        assert!(rules.is_toothless() && rules.names_a_rule());
    }
}
