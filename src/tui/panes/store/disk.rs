//! Where the disk went.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::SizedStore;
use super::amounts::amount_text;
use super::table::share;
use crate::store::{Amount, Engine};
use crate::text::Glyphs;
use crate::tui::paint::{Keys, Paint};
use crate::tui::theme::Role;

/// Returns the parts of the disk; they add up to the whole.
fn parts(sizes: &SizedStore<'_>) -> [(&'static str, Amount); 7] {
    let totals = &sizes.accounts.totals;
    [
        ("images", totals.images),
        ("written", totals.writable),
        ("logs", totals.logs),
        ("volumes", totals.volumes),
        ("build cache", totals.cache),
        ("orphans", totals.orphans),
        ("other", totals.bookkeeping + totals.container_files),
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
        .map(|(_, amount)| amount.bytes)
        .max()
        .unwrap_or(0);
    let (plain, bar) = (paint.style(Role::Plain), paint.style(Role::Bar));
    let dim = paint.style(Role::Dim);
    for ((label, amount), line) in parts.iter().zip(lines.by_ref()) {
        let text = amount_text(*amount, sizes.known, paint.look);
        let at = |x: u16, width: u16| Rect {
            x: line.x.saturating_add(x),
            width: width.min(line.width.saturating_sub(x)),
            ..line
        };
        paint.text(at(1, 11), label, plain);
        paint.text_right(at(13, 12), &text, plain);
        let room = line.width.saturating_sub(26) / 2;
        paint.bar(at(26, room), share(amount.bytes, largest), bar);
        if let Some(note) = note(label, sizes, *amount) {
            paint.text(at(28 + room, room), note, dim);
        }
    }
    if let Some(line) = lines.next() {
        let strong = paint.style(Role::Strong);
        let text = amount_text(whole, sizes.known, paint.look);
        paint.text(
            Rect {
                x: line.x + 1,
                ..line
            }
            .intersection(line),
            "total",
            strong,
        );
        let right = Rect {
            x: line.x.saturating_add(13),
            width: line.width.saturating_sub(13).min(12),
            ..line
        };
        paint.text_right(right, &text, strong);
    }
}

/// Says what the engine's own command hides.
fn note(label: &str, sizes: &SizedStore<'_>, amount: Amount) -> Option<&'static str> {
    let is_docker = matches!(
        sizes.store.engine,
        Engine::Docker | Engine::DockerContainerd
    );
    match label {
        _ if amount.bytes == 0 => None,
        "orphans" if is_docker => Some("not listed by `docker system df`"),
        "logs" if is_docker => Some("not counted by `docker system df`"),
        "orphans" if sizes.store.engine == Engine::ContainersStorage => {
            Some("not listed by `podman system df`")
        }
        _ => None,
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
    parts.retain(|(_, amount)| amount.bytes > 0);
    if parts.is_empty() {
        let style = paint.style(Role::Dim);
        let words = amount_text(sizes.accounts.totals.total, sizes.known, paint.look);
        paint.text(line, &format!("disk: {words}"), style);
        return;
    }
    // The smallest give way where not all have room for their names.
    parts.sort_by_key(|(_, amount)| std::cmp::Reverse(amount.bytes));
    let label = |part: &(&str, Amount), paint: &Paint<'_>| {
        let text = amount_text(part.1, sizes.known, paint.look);
        format!(" {} {text}", part.0)
    };
    let room = usize::from(line.width);
    let taken = |parts: &[(&str, Amount)], paint: &Paint<'_>| -> usize {
        parts
            .iter()
            .map(|part| label(part, paint).width() + 2)
            .sum()
    };
    while parts.len() > 1 && taken(&parts, paint) + parts.len() > room {
        parts.pop();
    }
    let spare = room.saturating_sub(taken(&parts, paint));
    let whole: u64 = parts.iter().map(|(_, amount)| amount.bytes).sum();
    let block = match paint.look.glyphs {
        Glyphs::Unicode => "█",
        Glyphs::Ascii => "#",
    };
    let (plain, bar) = (paint.style(Role::Plain), paint.style(Role::Bar));
    let mut place = line;
    for part in &parts {
        let length = u128::from(part.1.bytes) * (spare as u128) / u128::from(whole.max(1));
        let length = usize::try_from(length).unwrap_or(0).clamp(1, spare.max(1));
        let label = label(part, paint);
        for (text, style) in [
            (block.repeat(length), bar),
            (label, plain),
            ("  ".into(), plain),
        ] {
            let used = paint.text(place, &text, style).min(place.width);
            place.x += used;
            place.width -= used;
        }
    }
}
