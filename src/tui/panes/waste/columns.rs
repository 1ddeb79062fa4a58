//! The columns of the list of waste: as many as fit, the place in what is left.

use ratatui::layout::Rect;

use super::{Field, WastePane, event_of, why};
use crate::analysis::WasteCause;
use crate::analysis::waste_groups::{Bundle, Event, Grouping, of_path};
use crate::browse::{Mark, Order};
use crate::layer::LayerIndex;
use crate::text::{Glyphs, Look};
use crate::tui::paint::Paint;
use crate::tui::subject::Subject;
use crate::tui::table::{Cell, Column, Table, Width};
use crate::tui::theme::Role;
use crate::units;

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Wasted,
    Percent,
    Bar,
    Letter,
    Kind,
    Files,
    Places,
    Copies,
    Path,
    Layers,
    /// The layers of all copies of a path.
    Chain,
    Creator,
    Destroyer,
}

/// Returns the columns for a grouping and a width.
pub(super) fn table(pane: &WastePane, subject: &Subject, width: u16, look: Look) -> Table<What> {
    let columns = chosen(pane.grouping, width).map(|what| {
        let arrow = match field(what) {
            Some(field) if field == pane.sorting.field => arrow(pane, look.glyphs),
            _ => "",
        };
        let heading = format!("{}{arrow}", title(what));
        match what {
            What::Wasted | What::Percent | What::Files | What::Places | What::Copies => {
                Column::right(what, heading, columns_of(what, subject))
            }
            What::Bar => Column::left(what, heading, Width::Fixed(bar_columns(width))),
            What::Path | What::Creator | What::Destroyer => {
                Column::left(what, heading, Width::Rest)
            }
            _ => Column::left(what, heading, Width::Fixed(columns_of(what, subject))),
        }
    });
    let gap = if width < 60 { 1 } else { 2 };
    Table::new(columns.collect(), width, gap)
}

/// Returns what there is room for, in order.
fn chosen(grouping: Grouping, width: u16) -> impl Iterator<Item = What> {
    let kind = if width < 60 { What::Letter } else { What::Kind };
    let all: &[(u16, What)] = match grouping {
        Grouping::Event => &[
            (0, kind),
            (70, What::Files),
            (100, What::Places),
            (0, What::Path),
            (45, What::Layers),
            (120, What::Creator),
            (150, What::Destroyer),
        ],
        Grouping::Directory => &[
            (0, kind),
            (70, What::Files),
            (0, What::Path),
            (45, What::Layers),
            (130, What::Creator),
            (130, What::Destroyer),
        ],
        Grouping::Path => &[
            (70, kind),
            (0, What::Copies),
            (0, What::Path),
            (60, What::Chain),
        ],
        Grouping::Cause => &[
            (0, What::Kind),
            (60, What::Files),
            (70, What::Places),
            (0, What::Path),
        ],
    };
    let first = [(0, What::Wasted), (110, What::Percent), (0, What::Bar)];
    let all = first.into_iter().chain(all.to_vec());
    all.filter(move |(least, _)| width >= *least)
        .map(|(_, what)| what)
}

/// Returns how long bars are in a list of a width.
const fn bar_columns(width: u16) -> u16 {
    match width {
        0..60 => 4,
        60..110 => 8,
        _ => 12,
    }
}

const fn title(what: What) -> &'static str {
    match what {
        What::Wasted => "Wasted",
        What::Percent => "%",
        What::Bar | What::Letter => "",
        What::Kind => "Kind",
        What::Files => "Files",
        What::Places => "Places",
        What::Copies => "Copies",
        What::Path => "Path",
        What::Layers | What::Chain => "Layers",
        What::Creator => "Stored by",
        What::Destroyer => "Made useless by",
    }
}

const fn field(what: What) -> Option<Field> {
    match what {
        What::Wasted => Some(Field::Bytes),
        What::Path => Some(Field::Path),
        What::Kind => Some(Field::Cause),
        What::Layers | What::Chain => Some(Field::Layers),
        _ => None,
    }
}

/// Returns which way a sorted column goes: bytes begin with the most, others with the first.
fn arrow(pane: &WastePane, glyphs: Glyphs) -> &'static str {
    let falls = (pane.sorting.field == Field::Bytes) == (pane.sorting.order == Order::Natural);
    match (glyphs, falls) {
        (Glyphs::Unicode, true) => "↓",
        (Glyphs::Unicode, false) => "↑",
        (Glyphs::Ascii, true) => "v",
        (Glyphs::Ascii, false) => "^",
    }
}

/// Returns the columns that one takes which does not share the rest.
fn columns_of(what: What, subject: &Subject) -> u16 {
    let digits = |number: usize| units::count(number as u64).len();
    let width = match what {
        What::Wasted => 10,
        What::Percent => 7,
        What::Letter => 1,
        What::Kind => widest_cause(subject),
        What::Files => digits(subject.analysis.waste.paths.len()).max("Files".len()),
        What::Places => digits(subject.waste().len()).max("Places".len()),
        What::Copies => "Copies".len(),
        What::Chain => 20,
        What::Layers => {
            let last = subject.analysis.layers.len().saturating_sub(1);
            "L x L".len() + 2 * last.to_string().len()
        }
        What::Bar | What::Path | What::Creator | What::Destroyer => 0,
    };
    u16::try_from(width).unwrap_or(u16::MAX)
}

fn widest_cause(subject: &Subject) -> usize {
    let causes = WasteCause::ALL.iter().zip(subject.analysis.waste.by_cause);
    let present = causes.filter(|(_, bytes)| *bytes > 0);
    let widths = present.map(|(cause, _)| cause.as_str().len());
    widths.max().unwrap_or(0).max("Kind".len())
}

/// Draws a row.
pub(super) fn draw_row(
    table: &Table<What>,
    pane: &WastePane,
    subject: &Subject,
    row: &Bundle,
    line: Rect,
    paint: &mut Paint<'_>,
) {
    let Some(event) = event_of(subject, row) else {
        return;
    };
    let look = paint.look;
    table.row(line, paint, |what, place, paint| {
        let (letter, mark) = mark(event.cause);
        Some(match what {
            What::Wasted => Cell::plain(look.units.size(row.bytes)),
            What::Percent => Cell::plain(percent(row, subject)),
            What::Bar => {
                paint.bar(place, row.bytes.max(1), pane.largest.max(1), Role::Waste);
                return None;
            }
            What::Letter => Cell::new(letter, Role::Change(mark)),
            What::Kind => Cell::new(event.cause.as_str(), Role::Change(mark)),
            What::Files => Cell::plain(units::count(row.count as u64)),
            What::Places => Cell::plain(units::count(row.groups as u64)),
            What::Copies => {
                Cell::plain(format!("{}{}", times(look), units::count(row.count as u64)))
            }
            What::Path => Cell::plain(why::place(subject, row, look)).cut_in_the_middle(),
            What::Layers => Cell::plain(layers(event)),
            What::Chain => Cell::plain(chain(subject, row)),
            What::Creator => Cell::dim(creator(subject, event.created_in, look)),
            What::Destroyer if event.destroyed_in == event.created_in => {
                Cell::dim(creator(subject, event.created_in, look))
            }
            What::Destroyer => Cell::dim(why::title(subject, event.destroyed_in, look)),
        })
    });
}

fn percent(row: &Bundle, subject: &Subject) -> String {
    let share = share(row, subject);
    if share > 0.0 && share < 0.001 {
        "<0.1 %".to_owned()
    } else {
        units::percent(share)
    }
}

/// Returns the instruction that stored something, and whether it is the base image's.
fn creator(subject: &Subject, layer: LayerIndex, look: Look) -> String {
    let title = why::title(subject, layer, look);
    if layer.0 < subject.analysis.base.layers {
        format!("(base) {title}")
    } else {
        title
    }
}

/// Returns the sign before a number of copies.
const fn times(look: Look) -> &'static str {
    match look.glyphs {
        Glyphs::Unicode => "×",
        Glyphs::Ascii => "x",
    }
}

/// Returns the layers that store a path for nothing, bottom first, and the last one that made it useless.
fn chain(subject: &Subject, row: &Bundle) -> String {
    let wasted = of_path(&subject.analysis.waste.paths, row.place);
    let mut layers: Vec<String> = wasted
        .iter()
        .map(|wasted| format!("L{}", wasted.created_in))
        .collect();
    if let Some(last) = wasted.last() {
        let sign = match last.cause {
            WasteCause::Deleted | WasteCause::DeletedDir | WasteCause::Opaque => " x ",
            _ => ">",
        };
        let created = layers.join(">");
        if last.cause == WasteCause::ShadowedInLayer {
            return created;
        }
        layers = vec![format!("{created}{sign}L{}", last.destroyed_in)];
    }
    layers.concat()
}

/// Returns who did what to whom: `x` took away, `>` replaced, `=` repeated.
pub(super) fn layers(event: Event) -> String {
    let (from, to) = (event.created_in, event.destroyed_in);
    match event.cause {
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
