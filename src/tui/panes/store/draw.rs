//! What a layer store holds.

use ratatui::layout::Rect;

use super::super::list::ListAreas;
use super::amounts::amount_text;
use super::row::RowSource;
use super::{
    Aside, Key, Sense, SizedStore, StoreAreas, StorePane, StoreReads, StoreTab, columns, disk,
    header, names,
};
use crate::text::{Cut, Look};
use crate::tui::layout::Areas;
use crate::tui::paint::{Keys, Paint};
use crate::tui::theme::Role;
use crate::units;

pub(in crate::tui) fn draw(
    pane: &StorePane,
    reads: &StoreReads<'_>,
    areas: &Areas,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let Some(sizes) = SizedStore::of(reads.subject, pane.at, pane.sense) else {
        return;
    };
    header::draw(pane, reads, &sizes, areas, paint);
    let parts = StoreAreas::of(areas.body, areas.arrangement, pane.tab, reads.zoom);
    draw_list(pane, &sizes, &parts, keys, paint);
    for (aside, place) in &parts.asides {
        match aside {
            Aside::Containers => draw_aside(pane, &sizes, StoreTab::Containers, *place, paint),
            Aside::Orphans => draw_aside(pane, &sizes, StoreTab::Orphans, *place, paint),
            Aside::Layers => draw_layers(pane, &sizes, *place, paint),
            Aside::Disk => disk::draw_pane(&sizes, *place, paint),
        }
    }
    disk::draw_bar(&sizes, parts.bar, paint);
}

fn draw_list(
    pane: &StorePane,
    sizes: &SizedStore<'_>,
    parts: &StoreAreas,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let list = &pane.list(pane.tab).list;
    let title = columns::title(sizes, pane.tab, paint.look);
    let note = format!("{}{}", marked(pane), list.position());
    paint.pane(parts.list, &title, &note, keys);
    let lines = ListAreas::of(parts.list, paint.arrangement, &list.filter);
    let source = RowSource::new(sizes, pane, pane.tab, lines.rows.width);
    if !list.rows.is_empty() {
        source.heading(lines.heading, paint);
    }
    let empty = empty(pane, sizes);
    list.draw_rows(lines.rows, empty, keys, paint, |key, line, paint| {
        source.row(*key, line, paint);
    });
    list.draw_filter(lines.filter, paint);
}

fn marked(pane: &StorePane) -> String {
    match pane.marks.len() {
        0 => String::new(),
        some => format!("{} marked   ", units::count(some as u64)),
    }
}

fn empty(pane: &StorePane, sizes: &SizedStore<'_>) -> &'static str {
    if pane.list(pane.tab).list.filter.is_on() {
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
        StoreTab::Extras => "nothing was measured that has no rows elsewhere",
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
    let list = &pane.list(tab).list;
    let title = columns::title(sizes, tab, paint.look);
    let rows = usize::from(place.height.saturating_sub(2));
    let shown = list
        .rows
        .len()
        .min(rows.saturating_sub(usize::from(rows > 1)));
    let more = list.rows.len() - shown;
    let mut notes = Vec::new();
    if list.filter.is_on() {
        notes.push("filtered".to_owned());
    }
    if more > 0 {
        notes.push(format!("{} more", units::count(more as u64)));
    }
    let note = notes.join(", ");
    let inside = paint.pane(place, &title, &note, Keys::Elsewhere);
    let source = RowSource::new(sizes, pane, tab, inside.width);
    if list.rows.is_empty() {
        let words = if list.filter.is_on() {
            "nothing matches the filter"
        } else {
            "none"
        };
        return paint.remark(inside, words);
    }
    let mut lines = inside.rows();
    // One line alone is better used for what is largest.
    if rows > 1
        && let Some(line) = lines.next()
    {
        source.heading(line, paint);
    }
    for (key, line) in list.rows.iter().zip(lines) {
        source.row(*key, line, paint);
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
    let source = RowSource::new(sizes, pane, StoreTab::Layers, inside.width);
    let mut lines = inside.rows();
    if let Some(line) = lines.next() {
        source.heading(line, paint);
    }
    for (layer, line) in layers.iter().zip(lines) {
        match layer {
            Some(id) => source.row(Key::Layer(*id), line, paint),
            None => {
                paint.text(line, "           not in the store", Role::Alarm);
            }
        }
    }
}

/// Draws where the cursor is: the whole name and what it would free.
pub(in crate::tui) fn draw_standing(
    pane: &StorePane,
    reads: &StoreReads<'_>,
    line: Rect,
    paint: &mut Paint<'_>,
) {
    let sizes = SizedStore::of(reads.subject, pane.at, pane.sense);
    let (Some(sizes), Some(key)) = (sizes, pane.selected()) else {
        return;
    };
    let look = paint.look;
    let place = match key {
        Key::Orphan(_) | Key::LargePath(_) => names::place(sizes.store, key).unwrap_or_default(),
        _ => look.shown(names::clipped(&names::name(sizes.store, key)).as_bytes()),
    };
    let place = look.shown(place.as_bytes());
    let facts = fact(&sizes, key, paint.look);
    let width = u16::try_from(unicode_width::UnicodeWidthStr::width(facts.as_str()));
    let width = width.unwrap_or(u16::MAX);
    // A name without its size says more than a size without its name.
    if width < line.width / 2 {
        paint.text_right(line, &facts, Role::Plain);
        let left = Rect {
            width: line.width - width.saturating_add(2).min(line.width),
            ..line
        };
        paint.text_cut(left, &place, Cut::Middle, Role::Plain);
    } else {
        paint.text_cut(line, &place, Cut::Middle, Role::Plain);
    }
}

fn fact(sizes: &SizedStore<'_>, key: Key, look: Look) -> String {
    match key {
        Key::Image(id) if sizes.sense != Sense::Engine => {
            let account = sizes.accounts.images.get(id.as_usize());
            account.map_or_else(String::new, |account| {
                let freed = amount_text(account.freed, sizes.known, look);
                match (account.freed.bytes, account.containers) {
                    (0, 1..) => "in use: removing it alone frees nothing".into(),
                    _ => format!("removing it alone frees {freed}"),
                }
            })
        }
        _ => sizes.text(sizes.own(key), look),
    }
}
