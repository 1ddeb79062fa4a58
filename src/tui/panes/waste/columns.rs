//! The columns of the list of waste: as many as fit, the place in what is left.

use ratatui::layout::Rect;

use super::{Direction, Field, WastePane, why};
use crate::analysis::WasteCause;
use crate::analysis::groups::{Bundle, Group, Grouping};
use crate::browse::{Mark, Row};
use crate::layer::LayerIndex;
use crate::text::{Cut, Glyphs};
use crate::tui::layout::Arrangement;
use crate::tui::paint::{Keys, Paint};
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Wasted,
    Percent,
    Bar,
    Letter,
    Kind,
    Files,
    Places,
    Path,
    Layers,
    Creator,
    Destroyer,
}

/// Columns that share what the others leave.
const fn is_flexible(column: Column) -> bool {
    matches!(column, Column::Path | Column::Creator | Column::Destroyer)
}

impl Column {
    /// Returns the columns for a grouping and a width, in order.
    fn chosen(grouping: Grouping, width: u16) -> Vec<Self> {
        let from = |least: u16, column: Self| (width >= least).then_some(column);
        let wide = [from(110, Self::Percent), from(120, Self::Bar)];
        let rest = match grouping {
            Grouping::Directory => vec![
                if width < 60 {
                    Some(Self::Letter)
                } else {
                    Some(Self::Kind)
                },
                from(70, Self::Files),
                Some(Self::Path),
                from(45, Self::Layers),
                from(130, Self::Creator),
                from(130, Self::Destroyer),
            ],
            Grouping::Layers => vec![
                from(60, Self::Files),
                from(110, Self::Places),
                Some(Self::Layers),
                Some(Self::Creator),
                from(60, Self::Destroyer),
            ],
            Grouping::Cause => vec![
                Some(Self::Kind),
                from(60, Self::Files),
                from(70, Self::Places),
                Some(Self::Path),
            ],
        };
        let all = [Some(Self::Wasted)].into_iter().chain(wide).chain(rest);
        all.flatten().collect()
    }

    const fn title(self, grouping: Grouping) -> &'static str {
        match self {
            Self::Path if matches!(grouping, Grouping::Cause) => "Most of it in",
            Self::Wasted => "Wasted",
            Self::Percent => "%",
            Self::Bar | Self::Letter => "",
            Self::Kind => "Kind",
            Self::Files => "Files",
            Self::Places => "Places",
            Self::Path => "Path",
            Self::Layers => "Layers",
            Self::Creator => "Stored by",
            Self::Destroyer => "Made useless by",
        }
    }

    const fn field(self) -> Option<Field> {
        match self {
            Self::Wasted => Some(Field::Bytes),
            Self::Path => Some(Field::Path),
            Self::Kind => Some(Field::Cause),
            Self::Layers => Some(Field::Layers),
            _ => None,
        }
    }

    const fn is_right_aligned(self) -> bool {
        matches!(
            self,
            Self::Wasted | Self::Percent | Self::Files | Self::Places
        )
    }

    /// Returns the columns it takes, where it does not share the rest.
    fn width(self, subject: &Subject) -> u16 {
        let digits = |number: usize| units::count(number as u64).len();
        let width = match self {
            Self::Wasted => 10,
            Self::Percent => 7,
            Self::Bar => 8,
            Self::Letter => 1,
            Self::Kind => widest_cause(subject),
            Self::Files => digits(subject.analysis.waste.paths.len()).max("Files".len()),
            Self::Places => digits(subject.waste.len()).max("Places".len()),
            Self::Layers => {
                let last = subject.analysis.layers.len().saturating_sub(1);
                "L x L".len() + 2 * last.to_string().len()
            }
            Self::Path | Self::Creator | Self::Destroyer => 0,
        };
        u16::try_from(width).unwrap_or(u16::MAX)
    }
}

fn widest_cause(subject: &Subject) -> usize {
    let causes = WasteCause::ALL.iter().zip(subject.analysis.waste.by_cause);
    let present = causes.filter(|(_, bytes)| *bytes > 0);
    let widths = present.map(|(cause, _)| cause.as_str().len());
    widths.max().unwrap_or(0).max("Kind".len())
}

/// Places columns side by side: those of fixed width as they are, the others share what is left.
fn places(columns: &[Column], subject: &Subject, line: Rect) -> Vec<Rect> {
    let gap = if line.width < 60 { 1 } else { 2 };
    let fixed: u16 = columns.iter().map(|column| column.width(subject)).sum();
    let gaps = gap * u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    let room = line.width.saturating_sub(fixed + gaps);
    let flexible = columns.iter().filter(|column| is_flexible(**column));
    let others = u16::try_from(flexible.count().saturating_sub(1)).unwrap_or(0);
    let share = room / (others + 1);
    // What does not divide goes to the first one.
    let mut first = Some(room - share * others);
    let mut x = line.x;
    let place = |column: &Column| {
        let width = if is_flexible(*column) {
            first.take().unwrap_or(share)
        } else {
            column.width(subject)
        };
        let place = Rect { x, width, ..line };
        x = x.saturating_add(width).saturating_add(gap);
        place.intersection(line)
    };
    columns.iter().map(place).collect()
}

/// Draws the heading, where there is a border around, and the rows on the screen.
pub(super) fn draw(
    pane: &WastePane,
    subject: &Subject,
    heading: Rect,
    rows: Rect,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let columns = Column::chosen(pane.grouping, rows.width);
    if paint.arrangement > Arrangement::Bare {
        draw_heading(pane, &columns, &places(&columns, subject, heading), paint);
    }
    let visible = pane
        .scroll
        .visible(pane.rows.len(), usize::from(rows.height));
    for (y, at) in (rows.y..rows.bottom()).zip(visible) {
        let Some(row) = pane.rows.get(at) else {
            continue;
        };
        let line = Rect {
            y,
            height: 1,
            ..rows
        };
        let places = places(&columns, subject, line);
        for (column, place) in columns.iter().zip(places) {
            draw_cell(*column, row, pane, subject, place, paint);
        }
        if at == pane.scroll.at {
            paint.cursor(line, keys);
        }
    }
}

fn draw_heading(pane: &WastePane, columns: &[Column], places: &[Rect], paint: &mut Paint<'_>) {
    let arrow = match (pane.order.field, pane.order.direction, paint.look.glyphs) {
        (Field::Bytes, Direction::Usual, Glyphs::Unicode) => "↓",
        (Field::Bytes, Direction::Usual, Glyphs::Ascii) => "v",
        (Field::Bytes, Direction::Reversed, Glyphs::Unicode)
        | (_, Direction::Usual, Glyphs::Unicode) => "↑",
        (Field::Bytes, Direction::Reversed, Glyphs::Ascii)
        | (_, Direction::Usual, Glyphs::Ascii) => "^",
        (_, Direction::Reversed, Glyphs::Unicode) => "↓",
        (_, Direction::Reversed, Glyphs::Ascii) => "v",
    };
    let style = paint.style(Role::Dim);
    for (column, place) in columns.iter().zip(places) {
        let is_sorted = column.field() == Some(pane.order.field);
        let text = format!(
            "{}{}",
            column.title(pane.grouping),
            if is_sorted { arrow } else { "" }
        );
        if column.is_right_aligned() {
            paint.text_right(*place, &text, style);
        } else {
            paint.text(*place, &text, style);
        }
    }
}

fn draw_cell(
    column: Column,
    row: &Bundle,
    pane: &WastePane,
    subject: &Subject,
    place: Rect,
    paint: &mut Paint<'_>,
) {
    let Some(group) = subject.waste.get(row.lead) else {
        return;
    };
    let look = paint.look;
    let plain = paint.style(Role::Plain);
    match column {
        Column::Wasted => paint.text_right(place, &look.units.size(row.bytes), plain),
        Column::Percent => {
            let share = share(row, subject);
            let percent = if share > 0.0 && share < 0.001 {
                "<0.1 %".to_owned()
            } else {
                units::percent(share)
            };
            paint.text_right(place, &percent, plain);
        }
        Column::Bar => {
            let style = paint.style(Role::Bar);
            paint.bar(place, bar(row, pane), style);
        }
        Column::Letter | Column::Kind => {
            let (letter, mark) = mark(group.cause);
            let style = paint.style(Role::Change(mark));
            let text = match column {
                Column::Letter => letter,
                _ => group.cause.as_str(),
            };
            paint.text(place, text, style);
        }
        Column::Files => paint.text_right(place, &units::count(row.count as u64), plain),
        Column::Places => paint.text_right(place, &units::count(row.groups as u64), plain),
        Column::Path => {
            let path = why::place(subject, group, look);
            paint.text_cut(place, &path, Cut::Middle, plain);
        }
        Column::Layers => {
            paint.text(place, &layers(group, pane.grouping), plain);
        }
        Column::Creator => draw_title(subject, group, group.created_in, place, paint),
        Column::Destroyer => draw_title(subject, group, group.destroyed_in, place, paint),
    }
}

fn draw_title(
    subject: &Subject,
    group: &Group,
    layer: LayerIndex,
    place: Rect,
    paint: &mut Paint<'_>,
) {
    let title = why::title(subject, layer, paint.look);
    let base = subject.analysis.base.layers;
    let style = paint.style(Role::Dim);
    if layer == group.created_in && layer.0 < base {
        paint.text(place, &format!("(base) {title}"), style);
    } else {
        paint.text(place, &title, style);
    }
}

/// Returns who did what to whom: `x` took away, `>` replaced, `=` repeated.
fn layers(group: &Group, grouping: Grouping) -> String {
    let (from, to) = (group.created_in, group.destroyed_in);
    if grouping == Grouping::Layers && from != to {
        return format!("L{from}>L{to}");
    }
    match group.cause {
        WasteCause::Deleted | WasteCause::DeletedDir | WasteCause::Opaque => {
            format!("L{from} x L{to}")
        }
        WasteCause::Replaced | WasteCause::Overwritten | WasteCause::MetadataOnly => {
            format!("L{from}>L{to}")
        }
        WasteCause::Identical => format!("L{from}=L{to}"),
        WasteCause::ShadowedInLayer => format!("L{from}"),
    }
}

/// Returns the letter and the mark that stand for a cause in trees.
const fn mark(cause: WasteCause) -> (&'static str, Mark) {
    match cause {
        WasteCause::Deleted | WasteCause::DeletedDir => ("D", Mark::Removed),
        WasteCause::Opaque => ("O", Mark::Opaque),
        WasteCause::Replaced | WasteCause::Overwritten => ("M", Mark::Modified),
        WasteCause::MetadataOnly => ("m", Mark::Touched),
        WasteCause::Identical | WasteCause::ShadowedInLayer => ("=", Mark::Repeated),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(row: &Bundle, subject: &Subject) -> f64 {
    row.bytes as f64 / subject.analysis.waste.total_bytes.max(1) as f64
}

/// Returns the share of the largest row on the list.
fn bar(row: &Bundle, pane: &WastePane) -> u16 {
    let largest = pane.largest.max(1);
    let share = u128::from(row.bytes) * u128::from(Row::FULL) / u128::from(largest);
    u16::try_from(share.max(1))
        .unwrap_or(Row::FULL)
        .min(Row::FULL)
}
