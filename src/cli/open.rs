//! From the word on the command line to an [`Analysis`].

use std::ffi::OsStr;

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::progress::Job;

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

fn read(image: &OsStr, _common: &Common, _job: &Job) -> Result<Analysis> {
    Err(Error::NotFound {
        name: crate::path::display_os(image),
    })
}
