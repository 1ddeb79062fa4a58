//! `BuildKit`'s own root: of `buildkitd` on a machine, in a builder's container or its volume.
//!
//! buildkit, cmd/buildkitd: a directory for each worker. One that runs containers by itself, `runc-SNAPSHOTTER`, has
//! a content store, a snapshotter and the records of both in it (worker/runc/runc.go); one that has containerd do so,
//! `containerd-SNAPSHOTTER`, only the records of the cache.

use super::directories::{ON_CONTAINERD, StoreDirectories, Worker};
use crate::beneath::Beneath;
use crate::limits;
use crate::store::Location;
use crate::store::places::{above, is_directory, is_file};

const ALONE: &[u8] = b"runc-";

/// Returns every worker that keeps its own files in a root, or in that which a directory is a part of.
pub(super) fn workers(root: &Beneath) -> Vec<StoreDirectories> {
    let found = in_root(root);
    if !found.is_empty() {
        return found;
    }
    let is_worker = is_file(root, b"metadata_v2.db");
    let is_snapshotter = is_file(root, b"metadata.db") && is_directory(root, b"snapshots");
    let climb = match (is_worker, is_snapshotter) {
        (true, _) => "..",
        (_, true) => "../..",
        _ => return Vec::new(),
    };
    above(root, climb).map_or_else(Vec::new, |root| in_root(&root))
}

fn in_root(root: &Beneath) -> Vec<StoreDirectories> {
    let names = root.names(b"", limits::STORE_NAMES).ok().flatten();
    let mut workers = Vec::new();
    for name in names.unwrap_or_default() {
        let snapshotter = name.strip_prefix(ALONE);
        let snapshotter = snapshotter.and_then(|name| std::str::from_utf8(name).ok());
        let has = |file: &[u8]| is_file(root, &[&name, file].concat());
        if let Some(snapshotter) = snapshotter
            && (has(b"/metadata_v2.db") || has(b"/containerdmeta.db"))
        {
            let home = Location::new(root, name.clone());
            let worker = Worker {
                snapshotter: snapshotter.to_owned(),
                is_first: workers.is_empty(),
            };
            workers.push(StoreDirectories::of_worker(root, home, worker));
        }
    }
    workers
}

/// Returns whether `BuildKit` is known to make something of that name in its root.
pub(super) fn is_known(name: &[u8]) -> bool {
    [
        ALONE,
        ON_CONTAINERD,
        b".",
        b"buildkitd",
        b"cache",
        b"history",
    ]
    .iter()
    .any(|start| name.starts_with(start))
        || [&b"net"[..], b"cni", b"cdi", b"executor", b"otel-grpc.sock"].contains(&name)
}
