//! Where the list, the reasons and the rules are.

use ratatui::layout::Rect;

use crate::tui::layout::Arrangement;
use crate::tui::subject::Subject;

/// The parts of the view; one without a place is not on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WasteAreas {
    /// The list, with its border.
    pub list: Rect,
    /// Why the row under the cursor is wasted, with its border.
    pub why: Option<Rect>,
    /// What the rules say, a line each.
    pub rules: Rect,
}

/// Rows of the list that must stay beside anything else.
const LEAST_LIST: u16 = 8;

/// Rules shown where there is room for more than these; the rest is in the report.
const MOST_RULES: u16 = 4;

impl WasteAreas {
    /// Divides the body. The same place for every row, so that nothing jumps when the cursor moves.
    pub fn of(area: Rect, arrangement: Arrangement, subject: &Subject) -> Self {
        let line = |y: u16, height: u16| Rect { y, height, ..area };
        let reasons: u16 = if area.height >= 34 { 10 } else { 7 };
        let alone = arrangement <= Arrangement::Bare || area.height < LEAST_LIST + reasons;
        if alone || subject.waste().is_empty() {
            return Self {
                list: area,
                why: None,
                rules: line(area.bottom(), 0),
            };
        }
        let verdict = subject.verdict.as_ref();
        let outcomes = verdict.map_or(0, |verdict| verdict.outcomes.len());
        let room = area.height - reasons - LEAST_LIST;
        let rules = u16::try_from(outcomes).unwrap_or(u16::MAX);
        let rules = rules.min(MOST_RULES).min(room);
        let list = area.height - reasons - rules;
        Self {
            list: line(area.y, list),
            why: Some(line(area.y + list, reasons)),
            rules: line(area.y + list + reasons, rules),
        }
    }
}
