//! The engines' own numbers, so that ours can be compared with what `docker system df -v`, `docker ps -s` and
//! `podman system df -v` print. Each engine means something else by size; `None` is what it does not print, or
//! what could not be measured.

pub(super) mod copies;

/// What an engine prints about one image, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageSizes {
    /// `SIZE` of `system df -v`.
    pub size_bytes: Option<u64>,
    /// `SHARED SIZE`.
    pub shared_bytes: Option<u64>,
    /// `UNIQUE SIZE`.
    pub unique_bytes: Option<u64>,
    /// `Size` of `image inspect`, where it differs.
    pub inspect_bytes: Option<u64>,
}

/// What an engine prints about one container, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerSizes {
    /// `SIZE` of `ps -s`: what it has written.
    pub writable_bytes: Option<u64>,
    /// `virtual` of `ps -s`: with its image.
    pub virtual_bytes: Option<u64>,
}

/// The engine's numbers for a measured store.
#[derive(Debug, Clone, Default)]
pub struct EngineSizes {
    /// By image.
    pub images: Vec<ImageSizes>,
    /// By container.
    pub containers: Vec<ContainerSizes>,
}
