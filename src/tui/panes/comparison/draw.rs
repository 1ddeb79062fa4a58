//! Two images or containers compared: what is in common, and every path that differs.

use ratatui::layout::Rect;

use super::{ComparisonAreas, ComparisonPane, Sorting, words};
use crate::analysis::comparison::{Difference, DifferenceKind, ImageComparison, Layers};
use crate::browse::Mark;
use crate::layer::Completeness;
use crate::path::display_absolute;
use crate::text::Cut;
use crate::tui::header_line::{self, HeaderPart, NAME};
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::paint::{Keys, Paint, behind, first_line};
use crate::tui::table::{Cell, Column, Table, Width};
use crate::tui::theme::Role;
use crate::units;

pub(in crate::tui) fn draw(
    pane: &ComparisonPane,
    areas: &Areas,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    draw_header(pane, areas, paint);
    let parts = ComparisonAreas::of(areas.body, areas.arrangement, &pane.list.filter);
    if let Some(found) = &pane.found {
        draw_sums(&found.compared, parts.sums, paint);
        draw_list(pane, &parts, keys, paint);
    } else {
        let inner = paint.pane(parts.list, "Comparison", "", keys);
        let words = format!("reading both{} (Esc gives up)", paint.look.ellipsis());
        let line = first_line(inner);
        paint.text(line, &words, Role::Plain);
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
    let used = paint.text(line, &words, Role::Plain);
    let rest = behind(line, used);
    if usize::from(rest.width) > sort.len() + 2 {
        let width = rest.width - 1;
        paint.text_right(Rect { width, ..rest }, sort, Role::Dim);
    }
}

fn arrow(paint: &Paint<'_>) -> &'static str {
    match paint.look.glyphs {
        crate::text::Glyphs::Unicode => "→",
        crate::text::Glyphs::Ascii => "->",
    }
}

fn counts(compared: &ImageComparison) -> String {
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

fn draw_sums(compared: &ImageComparison, place: Rect, paint: &mut Paint<'_>) {
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
    for (text, line) in lines.iter().zip(place.rows()) {
        let line = paint.inset(line);
        paint.text(line, text, Role::Plain);
    }
}

fn draw_list(pane: &ComparisonPane, parts: &ComparisonAreas, keys: Keys, paint: &mut Paint<'_>) {
    paint.pane(parts.list, "Paths", &pane.list.position(), keys);
    let lines = &parts.lines;
    let table = table(lines.rows.width, paint.arrangement);
    if !pane.list.rows.is_empty() {
        table.headings(lines.heading, paint);
    }
    let empty = if pane.list.filter.is_on() {
        "nothing matches; Esc clears the filter"
    } else {
        "no path differs"
    };
    let paths = pane.found.as_ref().map(|found| &found.compared.paths);
    pane.list
        .draw_rows(lines.rows, empty, keys, paint, |at, line, paint| {
            if let Some(difference) = paths.and_then(|paths| paths.get(*at)) {
                draw_row(&table, difference, pane.largest, line, paint);
            }
        });
    pane.list.draw_filter(lines.filter, paint);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Mark,
    A,
    B,
    Bar,
    Path,
}

fn table(width: u16, arrangement: Arrangement) -> Table<What> {
    let is_bare = arrangement <= Arrangement::Bare;
    let mut columns = vec![Column::left(What::Mark, "", Width::Fixed(1))];
    if !is_bare {
        columns.push(Column::right(What::A, "A", 10));
    }
    columns.push(Column::right(What::B, "B", 10));
    if !is_bare && width >= 70 {
        columns.push(Column::left(What::Bar, "", Width::Fixed(8)));
    }
    columns.push(Column::left(What::Path, "Path", Width::Rest));
    Table::new(columns, width, 1)
}

fn draw_row(
    table: &Table<What>,
    difference: &Difference,
    largest: u64,
    line: Rect,
    paint: &mut Paint<'_>,
) {
    let look = paint.look;
    let side = |bytes: u64, missing: DifferenceKind| {
        Cell::plain(if difference.kind == missing {
            "-".to_owned()
        } else {
            look.units.size(bytes)
        })
    };
    table.row(line, paint, |what, place, paint| {
        Some(match what {
            What::Mark => {
                let role = Role::Change(mark(difference.kind));
                Cell::new(difference.kind.letter().to_string(), role)
            }
            What::A => side(difference.bytes_a, DifferenceKind::Added),
            What::B => side(difference.bytes_b, DifferenceKind::Removed),
            What::Bar => {
                paint.bar(place, difference.weight(), largest, Role::Bar);
                return None;
            }
            What::Path => {
                let path = display_absolute(&difference.path);
                Cell::plain(look.shown(path.as_bytes())).cut_in_the_middle()
            }
        })
    });
}

const fn mark(kind: DifferenceKind) -> Mark {
    match kind {
        DifferenceKind::Added => Mark::Added,
        DifferenceKind::Removed => Mark::Removed,
        DifferenceKind::Changed => Mark::Modified,
        DifferenceKind::MetadataOnly | DifferenceKind::NotCompared => Mark::Touched,
    }
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
    let taken = u16::try_from(words.len() + 2).unwrap_or(u16::MAX);
    // What is not certain is told at the cost of the path, which its row tells too.
    if taken < line.width / 2 || difference.doubt.is_some() && taken < line.width {
        paint.text_right(line, &words, Role::Plain);
        let left = Rect {
            width: line.width - taken,
            ..line
        };
        paint.text_cut(left, &path, Cut::Middle, Role::Plain);
    } else {
        paint.text_cut(line, &path, Cut::Middle, Role::Plain);
    }
}
