//! What was copied although nothing sees it.

use super::Advice;
use super::case::Case;
use super::operands::located;
use super::script::Script;
use super::stored;
use crate::layer::EntryKind;

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    if !case.creator.is_copy() || !case.is_idle_between() {
        return None;
    }
    if case.destroyer.is_copy() {
        let goal = "the later COPY brings it anyway: leave it out of this one";
        return Some(Advice::new("copied-twice", goal));
    }
    let goal = match (case.is_destroyer_tolerant(), is_all_copied(case)) {
        (true, _) => "nothing uses it before it is deleted: leave it out",
        (false, true) => "nothing uses it before it is deleted: leave it out, and the rm too",
        (false, false) => return None,
    };
    (case.is_deleted() && is_only_removed(case)).then(|| Advice::new("copied-then-deleted", goal))
}

/// Returns whether the `RUN` removes nothing but what the `COPY` made.
fn is_all_copied(case: &Case<'_>) -> bool {
    let (created, destroyed) = (case.group.created_in, case.group.destroyed_in);
    let mut removed = stored::of_kind(case, destroyed, EntryKind::Whiteout);
    removed.all(|(_, path)| {
        !stored::was_there(case, path, created) && case.analysis.tree.at(path, created).is_some()
    })
}

/// Returns whether the `RUN` has not looked at what it deletes, and has where to work without it.
fn is_only_removed(case: &Case<'_>) -> bool {
    let script = case.destroyer.script().filter(Script::is_chain);
    let place = std::str::from_utf8(&case.place).ok();
    let place = place.filter(|place| !is_for_all(place));
    script.zip(place).is_some_and(|(script, place)| {
        let calls = located(&script, case.destroyer.directory());
        calls.iter().all(|call| {
            call.removes() || (case.ignores(call, place) && !stored::leans_on(case, call, place))
        })
    })
}

/// Returns whether a place holds what every `RUN` needs, named or not: a shell, programs and their libraries.
fn is_for_all(place: &str) -> bool {
    let rest = place.strip_prefix("usr").unwrap_or(place);
    let rest = rest.trim_start_matches('/');
    let first = rest.split('/').next().unwrap_or_default();
    first.is_empty() || first.starts_with("lib") || matches!(first, "bin" | "sbin" | "local")
}
