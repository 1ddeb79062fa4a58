//! What a layer store holds.

use ratatui::layout::Rect;

use super::table::Table;
use super::{Aside, Key, Sense, SizedStore, StoreAreas, StorePane, StoreTab, columns, names};
use super::{disk, header, table};
use crate::text::Cut;
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::model::Model;
use crate::tui::paint::{Keys, Paint, matches};
use crate::tui::panes::sieve;
use crate::tui::state::Tone;
use crate::tui::store_subject::{Known, StoreSubject};
use crate::tui::theme::Role;
use crate::units;

pub(in crate::tui) fn draw(
    model: &Model,
    subject: &StoreSubject,
    areas: &Areas,
    paint: &mut Paint<'_>,
) {
    let pane = &model.store;
    let Some(sizes) = SizedStore::of(subject, pane.at, pane.sense) else {
        return;
    };
    header::draw(model, &sizes, areas, paint);
    let parts = StoreAreas::of(areas.body, areas.arrangement, pane.tab, model.zoom);
    draw_list(model, &sizes, &parts, paint);
    for (aside, place) in &parts.asides {
        match aside {
            Aside::Containers => draw_aside(pane, &sizes, StoreTab::Containers, *place, paint),
            Aside::Orphans => draw_aside(pane, &sizes, StoreTab::Orphans, *place, paint),
            Aside::Layers => draw_layers(pane, &sizes, *place, paint),
            Aside::Disk => disk::draw_pane(&sizes, *place, paint),
        }
    }
    disk::draw_bar(&sizes, parts.bar, paint);
    draw_status(model, &sizes, areas, paint);
    super::super::status::footer(model, areas, paint);
}

fn draw_list(model: &Model, sizes: &SizedStore<'_>, parts: &StoreAreas, paint: &mut Paint<'_>) {
    let pane = &model.store;
    let list = pane.list(pane.tab);
    let keys = if model.popups.is_empty() {
        Keys::Here
    } else {
        Keys::Elsewhere
    };
    let title = columns::title(sizes, pane.tab, paint.look);
    let at = (list.scroll.at + 1).min(list.rows.len());
    let note = format!(
        "{}{} of {}",
        marked(pane),
        units::count(at as u64),
        units::count(list.rows.len() as u64)
    );
    paint.pane(parts.list, &title, &note, keys);
    let [heading, rows, filter] =
        StoreAreas::inside(parts.list, paint.arrangement, pane.has_filter());
    let table = Table {
        sizes,
        tab: pane.tab,
        pane,
        largest: list.largest,
    };
    if list.rows.is_empty() {
        let style = paint.style(Role::Dim);
        let line = Rect {
            height: rows.height.min(1),
            ..rows
        };
        paint.text(line, empty(pane, sizes), style);
    } else {
        table.heading(heading, paint);
        let visible = list
            .scroll
            .visible(list.rows.len(), usize::from(rows.height));
        for (at, line) in visible.zip(rows.rows()) {
            table.row(list.rows[at], line, paint);
            if at == list.scroll.at {
                paint.tint(line, table::cursor_role(keys));
            }
        }
    }
    if !filter.is_empty() {
        let words = matches(list.rows.len() as u64);
        sieve::draw(&list.sieve, &words, filter, paint);
    }
}

fn marked(pane: &StorePane) -> String {
    match pane.marks.len() {
        0 => String::new(),
        some => format!("{} marked   ", units::count(some as u64)),
    }
}

fn empty(pane: &StorePane, sizes: &SizedStore<'_>) -> &'static str {
    if pane.list(pane.tab).sieve.is_on() {
        return "nothing matches; Esc clears the filter";
    }
    match pane.tab {
        StoreTab::Images if sizes.store.images.is_empty() => "there is no image in this store",
        StoreTab::Images => "there are only images of a build's steps; m lists them",
        StoreTab::Layers => "there is no layer in this store",
        StoreTab::Containers => "there is no container in this store",
        StoreTab::Orphans => "everything in this store has an owner",
        StoreTab::Cache if sizes.accounts.totals.cache.bytes > 0 => {
            "there is no record of a build cache, only its databases"
        }
        StoreTab::Cache => "there is no build cache in this store",
        StoreTab::Volumes => "there is no volume in this store",
    }
}

/// Draws the first rows of another view.
fn draw_aside(
    pane: &StorePane,
    sizes: &SizedStore<'_>,
    tab: StoreTab,
    place: Rect,
    paint: &mut Paint<'_>,
) {
    let list = pane.list(tab);
    let title = columns::title(sizes, tab, paint.look);
    let rows = usize::from(place.height.saturating_sub(2));
    let shown = list
        .rows
        .len()
        .min(rows.saturating_sub(usize::from(rows > 1)));
    let more = list.rows.len() - shown;
    let mut notes = Vec::new();
    if list.sieve.is_on() {
        notes.push("filtered".to_owned());
    }
    if more > 0 {
        notes.push(format!("{} more", units::count(more as u64)));
    }
    let note = notes.join(", ");
    let inside = paint.pane(place, &title, &note, Keys::Elsewhere);
    let table = Table {
        sizes,
        tab,
        pane,
        largest: list.largest,
    };
    if list.rows.is_empty() {
        let style = paint.style(Role::Dim);
        let line = Rect {
            height: inside.height.min(1),
            ..inside
        };
        let words = if list.sieve.is_on() {
            "nothing matches the filter"
        } else {
            "none"
        };
        paint.text(line, words, style);
        return;
    }
    let mut lines = inside.rows();
    // One line alone is better used for what is largest.
    if rows > 1
        && let Some(line) = lines.next()
    {
        table.heading(line, paint);
    }
    for (key, line) in list.rows.iter().zip(lines) {
        table.row(*key, line, paint);
    }
}

/// Draws the layers of the image under the cursor, and who else has them.
fn draw_layers(pane: &StorePane, sizes: &SizedStore<'_>, place: Rect, paint: &mut Paint<'_>) {
    let image = match pane.selected() {
        Some(Key::Image(id)) => sizes.store.images.get(id.as_usize()),
        _ => None,
    };
    let name = image.map_or_else(String::new, |image| {
        let name = image.names.first().cloned();
        format!(
            " of {}",
            paint.look.shown(
                name.unwrap_or_else(|| names::image(sizes.store, image))
                    .as_bytes()
            )
        )
    });
    let layers: &[_] = image.map_or(&[], |image| &image.layers);
    let shown = usize::from(place.height.saturating_sub(3)).min(layers.len());
    let note = match layers.len() - shown {
        0 => String::new(),
        more => format!("{} more", units::count(more as u64)),
    };
    let inside = paint.pane(place, &format!("Layers{name}"), &note, Keys::Elsewhere);
    let table = Table {
        sizes,
        tab: StoreTab::Layers,
        pane,
        largest: 0,
    };
    let mut lines = inside.rows();
    if let Some(line) = lines.next() {
        table.heading(line, paint);
    }
    let style = paint.style(Role::Alarm);
    for (layer, line) in layers.iter().zip(lines) {
        match layer {
            Some(id) => table.row(Key::Layer(*id), line, paint),
            None => {
                paint.text(line, "           not in the store", style);
            }
        }
    }
}

/// Draws what just happened, or where the cursor is: the whole name and what it would free.
fn draw_status(model: &Model, sizes: &SizedStore<'_>, areas: &Areas, paint: &mut Paint<'_>) {
    let line = super::super::status::inset(areas.status, paint);
    if let Some((tone, words)) = &model.said {
        let role = match tone {
            Tone::Done => Role::Good,
            Tone::Refused => Role::Alarm,
        };
        let style = paint.style(role);
        paint.text(line, words, style);
        return;
    }
    let Some(key) = model.store.selected() else {
        return;
    };
    let look = paint.look;
    let place = match key {
        Key::Orphan(_) => names::place(sizes.store, key).unwrap_or_default(),
        _ => look.shown(names::clipped(&names::name(sizes.store, key)).as_bytes()),
    };
    let place = look.shown(place.as_bytes());
    let facts = fact(sizes, key, paint);
    let plain = paint.style(Role::Plain);
    let width = u16::try_from(unicode_width::UnicodeWidthStr::width(facts.as_str()));
    let width = width.unwrap_or(u16::MAX);
    // A name without its size says more than a size without its name.
    if width < line.width / 2 {
        paint.text_right(line, &facts, plain);
        let left = Rect {
            width: line.width - width.saturating_add(2).min(line.width),
            ..line
        };
        paint.text_cut(left, &place, Cut::Middle, plain);
    } else {
        paint.text_cut(line, &place, Cut::Middle, plain);
    }
}

fn fact(sizes: &SizedStore<'_>, key: Key, paint: &Paint<'_>) -> String {
    let look = paint.look;
    match key {
        Key::Image(id) if sizes.sense != Sense::Engine => {
            let account = sizes.accounts.images.get(id.as_usize());
            account.map_or_else(String::new, |account| {
                let freed = columns_amount(account.freed, sizes, paint);
                match (account.freed.bytes, account.containers) {
                    (0, 1..) => "in use: removing it alone frees nothing".into(),
                    _ => format!("removing it alone frees {freed}"),
                }
            })
        }
        Key::Layer(_) | Key::Orphan(_) | Key::Cache(_) | Key::Volume(_) => {
            sizes.text(sizes.total(key), look)
        }
        _ => sizes.text(sizes.own(key), look),
    }
}

fn columns_amount(
    amount: crate::store::Amount,
    sizes: &SizedStore<'_>,
    paint: &Paint<'_>,
) -> String {
    super::amounts::amount_text(amount, sizes.known, paint.look)
}

/// Returns whether there is room for borders.
pub(super) fn is_bare(paint: &Paint<'_>) -> bool {
    paint.arrangement <= Arrangement::Bare
}

/// Returns the words for a store that is still being measured.
pub(super) fn measuring(model: &Model, known: Known, paint: &Paint<'_>) -> Option<String> {
    let more = paint.look.ellipsis();
    match (model.measuring, known) {
        (Some(_), Known::Records) => {
            Some(format!("measuring{more} {}", units::count(model.counted)))
        }
        (Some(_), Known::Measured) => Some(format!("reading again{more}")),
        (None, Known::Records) => Some("not measured".into()),
        (None, Known::Measured) => None,
    }
}
