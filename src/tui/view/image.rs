//! Configuration, history, digests and warnings.

use ratatui::layout::Rect;

use super::paint::Paint;
use crate::tui::model::Model;
use crate::tui::subject::Subject;

pub(super) fn draw(_model: &Model, _subject: &Subject, _place: Rect, _paint: &mut Paint<'_>) {}
