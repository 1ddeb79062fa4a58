//! Two images or containers held against each other.

use ratatui::layout::Rect;

use super::{ComparisonAreas, ComparisonPane, Sorting, words};
use crate::analysis::difference::{Compared, Difference, DifferenceKind, Layers};
use crate::browse::{Mark, Row};
use crate::layer::Completeness;
use crate::path::display_absolute;
use crate::text::Cut;
use crate::tui::header_line::{self, HeaderPart, NAME};
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::paint::{Keys, Paint, matches};
use crate::tui::panes::sieve;
use crate::tui::theme::Role;
use crate::units;

pub(in crate::tui) fn draw(
    pane: &ComparisonPane,
    areas: &Areas,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    draw_header(pane, areas, paint);
    let parts = ComparisonAreas::of(areas.body, areas.arrangement, &pane.sieve);
    if let Some(found) = &pane.found {
        draw_sums(&found.compared, parts.sums, paint);
        draw_list(pane, &parts, keys, paint);
    } else {
        let inner = paint.pane(parts.list, "Comparison", "", keys);
        let style = paint.style(Role::Plain);
        let words = format!("reading both{} (Esc gives up)", paint.look.ellipsis());
        let line = Rect {
            height: inner.height.min(1),
            ..inner
        };
        paint.text(line, &words, style);
    }
}

fn draw_header(pane: &ComparisonPane, areas: &Areas, paint: &mut Paint<'_>) {
    let look = paint.look;
    let [a, b] = [0, 1].map(|at: usize| look.shown(pane.names[at].as_bytes()));
    let mut pieces = vec![
        HeaderPart::new(5, Role::Dim, ["layerscope diff", "diff"]),
        HeaderPart::new(NAME, Role::Strong, [format!("A {a}   B {b}")]),
    ];
    if let Some(found) = &pane.found {
        let compared = &found.compared;
        let sizes = [compared.bytes_a, compared.bytes_b].map(|bytes| look.units.size(bytes));
        pieces.push(HeaderPart::new(
            60,
            Role::Plain,
            [format!("{} {} {}", sizes[0], arrow(paint), sizes[1])],
        ));
        if found.completeness == Completeness::Partial {
            pieces.push(HeaderPart::new(
                90,
                Role::Alarm,
                ["! a part could not be read", "! incomplete"],
            ));
        }
    }
    header_line::draw(pieces, areas.header, paint);
    if areas.tabs.is_empty() {
        return;
    }
    let line = paint.inset(areas.tabs);
    let words = match &pane.found {
        Some(found) => counts(&found.compared),
        None => String::new(),
    };
    let sort = match pane.sorting {
        Sorting::Weight => "sort: bytes",
        Sorting::Path => "sort: path",
        Sorting::Kind => "sort: change",
    };
    let (plain, dim) = (paint.style(Role::Plain), paint.style(Role::Dim));
    let used = paint.text(line, &words, plain);
    let rest = Rect {
        x: line.x + used,
        width: line.width - used,
        ..line
    };
    if usize::from(rest.width) > sort.len() + 2 {
        let width = rest.width - 1;
        paint.text_right(Rect { width, ..rest }, sort, dim);
    }
}

fn arrow(paint: &Paint<'_>) -> &'static str {
    match paint.look.glyphs {
        crate::text::Glyphs::Unicode => "→",
        crate::text::Glyphs::Ascii => "->",
    }
}

fn counts(compared: &Compared) -> String {
    let of = |kind: DifferenceKind| {
        let paths = compared.paths.iter();
        units::count(paths.filter(|path| path.kind == kind).count() as u64)
    };
    let mut words = vec![
        format!("A {} added", of(DifferenceKind::Added)),
        format!("D {} removed", of(DifferenceKind::Removed)),
        format!("M {} changed", of(DifferenceKind::Changed)),
        format!("m {} metadata", of(DifferenceKind::MetadataOnly)),
    ];
    let further = [
        (of(DifferenceKind::NotCompared), "not compared (?)"),
        (
            units::count(compared.by_time),
            "the same by length and time alone",
        ),
    ];
    let further = further.into_iter().filter(|(count, _)| count != "0");
    words.extend(further.map(|(count, what)| format!("{count} {what}")));
    words.join("  ")
}

fn draw_sums(compared: &Compared, place: Rect, paint: &mut Paint<'_>) {
    let size = |bytes| paint.look.units.size(bytes);
    let layers = |layers: Layers| {
        let plural = if layers.count == 1 { "" } else { "s" };
        format!("{} layer{plural}, {}", layers.count, size(layers.bytes))
    };
    let lines = [
        format!("in common    {}", layers(compared.common)),
        format!("only in A    {}", layers(compared.only_a)),
        format!("only in B    {}", layers(compared.only_b)),
    ];
    let style = paint.style(Role::Plain);
    for (text, line) in lines.iter().zip(place.rows()) {
        let line = paint.inset(line);
        paint.text(line, text, style);
    }
}

fn draw_list(pane: &ComparisonPane, parts: &ComparisonAreas, keys: Keys, paint: &mut Paint<'_>) {
    let at = (pane.scroll.at + 1).min(pane.rows.len());
    let note = format!(
        "{} of {}",
        units::count(at as u64),
        units::count(pane.rows.len() as u64)
    );
    paint.pane(parts.list, "Paths", &note, keys);
    if pane.rows.is_empty() {
        let words = if pane.sieve.is_on() {
            "nothing matches; Esc clears the filter"
        } else {
            "no path differs"
        };
        let style = paint.style(Role::Dim);
        let line = Rect {
            height: parts.rows.height.min(1),
            ..parts.rows
        };
        paint.text(line, words, style);
    } else {
        let style = paint.style(Role::Dim);
        columns(parts.heading, paint, |column, place, paint| match column {
            Column::A => paint.text_right(place, "A", style),
            Column::B => paint.text_right(place, "B", style),
            Column::Path => {
                paint.text(place, "Path", style);
            }
            Column::Mark | Column::Bar => {}
        });
        let height = usize::from(parts.rows.height);
        let visible = pane.scroll.visible(pane.rows.len(), height);
        for (row, line) in visible.zip(parts.rows.rows()) {
            if let Some(difference) = pane.row(row) {
                draw_row(difference, pane.largest, line, paint);
            }
            if row == pane.scroll.at {
                paint.cursor(line, keys);
            }
        }
    }
    if !parts.filter.is_empty() {
        let words = matches(pane.rows.len() as u64);
        sieve::draw(&pane.sieve, &words, parts.filter, paint);
    }
}

#[derive(Clone, Copy)]
enum Column {
    Mark,
    A,
    B,
    Bar,
    Path,
}

fn columns(line: Rect, paint: &mut Paint<'_>, mut draw: impl FnMut(Column, Rect, &mut Paint<'_>)) {
    let widths: &[(Column, u16)] = if paint.arrangement <= Arrangement::Bare {
        &[(Column::Mark, 1), (Column::B, 10), (Column::Path, 0)]
    } else if line.width < 70 {
        &[
            (Column::Mark, 1),
            (Column::A, 10),
            (Column::B, 10),
            (Column::Path, 0),
        ]
    } else {
        &[
            (Column::Mark, 1),
            (Column::A, 10),
            (Column::B, 10),
            (Column::Bar, 8),
            (Column::Path, 0),
        ]
    };
    let mut x = line.x;
    for (column, width) in widths {
        let left = line.right().saturating_sub(x);
        let width = if *width == 0 {
            left
        } else {
            (*width).min(left)
        };
        draw(*column, Rect { x, width, ..line }, paint);
        x = x.saturating_add(width).saturating_add(1);
    }
}

fn draw_row(difference: &Difference, largest: u64, line: Rect, paint: &mut Paint<'_>) {
    let mark = match difference.kind {
        DifferenceKind::Added => Mark::Added,
        DifferenceKind::Removed => Mark::Removed,
        DifferenceKind::Changed => Mark::Modified,
        DifferenceKind::MetadataOnly | DifferenceKind::NotCompared => Mark::Touched,
    };
    let (plain, style) = (paint.style(Role::Plain), paint.style(Role::Change(mark)));
    let units = paint.look.units;
    let side = |bytes: u64, missing: DifferenceKind| {
        if difference.kind == missing {
            "-".to_owned()
        } else {
            units.size(bytes)
        }
    };
    let a = side(difference.bytes_a, DifferenceKind::Added);
    let b = side(difference.bytes_b, DifferenceKind::Removed);
    let share = share(difference.weight(), largest);
    let path = paint
        .look
        .shown(display_absolute(&difference.path).as_bytes());
    columns(line, paint, |column, place, paint| match column {
        Column::Mark => {
            paint.text(place, &difference.kind.letter().to_string(), style);
        }
        Column::A => paint.text_right(place, &a, plain),
        Column::B => paint.text_right(place, &b, plain),
        Column::Bar => paint.bar(place, share, paint.style(Role::Bar)),
        Column::Path => {
            paint.text_cut(place, &path, Cut::Middle, plain);
        }
    });
}

fn share(part: u64, whole: u64) -> u16 {
    let full = u128::from(Row::FULL);
    let share = (u128::from(part) * full).div_ceil(u128::from(whole.max(1)));
    u16::try_from(share.min(full)).unwrap_or(Row::FULL)
}

/// Draws where the cursor is, and what happened there.
pub(in crate::tui) fn draw_standing(pane: &ComparisonPane, line: Rect, paint: &mut Paint<'_>) {
    let Some(difference) = pane.selected() else {
        return;
    };
    let path = paint
        .look
        .shown(display_absolute(&difference.path).as_bytes());
    let words = words(difference);
    let plain = paint.style(Role::Plain);
    let taken = u16::try_from(words.len() + 2).unwrap_or(u16::MAX);
    // What is not certain is told at the cost of the path, which its row tells too.
    if taken < line.width / 2 || difference.doubt.is_some() && taken < line.width {
        paint.text_right(line, &words, plain);
        let left = Rect {
            width: line.width - taken,
            ..line
        };
        paint.text_cut(left, &path, Cut::Middle, plain);
    } else {
        paint.text_cut(line, &path, Cut::Middle, plain);
    }
}
