//! The last line of the preview: the versions of the path, or the search that is typed.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{Pattern, PreviewPane};
use crate::text::attributes;
use crate::tree::{MergedTree, Version};
use crate::tui::ids::VersionAt;
use crate::tui::line::Typing;
use crate::tui::paint::{Keys, Paint, behind};
use crate::tui::subject::Subject;
use crate::tui::text_filter::case_sign;
use crate::tui::theme::Role;
use crate::tui::typed_line;

pub(super) fn draw(
    pane: &PreviewPane,
    subject: &Subject,
    place: Rect,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    if place.height == 0 {
        return;
    }
    let is_searched = pane.search.typing == Typing::Begun || pane.search.is_on();
    if is_searched && keys == Keys::Here {
        draw_search(pane, place, paint);
    } else {
        draw_versions(pane, subject, place, paint);
    }
}

fn draw_search(pane: &PreviewPane, place: Rect, paint: &mut Paint<'_>) {
    let search = &pane.search;
    let text = search.line.text();
    let found = match (search.is_wrong(), &search.at) {
        (true, _) => "not an expression",
        (_, None) if pane.is_unread() => "not read yet",
        (_, None) if !text.is_empty() => "no match",
        _ => "",
    };
    let mut words = vec![found];
    if search.typing == Typing::Begun {
        words.push(match search.pattern {
            Pattern::Text => "",
            Pattern::Regex => "[regex]",
        });
        words.push(case_sign(search.case));
    }
    words.retain(|word| !word.is_empty());
    let words = words.join(" ");
    let width = u16::try_from(words.width()).unwrap_or(u16::MAX);
    let room = place.width.saturating_sub(width + 1);
    let line = Rect {
        width: room,
        ..place
    };
    let used = paint.text(line, "/", Role::Plain);
    let line = behind(line, used);
    typed_line::draw(&search.line, line, Role::Plain, search.typing, paint);
    paint.text_right(place, &words, Role::Dim);
}

/// How much is said of each version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FootDetail {
    Full,
    Size,
    Layer,
}

fn draw_versions(pane: &PreviewPane, subject: &Subject, place: Rect, paint: &mut Paint<'_>) {
    let Some(at) = pane.version else {
        return;
    };
    let tree = subject.tree();
    let versions: Vec<Version> = at.of_path(tree).collect();
    let own = at.find(tree).map(|version| version.layer);
    let current = versions
        .iter()
        .position(|version| Some(version.layer) == own);
    let room = usize::from(place.width);
    let mut chips = Vec::new();
    for detail in [FootDetail::Full, FootDetail::Size, FootDetail::Layer] {
        chips = versions
            .iter()
            .enumerate()
            .map(|(position, version)| {
                chip(
                    tree,
                    at,
                    *version,
                    (detail, Some(position) == current),
                    paint,
                )
            })
            .collect();
        if total(&chips) <= room {
            break;
        }
    }
    // Of very many those around the current one.
    let mut first = 0;
    while total(&chips[first..]) > room && first < current.unwrap_or(0) {
        first += 1;
    }
    let mut x = place.x;
    for (position, chip) in chips.iter().enumerate().skip(first) {
        let role = if Some(position) == current {
            Role::Strong
        } else {
            Role::Dim
        };
        let rest = Rect {
            x,
            width: place.right().saturating_sub(x),
            ..place
        };
        let taken = paint.text(rest, chip, role);
        x = x.saturating_add(taken).saturating_add(GAP);
    }
}

/// Columns between versions.
const GAP: u16 = 2;

fn total(chips: &[String]) -> usize {
    let gaps = chips.len().saturating_sub(1) * usize::from(GAP);
    gaps + chips.iter().map(|chip| chip.width()).sum::<usize>()
}

/// The current one is in brackets.
fn chip(
    tree: &MergedTree,
    at: VersionAt,
    version: Version,
    (detail, is_current): (FootDetail, bool),
    paint: &Paint<'_>,
) -> String {
    let here = VersionAt {
        layer: version.layer,
        ..at
    };
    let mut text = format!("L{}", version.layer);
    if is_current {
        text = format!("[{text}]");
    }
    if !version.is_visible() {
        return match detail {
            FootDetail::Layer => text,
            FootDetail::Full | FootDetail::Size => format!("{text} deleted"),
        };
    }
    if detail != FootDetail::Layer && here.data(tree).is_some() {
        text = format!("{text} {}", paint.look.units.size(here.length(tree)));
    }
    match here.meta(tree).filter(|_| detail == FootDetail::Full) {
        Some(meta) => {
            let time = attributes::time(meta.mtime);
            let day = time.split(' ').next().unwrap_or_default();
            format!("{text} {day}")
        }
        None => text,
    }
}
