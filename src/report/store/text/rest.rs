//! Orphans, build cache, leases and volumes.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::wrapping_table::{Side, Table, TableRow};
use super::{DIMMED, Page, counted, largest};
use crate::store::reclaim::{self, by_name};
use crate::store::{Amount, LayerId};
use crate::text::attributes::time;

pub(super) fn write_orphans(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let orphans = &page.one.store.orphans;
    if orphans.is_empty() {
        return Ok(());
    }
    page.title("Orphans", page.one.totals().orphans, output)?;
    let (order, listed) = largest(orphans.len(), page.top, |at| page.one.orphan(at).bytes);
    let (shown, rest) = order.split_at(listed);
    let columns = [("Size", Side::Right), ("Changed", Side::Left)];
    let mut table = Table::new(&columns, "Path");
    for &at in shown {
        let orphan = &orphans[at];
        let piece = page.one.store.piece(orphan.piece);
        let changed = orphan.since.or(piece.modified);
        let commands = by_name(page.one.store.engine, orphan).into_iter();
        let commands = commands.map(|command| command.shown());
        table.push(TableRow {
            cells: vec![
                page.amount(page.one.orphan(at)),
                changed.map_or_else(|| "-".to_owned(), time),
            ],
            subject: page.text(&page.one.store.place(&piece.location)),
            mark: String::new(),
            notes: [page.text(&orphan.reason)]
                .into_iter()
                .chain(commands)
                .collect(),
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.orphan(at)), output)
}

pub(super) fn write_cache(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let cache = &page.one.store.cache;
    if cache.is_empty() {
        return Ok(());
    }
    page.title("Build cache", page.one.totals().cache, output)?;
    let (order, listed) = largest(cache.len(), page.top, |at| {
        let account = page.one.cache(at);
        (account.private.bytes, account.total.bytes)
    });
    let (shown, rest) = order.split_at(listed);
    let columns = [
        ("Private", Side::Right),
        ("Total", Side::Right),
        ("Used", Side::Left),
    ];
    let mut table = Table::new(&columns, "Record");
    for &at in shown {
        let record = &cache[at];
        let account = page.one.cache(at);
        let what = if record.description.is_empty() {
            &record.id
        } else {
            &record.description
        };
        let used = record.used.or(record.created);
        let second = record.copy_of.map_or("", |_| "second copy");
        let is_shared = account.private != account.total;
        let mark = match (is_shared, second) {
            (true, "") => "shared with images",
            (_, second) => second,
        };
        table.push(TableRow {
            cells: vec![
                page.amount(account.private),
                page.amount(account.total),
                used.map_or_else(|| "-".to_owned(), time),
            ],
            subject: page.text(what),
            mark: mark.to_owned(),
            notes: Vec::new(),
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.cache(at).private), output)?;
    write_copies(page, output)
}

/// Says what the copies of layers that `BuildKit` keeps cost where Docker stores images with containerd.
fn write_copies(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let (layers, amount) = copies(page);
    if layers == 0 {
        return Ok(());
    }
    let text = format!(
        "BuildKit keeps a second copy of {}: {}",
        counted(layers, "layer"),
        page.amount(amount)
    );
    page.sentence(&text, DIMMED, output)
}

fn copies(page: &Page<'_>) -> (usize, Amount) {
    let records = page.one.store.cache.iter();
    let layers: BTreeSet<LayerId> = records
        .filter(|record| record.copy_of.is_some())
        .filter_map(|record| record.layer)
        .collect();
    let amounts = layers
        .iter()
        .map(|layer| page.one.layer(layer.as_usize()).total);
    (layers.len(), amounts.sum())
}

/// Writes what pulls and builds hold that are at work, or were.
pub(super) fn write_leases(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let leases = &page.one.store.leases;
    if leases.is_empty() {
        return Ok(());
    }
    page.title("Leases", page.one.totals().leases, output)?;
    let (order, listed) = largest(leases.len(), page.top, |at| page.one.lease(at).bytes);
    let (shown, rest) = order.split_at(listed);
    let mut table = Table::new(&[("Size", Side::Right)], "Held by");
    for &at in shown {
        let lease = &leases[at];
        table.push(TableRow {
            cells: vec![page.amount(page.one.lease(at))],
            subject: page.text(&lease.words()),
            notes: vec![page.text(&format!("namespace {}", lease.namespace))],
            ..TableRow::default()
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.lease(at)), output)?;
    let text =
        "a pull or a build may be at work there; what it leaves is an orphan once its lease ends";
    page.sentence(text, DIMMED, output)
}

pub(super) fn write_volumes(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let volumes = &page.one.store.volumes;
    if volumes.is_empty() {
        return Ok(());
    }
    page.title("Volumes", page.one.totals().volumes, output)?;
    let (order, listed) = largest(volumes.len(), page.top, |at| page.one.volume(at).bytes);
    let (shown, rest) = order.split_at(listed);
    let columns = [("Size", Side::Right), ("Ctrs", Side::Right)];
    let mut table = Table::new(&columns, "Volume");
    for &at in shown {
        let volume = &volumes[at];
        let size = if volume.pieces.is_empty() {
            "elsewhere".to_owned()
        } else {
            page.amount(page.one.volume(at))
        };
        let count = volume.has_known_users().then_some(volume.containers.len());
        let count = count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        table.push(TableRow {
            cells: vec![size, count],
            subject: page.text(&volume.name),
            mark: match volume.driver.as_str() {
                "" | "local" => String::new(),
                driver => page.text(driver),
            },
            notes: users(page, at).into_iter().chain(holds(page, at)).collect(),
        });
    }
    table.write(&page.look, output)?;
    page.more(rest.iter().map(|&at| page.one.volume(at)), output)
}

/// Returns what is in a volume, and what removes some of it where that is known.
fn holds(page: &Page<'_>, at: usize) -> Vec<String> {
    let volume = &page.one.store.volumes[at];
    let told = volume
        .holds
        .iter()
        .map(|held| page.text(&reclaim::told_of(held)));
    let command = reclaim::of_builder(page.one.store, volume);
    told.chain(command.map(|command| command.shown())).collect()
}

fn users(page: &Page<'_>, at: usize) -> Vec<String> {
    let volume = &page.one.store.volumes[at];
    let namespace = volume.namespace.iter();
    let namespace = namespace.map(|name| page.text(&format!("namespace {name}")));
    let containers = volume.containers.iter();
    let users = containers
        .filter_map(|id| page.one.store.containers.get(id.as_usize()))
        .map(|container| match container.name.as_str() {
            "" => page.text(&container.id),
            name => page.text(name),
        })
        .map(|name| format!("used by {name}"));
    namespace.chain(users).collect()
}
