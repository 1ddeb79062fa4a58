//! The contents of a file.

use ratatui::layout::Rect;

use super::areas::PreviewAreas;
use super::{
    Body, BodyText, DiffState, Margin, PreviewPane, Viewport, facts, footer as foot, hex, lines,
};
use crate::text::{Cut, wrap as wrapped};
use crate::tui::paint::{Keys, Paint, first_line};
use crate::tui::reads::Reads;
use crate::tui::results::{Content, Nature};
use crate::tui::subject::Subject;
use crate::tui::theme::Role;
use crate::units::count;

pub(in crate::tui) fn draw(
    pane: &PreviewPane,
    reads: &Reads<'_>,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let (subject, place, inner) = (reads.subject, reads.area, reads.inner());
    let parts = PreviewAreas::of(inner);
    let note = note(pane, parts.body, subject, paint);
    paint.pane(place, &title(pane, subject), &note, keys);
    if pane.version.is_none() {
        let words = "no file here: move to one in the tree";
        let rows = wrapped::wrap(&[words.to_owned()], usize::from(inner.width));
        for (row, line) in rows.iter().zip(inner.rows()) {
            paint.text(line, row, Role::Dim);
        }
        return;
    }
    // Without a border the note stands in the head.
    let beside = if inner == place { note.as_str() } else { "" };
    draw_head(pane, subject, parts.head, beside, paint);
    draw_body(pane, parts.body, paint);
    foot::draw(pane, subject, parts.foot, keys, paint);
}

fn title(pane: &PreviewPane, subject: &Subject) -> String {
    let Some(at) = pane.version else {
        return "Preview".into();
    };
    let tree = subject.tree();
    let own = at.find(tree).map_or(at.layer, |version| version.layer);
    let versions: Vec<_> = at.of_path(tree).map(|version| version.layer).collect();
    let place = versions.iter().position(|&layer| layer == own);
    let among = match (place, versions.len()) {
        (Some(place), many @ 2..) => format!(" ({} of {many} versions)", place + 1),
        _ => String::new(),
    };
    let below = at
        .below(tree)
        .filter(|_| !matches!(pane.diff, DiffState::No));
    match below {
        Some(below) => format!("Difference: L{} to L{own}{among}", below.layer),
        None => format!("Preview: L{own}{among}"),
    }
}

/// Returns where one is: `line 1 of 301,442  1 %`.
fn note(pane: &PreviewPane, body: Rect, subject: &Subject, paint: &Paint<'_>) -> String {
    let height = usize::from(body.height);
    let text = BodyText::text_area(pane, Rect { height: 0, ..body });
    match (pane.sheet(), &pane.body) {
        (BodyText::Hex(bytes), Body::Read(content)) => {
            let per_row = hex::bytes_per_row(usize::from(text.width));
            let seen = (pane.offset + height * per_row).min(bytes.len());
            let place = format!("offset {:#x}  {}", pane.offset, share(seen, bytes.len()));
            beginning(content, &place, paint)
        }
        (
            BodyText::Lines {
                document,
                margin: Margin::Numbers,
            },
            Body::Read(content),
        ) => {
            let place = place(pane.viewport, document.len(), height);
            beginning(content, &place, paint)
        }
        (BodyText::Lines { document, .. }, _) if document.len() > height => {
            place(pane.viewport, document.len(), height)
        }
        (_, Body::Reading(_)) => {
            let length = pane.version.map_or(0, |at| at.length(subject.tree()));
            paint.look.units.size(length)
        }
        _ => String::new(),
    }
}

fn place(viewport: Viewport, lines: usize, height: usize) -> String {
    if lines == 0 {
        return "empty".into();
    }
    let seen = (viewport.line + height).min(lines);
    format!(
        "line {} of {}  {}",
        count(viewport.line as u64 + 1),
        count(lines as u64),
        share(seen, lines)
    )
}

fn share(part: usize, whole: usize) -> String {
    let percent = (part * 100).checked_div(whole).unwrap_or(100);
    format!("{percent} %")
}

fn beginning(content: &Content, place: &str, paint: &Paint<'_>) -> String {
    let read = content.document.bytes().len() as u64;
    if read >= content.length {
        return place.to_owned();
    }
    let units = paint.look.units;
    let (read, length) = (units.size(read), units.size(content.length));
    format!("first {read} of {length}  {place}")
}

fn draw_head(
    pane: &PreviewPane,
    subject: &Subject,
    place: Rect,
    note: &str,
    paint: &mut Paint<'_>,
) {
    let Some(at) = pane.version.filter(|_| place.height > 0) else {
        return;
    };
    let tree = subject.tree();
    let path = facts::path(tree, at.path, paint.look);
    let mut facts = facts::summary(tree, at, paint.look);
    if let Body::Read(_) = pane.body {
        let nature = match pane.nature() {
            Nature::Text => "text",
            Nature::Binary => "hex",
        };
        facts = format!("{nature} {facts}");
    }
    let line = |row: u16| Rect {
        y: place.y + row,
        height: 1,
        ..place
    };
    if place.height > 1 {
        paint.text_cut(line(0), &path, Cut::Middle, Role::Strong);
        paint.text(line(1), &facts, Role::Dim);
        return;
    }
    // The path keeps at least half of a line.
    let beside = if note.is_empty() {
        facts.as_str()
    } else {
        note
    };
    let width = u16::try_from(beside.len()).unwrap_or(u16::MAX);
    let room = if width * 2 <= place.width {
        width + 2
    } else {
        0
    };
    let left = Rect {
        width: place.width - room,
        ..line(0)
    };
    paint.text_cut(left, &path, Cut::Middle, Role::Strong);
    if room > 0 {
        paint.text_right(line(0), beside, Role::Dim);
    }
}

fn draw_body(pane: &PreviewPane, place: Rect, paint: &mut Paint<'_>) {
    let words = match (&pane.diff, &pane.body) {
        (DiffState::Working(_), _) => Some("comparing… (Esc leaves)"),
        (DiffState::No, Body::Reading(_)) => Some("reading… (Esc leaves)"),
        (DiffState::No, Body::Read(content)) if content.document.is_empty() => {
            Some("an empty file")
        }
        _ => None,
    };
    if let Some(words) = words {
        let words = words.replace('…', paint.look.ellipsis());
        paint.text(first_line(place), &words, Role::Dim);
        return;
    }
    match pane.sheet() {
        BodyText::Hex(bytes) => lines::draw_hex(pane, bytes, place, paint),
        BodyText::Lines { document, margin } => {
            lines::draw_lines(pane, document, margin, place, paint);
        }
    }
}
