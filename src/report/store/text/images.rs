//! What each image costs alone and shared.

use std::io::{self, Write};

use super::wrapping_table::{Side, Table, TableRow};
use super::{DIMMED, Page, counted, largest};
use crate::store::engine_sizes::ImageSizes;
use crate::store::{Refusal, Store, StoredImage};
use crate::text::Detail;
use crate::units;

pub(super) fn write(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let images = &page.one.store.images;
    if images.is_empty() {
        return Ok(());
    }
    page.title("Images", page.one.totals().images, output)?;
    let (mut order, _) = largest(images.len(), page.top, |at| {
        let account = page.one.image(at);
        (account.unique.bytes, account.total.bytes)
    });
    let mut steps = 0;
    if page.look.detail == Detail::Short {
        order.retain(|&at| !images[at].is_intermediate);
        steps = images.len() - order.len();
    }
    let (shown, rest) = order.split_at(page.top.min(order.len()));
    table(page, shown).write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.image(at).unique), output)?;
    if tells_freed(page, shown) {
        page.sentence(
            freed(page.one.store.engine.definition().refusal),
            DIMMED,
            output,
        )?;
    }
    if steps > 0 {
        let text = format!("{}; -v lists them", counted(steps, "intermediate step"));
        page.sentence(&text, DIMMED, output)?;
    }
    Ok(())
}

/// Says what `Freed` means: engines differ in what they refuse.
const fn freed(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::InUse => {
            "Freed: by removing it alone: nothing while it is in use; its build steps go too"
        }
        Refusal::Never => "Freed: by removing it alone; containers keep what they stand on",
    }
}

/// What removing an image frees is told where it is not simply what it has alone.
fn tells_freed(page: &Page<'_>, shown: &[usize]) -> bool {
    shown.iter().any(|&at| {
        let account = page.one.image(at);
        account.freed != account.unique
    })
}

fn table(page: &Page<'_>, shown: &[usize]) -> Table {
    let mut columns = vec![
        ("Unique", Side::Right),
        ("Shared", Side::Right),
        ("Total", Side::Right),
    ];
    let has_freed = tells_freed(page, shown);
    if has_freed {
        columns.push(("Freed", Side::Right));
    }
    columns.push(("Layers", Side::Right));
    columns.push(("Ctrs", Side::Right));
    let mut table = Table::new(&columns, "Image");
    for &at in shown {
        let account = page.one.image(at);
        let image = &page.one.store.images[at];
        let mut amounts = vec![account.unique, account.shared, account.total];
        if has_freed {
            amounts.push(account.freed);
        }
        let mut cells: Vec<String> = amounts.into_iter().map(|one| page.amount(one)).collect();
        cells.push(image.layers.len().to_string());
        let users = page.one.store.known_users(account.containers);
        cells.push(users.map_or_else(|| "?".to_owned(), |users| users.to_string()));
        table.push(TableRow {
            cells,
            subject: page.text(&name(page.one.store, image)),
            mark: mark(page.one.store, image).to_owned(),
            notes: notes(page, at),
        });
    }
    table
}

/// Returns the first name, or the short ID as engines print it; unescaped. Without either the layer on top tells.
pub(super) fn name(store: &Store, image: &StoredImage) -> String {
    let digest = image.id.as_ref().or(image.digest.as_ref());
    match (image.names.first(), digest) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => format!("<none>@{}", id.short()),
        (None, None) => {
            let top = image.layers.last().copied().flatten();
            let top = top.map(|top| store.layer(top).name.as_str());
            format!("<none> on {}", top.unwrap_or("nothing"))
        }
    }
}

fn mark(store: &Store, image: &StoredImage) -> &'static str {
    match (image.is_intermediate, store.is_dangling(image)) {
        (true, _) => "intermediate",
        (false, Some(true)) => "dangling",
        (false, None) => "name unknown",
        (false, Some(false)) => "",
    }
}

fn notes(page: &Page<'_>, at: usize) -> Vec<String> {
    let image = &page.one.store.images[at];
    let mut notes: Vec<String> = Vec::new();
    notes.extend(image.names.get(1..).unwrap_or_default().iter().map(|name| {
        let name = page.text(name);
        format!("also {name}")
    }));
    let missing = image.layers.iter().filter(|layer| layer.is_none()).count();
    if missing > 0 {
        notes.push(format!("{missing} of its layers not in the store"));
    }
    let images = &page.one.store.images;
    let is_full = page.look.detail == Detail::Full;
    if let Some(namespace) = &image.namespace
        && (is_full
            || images
                .iter()
                .any(|other| other.namespace != image.namespace))
    {
        notes.push(format!("namespace {}", page.text(namespace)));
    }
    let is_namesake = |other: &StoredImage| !image.names.is_empty() && other.names == image.names;
    if is_full || images.iter().filter(|other| is_namesake(other)).count() > 1 {
        notes.extend(image.platform.written().map(|text| page.text(&text)));
    }
    if is_full {
        notes.extend(image.id.as_ref().map(|id| format!("id {}", id.short())));
        let created = image.created.as_ref();
        notes.extend(created.map(|time| format!("created {}", page.text(time))));
        notes.extend(engine(page, at));
    }
    notes
}

/// Returns what the engine itself prints, in its own units: thousands.
fn engine(page: &Page<'_>, at: usize) -> Vec<String> {
    let ImageSizes {
        size_bytes,
        shared_bytes,
        unique_bytes,
        inspect_bytes,
    } = page.one.image_sizes(at);
    [
        ("engine's SIZE", size_bytes),
        ("SHARED SIZE", shared_bytes),
        ("UNIQUE SIZE", unique_bytes),
        ("inspect Size", inspect_bytes),
    ]
    .into_iter()
    .filter_map(|(name, bytes)| Some(format!("{name} {}", units::Units::Si.size(bytes?))))
    .collect()
}
