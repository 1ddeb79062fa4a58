//! The list of layers with the details of one.

use ratatui::layout::Rect;

use super::paint::{Keys, Paint};
use crate::tui::model::Model;
use crate::tui::subject::Subject;

pub(super) fn draw(
    _model: &Model,
    _subject: &Subject,
    _place: Rect,
    _keys: Keys,
    _paint: &mut Paint<'_>,
) {
}
