//! A file in the user's pager, escaped as on every other screen.

use std::ffi::OsStr;
use std::io::{self, BufWriter};
use std::process::{Command, Stdio};

use super::ids::VersionAt;
use super::subject::Subject;
use super::tasks::page;
use crate::error::{Error, Result};
use crate::progress::Job;
use crate::text::Look;

/// Shows a version of a file and waits until the reader has left.
///
/// # Errors
/// When the file cannot be read or the pager cannot be started. A pager left early is no error.
pub(super) fn page(subject: &Subject, version: VersionAt, pager: &OsStr, look: Look) -> Result<()> {
    let failed = |source| Error::Write {
        name: crate::path::display_os(pager),
        source,
    };
    page::check(subject, version)?;
    // $PAGER is a command line ("less -R"), which every program hands to a shell.
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(pager)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let written = match child.stdin.take() {
        Some(input) => {
            let mut output = BufWriter::new(input);
            page::write(subject, version, look, &mut output, &Job::new())
        }
        None => Ok(()),
    };
    let status = child.wait().map_err(failed)?;
    // What a shell says of a command that is not there or cannot be run.
    if matches!(status.code(), Some(126 | 127)) {
        return Err(failed(io::ErrorKind::NotFound.into()));
    }
    match written {
        Err(Error::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
