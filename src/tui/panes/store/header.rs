//! The first two lines over a store: which store, which view, in which sense and order.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::super::header::{HeaderPart, NAME, draw_pieces};
use super::amounts::amount_text;
use super::draw::{is_bare, measuring};
use super::{SizedStore, StoreTab, columns};
use crate::store::{Activity, Basis, Engine, Store};
use crate::text::{Cut, Glyphs};
use crate::tui::command::Context;
use crate::tui::keys::{KeyMap, shown_key};
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::paint::Paint;
use crate::tui::theme::Role;
use crate::units::count;

pub(super) fn draw(model: &Model, sizes: &SizedStore<'_>, areas: &Areas, paint: &mut Paint<'_>) {
    let pieces = pieces(model, sizes, paint);
    draw_pieces(pieces, areas.header, paint);
    if areas.tabs.is_empty() {
        return;
    }
    if is_bare(paint) {
        let style = paint.style(Role::Strong);
        let title = columns::title(sizes, model.store.tab, paint.look);
        let title = title.replace("   ", " ");
        paint.text(areas.tabs, &title, style);
    } else {
        tabs(model, sizes, areas.tabs, paint);
    }
}

fn pieces(model: &Model, sizes: &SizedStore<'_>, paint: &Paint<'_>) -> Vec<HeaderPart> {
    let store = sizes.store;
    let look = paint.look;
    let total = amount_text(sizes.accounts.totals.total, sizes.known, look);
    let root = look.shown(store.root.name().as_bytes());
    let short = root.rsplit('/').next().unwrap_or_default().to_owned();
    let driver = look.shown(store.driver.as_bytes());
    let basis = match sizes.accounts.basis {
        Basis::Disk => "disk",
        Basis::Files => "lengths",
    };
    let mut pieces = vec![
        HeaderPart::new(5, Role::Dim, ["layerscope store".into(), "store".into()]),
        HeaderPart::new(NAME, Role::Strong, [root, short]),
        HeaderPart::new(
            20,
            Role::Plain,
            [format!("{}, {driver}", engine(store)), driver],
        ),
        HeaderPart::new(60, Role::Plain, [counts(store)]),
        HeaderPart::new(80, Role::Plain, [format!("{basis}: {total}"), total]),
    ];
    let stores = model
        .stores
        .as_ref()
        .map_or(1, |all| all.inventory.stores.len());
    if stores > 1 {
        let at = model.store.at + 1;
        pieces.push(HeaderPart::new(
            70,
            Role::Plain,
            [
                format!("store {at} of {stores} (J/K)"),
                format!("{at}/{stores}"),
            ],
        ));
    }
    if store.activity == Activity::LeftBehind {
        pieces.push(HeaderPart::new(
            85,
            Role::Alarm,
            ["! left behind: not in use".into(), "! left behind".into()],
        ));
    }
    if let Some(words) = measuring(model, sizes.known, paint) {
        pieces.push(HeaderPart::new(65, Role::Dim, [words]));
    }
    if !store.warnings.is_empty() {
        let number = count(store.warnings.len() as u64);
        let plural = if store.warnings.len() == 1 { "" } else { "s" };
        pieces.push(HeaderPart::new(
            75,
            Role::Alarm,
            [
                format!("! {number} warning{plural} (w)"),
                format!("! {number}"),
            ],
        ));
    }
    pieces
}

const fn engine(store: &Store) -> &'static str {
    match store.engine {
        Engine::Docker => "Docker",
        Engine::DockerContainerd => "Docker with containerd",
        Engine::Containerd => "containerd",
        Engine::Kubernetes => "containerd, Kubernetes",
        Engine::ContainersStorage => "containers-storage",
    }
}

fn counts(store: &Store) -> String {
    let word = |number: usize, one: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{} {one}{plural}", count(number as u64))
    };
    let images = store.images.iter().filter(|image| !image.is_intermediate);
    format!(
        "{}, {}, {}",
        word(store.layers.len(), "layer"),
        word(images.count(), "image"),
        word(store.containers.len(), "container"),
    )
}

fn tabs(model: &Model, sizes: &SizedStore<'_>, line: Rect, paint: &mut Paint<'_>) {
    let mut place = Rect {
        x: line.x + 1,
        width: line.width.saturating_sub(1),
        ..line
    };
    for (tab, text) in labels(&model.session.keys, model.store.tab, line.width) {
        let role = if tab == model.store.tab {
            Role::Strong
        } else {
            Role::Plain
        };
        let style = paint.style(role);
        let used = paint.text_cut(place, &text, Cut::End, style);
        let used = (used + 2).min(place.width);
        place.x += used;
        place.width -= used;
    }
    let room = usize::from(place.width).saturating_sub(1);
    let forms = choices(model, sizes, paint);
    if let Some(form) = forms.iter().find(|form| form.width() <= room) {
        let style = paint.style(Role::Dim);
        let width = place.width.saturating_sub(1);
        paint.text_right(Rect { width, ..place }, form, style);
    }
}

/// Returns the view whose name is in a column.
pub(in crate::tui) fn tab_at(model: &Model, line: Rect, column: u16) -> Option<StoreTab> {
    let mut start = line.x + 1;
    for (tab, text) in labels(&model.session.keys, model.store.tab, line.width) {
        let end = start.saturating_add(u16::try_from(text.width()).unwrap_or(u16::MAX));
        if (start..end).contains(&column) {
            return Some(tab);
        }
        start = end.saturating_add(2);
    }
    None
}

/// Returns the names of the views with their keys; on narrow screens only the one that is shown has a name.
fn labels(keys: &KeyMap, current: StoreTab, width: u16) -> Vec<(StoreTab, String)> {
    let made = |is_named: &dyn Fn(StoreTab) -> bool| -> Vec<(StoreTab, String)> {
        StoreTab::ALL
            .into_iter()
            .map(|tab| {
                let key = keys.key(Context::Store, tab.command());
                let key = key.map_or(String::new(), shown_key);
                let name = if is_named(tab) { tab.title() } else { "" };
                let text = if tab == current {
                    format!("[{key}]{name}")
                } else {
                    format!("{key} {name}").trim().to_owned()
                };
                (tab, text)
            })
            .collect()
    };
    let whole = made(&|_| true);
    let all: usize = whole.iter().map(|(_, text)| text.width() + 2).sum();
    if all < usize::from(width) {
        return whole;
    }
    made(&|tab| tab == current)
}

/// Returns in which sense and order rows are shown, from the longest form to the shortest.
fn choices(model: &Model, sizes: &SizedStore<'_>, paint: &Paint<'_>) -> Vec<String> {
    let order = model.store.list(model.store.tab).order;
    let arrow = match (paint.look.glyphs, order.falls()) {
        (Glyphs::Unicode, true) => "↓",
        (Glyphs::Unicode, false) => "↑",
        (Glyphs::Ascii, falls) if falls == order.field.falls() => "",
        (Glyphs::Ascii, _) => " reversed",
    };
    let sort = format!("sort: {}{arrow}", order.field.word());
    let basis = sizes.sense.word();
    vec![
        format!("basis: {basis} (a)   {sort}"),
        format!("{basis}  {sort}"),
        sort,
    ]
}
