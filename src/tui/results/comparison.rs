//! What two images or containers have and have not in common.

use crate::analysis::comparison::ImageComparison;

/// What was found, with the names of the two; made by the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreComparison {
    /// Names of the two, unescaped.
    pub names: [String; 2],
    /// What differs.
    pub compared: ImageComparison,
    /// Whether both could be read in full.
    pub completeness: crate::layer::Completeness,
}
