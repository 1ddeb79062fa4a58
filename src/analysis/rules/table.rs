//! Every rule there is, a row each: all that flags, variables, configurations, reports and the judge have to know.
//!
//! A new rule is a variant of [`Rule`] with its row, nothing else; what it measures may need a method of [`Judged`].

use super::judge::{Concern, Judged};
use crate::analysis::dive::DiveFigures;
use crate::path::display_str;
use crate::units;

/// A rule, or what belongs to rules. The order is the one that reports, the help and `--print-config` use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
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
    /// Not a rule by itself: paths whose waste does not count.
    Ignore,
    /// Paths that must not exist in any layer.
    Forbid,
    /// Known by name only. It stays the last, so that rows can be counted.
    ForbidSecrets,
}

/// What a limit is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share between 0 and 1.
    Ratio,
    /// Bytes of data.
    Bytes,
    /// Whole things.
    Count,
}

/// What is written behind the name of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// A threshold that the figure must reach.
    Least(Unit),
    /// A threshold that the figure must not exceed.
    Most(Unit),
    /// Globs, which add up; none may match where the rule has a figure.
    Globs,
    /// Yes or no; the figure must be 0.
    Switch,
}

/// Which help tells of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Help {
    /// `-h` and `--help`.
    Short,
    /// `--help` alone.
    Long,
    /// None: it is for those who know it.
    Hidden,
}

/// What a rule judges, and where to point when it fails.
type Figure = fn(&Judged<'_>) -> (Amount, Concern);

/// One row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Definition {
    rule: Rule,
    /// The name in configurations and reports; the flag is `--name`, the variable `LAYERSCOPE_NAME`.
    pub(crate) name: &'static str,
    /// What the help says.
    pub(crate) summary: &'static str,
    pub(crate) help: Help,
    pub(crate) value: Value,
    /// `None` for what is no rule by itself and for what this version cannot judge.
    pub(crate) figure: Option<Figure>,
    /// The rule of dive that was written down for this one.
    pub(crate) dive: Option<DiveRule>,
}

/// A rule of dive.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DiveRule {
    /// The name in `.dive-ci` and, behind `--`, as a flag.
    pub(crate) name: &'static str,
    /// The threshold where none is set.
    pub(crate) default: Option<Amount>,
    /// What dive judges.
    pub(crate) figure: fn(&DiveFigures) -> Amount,
}

/// The rows, in the order of [`Rule`]. Defaults of dive are those of 0.13, cmd/root.go.
const TABLE: [Definition; 11] = [
    Definition {
        rule: Rule::MinEfficiency,
        name: "min-efficiency",
        summary: "Least efficiency, for example 95%",
        help: Help::Short,
        value: Value::Least(Unit::Ratio),
        figure: Some(|judged| (Amount::Ratio(judged.efficiency()), Concern::Waste)),
        dive: Some(DiveRule {
            name: "lowestEfficiency",
            default: Some(Amount::Ratio(0.9)),
            figure: |dive| Amount::Ratio(dive.efficiency),
        }),
    },
    Definition {
        rule: Rule::MaxWastedBytes,
        name: "max-wasted-bytes",
        summary: "Most bytes stored for nothing, for example 20MB",
        help: Help::Short,
        value: Value::Most(Unit::Bytes),
        figure: Some(|judged| (Amount::Bytes(judged.wasted_bytes), Concern::Waste)),
        dive: Some(DiveRule {
            name: "highestWastedBytes",
            default: None,
            figure: |dive| Amount::Bytes(dive.wasted_bytes),
        }),
    },
    Definition {
        rule: Rule::MaxWastedRatio,
        name: "max-wasted-ratio",
        summary: "Most of all bytes stored for nothing, for example 10%",
        help: Help::Short,
        value: Value::Most(Unit::Ratio),
        figure: Some(|judged| (Amount::Ratio(judged.wasted_ratio()), Concern::Waste)),
        dive: None,
    },
    Definition {
        rule: Rule::MaxOwnWastedRatio,
        name: "max-own-wasted-ratio",
        summary: "The same without the base image",
        help: Help::Long,
        value: Value::Most(Unit::Ratio),
        figure: Some(|judged| (Amount::Ratio(judged.own_wasted_ratio()), Concern::OwnWaste)),
        dive: Some(DiveRule {
            name: "highestUserWastedPercent",
            default: Some(Amount::Ratio(0.1)),
            figure: |dive| Amount::Ratio(dive.user_wasted_percent),
        }),
    },
    Definition {
        rule: Rule::MaxImageBytes,
        name: "max-image-bytes",
        summary: "Largest content of all layers",
        help: Help::Long,
        value: Value::Most(Unit::Bytes),
        figure: Some(|judged| {
            (
                Amount::Bytes(judged.analysis.totals.content_bytes),
                Concern::Layers,
            )
        }),
        dive: None,
    },
    Definition {
        rule: Rule::MaxLayerBytes,
        name: "max-layer-bytes",
        summary: "Largest content of one layer",
        help: Help::Long,
        value: Value::Most(Unit::Bytes),
        figure: Some(|judged| (Amount::Bytes(judged.largest_layer()), Concern::Layers)),
        dive: None,
    },
    Definition {
        rule: Rule::MaxLayers,
        name: "max-layers",
        summary: "Most layers",
        help: Help::Long,
        value: Value::Most(Unit::Count),
        figure: Some(|judged| {
            (
                Amount::Count(judged.analysis.layers.len() as u64),
                Concern::Layers,
            )
        }),
        dive: None,
    },
    Definition {
        rule: Rule::FloorBytes,
        name: "floor-bytes",
        summary: "Ratios are not judged while the waste is below this",
        help: Help::Long,
        value: Value::Least(Unit::Bytes),
        figure: None,
        dive: None,
    },
    Definition {
        rule: Rule::Ignore,
        name: "ignore",
        summary: "Paths whose waste does not count; may be repeated",
        help: Help::Long,
        value: Value::Globs,
        figure: None,
        dive: None,
    },
    Definition {
        rule: Rule::Forbid,
        name: "forbid",
        summary: "Paths that no layer may hold, even if deleted later; may be repeated",
        help: Help::Long,
        value: Value::Globs,
        figure: Some(|judged| {
            let found = judged.forbidden_paths();
            (Amount::Count(found.len() as u64), Concern::Paths(found))
        }),
        dive: None,
    },
    Definition {
        rule: Rule::ForbidSecrets,
        name: "forbid-secrets",
        summary: "Not supported by this version",
        help: Help::Hidden,
        value: Value::Switch,
        figure: None,
        dive: None,
    },
];

impl Rule {
    /// Every rule.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::ForbidSecrets; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            all[at] = TABLE[at].rule;
            assert!(all[at] as usize == at, "rows stand in the order of Rule");
            at += 1;
        }
        assert!(
            Self::ForbidSecrets as usize + 1 == at,
            "every rule has a row"
        );
        all
    };

    /// Returns the row.
    pub(crate) const fn definition(self) -> Definition {
        TABLE[self as usize]
    }

    /// Returns the name used in configurations, flags and reports.
    pub const fn as_str(self) -> &'static str {
        self.definition().name
    }

    /// Returns the rule of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }

    /// Returns the name of dive's rule that was written down for this one, where dive has it.
    pub fn dive_name(self) -> Option<&'static str> {
        self.definition().dive.map(|dive| dive.name)
    }

    /// Returns what is written behind its name.
    pub const fn value(self) -> Value {
        self.definition().value
    }

    /// Returns whether an image can fail it.
    pub const fn can_fail(self) -> bool {
        self.definition().figure.is_some()
    }

    /// Returns whether this version knows nothing but the name.
    pub const fn is_reserved(self) -> bool {
        matches!(self.value(), Value::Switch) && !self.can_fail()
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
        match self.value() {
            Value::Least(unit) | Value::Most(unit) => unit.parse(text),
            Value::Switch if text == "true" => Ok(Amount::Count(0)),
            Value::Switch => Err(format!("'{}' is neither true nor false", display_str(text))),
            Value::Globs => Err("it takes globs".into()),
        }
        .map(Some)
    }
}

impl Unit {
    fn parse(self, text: &str) -> Result<Amount, String> {
        match self {
            Self::Ratio => parse_share(text).map(Amount::Ratio),
            Self::Bytes => units::parse_size(text).map(Amount::Bytes),
            Self::Count => text
                .parse()
                .map(Amount::Count)
                .map_err(|_| format!("'{}' is not a whole number", display_str(text))),
        }
    }
}

/// A share of more than the whole is a slip: `min-efficiency = 95` for 95 % would fail every image.
fn parse_share(text: &str) -> Result<f64, String> {
    let ratio = units::parse_ratio(text)?;
    if ratio <= 1.0 {
        return Ok(ratio);
    }
    let shown = display_str(text);
    let advice = if ratio <= 100.0 && !text.contains('%') {
        // So many digits as no binary fraction shows.
        let share = (ratio * 10_000.0).round() / 1_000_000.0;
        format!("{share} or \"{shown}%\"")
    } else {
        "0.05 or 5%".into()
    };
    Err(format!("'{shown}' is more than the whole; write {advice}"))
}

/// A figure or a threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A share; only dive's figures can be beyond 0 to 1, infinite or not a number.
    Ratio(f64),
    /// Bytes of data.
    Bytes(u64),
    /// Whole things.
    Count(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_its_rule_alone() {
        for rule in Rule::ALL {
            assert_eq!(Rule::of_name(rule.as_str()), Some(rule));
        }
    }

    #[test]
    fn thresholds_are_read_in_their_own_unit() {
        for (rule, text, expected) in [
            (Rule::MinEfficiency, "0.95", Some(Amount::Ratio(0.95))),
            (Rule::MaxWastedRatio, "5%", Some(Amount::Ratio(0.05))),
            (
                Rule::MaxWastedBytes,
                "20MB",
                Some(Amount::Bytes(20_000_000)),
            ),
            (Rule::MaxLayers, "60", Some(Amount::Count(60))),
            (Rule::MaxLayers, "off", None),
            (Rule::MaxWastedBytes, "Disabled", None),
            (Rule::MaxWastedBytes, "", None),
            (Rule::MinEfficiency, "false", None),
            (Rule::ForbidSecrets, "true", Some(Amount::Count(0))),
        ] {
            assert_eq!(rule.parse(text), Ok(expected), "{text}");
        }
        for (rule, text) in [
            (Rule::MinEfficiency, "95"),
            (Rule::MaxLayers, "1.5"),
            (Rule::MaxImageBytes, "big"),
            (Rule::MaxWastedRatio, "101%"),
        ] {
            assert!(rule.parse(text).is_err(), "{text}");
        }
    }
}
