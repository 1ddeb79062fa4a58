//! What a tree without rows says: why, and what to press.

use ratatui::layout::Rect;

use super::TreePane;
use super::choices::TreeMode;
use crate::browse::{MarkSet, Projection, Row};
use crate::text::columns::flow;
use crate::tree::PathId;
use crate::tui::command::{Command, Context};
use crate::tui::keys::shown_key;
use crate::tui::paint::Paint;
use crate::tui::reads::Reads;
use crate::tui::state::Pane;
use crate::tui::theme::Role;

/// Returns the sentence; `None` where there is something to see.
pub(super) fn words(pane: &TreePane, reads: &Reads<'_>, projection: &Projection) -> Option<String> {
    if pane.rows.len() > 1 || pane.rows.get(0).is_some_and(Row::is_branch) {
        return None;
    }
    let key = |context, command| {
        let key = reads.session.keys.key(context, command);
        key.map_or("?".into(), shown_key)
    };
    if pane.filter.found().is_some() {
        let (here, pattern, around) = if pane.is_typing() {
            (Context::Filter, Command::NextPattern, Context::Filter)
        } else {
            (Context::Pane(Pane::Tree), Command::Filter, Context::Global)
        };
        let (other, clear) = (key(here, pattern), key(around, Command::Back));
        return Some(format!(
            "nothing here matches the filter; {clear} clears it, {other} changes it"
        ));
    }
    if reads.subject.analysis.layers.is_empty() {
        return Some("the image has no layers".into());
    }
    let figures = reads.subject.analysis.layers.get(pane.layer().as_usize());
    if figures.is_some_and(|figures| figures.unread) && pane.mode == TreeMode::Layer {
        return Some("this layer is not read yet; it comes by itself".into());
    }
    let mode = key(Context::Pane(Pane::Tree), Command::NextMode);
    let mode = format!("{mode} {}", pane.mode.next().word());
    let is_last = pane.layer().as_usize() + 1 >= reads.subject.analysis.layers.len();
    let further = match (is_last, pane.layer().0) {
        (false, _) => {
            let next = key(Context::Views, Command::NextLayer);
            format!("{next} next layer, {mode}")
        }
        (true, 0) => mode,
        (true, _) => {
            let previous = key(Context::Views, Command::PreviousLayer);
            format!("{previous} previous layer, {mode}")
        }
    };
    if !projection.has_any_below(PathId::ROOT, MarkSet::ALL) {
        return Some(match pane.mode {
            TreeMode::Layer => format!("this layer is empty; {further}"),
            TreeMode::Accumulated => format!("nothing is there yet; {further}"),
            TreeMode::Merged => "the image has no files".into(),
        });
    }
    if !projection.has_any_below(PathId::ROOT, MarkSet::CHANGES) {
        let unchanged = key(Context::Pane(Pane::Tree), Command::ToggleUnchanged);
        return Some(format!(
            "nothing changed in this layer; {further}, {unchanged} shows what it lists all the same"
        ));
    }
    let toggles = [
        Command::ToggleAdded,
        Command::ToggleModified,
        Command::ToggleDeleted,
        Command::ToggleUnchanged,
    ];
    let toggles = toggles
        .map(|command| key(Context::Pane(Pane::Tree), command))
        .join(" ");
    Some(format!(
        "everything here is hidden; {toggles} show it again"
    ))
}

pub(super) fn draw(words: &str, place: Rect, paint: &mut Paint<'_>) {
    let pieces: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let lines = flow(&pieces, " ", usize::from(place.width));
    for (line_place, line) in place.rows().zip(lines) {
        paint.text(line_place, line.trim_start(), Role::Plain);
    }
}
