//! Small edits of large files: a single byte or attribute stores the whole file again.

use super::Advice;
use super::case::Case;
use super::script::Call;
use crate::analysis::WasteCause;

const EDITORS: [&str; 9] = [
    "setcap", "strip", "touch", "patchelf", "chattr", "setfattr", "setfacl", "upx", "sed",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let is_rewritten = matches!(
        case.group.cause,
        WasteCause::MetadataOnly | WasteCause::Overwritten | WasteCause::Identical
    );
    let script = case.destroyer.commands().filter(|_| is_rewritten)?;
    let call = script.calls().iter().find(|call| edits(case, call))?;
    let tool = call.tool()?;
    let goal = if case.creator.is_copy() {
        format!("{tool} it before it is copied: in the context or a build stage")
    } else if case.creator.is_run() {
        format!("{tool} it in the RUN that stores it, not in a later one")
    } else {
        return None;
    };
    Some(Advice::new("edited-later", goal))
}

/// Returns whether a call edits what the group is about, by its absolute path.
fn edits(case: &Case<'_>, call: &Call<'_>) -> bool {
    let is_editor = call.tool().is_some_and(|tool| EDITORS.contains(&tool));
    let is_in_place = call.tool() != Some("sed")
        || call
            .words()
            .any(|word| word.starts_with("-i") || word.starts_with("--in-place"));
    is_editor && is_in_place && call.operands().any(|operand| case.is_within(operand))
}
