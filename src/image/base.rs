//! Where the base image ends and the own layers begin.

/// Where the base image ends and the own layers begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BaseBoundary {
    /// Layers that belong to the base image.
    pub layers: u16,
    /// What says so, for people: `--base-layers`, `buildah comment "FROM …"`, `time gap of 3 days` …
    pub evidence: String,
}
