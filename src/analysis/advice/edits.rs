//! Small edits of large files that were copied: a single byte stores the whole file again.

use super::case::Case;
use super::operands::{Located, located};
use super::script::{Script, Word};
use super::{Advice, Effect};
use crate::analysis::WasteCause;

/// Tools whose work `COPY` carries along: it is in the data, the mode or the time.
const EDITORS: [&str; 5] = ["strip", "touch", "patchelf", "upx", "sed"];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if !is_rewritten(case) || !case.creator.is_copy() || !case.is_idle_between() {
        return None;
    }
    let script = case.destroyer.script().filter(Script::is_chain)?;
    let calls = located(&script, case.destroyer.directory());
    let place = std::str::from_utf8(&case.place).ok()?;
    let paths = case.paths()?;
    let edits =
        |call: &Located<'_, '_>| is_editor(call) && paths.iter().all(|path| covers(call, path));
    // Whatever else the RUN does must not have seen the file as it was.
    let is_certain = calls
        .iter()
        .all(|call| edits(call) || case.ignores(call, place));
    let tool = calls.iter().find(|call| edits(call))?.call.tool()?;
    let goal = format!("{tool} it before it is copied: in the context or a build stage");
    is_certain.then(|| Advice::new("edited-later", goal).with(Effect::finished()))
}

pub(super) fn is_rewritten(case: &Case<'_>) -> bool {
    matches!(
        case.group.cause,
        WasteCause::MetadataOnly | WasteCause::Overwritten | WasteCause::Identical
    )
}

fn covers(call: &Located<'_, '_>, path: &str) -> bool {
    let operands = call.operands().unwrap_or_default();
    operands.iter().any(|operand| operand.covers(path))
}

/// Returns whether a call edits what it names, reads nothing else, and every word of it means the same elsewhere.
fn is_editor(call: &Located<'_, '_>) -> bool {
    let is_editor = call.call.tool().is_some_and(|tool| EDITORS.contains(&tool));
    let is_in_place = call.call.tool() != Some("sed")
        || call
            .call
            .words()
            .any(|word| matches!(word, "-i" | "--in-place"));
    let is_certain = call
        .call
        .exact()
        .is_some_and(|mut words| words.all(|word| word != Word::Unknown));
    // `touch -r` reads a time, `strip -o` does not read what it writes.
    let is_alone = !call.call.has("-r") && !call.call.has("-o") && call.is_frank();
    is_editor && is_in_place && is_certain && is_alone
}
