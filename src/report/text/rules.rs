//! What the rules say, and for those that fail what is behind it.

use std::cmp::Ordering;
use std::io::{self, Write};

use super::waste::write_groups;
use super::{BAD, BOLD, DIMMED, GOOD, Place, place, title};
use crate::analysis::rules::{
    Amount, Concern, ForbiddenPath, Outcome, Rule, State, Value, Verdict,
};
use crate::analysis::waste_groups::group;
use crate::report::{Budget, Judgement, Report};
use crate::text::columns::{Cut, flow, left, widest};
use crate::units::{self, Units};

/// Offenders listed under a rule that fails.
const OFFENDERS: usize = 3;

pub(super) fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let Some(judgement) = report.judgement else {
        return Ok(());
    };
    writeln!(output)?;
    if judgement.budget == Budget::Default {
        let text = "no rule is given: the default budget applies";
        write_sentence(text, "", report, output)?;
    }
    if judgement.verdict.ignored_bytes > 0 {
        let size = report.look.units.size(judgement.verdict.ignored_bytes);
        writeln!(
            output,
            "{DIMMED}{size} of waste ignored as configured{DIMMED:#}"
        )?;
    }
    let lines = lines(report, &judgement.verdict);
    let mut explained: Vec<&Concern> = Vec::new();
    for line in &lines {
        line.write(&lines, report, output)?;
        let failed = line.outcome.filter(|outcome| outcome.state == State::Fail);
        if let Some(outcome) = failed.filter(|outcome| !explained.contains(&&outcome.concern)) {
            write_offenders(report, judgement, outcome, output)?;
            explained.push(&outcome.concern);
        }
    }
    if judgement.is_guess(report.analysis) {
        let text = "no verdict: part of the image could not be read (--allow-incomplete judges it as it is)";
        writeln!(output, "{BAD}{text}{BAD:#}")?;
    }
    Ok(())
}

fn write_sentence(
    text: &str,
    indent: &str,
    report: &Report<'_>,
    output: &mut dyn Write,
) -> io::Result<()> {
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for line in flow(&words, " ", report.look.width.saturating_sub(indent.len())) {
        writeln!(output, "{indent}{DIMMED}{line}{DIMMED:#}")?;
    }
    Ok(())
}

struct Line<'a> {
    id: &'static str,
    comparison: String,
    source: String,
    outcome: Option<&'a Outcome>,
}

fn lines<'a>(report: &Report<'_>, verdict: &'a Verdict) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = verdict
        .outcomes
        .iter()
        .map(|outcome| Line {
            id: outcome.id,
            comparison: comparison(outcome, report.look.units),
            source: format!("({})", source(outcome)),
            outcome: Some(outcome),
        })
        .collect();
    let judged = |name| verdict.outcomes.iter().any(|outcome| outcome.id == name);
    let off = Rule::ALL.into_iter().filter(|rule| {
        let has_outcome = judged(rule.as_str()) || rule.dive_name().is_some_and(judged);
        let is_limit = matches!(rule.value(), Value::Least(_) | Value::Most(_));
        is_limit && rule.can_fail() && !has_outcome
    });
    lines.extend(off.map(|rule| Line {
        id: rule.as_str(),
        comparison: String::new(),
        source: String::new(),
        outcome: None,
    }));
    lines
}

impl Line<'_> {
    fn write(&self, all: &[Self], report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
        let id = left(self.id, widest(all.iter().map(|line| line.id)));
        let Some(outcome) = self.outcome else {
            return writeln!(output, "{DIMMED}off   {}{DIMMED:#}", id.trim_end());
        };
        match outcome.state {
            State::Pass => write!(output, "{GOOD}PASS{GOOD:#}  ")?,
            State::Fail => write!(output, "{BAD}FAIL{BAD:#}  ")?,
        }
        let comparison = left(
            &self.comparison,
            widest(all.iter().map(|line| line.comparison.as_str())),
        );
        let line = format!("{comparison}  {}", self.source);
        let width = report.look.width;
        if 8 + id.len() + widest([line.as_str()]) <= width {
            writeln!(output, "{BOLD}{id}{BOLD:#}  {line}")?;
        } else {
            // What is compared matters most: it takes a line of its own rather than be cut.
            writeln!(output, "{BOLD}{}{BOLD:#}", self.id)?;
            let source = report
                .look
                .fit(&self.source, width.saturating_sub(8), Cut::End);
            for line in flow(
                &[self.comparison.clone(), source],
                "  ",
                width.saturating_sub(6),
            ) {
                writeln!(output, "      {line}")?;
            }
        }
        match &outcome.remark {
            Some(remark) => write_sentence(remark, "      ", report, output),
            None => Ok(()),
        }
    }
}

/// Returns the place with dive's word for the rule where dive's file says it.
fn source(outcome: &Outcome) -> String {
    match Rule::of_name(outcome.id).and_then(Rule::dive_name) {
        Some(name) if outcome.source.ends_with(".dive-ci") => format!("{} {name}", outcome.source),
        _ => outcome.source.clone(),
    }
}

/// Returns a rule in one line, for example `FAIL  max-wasted-bytes  71.2 MiB > 20.0 MB  (.dive-ci)`.
pub(crate) fn line(outcome: &Outcome, units: Units) -> String {
    let state = match outcome.state {
        State::Pass => "pass",
        State::Fail => "FAIL",
    };
    let comparison = comparison(outcome, units);
    format!(
        "{state}  {}  {comparison}  ({})",
        outcome.id,
        source(outcome)
    )
}

/// Returns for example `71.2 MiB > 20.0 MB`; figures that round to the same text are told exactly.
fn comparison(outcome: &Outcome, units: Units) -> String {
    let (value, threshold) = (outcome.value, outcome.threshold);
    let units = family(threshold, units);
    let rounded = (shown(value, units), shown(threshold, units));
    let (value, threshold) = if rounded.0 == rounded.1 && value != threshold {
        (exact(value), exact(threshold))
    } else {
        rounded
    };
    format!("{value} {} {threshold}", sign(outcome))
}

/// Thresholds are written in round numbers of one family or the other; both figures are told in that one.
fn family(threshold: Amount, usual: Units) -> Units {
    match threshold {
        Amount::Bytes(bytes) if bytes > 0 && bytes % 1000 == 0 => Units::Si,
        _ => usual,
    }
}

fn sign(outcome: &Outcome) -> &'static str {
    const NO_JUDGEMENT: &str = "against";
    if outcome.remark.is_some() {
        // "PASS 46.3 % > 10.0 %" would contradict itself.
        return NO_JUDGEMENT;
    }
    let order = match (outcome.value, outcome.threshold) {
        (Amount::Ratio(value), Amount::Ratio(threshold)) => value.partial_cmp(&threshold),
        (Amount::Bytes(value), Amount::Bytes(threshold))
        | (Amount::Count(value), Amount::Count(threshold)) => Some(value.cmp(&threshold)),
        _ => None,
    };
    match order {
        Some(Ordering::Less) => "<",
        Some(Ordering::Equal) => "=",
        Some(Ordering::Greater) => ">",
        None => NO_JUDGEMENT,
    }
}

fn shown(amount: Amount, units: Units) -> String {
    match amount {
        Amount::Ratio(ratio) if ratio.is_finite() => units::percent(ratio),
        Amount::Ratio(ratio) if ratio.is_nan() => "undefined".into(),
        Amount::Ratio(_) => "infinite".into(),
        Amount::Bytes(bytes) => units.size(bytes),
        Amount::Count(number) => units::count(number),
    }
}

fn exact(amount: Amount) -> String {
    match amount {
        Amount::Ratio(ratio) => format!("{} %", ratio * 100.0),
        Amount::Bytes(bytes) => format!("{} B", units::count(bytes)),
        Amount::Count(number) => units::count(number),
    }
}

fn write_offenders(
    report: &Report<'_>,
    judgement: &Judgement,
    outcome: &Outcome,
    output: &mut dyn Write,
) -> io::Result<()> {
    let analysis = report.analysis;
    let base = analysis.totals.own.base_layers;
    let counting = analysis
        .waste
        .paths
        .iter()
        .filter(|wasted| judgement.verdict.counts(wasted));
    let groups = match &outcome.concern {
        Concern::Waste => group(&analysis.tree, counting),
        Concern::OwnWaste => group(
            &analysis.tree,
            counting.filter(|one| one.created_in.0 >= base),
        ),
        Concern::Layers => return write_layers(report, output),
        Concern::Paths(found) => return write_found(report, found, output),
    };
    write_groups(
        report,
        &groups[..groups.len().min(OFFENDERS)],
        "      ",
        output,
    )
}

fn write_layers(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let analysis = report.analysis;
    let mut layers: Vec<_> = analysis.image.layers.iter().zip(&analysis.layers).collect();
    layers.sort_by_key(|(layer, figures)| (std::cmp::Reverse(figures.content_bytes), layer.index));
    for (layer, figures) in layers.into_iter().take(OFFENDERS) {
        let size = report.look.units.size(figures.content_bytes);
        let line = format!(
            "{size}  layer {}  {}",
            layer.index,
            title(report, layer.index)
        );
        let line = report
            .look
            .fit(&line, report.look.width.saturating_sub(6), Cut::End);
        writeln!(output, "      {DIMMED}{line}{DIMMED:#}")?;
    }
    Ok(())
}

fn write_found(
    report: &Report<'_>,
    found: &[ForbiddenPath],
    output: &mut dyn Write,
) -> io::Result<()> {
    for one in found.iter().take(OFFENDERS) {
        let size = report.look.units.size(one.bytes);
        let room = report.look.width.saturating_sub(8 + size.len());
        let path = place(report, one.path, Place::Itself, room);
        let maker = format!("stored by  {}  {}", one.layer, title(report, one.layer));
        let maker = report
            .look
            .fit(&maker, report.look.width.saturating_sub(8), Cut::End);
        writeln!(
            output,
            "      {size}  {path}\n        {DIMMED}{maker}{DIMMED:#}"
        )?;
    }
    match found.len().saturating_sub(OFFENDERS) {
        0 => Ok(()),
        rest => writeln!(output, "      {DIMMED}and {rest} more{DIMMED:#}"),
    }
}
