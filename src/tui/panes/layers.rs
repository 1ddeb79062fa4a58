//! The list of layers and the details of the one that is chosen.

use super::Request;
use crate::layer::LayerIndex;
use crate::tui::command::Command;
use crate::tui::model::{Jobs, Reads};
use crate::tui::scroll::Scroll;
use crate::tui::subject::Subject;

/// The list of layers.
#[derive(Debug, Default)]
pub struct LayersPane {
    /// Cursor: the position is the layer.
    pub scroll: Scroll,
}

impl LayersPane {
    /// Returns the chosen layer.
    pub fn layer(&self) -> LayerIndex {
        LayerIndex(u16::try_from(self.scroll.at).unwrap_or(u16::MAX))
    }

    /// Takes a subject, a new one or the same refined.
    pub fn show(&mut self, _reads: &Reads<'_>) {}

    /// Fits the pane to its place.
    pub fn resize(&mut self, _reads: &Reads<'_>) {}

    /// Makes a layer the chosen one.
    pub fn choose(&mut self, layer: LayerIndex, reads: &Reads<'_>) {
        let height = usize::from(reads.inner().height);
        self.scroll.go(
            layer.as_usize(),
            reads.subject.analysis.layers.len(),
            height,
        );
    }

    /// Does what a command means here.
    pub fn update(
        &mut self,
        _command: Command,
        _reads: &Reads<'_>,
        _jobs: &mut Jobs,
    ) -> Vec<Request> {
        Vec::new()
    }
}

/// Returns the layer to begin with: the top one that stores or changes something.
pub fn first_choice(subject: &Subject) -> LayerIndex {
    let layers = &subject.analysis.layers;
    let busy = layers
        .iter()
        .rposition(|layer| layer.content_bytes > 0 || layer.removed > 0);
    let at = busy.unwrap_or_else(|| layers.len().saturating_sub(1));
    LayerIndex(u16::try_from(at).unwrap_or(u16::MAX))
}
