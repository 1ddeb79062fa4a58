//! Where the parts of the preview are, by its size. Used by `update` for heights and by `draw` for places.

use ratatui::layout::Rect;

/// The parts of the pane, inside of its border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewAreas {
    /// Path, and what it is; one line, or two where the pane is narrow and high.
    pub head: Rect,
    /// The contents.
    pub body: Rect,
    /// The versions, or the line that is typed; empty where there is no room.
    pub foot: Rect,
}

/// Lines of contents below which nothing else is shown.
const FEW: u16 = 4;
/// Columns below which path and facts have a line each.
const NARROW: u16 = 60;

impl PreviewAreas {
    /// Divides the pane.
    pub fn of(inner: Rect) -> Self {
        let wanted = match (inner.height, inner.width) {
            (12.., ..NARROW) => 2,
            (FEW.., _) => 1,
            _ => 0,
        };
        let foot = u16::from(inner.height >= FEW);
        let body = inner.height - wanted - foot;
        let part = |y: u16, height: u16| Rect {
            y: inner.y + y,
            height,
            ..inner
        };
        Self {
            head: part(0, wanted),
            body: part(wanted, body),
            foot: part(wanted + body, foot),
        }
    }
}

/// Returns the columns that line numbers take, with the blanks behind them.
pub fn gutter(lines: usize, columns: u16) -> u16 {
    let digits = lines.max(1).to_string().len();
    let wanted = u16::try_from(digits.max(3)).unwrap_or(u16::MAX) + gap(columns);
    // Where numbers would take a fifth of the screen the text is worth more.
    if wanted * 5 > columns { 0 } else { wanted }
}

/// Returns the blanks between a line number and its line.
pub const fn gap(columns: u16) -> u16 {
    if columns < NARROW { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_pane() {
        for width in [0, 1, 20, 40, 60, 200] {
            for height in 0..40 {
                let inner = Rect::new(3, 5, width, height);
                let parts = PreviewAreas::of(inner);
                let heights = parts.head.height + parts.body.height + parts.foot.height;
                assert_eq!(heights, height);
                assert_eq!(parts.body.y, parts.head.bottom());
                assert_eq!(parts.foot.y, parts.body.bottom());
                assert!(height == 0 || parts.body.height > 0);
            }
        }
    }
}
