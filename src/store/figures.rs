//! The engines' own numbers, so that ours can be compared with what `docker system df -v`, `docker ps -s` and
//! `podman system df -v` print. Each engine means something else by size; `None` is what it does not print, or
//! what could not be measured.

mod containerd;
mod containers_storage;
mod copies;
mod docker;

use super::{Engine, Store};

/// What an engine prints about one image, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageFigures {
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
pub struct ContainerFigures {
    /// `SIZE` of `ps -s`: what it has written.
    pub writable_bytes: Option<u64>,
    /// `virtual` of `ps -s`: with its image.
    pub virtual_bytes: Option<u64>,
}

/// The engine's numbers for a measured store.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// By image.
    pub images: Vec<ImageFigures>,
    /// By container.
    pub containers: Vec<ContainerFigures>,
}

impl Figures {
    /// Returns what the engine of a measured store would print.
    pub fn of(store: &Store) -> Self {
        match store.engine {
            Engine::Docker => docker::of(store),
            Engine::DockerContainerd | Engine::Containerd | Engine::Kubernetes => {
                containerd::of(store)
            }
            Engine::ContainersStorage => containers_storage::of(store),
        }
    }
}
