//! Reading the image: how far each layer is.

mod draw;

pub(in crate::tui) use draw::draw;

use crate::tui::ids::JobId;
use crate::tui::results::LayerState;
use crate::tui::results::LoadProgress;

/// The loading screen.
#[derive(Debug, Default)]
pub struct LoadingPane {
    /// The job that reads.
    pub job: JobId,
    /// How far it is; `None` before the first word of it.
    pub progress: Option<LoadProgress>,
}

impl LoadingPane {
    /// Returns whether there is a layer that can be looked at.
    pub fn has_read_layers(&self) -> bool {
        let layers = self.progress.iter().flat_map(|progress| &progress.layers);
        let mut states = layers.map(|layer| layer.state);
        states.any(|state| matches!(state, LayerState::Done | LayerState::Damaged))
    }
}
