//! The command line: from arguments and configuration to output and an exit code.
//!
//! Nothing to the left of this module knows about arguments, the environment or a terminal.

mod arguments;
mod cat;
mod config_file;
mod dive_ci;
mod escaping;
mod extract;
mod inspect;
mod interactive;
mod list;
mod load_settings;
mod look;
mod lookup;
mod manual;
mod newcomers;
mod onto_input;
mod open;
mod options;
mod output;
mod print_config;
mod progress;
mod request;
mod rule_flags;
mod settings;
mod store;
mod unheeded;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use clap::Parser as _;

use crate::error::{Error, Result, nearest};

use arguments::{Arguments, Command};
use extract::Extraction;
use load_settings::Surroundings;
use options::Common;
use request::Request;
use unheeded::Task;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; with `--ci` every rule holds.
    Success,
    /// A rule does not hold.
    RuleFailed,
    /// The job could not be done.
    Trouble,
    /// Ctrl-C.
    Interrupted,
    /// A signal ended the view.
    Terminated,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::RuleFailed => 1,
            Exit::Trouble => 2,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        })
    }
}

/// Runs the program; the first argument is its own name.
///
/// Data goes to standard output, everything else to standard error. The process is not ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let line: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&line) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is left to tell when this cannot be written.
            error.print().unwrap_or_default();
            if !error.use_stderr() {
                return Exit::Success;
            }
            if let Some(advice) = newcomers::advice(&line) {
                output::advise(advice);
            }
            return Exit::Trouble;
        }
    };
    output::choose_colours(arguments.common.color);
    match dispatch(&arguments) {
        Ok(exit) => exit,
        Err(Error::Interrupted) => Exit::Interrupted,
        Err(error) => {
            output::complain(&error);
            Exit::Trouble
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<Exit> {
    let options = &arguments.common;
    let around = Surroundings::of_process();
    let Some(command) = &arguments.command else {
        return look::at(arguments.image.as_deref(), options, &around);
    };
    if arguments.image.is_some() {
        return Err(Error::Usage {
            reason: "the image stands before the command".into(),
            advice: "write the command first: layerscope ls IMAGE".into(),
        });
    }
    match command {
        Command::Open { image } => look::at(Some(image), options, &around),
        Command::Store { directory } => look::at_stores(directory.as_deref(), options, &around),
        Command::Completions { shell } => manual::write_completions(*shell),
        Command::Man => manual::write_page(),
        Command::Diff { .. } => Err(reserved("diff")),
        Command::Ls { image, path, view } => {
            unheeded::refuse(Task::List, options)?;
            let operands = Operands::of([image, path].into_iter().flatten(), options);
            if operands.paths.len() > 1 {
                return Err(operands.unfit("more than one path is given", "ls IMAGE [PATH]"));
            }
            let request = Request::of_image(operands.image, options)?.without_contents();
            open::with_files(&request, |analysis, _| {
                list::run(analysis, operands.paths.first().copied(), *view, options)
                    .map(|()| Exit::Success)
            })
        }
        Command::Cat { image, path } => {
            unheeded::refuse(Task::Cat, options)?;
            let operands = Operands::of([image, path].into_iter().flatten(), options);
            let [path] = operands.paths.as_slice() else {
                return Err(operands.unfit("not exactly one file is named", "cat IMAGE PATH"));
            };
            let request = Request::of_image(operands.image, options)?;
            open::with_files(&request, |analysis, job| {
                cat::run(analysis, path, options, job).map(|()| Exit::Success)
            })
        }
        Command::Extract(arguments) => {
            unheeded::refuse(Task::Extract, options)?;
            let words = arguments.image.iter().chain(&arguments.paths);
            let operands = Operands::of(words, options);
            if operands.paths.is_empty() {
                return Err(
                    operands.unfit("nothing to extract is named", "extract IMAGE PATH… -o DIR")
                );
            }
            let extraction = Extraction::of(arguments, operands.paths, options)?;
            let request = Request::of_image(operands.image, options)?;
            open::with_files(&request, |analysis, job| extraction.run(analysis, job))
        }
    }
}

/// The words after a command: an image and paths in it, or with `--lower` paths alone.
struct Operands<'a> {
    image: Option<&'a OsStr>,
    paths: Vec<&'a OsStr>,
}

impl<'a> Operands<'a> {
    fn of(words: impl Iterator<Item = &'a OsString>, options: &Common) -> Self {
        let mut words = words.map(OsString::as_os_str);
        Self {
            image: if options.lower.is_some() {
                None
            } else {
                words.next()
            },
            paths: words.collect(),
        }
    }

    fn unfit(&self, reason: &str, usage: &str) -> Error {
        let exception = match self.image {
            None => ", with --lower without IMAGE",
            Some(_) => "",
        };
        Error::Usage {
            reason: reason.into(),
            advice: format!("write layerscope {usage}{exception}"),
        }
    }
}

/// Names kept for later versions, so that no script comes to rely on an image of that name.
fn reserved(name: &str) -> Error {
    Error::Usage {
        reason: format!("this version has no command '{name}'"),
        advice: format!(
            "to read an image of that name, write `layerscope open {name}` or `./{name}`"
        ),
    }
}
