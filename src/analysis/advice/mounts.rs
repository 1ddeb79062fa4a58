//! Files that are copied only to be read once, and archives that are stored only to be unpacked.

use super::Advice;
use super::case::Case;
use super::operands::{Located, Operand, is_within, located, resolved};
use super::script::Script;
use super::stored;

/// Tools that read a file with such an ending and leave it as it is: archives first, then what has settings.
const READERS: [(&[&str], &[&str]); 7] = [
    (
        &[
            ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst",
        ],
        &["tar", "bsdtar"],
    ),
    (&[".zip"], &["unzip", "bsdtar"]),
    (&[".deb"], &["dpkg", "apt-get", "apt"]),
    (&[".rpm"], &["rpm", "yum", "dnf", "microdnf", "zypper"]),
    (&[".whl"], &["pip", "pip3"]),
    (
        &["/.npmrc", "/.yarnrc", "/.yarnrc.yml"],
        &["npm", "yarn", "pnpm"],
    ),
    (
        &["/requirements.txt", "/constraints.txt", "/pip.conf"],
        &["pip", "pip3"],
    ),
];

/// How many of them are archives.
const ARCHIVES: usize = 5;

/// Sub-commands that run what is not known, or write where they should read.
const RUNNERS: [&str; 10] = [
    "run",
    "exec",
    "start",
    "test",
    "build",
    "config",
    "login",
    "set",
    "--remove-files",
    "-u",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let place = case.plain_place()?;
    if !case.is_deleted() || case.group.count != 1 || !case.creator.is_copy() {
        return None;
    }
    let (kind, (_, tools)) = READERS
        .iter()
        .enumerate()
        .find(|(_, (endings, _))| endings.iter().any(|ending| place.ends_with(ending)))?;
    let readers = readers(case, &place, tools)?;
    let rule = if kind < ARCHIVES {
        "copied-archive"
    } else {
        "copied-then-deleted"
    };
    let is_fetched = case
        .creator
        .copied()
        .is_some_and(|copied| copied.sources.iter().any(|source| source.contains(':')));
    if !case.creator.knows_mounts() {
        return None;
    }
    let goal = if is_fetched {
        "fetch it in a build stage, mount it where it is read: RUN --mount=…"
    } else {
        "mount it where it is read, without the rm: RUN --mount=type=bind,…"
    };
    let advice = Advice::new(rule, goal);
    let edit = (readers == [case.destroyer.entry()]).then(|| mounted(case, &advice, &place));
    Some(edit.flatten().unwrap_or(advice))
}

/// Returns the places in the history of the `RUN`s that read the file; `None` where anything else might use it, or
/// nothing does.
fn readers(case: &Case<'_>, place: &str, tools: &[&str]) -> Option<Vec<Option<usize>>> {
    let path = place.strip_prefix('/')?;
    let mut readers = Vec::new();
    for run in case.later_runs()? {
        let script = run.script().filter(Script::is_chain)?;
        let calls = located(&script, run.directory());
        let mut uses = calls
            .iter()
            .filter(|call| !case.ignores(call, path) && !removes(call, path));
        let reads = |call: &Located<'_, '_>| {
            let is_tool = call.call.tool().is_some_and(|tool| tools.contains(&tool));
            is_tool
                && call.call.exact().is_some()
                && !RUNNERS.iter().any(|word| call.call.has(word))
        };
        let count = uses.clone().count();
        if !uses.all(reads) {
            return None;
        }
        if count > 0 {
            readers.push(run.entry());
        }
    }
    (!readers.is_empty()).then_some(readers)
}

fn removes(call: &Located<'_, '_>, path: &str) -> bool {
    let operands = call.operands().unwrap_or_default();
    call.removes() && operands.iter().any(|operand| operand.covers(path))
}

/// One local source, read and removed by one `RUN` that removes nothing else with it.
fn mounted(case: &Case<'_>, advice: &Advice, place: &str) -> Option<Advice> {
    let path = place.strip_prefix('/')?;
    let copied = case.creator.copied()?;
    let source = copied
        .only_source()
        .filter(|source| copied.flags.is_empty() && !source.ends_with('/'))?;
    let target = resolved(case.creator.directory().as_deref(), copied.target)?;
    let name = source.rsplit('/').next()?;
    let is_meant = target == path || resolved(Some(&target), name)? == path;
    let (creator, _) = case.trees();
    if !is_meant || stored::entries(creator).count() != 1 {
        return None;
    }
    let script = case.destroyer.script()?;
    let calls = located(&script, case.destroyer.directory());
    let removals: Vec<&str> = calls
        .iter()
        .filter(|call| removes(call, path))
        .filter(|call| {
            let operands = call.operands().unwrap_or_default();
            operands
                .iter()
                .all(|operand| matches!(operand, Operand::Path(own) if is_within(own, path)))
        })
        .map(|call| call.call.text())
        .collect();
    let all = calls.iter().filter(|call| removes(call, path)).count();
    if removals.len() != all || all == 0 {
        return None;
    }
    let rest = script.without(|call| removals.contains(&call.text()))?;
    let before = [case.creator.line()?, case.destroyer.line()?];
    let after = format!("RUN --mount=type=bind,source={source},target={place} {rest}");
    Some(advice.clone().rewrite(&before, [after]))
}
