//! What the mouse means. Off by default, so that the terminal selects text as always.

use super::command::Command;
use super::message::{Effect, Mouse};
use super::model::Model;
use super::update::command_given;

/// Rows a turn of the wheel moves.
const WHEEL: usize = 3;

/// Does what the mouse means where it is.
pub(super) fn act(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    let command = match mouse {
        Mouse::WheelDown(_) => Command::Down,
        Mouse::WheelUp(_) => Command::Up,
        Mouse::Press(_) => return Vec::new(),
    };
    (0..WHEEL)
        .flat_map(|_| command_given(model, command))
        .collect()
}
