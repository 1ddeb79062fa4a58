//! For people: first where the disk went, then who took it, last what could be given back and how.
//!
//! Facts are never cut: what is too wide for its place stands below.

mod containers;
mod disk;
mod extras;
mod images;
mod rest;
mod trouble;
mod wrapping_table;

use std::cmp::Reverse;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::amounts::shown;
use super::{ReportedStore, StoreReport};
use crate::store::{Activity, Amount, Store, StoredImage};
use crate::text::columns::{Cut, flow};
use crate::text::{Detail, Look};
use crate::units;

const BOLD: Style = Style::new().bold();
const DIMMED: Style = Style::new().dimmed();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ODD: Style = AnsiColor::Yellow.on_default();

/// Rows of a table unless told otherwise.
const DEFAULT_TOP: usize = 10;

/// Columns of a word that a store may choose: longer ones stand elsewhere in whole.
const WIDEST_WORD: usize = 24;

/// Writes every store, one after the other.
///
/// # Errors
/// Those of `output`.
pub(in crate::report) fn write(report: &StoreReport<'_>, output: &mut dyn Write) -> io::Result<()> {
    let top = match (report.top, report.look.detail) {
        (Some(top), _) => top,
        (None, Detail::Full) => usize::MAX,
        (None, Detail::Short) => DEFAULT_TOP,
    };
    let stores: Vec<ReportedStore<'_>> = report.stores().collect();
    if stores.len() > 1 {
        write_overview(&stores, &report.look, output)?;
    }
    for (at, one) in stores.into_iter().enumerate() {
        if at > 0 || report.inventory.stores.len() > 1 {
            writeln!(output)?;
        }
        let page = Page {
            one,
            look: report.look,
            top,
        };
        page.write(output)?;
    }
    Ok(())
}

/// One store being written.
struct Page<'a> {
    one: ReportedStore<'a>,
    look: Look,
    top: usize,
}

impl Page<'_> {
    fn write(&self, output: &mut dyn Write) -> io::Result<()> {
        self.write_heading(output)?;
        disk::write(self, output)?;
        images::write(self, output)?;
        containers::write(self, output)?;
        containers::write_pods(self, output)?;
        rest::write_orphans(self, output)?;
        rest::write_cache(self, output)?;
        rest::write_leases(self, output)?;
        rest::write_volumes(self, output)?;
        extras::write(self, output)?;
        extras::write_largest(self, output)?;
        trouble::write_suggestions(self, output)?;
        trouble::write_warnings(self, output)?;
        trouble::write_incomplete(self, output)
    }

    fn write_heading(&self, output: &mut dyn Write) -> io::Result<()> {
        let store = self.one.store;
        let root = self.text(store.root.name());
        let images = images_of(store);
        let mut pieces = vec![
            root.clone(),
            store.engine.as_str().to_owned(),
            self.text(&store.driver),
            counted(images.count(), "image"),
            counted(store.layers.len(), "layer"),
            counted(store.containers.len(), "container"),
        ];
        for (number, noun) in [
            (store.pods.len(), "pod"),
            (store.volumes.len(), "volume"),
            (store.cache.len(), "cache record"),
            (store.leases.len(), "lease"),
            (store.orphans.len(), "orphan"),
        ] {
            if number > 0 {
                pieces.push(counted(number, noun));
            }
        }
        let width = self.look.width;
        let lines = flow(&pieces, "  ", width);
        for line in lines
            .iter()
            .flat_map(|line| wrapping_table::broken(line, width))
        {
            match line.strip_prefix(&root) {
                Some(rest) => writeln!(output, "{BOLD}{root}{BOLD:#}{rest}")?,
                None => writeln!(output, "{line}")?,
            }
        }
        if let Some(why) = store.left_behind() {
            self.sentence(&self.text(&format!("left behind: {why}")), ODD, output)?;
        }
        Ok(())
    }

    /// Returns text of the store as text for people.
    fn text(&self, text: &str) -> String {
        self.look.shown(text.as_bytes())
    }

    fn amount(&self, amount: Amount) -> String {
        shown(&self.look, amount)
    }

    fn title(&self, title: &str, amount: Amount, output: &mut dyn Write) -> io::Result<()> {
        let amount = self.amount(amount);
        writeln!(output)?;
        writeln!(output, "{BOLD}{title}{BOLD:#}  {amount}")
    }

    /// Writes words in as many lines as they take.
    fn sentence(&self, text: &str, style: Style, output: &mut dyn Write) -> io::Result<()> {
        for line in wrapping_table::broken(text, self.look.width) {
            writeln!(output, "{style}{line}{style:#}")?;
        }
        Ok(())
    }

    /// Says how much the rows make that are not listed.
    fn more(
        &self,
        rest: impl ExactSizeIterator<Item = Amount>,
        output: &mut dyn Write,
    ) -> io::Result<()> {
        let number = rest.len();
        if number == 0 {
            return Ok(());
        }
        let amount = self.amount(rest.sum());
        let text = format!("and {} more: {amount}", units::count(number as u64));
        self.sentence(&text, DIMMED, output)
    }
}

/// Returns the positions of what is worth a row, the largest first, ties by their own order, and how many are
/// listed.
fn largest<K: Ord>(length: usize, top: usize, key: impl Fn(usize) -> K) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by_key(|&at| Reverse(key(at)));
    let listed = top.min(order.len());
    (order, listed)
}

/// Steps of a build are no images to whoever built it.
fn images_of(store: &Store) -> impl Iterator<Item = &StoredImage> {
    store.images.iter().filter(|image| !image.is_intermediate)
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", units::count(number as u64))
}

/// One line a store, so that the one which fills the disk is seen at once.
fn write_overview(
    stores: &[ReportedStore<'_>],
    look: &Look,
    output: &mut dyn Write,
) -> io::Result<()> {
    use wrapping_table::{Side, Table, TableRow};
    let columns = [
        ("Total", Side::Right),
        ("Images", Side::Right),
        ("Containers", Side::Right),
        ("Engine", Side::Left),
    ];
    let mut table = Table::new(&columns, "Store");
    for one in stores {
        let totals = one.totals();
        let engine = format!("{} {}", one.store.engine.as_str(), one.store.driver);
        let mark = match one.store.activity {
            Activity::Active => "",
            Activity::LeftBehind => "left behind",
        };
        table.push(TableRow {
            cells: vec![
                shown(look, totals.total),
                units::count(images_of(one.store).count() as u64),
                units::count(one.store.containers.len() as u64),
                look.fit(&look.shown(engine.as_bytes()), WIDEST_WORD, Cut::End),
            ],
            subject: look.shown(one.store.root.name().as_bytes()),
            mark: mark.to_owned(),
            notes: Vec::new(),
        });
    }
    table.write(look, output)
}
