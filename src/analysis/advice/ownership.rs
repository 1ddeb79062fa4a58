//! Owners and modes set by a later `RUN`, which stores every file again.

use super::Advice;
use super::case::{Case, is_plain_word};
use super::script::Call;
use crate::analysis::WasteCause;
use crate::image::instruction::Keyword;

/// `chown` or `chmod` with what it sets and where.
#[derive(Debug)]
struct Setter<'a> {
    tool: &'a str,
    value: &'a str,
    targets: Vec<&'a str>,
}

impl<'a> Setter<'a> {
    /// Reads a call whose options are no more than `-R` and how much it tells.
    fn of(call: &Call<'a>) -> Option<Self> {
        let tool = call
            .tool()
            .filter(|tool| matches!(*tool, "chown" | "chmod"))?;
        let is_known = |word: &str| matches!(word, "-R" | "--recursive" | "-v" | "-c" | "-f");
        let words: Vec<&str> = call
            .words()
            .skip(1)
            .filter(|word| !is_known(word))
            .collect();
        let (&value, targets) = words.split_first()?;
        let is_odd = value.starts_with('-') || targets.is_empty();
        (!is_odd).then(|| Self {
            tool,
            value,
            targets: targets.to_vec(),
        })
    }

    const fn flag(&self) -> &'static str {
        match self.tool.as_bytes() {
            b"chown" => "--chown",
            _ => "--chmod",
        }
    }

    /// Returns what `COPY` can be told; modes only as numbers, which mean the same for files and directories.
    fn copy_value(&self) -> Option<&'a str> {
        let is_number = self.value.bytes().all(|byte| byte.is_ascii_digit());
        let is_fit = is_plain_word(self.value) && (self.tool == "chown" || is_number);
        is_fit.then_some(self.value)
    }
}

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if case.group.cause != WasteCause::MetadataOnly {
        return None;
    }
    let script = case.destroyer.commands()?;
    let calls = || script.calls().iter().filter_map(Setter::of);
    // Where a path is relative only the waste itself tells that it was meant.
    let setter = calls()
        .find(|setter| setter.targets.iter().any(|target| case.is_within(target)))
        .or_else(|| calls().next())?;
    let advice = if case.creator.is_copy() {
        let value = setter.copy_value().unwrap_or("…");
        Advice::new(
            "copied-then-owned",
            format!("set it while copying: COPY {}={value}", setter.flag()),
        )
    } else if case.creator.is_run() {
        Advice::new(
            "made-then-owned",
            format!(
                "{} it in the RUN that makes it, not in a later one",
                setter.tool
            ),
        )
    } else {
        return None;
    };
    Some(
        copied(case, &advice)
            .or_else(|| made(case, &advice))
            .unwrap_or(advice),
    )
}

/// A `COPY` of one thing, and a `RUN` that sets nothing but that.
fn copied(case: &Case<'_>, advice: &Advice) -> Option<Advice> {
    let script = case.destroyer.script()?;
    let setter = Setter::of(script.only_call()?)?;
    let copied = case.creator.copied()?;
    let [target] = setter.targets.as_slice() else {
        return None;
    };
    let is_certain = copied.writes(target)
        && case.creator.keyword() == Keyword::Copy
        && !copied.has_flag(setter.flag())
        && case.is_only_victim();
    if !is_certain {
        return None;
    }
    let flag = format!("{}={}", setter.flag(), setter.copy_value()?);
    let before = [case.creator.line()?, case.destroyer.line()?];
    Some(
        advice
            .clone()
            .rewrite(&before, [copied.with(Keyword::Copy, &flag)]),
    )
}

/// A `RUN` that sets nothing but what one other `RUN` made.
fn made(case: &Case<'_>, advice: &Advice) -> Option<Advice> {
    let script = case.destroyer.script()?;
    let setter = Setter::of(script.only_call()?)?;
    let is_absolute = setter
        .targets
        .iter()
        .all(|target| target.starts_with('/') && case.is_within(target));
    if !is_absolute || !case.is_only_victim() {
        return None;
    }
    let after = case.creator.script()?.extended(script.text())?;
    let before = [case.creator.line()?, case.destroyer.line()?];
    Some(advice.clone().rewrite(&before, [format!("RUN {after}")]))
}
