//! Where the list and the details are.

use ratatui::layout::{Margin, Rect};

use crate::tui::layout::Arrangement;

/// The parts of the pane, from the top; those without room are empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayersAreas {
    /// Names of the columns.
    pub headings: Rect,
    /// The list.
    pub list: Rect,
    /// The line above the details.
    pub rule: Rect,
    /// The details.
    pub details: Rect,
}

/// Fewer lines of details say nothing.
const LEAST_DETAILS: u16 = 4;

/// Returns a place without the columns at both sides that keep text off the border.
pub fn indented(place: Rect) -> Rect {
    place.inner(Margin::new(1, 0))
}

impl LayersAreas {
    /// Divides the inside of the pane. The list has what it needs as long as the details keep half of the pane
    /// or what they need.
    pub fn of(inner: Rect, arrangement: Arrangement, layers: usize, details: usize) -> Self {
        let is_bare = arrangement <= Arrangement::Bare;
        let headings = u16::from(!is_bare && inner.height >= 4);
        let below = inner.height.saturating_sub(headings);
        let wanted = u16::try_from(details).unwrap_or(u16::MAX).saturating_add(1);
        let layers = u16::try_from(layers).unwrap_or(u16::MAX).max(1);
        let least = wanted.min(below / 2);
        let list = layers.min(below.saturating_sub(least));
        let rest = below - list;
        let has_details = !is_bare && rest > LEAST_DETAILS;
        let list = if has_details { list } else { below };
        let part = |y: u16, height: u16| Rect {
            y: inner.y.saturating_add(y),
            height,
            ..inner
        };
        let rule = u16::from(has_details);
        Self {
            headings: part(0, headings),
            list: part(headings, list),
            rule: part(headings + list, rule),
            details: part(headings + list + rule, below - list - rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_pane_and_the_list_always_has_a_row() {
        for height in 1..60u16 {
            for layers in [0, 1, 5, 40, 1000] {
                for details in [0, 6, 30] {
                    let inner = Rect::new(1, 3, 40, height);
                    let parts = LayersAreas::of(inner, Arrangement::Two, layers, details);
                    let all = [parts.headings, parts.list, parts.rule, parts.details];
                    assert_eq!(all.iter().map(|part| part.height).sum::<u16>(), height);
                    assert!(parts.list.height >= 1, "{height} {layers} {details}");
                    assert!(all.iter().all(|part| inner.union(*part) == inner));
                }
            }
        }
    }
}
