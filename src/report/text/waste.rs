//! What is stored for nothing, which two instructions made it so, and what to write instead.

use std::io::{self, Write};

use super::{BOLD, DIMMED, ODD, Place, count, place, title};
use crate::analysis::WasteCause;
use crate::analysis::advice::advise;
use crate::analysis::waste_groups::Group;
use crate::report::Report;
use crate::text::columns::{Cut, flow, left, right, widest};

/// Narrower than this a path says nothing.
const LEAST_PLACE: usize = 16;

/// Groups listed unless told otherwise.
const DEFAULT_TOP: usize = 10;

pub(super) fn write(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let waste = &report.analysis.waste;
    if waste.paths.is_empty() {
        return Ok(());
    }
    let groups = report.analysis.waste_groups();
    let shown = groups.len().min(report.top.unwrap_or(DEFAULT_TOP));
    writeln!(output)?;
    write_causes(report, output)?;
    write_groups(report, &groups[..shown], "  ", output)?;
    let rest: u64 = groups[shown..].iter().map(|group| group.bytes).sum();
    if rest > 0 {
        let more = count(groups.len() - shown, "more", "").replace("mores", "more");
        let size = report.look.units.size(rest);
        let pieces = [
            format!("and {more} with {size};"),
            "--top N lists them".into(),
        ];
        for line in flow(&pieces, " ", report.look.width.saturating_sub(2)) {
            writeln!(output, "  {DIMMED}{line}{DIMMED:#}")?;
        }
    }
    Ok(())
}

fn write_causes(report: &Report<'_>, output: &mut dyn Write) -> io::Result<()> {
    let waste = &report.analysis.waste;
    let mut pieces = vec![format!(
        "Wasted {}:",
        report.look.units.size(waste.total_bytes)
    )];
    let causes = WasteCause::ALL.iter().zip(waste.by_cause);
    pieces.extend(
        causes
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(cause, bytes)| format!("{} {}", cause.as_str(), report.look.units.size(bytes))),
    );
    for line in flow(&pieces, "  ", report.look.width) {
        match line.split_once(':') {
            Some((head, rest)) => writeln!(output, "{BOLD}{head}:{BOLD:#}{rest}")?,
            None => writeln!(output, "{line}")?,
        }
    }
    Ok(())
}

/// Writes up to four lines a group: what, who stored it, who made it useless, what to do about it.
pub(super) fn write_groups(
    report: &Report<'_>,
    groups: &[Group],
    indent: &str,
    output: &mut dyn Write,
) -> io::Result<()> {
    let sizes: Vec<String> = groups
        .iter()
        .map(|group| report.look.units.size(group.bytes))
        .collect();
    let size_width = widest(sizes.iter().map(String::as_str));
    let cause_width = widest(groups.iter().map(|group| group.cause.as_str()));
    for (one, size) in groups.iter().zip(&sizes) {
        let size = right(size, size_width);
        let cause = left(one.cause.as_str(), cause_width);
        let used = indent.len() + size_width + cause_width + 4;
        let what = what(report, one, report.look.width.saturating_sub(used));
        writeln!(output, "{indent}{size}  {ODD}{cause}{ODD:#}  {what}")?;
        write_makers(report, one, indent.len() + size_width + 2, output)?;
    }
    Ok(())
}

fn what(report: &Report<'_>, group: &Group, columns: usize) -> String {
    if group.count == 1 {
        return place(report, group.place, Place::Itself, columns);
    }
    let files = count(group.count, "file", "");
    let room = columns.saturating_sub(files.len() + 3);
    // Where both do not fit, which directory it is says more than how many files.
    if room < LEAST_PLACE {
        return place(report, group.place, Place::Below, columns);
    }
    format!(
        "{} ({files})",
        place(report, group.place, Place::Below, room)
    )
}

fn write_makers(
    report: &Report<'_>,
    group: &Group,
    column: usize,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = vec![("stored by", group.created_in)];
    if group.cause != WasteCause::ShadowedInLayer {
        lines.push((verb(group.cause), group.destroyed_in));
    }
    let last = report
        .analysis
        .image
        .layers
        .len()
        .saturating_sub(1)
        .to_string();
    let verb_width = lines.iter().map(|(verb, _)| verb.len()).max().unwrap_or(0);
    for (verb, layer) in lines {
        let used = column + verb_width + last.len() + 4;
        let title = title(report, layer);
        let title = report
            .look
            .fit(&title, report.look.width.saturating_sub(used), Cut::End);
        let verb = left(verb, verb_width);
        let index = right(&layer.to_string(), last.len());
        let space = " ".repeat(column);
        writeln!(output, "{space}{DIMMED}{verb}  {index}  {title}{DIMMED:#}")?;
    }
    let text_column = column + verb_width + last.len() + 4;
    write_fix(report, group, column, text_column, output)
}

/// Writes the goal below the titles of the instructions.
fn write_fix(
    report: &Report<'_>,
    group: &Group,
    column: usize,
    text_column: usize,
    output: &mut dyn Write,
) -> io::Result<()> {
    let Some(advice) = advise(report.analysis, group) else {
        return Ok(());
    };
    let goal = report.look.shown(advice.goal.as_bytes());
    let room = |used: usize| report.look.width.saturating_sub(used);
    // Below the titles it reads best, but an edit that is cut off says nothing.
    let at = if widest([goal.as_str()]) <= room(text_column) {
        text_column
    } else {
        column + "fix  ".len()
    };
    let goal = report.look.fit(&goal, room(at), Cut::End);
    let space = " ".repeat(column);
    let label = left("fix", at - column);
    writeln!(output, "{space}{DIMMED}{label}{goal}{DIMMED:#}")
}

/// Returns what a destroyer did, before its name.
pub(crate) const fn verb(cause: WasteCause) -> &'static str {
    match cause {
        WasteCause::Deleted | WasteCause::DeletedDir => "deleted by",
        WasteCause::Opaque => "hidden by",
        WasteCause::Replaced => "replaced by",
        WasteCause::Overwritten => "rewritten by",
        WasteCause::MetadataOnly | WasteCause::Identical => "stored again by",
        WasteCause::ShadowedInLayer => "stored twice by",
    }
}
