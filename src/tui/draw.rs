//! Drawing. Reads only: the same model gives the same cells, and only what is on the screen is looked at.

mod image_header;
mod status;

use ratatui::Frame;

use super::layout::{Arrangement, LEAST};
use super::model::Model;
use super::paint::{Keys, Paint};
use super::panes::{comparison, loading, popup, store};
use super::screen::{ImageScreen, Screen};
use super::state::{Focus, Pane, Tab};
use super::theme::Role;

/// Draws a frame.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let areas = super::layout::areas(frame.area().as_size());
    let session = &model.session;
    let arrangement = areas.arrangement;
    let mut paint = Paint::new(frame.buffer_mut(), session.theme, session.look, arrangement);
    if areas.arrangement == Arrangement::TooSmall {
        let words = format!("{}x{} needed", LEAST.width, LEAST.height);
        let screen = super::paint::first_line(paint.buffer.area);
        paint.text(screen, &words, Role::Plain);
        return;
    }
    let keys = if model.popups.is_empty() {
        Keys::Here
    } else {
        Keys::Elsewhere
    };
    match &model.screen {
        Screen::Loading(reading) => {
            let running = reading.running.as_ref();
            loading::draw(running, &model.session, &areas, &mut paint);
        }
        Screen::Image(image) => {
            image_header::draw(image, &model.session, &areas, &mut paint);
            draw_image(model, image, keys, &mut paint);
        }
        Screen::Store(store) => {
            let reads = store.reads(model.around());
            store::draw(&store.pane, &reads, &areas, keys, &mut paint);
        }
        Screen::Comparison(comparison) => {
            comparison::draw(&comparison.pane, &areas, keys, &mut paint);
        }
    }
    status::draw(model, areas.status, &mut paint);
    if !areas.footer.is_empty() {
        status::draw_keys(model, areas.footer, &mut paint);
    }
    for popup in &model.popups {
        popup::draw(popup, &model.session, &areas, &mut paint);
    }
}

fn draw_image(model: &Model, image: &ImageScreen, keys: Keys, paint: &mut Paint<'_>) {
    let columns = image.columns(model.size);
    let panes = [
        (columns.layers, Focus::Layers),
        (columns.tree, Focus::Tree),
        (columns.preview, Focus::Preview),
    ];
    let mut draw = |focus| {
        let pane = if focus == image.focus {
            image.pane()
        } else {
            Pane::of(focus, image.tab)
        };
        let reads = image.reads(pane, model.around());
        let keys = if focus == image.focus {
            keys
        } else {
            Keys::Elsewhere
        };
        image.panes.draw(pane, &reads, keys, paint);
    };
    for (_, focus) in panes.iter().filter(|(place, _)| place.is_some()) {
        draw(*focus);
    }
    if image.tab != Tab::Layers && columns.preview.is_none() {
        draw(image.focus);
    }
}
