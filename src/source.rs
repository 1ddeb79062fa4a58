//! Named inputs become images.

/// Where an image came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// `docker-archive`, `oci-archive`, `oci`, `dir`, `docker-dir`, `layer` and the like.
    pub kind: &'static str,
    /// What the user named, escaped; `-` for standard input.
    pub locator: String,
}
