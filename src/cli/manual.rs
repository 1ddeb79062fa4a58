//! Completion scripts and the manual page, from the same definition as the help.

use std::collections::BTreeMap;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::error::Result;
use crate::tui::keys::{KeyMap, Preset, document};

use super::arguments::Arguments;
use super::{Exit, output};

/// Writes a completion script.
///
/// # Errors
/// [`Error::Write`](crate::error::Error::Write).
pub(crate) fn write_completions(shell: Shell) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "layerscope", &mut script);
    output::to_stdout(|output| output.write_all(&script))?;
    Ok(Exit::Success)
}

/// Writes the manual page: the program, then each command.
///
/// # Errors
/// [`Error::Write`](crate::error::Error::Write).
pub(crate) fn write_page() -> Result<Exit> {
    output::to_stdout(|output| {
        let command = Arguments::command();
        clap_mangen::Man::new(command.clone()).render(output)?;
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let name = sub.get_name().to_uppercase();
            writeln!(output, ".SH \"COMMAND {name}\"")?;
            let man = clap_mangen::Man::new(sub.clone());
            man.render_description_section(output)?;
            man.render_synopsis_section(output)?;
        }
        output.write_all(keys().as_bytes())
    })?;
    Ok(Exit::Success)
}

/// Returns the section about keys, those of no configuration.
fn keys() -> String {
    KeyMap::new(Preset::Default, &BTreeMap::new())
        .map(|keys| document::roff(&keys))
        .unwrap_or_default()
}
