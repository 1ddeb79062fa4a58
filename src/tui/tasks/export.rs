//! A report to a file.

use std::io;
use std::path::Path;

use crate::analysis::container_writes::written;
use crate::error::{Error, Result};
use crate::path::display_os;
use crate::progress::Job;
use crate::report::{Budget, Format, Incomplete, Judgement, Report, file as report_file};
use crate::text::Look;
use crate::tui::subject::Subject;

/// Writes a report to a name that nothing has yet; returns a sentence about it.
///
/// # Errors
/// [`Error::Usage`] where something has the name, [`Error::Write`].
pub(super) fn run(
    subject: &Subject,
    format: Format,
    look: Look,
    file: &Path,
    job: &Job,
) -> Result<String> {
    job.check()?;
    let judgement = subject.verdict.clone().map(|verdict| Judgement {
        verdict,
        budget: Budget::Given,
        incomplete: Incomplete::Refused,
    });
    let written = if format.tells_written() {
        written(&subject.analysis, job)?
    } else {
        None
    };
    let report = Report {
        analysis: &subject.analysis,
        judgement: judgement.as_ref(),
        written: written.as_ref(),
        top: None,
        look,
    };
    create(file, format, |bytes| report.write(format, bytes))
}

/// Writes what `write` says to a name that nothing has yet; returns a sentence about it.
///
/// # Errors
/// As [`run`].
pub(super) fn create(
    file: &Path,
    format: Format,
    write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
) -> Result<String> {
    let name = display_os(file.as_os_str());
    let mut bytes = Vec::new();
    let written = write(&mut bytes).and_then(|()| {
        if format == Format::Text {
            // Reports for people bring their colours along; a file has none.
            bytes = anstream::adapter::strip_bytes(&bytes).into_vec();
        }
        report_file::create(file, &bytes)
    });
    match written {
        Ok(()) => Ok(format!("{} report written to {name}", format.as_str())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::Usage {
            reason: format!("{name} exists already and is left as it is"),
            advice: "choose another name".into(),
        }),
        Err(source) => Err(Error::Write { name, source }),
    }
}
