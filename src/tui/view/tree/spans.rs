//! Where the columns of the tree are.

use ratatui::layout::Rect;

use crate::tui::layout::Arrangement;
use crate::tui::panes::tree::TreePane;
use crate::tui::panes::tree::choices::{Bars, Columns, TreeMode};

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
        spans.mark = take(2, 1);
        spans.size = take(SIZE, 1);
        let (has_percent, has_bar) = match pane.bars {
            Bars::Both => (inner.width >= BOTH_FROM, true),
            Bars::Bar => (false, true),
            Bars::Percent => (true, false),
            Bars::Neither => (false, false),
        };
        if has_percent {
            spans.percent = take(4, 1);
        }
        if has_bar {
            spans.bar = take(if inner.width >= LONG_FROM { 12 } else { 8 }, 1);
        }
        if pane.columns.settled(inner.width) == Columns::Shown {
            spans.mode = take(10, 1);
            spans.owner = take(9, 1);
            spans.time = take(10, 1);
        }
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

/// Returns the columns of `L0-12`.
fn origin_width(layers: usize) -> u16 {
    let digits = layers.saturating_sub(1).to_string().len();
    u16::try_from(2 * digits + 2).unwrap_or(4).max(4)
}
