//! A row for each thing to do otherwise.

use crate::analysis::what_if::{Deed, Edit, Suggestions};
use crate::image::Layer;
use crate::layer::LayerIndex;
use crate::path::{display, display_absolute};
use crate::tree::PathId;
use crate::tui::subject::Subject;

/// One thing that can be tried. All texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditRow {
    /// Whether the image is shown with it.
    pub is_applied: bool,
    /// Content bytes that it saves alone; `None` where that shows only when it is applied.
    pub saves: Option<u64>,
    /// The layers it is about.
    pub layers: String,
    /// What it is, in a few words.
    pub goal: String,
    /// The instructions as they are.
    pub before: Vec<String>,
    /// The instructions as they should be.
    pub after: Vec<String>,
    /// What it does.
    pub deeds: Vec<Deed>,
}

impl EditRow {
    fn of_edit(subject: &Subject, edit: &Edit, saves: u64) -> Self {
        let shown = |lines: &[String]| {
            let lines = lines
                .iter()
                .map(|line| display(line.as_bytes()).into_owned());
            lines.collect()
        };
        let place = display_absolute(&subject.tree().path(edit.place));
        Self {
            is_applied: false,
            saves: Some(saves),
            layers: match (edit.created_in, edit.destroyed_in) {
                (one, other) if one == other => format!("L{one}"),
                (one, other) => format!("L{one}, L{other}"),
            },
            goal: format!("{}  ({place})", display(edit.advice.goal.as_bytes())),
            before: shown(&edit.advice.before),
            after: shown(&edit.advice.after),
            deeds: edit.deeds.clone(),
        }
    }

    /// Makes one of layers that become one.
    pub(super) fn squash(from: LayerIndex, to: LayerIndex) -> Self {
        Self {
            is_applied: false,
            saves: None,
            layers: format!("L{from}-{to}"),
            goal: "one layer of these: it is pulled whole at each change".into(),
            before: Vec::new(),
            after: Vec::new(),
            deeds: vec![Deed::Join { from, to }],
        }
    }

    /// Makes one of what a layer does not store.
    pub(super) fn left_out(subject: &Subject, layer: LayerIndex, places: Vec<PathId>) -> Self {
        let paths: Vec<String> = places
            .iter()
            .take(3)
            .map(|&place| display_absolute(&subject.tree().path(place)))
            .collect();
        let more = match places.len().saturating_sub(paths.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let title = subject.analysis.image.layers.get(layer.as_usize());
        let title = title.map(Layer::title).unwrap_or_default();
        Self {
            is_applied: false,
            saves: None,
            layers: format!("L{layer}"),
            goal: format!("without {}{more}", paths.join(", ")),
            before: vec![display(title.as_bytes()).into_owned()],
            after: Vec::new(),
            deeds: vec![Deed::LeaveOut { layer, places }],
        }
    }

    /// Returns whether there is advice for it.
    pub fn is_advice(&self) -> bool {
        self.saves.is_some()
    }

    /// Returns it as lines of a Dockerfile: what it is as a comment, then what to write.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("# {}: {}", self.layers, self.goal)];
        lines.extend(self.before.iter().map(|line| format!("# was: {line}")));
        lines.extend(self.after.iter().cloned());
        lines
    }
}

/// Returns the rows: the edits there is advice for, and what makes one layer of all that are the image's own.
pub(super) fn of(subject: &Subject, found: &Suggestions) -> Vec<EditRow> {
    let edits = found.edits.iter().zip(&found.saves);
    let mut rows: Vec<EditRow> = edits
        .map(|(edit, saves)| EditRow::of_edit(subject, edit, *saves))
        .collect();
    let analysis = &subject.analysis;
    let (from, layers) = (analysis.base.layers, analysis.layers.len());
    let top = u16::try_from(layers.saturating_sub(1)).unwrap_or(u16::MAX);
    if from < top {
        rows.push(EditRow::squash(LayerIndex(from), LayerIndex(top)));
    }
    rows
}
