//! Where the parts of the store view are. Used by `update` for heights and by `draw` for places.

use ratatui::layout::Rect;

use super::StoreTab;
use crate::tui::layout::Arrangement;
use crate::tui::state::ZoomState;

/// Something beside the list that has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// The containers that have written most.
    Containers,
    /// The largest orphans.
    Orphans,
    /// The layers of the image under the cursor.
    Layers,
    /// Where the disk went, a line for each part.
    Disk,
}

/// The parts of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAreas {
    /// The list, border included.
    pub list: Rect,
    /// What stands below.
    pub asides: Vec<(Aside, Rect)>,
    /// Where the disk went, in one line; empty where there is no room or a pane of its own.
    pub bar: Rect,
}

/// Least height of the body for panes below the list.
const HIGH: u16 = 16;
/// Least screen for everything at once.
const WIDE: u16 = 160;
const HIGHER: u16 = 36;
/// Lines of the pane about the disk, border included.
const DISK: u16 = 11;

impl StoreAreas {
    /// Divides the body.
    pub fn of(body: Rect, arrangement: Arrangement, tab: StoreTab, zoom: ZoomState) -> Self {
        let bar = u16::from(body.height >= 8 && arrangement > Arrangement::Bare);
        let is_overview = tab == StoreTab::Images
            && zoom == ZoomState::Shared
            && arrangement > Arrangement::Bare
            && body.height >= HIGH;
        if is_overview && body.width >= WIDE && body.height >= HIGHER {
            return Self::wide(body);
        }
        let line = |y: u16, height: u16| Rect { y, height, ..body };
        let bottom = body.bottom().saturating_sub(bar);
        let mut parts = Self {
            list: line(body.y, bottom.saturating_sub(body.y)),
            asides: Vec::new(),
            bar: line(bottom, bar),
        };
        if is_overview {
            let orphans = if body.height >= 24 { 6 } else { 3 };
            let containers = (body.height / 4).clamp(5, 10);
            let orphans = line(bottom - orphans, orphans);
            let containers = line(orphans.y - containers, containers);
            parts.list.height = containers.y - body.y;
            parts.asides = vec![(Aside::Containers, containers), (Aside::Orphans, orphans)];
        }
        parts
    }

    fn wide(body: Rect) -> Self {
        let disk = Rect {
            y: body.bottom() - DISK,
            height: DISK,
            ..body
        };
        let below = (body.height - DISK) * 2 / 5;
        let row = Rect {
            y: disk.y - below,
            height: below,
            ..body
        };
        let (left, middle) = (body.width / 3, body.width * 3 / 10);
        let part = |x: u16, width: u16| Rect {
            x: row.x + x,
            width,
            ..row
        };
        Self {
            list: Rect {
                height: row.y - body.y,
                ..body
            },
            asides: vec![
                (Aside::Containers, part(0, left)),
                (Aside::Orphans, part(left, middle)),
                (
                    Aside::Layers,
                    part(left + middle, body.width - left - middle),
                ),
                (Aside::Disk, disk),
            ],
            bar: Rect {
                y: body.bottom(),
                height: 0,
                ..body
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Size;

    use super::*;
    use crate::tui::layout::areas;

    #[test]
    fn parts_fill_the_body_and_do_not_overlap() {
        for width in 20..220 {
            for height in 5..70 {
                let areas = areas(Size::new(width, height));
                for tab in StoreTab::ALL {
                    for zoom in [ZoomState::Shared, ZoomState::Zoomed] {
                        let parts = StoreAreas::of(areas.body, areas.arrangement, tab, zoom);
                        let asides = parts.asides.iter().map(|(_, place)| *place);
                        let all: Vec<Rect> = asides.chain([parts.list, parts.bar]).collect();
                        let cells: u32 = all.iter().map(|place| place.area()).sum();
                        assert_eq!(cells, areas.body.area(), "{width}x{height} {tab:?}");
                        for (at, one) in all.iter().enumerate() {
                            assert!(areas.body.union(*one) == areas.body || one.is_empty());
                            assert!(all[at + 1..].iter().all(|other| !one.intersects(*other)));
                        }
                        assert!(parts.list.height >= 2);
                    }
                }
            }
        }
    }
}
