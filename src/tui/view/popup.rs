//! What lies on top: help, messages, prompts, choices.

use super::paint::Paint;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::panes::popup::Popup;

pub(super) fn draw(_model: &Model, _popup: &Popup, _areas: &Areas, _paint: &mut Paint<'_>) {}
