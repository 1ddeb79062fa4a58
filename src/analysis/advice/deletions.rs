//! What one layer stores and a later one deletes or makes anew: what is left when nothing more special fits.

use super::Advice;
use super::case::Case;
use crate::analysis::WasteCause;
use crate::image::instruction::Keyword;

/// Names of directories that a build context should not hold.
const CONTEXT_CLUTTER: [&str; 12] = [
    "node_modules",
    ".git",
    ".svn",
    ".hg",
    ".venv",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    "target",
    "dist",
    "coverage",
    ".terraform",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    clutter(case)
        .or_else(|| deletion(case))
        .or_else(|| anew(case))
}

/// Copied from the build context although a later instruction makes or removes it.
fn clutter(case: &Case<'_>) -> Option<Advice> {
    let mut components = case.place.split(|&byte| byte == b'/');
    let name = components.find_map(|component| {
        let mut known = CONTEXT_CLUTTER.iter();
        known.find(|name| name.as_bytes() == component)
    })?;
    if case.creator.keyword() != Keyword::Copy || !case.destroyer.is_run() {
        return None;
    }
    // From another stage there is no context, and that is not recorded; what begins at the root came from one.
    let copied = case.creator.copied()?;
    if copied.sources.iter().any(|source| source.starts_with('/')) {
        return None;
    }
    Some(Advice::new(
        "build-context",
        format!("leave it out of the build context: {name} in .dockerignore"),
    ))
}

fn deletion(case: &Case<'_>) -> Option<Advice> {
    let is_deleted = matches!(
        case.group.cause,
        WasteCause::Deleted | WasteCause::DeletedDir
    );
    if !is_deleted {
        return None;
    }
    if case.creator.is_copy() {
        let goal = "do not store it: mount it for the RUN that needs it, or .dockerignore";
        return Some(Advice::new("copied-then-deleted", goal));
    }
    let goal = if case.creator.is_run() {
        "delete it in the RUN that makes it, not in a later one"
    } else {
        "leave it out of the layer that stores it"
    };
    case.creator.line().or(case.destroyer.line())?;
    Some(join(case, Advice::new("deleted-later", goal)))
}

/// Hidden, replaced or written again by a later instruction.
fn anew(case: &Case<'_>) -> Option<Advice> {
    let creator = (case.creator.is_run(), case.creator.is_copy());
    let destroyer = (case.destroyer.is_run(), case.destroyer.is_copy());
    let goal = match (creator, destroyer) {
        ((true, _), (true, _)) => "do both in one RUN, or make only the final one",
        ((_, true), (true, _)) => "a RUN makes it anew: do not copy it",
        ((true, _), (_, true)) => "a COPY replaces it: copy first, or do not make it",
        ((_, true), (_, true)) => "two COPYs bring it: leave it out of the first",
        _ => return None,
    };
    Some(join(case, Advice::new("made-anew", goal)))
}

/// Adds one `RUN` in place of two that follow each other.
pub(super) fn join(case: &Case<'_>, advice: Advice) -> Advice {
    let scripts = case.creator.script().zip(case.destroyer.script());
    let lines = case.creator.line().zip(case.destroyer.line());
    let Some(((first, second), (creator, destroyer))) =
        scripts.zip(lines).filter(|_| case.is_next())
    else {
        return advice;
    };
    match first.extended(second.text()) {
        Some(joined) if second.extended("true").is_some() => {
            advice.rewrite(&[creator, destroyer], [format!("RUN {joined}")])
        }
        _ => advice,
    }
}
