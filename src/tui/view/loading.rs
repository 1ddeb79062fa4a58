//! Reading the image.

use super::paint::Paint;
use crate::tui::layout::Areas;
use crate::tui::model::Model;

pub(super) fn draw(_model: &Model, _areas: &Areas, _paint: &mut Paint<'_>) {}
