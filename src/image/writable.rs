//! The layer that is written to: a container's own, or the upper directory of an overlay.

use crate::layer::LayerIndex;

/// The topmost layer, where somebody writes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writable {
    /// The layer, the topmost of the image.
    pub layer: LayerIndex,
    /// Who writes to it.
    pub writer: Writer,
    /// Whose way of telling changes fits.
    pub engine: DiffDialect,
}

/// Who writes to a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// A container.
    Container {
        /// Its name or, without one, the beginning of its ID; unescaped.
        name: String,
        /// Its whole ID, unescaped.
        id: String,
    },
    /// Whoever mounts this directory as the upper one; escaped.
    Directory(String),
}

/// Whose way of telling what a container changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiffDialect {
    /// Compares the container's view with its image's by name and metadata, whatever the driver (moby,
    /// pkg/archive, `ChangesDirs`).
    Docker,
    /// Lists the upper directory (containers/storage, pkg/archive, `OverlayChanges`): a directory made anew is
    /// said to be deleted, with what is in it added.
    Podman,
    /// Podman where the driver is none of overlays (vfs, btrfs): compares as Docker does.
    PodmanComparing,
}

impl DiffDialect {
    /// Returns the stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman | Self::PodmanComparing => "podman",
        }
    }
}
