//! `layerscope extract`: the command around [`crate::extract`].

use std::ffi::OsStr;

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

/// What is to be extracted, and how.
pub(crate) struct Extraction<'a> {
    paths: Vec<&'a OsStr>,
    how: Options,
    options: &'a Common,
}

impl<'a> Extraction<'a> {
    /// Returns what the arguments ask for.
    ///
    /// # Errors
    /// [`Error::Usage`] without `-o`: writing into the working directory is nothing to do unasked.
    pub(crate) fn of(
        arguments: &ExtractArguments,
        paths: Vec<&'a OsStr>,
        options: &'a Common,
    ) -> Result<Self> {
        let directory = options.output.clone().ok_or_else(|| Error::Usage {
            reason: "no directory to extract to is given".into(),
            advice: "name one with -o: layerscope extract IMAGE PATH -o DIR".into(),
        })?;
        let how = Options {
            directory,
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
        Ok(Self {
            paths,
            how,
            options,
        })
    }

    /// Writes the paths below the directory and says on standard error what was done. Files that were left out because
    /// they are damaged are no success, unless that was said to be good enough.
    ///
    /// # Errors
    /// Those of [`crate::extract::extract`], and [`Error::NoSuchPath`].
    pub(crate) fn run(&self, analysis: &Analysis, job: &Job) -> Result<Exit> {
        let view = lookup::union(analysis, self.options.layer)?;
        let starts = self.paths.iter();
        let starts = starts.map(|raw| lookup::start(analysis, view, raw));
        let starts = starts.collect::<Result<Vec<_>>>()?;
        let done = crate::extract::extract(analysis, view, &starts, &self.how, job)?;
        if !self.options.quiet {
            self.tell(&done);
        }
        if done.damaged == 0 || self.options.gate.allow_incomplete {
            return Ok(Exit::Success);
        }
        Ok(Exit::Trouble)
    }

    fn tell(&self, done: &Extracted) {
        let units = if self.options.si {
            Units::Si
        } else {
            Units::Iec
        };
        let shown = if self.options.verbose {
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
        output::remark(&done.sentence(&self.how.directory, units));
    }
}
