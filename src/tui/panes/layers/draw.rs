//! The list of layers with the details of one.

use ratatui::layout::Rect;

use super::areas::{LayersAreas, indented};
use super::details::{DetailLine, LABEL, Length, Room};
use super::listing::{Condition, LayerRow, Owner, What};
use super::top_directories::Top;
use super::{CURSOR, LayersPane};
use crate::text::{Cut, Glyphs, plural};
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::reads::Reads;
use crate::tui::table::Cell;
use crate::tui::theme::Role;

pub(in crate::tui) fn draw(
    pane: &LayersPane,
    reads: &Reads<'_>,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let subject = reads.subject;
    let note = match subject.analysis.layers.len() {
        0 => "no layers".to_owned(),
        layers => plural(layers as u64, "layer", "layers"),
    };
    let inner = paint.pane(reads.area, "Layers", &note, keys);
    let parts = LayersAreas::of(
        inner,
        paint.arrangement,
        pane.rows.len(),
        pane.details.len(),
    );
    pane.table.headings(behind(parts.headings, CURSOR), paint);
    pane.rows_place(reads).draw(keys, paint, |at, line, paint| {
        if let Some(row) = pane.rows.get(at) {
            draw_row(row, pane, behind(line, CURSOR), paint);
        }
        if at == pane.scroll.at {
            paint.symbol(line.x, line.y, ">", Role::Strong);
        }
    });
    draw_details(pane, &parts, paint);
}

fn draw_row(row: &LayerRow, pane: &LayersPane, line: Rect, paint: &mut Paint<'_>) {
    pane.table.row(line, paint, |what, place, paint| {
        Some(match what {
            What::Number => Cell::plain(row.number.as_str()),
            What::Base if row.owner == Owner::Base => Cell::dim("b"),
            What::Base => return None,
            What::Size => Cell::plain(row.size.as_str()),
            What::Bar => {
                paint.stacked_bar(place, row.stack, pane.largest);
                return None;
            }
            What::Blob => Cell::plain(row.blob.as_str()),
            What::Entries => Cell::plain(row.entries.as_str()),
            What::Wasted => Cell::new(row.wasted.as_str(), Role::Waste),
            What::Title => {
                draw_title(row, place, paint);
                return None;
            }
        })
    });
}

fn draw_title(row: &LayerRow, place: Rect, paint: &mut Paint<'_>) {
    let mut title = place;
    if row.condition == Condition::Damaged {
        let used = paint.text(title, "! ", Role::Alarm);
        title = behind(title, used);
    }
    let role = match (row.owner, row.condition) {
        (Owner::Base, _) | (_, Condition::Unread) => Role::Dim,
        _ => Role::Plain,
    };
    paint.text(title, &row.title, role);
}

fn draw_details(pane: &LayersPane, parts: &LayersAreas, paint: &mut Paint<'_>) {
    if parts.details.is_empty() || pane.rows.is_empty() {
        return;
    }
    let line = match paint.look.glyphs {
        Glyphs::Unicode => "─",
        Glyphs::Ascii => "-",
    };
    let title = format!("{line} Layer {} ", pane.layer());
    let rest = usize::from(parts.rule.width).saturating_sub(title.chars().count());
    paint.text(
        parts.rule,
        &format!("{title}{}", line.repeat(rest)),
        Role::Dim,
    );
    let details = indented(parts.details);
    let room = Room {
        width: details.width,
        length: Length::Short,
    };
    let names = pane.details.iter().map(|detail| match detail {
        DetailLine::Top(top) => top.name.chars().count(),
        DetailLine::Fact { .. } => 0,
    });
    let widest = u16::try_from(names.max().unwrap_or(0)).unwrap_or(u16::MAX);
    for (line, detail) in details.rows().zip(&pane.details) {
        match detail {
            DetailLine::Fact { label, text, role } => {
                let indent = room.label().min(line.width);
                if indent > 0 {
                    let width = LABEL - 1;
                    paint.text(Rect { width, ..line }, label, Role::Dim);
                }
                paint.text(behind(line, indent), text, *role);
            }
            DetailLine::Top(top) => draw_top(top, widest, line, paint),
        }
    }
}

fn draw_top(top: &Top, widest: u16, line: Rect, paint: &mut Paint<'_>) {
    let size = 10.min(line.width);
    let name = widest.min(line.width.saturating_sub(size + 2) / 2);
    let at = |x: u16, width: u16| Rect {
        x: line.x.saturating_add(x),
        width,
        ..line
    };
    paint.text_cut(at(0, name), &top.name, Cut::Middle, Role::Plain);
    paint.text_right(at(name + 1, size), &top.size, Role::Plain);
    let used = (name + size + 2).min(line.width);
    let (part, whole) = top.share;
    paint.bar(at(used, line.width - used), part, whole, Role::Bar);
}
