//! Where things are on a screen of a size. Used by `update` for heights and by `draw` for places.

use ratatui::layout::{Margin, Rect, Size};

use super::state::{Focus, ZoomState};

/// How much fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrangement {
    /// Nothing but a sentence.
    TooSmall,
    /// One pane without borders and bars.
    Bare,
    /// One pane.
    One,
    /// Two panes.
    Two,
    /// Three panes.
    Three,
}

/// Smallest screen that is drawn on.
pub const LEAST: Size = Size::new(20, 5);

impl Arrangement {
    /// Returns the one for a size.
    pub const fn of(size: Size) -> Self {
        if size.width < LEAST.width || size.height < LEAST.height {
            Self::TooSmall
        } else if size.width < 50 || size.height < 12 {
            Self::Bare
        } else if size.width < 80 {
            Self::One
        } else if size.width < 120 {
            Self::Two
        } else {
            Self::Three
        }
    }

    /// Returns what is left of a pane inside of its border.
    pub fn inner(self, pane: Rect) -> Rect {
        if self <= Self::Bare {
            pane
        } else {
            pane.inner(Margin::new(1, 1))
        }
    }
}

/// The lines around the panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// How much fits.
    pub arrangement: Arrangement,
    /// First line: which image, its figures.
    pub header: Rect,
    /// Second line: which view; in [`Arrangement::Bare`] which layer. Empty where there is no room.
    pub tabs: Rect,
    /// The panes.
    pub body: Rect,
    /// Where the cursor is and what just happened.
    pub status: Rect,
    /// Keys; empty where there is no room.
    pub footer: Rect,
}

/// Divides a screen.
pub fn areas(size: Size) -> Areas {
    let line = |y: u16, height: u16| Rect::new(0, y, size.width, height);
    let spacious = u16::from(size.height >= 8);
    let footer = size.height.saturating_sub(spacious);
    let status = footer.saturating_sub(1);
    let top = 1 + spacious;
    Areas {
        arrangement: Arrangement::of(size),
        header: line(0, size.height.min(1)),
        tabs: line(1, spacious),
        body: line(top, status.saturating_sub(top)),
        status: line(status, size.height.min(1)),
        footer: line(footer, spacious),
    }
}

/// The panes of the layers view; those without a place are not on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Columns {
    /// The list of layers with the details of one.
    pub layers: Option<Rect>,
    /// The tree.
    pub tree: Option<Rect>,
    /// The contents of a file.
    pub preview: Option<Rect>,
}

/// Divides the body between the panes of the layers view.
pub fn columns(areas: &Areas, focus: Focus, zoom: ZoomState) -> Columns {
    let body = areas.body;
    let alone = areas.arrangement <= Arrangement::One
        || zoom == ZoomState::Zoomed
        || (areas.arrangement == Arrangement::Two && focus == Focus::Preview);
    if alone {
        return match focus {
            Focus::Layers => Columns {
                layers: Some(body),
                ..Columns::default()
            },
            Focus::Tree => Columns {
                tree: Some(body),
                ..Columns::default()
            },
            Focus::Preview => Columns {
                preview: Some(body),
                ..Columns::default()
            },
        };
    }
    let is_three = areas.arrangement == Arrangement::Three;
    let part = |x: u16, width: u16| Rect {
        x: body.x.saturating_add(x),
        width,
        ..body
    };
    // A file that is being read needs its lines more than the tree its bars.
    if is_three && focus == Focus::Preview && body.width < WIDE {
        let tree = body.width * 2 / 5;
        return Columns {
            layers: None,
            tree: Some(part(0, tree)),
            preview: Some(part(tree, body.width - tree)),
        };
    }
    let left = if is_three {
        (body.width * 7 / 20).clamp(42, 72)
    } else {
        (body.width * 9 / 20).max(36)
    };
    let right = match (is_three, focus) {
        (false, _) => 0,
        (true, Focus::Preview) => body.width.saturating_sub(left) / 2,
        (true, _) => (body.width / 4).clamp(30, 60),
    };
    let middle = body.width.saturating_sub(left.saturating_add(right));
    Columns {
        layers: Some(part(0, left)),
        tree: Some(part(left, middle)),
        preview: is_three.then(|| part(left + middle, right)),
    }
}

/// Columns from which on three panes stay side by side while a file is read.
const WIDE: u16 = 180;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_screen_and_nothing_overlaps() {
        for width in 0..220u16 {
            for height in 0..60u16 {
                let screen = Rect::new(0, 0, width, height);
                let areas = areas(Size::new(width, height));
                if areas.arrangement == Arrangement::TooSmall {
                    continue;
                }
                let lines = [
                    areas.header,
                    areas.tabs,
                    areas.body,
                    areas.status,
                    areas.footer,
                ];
                assert_eq!(lines.iter().map(|line| line.height).sum::<u16>(), height);
                assert!(lines.iter().all(|line| screen.union(*line) == screen));
                assert!(areas.body.height >= 2);
                for focus in [Focus::Layers, Focus::Tree, Focus::Preview] {
                    for zoom in [ZoomState::Shared, ZoomState::Zoomed] {
                        let columns = columns(&areas, focus, zoom);
                        let panes = [columns.layers, columns.tree, columns.preview];
                        let panes = panes.into_iter().flatten();
                        assert_eq!(panes.map(|pane| pane.width).sum::<u16>(), width);
                    }
                }
            }
        }
    }
}
