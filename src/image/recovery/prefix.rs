//! What builders put before a command: the shell, `#(nop)`, and build arguments.

use super::{Pattern, analysed, go_format, pattern};
use crate::image::ImageConfig;
use crate::image::instruction::{Instruction, Keyword};

/// The shells of shell-form instructions, as the builders join them with blanks.
const DEFAULT_SHELLS: [&str; 2] = ["/bin/sh -c", "cmd /S /C"];

/// The longest shell of a `SHELL` instruction that is remembered.
const LONGEST_SHELL: usize = 4096;

/// Which shells stand before commands at this point of a history.
pub(super) struct Shells {
    /// The shell of the last `SHELL` instruction seen.
    current: Option<String>,
    /// The shell the image ends with, in parts and joined.
    last: Vec<String>,
    last_joined: String,
}

impl Shells {
    pub(super) fn new(config: &ImageConfig) -> Self {
        Self {
            current: None,
            last: config.shell.clone(),
            last_joined: config.shell.join(" "),
        }
    }

    /// Remembers the shell a `SHELL` instruction sets for the entries after it.
    pub(super) fn observe(&mut self, instruction: &Instruction) {
        if instruction.keyword != Keyword::Shell || instruction.text.len() > LONGEST_SHELL {
            return;
        }
        let operand = instruction.text.trim_start_matches(Keyword::Shell.as_str());
        if let Ok(words) = serde_json::from_str::<Vec<String>>(operand) {
            self.current = Some(words.join(" "));
        }
    }

    /// Returns the command without the shell before it.
    pub(super) fn strip<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.known().find_map(|shell| after_shell(text, shell))
    }

    /// Splits a text at the first shell in it: what is before, and the command.
    fn split<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str)> {
        self.known()
            .filter_map(|shell| {
                let (before, _) = text.split_once(&format!(" {shell} "))?;
                let (_, command) = text.split_at(before.len() + shell.len() + 2);
                Some((before, command))
            })
            .min_by_key(|(before, _)| before.len())
    }

    /// Writes the words of a `SHELL` instruction that lost the borders between them as JSON.
    pub(super) fn rebuild(&self, joined: &str) -> String {
        if joined == self.last_joined {
            return go_format::json(&self.last);
        }
        let words: Vec<&str> = joined.split(' ').collect();
        match words.as_slice() {
            // PowerShell takes its preamble as one argument after `-Command`.
            [shell, option, _, ..] if option.eq_ignore_ascii_case("-command") => {
                let (_, preamble) = joined.split_at(shell.len() + option.len() + 2);
                go_format::json(&[*shell, *option, preamble])
            }
            words => go_format::json(words),
        }
    }

    fn known(&self) -> impl Iterator<Item = &str> {
        let custom = self.current.as_deref().unwrap_or(&self.last_joined);
        Some(custom)
            .filter(|shell| !shell.is_empty())
            .into_iter()
            .chain(DEFAULT_SHELLS)
    }
}

fn after_shell<'a>(text: &'a str, shell: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(shell)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix(' ')
}

/// The marker of instructions that run nothing.
const NOP: &str = "#(nop) ";

/// Returns the instruction behind `<shell> #(nop) `, the classic builder's way to record one that runs
/// nothing (moby, daemon/builder/dockerfile/internals.go).
pub(super) fn without_nop<'a>(text: &'a str, shells: &Shells) -> Option<&'a str> {
    let after = if let Some(rest) = shells.strip(text) {
        rest.strip_prefix(NOP)?
    } else {
        // A shell set by an instruction this history does not hold.
        let (shell, after) = text.split_once(NOP)?;
        let is_shell = shell.len() <= LONGEST_SHELL && Keyword::of(text) == Keyword::Other;
        is_shell.then_some(after)?
    };
    let instruction = after.trim_start();
    (Keyword::of(instruction) != Keyword::Other).then_some(instruction)
}

static COUNT: Pattern = Pattern::new(|| pattern(r"\A\|([0-9]{1,4}) "));
static NAME: Pattern = Pattern::new(|| pattern(r"(?:\A| )([A-Za-z_][A-Za-z0-9_]*)="));

/// Returns whether a text begins with a count of build arguments.
pub(super) fn has_argument_count(text: &str) -> bool {
    COUNT.is_match(text)
}

/// Splits `|N NAME=value … <command>`, in which values are neither quoted nor escaped.
///
/// Values may hold blanks, so the end of the last one is where a known shell begins; without a shell (the
/// exec form) values are taken to hold none.
pub(super) fn split_arguments<'a>(
    text: &'a str,
    shells: &Shells,
) -> Option<(Vec<(String, String)>, Command<'a>)> {
    let count = COUNT.captures(text)?;
    let expected: usize = count.get(1)?.as_str().parse().ok()?;
    let (_, rest) = text.split_at(count.get(0)?.end());
    if expected == 0 {
        return Some((Vec::new(), Command::of(rest, shells)));
    }
    let starts = argument_starts(rest, expected)?;
    let last = *starts.last()?;
    let (earlier, tail) = rest.split_at(last);
    let (value, command) = match shells.split(tail) {
        Some((value, command)) => (value, Command::Shell(command)),
        None => tail
            .split_once(' ')
            .map_or((tail, Command::Exec("")), |(value, command)| {
                (value, Command::Exec(command))
            }),
    };
    let (assignments, _) = rest.split_at(earlier.len() + value.len());
    Some((assignments_at(assignments, &starts), command))
}

/// Returns where the first `expected` names begin, if there are so many.
fn argument_starts(text: &str, expected: usize) -> Option<Vec<usize>> {
    let starts: Vec<usize> = NAME
        .captures_iter(analysed(text))
        .filter_map(|found| found.get(1))
        .map(|name| name.start())
        .take(expected)
        .collect();
    (starts.len() == expected && starts.first() == Some(&0)).then_some(starts)
}

fn assignments_at(text: &str, starts: &[usize]) -> Vec<(String, String)> {
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .filter_map(|(&start, end)| text.get(start..end)?.trim_end().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A command and whether a shell ran it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// The shell form; the shell is taken off.
    Shell(&'a str),
    /// The exec form; the borders between its arguments are lost.
    Exec(&'a str),
}

impl<'a> Command<'a> {
    pub(super) fn of(text: &'a str, shells: &Shells) -> Self {
        shells.strip(text).map_or(Self::Exec(text), Self::Shell)
    }

    pub(super) const fn text(self) -> &'a str {
        match self {
            Self::Shell(text) | Self::Exec(text) => text,
        }
    }
}
