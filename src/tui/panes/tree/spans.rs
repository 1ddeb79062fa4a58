//! Where the columns of the tree are.

use ratatui::layout::Rect;

use super::TreePane;
use super::choices::{Bars, Columns, TreeMode};
use crate::tui::layout::Arrangement;

/// First column and width of each; those that are not shown are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spans {
    pub(super) mark: (u16, u16),
    pub(super) size: (u16, u16),
    pub(super) percent: (u16, u16),
    pub(super) bar: (u16, u16),
    pub(super) mode: (u16, u16),
    pub(super) owner: (u16, u16),
    pub(super) time: (u16, u16),
    pub(super) name: (u16, u16),
    pub(super) from: (u16, u16),
}

/// What the user marked, what the layer did, and what is wasted.
const MARK: u16 = 3;
/// `1023.9 KiB`.
const SIZE: u16 = 10;
/// From this width on there is room for bars and percent.
const BOTH_FROM: u16 = 56;
/// From this width on bars are long.
const LONG_FROM: u16 = 90;
/// From this width on there is room for the layers of origin.
const ORIGIN_FROM: u16 = 60;
/// Narrower than this a name says nothing.
const LEAST_NAME: u16 = 16;

impl Spans {
    /// Divides the inside of the pane.
    pub(super) fn of(
        pane: &TreePane,
        inner: Rect,
        layers: usize,
        arrangement: Arrangement,
    ) -> Self {
        if arrangement <= Arrangement::Bare {
            return Self::bare(inner);
        }
        let wants = Wants::of(pane, inner.width);
        let mut spans = Self::default();
        let mut x = inner.x;
        let mut left = inner.width;
        let mut take = |width: u16, gap: u16| {
            let width = width.min(left);
            let span = (x, width);
            let taken = (width + gap).min(left);
            x += taken;
            left -= taken;
            span
        };
        let mut wanted = |width: u16| {
            if width > 0 { take(width, 1) } else { (0, 0) }
        };
        spans.mark = wanted(MARK);
        spans.size = wanted(SIZE);
        spans.percent = wanted(wants.percent);
        spans.bar = wanted(wants.bar);
        spans.mode = wanted(wants.mode);
        spans.owner = wanted(wants.owner);
        spans.time = wanted(wants.time);
        spans.name = (x, left);
        let from = origin_width(layers);
        let has_origin = pane.mode != TreeMode::Layer && inner.width >= ORIGIN_FROM;
        if has_origin && left > from + 1 + LEAST_NAME {
            spans.name.1 = left - from - 1;
            spans.from = (x + left - from, from);
        }
        spans
    }

    /// Letter and name to the left, size to the right.
    fn bare(inner: Rect) -> Self {
        let size = (SIZE - 1).min(inner.width);
        let name = inner.width - size;
        Self {
            // In the indentation of the name; the root has none.
            mark: (inner.x, inner.width.min(2)),
            name: (inner.x, name.saturating_sub(1)),
            size: (inner.x + name, size),
            ..Self::default()
        }
    }
}

/// Widths of the columns that may be left out.
#[derive(Default)]
struct Wants {
    percent: u16,
    bar: u16,
    mode: u16,
    owner: u16,
    time: u16,
}

impl Wants {
    /// Picks what there is room for beside a name; what was asked for comes first.
    fn of(pane: &TreePane, width: u16) -> Self {
        let mut room = width.saturating_sub(MARK + SIZE + 2 + LEAST_NAME);
        let mut want = |width: u16| {
            let fits = width < room;
            room -= if fits { width + 1 } else { 0 };
            if fits { width } else { 0 }
        };
        let mut wants = Self::default();
        if pane.columns.settled(width) == Columns::Shown {
            wants.mode = want(10);
            wants.owner = want(9);
            wants.time = want(10);
        }
        let (has_percent, has_bar) = match pane.bars {
            Bars::Both => (width >= BOTH_FROM, true),
            Bars::Bar => (false, true),
            Bars::Percent => (true, false),
            Bars::Neither => (false, false),
        };
        if has_bar {
            wants.bar = want(if width >= LONG_FROM { 12 } else { 8 });
        }
        if has_percent {
            wants.percent = want(5);
        }
        wants
    }
}

/// Returns the columns of `L0-12`.
fn origin_width(layers: usize) -> u16 {
    let digits = layers.saturating_sub(1).to_string().len();
    u16::try_from(2 * digits + 2).unwrap_or(4).max(4)
}
