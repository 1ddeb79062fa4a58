//! Standard output, standard error and report files.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::error::{Error, Result};
use crate::path::display_os;
use crate::report::Format;
use crate::report::file::{Unfinished, replace};

use super::escaping::Escaping;
use super::options::{Color, Common};

/// Decides about colours for the whole run; `Auto` leaves it to `NO_COLOR`, `CLICOLOR_FORCE`, `TERM` and the
/// kind of stream.
pub(crate) fn choose_colours(color: Color) {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Writes data to standard output.
///
/// A reader that has gone away is no error: it has seen what it wanted.
///
/// # Errors
/// [`Error::Write`] for anything else.
pub(crate) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let stdout = io::stdout();
    let choice = AutoStream::choice(&stdout);
    let mut output =
        io::BufWriter::with_capacity(64 * 1024, AutoStream::new(stdout.lock(), choice));
    match write(&mut output).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // Dropping the writer would try once more.
            drop(output.into_parts());
            Ok(())
        }
        other => other.map_err(stdout_error),
    }
}

/// Where bytes of the image go as they are.
pub(crate) struct Raw<'a> {
    /// Shown in errors, escaped.
    name: String,
    output: &'a mut dyn Write,
}

impl Raw<'_> {
    /// Writes them.
    ///
    /// # Errors
    /// [`Error::Write`], which names the place.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = self.output.write_all(bytes);
        written.map_err(|source| Error::Write {
            name: self.name.clone(),
            source,
        })
    }
}

/// Writes bytes of the image to standard output as they are.
///
/// # Errors
/// What `write` returns; a reader that has gone away is no error.
pub(crate) fn raw_to_stdout(write: impl FnOnce(&mut Raw<'_>) -> Result<()>) -> Result<()> {
    to_raw_stdout(&mut io::stdout().lock(), write)
}

/// Writes bytes of the image to standard output. A terminal would do what they tell it to: there what is no text is
/// refused, and what no terminal shows is escaped.
///
/// # Errors
/// [`Error::Usage`] for what is no text; otherwise as [`raw_to_stdout`].
pub(crate) fn text_to_stdout(
    name: &str,
    write: impl FnOnce(&mut Raw<'_>) -> Result<()>,
) -> Result<()> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return raw_to_stdout(write);
    }
    let mut output = Escaping::new(stdout.lock());
    let result = to_raw_stdout(&mut output, write);
    if output.is_binary() {
        return Err(Error::Usage {
            reason: format!("{name} is no text, and standard output is a terminal"),
            advice: "write it to a file with `-o FILE`, or as it is with `-o -`".into(),
        });
    }
    if output.has_escaped() {
        remark("what a terminal would obey is escaped; `-o -` writes it as it is");
    }
    result
}

fn to_raw_stdout(
    output: &mut dyn Write,
    write: impl FnOnce(&mut Raw<'_>) -> Result<()>,
) -> Result<()> {
    let mut raw = Raw {
        name: "standard output".into(),
        output: &mut *output,
    };
    let written = write(&mut raw);
    // What came before a failure is shown all the same.
    let flushed = output.flush().map_err(stdout_error);
    let result = written.and(flushed);
    match result {
        Err(Error::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Writes bytes of the image to a file as they are: whole or not at all.
///
/// # Errors
/// What `write` returns, and [`Error::Write`].
pub(crate) fn stream_to_file(
    file: &Path,
    write: impl FnOnce(&mut Raw<'_>) -> Result<()>,
) -> Result<()> {
    if file == Path::new("-") {
        return raw_to_stdout(write);
    }
    let name = display_os(file.as_os_str());
    let failed = |source| Error::Write {
        name: name.clone(),
        source,
    };
    let raw = |output| Raw {
        name: name.clone(),
        output,
    };
    if is_special(file) {
        let mut special = fs::OpenOptions::new();
        let mut special = special.write(true).open(file).map_err(failed)?;
        return write(&mut raw(&mut special));
    }
    let mut unfinished = Unfinished::beside(file).map_err(failed)?;
    write(&mut raw(&mut unfinished))?;
    unfinished.persist(file).map_err(failed)
}

/// Names standard output in an error about it.
fn stdout_error(source: io::Error) -> Error {
    Error::Write {
        name: "standard output".into(),
        source,
    }
}

/// Writes a report to a file: whole or not at all, never over a half of an older one.
///
/// `-` is standard output. Devices and pipes (`/dev/stdout`, `/dev/null`) are written to; anything else is
/// replaced by rename, so a link is replaced and not followed.
///
/// # Errors
/// [`Error::Write`].
pub(crate) fn to_file(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    if file == Path::new("-") {
        return to_stdout(write);
    }
    let result = in_memory(write).and_then(|report| {
        if is_special(file) {
            fs::OpenOptions::new()
                .write(true)
                .open(file)?
                .write_all(&report)
        } else {
            replace(file, &report)
        }
    });
    result.map_err(|source| Error::Write {
        name: display_os(file.as_os_str()),
        source,
    })
}

impl Common {
    /// Writes a warning to standard error, unless nothing but errors is wanted there.
    pub(crate) fn warn(&self, text: &str) {
        if !self.quiet {
            warn(text);
        }
    }
}

/// Writes every report that is asked for to where it is to go.
///
/// # Errors
/// [`Error::Write`].
pub(crate) fn write(
    options: &Common,
    report: impl Fn(Format, &mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    for target in &options.report {
        to_file(&target.file, |output| report(target.format, output))?;
    }
    let format = options.format();
    match &options.output {
        Some(file) => to_file(file, |output| report(format, output)),
        None => to_stdout(|output| report(format, output)),
    }
}

fn is_special(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Files get colours only from `--color always`.
fn in_memory(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let choice = match ColorChoice::global() {
        ColorChoice::Always | ColorChoice::AlwaysAnsi => ColorChoice::AlwaysAnsi,
        ColorChoice::Auto | ColorChoice::Never => ColorChoice::Never,
    };
    let mut output = AutoStream::new(Vec::new(), choice);
    write(&mut output)?;
    Ok(output.into_inner())
}

/// Writes one line to standard error. Nobody is left to tell when that fails.
pub(crate) fn say(label: &str, style: Style, text: &str) {
    let mut stderr = anstream::stderr().lock();
    writeln!(stderr, "{style}{label}:{style:#} {text}").unwrap_or_default();
}

/// Writes a remark to standard error.
pub(crate) fn remark(text: &str) {
    say("note", AnsiColor::Cyan.on_default(), text);
}

/// Writes a warning to standard error.
pub(crate) fn warn(text: &str) {
    say("warning", AnsiColor::Yellow.on_default(), text);
}

/// Writes an error, what caused it and what to do about it to standard error.
pub(crate) fn complain(error: &Error) {
    say(
        "error",
        AnsiColor::Red.on_default().bold(),
        &error.to_string(),
    );
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        say(
            "caused by",
            Style::new(),
            &crate::path::display_str(&source.to_string()),
        );
        cause = source.source();
    }
    if let Some(hint) = error.hint() {
        advise(&hint);
    }
}

/// Writes what to do about an error to standard error.
pub(crate) fn advise(text: &str) {
    say("hint", AnsiColor::Green.on_default(), text);
}

/// Returns the columns of a report: those of the terminal, those `COLUMNS` says, else 100.
pub(crate) fn width() -> usize {
    const USUAL: usize = 100;
    const LEAST: usize = 40;
    const MOST: usize = 160;
    let said = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let stdout = io::stdout();
    let terminal = || {
        stdout
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(&stdout).ok())
            .flatten()
            .map(|size| usize::from(size.ws_col))
    };
    said.or_else(terminal)
        .filter(|&columns| columns > 0)
        .unwrap_or(USUAL)
        .clamp(LEAST, MOST)
}
