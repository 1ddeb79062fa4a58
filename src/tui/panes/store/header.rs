//! The first two lines over a store: which store, which view, in which sense and order.

use super::amounts::amount_text;
use super::{SizedStore, StorePane, StoreReads, columns};
use crate::store::{Activity, Basis, Store};
use crate::text::{Glyphs, Look, plural};
use crate::tui::header_line::{self, HeaderPart, NAME};
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::paint::Paint;
use crate::tui::store_subject::Known;
use crate::tui::tabs::TabLine;
use crate::tui::theme::Role;
use crate::units::count;

pub(super) fn draw(
    pane: &StorePane,
    reads: &StoreReads<'_>,
    sizes: &SizedStore<'_>,
    areas: &Areas,
    paint: &mut Paint<'_>,
) {
    header_line::draw(parts(pane, reads, sizes, paint.look), areas.header, paint);
    if areas.tabs.is_empty() {
        return;
    }
    if paint.arrangement <= Arrangement::Bare {
        let title = columns::title(sizes, pane.tab, paint.look);
        let title = title.replace("   ", " ");
        paint.text(areas.tabs, &title, Role::Strong);
        return;
    }
    let tabs = TabLine::of_store(&reads.session.keys, pane.tab);
    tabs.draw(areas.tabs, &choices(pane, sizes, paint.look), paint);
}

fn parts(
    pane: &StorePane,
    reads: &StoreReads<'_>,
    sizes: &SizedStore<'_>,
    look: Look,
) -> Vec<HeaderPart> {
    let store = sizes.store;
    let total = amount_text(sizes.accounts.totals.total, sizes.known, look);
    let root = look.shown(store.root.name().as_bytes());
    let driver = look.shown(store.driver.as_bytes());
    let basis = match sizes.accounts.basis {
        Basis::Disk => "disk",
        Basis::Files => "lengths",
    };
    let mut parts = vec![
        HeaderPart::new(5, Role::Dim, ["layerscope store", "store"]),
        HeaderPart::new(NAME, Role::Strong, [root]),
        HeaderPart::new(
            20,
            Role::Plain,
            [
                format!("{}, {driver}", store.engine.definition().title),
                driver,
            ],
        ),
        HeaderPart::new(60, Role::Plain, [counts(store)]),
        HeaderPart::new(80, Role::Plain, [format!("{basis}: {total}"), total]),
    ];
    let stores = reads.subject.inventory.stores.len();
    if stores > 1 {
        let at = pane.at + 1;
        parts.push(HeaderPart::new(
            70,
            Role::Plain,
            [
                format!("store {at} of {stores} (J/K)"),
                format!("{at}/{stores}"),
            ],
        ));
    }
    if store.activity == Activity::LeftBehind {
        parts.push(HeaderPart::new(
            85,
            Role::Alarm,
            ["! left behind: not in use", "! left behind"],
        ));
    }
    if let Some(words) = measuring(reads.measured, sizes.known, look) {
        parts.push(HeaderPart::new(65, Role::Dim, [words]));
    }
    if !store.warnings.is_empty() {
        let number = count(store.warnings.len() as u64);
        let warnings = plural(store.warnings.len() as u64, "warning", "warnings");
        parts.push(HeaderPart::new(
            75,
            Role::Alarm,
            [format!("! {warnings} (w)"), format!("! {number}")],
        ));
    }
    parts
}

fn counts(store: &Store) -> String {
    let images = store.images.iter().filter(|image| !image.is_intermediate);
    format!(
        "{}, {}, {}",
        plural(store.layers.len() as u64, "layer", "layers"),
        plural(images.count() as u64, "image", "images"),
        plural(store.containers.len() as u64, "container", "containers"),
    )
}

/// Returns the words for a store that is still being measured.
fn measuring(measured: Option<u64>, known: Known, look: Look) -> Option<String> {
    let more = look.ellipsis();
    match (measured, known) {
        (Some(counted), Known::Records) => Some(format!("measuring{more} {}", count(counted))),
        (Some(_), Known::Measured) => Some(format!("reading again{more}")),
        (None, Known::Records) => Some("not measured".into()),
        (None, Known::Measured) => None,
    }
}

/// Returns in which sense and order rows are shown, from the longest form to the shortest.
fn choices(pane: &StorePane, sizes: &SizedStore<'_>, look: Look) -> Vec<String> {
    let sorting = pane.list(pane.tab).sorting;
    let arrow = match (look.glyphs, sorting.falls()) {
        (Glyphs::Unicode, true) => "↓",
        (Glyphs::Unicode, false) => "↑",
        (Glyphs::Ascii, falls) if falls == sorting.field.falls() => "",
        (Glyphs::Ascii, _) => " reversed",
    };
    let sort = format!("sort: {}{arrow}", sorting.field.word());
    let basis = sizes.sense.word();
    vec![
        format!("basis: {basis} (a)   {sort}"),
        format!("{basis}  {sort}"),
        sort,
    ]
}
