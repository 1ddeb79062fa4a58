//! The names of the views in the second line: what is drawn there, and what a click there means.

use unicode_width::UnicodeWidthStr as _;

use super::command::{Command, Context};
use super::keys::{KeyMap, shown_key};
use super::state::Tab;

/// One name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    /// The view.
    pub(super) tab: Tab,
    /// Its key and name.
    pub(super) text: String,
    /// Columns behind it.
    pub(super) gap: u16,
}

/// Column of the first name.
const FIRST: u16 = 1;

/// Returns the names, from the left; on narrow screens only keys but for the view one is on.
pub(super) fn labels(keys: &KeyMap, current: Tab, width: u16) -> Vec<Label> {
    let whole = made(keys, current, |_| true);
    if width_of(&whole) < width {
        return whole;
    }
    made(keys, current, |tab| tab == current)
}

/// Returns the view whose name is in a column.
pub(super) fn at(keys: &KeyMap, current: Tab, width: u16, column: u16) -> Option<Tab> {
    let mut start = FIRST;
    for label in labels(keys, current, width) {
        let end = start.saturating_add(columns(&label));
        if (start..end).contains(&column) {
            return Some(label.tab);
        }
        start = end.saturating_add(label.gap);
    }
    None
}

fn made(keys: &KeyMap, current: Tab, is_named: impl Fn(Tab) -> bool) -> Vec<Label> {
    let label = |tab: Tab| {
        let key = keys.key(Context::Views, command(tab));
        let key = key.map_or(String::new(), shown_key);
        let name = if is_named(tab) { tab.title() } else { "" };
        let text = if tab == current {
            format!("[{key}]{name}")
        } else {
            format!("{key} {name}").trim().to_owned()
        };
        Label { tab, text, gap: 2 }
    };
    Tab::ALL.map(label).into()
}

fn columns(label: &Label) -> u16 {
    u16::try_from(label.text.width()).unwrap_or(u16::MAX)
}

fn width_of(labels: &[Label]) -> u16 {
    let all = labels.iter().map(|label| columns(label) + label.gap);
    all.fold(FIRST, u16::saturating_add)
}

/// Returns the command that shows a view.
pub(super) const fn command(tab: Tab) -> Command {
    match tab {
        Tab::Layers => Command::ShowLayers,
        Tab::Waste => Command::ShowWaste,
        Tab::Files => Command::ShowFiles,
        Tab::Treemap => Command::ShowTreemap,
        Tab::Image => Command::ShowImage,
    }
}
