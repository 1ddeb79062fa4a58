//! From the word on the command line to an [`Analysis`], and work on it that Ctrl-C can end.

use std::ffi::OsStr;
use std::io::IsTerminal as _;
use std::num::NonZeroUsize;

use crate::analysis::{self, Analysis};
use crate::error::{Error, Result, Warning, WarningCode};
use crate::image::Platform;
use crate::limits;
use crate::path::display_str;
use crate::progress::Job;
use crate::scan;
use crate::source::{self, InputPlace, Locator, OpenOptions};
use crate::store::{self, mounts::Overlay};

use super::options::Common;
use super::progress::{Interrupt, Show, watched};
use super::{Exit, output};

/// Opens and reads an image, then does something with it.
///
/// # Errors
/// Whatever keeps the image from being read, what `work` returns, and [`Error::Interrupted`].
pub(crate) fn with_image<T>(
    image: Option<&OsStr>,
    common: &Common,
    work: impl FnOnce(&Analysis, &Job) -> Result<T>,
) -> Result<T> {
    let nothing = |_: &Analysis, _: &Job| Ok(());
    with_prepared(image, common, nothing, |analysis, (), job| {
        work(analysis, job)
    })
}

/// The same, with something that takes its time before: `prepare` may show how far it is, `work` writes.
///
/// # Errors
/// Those of [`with_image`], and what `prepare` returns.
pub(crate) fn with_prepared<P, T>(
    image: Option<&OsStr>,
    common: &Common,
    prepare: impl FnOnce(&Analysis, &Job) -> Result<P>,
    work: impl FnOnce(&Analysis, P, &Job) -> Result<T>,
) -> Result<T> {
    let interrupt = Interrupt::listen();
    let show = if common.quiet {
        Show::Nothing
    } else {
        Show::Bar
    };
    let job = new_job(common);
    let read = watched(&job, show, &interrupt, || read(image, common, &job));
    let analysis = unless_cancelled(read, &job)?;
    let job = new_job(common);
    let prepared = watched(&job, show, &interrupt, || prepare(&analysis, &job));
    let prepared = unless_cancelled(prepared, &job)?;
    let job = new_job(common);
    let done = watched(&job, Show::Nothing, &interrupt, || {
        work(&analysis, prepared, &job)
    });
    unless_cancelled(done, &job)
}

/// Deep in a reader an interruption looks like a failure to read.
fn unless_cancelled<T>(result: Result<T>, job: &Job) -> Result<T> {
    match result {
        Err(_) if job.is_cancelled() => Err(Error::Interrupted),
        other => other,
    }
}

fn new_job(common: &Common) -> Job {
    let job = Job::new();
    job.limit_expanded(expanded_limit(common));
    job
}

/// Returns how many bytes decompression may produce.
pub(crate) fn expanded_limit(common: &Common) -> u64 {
    common.max_expanded.unwrap_or(limits::EXPANDED_BYTES)
}

/// Which image is to be read, and how.
pub(crate) struct Request {
    pub(crate) locator: Locator,
    pub(crate) open: OpenOptions,
    pub(crate) analysis: analysis::Options,
}

/// Returns what the arguments ask for.
///
/// # Errors
/// [`Error::Usage`] and [`Error::Config`] for what makes no sense.
pub(crate) fn request(image: Option<&OsStr>, common: &Common) -> Result<Request> {
    let locator = locator(image, common)?;
    if locator.place == InputPlace::StandardInput && std::io::stdin().is_terminal() {
        return Err(Error::Usage {
            reason: "standard input is a terminal".into(),
            advice: "pipe an image: `docker save IMAGE | layerscope -`".into(),
        });
    }
    let open = OpenOptions {
        image: common.image_name.clone(),
        container: common.container.clone(),
        platform: common.platform.as_deref().map(platform).transpose()?,
        spool_limit: expanded_limit(common),
        places: store::usual_places(etcetera::home_dir().ok().as_deref()),
    };
    let analysis = analysis::Options {
        scan: scan::Options {
            threads: common.threads.and_then(NonZeroUsize::new),
        },
        base_layers: common.base_layers,
    };
    Ok(Request {
        locator,
        open,
        analysis,
    })
}

/// Returns what is to be read: the image, or the directories of `--lower` and `--upper`.
fn locator(image: Option<&OsStr>, common: &Common) -> Result<Locator> {
    match (image, &common.lower) {
        (None, Some(lower)) => Ok(Locator::of_directories(Overlay::by_hand(
            lower,
            common.upper.as_deref(),
        )?)),
        (Some(image), None) => Locator::parse(image),
        (Some(_), Some(_)) => Err(Error::Usage {
            reason: "an image and --lower are given".into(),
            advice: "give one of them: --lower names the directories to read".into(),
        }),
        (None, None) => Err(Error::Usage {
            reason: "no image is given".into(),
            advice: "name a file that `docker save` wrote, `-` for standard input, or a layer store such as \
                     /var/lib/docker"
                .into(),
        }),
    }
}

fn read(image: Option<&OsStr>, common: &Common, job: &Job) -> Result<Analysis> {
    let request = request(image, common)?;
    let mut opened = source::open(&request.locator, &request.open, job)?;
    if common.verify {
        let verified = scan::verify(&opened.image, &request.analysis.scan, job)?;
        if !common.quiet {
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

fn platform(text: &str) -> Result<Platform> {
    Platform::parse(text).ok_or_else(|| Error::Config {
        place: "--platform".into(),
        reason: format!("'{}' is no platform", display_str(text)),
        suggestion: Some("write OS/ARCH or OS/ARCH/VARIANT, for example linux/arm64".into()),
    })
}

/// Files of a container without what it has written are its image's: an answer with a hole in it is no success,
/// unless that was said to be good enough.
pub(crate) fn conclude(analysis: &Analysis, common: &Common) -> Exit {
    let own = analysis.image.writable.as_ref();
    let own = own.map(|writable| writable.layer.0);
    let is_lost = analysis.warnings.iter().any(|warning| {
        // Only of a container without any layer of its own no layer is named.
        warning.code == WarningCode::UnreadableLayer
            && (warning.layer.is_none() || warning.layer == own)
    });
    if !is_lost || common.gate.allow_incomplete {
        return Exit::Success;
    }
    if !common.quiet {
        output::warn(
            "what the container has written is missing, and files are as its image has them; --allow-incomplete accepts that",
        );
    }
    Exit::Trouble
}

/// Tells on standard error what a command that writes no report would otherwise hide.
pub(crate) fn tell_damage(analysis: &Analysis, common: &Common) {
    let serious = |warning: &&Warning| common.verbose || warning.code.makes_incomplete();
    if common.quiet {
        return;
    }
    for warning in analysis.warnings.iter().filter(serious) {
        let place = warning
            .layer
            .map_or(String::new(), |layer| format!("layer {layer}: "));
        output::warn(&format!("{place}{}", warning.message));
    }
}
