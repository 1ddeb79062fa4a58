//! Drawing. Reads only: the same model gives the same cells, and only what is on the screen is looked at.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::layout::{Areas, Arrangement, LEAST};
use super::model::Model;
use super::paint::{Keys, Paint};
use super::panes::{
    comparison, files, header, image, layers, loading, popup, preview, status, store, tree,
    treemap, waste,
};
use super::state::{Focus, Screen, Tab};
use super::subject::Subject;
use super::theme::Role;

/// Draws a frame.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let areas = super::layout::areas(frame.area().as_size());
    let mut paint = Paint {
        buffer: frame.buffer_mut(),
        theme: model.session.theme,
        look: model.session.look,
        arrangement: areas.arrangement,
    };
    if areas.arrangement == Arrangement::TooSmall {
        let words = format!("{}x{} needed", LEAST.width, LEAST.height);
        let style = paint.style(Role::Plain);
        let place = paint.buffer.area;
        paint.text(Rect { height: 1, ..place }, &words, style);
        return;
    }
    match (&model.subject, &model.stores, &model.comparison) {
        (Some(subject), ..) => draw_subject(model, subject, &areas, &mut paint),
        (None, Some(_), Some(comparison)) if model.screen() == Screen::Comparison => {
            comparison::draw(model, comparison, &areas, &mut paint);
        }
        (None, Some(stores), _) if model.screen() == Screen::Store => {
            store::draw(model, stores, &areas, &mut paint);
        }
        _ => loading::draw(model, &areas, &mut paint),
    }
    for popup in &model.popups {
        popup::draw(model, popup, &areas, &mut paint);
    }
}

fn draw_subject(model: &Model, subject: &Subject, areas: &Areas, paint: &mut Paint<'_>) {
    header::draw(model, subject, areas, paint);
    let columns = model.columns();
    let keys = |focus| {
        if model.focus == focus && model.popups.is_empty() {
            Keys::Here
        } else {
            Keys::Elsewhere
        }
    };
    if let Some(place) = columns.layers {
        layers::draw(model, subject, place, keys(Focus::Layers), paint);
    }
    if let Some(place) = columns.tree {
        tree::draw(model, subject, place, keys(Focus::Tree), paint);
    }
    match (model.tab, columns.preview) {
        (_, Some(place)) => preview::draw(model, subject, place, keys(Focus::Preview), paint),
        (Tab::Layers, None) => {}
        (Tab::Waste, None) => waste::draw(model, subject, areas.body, paint),
        (Tab::Files, None) => files::draw(model, subject, areas.body, paint),
        (Tab::Treemap, None) => treemap::draw(model, subject, areas.body, paint),
        (Tab::Image, None) => image::draw(model, subject, areas.body, paint),
    }
    status::draw(model, subject, areas, paint);
}
