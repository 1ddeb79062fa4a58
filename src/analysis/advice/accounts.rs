//! Logs that are as long as the largest user's number is large.

use super::Advice;
use super::case::Case;

/// What `useradd` makes room in for a user.
const LOGS: [&str; 3] = ["var/log/lastlog", "var/log/faillog", "var/log/tallylog"];

const TOOLS: [&str; 1] = ["useradd"];

pub(super) fn recognise(case: &Case<'_>) -> Option<Advice> {
    let is_log = |path: &String| LOGS.contains(&path.as_str());
    if !case.paths()?.iter().all(is_log) {
        return None;
    }
    let commands = case.creator.commands()?;
    let call = commands.call(&TOOLS)?;
    if call.has("-l") || call.has("--no-log-init") {
        return None;
    }
    let is_quiet = case.is_destroyer_tolerant();
    let goal = if is_quiet {
        "useradd -l (--no-log-init) writes no such log"
    } else {
        "useradd -l (--no-log-init) writes no such log; the rm must go too"
    };
    let advice = Advice::new("user-logs", goal);
    let script = case.creator.script().filter(|_| is_quiet);
    let after = script.and_then(|script| script.with_option(&TOOLS, "useradd", "-l"));
    Some(match after.zip(case.creator.line()) {
        Some((after, line)) => advice.rewrite(&[line], [format!("RUN {after}")]),
        None => advice,
    })
}
