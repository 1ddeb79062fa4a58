//! Waste, and why.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::super::list::ListAreas;
use super::{WasteAreas, WastePane, columns, why};
use crate::analysis::Stage;
use crate::analysis::rules::State;
use crate::analysis::waste_groups::Grouping;
use crate::report::text::rule_line;
use crate::text::Cut;
use crate::tui::layout::Arrangement;
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::reads::Reads;
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units;

pub(in crate::tui) fn draw(pane: &WastePane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let (subject, place) = (reads.subject, reads.area);
    let parts = WasteAreas::of(place, paint.arrangement, subject);
    draw_list(pane, subject, &parts, keys, paint);
    if let Some(place) = parts.why {
        draw_why(pane, subject, place, paint);
    }
    draw_rules(subject, parts.rules, paint);
}

/// Returns the sums, and first of all whether they can still change.
fn title(subject: &Subject, paint: &Paint<'_>) -> String {
    let totals = &subject.analysis.totals;
    let units = paint.look.units;
    let mut title = format!(
        "{}  {} of {} ({})",
        name(subject),
        units.size(totals.wasted_bytes),
        units.size(totals.content_bytes),
        units::percent(totals.wasted_ratio()),
    );
    if totals.own.base_layers > 0 {
        title.push_str("   own layers: ");
        title.push_str(&units::percent(totals.own.wasted_ratio()));
    }
    title
}

const fn name(subject: &Subject) -> &'static str {
    match subject.analysis.stage {
        Stage::Partial => "Waste so far",
        Stage::Provisional => "Waste (comparing files)",
        Stage::Final => "Waste",
    }
}

/// Returns where the cursor is, and what a row is.
fn note(pane: &WastePane) -> String {
    let grouping = match (pane.within, pane.grouping) {
        (Some(event), _) => columns::layers(event) + ": its places, Esc back",
        (None, Grouping::Event) => "by what happened".into(),
        (None, Grouping::Directory) => "by directory".into(),
        (None, Grouping::Path) => "by path".into(),
        (None, Grouping::Cause) => "by cause".into(),
    };
    format!("{grouping}   {}", pane.list.position())
}

fn draw_list(
    pane: &WastePane,
    subject: &Subject,
    parts: &WasteAreas,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let title = title(subject, paint);
    paint.pane(parts.list, &title, &note(pane), keys);
    let areas = ListAreas::of(parts.list, paint.arrangement, &pane.list.filter);
    if paint.arrangement <= Arrangement::Bare {
        let size = paint.look.units.size(subject.analysis.totals.wasted_bytes);
        let short = format!("{}  {size}  {}", name(subject), note(pane));
        paint.text(areas.heading, &short, Role::Strong);
    }
    let table = columns::table(pane, subject, areas.rows.width, paint.look);
    if paint.arrangement > Arrangement::Bare && !pane.list.rows.is_empty() {
        table.headings(areas.heading, paint);
    }
    let empty = empty(pane, subject);
    pane.list
        .draw_rows(areas.rows, empty, keys, paint, |row, line, paint| {
            columns::draw_row(&table, pane, subject, row, line, paint);
        });
    pane.list.draw_filter(areas.filter, paint);
}

fn empty(pane: &WastePane, subject: &Subject) -> &'static str {
    if pane.list.filter.is_on() {
        "nothing wasted matches; Esc clears the filter"
    } else if subject.analysis.stage == Stage::Partial {
        "nothing is wasted in the layers read so far"
    } else {
        "nothing is wasted in this image"
    }
}

/// From this width on the reasons stand in a column of their own.
const ALIGNED: u16 = 60;

fn draw_why(pane: &WastePane, subject: &Subject, place: Rect, paint: &mut Paint<'_>) {
    let inner = paint.pane(place, "Why", "", Keys::Elsewhere);
    let reasons = why::reasons(subject, pane, paint.look);
    let reasons = why::fitted(reasons, usize::from(inner.height));
    let labels = reasons.iter().map(|reason| reason.label.width()).max();
    let columns = |width: usize| u16::try_from(width).unwrap_or(u16::MAX);
    let labels = columns(labels.unwrap_or(0));
    for (line, reason) in inner.rows().zip(&reasons) {
        if reason.label.is_empty() {
            paint.text_cut(behind(line, 1), &reason.text, Cut::Middle, reason.role);
            continue;
        }
        paint.text(behind(line, 1), &reason.label, reason.label_role);
        // Below each other where there is room, else as much of each as can be.
        let label = if line.width < ALIGNED {
            columns(reason.label.width())
        } else {
            labels
        };
        paint.text(
            behind(line, label.saturating_add(3)),
            &reason.text,
            reason.role,
        );
    }
}

fn draw_rules(subject: &Subject, place: Rect, paint: &mut Paint<'_>) {
    let outcomes = subject.verdict.iter().flat_map(|verdict| &verdict.outcomes);
    // What fails comes first: it must not be the part that does not fit.
    let (failed, passed): (Vec<_>, Vec<_>) =
        outcomes.partition(|outcome| outcome.state == State::Fail);
    for (y, outcome) in (place.y..place.bottom()).zip(failed.into_iter().chain(passed)) {
        let role = match outcome.state {
            State::Fail => Role::Alarm,
            State::Pass => Role::Good,
        };
        let line = behind(
            Rect {
                y,
                height: 1,
                ..place
            },
            1,
        );
        let text = rule_line(outcome, paint.look.units);
        paint.text(line, &text, role);
    }
}
