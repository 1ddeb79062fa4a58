//! The tree.

use std::borrow::Cow;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::choices::TreeMode;
use super::listing::{Shown, layers};
use super::row_source::RowSource;
use super::spans::Spans;
use super::{TreePane, list_area};
use super::{empty, name};
use crate::browse::{Mark, Row};
use crate::layer::EntryKind;
use crate::text::{Cut, Look, attributes};
use crate::tui::paint::{Keys, Paint, behind, first_line, matches};
use crate::tui::reads::Reads;
use crate::tui::theme::Role;
use crate::units::count;

pub(in crate::tui) fn draw(pane: &TreePane, reads: &Reads<'_>, keys: Keys, paint: &mut Paint<'_>) {
    let subject = reads.subject;
    let title = if subject.analysis.layers.is_empty() {
        "Tree".to_owned()
    } else {
        let title = pane.mode.title(pane.layer());
        match subject.as_it_is {
            Some(_) => format!("As it would be: {}", title.trim_start_matches("Tree: ")),
            None => title,
        }
    };
    let inner = paint.pane(reads.area, &title, &note(pane, paint.look), keys);
    let Some(projection) = &pane.projection else {
        return;
    };
    let inner = match pane.card.text.as_ref().filter(|_| pane.has_card(reads)) {
        Some(text) => {
            draw_card(text, pane.card.is_chosen, first_line(inner), keys, paint);
            pane.tree_area(reads)
        }
        None => inner,
    };
    let list = list_area(inner, paint.arrangement);
    let spans = Spans::of(
        pane,
        inner,
        subject.analysis.layers.len(),
        paint.arrangement,
    );
    if list.y > inner.y {
        headings(&spans, inner.y, paint);
    }
    let sheet = RowSource {
        pane,
        projection,
        subject,
        spans,
    };
    let rows = pane.rows_place(reads);
    rows.draw(keys, paint, |at, line, paint| sheet.row(at, line, paint));
    if let Some(words) = empty::words(pane, reads, projection) {
        let below = Rect {
            x: list.x.saturating_add(2),
            y: list.y.saturating_add(2),
            width: list.width.saturating_sub(4),
            height: list.height.saturating_sub(2),
        };
        empty::draw(&words, below, paint);
    }
}

/// Draws the sentence above the tree, with what to press.
fn draw_card(
    [long, short]: &[String; 2],
    is_chosen: bool,
    line: Rect,
    keys: Keys,
    paint: &mut Paint<'_>,
) {
    let hints = if is_chosen {
        ["Enter: try them", "Enter"]
    } else {
        ["t: try them", "t"]
    };
    let room = usize::from(line.width).saturating_sub(1);
    let fits = |text: &str, hint: &str| text.width() + 2 + hint.width() <= room;
    let texts = [long.as_str(), short.as_str()];
    let pairs = texts
        .into_iter()
        .flat_map(|text| hints.map(|hint| (text, hint)));
    let (text, hint) = pairs
        .filter(|(text, hint)| fits(text, hint))
        .min_by_key(|(text, hint)| (*hint != hints[0], *text != long))
        .unwrap_or((short.as_str(), ""));
    let used = paint.text_cut(behind(line, 1), text, Cut::End, Role::Waste);
    paint.text_right(behind(line, used.saturating_add(2)), hint, Role::Key);
    if is_chosen {
        paint.cursor(line, keys);
    }
}

/// Returns a size, without its decimals where there is no room for them.
fn narrowed(size: &str, columns: u16) -> Cow<'_, str> {
    match (size.split_once('.'), size.rsplit_once(' ')) {
        (Some((whole, _)), Some((_, unit))) if size.len() > usize::from(columns) => {
            format!("{whole} {unit}").into()
        }
        _ => size.into(),
    }
}

/// Columns for the text of a filter in the border.
const MOST_FILTER: usize = 16;

/// Returns where in the list one is, and what the filter found.
fn note(pane: &TreePane, look: Look) -> String {
    let here = count(pane.scroll.at as u64 + 1);
    let all = count(pane.rows.len() as u64);
    match pane.filter.found() {
        Some(found) => {
            let found = u64::from(found.directories()) + u64::from(found.files());
            let text = look.shown(pane.filter.line.text().as_bytes());
            let text = look.fit(&text, MOST_FILTER, Cut::Middle);
            format!("/{text}: {}, {here} of {all}", matches(found))
        }
        None => format!("{here} of {all}"),
    }
}

fn headings(spans: &Spans, y: u16, paint: &mut Paint<'_>) {
    let line = |(x, width): (u16, u16)| Rect::new(x, y, width, 1);
    paint.text_right(line(spans.size), "Size", Role::Dim);
    paint.text_right(line(spans.percent), "%", Role::Dim);
    paint.text(line(spans.bar), "Bar", Role::Dim);
    paint.text(line(spans.mode), "Mode", Role::Dim);
    paint.text(line(spans.owner), "Owner", Role::Dim);
    paint.text(line(spans.time), "Modified", Role::Dim);
    paint.text(line(spans.name), "Name", Role::Dim);
    paint.text(line(spans.from), "From", Role::Dim);
}

impl RowSource<'_> {
    fn row(&self, at: usize, line: Rect, paint: &mut Paint<'_>) {
        let Some(row) = self.pane.rows.get(at) else {
            return;
        };
        let shown = Shown::of(self.subject.tree(), self.projection, row.path);
        self.sizes(row, &shown, line, paint);
        self.attributes(&shown, line, paint);
        name::draw(self, at, &shown, self.span(self.spans.name, line), paint);
        self.mark(row, &shown, line, paint);
        if self.pane.mode != TreeMode::Layer
            && let Some(layers) = layers(self.projection, row.path)
        {
            paint.text(self.span(self.spans.from, line), &layers, Role::Dim);
        }
    }

    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    fn span(&self, (x, width): (u16, u16), line: Rect) -> Rect {
        Rect { x, width, ..line }
    }

    fn mark(&self, row: &Row, shown: &Shown, line: Rect, paint: &mut Paint<'_>) {
        let span = self.span(self.spans.mark, line);
        if span.width < 2 || span.x == self.spans.name.0 && row.depth == 0 {
            return;
        }
        // Bare screens have the letter where the eye begins, others the mark of the user; what both have no room for is
        // the mark of waste beside that of the user.
        let is_bare = span.x == self.spans.name.0;
        let [letter_x, star_x, waste_x] = if is_bare {
            [span.x, span.x + 1, span.x + 1]
        } else {
            [span.x + 1, span.x, span.x + 2]
        };
        if shown.is_useless() {
            paint.symbol(waste_x, span.y, "W", Role::Waste);
        }
        if self.pane.marked.contains(shown.path) {
            paint.symbol(star_x, span.y, "*", Role::Marked);
        }
        let letter = shown.mark.letter();
        if letter != ' ' {
            let letter = letter.to_string();
            paint.symbol(letter_x, span.y, &letter, Role::Change(shown.mark));
        }
    }

    fn sizes(&self, row: &Row, shown: &Shown, line: Rect, paint: &mut Paint<'_>) {
        let role = if shown.mark.is_gone() {
            Role::Change(shown.mark)
        } else if shown.is_mostly_removed() {
            Role::Change(Mark::Removed)
        } else {
            Role::Plain
        };
        let size = shown.size(self.projection, paint.look);
        let span = self.span(self.spans.size, line);
        paint.text_right(span, &narrowed(&size, span.width), role);
        let stack = shown.stack(row.share);
        let bar = self.span(self.spans.bar, line);
        paint.stacked_bar(bar, stack, Row::FULL.into());
        if self.spans.percent.1 > 0
            && let Some(percent) = self.percent(row, shown)
        {
            paint.text_right(self.span(self.spans.percent, line), &percent, Role::Plain);
        }
    }

    /// Returns which part of its directory a row is, rounded; nothing for what is gone.
    fn percent(&self, row: &Row, shown: &Shown) -> Option<String> {
        if shown.mark.is_gone() || shown.is_mostly_removed() || shown.bytes == 0 {
            return None;
        }
        let parent = self.pane.rows.get(row.parent as usize)?;
        let whole = u128::from(self.projection.bytes(parent.path));
        let part = u128::from(shown.bytes) * 100 + whole / 2;
        Some(match part.checked_div(whole)? {
            0 => "<1 %".into(),
            percent => format!("{percent} %"),
        })
    }

    fn attributes(&self, shown: &Shown, line: Rect, paint: &mut Paint<'_>) {
        if self.spans.mode.1 == 0 {
            return;
        }
        let Some(kind) = shown.kind else {
            return;
        };
        let Some(meta) = shown.meta.filter(|_| kind != EntryKind::Whiteout) else {
            paint.text(self.span(self.spans.mode, line), "-", Role::Dim);
            return;
        };
        let mode = attributes::permissions(kind.letter(), Some(meta.mode));
        paint.text(self.span(self.spans.mode, line), &mode, Role::Dim);
        let owner = format!("{}:{}", meta.uid, meta.gid);
        paint.text(self.span(self.spans.owner, line), &owner, Role::Dim);
        let time = attributes::time(meta.mtime);
        let day = time.split(' ').next().unwrap_or_default();
        paint.text_cut(self.span(self.spans.time, line), day, Cut::End, Role::Dim);
    }
}
