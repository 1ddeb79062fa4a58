//! The names of the views in the second line: what is drawn there, and what a click there means.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::command::{Command, Context};
use super::keys::{KeyMap, shown_key};
use super::paint::{Paint, behind};
use super::state::{StoreTab, Tab};
use super::theme::Role;

/// Columns behind a name.
const GAP: u16 = 2;

/// The names of views that one can go to.
#[derive(Debug)]
pub(super) struct TabLine<'a> {
    keys: &'a KeyMap,
    context: Context,
    /// What shows a view, and its name.
    views: Vec<(Command, &'static str)>,
    current: Command,
    /// Columns that stay free where every view has its name.
    spare: usize,
}

impl<'a> TabLine<'a> {
    /// Names the views of an image.
    pub(super) fn of_image(keys: &'a KeyMap, current: Tab) -> Self {
        Self {
            keys,
            context: Context::Views,
            views: Tab::ALL.map(|tab| (Command::Show(tab), tab.title())).into(),
            current: Command::Show(current),
            spare: 1,
        }
    }

    /// Names the views of a store.
    pub(super) fn of_store(keys: &'a KeyMap, current: StoreTab) -> Self {
        let view = |tab: StoreTab| (tab.command(), tab.label());
        Self {
            keys,
            context: Context::Store,
            views: StoreTab::ALL.map(view).into(),
            current: current.command(),
            spare: 0,
        }
    }

    /// Returns the names, from the left; on narrow screens only keys but for the view one is on.
    fn labels(&self, width: u16) -> Vec<(Command, String)> {
        let whole = self.named(|_| true);
        let columns: usize = whole
            .iter()
            .map(|(_, text)| text.width() + usize::from(GAP))
            .sum();
        if columns + self.spare < usize::from(width) {
            return whole;
        }
        self.named(|view| view == self.current)
    }

    fn named(&self, is_named: impl Fn(Command) -> bool) -> Vec<(Command, String)> {
        let label = |&(view, title): &(Command, &'static str)| {
            let key = self.keys.key(self.context, view);
            let key = key.map_or(String::new(), shown_key);
            let name = if is_named(view) { title } else { "" };
            let text = if view == self.current {
                format!("[{key}]{name}")
            } else {
                format!("{key} {name}").trim().to_owned()
            };
            (view, text)
        };
        self.views.iter().map(label).collect()
    }

    /// Returns what shows the view whose name is in a column.
    pub(super) fn at(&self, line: Rect, column: u16) -> Option<Command> {
        let mut start = line.x + 1;
        for (view, text) in self.labels(line.width) {
            let end = start.saturating_add(u16::try_from(text.width()).unwrap_or(u16::MAX));
            if (start..end).contains(&column) {
                return Some(view);
            }
            start = end.saturating_add(GAP);
        }
        None
    }

    /// Draws the names, and behind them the longest of some texts that fits.
    pub(super) fn draw(&self, line: Rect, further: &[String], paint: &mut Paint<'_>) {
        let mut place = behind(line, 1);
        for (view, text) in self.labels(line.width) {
            let role = if view == self.current {
                Role::Strong
            } else {
                Role::Plain
            };
            let used = paint.text(place, &text, role);
            place = behind(place, used + GAP);
        }
        let room = usize::from(place.width).saturating_sub(1);
        if let Some(text) = further.iter().find(|text| text.width() <= room) {
            let width = place.width.saturating_sub(1);
            paint.text_right(Rect { width, ..place }, text, Role::Dim);
        }
    }
}
