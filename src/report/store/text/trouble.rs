//! What could be given back and how, what was odd, and what could not be seen.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};

use super::wrapping_table::{Side, Table, TableRow, broken};
use super::{BAD, BOLD, DIMMED, ODD, Page, counted};
use crate::store::reclaim::{Step, Suggestion, suggestions};
use crate::text::Detail;
use crate::units;

/// Warnings, and reasons why something is unmeasured, listed unless all are asked for.
const FEW: usize = 5;

pub(super) fn write_suggestions(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let suggestions = suggestions(page.one.store, page.one.accounts);
    if suggestions.is_empty() {
        return Ok(());
    }
    writeln!(output)?;
    writeln!(output, "{BOLD}What could be freed{BOLD:#}")?;
    let columns = [("Size", Side::Right), ("What", Side::Left)];
    let mut table = Table::new(&columns, "With");
    for suggestion in &suggestions {
        let what = format!(
            "{} ({})",
            suggestion.group.title(),
            units::count(suggestion.count as u64)
        );
        let (subject, notes) = with(page, suggestion);
        table.push(TableRow {
            cells: vec![page.amount(suggestion.amount), what],
            subject,
            notes,
            ..TableRow::default()
        });
    }
    table.write(&page.look, output)?;
    let text = "rows may overlap; layerscope itself never removes anything";
    page.sentence(text, DIMMED, output)
}

/// Returns the command, where it is one, and what is to be known; else all that is to be done, one below the other.
fn with(page: &Page<'_>, suggestion: &Suggestion) -> (String, Vec<String>) {
    let mut commands = suggestion.commands();
    let only = match (commands.next(), commands.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    };
    let count = suggestion.commands().count();
    let lines = suggestion.steps.iter().filter_map(|step| match step {
        Step::Command(command) if Some(command) == only => None,
        Step::Command(command) => Some(command.shown()),
        Step::Perhaps { condition, command } => {
            Some(format!("{}: {}", page.text(condition), command.shown()))
        }
        Step::Note(note) => Some(page.text(note)),
        // The orphans above name them.
        Step::Place(_) => None,
    });
    let mut lines: VecDeque<String> = lines.collect();
    let subject = match (only, count) {
        (Some(only), _) => only.shown(),
        (None, 0) => lines.pop_front().unwrap_or_default(),
        (None, count) => counted(count, "command"),
    };
    let more = lines.len().saturating_sub(page.top.max(FEW));
    if more > 0 {
        lines.truncate(page.top.max(FEW));
        lines.push_back(format!("{}; -v lists them", counted(more, "more line")));
    }
    (subject, lines.into())
}

pub(super) fn write_warnings(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let warnings = &page.one.store.warnings;
    if warnings.is_empty() {
        return Ok(());
    }
    writeln!(output)?;
    let shown = few(page);
    for warning in warnings.iter().take(shown) {
        let place = warning.path.as_ref().map(|path| page.look.shown(path));
        let place = place.map_or_else(String::new, |path| format!("{path}: "));
        let message = format!("{place}{}", page.text(&warning.message));
        labelled("warning: ", &message, page, output)?;
    }
    let rest = warnings.len().saturating_sub(shown);
    if rest > 0 {
        let text = format!("{}; -v lists them", counted(rest, "more warning"));
        page.sentence(&text, DIMMED, output)?;
    }
    Ok(())
}

/// Says what is unmeasured and what would make it measurable.
pub(super) fn write_incomplete(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    if page.one.is_complete() {
        return Ok(());
    }
    writeln!(output)?;
    let text = if page.one.totals().total.is_whole() {
        "incomplete: not every record could be read; everything was measured"
    } else {
        "incomplete: not everything could be read; sizes are the least they can be"
    };
    page.sentence(text, BAD, output)?;
    let reasons = reasons(page);
    let shown = few(page);
    for (reason, places) in reasons.iter().take(shown) {
        let more = match places.len() {
            0 | 1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        let first = places.first().map_or("", String::as_str);
        let text = format!("{first}{more}: {reason}");
        labelled("unmeasured: ", &text, page, output)?;
    }
    let rest = reasons.len().saturating_sub(shown);
    if rest > 0 {
        let text = format!("{}; -v lists them", counted(rest, "more reason"));
        page.sentence(&text, DIMMED, output)?;
    }
    let is_denied = |text: &str| text.to_ascii_lowercase().contains("permission denied");
    let warnings = &page.one.store.warnings;
    if reasons.keys().any(|reason| is_denied(reason))
        || warnings.iter().any(|warning| is_denied(&warning.message))
    {
        let hint = page.one.store.engine.definition().access_hint;
        labelled("hint: ", hint, page, output)?;
    }
    Ok(())
}

/// Returns where each reason holds, by reason.
fn reasons(page: &Page<'_>) -> BTreeMap<String, Vec<String>> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for piece in &page.one.store.pieces {
        let Some(reason) = &piece.unmeasured else {
            continue;
        };
        let place = page.text(&piece.location.shown());
        reasons.entry(page.text(reason)).or_default().push(place);
    }
    reasons
}

const fn few(page: &Page<'_>) -> usize {
    match page.look.detail {
        Detail::Short => FEW,
        Detail::Full => usize::MAX,
    }
}

fn labelled(label: &str, text: &str, page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let room = page.look.width.saturating_sub(label.len());
    for (row, line) in broken(text, room).into_iter().enumerate() {
        if row == 0 {
            writeln!(output, "{ODD}{label}{ODD:#}{line}")?;
        } else {
            writeln!(output, "{}{line}", " ".repeat(label.len()))?;
        }
    }
    Ok(())
}
