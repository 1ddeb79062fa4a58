//! From the word on the command line to an [`Analysis`], and work on it that Ctrl-C can end.

use crate::analysis::{self, Analysis};
use crate::error::{Result, Warning, WarningCode};
use crate::progress::Job;
use crate::scan;
use crate::source;

use super::options::Common;
use super::progress::{Interrupt, Remains, Show, watched};
use super::request::Request;
use super::{Exit, output};

/// Opens and reads the image, then does something with its files.
///
/// # Errors
/// Whatever keeps the image from being read, what `work` returns, and [`Error::Interrupted`].
pub(crate) fn with_files(
    request: &Request<'_>,
    work: impl FnOnce(&Analysis, &Job) -> Result<Exit> + Send,
) -> Result<Exit> {
    let nothing = |_: &Analysis, _: &Job| Ok(());
    with_prepared(request, nothing, |analysis, (), job| {
        tell_damage(analysis, request.options);
        Ok(match work(analysis, job)? {
            Exit::Success => conclude(analysis, request.options),
            trouble => trouble,
        })
    })
}

/// Opens and reads the image; `prepare` may show how far it is, `work` writes.
///
/// # Errors
/// Those of [`with_files`], and what `prepare` returns.
pub(crate) fn with_prepared<P: Send, T: Send>(
    request: &Request<'_>,
    prepare: impl FnOnce(&Analysis, &Job) -> Result<P> + Send,
    work: impl FnOnce(&Analysis, P, &Job) -> Result<T> + Send,
) -> Result<T> {
    let interrupt = Interrupt::listen();
    let reading = (request.options.show(), Remains::Nothing);
    let job = new_job(request.options);
    let analysis = watched(&job, reading, &interrupt, || read(request, &job))?;
    let job = new_job(request.options);
    let prepared = watched(&job, reading, &interrupt, || prepare(&analysis, &job))?;
    let job = new_job(request.options);
    watched(&job, (Show::Nothing, Remains::Files), &interrupt, || {
        work(&analysis, prepared, &job)
    })
}

fn new_job(options: &Common) -> Job {
    options.allowance().job()
}

fn read(request: &Request<'_>, job: &Job) -> Result<Analysis> {
    let source = source::read(&request.locator, &request.open, job)?;
    let mut opened = source.open(&request.open, job)?;
    if request.options.verify {
        let departures = source.departures(&request.open, job)?;
        opened.image.warnings.extend(departures);
        let verified = scan::verify(&opened.image, &request.analysis.scan, job)?;
        if !request.options.quiet {
            let words = verified_layers(&verified, opened.image.layers.len());
            // Whoever asked must not take silence for an answer.
            let is_answered = verified.unprovable.is_empty();
            let tell = if is_answered {
                output::remark
            } else {
                output::warn
            };
            tell(&words);
        }
        opened.image.warnings.extend(verified.warnings);
    }
    analysis::run(opened.source, opened.image, &request.analysis, job)
}

fn verified_layers(verified: &scan::Verification, layers: usize) -> String {
    let identical = verified.identical;
    let mut parts = vec![format!(
        "{identical} of {layers} layers are what their digests name"
    )];
    if verified.unnamed > 0 {
        let unnamed = verified.unnamed;
        parts.push(format!("{unnamed} have none to be held against"));
    }
    let unprovable = verified.unprovable.iter();
    parts.extend(
        unprovable.map(|(reason, count)| format!("{count} could not be verified: {reason}")),
    );
    parts.join("; ")
}

/// Files of a container without what it has written are its image's: an answer with a hole in it is no success,
/// unless that was said to be good enough.
fn conclude(analysis: &Analysis, options: &Common) -> Exit {
    let own = analysis.image.writable.as_ref();
    let own = own.map(|writable| writable.layer.0);
    let is_lost = analysis.warnings.iter().any(|warning| {
        // Only of a container without any layer of its own no layer is named.
        warning.code == WarningCode::UnreadableLayer
            && (warning.layer.is_none() || warning.layer == own)
    });
    if !is_lost || options.gate.allow_incomplete {
        return Exit::Success;
    }
    options.warn(
        "what the container has written is missing, and files are as its image has them; --allow-incomplete accepts that",
    );
    Exit::Trouble
}

/// Tells on standard error what a command that writes no report would otherwise hide.
fn tell_damage(analysis: &Analysis, options: &Common) {
    let serious = |warning: &&Warning| options.verbose || warning.code.makes_incomplete();
    for warning in analysis.warnings.iter().filter(serious) {
        options.warn(&warning.placed());
    }
}
