//! What one `RUN` stores and a later one deletes, changes or makes anew: one `RUN` would store the result alone.

use super::case::{Case, Maker};
use super::edits::is_rewritten;
use super::operands::located;
use super::script::Script;
use super::{Advice, Effect};
use crate::analysis::WasteCause;
use crate::path::ImagePath;

/// What package managers write anew with every call.
const DATABASES: [&str; 13] = [
    "var/lib/dpkg",
    "var/lib/apt",
    "var/cache/debconf",
    "var/log/dpkg.log",
    "var/log/apt",
    "var/lib/rpm",
    "usr/lib/sysimage",
    "usr/share/rpm",
    "var/lib/dnf",
    "lib/apk",
    "usr/lib/apk",
    "etc/ld.so.cache",
    "var/cache/ldconfig",
];

const MANAGERS: [&str; 10] = [
    "apt-get", "apt", "dpkg", "apk", "yum", "dnf", "microdnf", "zypper", "rpm", "pacman",
];

/// Sub-commands that take packages away.
const REMOVALS: [&str; 8] = [
    "purge",
    "remove",
    "autoremove",
    "del",
    "erase",
    "rm",
    "-e",
    "-Rns",
];

/// Tools that change one thing about a file.
const CHANGERS: [&str; 11] = [
    "chown", "chmod", "setcap", "strip", "touch", "patchelf", "chattr", "setfattr", "setfacl",
    "upx", "sed",
];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let (rule, goal) = rule(case);
    one(case, rule, &goal)
}

/// Returns the advice to put everything from the creator to the destroyer into one `RUN`, where that changes
/// nothing: with the line, where every one of them can be put behind the other.
pub(super) fn one(case: &Case<'_>, rule: &'static str, goal: &str) -> Option<Advice> {
    let runs = case.runs()?;
    // What one of them starts would not have ended when the next one begins.
    let leaves_running = |run: &Maker<'_>| run.commands().is_none_or(|run| run.leaves_running());
    if runs.split_last()?.1.iter().any(leaves_running) {
        return None;
    }
    let goal = match runs.len() {
        2 => goal.to_owned(),
        _ => format!("{goal}, with all between"),
    };
    let advice = Advice::new(rule, goal).with(Effect::Joined);
    let lines: Option<Vec<&str>> = runs.iter().map(|run| run.line()).collect();
    Some(match lines.zip(joined(&runs)) {
        Some((lines, joined)) => advice.rewrite(&lines, [format!("RUN {joined}")]),
        None => advice,
    })
}

fn joined(runs: &[Maker<'_>]) -> Option<String> {
    let (first, rest) = runs.split_first()?;
    let mut line = first.script()?.text().to_owned();
    for run in rest {
        let next = run.script()?;
        line = Script::new(&line).joined(&next)?;
    }
    Some(line)
}

fn rule(case: &Case<'_>) -> (&'static str, String) {
    let is_managed = manages(case.creator);
    if is_managed && manages(case.destroyer) && is_database(case) && is_rewritten(case) {
        let goal = "install in one RUN: each one writes the database anew";
        return ("package-database", goal.into());
    }
    if is_managed && case.is_deleted() && removes_packages(case.destroyer) {
        return (
            "build-packages",
            "install, use and remove build packages in one RUN".into(),
        );
    }
    if let Some(tool) = changer(case) {
        let is_owner = matches!(tool, "chown" | "chmod");
        let rule = if is_owner {
            "made-then-owned"
        } else {
            "edited-later"
        };
        return (rule, format!("make it and {tool} it in one RUN"));
    }
    match case.group.cause {
        WasteCause::Deleted | WasteCause::DeletedDir if moves(case) => {
            ("moved", "make it and move it in one RUN".into())
        }
        WasteCause::Deleted | WasteCause::DeletedDir => (
            "deleted-later",
            "make it, use it and delete it in one RUN".into(),
        ),
        WasteCause::Identical => (
            "stored-again",
            "do both in one RUN: nothing changes in between".into(),
        ),
        _ => (
            "made-anew",
            "do both in one RUN, which stores the final one alone".into(),
        ),
    }
}

fn is_database(case: &Case<'_>) -> bool {
    let Some(place) = ImagePath::new(&case.place) else {
        return false;
    };
    let mut databases = DATABASES
        .iter()
        .filter_map(|path| ImagePath::new(path.as_bytes()));
    databases.any(|path| place.is_within(path))
}

fn manages(maker: Maker<'_>) -> bool {
    maker
        .commands()
        .is_some_and(|script| script.call(&MANAGERS).is_some())
}

fn removes_packages(maker: Maker<'_>) -> bool {
    maker.commands().is_some_and(|script| {
        script.calls().iter().any(|call| {
            let is_manager = call.tool().is_some_and(|tool| MANAGERS.contains(&tool));
            is_manager && REMOVALS.iter().any(|word| call.has(word))
        })
    })
}

fn moves(case: &Case<'_>) -> bool {
    tool_on(case, &["mv"]).is_some()
}

/// Returns the tool of the destroyer that changes one thing about the group.
fn changer<'a>(case: &Case<'a>) -> Option<&'a str> {
    is_rewritten(case)
        .then(|| tool_on(case, &CHANGERS))
        .flatten()
}

/// Returns the first of some tools of the destroyer that is given the group's place.
fn tool_on<'a>(case: &Case<'a>, tools: &[&str]) -> Option<&'a str> {
    let script = case.destroyer.commands()?;
    let place = std::str::from_utf8(&case.place).ok()?;
    let calls = located(&script, case.destroyer.directory());
    calls.iter().find_map(|call| {
        let tool = call.call.tool().filter(|tool| tools.contains(tool))?;
        let operands = call.operands()?;
        operands.iter().any(|one| one.covers(place)).then_some(tool)
    })
}
