//! Comparing an analysis with its rules.
//!
//! The waste that `ignore` patterns match is taken as if it were not wasted: the judged waste is
//! `wasted_bytes` without it, the judged efficiency is `1 - judged waste / content_bytes`. The figures in the
//! rest of a report stay as they are.

use super::table::{DiveRule, Value};
use super::{Amount, Patterns, Rule, RuleSet};
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
    /// Its name: a [`Rule`], or dive's own name where dive's figures were judged.
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
    let judged = Judged::of(analysis, rules)?;
    let outcomes = Rule::ALL.into_iter().filter_map(|rule| {
        let judgement = dive.zip(rule.definition().dive);
        match judgement {
            Some((figures, as_dive)) => judge_as_dive(figures, rules, rule, as_dive),
            None => judged.judge(rules, rule),
        }
    });
    Ok(Verdict {
        outcomes: outcomes.collect(),
        ignored_bytes: analysis.totals.wasted_bytes - judged.wasted_bytes,
        ignored: judged.ignored,
    })
}

/// What rules take their figures from.
pub(crate) struct Judged<'a> {
    pub(super) analysis: &'a Analysis,
    forbidden: Patterns,
    ignored: Vec<PathId>,
    /// Waste that counts, in bytes.
    pub(super) wasted_bytes: u64,
    /// That of own layers.
    own_wasted_bytes: u64,
}

impl<'a> Judged<'a> {
    fn of(analysis: &'a Analysis, rules: &RuleSet) -> Result<Self> {
        let ignored = compile(rules.patterns(Rule::Ignore))?;
        let mut judged = Self {
            analysis,
            forbidden: compile(rules.patterns(Rule::Forbid))?,
            ignored: Vec::new(),
            wasted_bytes: analysis.totals.wasted_bytes,
            own_wasted_bytes: analysis.totals.own.wasted_bytes,
        };
        if !ignored.is_empty() {
            judged.leave_out(&ignored);
        }
        Ok(judged)
    }

    fn leave_out(&mut self, patterns: &Patterns) {
        let analysis = self.analysis;
        for wasted in &analysis.waste.paths {
            if patterns.matches(&absolute(&analysis.tree, wasted.path)) {
                self.wasted_bytes = self.wasted_bytes.saturating_sub(wasted.bytes);
                if wasted.created_in.0 >= analysis.totals.own.base_layers {
                    self.own_wasted_bytes = self.own_wasted_bytes.saturating_sub(wasted.bytes);
                }
                self.ignored.push(wasted.path);
            }
        }
        self.ignored.sort_unstable();
        self.ignored.dedup();
    }

    fn judge(&self, rules: &RuleSet, rule: Rule) -> Option<Outcome> {
        let figure = rule.definition().figure?;
        let (threshold, source) = rules.threshold(rule)?;
        let (value, concern) = figure(self);
        let floored = match concern {
            Concern::OwnWaste => self.own_wasted_bytes,
            _ => self.wasted_bytes,
        };
        let mut outcome = Outcome {
            id: rule.as_str(),
            state: compare(rule, value, threshold),
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

    pub(super) fn efficiency(&self) -> f64 {
        let content = self.analysis.totals.content_bytes;
        share(content.saturating_sub(self.wasted_bytes), content, 1.0)
    }

    pub(super) fn wasted_ratio(&self) -> f64 {
        share(self.wasted_bytes, self.analysis.totals.content_bytes, 0.0)
    }

    pub(super) fn own_wasted_ratio(&self) -> f64 {
        let own = &self.analysis.totals.own;
        share(self.own_wasted_bytes, own.content_bytes, 0.0)
    }

    pub(super) fn largest_layer(&self) -> u64 {
        let layers = self.analysis.layers.iter();
        layers.map(|layer| layer.content_bytes).max().unwrap_or(0)
    }

    /// Looks at every path of every layer; the order of the walk is the order of paths.
    pub(super) fn forbidden_paths(&self) -> Vec<ForbiddenPath> {
        let tree = &self.analysis.tree;
        let mut found = Vec::new();
        let mut open = vec![PathId::ROOT];
        while let Some(path) = open.pop() {
            open.extend(tree.children(path).rev().map(PathId));
            if path == PathId::ROOT || !self.forbidden.matches(&absolute(tree, path)) {
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
}

fn judge_as_dive(
    figures: &DiveFigures,
    rules: &RuleSet,
    rule: Rule,
    dive: DiveRule,
) -> Option<Outcome> {
    let (threshold, source) = match rules.limits.get(&rule) {
        Some(setting) => (setting.threshold?, setting.source.as_str()),
        None => (dive.default?, "dive's default"),
    };
    let value = (dive.figure)(figures);
    Some(Outcome {
        id: dive.name,
        state: compare(rule, value, threshold),
        value,
        threshold,
        source: source.to_owned(),
        concern: Concern::Waste,
        remark: None,
    })
}

/// Strict, and without an answer (`NaN`) a pass, both as in dive.
fn compare(rule: Rule, value: Amount, threshold: Amount) -> State {
    use std::cmp::Ordering::{Greater, Less};
    let broken = match rule.value() {
        Value::Least(_) => Less,
        Value::Most(_) | Value::Globs | Value::Switch => Greater,
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
