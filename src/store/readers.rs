//! Who reads the stores of which engines, a row for each kind of store.

use super::engine::Engine;
use super::engine_sizes::EngineSizes;
use super::{Store, containerd, containers_storage, docker};
use crate::beneath::Beneath;
use crate::error::Result;
use crate::progress::Job;

/// One row.
pub(super) struct Reader {
    /// Whose stores it reads.
    engines: &'static [Engine],
    /// What its stores are called: `a Docker store`.
    pub(super) title: &'static str,
    /// Directories that show from outside that one is a store, though it may not be read.
    pub(super) parts: &'static [&'static str],
    /// Whether a directory is the root of a store, or a part of one that leads to it.
    pub(super) is_root: fn(&Beneath) -> bool,
    /// Reads every store of the kind there; the one in use first.
    pub(super) read: fn(&Beneath, &Job) -> Result<Vec<Store>>,
    /// What their engine would print of a measured one.
    engine_sizes: fn(&Store) -> EngineSizes,
}

/// Every reader, in the order of reports.
pub(super) const READERS: [Reader; 4] = [
    Reader {
        engines: &[Engine::Docker],
        title: "Docker",
        parts: &["image"],
        is_root: docker::is_root,
        read: docker::read,
        engine_sizes: docker::engine_sizes,
    },
    Reader {
        engines: &[
            Engine::DockerContainerd,
            Engine::Containerd,
            Engine::Kubernetes,
        ],
        title: "containerd",
        parts: &["io.containerd.metadata.v1.bolt"],
        is_root: containerd::is_root,
        read: containerd::read,
        engine_sizes: containerd::engine_sizes,
    },
    Reader {
        engines: &[Engine::BuildKit],
        title: "BuildKit",
        parts: &["runc-overlayfs"],
        is_root: containerd::is_root_of_builder,
        read: containerd::read_builder,
        engine_sizes: containerd::engine_sizes,
    },
    Reader {
        engines: &[Engine::ContainersStorage],
        title: "containers-storage",
        parts: &["overlay-layers", "vfs-layers"],
        is_root: containers_storage::is_root,
        read: containers_storage::read,
        engine_sizes: containers_storage::engine_sizes,
    },
];

impl Store {
    /// Returns what the engine of a measured store would print.
    pub fn engine_sizes(&self) -> EngineSizes {
        let mut readers = READERS.iter();
        let own = readers.find(|reader| reader.engines.contains(&self.engine));
        own.map_or_else(EngineSizes::default, |reader| (reader.engine_sizes)(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_one_reader() {
        for engine in Engine::ALL {
            let own = READERS
                .iter()
                .filter(|reader| reader.engines.contains(&engine));
            assert_eq!(own.count(), 1, "{engine:?}");
        }
    }
}
