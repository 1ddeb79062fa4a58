//! What nobody owns: what containerd's own collector would take, and what it will never see.

use std::collections::BTreeSet;

use super::meta::{Labels, Namespace};
use super::snapshotter::SnapshotKind;
use super::{ContainerdReader, MOBY, value};
use crate::image::Digest;
use crate::path;
use crate::store::{Engine, LayerId, Location, Role};

const REFERS_TO_CONTENT: &str = "containerd.io/gc.ref.content";
const REFERS_TO_SNAPSHOT: &str = "containerd.io/gc.ref.snapshot.";

/// Longest `ref` or `startedat` of an ingest.
const INGEST_RECORD_BYTES: u64 = 64 * 1024;

impl ContainerdReader {
    /// Finds them, once everybody has claimed what is theirs.
    pub(super) fn add_leftovers(&mut self) {
        self.keep_leased();
        self.add_abandoned_mounts();
        let unowned: Vec<LayerId> = (0..)
            .map(LayerId)
            .take(self.store.layers.len())
            .filter(|layer| !self.kept.contains(layer))
            .collect();
        for layer in unowned {
            self.add_unowned_layer(layer);
        }
        self.claim_files();
        self.add_unowned_blobs();
        self.add_unrecorded_directories();
        self.add_ingests();
    }

    pub(super) fn add_orphan(
        &mut self,
        place: Location,
        kind: &'static str,
        reason: String,
        since: Option<i64>,
    ) {
        let piece = self.store.add_piece(place, Role::Orphan);
        self.store.disown(piece, kind, reason, since);
    }

    /// Keeps what leases hold and what refers to something by a label, as containerd's collector does
    /// (containerd, core/metadata/gc.go).
    fn keep_leased(&mut self) {
        let namespaces = std::mem::take(&mut self.namespaces);
        for namespace in &namespaces {
            let (blobs, layers) = self.leased(namespace);
            for layer in layers {
                self.keep_for_lease(layer);
            }
            let new = blobs.difference(&self.content.kept).cloned();
            let new: Vec<Digest> = new.collect();
            self.content.leased.extend(new);
        }
        self.namespaces = namespaces;
    }

    fn leased(&self, namespace: &Namespace) -> (BTreeSet<Digest>, Vec<LayerId>) {
        let mut waiting: Vec<Digest> = Vec::new();
        let mut layers = Vec::new();
        let mut take = |labels: &Labels, waiting: &mut Vec<Digest>| {
            for (key, value) in labels {
                if key.starts_with(REFERS_TO_CONTENT) {
                    waiting.extend(Digest::parse(value));
                } else if let Some(snapshotter) = key.strip_prefix(REFERS_TO_SNAPSHOT) {
                    // A suffix tells several references to one snapshotter apart.
                    let snapshotter = snapshotter.split('/').next().unwrap_or(snapshotter);
                    let key = (snapshotter.to_owned(), value.clone());
                    layers.extend(self.layer_named(&namespace.name, &key));
                }
            }
        };
        for lease in &namespace.leases {
            waiting.extend(lease.blobs.iter().cloned());
        }
        for container in &namespace.containers {
            take(&container.labels, &mut waiting);
        }
        let snapshots = namespace.snapshots.iter();
        let rooted = snapshots.filter(|(_, record)| is_root(&record.labels));
        let rooted: Vec<_> = rooted.map(|(key, _)| key).collect();
        for record in namespace.snapshots.values() {
            take(&record.labels, &mut waiting);
        }
        for (digest, record) in &namespace.blobs {
            if is_root(&record.labels) || self.content.kept.contains(digest) {
                waiting.push(digest.clone());
            }
        }
        let mut blobs = BTreeSet::new();
        while let Some(digest) = waiting.pop() {
            if let Some(record) = namespace.blobs.get(&digest)
                && blobs.insert(digest)
            {
                take(&record.labels, &mut waiting);
            }
        }
        let of_leases = namespace.leases.iter().flat_map(|lease| &lease.snapshots);
        let named = of_leases.chain(rooted);
        layers.extend(named.filter_map(|key| self.layer_named(&namespace.name, key)));
        (blobs, layers)
    }

    fn keep_for_lease(&mut self, top: LayerId) {
        let role = self.role_of_leased();
        for layer in self.store.chain(top) {
            if !self.kept.contains(&layer) {
                self.set_roles(layer, role, role);
                self.store.leased.insert(layer);
            }
        }
        self.keep(top);
    }

    /// Docker's leases beside those of images and containers are `BuildKit`'s: its cache, its history.
    fn role_of_leased(&self) -> Role {
        if self.store.engine == Engine::DockerContainerd {
            Role::Cache
        } else {
            Role::Bookkeeping
        }
    }

    fn add_unowned_layer(&mut self, layer: LayerId) {
        let detail = &self.details[layer.as_usize()];
        if detail.name.is_none() {
            // A layer of an image that was never unpacked.
            return;
        }
        let Some(piece) = self.store.layer(layer).pieces.first().copied() else {
            return;
        };
        if self.is_doubtful {
            self.set_roles(layer, Role::Bookkeeping, Role::Bookkeeping);
            return;
        }
        let reason = match (detail.is_known, detail.kind) {
            (false, _) => "the snapshotter has it and containerd does not know it any more",
            (true, Some(SnapshotKind::Active)) => {
                "written by something that is gone: no container, lease or build cache has it"
            }
            (true, _) => "no image, container, lease or build cache has it",
        };
        self.set_roles(layer, Role::Orphan, Role::Orphan);
        self.store.disown(
            piece,
            "unreferenced-layer",
            reason,
            self.store.layer(layer).created,
        );
    }

    /// Docker's containers hold their snapshots by leases, which stay when the container's record is lost.
    fn add_abandoned_mounts(&mut self) {
        if self.places.docker.is_none() || self.is_doubtful {
            return;
        }
        let mut abandoned = Vec::new();
        for ((namespace, (snapshotter, key)), layer) in &self.layers_by_name {
            let init = (snapshotter.clone(), format!("{key}-init"));
            if namespace == MOBY
                && !self.containers_by_id.contains_key(key)
                && let Some(init) = self.layer_named(MOBY, &init)
            {
                abandoned.push((
                    *layer,
                    "what a container has written, and the container has no record",
                ));
                abandoned.push((init, "below a container that has no record"));
            }
        }
        for (layer, reason) in abandoned {
            let roles = self.details[layer.as_usize()].roles;
            let is_unowned = (roles.is_none() && !self.kept.contains(&layer))
                || roles == Some((Role::Cache, Role::Cache));
            let Some(piece) = self.store.layer(layer).pieces.first().copied() else {
                continue;
            };
            if is_unowned {
                self.kept.insert(layer);
                self.store.leased.remove(&layer);
                self.set_roles(layer, Role::Orphan, Role::Orphan);
                self.store.disown(
                    piece,
                    "mount-without-container",
                    reason,
                    self.store.layer(layer).created,
                );
            }
        }
    }

    fn add_unowned_blobs(&mut self) {
        let role = self.role_of_leased();
        let blobs = std::mem::take(&mut self.content.pieces);
        for (digest, piece) in &blobs {
            if self.content.kept.contains(digest) {
                continue;
            }
            let of_piece = &mut self.store.pieces[piece.as_usize()].role;
            if self.content.leased.contains(digest) {
                *of_piece = role;
                continue;
            }
            if self.is_doubtful {
                *of_piece = Role::Bookkeeping;
                continue;
            }
            let is_recorded = self
                .namespaces
                .iter()
                .any(|of| of.blobs.contains_key(digest));
            let reason = if is_recorded {
                "no image, lease or build cache needs it"
            } else {
                "no namespace has a record of it"
            };
            self.store.disown(*piece, "unreferenced-blob", reason, None);
        }
        self.content.pieces = blobs;
    }

    fn add_unrecorded_directories(&mut self) {
        let snapshotters = std::mem::take(&mut self.snapshotters);
        for snapshotter in &snapshotters {
            if snapshotter.doubt.is_some() {
                continue;
            }
            let snapshots = snapshotter.snapshots.values();
            let recorded: BTreeSet<Vec<u8>> = snapshots.map(|of| snapshotter.place(of)).collect();
            for directory in snapshotter.directories.difference(&recorded) {
                let name = directory
                    .rsplit(|byte| *byte == b'/')
                    .next()
                    .unwrap_or_default();
                // containerd, plugins/snapshots/overlay: directories in the making, and to be removed.
                let reason = if name.starts_with(b"new-") || name.starts_with(b"rm-") {
                    "left from making or removing a snapshot that did not end"
                } else {
                    "the snapshotter has no record of it"
                };
                self.add_orphan(
                    snapshotter.home.join(directory),
                    "unreferenced-directory",
                    reason.to_owned(),
                    None,
                );
            }
        }
        self.snapshotters = snapshotters;
    }

    /// Adds downloads and builds that did not end (containerd, plugins/content/local/store.go).
    fn add_ingests(&mut self) {
        let home = self.content_home().join("ingest");
        for name in self.names(&home) {
            let place = home.join(&name);
            let text = |of: &str| {
                let record = place.join(of);
                let bytes = record.root.read(&record.path, INGEST_RECORD_BYTES).ok()??;
                String::from_utf8(bytes).ok()
            };
            let since = text("startedat").and_then(|at| value::seconds(&at));
            let reason = match text("ref") {
                Some(of) => format!("{} did not end", path::display_str(of.trim())),
                None => "something that was to be stored did not end".to_owned(),
            };
            self.add_orphan(place, "interrupted-pull", reason, since);
        }
    }
}

fn is_root(labels: &Labels) -> bool {
    let mut keys = labels.keys();
    keys.any(|key| key == "containerd.io/gc.root" || key.starts_with("containerd.io/gc.bref."))
}
