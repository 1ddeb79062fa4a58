//! `layerscope extract`: the command around [`crate::extract`].

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::analysis::Analysis;
use crate::error::{Error, Result};
use crate::extract::{Devices, Extracted, Options, Owner, Privileges};
use crate::progress::Job;
use crate::units::Units;

use super::arguments::ExtractArguments;
use super::options::Common;
use super::{Exit, lookup, output};

/// Remarks listed unless all are asked for.
const FEW_REMARKS: usize = 10;

/// Returns the directory to write to.
///
/// # Errors
/// [`Error::Usage`] without `-o`: writing into the working directory is nothing to do unasked.
pub(crate) fn directory(common: &Common) -> Result<PathBuf> {
    common.output.clone().ok_or_else(|| Error::Usage {
        reason: "no directory to extract to is given".into(),
        advice: "name one with -o: layerscope extract IMAGE PATH -o DIR".into(),
    })
}

/// Writes the paths below the directory and says on standard error what was done. Files that were left out
/// because they are damaged are no success, unless that was said to be good enough.
///
/// # Errors
/// Those of [`crate::extract::extract`], and [`Error::NoSuchPath`].
pub(crate) fn run(
    analysis: &Analysis,
    arguments: &ExtractArguments,
    (paths, directory): (&[&OsStr], &Path),
    common: &Common,
    job: &Job,
) -> Result<Exit> {
    let view = lookup::union(analysis, common.layer)?;
    let mut starts = Vec::new();
    for raw in paths {
        starts.push(lookup::start(analysis, view, raw)?);
    }
    let options = Options {
        directory: directory.to_owned(),
        owner: if arguments.no_owner {
            Owner::Process
        } else {
            Owner::Image
        },
        devices: if arguments.devices {
            Devices::Create
        } else {
            Devices::Skip
        },
        privileges: if arguments.privileges {
            Privileges::Keep
        } else {
            Privileges::Drop
        },
    };
    let done = crate::extract::extract(analysis, view, &starts, &options, job)?;
    if !common.quiet {
        tell(&done, directory, common);
    }
    if done.damaged == 0 || common.gate.allow_incomplete {
        return Ok(Exit::Success);
    }
    Ok(Exit::Trouble)
}

fn tell(done: &Extracted, directory: &Path, common: &Common) {
    let units = if common.si { Units::Si } else { Units::Iec };
    let shown = if common.verbose {
        usize::MAX
    } else {
        FEW_REMARKS
    };
    for remark in done.remarks.iter().take(shown) {
        output::warn(remark);
    }
    if let rest @ 1.. = done.remarks.len().saturating_sub(shown) {
        output::warn(&format!("{rest} more like this; -v lists them"));
    }
    output::remark(&done.sentence(directory, units));
}
