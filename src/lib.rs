//! layerscope: what is inside a container image, layer by layer.

pub mod analysis;
pub mod cli;
pub mod error;
pub mod extract;
pub mod image;
pub mod layer;
pub mod limits;
pub mod path;
pub mod progress;
pub mod report;
pub mod scan;
pub mod source;
pub mod tree;
pub mod units;
