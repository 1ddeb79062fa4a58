//! From a builder's record of a Dockerfile instruction back to the instruction.

use super::prefix::{Command, Shells, has_argument_count, split_arguments, without_nop};
use super::{ANALYSED_BYTES, Pattern, builder, copied, go_format, is_blank, one_line, pattern};
use crate::image::instruction::{Builder, Instruction, Keyword};

/// Recovers an instruction that came from a Dockerfile.
pub(super) fn dockerfile(builder: Builder, recorded: &str, shells: &Shells) -> Instruction {
    let text = recorded.trim_start_matches(is_blank);
    let text = match text.trim_end_matches(is_blank).strip_suffix(" # buildkit") {
        Some(text) => text,
        None => text,
    };
    if let Some(instruction) = without_nop(text, shells) {
        return simple(builder, instruction, recorded, shells);
    }
    match (builder, text.strip_prefix("RUN ")) {
        // kaniko records the line of the Dockerfile itself.
        (Builder::Kaniko, _) => simple(builder, text, recorded, shells),
        (_, Some(command)) => run(builder, command, recorded, shells),
        _ if Keyword::of(text) != Keyword::Other => simple(builder, text, recorded, shells),
        (Builder::Unknown | Builder::Crane | Builder::BuildKit, _) => Instruction::new(
            builder,
            text.trim_end_matches(is_blank).to_owned(),
            recorded,
        ),
        _ => run(builder, text, recorded, shells),
    }
}

/// Recovers a `RUN` from what follows the keyword, or from the bare command.
fn run(builder: Builder, text: &str, recorded: &str, shells: &Shells) -> Instruction {
    let (arguments, command) = has_argument_count(text)
        .then(|| split_arguments(text, shells))
        .flatten()
        .unwrap_or_else(|| (Vec::new(), Command::of(text, shells)));
    let mut instruction = Instruction::new(builder, run_text(builder, command), recorded);
    instruction.arguments = arguments;
    if builder == Builder::RedHat && builder::is_squash_marker(recorded.trim()) {
        "RED HAT build (squashed)".clone_into(&mut instruction.line);
    }
    instruction
}

/// What a `SHELL ["powershell", "-Command", "$ErrorActionPreference = 'Stop'; …"]` puts before a command.
static POWERSHELL: Pattern = Pattern::new(|| {
    pattern(
        r"(?i)\A(?:powershell|pwsh)(?:\.exe)? +-Command +(?:\$(?:ErrorAction|Progress|Verbose|Warning|Debug)Preference *= *'[A-Za-z]{1,32}' *; *)+",
    )
});

fn run_text(builder: Builder, command: Command<'_>) -> String {
    let body = command.text();
    let text = body.trim_matches(is_blank);
    if let Some(name) = text.strip_prefix("/dev/pipes/")
        && !name.contains(is_blank)
    {
        // A here-document with `#!` runs as a file that is mounted for the time of the command
        // (BuildKit, convert.go, `dispatchRun`); its text is not recorded.
        return format!("RUN <<{name}");
    }
    let is_shell = matches!(command, Command::Shell(_));
    if builder == Builder::BuildKit && is_shell && body.ends_with('\n') && !text.contains("<<") {
        // The frontend joins continued lines, so line breaks come from a here-document.
        let delimiter = if text.lines().any(|line| line == "EOF") {
            "SCRIPT"
        } else {
            "EOF"
        };
        let body = body.trim_matches('\n');
        return format!("RUN <<{delimiter}\n{body}\n{delimiter}");
    }
    let preamble = POWERSHELL.find(text).map_or(0, |found| found.end());
    let (_, text) = text.split_at(preamble);
    format!("RUN {text}")
}

/// Recovers an instruction other than `RUN`.
fn simple(builder: Builder, text: &str, recorded: &str, shells: &Shells) -> Instruction {
    let keyword = Keyword::of(text);
    let rewritten = (text.len() <= ANALYSED_BYTES)
        .then(|| rewrite(builder, keyword, text, shells))
        .flatten()
        .unwrap_or_else(|| text.trim_matches(is_blank).to_owned());
    let mut instruction = Instruction::new(builder, rewritten, recorded);
    if keyword == Keyword::Add
        && let Some(line) = copied::alpine(&instruction.line)
    {
        instruction.line = one_line(&line);
    }
    instruction
}

fn rewrite(builder: Builder, keyword: Keyword, text: &str, shells: &Shells) -> Option<String> {
    let operand = text.strip_prefix(keyword.as_str())?.trim_matches(is_blank);
    let operand = match keyword {
        Keyword::Copy | Keyword::Add => return copied::rewrite(text, builder),
        Keyword::Cmd | Keyword::Entrypoint => words(operand)?,
        Keyword::Shell => shell(operand, shells),
        Keyword::Expose | Keyword::Volume | Keyword::User | Keyword::StopSignal => {
            bare_words(operand)?
        }
        Keyword::Healthcheck => go_format::health_check(operand)?,
        _ => return None,
    };
    Some(format!("{} {operand}", keyword.as_str()))
}

/// Very old engines printed a pointer to a structure around the list: `&{["/x"]}`.
fn words(operand: &str) -> Option<String> {
    let list = operand
        .strip_prefix("&{")
        .and_then(|inner| inner.strip_suffix('}'))
        .unwrap_or(operand);
    Some(go_format::json(&go_format::list(list)?))
}

fn shell(operand: &str, shells: &Shells) -> String {
    if let Some(words) = go_format::list(operand) {
        return go_format::json(&words);
    }
    let joined = go_format::bracketed(operand).unwrap_or_else(|| operand.to_owned());
    shells.rebuild(&joined)
}

/// A list of words without blanks needs no brackets; one with blanks is shown as the list it is.
fn bare_words(operand: &str) -> Option<String> {
    match go_format::list(operand) {
        Some(words) if words.iter().any(|word| word.contains(is_blank)) => {
            Some(go_format::json(&words))
        }
        Some(words) => Some(words.join(" ")),
        None => go_format::bracketed(operand),
    }
}
