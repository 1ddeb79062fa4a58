//! From what a terminal reports to a message.

use ratatui::crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::{Position, Size};

use super::edit::Edit;
use super::keys::Key;
use super::message::{Mouse, Msg};
use super::model::Model;

/// Returns what an event means to a model; `None` for what means nothing.
pub fn message(model: &Model, event: &Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => pressed(model, key),
        Event::Paste(text) if takes_text(model) => Some(Msg::Text(Edit::Paste(text.clone()))),
        Event::Resize(width, height) => Some(Msg::Resize(Size::new(*width, *height))),
        Event::Mouse(mouse) => moused(*mouse),
        _ => None,
    }
}

fn takes_text(model: &Model) -> bool {
    model
        .contexts()
        .first()
        .is_some_and(|context| context.takes_text())
}

fn pressed(model: &Model, event: &KeyEvent) -> Option<Msg> {
    let contexts = model.contexts();
    let key = Key::of(event);
    let command = model.session.keys.command(&contexts, key);
    let types = takes_text(model);
    // While typing, a letter is a letter, whatever it means elsewhere.
    if types && let Some(character) = key.text() {
        return Some(Msg::Text(Edit::Insert(character)));
    }
    match command {
        Some(command) => Some(Msg::Command(command)),
        None if types => edit(event).map(Msg::Text),
        None => Some(Msg::Unknown(key)),
    }
}

fn edit(event: &KeyEvent) -> Option<Edit> {
    let is_control = event.modifiers.contains(KeyModifiers::CONTROL);
    let is_alt = event.modifiers.contains(KeyModifiers::ALT);
    let is_word = is_control || is_alt;
    Some(match event.code {
        KeyCode::Backspace if is_alt => Edit::DeleteWord,
        KeyCode::Backspace => Edit::DeleteBefore,
        KeyCode::Delete => Edit::DeleteUnder,
        KeyCode::Left if is_word => Edit::WordLeft,
        KeyCode::Right if is_word => Edit::WordRight,
        KeyCode::Left => Edit::Left,
        KeyCode::Right => Edit::Right,
        KeyCode::Home => Edit::Start,
        KeyCode::End => Edit::End,
        KeyCode::Char('a') if is_control => Edit::Start,
        KeyCode::Char('e') if is_control => Edit::End,
        KeyCode::Char('w') if is_control => Edit::DeleteWord,
        KeyCode::Char('u') if is_control => Edit::DeleteToStart,
        KeyCode::Char('h') if is_control => Edit::DeleteBefore,
        KeyCode::Char('b') if is_alt => Edit::WordLeft,
        KeyCode::Char('f') if is_alt => Edit::WordRight,
        _ => return None,
    })
}

fn moused(event: MouseEvent) -> Option<Msg> {
    let at = Position::new(event.column, event.row);
    let mouse = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Mouse::Press(at),
        MouseEventKind::ScrollDown => Mouse::WheelDown(at),
        MouseEventKind::ScrollUp => Mouse::WheelUp(at),
        _ => return None,
    };
    Some(Msg::Mouse(mouse))
}
