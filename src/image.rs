//! An image: an ordered stack of layers plus a configuration, as far as its manifests tell.
//!
//! Nothing here reads a layer. Configurations are read leniently: whatever state they are found in, what can
//! be used is used and the rest becomes a warning.

pub mod base;
pub mod config;
pub mod history;
pub mod instruction;
pub mod json;
pub mod recovery;
pub mod reference;
pub mod spec;
pub mod writable;

use std::fmt;
use std::sync::Arc;

use crate::error::Warning;
use crate::layer::codec::Codec;
use crate::layer::{LayerIndex, LayerSource};

pub use config::{ConfigDocument, ImageConfig};
pub use history::HistoryEntry;
pub use instruction::Instruction;
pub use reference::{Digest, Platform};
pub use writable::{Writable, Writer};

/// One image of a source, for one platform. A clone shares the layers' bytes.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Tags and annotations that name it, in the source's order; may be empty.
    pub names: Vec<String>,
    /// Digest of its configuration, Docker's image ID.
    pub id: Option<Digest>,
    /// Digest of its manifest, where the source has one.
    pub digest: Option<Digest>,
    /// What it runs on.
    pub platform: Platform,
    /// Environment, command, labels and the rest.
    pub config: ImageConfig,
    /// Every history entry, those without a layer too; oldest first.
    pub history: Vec<HistoryEntry>,
    /// Manifest annotations, sorted by key.
    pub annotations: Vec<(String, String)>,
    /// Bottom first.
    pub layers: Vec<Layer>,
    /// The layer that a container writes to, if this is a container; the topmost.
    pub writable: Option<Writable>,
    /// What was odd about its manifests.
    pub warnings: Vec<Warning>,
}

/// One layer of an [`Image`].
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its position, 0 at the bottom.
    pub index: LayerIndex,
    /// Digest of its uncompressed tar as the configuration claims it.
    pub diff_id: Option<Digest>,
    /// Digest of its blob as the manifest claims it.
    pub digest: Option<Digest>,
    /// Media type as the manifest claims it; never believed.
    pub media_type: Option<String>,
    /// Compression found in its first bytes.
    pub compression: Codec,
    /// Length of the blob as stored, in bytes; `None` where it is missing.
    pub stored_bytes: Option<u64>,
    /// The instruction that made it, for people; `None` where the history does not tell.
    pub instruction: Option<Instruction>,
    /// Position of its entry in [`Image::history`].
    pub history: Option<usize>,
    /// What it is called where no history tells of it: `written by web-1`; unescaped.
    pub label: Option<String>,
    /// Its bytes.
    pub source: Arc<dyn LayerSource>,
}

impl Layer {
    /// Makes a layer of which nothing is known but its bytes.
    pub fn new(index: LayerIndex, source: Arc<dyn LayerSource>) -> Self {
        Self {
            index,
            diff_id: None,
            digest: None,
            media_type: None,
            compression: Codec::None,
            stored_bytes: None,
            instruction: None,
            history: None,
            label: None,
            source,
        }
    }

    /// Returns the human instruction or, without one, something that identifies the layer.
    pub fn title(&self) -> String {
        let digest = self.diff_id.as_ref().or(self.digest.as_ref());
        match (&self.instruction, &self.label, digest) {
            (Some(instruction), ..) => instruction.line.clone(),
            (None, Some(label), _) => label.clone(),
            (None, None, Some(digest)) => format!("layer {}", digest.short()),
            (None, None, None) => format!("layer {}", self.index),
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.names.first(), &self.id) {
            (Some(name), _) => crate::path::display_str(name).fmt(formatter),
            (None, Some(id)) => id.short().fmt(formatter),
            (None, None) => "unnamed image".fmt(formatter),
        }
    }
}
