//! What is moved after it was stored: the old place costs as much as the new one.

use super::Advice;
use super::case::{Case, is_plain_word};
use crate::analysis::WasteCause;
use crate::image::instruction::Keyword;

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let is_deleted = matches!(
        case.group.cause,
        WasteCause::Deleted | WasteCause::DeletedDir
    );
    let script = case.destroyer.commands().filter(|_| is_deleted)?;
    script.calls().iter().find(|call| {
        let from = call.operands().next().unwrap_or_default();
        call.tool() == Some("mv") && case.is_within(from)
    })?;
    let goal = if case.creator.is_copy() {
        "copy it to its final place at once, without the mv"
    } else {
        "move it in the RUN that stores it, not in a later one"
    };
    let advice = Advice::new("moved", goal);
    Some(copied(case, &advice).unwrap_or(advice))
}

/// The `RUN` does nothing but move what the `COPY` wrote.
fn copied(case: &Case<'_>, advice: &Advice) -> Option<Advice> {
    let script = case.destroyer.script()?;
    let call = script.only_call()?;
    let words: Vec<&str> = call.words().skip(1).collect();
    let [from, to] = words.as_slice() else {
        return None;
    };
    let mut copied = case.creator.copied()?;
    let is_certain = is_plain_word(to)
        && to.starts_with('/')
        && copied.sources.len() == 1
        && copied.target.trim_end_matches('/') == from.trim_end_matches('/')
        && case.is_only_victim();
    if !is_certain || case.creator.keyword() != Keyword::Copy {
        return None;
    }
    let before = [case.creator.line()?, case.destroyer.line()?];
    copied.target = to;
    let words = copied.flags.iter().chain(&copied.sources);
    let words: Vec<&str> = words.copied().chain([copied.target]).collect();
    let after = format!("COPY {}", words.join(" "));
    Some(advice.clone().rewrite(&before, [after]))
}
