//! Comparing an analysis with its rules.
//!
//! The waste that `ignore` patterns match is taken as if it were not wasted: the judged waste is
//! `wasted_bytes` without it, the judged efficiency is `1 - judged waste / content_bytes`. The figures in the
//! rest of a report stay as they are.

use super::{Amount, Limit, Patterns, RuleSet};
use crate::analysis::dive::DiveFigures;
use crate::analysis::{Analysis, WastedPath};
use crate::error::{Error, Result};
use crate::layer::LayerIndex;
use crate::tree::{Change, MergedTree, PathId, Version};

/// Whether a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does.
    Pass,
    /// It does not.
    Fail,
}

impl State {
    /// Returns the word of the JSON contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

/// A path that a `forbid` pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForbiddenPath {
    /// Where it is in the union.
    pub path: PathId,
    /// The layer that stores it.
    pub layer: LayerIndex,
    /// Length of its data there.
    pub bytes: u64,
}

/// What a rule looked at: where to point when it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// The waste of all layers.
    Waste,
    /// The waste that own layers store.
    OwnWaste,
    /// The content of layers.
    Layers,
    /// These paths, largest first.
    Paths(Vec<ForbiddenPath>),
}

/// One rule and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its name: a [`Limit`], `forbid`, or dive's own name where dive's figures were judged.
    pub id: &'static str,
    /// Whether it holds.
    pub state: State,
    /// The figure.
    pub value: Amount,
    /// What it was compared with.
    pub threshold: Amount,
    /// Where the threshold was written, escaped.
    pub source: String,
    /// What it looked at.
    pub concern: Concern,
    /// Anything that explains the outcome, for people.
    pub remark: Option<String>,
}

/// What all rules together say.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Rules that are on, in report order.
    pub outcomes: Vec<Outcome>,
    /// Bytes of waste that `ignore` patterns took out of the judged figures.
    pub ignored_bytes: u64,
    /// Paths with waste that was taken out, sorted.
    pub ignored: Vec<PathId>,
}

impl Verdict {
    /// Returns whether every rule holds.
    pub fn has_passed(&self) -> bool {
        self.outcomes
            .iter()
            .all(|outcome| outcome.state == State::Pass)
    }

    /// Returns whether waste counts for the rules.
    pub fn counts(&self, wasted: &WastedPath) -> bool {
        self.ignored.binary_search(&wasted.path).is_err()
    }
}

/// Compares an analysis with its rules; with `dive`, the three rules that dive has are compared with dive's
/// figures, and those of them that are unset get dive's defaults (0.9, off, 0.1).
///
/// # Errors
/// [`Error::Config`] for a pattern that is none.
pub fn judge(analysis: &Analysis, rules: &RuleSet, dive: Option<&DiveFigures>) -> Result<Verdict> {
    let (ignored, waste) = judged_waste(analysis, rules)?;
    let mut outcomes = Vec::new();
    for limit in Limit::ALL {
        let outcome = match (dive, limit.dive_name()) {
            (Some(figures), Some(name)) => judge_as_dive(figures, rules, limit, name),
            _ => rules.threshold(limit).and_then(|(threshold, source)| {
                judge_limit(analysis, &waste, rules, limit, threshold, source)
            }),
        };
        outcomes.extend(outcome);
    }
    outcomes.extend(judge_forbidden(&analysis.tree, rules)?);
    Ok(Verdict {
        outcomes,
        ignored_bytes: analysis.totals.wasted_bytes - waste.all,
        ignored,
    })
}

/// Waste that counts.
struct JudgedWaste {
    all: u64,
    own: u64,
}

fn judged_waste(analysis: &Analysis, rules: &RuleSet) -> Result<(Vec<PathId>, JudgedWaste)> {
    let patterns = compile(&rules.ignore)?;
    let mut waste = JudgedWaste {
        all: analysis.totals.wasted_bytes,
        own: analysis.totals.own.wasted_bytes,
    };
    let mut ignored = Vec::new();
    if patterns.is_empty() {
        return Ok((ignored, waste));
    }
    for wasted in &analysis.waste.paths {
        if patterns.matches(&absolute(&analysis.tree, wasted.path)) {
            waste.all = waste.all.saturating_sub(wasted.bytes);
            if wasted.created_in.0 >= analysis.totals.own.base_layers {
                waste.own = waste.own.saturating_sub(wasted.bytes);
            }
            ignored.push(wasted.path);
        }
    }
    ignored.sort_unstable();
    ignored.dedup();
    Ok((ignored, waste))
}

fn judge_limit(
    analysis: &Analysis,
    waste: &JudgedWaste,
    rules: &RuleSet,
    limit: Limit,
    threshold: Amount,
    source: &str,
) -> Option<Outcome> {
    let totals = &analysis.totals;
    let content = totals.content_bytes;
    let (value, concern) = match limit {
        Limit::MinEfficiency => (
            Amount::Ratio(share(content.saturating_sub(waste.all), content, 1.0)),
            Concern::Waste,
        ),
        Limit::MaxWastedBytes => (Amount::Bytes(waste.all), Concern::Waste),
        Limit::MaxWastedRatio => (
            Amount::Ratio(share(waste.all, content, 0.0)),
            Concern::Waste,
        ),
        Limit::MaxOwnWastedRatio => (
            Amount::Ratio(share(waste.own, totals.own.content_bytes, 0.0)),
            Concern::OwnWaste,
        ),
        Limit::MaxImageBytes => (Amount::Bytes(content), Concern::Layers),
        Limit::MaxLayerBytes => (Amount::Bytes(largest_layer(analysis)), Concern::Layers),
        Limit::MaxLayers => (Amount::Count(analysis.layers.len() as u64), Concern::Layers),
        Limit::FloorBytes => return None,
    };
    let floored = if concern == Concern::OwnWaste {
        waste.own
    } else {
        waste.all
    };
    let mut outcome = Outcome {
        id: limit.as_str(),
        state: compare(limit, value, threshold),
        value,
        threshold,
        source: source.to_owned(),
        concern,
        remark: None,
    };
    if outcome.state == State::Fail
        && matches!(value, Amount::Ratio(_))
        && floored < rules.floor_bytes()
    {
        outcome.state = State::Pass;
        outcome.remark = Some("not judged: the waste is below floor-bytes".into());
    }
    Some(outcome)
}

fn judge_as_dive(
    figures: &DiveFigures,
    rules: &RuleSet,
    limit: Limit,
    name: &'static str,
) -> Option<Outcome> {
    // dive 0.13, cmd/root.go: lowestEfficiency 0.9, highestWastedBytes "disabled", highestUserWastedPercent 0.1.
    let default = match limit {
        Limit::MinEfficiency => Some(Amount::Ratio(0.9)),
        Limit::MaxOwnWastedRatio => Some(Amount::Ratio(0.1)),
        _ => None,
    };
    let (threshold, source) = match rules.limits.get(&limit) {
        Some(setting) => (setting.threshold?, setting.source.as_str()),
        None => (default?, "dive's default"),
    };
    let value = match limit {
        Limit::MinEfficiency => Amount::Ratio(figures.efficiency),
        Limit::MaxWastedBytes => Amount::Bytes(figures.wasted_bytes),
        _ => Amount::Ratio(figures.user_wasted_percent),
    };
    Some(Outcome {
        id: name,
        state: compare(limit, value, threshold),
        value,
        threshold,
        source: source.to_owned(),
        concern: Concern::Waste,
        remark: None,
    })
}

/// Strict, and without an answer (`NaN`) a pass, both as in dive.
fn compare(limit: Limit, value: Amount, threshold: Amount) -> State {
    use std::cmp::Ordering::{Greater, Less};
    let broken = if limit == Limit::MinEfficiency {
        Less
    } else {
        Greater
    };
    let order = match (value, threshold) {
        (Amount::Ratio(value), Amount::Ratio(threshold)) => value.partial_cmp(&threshold),
        (Amount::Bytes(value), Amount::Bytes(threshold))
        | (Amount::Count(value), Amount::Count(threshold)) => Some(value.cmp(&threshold)),
        _ => None,
    };
    if order == Some(broken) {
        State::Fail
    } else {
        State::Pass
    }
}

fn judge_forbidden(tree: &MergedTree, rules: &RuleSet) -> Result<Option<Outcome>> {
    let Some(first) = rules.forbid.first() else {
        return Ok(None);
    };
    let found = find_forbidden(tree, &compile(&rules.forbid)?);
    Ok(Some(Outcome {
        id: "forbid",
        state: if found.is_empty() {
            State::Pass
        } else {
            State::Fail
        },
        value: Amount::Count(found.len() as u64),
        threshold: Amount::Count(0),
        source: first.source.clone(),
        concern: Concern::Paths(found),
        remark: None,
    }))
}

/// Looks at every path of every layer; the order of the walk is the order of paths.
fn find_forbidden(tree: &MergedTree, patterns: &Patterns) -> Vec<ForbiddenPath> {
    let mut found = Vec::new();
    let mut open = vec![PathId::ROOT];
    while let Some(path) = open.pop() {
        open.extend(tree.children(path).rev().map(PathId));
        if path == PathId::ROOT || !patterns.matches(&absolute(tree, path)) {
            continue;
        }
        let stored = tree
            .versions(path)
            .iter()
            .filter(|version| stores(**version));
        found.extend(stored.map(|version| {
            ForbiddenPath {
                path,
                layer: version.layer,
                bytes: tree
                    .layers()
                    .get(version.layer.as_usize())
                    .and_then(|layer| layer.meta(version.node))
                    .map_or(0, |meta| meta.size),
            }
        }));
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.bytes));
    found
}

/// Directories listed again without difference are left out: the layer that made them is named already.
fn stores(version: Version) -> bool {
    matches!(
        version.change,
        Change::Added | Change::Modified | Change::Touched | Change::Repeated
    )
}

fn compile(patterns: &[super::Pattern]) -> Result<Patterns> {
    Patterns::new(patterns.iter().map(|pattern| pattern.glob.as_str())).map_err(|reason| {
        Error::Config {
            place: patterns
                .first()
                .map(|pattern| pattern.source.clone())
                .unwrap_or_default(),
            reason,
            suggestion: None,
        }
    })
}

fn absolute(tree: &MergedTree, path: PathId) -> Vec<u8> {
    let mut absolute = tree.path(path);
    absolute.insert(0, b'/');
    absolute
}

fn largest_layer(analysis: &Analysis) -> u64 {
    analysis
        .layers
        .iter()
        .map(|layer| layer.content_bytes)
        .max()
        .unwrap_or(0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio for people and thresholds"
)]
fn share(part: u64, whole: u64, of_nothing: f64) -> f64 {
    if whole == 0 {
        of_nothing
    } else {
        part as f64 / whole as f64
    }
}
