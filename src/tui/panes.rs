//! The panes: each with its state and what it does on a command. No pane knows another; what concerns others
//! is asked of the model.

pub mod about;
pub mod comparison;
pub mod edits;
pub mod files;
pub mod image;
pub mod layers;
pub mod list;
pub mod loading;
pub mod popup;
pub mod preview;
pub mod store;
pub mod tree;
pub mod treemap;
pub mod waste;

use super::command::Command;
use super::ids::VersionAt;
use super::message::Effect;
use super::state::{Said, Tab, Tone};
use super::store_subject::Item;
use crate::layer::LayerIndex;
use crate::path::display_absolute;
use crate::text::Cut;
use crate::tree::PathId;
use popup::{Popup, Purpose};

/// What a pane asks of the model.
#[derive(Debug, Clone)]
pub enum Request {
    /// Say something in the status line.
    Say(Said),
    /// Have something done.
    Do(Effect),
    /// Show a path in the tree; with a layer, in the tree of that layer.
    GoTo {
        /// The path the cursor goes to.
        path: PathId,
        /// In which layer; `None` for the merged view.
        layer: Option<LayerIndex>,
    },
    /// Show what is wasted at or below a path; with a layer, of that layer first.
    ShowWaste {
        /// The path.
        path: PathId,
        /// The layer that is looked at; `None` for all.
        layer: Option<LayerIndex>,
    },
    /// Show the edits that would make the image smaller.
    ShowEdits,
    /// Leave them, and show the image as it is.
    LeaveEdits,
    /// Show the image as it would be with the edits that are applied.
    TryEdits,
    /// Show layers and tree with the edits that are applied.
    SeeTried,
    /// Try the image without some places of a layer.
    TryWithout {
        /// The layer.
        layer: LayerIndex,
        /// The places.
        places: Vec<PathId>,
    },
    /// Make another layer the current one.
    ChooseLayer(LayerIndex),
    /// Look into a version of a file.
    Look(VersionAt),
    /// Leave the preview.
    LeavePreview,
    /// Give the tree the keys.
    FocusTree,
    /// Go to another view.
    ShowView(Tab),
    /// Hand the tree a command of another pane.
    Tree(Command),
    /// Share the screen between the panes again.
    ZoomOut,
    /// Lay something on top.
    Show(Popup),
    /// Take away what is on top.
    Close,
    /// Read another image of the source.
    Choose(usize),
    /// Open an image or a container of a store.
    Open(Item),
    /// Compare two of them.
    Compare([Item; 2]),
    /// Leave the comparison.
    LeaveComparison,
    /// Do what was asked for in a prompt.
    Answer(Purpose, String),
}

/// Says that something was done.
pub fn done(text: impl Into<String>) -> Vec<Request> {
    vec![Request::Say(Said::new(Tone::Done, text))]
}

/// Says why something was not done.
pub fn refused(text: impl Into<String>) -> Vec<Request> {
    vec![Request::Say(Said::new(Tone::Refused, text))]
}

/// Copies text of the image, escaped, and says so.
pub fn copied(text: String) -> Vec<Request> {
    let said = Said::copied(&text);
    vec![Request::Do(Effect::Copy(text)), Request::Say(said)]
}

/// Copies the path of something, and says so.
pub fn copied_path(path: &[u8]) -> Vec<Request> {
    copied(display_absolute(path))
}

/// What the cursor is on, for the status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its full name, escaped.
    pub name: String,
    /// What is known about it, the most important first.
    pub facts: Vec<String>,
    /// What is left out of the name where it does not fit.
    pub cut: Cut,
}

impl Standing {
    /// Makes one of a path.
    pub fn of_path(path: String, facts: Vec<String>) -> Self {
        Self {
            name: path,
            facts,
            cut: Cut::Middle,
        }
    }
}
