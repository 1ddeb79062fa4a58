//! Where the disk went.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::SizedStore;
use super::amounts::amount_text;
use crate::store::Amount;
use crate::text::Glyphs;
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::theme::Role;

/// A part of the disk.
#[derive(Clone, Copy)]
struct Part {
    name: &'static str,
    amount: Amount,
    /// What the engine's own command hides of it.
    hidden: Option<&'static str>,
}

/// Returns the parts of the disk; they add up to the whole.
fn parts(sizes: &SizedStore<'_>) -> [Part; 8] {
    let totals = &sizes.accounts.totals;
    let [logs, orphans] = sizes.store.engine.definition().hides;
    let part = |name, amount| Part {
        name,
        amount,
        hidden: None,
    };
    [
        part("images", totals.images),
        part("written", totals.writable),
        Part {
            hidden: logs,
            ..part("logs", totals.logs)
        },
        part("volumes", totals.volumes),
        part("build cache", totals.cache),
        part("leases", totals.leases),
        Part {
            hidden: orphans,
            ..part("orphans", totals.orphans)
        },
        part(
            "other",
            totals.extras + totals.bookkeeping + totals.container_files,
        ),
    ]
}

/// Draws a line for each part, and the whole.
pub(super) fn draw_pane(sizes: &SizedStore<'_>, place: Rect, paint: &mut Paint<'_>) {
    let inside = paint.pane(place, "Disk", "", Keys::Elsewhere);
    let mut lines = inside.rows();
    let whole = sizes.accounts.totals.total;
    let parts = parts(sizes);
    let largest = parts
        .iter()
        .map(|part| part.amount.bytes)
        .max()
        .unwrap_or(0);
    for (part, line) in parts.iter().zip(lines.by_ref()) {
        let text = amount_text(part.amount, sizes.known, paint.look);
        let at = |x: u16, width: u16| Rect {
            x: line.x.saturating_add(x),
            width: width.min(line.width.saturating_sub(x)),
            ..line
        };
        paint.text(at(1, 11), part.name, Role::Plain);
        paint.text_right(at(13, 12), &text, Role::Plain);
        let room = line.width.saturating_sub(26) / 2;
        paint.bar(at(26, room), part.amount.bytes, largest, Role::Bar);
        if let Some(note) = part.hidden.filter(|_| part.amount.bytes > 0) {
            paint.text(at(28 + room, room), note, Role::Dim);
        }
    }
    if let Some(line) = lines.next() {
        let text = amount_text(whole, sizes.known, paint.look);
        paint.text(
            Rect {
                x: line.x + 1,
                ..line
            }
            .intersection(line),
            "total",
            Role::Strong,
        );
        let right = Rect {
            x: line.x.saturating_add(13),
            width: line.width.saturating_sub(13).min(12),
            ..line
        };
        paint.text_right(right, &text, Role::Strong);
    }
}

/// Draws the parts that there are in one line, each with a bar as long as its share.
pub(super) fn draw_bar(sizes: &SizedStore<'_>, line: Rect, paint: &mut Paint<'_>) {
    if line.is_empty() {
        return;
    }
    let line = Rect {
        x: line.x + 1,
        width: line.width.saturating_sub(2),
        ..line
    };
    let mut parts = parts(sizes).to_vec();
    parts.retain(|part| part.amount.bytes > 0);
    if parts.is_empty() {
        let words = amount_text(sizes.accounts.totals.total, sizes.known, paint.look);
        paint.text(line, &format!("disk: {words}"), Role::Dim);
        return;
    }
    // The smallest give way where not all have room for their names.
    parts.sort_by_key(|part| std::cmp::Reverse(part.amount.bytes));
    let label = |part: &Part, paint: &Paint<'_>| {
        let text = amount_text(part.amount, sizes.known, paint.look);
        format!(" {} {text}", part.name)
    };
    let room = usize::from(line.width);
    let taken = |parts: &[Part], paint: &Paint<'_>| -> usize {
        parts
            .iter()
            .map(|part| label(part, paint).width() + 2)
            .sum()
    };
    while parts.len() > 1 && taken(&parts, paint) + parts.len() > room {
        parts.pop();
    }
    let spare = room.saturating_sub(taken(&parts, paint));
    let whole: u64 = parts.iter().map(|part| part.amount.bytes).sum();
    let block = match paint.look.glyphs {
        Glyphs::Unicode => "█",
        Glyphs::Ascii => "#",
    };
    let plain = paint.style(Role::Plain);
    let bar = paint.style(Role::Bar);
    let mut place = line;
    for part in &parts {
        let length = u128::from(part.amount.bytes) * (spare as u128) / u128::from(whole.max(1));
        let length = usize::try_from(length).unwrap_or(0).clamp(1, spare.max(1));
        let label = label(part, paint);
        for (text, style) in [
            (block.repeat(length), bar),
            (label, plain),
            ("  ".into(), plain),
        ] {
            let used = paint.text(place, &text, style).min(place.width);
            place = behind(place, used);
        }
    }
}
