//! The last two lines: where the cursor is and what just happened, and the keys.

use super::paint::Paint;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::subject::Subject;

pub(super) fn draw(_model: &Model, _subject: &Subject, _areas: &Areas, _paint: &mut Paint<'_>) {}
