//! The list of layers with the details of one.

use ratatui::layout::Rect;

use super::LayersPane;
use super::details::{DetailLine, LABEL, Length, Room};
use super::listing::{Condition, LayerRow, Owner};
use super::parts::{LayersAreas, indented};
use super::tops::Top;
use crate::text::{Cut, Glyphs};
use crate::tui::paint::{Keys, Paint, bar};
use crate::tui::reads::Reads;
use crate::tui::theme::Role;

/// Sizes of layers, from the smallest to the largest.
const LEVELS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII_LEVELS: [&str; 9] = [" ", ".", ":", "-", "=", "+", "*", "#", "@"];

/// From this width on there are columns for blobs, entries and waste.
const WIDE_FROM: u16 = 56;

pub(in crate::tui) fn draw(
    pane: &LayersPane,
    reads: &Reads<'_>,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let subject = reads.subject;
    let note = format!("L{} of {}", pane.layer(), subject.analysis.layers.len());
    let inner = paint.pane(reads.area, "Layers", &note, keys);
    let parts = LayersAreas::of(
        inner,
        paint.arrangement,
        pane.rows.len(),
        pane.details.len(),
    );
    let spans = Spans::of(pane, inner);
    headings(&spans, parts.headings, paint);
    let visible = pane
        .scroll
        .visible(pane.rows.len(), usize::from(parts.list.height));
    let rows = pane.rows.get(visible.clone()).unwrap_or_default();
    for ((y, row), at) in (parts.list.y..parts.list.bottom()).zip(rows).zip(visible) {
        let line = Rect {
            y,
            height: 1,
            ..parts.list
        };
        draw_row(row, &spans, line, paint);
        if at == pane.scroll.at {
            let style = paint.style(Role::Strong);
            paint.symbol(line.x, y, ">", style);
            paint.cursor(line, keys);
        }
    }
    draw_details(pane, &parts, paint);
}

/// First column and width of each column.
struct Spans {
    number: (u16, u16),
    base: (u16, u16),
    size: (u16, u16),
    level: (u16, u16),
    blob: (u16, u16),
    entries: (u16, u16),
    wasted: (u16, u16),
    title: (u16, u16),
}

impl Spans {
    fn of(pane: &LayersPane, inner: Rect) -> Self {
        let mut x = inner.x.saturating_add(1);
        let mut left = inner.width.saturating_sub(1);
        let mut take = |width: u16| {
            let width = width.min(left);
            let span = (x, width);
            let taken = (width + 1).min(left);
            x += taken;
            left -= taken;
            span
        };
        let is_wide = inner.width >= WIDE_FROM;
        let widths = &pane.widths;
        let number = take(widths.number);
        let base = if widths.base > 0 {
            take(widths.base)
        } else {
            (0, 0)
        };
        let size = take(widths.size);
        let level = take(1);
        let mut wide = |width| if is_wide { take(width) } else { (0, 0) };
        let blob = wide(widths.blob);
        let entries = wide(widths.entries);
        let wasted = wide(widths.wasted);
        Self {
            number,
            base,
            size,
            level,
            blob,
            entries,
            wasted,
            title: (x, left),
        }
    }
}

fn headings(spans: &Spans, line: Rect, paint: &mut Paint<'_>) {
    if line.is_empty() {
        return;
    }
    let style = paint.style(Role::Dim);
    let at = |(x, width): (u16, u16)| Rect { x, width, ..line };
    paint.text_right(at(spans.number), "#", style);
    paint.text_right(at(spans.size), "Size", style);
    paint.text_right(at(spans.blob), "Blob", style);
    paint.text_right(at(spans.entries), "Entries", style);
    paint.text_right(at(spans.wasted), "Wasted", style);
    paint.text(at(spans.title), "Command", style);
}

fn draw_row(row: &LayerRow, spans: &Spans, line: Rect, paint: &mut Paint<'_>) {
    let at = |(x, width): (u16, u16)| Rect { x, width, ..line };
    let plain = paint.style(Role::Plain);
    let dim = paint.style(Role::Dim);
    paint.text_right(at(spans.number), &row.number, plain);
    if row.owner == Owner::Base {
        paint.text(at(spans.base), "b", dim);
    }
    paint.text_right(at(spans.size), &row.size, plain);
    let levels = match paint.look.glyphs {
        Glyphs::Unicode => &LEVELS,
        Glyphs::Ascii => &ASCII_LEVELS,
    };
    let level = levels.get(usize::from(row.level)).copied();
    let style = paint.style(Role::Bar);
    paint.text(at(spans.level), level.unwrap_or(" "), style);
    paint.text_right(at(spans.blob), &row.blob, plain);
    paint.text_right(at(spans.entries), &row.entries, plain);
    let style = paint.style(Role::Waste);
    paint.text_right(at(spans.wasted), &row.wasted, style);
    let mut title = at(spans.title);
    if row.condition == Condition::Damaged {
        let style = paint.style(Role::Alarm);
        let used = paint.text(title, "! ", style);
        title.x += used;
        title.width -= used;
    }
    let style = match (row.owner, row.condition) {
        (Owner::Base, _) | (_, Condition::Unread) => dim,
        _ => plain,
    };
    paint.text_cut(title, &row.title, Cut::End, style);
}

fn draw_details(pane: &LayersPane, parts: &LayersAreas, paint: &mut Paint<'_>) {
    if parts.details.is_empty() {
        return;
    }
    let dim = paint.style(Role::Dim);
    let line = match paint.look.glyphs {
        Glyphs::Unicode => "─",
        Glyphs::Ascii => "-",
    };
    let title = format!("{line} Layer {} ", pane.layer());
    let rest = usize::from(parts.rule.width).saturating_sub(title.chars().count());
    paint.text(parts.rule, &format!("{title}{}", line.repeat(rest)), dim);
    let details = indented(parts.details);
    let room = Room {
        width: details.width,
        length: Length::Short,
    };
    let places = parts.details.y..parts.details.bottom();
    let names = pane.details.iter().map(|detail| match detail {
        DetailLine::Top(top) => top.name.chars().count(),
        DetailLine::Fact { .. } => 0,
    });
    let widest = u16::try_from(names.max().unwrap_or(0)).unwrap_or(u16::MAX);
    for (y, detail) in places.zip(&pane.details) {
        let line = Rect {
            y,
            height: 1,
            ..details
        };
        match detail {
            DetailLine::Fact { label, text } => draw_fact(label, text, line, (room, paint)),
            DetailLine::Top(top) => draw_top(top, widest, line, paint),
        }
    }
}

fn draw_fact(label: &str, text: &str, line: Rect, (room, paint): (Room, &mut Paint<'_>)) {
    let style = paint.style(Role::Dim);
    let indent = room.label().min(line.width);
    if indent > 0 {
        let place = Rect {
            width: LABEL - 1,
            ..line
        };
        paint.text(place, label, style);
    }
    let place = Rect {
        x: line.x + indent,
        width: line.width - indent,
        ..line
    };
    let role = match label {
        "State" => Role::Alarm,
        _ => Role::Plain,
    };
    let style = paint.style(role);
    paint.text(place, text, style);
}

fn draw_top(top: &Top, widest: u16, line: Rect, paint: &mut Paint<'_>) {
    let size = 10.min(line.width);
    let name = widest.min(line.width.saturating_sub(size + 2) / 2);
    let plain = paint.style(Role::Plain);
    let at = |x: u16, width: u16| Rect {
        x: line.x.saturating_add(x),
        width,
        ..line
    };
    paint.text_cut(at(0, name), &top.name, Cut::Middle, plain);
    paint.text_right(at(name + 1, size), &top.size, plain);
    let used = (name + size + 2).min(line.width);
    let style = paint.style(Role::Bar);
    let bar = bar(usize::from(line.width - used), top.share, paint.look.glyphs);
    paint.text(at(used, line.width - used), &bar, style);
}
