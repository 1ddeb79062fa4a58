//! The main job: report on an image, and with `--ci` decide about it.

use crate::analysis::Analysis;
use crate::analysis::container_writes::written;
use crate::analysis::dive::DiveFigures;
use crate::analysis::rules::{RuleSet, State, judge};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::progress::Job;
use crate::report::{Budget, Format, Incomplete, Judgement, Report};

use super::load_settings::Gating;
use super::options::Common;
use super::request::Request;
use super::{Exit, open, output};

/// Reports on the image, and with `--ci` decides about it.
///
/// # Errors
/// Whatever keeps the report from being made.
pub(crate) fn run(request: &Request<'_>) -> Result<Exit> {
    let options = request.options;
    if !options.quiet {
        for remark in &request.loaded.remarks {
            output::remark(remark);
        }
    }
    let told = |analysis: &Analysis, job: &Job| {
        if wants_written(options) {
            written(analysis, job)
        } else {
            Ok(None)
        }
    };
    open::with_prepared(request, told, |analysis, written, _| {
        let judgement = judgement(analysis, request)?;
        let report = Report {
            analysis,
            judgement: judgement.as_ref(),
            written: written.as_ref(),
            top: options.top,
            look: request.look(),
        };
        output::write(options, |format, output| report.write(format, output))?;
        tell_apart_from_report(analysis, judgement.as_ref(), request);
        match judgement {
            Some(judgement) if request.gating == Gating::On => decide(analysis, &judgement),
            _ => Ok(Exit::Success),
        }
    })
}

/// Rules are judged where any is given; only with `--ci` do they decide, and only then is there a default.
fn judgement(analysis: &Analysis, request: &Request<'_>) -> Result<Option<Judgement>> {
    let gate = &request.options.gate;
    let mut rules = request.loaded.settings.rules.clone();
    let dive = gate.dive_compat.then(|| DiveFigures::of(analysis));
    let mut budget = Budget::Given;
    if rules.is_toothless() && dive.is_none() {
        if request.gating == Gating::Off {
            return Ok(None);
        }
        // Somebody who switched every rule off wants none.
        if !rules.names_a_rule() {
            rules.fill_from(RuleSet::default_budget());
            budget = Budget::Default;
        }
    }
    let verdict = judge(analysis, &rules, dive.as_ref())?;
    let incomplete = if gate.allow_incomplete {
        Incomplete::Allowed
    } else {
        Incomplete::Refused
    };
    Ok(Some(Judgement {
        verdict,
        budget,
        incomplete,
    }))
}

/// Files that a container copied up are read only for reports that tell of them.
fn wants_written(options: &Common) -> bool {
    let others = options.report.iter().map(|target| target.format);
    others.chain([options.format()]).any(Format::tells_written)
}

/// Says on standard error what the text report would have said, where that is not on the screen.
fn tell_apart_from_report(
    analysis: &Analysis,
    judgement: Option<&Judgement>,
    request: &Request<'_>,
) {
    let options = request.options;
    if options.quiet {
        return;
    }
    let is_on_screen = options.format() == Format::Text && options.output.is_none();
    if !is_on_screen && !analysis.complete {
        output::warn("a part of the image could not be read: every figure may be too small");
    }
    let failed: Vec<&str> = judgement
        .iter()
        .flat_map(|judgement| &judgement.verdict.outcomes)
        .filter(|outcome| outcome.state == State::Fail)
        .map(|outcome| outcome.id)
        .collect();
    if failed.is_empty() {
        return;
    }
    if !is_on_screen {
        output::warn(&format!("rules that do not hold: {}", failed.join(", ")));
    }
    if request.gating == Gating::Off {
        output::remark("a rule does not hold; with --ci the exit code would be 1");
    }
}

/// Nothing that is saved or pulled again mends a store: the engine's own copy is what is damaged.
fn no_verdict(analysis: &Analysis) -> Error {
    let is_damaged = |warning: &Warning| warning.code == WarningCode::DamagedLayer;
    let is_stored = analysis.source.kind == "store";
    let lost = analysis
        .warnings
        .iter()
        .find(|warning| warning.code.makes_incomplete());
    let (reason, advice) = match (is_stored, analysis.warnings.iter().any(is_damaged)) {
        (true, true) => (
            "what the engine keeps of a layer was changed or is damaged",
            "remove the image and pull or build it again, or judge what is there",
        ),
        (true, false) => (
            "a part of the image could not be read",
            "see the warnings for what it takes, or judge what could be read",
        ),
        (false, true) => (
            "a part of the image could not be read",
            "save the image again, or judge what could be read",
        ),
        (false, false) => (
            "a part of the image could not be read",
            "judge what could be read",
        ),
    };
    let lost = lost.map_or(String::new(), |warning| format!(": {}", warning.placed()));
    Error::Usage {
        reason: format!("no verdict: {reason}{lost}"),
        advice: format!("{advice} with --allow-incomplete"),
    }
}

fn decide(analysis: &Analysis, judgement: &Judgement) -> Result<Exit> {
    if judgement.is_guess(analysis) {
        return Err(no_verdict(analysis));
    }
    Ok(if judgement.verdict.has_passed() {
        Exit::Success
    } else {
        Exit::RuleFailed
    })
}
