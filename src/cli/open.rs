//! From the word on the command line to an [`Analysis`].

use std::ffi::OsStr;
use std::num::NonZeroUsize;

use crate::analysis::{self, Analysis};
use crate::error::{Error, Result};
use crate::image::Platform;
use crate::limits;
use crate::progress::Job;
use crate::scan;
use crate::source::{self, Locator, OpenOptions};

use super::arguments::Common;
use super::progress::{Interrupt, Show, watched};

/// Opens and reads an image.
///
/// # Errors
/// Whatever keeps the image from being read, and [`Error::Interrupted`].
pub(crate) fn analyse(image: &OsStr, common: &Common, job: &Job) -> Result<Analysis> {
    let show = if common.quiet {
        Show::Nothing
    } else {
        Show::Bar
    };
    let interrupt = Interrupt::listen();
    let result = watched(job, show, &interrupt, || read(image, common, job));
    // Deep in a reader an interruption looks like a failure to read.
    match result {
        Err(_) if job.is_cancelled() => Err(Error::Interrupted),
        other => other,
    }
}

fn read(image: &OsStr, common: &Common, job: &Job) -> Result<Analysis> {
    let expanded = common.max_expanded.unwrap_or(limits::EXPANDED_BYTES);
    job.limit_expanded(expanded);
    let options = OpenOptions {
        image: common.image_name.clone(),
        platform: common.platform.as_deref().map(platform).transpose()?,
        spool_limit: expanded,
    };
    let opened = source::open(&Locator::parse(image)?, &options, job)?;
    let scan = scan::Options {
        threads: common.threads.and_then(NonZeroUsize::new),
    };
    let options = analysis::Options {
        scan,
        base_layers: common.base_layers,
    };
    analysis::run(opened.source, opened.image, &options, job)
}

fn platform(text: &str) -> Result<Platform> {
    Platform::parse(text).ok_or_else(|| Error::Config {
        place: "--platform".into(),
        reason: format!("'{}' is no platform", crate::path::display_str(text)),
        suggestion: Some("write OS/ARCH or OS/ARCH/VARIANT, for example linux/arm64".into()),
    })
}
