//! While something is read: browsing what is there already, and going back.

use super::{leave, shared};
use crate::tui::command::Command;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::state::Tone;

/// Does what a command means while something is read. Keys for panes mean nothing before there are any.
pub(super) fn command_given(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Open => browse(model),
        Command::Quit | Command::Back if model.screen.leads_back() => leave(model),
        _ => shared(model, command).unwrap_or_default(),
    }
}

/// Asks for what is read so far, if anything is.
fn browse(model: &mut Model) -> Vec<Effect> {
    let reading = model.screen.reading();
    let Some(running) = reading.and_then(|reading| reading.running.as_ref()) else {
        return Vec::new();
    };
    if running.has_read_layers() {
        return vec![Effect::Browse(running.job)];
    }
    model.say(Tone::Refused, "no layer is read yet");
    Vec::new()
}
