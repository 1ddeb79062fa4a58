//! Where the disk went: one bar a purpose.

use std::io::{self, Write};

use super::{BOLD, DIMMED, Page};
use crate::store::Amount;
use crate::text::bars::nearest_bar;
use crate::text::columns::{left, right, widest};
use crate::units;

/// Longer bars than this say no more.
const LONGEST_BAR: usize = 40;

pub(super) fn write(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let totals = page.one.totals();
    let parts = [
        ("images", totals.images),
        ("writable", totals.writable),
        ("logs", totals.logs),
        ("container files", totals.container_files),
        ("volumes", totals.volumes),
        ("build cache", totals.cache),
        ("leases", totals.leases),
        ("extras", totals.extras),
        ("orphans", totals.orphans),
        ("bookkeeping", totals.bookkeeping),
    ];
    let sizes = parts.map(|(_, amount)| page.amount(amount));
    let total = page.amount(totals.total);
    let name_width = widest(parts.map(|(name, _)| name));
    let size_width = widest(sizes.iter().chain([&total]).map(String::as_str));
    page.title("Where the disk went", totals.total, output)?;
    // Indent, two gaps and the percentage.
    let used = name_width + size_width + 2 + 2 + 2 + 7 + 2;
    let room = page.look.width.saturating_sub(used).min(LONGEST_BAR);
    for ((name, amount), size) in parts.iter().zip(&sizes) {
        if *amount == Amount::default() {
            continue;
        }
        let share = share(*amount, totals.total);
        let percent = share.map_or_else(String::new, units::percent);
        let bar = nearest_bar(room, amount.bytes, totals.total.bytes, page.look.glyphs);
        let line = format!(
            "  {}  {}  {}  {bar}",
            left(name, name_width),
            right(size, size_width),
            right(&percent, 7)
        );
        writeln!(output, "{}", line.trim_end())?;
    }
    writeln!(
        output,
        "  {BOLD}{}  {}{BOLD:#}",
        left("total", name_width),
        right(&total, size_width)
    )?;
    write_sharing(page, output)
}

fn write_sharing(page: &Page<'_>, output: &mut dyn Write) -> io::Result<()> {
    let totals = page.one.totals();
    if totals.images_added_up.bytes <= totals.images.bytes {
        return Ok(());
    }
    let text = format!(
        "images added up one by one make {}: they share layers",
        page.amount(totals.images_added_up)
    );
    page.sentence(&text, DIMMED, output)
}

/// Returns the part of the whole; `None` where nothing is measured.
fn share(amount: Amount, total: Amount) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a percentage with one decimal")]
    let ratio = (total.bytes > 0).then(|| amount.bytes as f64 / total.bytes as f64);
    ratio
}
