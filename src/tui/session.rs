//! What does not change while the view runs.

use super::keys::KeyMap;
use super::message::MouseMode;
use super::theme::Theme;
use crate::analysis::rules::RuleSet;
use crate::text::Look;

/// Settings of one run.
#[derive(Debug, Clone)]
pub struct Session {
    /// What the user named, escaped.
    pub locator: String,
    /// Units and characters.
    pub look: Look,
    /// Which colours are used.
    pub theme: Theme,
    /// What each key means.
    pub keys: KeyMap,
    /// Rules to hold the image against; may be empty.
    pub rules: RuleSet,
    /// Whether the mouse is reported at first.
    pub mouse: MouseMode,
}
