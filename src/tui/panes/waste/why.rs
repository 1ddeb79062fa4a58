//! Why bytes are wasted, and what to write instead: the lines below the list, and all of them at once.

use std::cmp::Reverse;

use super::WastePane;
use crate::analysis::waste_groups::{Bundle, Group, Grouping, Lead};
use crate::analysis::{WasteCause, waste_groups};
use crate::image::Layer;
use crate::layer::LayerIndex;
use crate::report::text::{rule_line, verb};
use crate::text::{Look, plural};
use crate::tree::PathId;
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units;

/// One line: a label, and a text that may be longer than its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What the text is; escaped.
    pub label: String,
    /// How the label looks.
    pub label_role: Role,
    /// How the text looks.
    pub role: Role,
    /// What is said, escaped.
    pub text: String,
}

impl Reason {
    fn new(label: impl Into<String>, role: Role, text: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            label_role: Role::Dim,
            role,
            text: text.into(),
        }
    }
}

/// Files or groups listed when everything is told.
const MOST_LISTED: usize = 20;

/// Returns the lines about the row under the cursor: what, by whom, and what to write instead.
pub fn reasons(subject: &Subject, pane: &WastePane, look: Look) -> Vec<Reason> {
    let Some((bundle, group)) = pane.selected(subject) else {
        return Vec::new();
    };
    let mut reasons = vec![Reason::new(
        "",
        Role::Strong,
        what(subject, bundle, group, look),
    )];
    reasons.extend(makers(subject, group, look));
    if let Some(advice) = &pane.advice {
        let shown = |text: &String| look.shown(text.as_bytes());
        reasons.push(Reason {
            label_role: Role::Strong,
            ..Reason::new("Fix", Role::Plain, shown(&advice.goal))
        });
        let lines = |label: &'static str, role: Role, lines: &[String]| {
            let reasons = lines
                .iter()
                .map(|line| Reason::new(label, role, shown(line)));
            reasons.collect::<Vec<_>>()
        };
        reasons.extend(lines("-", Role::Dim, &advice.before));
        reasons.extend(lines("+", Role::Good, &advice.after));
    }
    reasons
}

/// Returns what fits into some rows: the instructions as they are give way to those as they should be.
pub fn fitted(mut reasons: Vec<Reason>, rows: usize) -> Vec<Reason> {
    if reasons.len() > rows {
        reasons.retain(|reason| reason.label != "-");
    }
    reasons.truncate(rows);
    reasons
}

fn what(subject: &Subject, bundle: Bundle, group: &Group, look: Look) -> String {
    let size = look.units.size(bundle.bytes);
    let files = plural(bundle.count as u64, "file", "files");
    match (bundle.lead, bundle.groups) {
        (Lead::Version(_), _) => {
            let copies = plural(bundle.count as u64, "copy", "copies");
            format!("{}  {size}  {copies}", place(subject, &bundle, look))
        }
        (Lead::Group(_), 1) if bundle.count == 1 => {
            format!("{}  {size}", place(subject, &bundle, look))
        }
        (Lead::Group(_), 1) => format!("{}  {size}  {files}", place(subject, &bundle, look)),
        (Lead::Group(_), groups) => {
            let places = plural(groups as u64, "place", "places");
            let most = path(subject, group.place, look);
            format!("{size}  {files} in {places}, most in {most}")
        }
    }
}

/// Returns the place of a row, with a slash behind where it stands for what is below it.
pub fn place(subject: &Subject, row: &Bundle, look: Look) -> String {
    let path = path(subject, row.place, look);
    let is_path = row.count == 1 || matches!(row.lead, Lead::Version(_));
    if is_path || path.ends_with('/') {
        path
    } else {
        format!("{path}/")
    }
}

/// Returns the place of a group likewise.
fn place_of_group(subject: &Subject, group: &Group, look: Look) -> String {
    let path = path(subject, group.place, look);
    if group.count == 1 || path.ends_with('/') {
        path
    } else {
        format!("{path}/")
    }
}

fn path(subject: &Subject, path: PathId, look: Look) -> String {
    format!("/{}", look.shown(&subject.tree().path(path)))
}

/// Returns the instruction of a layer, escaped.
pub fn title(subject: &Subject, layer: LayerIndex, look: Look) -> String {
    let found = subject.analysis.image.layers.get(layer.as_usize());
    let title = found.map(Layer::title).unwrap_or_default();
    look.shown(title.as_bytes())
}

fn makers(subject: &Subject, group: &Group, look: Look) -> Vec<Reason> {
    let line = |layer: LayerIndex, verb: &str| {
        let base = subject.analysis.base.layers;
        let base = if layer.0 < base { "  (base image)" } else { "" };
        let title = title(subject, layer, look);
        Reason::new(
            format!("L{layer} {verb}"),
            Role::Plain,
            format!("{title}{base}"),
        )
    };
    let mut makers = vec![line(group.created_in, "stored by")];
    if group.cause != WasteCause::ShadowedInLayer {
        makers.push(line(group.destroyed_in, verb(group.cause)));
    }
    makers
}

/// Returns what a cause means, as a sentence without its end.
const fn meaning(cause: WasteCause) -> &'static str {
    match cause {
        WasteCause::Deleted => "a later layer deletes the path",
        WasteCause::DeletedDir => "a later layer deletes a directory above it",
        WasteCause::Opaque => {
            "a later layer hides all that lower layers have in a directory above it"
        }
        WasteCause::Replaced => {
            "a later layer has something else than a file or directory in its way"
        }
        WasteCause::Overwritten => "a later layer stores other content",
        WasteCause::MetadataOnly => {
            "a later layer stores it again with another mode, owner, time or attribute"
        }
        WasteCause::Identical => "a later layer stores the same again",
        WasteCause::ShadowedInLayer => "the same layer stores the path twice, the last one counts",
    }
}

/// Returns everything there is to know about a row: reasons, largest parts, rules.
pub(super) fn everything(
    subject: &Subject,
    pane: &WastePane,
    bundle: Bundle,
    look: Look,
) -> Vec<String> {
    let mut lines: Vec<String> = reasons(subject, pane, look)
        .into_iter()
        .map(|reason| match reason.label.as_str() {
            "" => reason.text,
            label => format!("{label}  {}", reason.text),
        })
        .collect();
    if let Some((_, group)) = pane.selected(subject) {
        let cause = format!("{}: {}", group.cause.as_str(), meaning(group.cause));
        lines.insert(1, cause);
        lines.push(String::new());
        lines.extend(parts(subject, pane.grouping, bundle, group, look));
    }
    if let Some(verdict) = &subject.verdict {
        lines.push(String::new());
        let outcomes = verdict.outcomes.iter();
        lines.extend(outcomes.map(|outcome| rule_line(outcome, look.units)));
    }
    lines
}

/// Returns the largest files of a directory, or the largest places of a bundle.
fn parts(
    subject: &Subject,
    grouping: Grouping,
    bundle: Bundle,
    group: &Group,
    look: Look,
) -> Vec<String> {
    let entry = |bytes: u64, path: String| format!("{:>10}  {path}", look.units.size(bytes));
    let all = &subject.analysis.waste.paths;
    let (total, mut lines) = if let Lead::Version(_) = bundle.lead {
        let copies = waste_groups::of_path(all, bundle.place);
        let lines = copies.iter().take(MOST_LISTED).map(|wasted| {
            let by = title(subject, wasted.created_in, look);
            entry(wasted.bytes, format!("L{}  {by}", wasted.created_in))
        });
        (copies.len(), lines.collect::<Vec<_>>())
    } else if bundle.groups == 1 {
        let mut members: Vec<_> = waste_groups::members(subject.tree(), all, group).collect();
        members.sort_by_key(|wasted| (Reverse(wasted.bytes), wasted.path));
        let lines = members.iter().take(MOST_LISTED);
        let lines = lines.map(|wasted| entry(wasted.bytes, path(subject, wasted.path, look)));
        (members.len(), lines.collect::<Vec<_>>())
    } else {
        let joined = subject.waste().iter().filter(|one| match grouping {
            Grouping::Cause => one.cause == group.cause,
            _ => one.event() == group.event(),
        });
        let lines = joined.take(MOST_LISTED);
        let lines = lines.map(|one| entry(one.bytes, place_of_group(subject, one, look)));
        (bundle.groups, lines.collect())
    };
    if total > lines.len() {
        lines.push(format!(
            "{:>10}  and {} more",
            "",
            units::count((total - lines.len()) as u64)
        ));
    }
    lines
}
