//! Reading the image: how far each layer is, how fast it goes, how long it will take.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::LoadingPane;
use crate::text::Cut;
use crate::tui::command::{Command, Context};
use crate::tui::keys::shown_key;
use crate::tui::layout::{Areas, Arrangement};
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::results::{LayerProgress, LayerState, LoadProgress};
use crate::tui::session::Session;
use crate::tui::table::{Cell, Column, Table, Width};
use crate::tui::theme::Role;
use crate::units::count;

/// Columns of a bar.
const BAR: u16 = 20;
/// Lines below the layers: a blank, the bar of all, the rate, and what can be done.
const BELOW: u16 = 5;

pub(in crate::tui) fn draw(
    running: Option<&LoadingPane>,
    session: &Session,
    areas: &Areas,
    paint: &mut Paint<'_>,
) {
    let title = format!(" layerscope  {}", session.locator);
    paint.text_cut(areas.header, &title, Cut::Middle, Role::Strong);
    let Some(running) = running else {
        return;
    };
    if let Some(progress) = &running.progress {
        draw_progress(session, progress, areas, paint);
    } else {
        let words = format!(" reading {}", paint.look.ellipsis());
        paint.text(line(areas.body, 0), &words, Role::Plain);
    }
}

fn draw_progress(session: &Session, progress: &LoadProgress, areas: &Areas, paint: &mut Paint<'_>) {
    let body = areas.body;
    let border = if areas.arrangement <= Arrangement::Bare {
        0
    } else {
        2
    };
    let wanted = u16::try_from(progress.layers.len()).unwrap_or(u16::MAX);
    let below = BELOW.min(body.height / 2);
    let height = wanted
        .saturating_add(border)
        .min(body.height.saturating_sub(below));
    let place = Rect { height, ..body };
    if wanted > 0 {
        let note = note(progress);
        let inside = paint.pane(place, "Reading layers", &note, Keys::Elsewhere);
        draw_layers(progress, inside, paint);
    }
    let rest = Rect {
        y: body.y + height,
        height: body.height - height,
        ..body
    };
    draw_whole(session, progress, rest, paint);
}

/// Returns how many layers are read.
fn note(progress: &LoadProgress) -> String {
    let done = progress.layers.iter().filter(|layer| is_read(layer));
    format!("{} of {}", done.count(), progress.layers.len())
}

const fn is_read(layer: &LayerProgress) -> bool {
    matches!(layer.state, LayerState::Done | LayerState::Damaged)
}

/// Draws the layers that fit, from the first one on that is not read.
fn draw_layers(progress: &LoadProgress, place: Rect, paint: &mut Paint<'_>) {
    let height = usize::from(place.height);
    let first = progress.layers.iter().position(|layer| !is_read(layer));
    let most = progress.layers.len().saturating_sub(height);
    let start = first.unwrap_or(0).saturating_sub(height / 2).min(most);
    let shown = progress.layers.iter().enumerate().skip(start).take(height);
    let table = table(place.width);
    for (line, (index, layer)) in place.rows().zip(shown) {
        draw_layer(&table, index, layer, line, paint);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Title,
    Size,
    Bar,
    State,
    Entries,
}

fn table(width: u16) -> Table<What> {
    let mut columns = vec![
        Column::left(What::Title, "", Width::Rest),
        Column::right(What::Size, "", 10),
    ];
    if width >= 50 {
        columns.push(Column::left(What::Bar, "", Width::Fixed(BAR + 1)));
    }
    columns.push(Column::right(What::State, "", 8));
    if width >= 70 {
        columns.push(Column::right(What::Entries, "", 17));
    }
    Table::new(columns, width, 0)
}

fn draw_layer(
    table: &Table<What>,
    index: usize,
    layer: &LayerProgress,
    line: Rect,
    paint: &mut Paint<'_>,
) {
    let look = paint.look;
    table.row(line, paint, |what, place, paint| {
        Some(match what {
            What::Title => {
                let title = look.shown(layer.title.as_bytes());
                Cell::plain(format!("{index:>3}  {title}"))
            }
            What::Size => Cell::plain(look.units.size(layer.expected_bytes)),
            What::Bar => {
                let (part, whole) = read(layer);
                paint.bar(behind(place, 1), part, whole, Role::Bar);
                return None;
            }
            What::State => match layer.state {
                LayerState::Waiting => Cell::dim("waits"),
                LayerState::Reading => Cell::plain(percent(layer.done_bytes, layer.expected_bytes)),
                LayerState::Done => Cell::new("done", Role::Good),
                LayerState::Damaged => Cell::new("damaged", Role::Alarm),
            },
            What::Entries if layer.entries == 0 => return None,
            What::Entries => Cell::dim(format!("{} entries", count(layer.entries))),
        })
    });
}

/// Returns how many bytes of how many are read.
const fn read(layer: &LayerProgress) -> (u64, u64) {
    match layer.state {
        LayerState::Waiting => (0, 1),
        LayerState::Done => (1, 1),
        LayerState::Reading | LayerState::Damaged => (layer.done_bytes, layer.expected_bytes),
    }
}

fn percent(part: u64, whole: u64) -> String {
    let percent = u128::from(part.min(whole)) * 100 / u128::from(whole.max(1));
    format!("{percent} %")
}

/// Draws the bar of all layers with rate and remaining time.
fn draw_whole(session: &Session, progress: &LoadProgress, place: Rect, paint: &mut Paint<'_>) {
    let blank = u16::from(place.height > 3);
    let plain = paint.style(Role::Plain);
    let bar = line(place, blank);
    let words = match progress.expected_bytes {
        0 => paint.look.units.size(progress.done_bytes),
        expected => format!(
            "{}  {} of {}",
            percent(progress.done_bytes, expected),
            paint.look.units.size(progress.done_bytes),
            paint.look.units.size(expected)
        ),
    };
    let width = u16::try_from(words.width()).unwrap_or(u16::MAX);
    let mut left = Rect {
        x: bar.x + 1,
        width: bar.width.saturating_sub(2),
        ..bar
    };
    take_right(&mut left, width.saturating_add(2), &words, plain, paint);
    paint.bar(
        left,
        progress.done_bytes,
        progress.expected_bytes,
        Role::Bar,
    );
    let rate = format!(" {}", rate(progress, paint));
    paint.text(line(place, blank + 1), &rate, plain);
    if progress.layers.iter().any(is_read) {
        let keys = &session.keys;
        let key = keys.key(Context::Loading, Command::Open);
        let words = key.map(|key| {
            let key = shown_key(key);
            format!(" Layers that are read can be browsed now: {key}")
        });
        paint.text(line(place, blank + 2), &words.unwrap_or_default(), plain);
    }
}

fn rate(progress: &LoadProgress, paint: &Paint<'_>) -> String {
    let elapsed = progress.elapsed_milliseconds.max(1);
    let rate = progress.done_bytes.saturating_mul(1000) / elapsed;
    let mut parts = Vec::new();
    if progress.entries > 0 {
        parts.push(format!("{} entries", count(progress.entries)));
    }
    parts.push(format!("{}/s", paint.look.units.size(rate)));
    parts.push(format!("{} elapsed", seconds(elapsed)));
    let left = progress.expected_bytes.saturating_sub(progress.done_bytes);
    if left > 0 && rate > 0 {
        let milliseconds = left.saturating_mul(1000) / rate;
        parts.push(format!("about {} left", seconds(milliseconds)));
    }
    parts.join("  ")
}

fn seconds(milliseconds: u64) -> String {
    match milliseconds / 1000 {
        whole @ 60.. => format!("{}:{:02} min", whole / 60, whole % 60),
        whole => format!("{whole}.{} s", milliseconds % 1000 / 100),
    }
}

/// Cuts columns off the right of a place and writes text at their end.
fn take_right(
    place: &mut Rect,
    columns: u16,
    text: &str,
    style: ratatui::style::Style,
    paint: &mut Paint<'_>,
) {
    let cut = cut_right(place, columns);
    paint.text_right(cut, text, style);
}

fn cut_right(place: &mut Rect, columns: u16) -> Rect {
    let columns = columns.min(place.width);
    place.width -= columns;
    Rect {
        x: place.x + place.width,
        width: columns,
        ..*place
    }
}

/// Returns one line of a place; nothing where it has fewer.
fn line(place: Rect, at: u16) -> Rect {
    Rect {
        y: place.y.saturating_add(at),
        height: u16::from(at < place.height),
        ..place
    }
}
