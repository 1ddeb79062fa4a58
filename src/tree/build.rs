//! Builder.
/// Collects the entries of one layer.
#[derive(Debug)]
pub struct TreeBuilder {}
