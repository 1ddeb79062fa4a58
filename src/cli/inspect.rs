//! The main job: report on an image, and with `--ci` decide about it.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Write as _};

use crate::analysis::Analysis;
use crate::analysis::dive::DiveFigures;
use crate::analysis::rules::{RuleSet, State, judge};
use crate::analysis::written::written;
use crate::error::{Error, Result, Warning, WarningCode};
use crate::progress::Job;
use crate::report::{Budget, Format, Incomplete, Judgement, Report};
use crate::source;
use crate::text::{Detail, Glyphs, Look};

use super::arguments::EXAMPLES;
use super::load::{Gating, Loaded, Surroundings, load};
use super::options::Common;
use super::unheeded::{self, Task};
use super::{Exit, interactive, open, output, print_config, store};

/// Shows an image, or reports on it where nobody looks or more than looking is asked for; without one, says how to name one.
///
/// # Errors
/// Whatever keeps the report from being made.
pub(crate) fn run(image: Option<&OsStr>, common: &Common, around: &Surroundings) -> Result<Exit> {
    unheeded::refuse(Task::Report, common)?;
    let gating = gating(common, around);
    let loaded = load(common, gating, around)?;
    if common.print_config {
        output::to_stdout(|output| print_config::write(&loaded.settings, output))?;
        return Ok(Exit::Success);
    }
    if image.is_none() && common.lower.is_none() {
        return Ok(ask_for_image());
    }
    let request = open::request(image, common)?;
    if source::is_store(&request.locator, &request.open) {
        refuse_gate(common)?;
        return store::show(&request.locator, common, around, &loaded);
    }
    if let Some(keyboard) = interactive::keyboard(common, around) {
        return interactive::show(image, common, around, &loaded, keyboard);
    }
    if !common.quiet {
        loaded
            .remarks
            .iter()
            .for_each(|remark| output::remark(remark));
    }
    let told = |analysis: &Analysis, job: &Job| {
        if wants_written(common) {
            written(analysis, job)
        } else {
            Ok(None)
        }
    };
    open::with_prepared(image, common, told, |analysis, written, _| {
        let judgement = judgement(analysis, common, gating, &loaded)?;
        let report = Report {
            analysis,
            judgement: judgement.as_ref(),
            written: written.as_ref(),
            top: common.top,
            look: look(common, &loaded),
        };
        write_reports(&report, common)?;
        tell_apart_from_report(analysis, judgement.as_ref(), common, gating);
        match judgement {
            Some(judgement) if gating == Gating::On => decide(analysis, &judgement),
            _ => Ok(Exit::Success),
        }
    })
}

/// `CI=true` asks for the gate only where nobody is looking at a terminal.
fn gating(common: &Common, around: &Surroundings) -> Gating {
    let says_so = around
        .variable("CI")
        .and_then(|value| value.to_str())
        .is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes"));
    if common.gate.ci || (says_so && !io::stdout().is_terminal()) {
        Gating::On
    } else {
        Gating::Off
    }
}

/// Rules are about images.
fn refuse_gate(common: &Common) -> Result<()> {
    if !common.gate.ci {
        return Ok(());
    }
    Err(Error::Usage {
        reason: "a layer store as a whole has no verdict".into(),
        advice: "choose what to judge with --image or --container".into(),
    })
}

fn ask_for_image() -> Exit {
    let usage = "Usage: layerscope [OPTIONS] [IMAGE]";
    let more = "layerscope --help tells all options and commands.";
    let mut stderr = anstream::stderr().lock();
    writeln!(stderr, "{usage}\n\n{EXAMPLES}\n\n{more}\n").unwrap_or_default();
    drop(stderr);
    output::complain(&Error::Usage {
        reason: "no image is given".into(),
        advice: "name a file that `docker save` wrote, `-` for standard input, or a layer store such as \
                 /var/lib/docker"
            .into(),
    });
    Exit::Trouble
}

/// Rules are judged where any is given; only with `--ci` do they decide, and only then is there a default.
fn judgement(
    analysis: &Analysis,
    common: &Common,
    gating: Gating,
    loaded: &Loaded,
) -> Result<Option<Judgement>> {
    let mut rules = loaded.settings.rules.clone();
    let dive = common.gate.dive_compat.then(|| DiveFigures::of(analysis));
    let mut budget = Budget::Given;
    if rules.is_toothless() && dive.is_none() {
        if gating == Gating::Off {
            return Ok(None);
        }
        // Somebody who switched every rule off wants none.
        if !rules.names_a_rule() {
            rules.fill_from(RuleSet::default_budget());
            budget = Budget::Default;
        }
    }
    let verdict = judge(analysis, &rules, dive.as_ref())?;
    let incomplete = if common.gate.allow_incomplete {
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
fn wants_written(common: &Common) -> bool {
    let others = common.report.iter().map(|target| target.format);
    others.chain([format(common)]).any(Format::tells_written)
}

/// Returns how reports look, on whatever they are.
pub(super) fn look(common: &Common, loaded: &Loaded) -> Look {
    Look {
        width: output::width(),
        units: loaded.settings.units(),
        glyphs: if common.ascii {
            Glyphs::Ascii
        } else {
            Glyphs::Unicode
        },
        detail: if common.verbose {
            Detail::Full
        } else {
            Detail::Short
        },
    }
}

fn write_reports(report: &Report<'_>, common: &Common) -> Result<()> {
    for target in &common.report {
        output::to_file(&target.file, |output| report.write(target.format, output))?;
    }
    match &common.output {
        Some(file) => output::to_file(file, |output| report.write(format(common), output)),
        None => output::to_stdout(|output| report.write(format(common), output)),
    }
}

/// Returns the format asked for.
pub(crate) fn format(common: &Common) -> Format {
    match common.format {
        Some(format) => format,
        None if common.json => Format::Json,
        None => Format::Text,
    }
}

/// Says on standard error what the text report would have said, where that is not on the screen.
fn tell_apart_from_report(
    analysis: &Analysis,
    judgement: Option<&Judgement>,
    common: &Common,
    gating: Gating,
) {
    if common.quiet {
        return;
    }
    let is_on_screen = format(common) == Format::Text && common.output.is_none();
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
    if gating == Gating::Off {
        output::remark("a rule does not hold; with --ci the exit code would be 1");
    }
}

/// Nothing that is saved or pulled again mends a store: the engine's own copy is what is damaged.
fn no_verdict(analysis: &Analysis) -> Error {
    let is_damaged = |warning: &Warning| warning.code == WarningCode::DamagedLayer;
    let is_stored = analysis.source.kind == "store";
    let (reason, advice) = match (is_stored, analysis.warnings.iter().any(is_damaged)) {
        (true, true) => (
            "what the engine keeps of a layer was changed or is damaged",
            "remove the image and pull or build it again, or judge what is there",
        ),
        (true, false) => (
            "a part of the image could not be read",
            "see the warnings for what it takes, or judge what could be read",
        ),
        (false, _) => (
            "a part of the image could not be read",
            "save the image again, or judge what could be read",
        ),
    };
    Error::Usage {
        reason: format!("no verdict: {reason}"),
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
