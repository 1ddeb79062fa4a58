//! What nobody owns: what containerd's own collector would take, and what it will never see.

use std::collections::BTreeSet;

use super::snapshotter::SnapshotKind;
use super::{ContainerdReader, MOBY};
use crate::image::Digest;
use crate::path;
use crate::store::ingest::Ingest;
use crate::store::meta_db::{Labels, LeaseRecord, Namespace};
use crate::store::{Engine, Exit, LayerId, Lease, Location, Orphan, Record, Role};

const REFERS_TO_CONTENT: &str = "containerd.io/gc.ref.content";
const REFERS_TO_SNAPSHOT: &str = "containerd.io/gc.ref.snapshot.";

/// A lease that has a row of its own, with what can be reached from it alone.
struct HoldingLease {
    lease: Lease,
    blobs: BTreeSet<Digest>,
    layers: BTreeSet<LayerId>,
}

/// What was found on the way from one to the next.
#[derive(Default)]
struct Reached {
    /// Blobs that are still to be followed.
    blobs: Vec<Digest>,
    layers: Vec<LayerId>,
}

impl ContainerdReader {
    /// Finds them, once everybody has claimed what is theirs.
    pub(super) fn add_leftovers(&mut self) {
        let holding = self.keep_leased();
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
        let in_rows = holding.iter().flat_map(|of_lease| &of_lease.blobs);
        self.add_unowned_blobs(&in_rows.collect());
        self.add_leases(holding);
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
        self.store.disown(Orphan {
            piece,
            reason,
            kind,
            since,
            exit: Exit::Collection,
        });
    }

    /// Keeps what leases hold and what refers to something by a label, as containerd's collector does
    /// (containerd, core/metadata/gc.go).
    fn keep_leased(&mut self) -> Vec<HoldingLease> {
        let namespaces = std::mem::take(&mut self.namespaces);
        let mut holding = Vec::new();
        for namespace in &namespaces {
            let leases = self.leases_that_hold(namespace);
            let leases = leases.filter(|lease| self.has_row(namespace, lease));
            holding.extend(leases.map(|lease| self.holding(namespace, lease)));
        }
        for of_lease in &mut holding {
            of_lease.layers.retain(|layer| !self.kept.contains(layer));
            self.store.leased.extend(&of_lease.layers);
        }
        for layer in holding.iter().flat_map(|of_lease| &of_lease.layers) {
            self.kept.insert(*layer);
        }
        for namespace in &namespaces {
            let (blobs, layers) = self.leased(namespace);
            for layer in layers {
                self.keep_for_lease(&namespace.name, layer);
            }
            let new = blobs.difference(&self.content.kept).cloned();
            let new: Vec<Digest> = new.collect();
            self.content.leased.extend(new);
        }
        self.namespaces = namespaces;
        holding
    }

    /// Leases of `BuildKit` that nothing ends are one for each record of its cache.
    fn has_row(&self, namespace: &Namespace, lease: &LeaseRecord) -> bool {
        lease.ends.is_some() || !self.is_of_builder(&namespace.name)
    }

    /// Returns whether the leases of a namespace, beside those of images and containers, are `BuildKit`'s: its cache,
    /// its history (buildkit, solver/llbsolver/history.go).
    fn is_of_builder(&self, namespace: &str) -> bool {
        let namespace = namespace.strip_suffix("_history").unwrap_or(namespace);
        self.store.engine == Engine::DockerContainerd || self.of_builders.contains(namespace)
    }

    /// Returns what a lease holds, whoever else does.
    fn holding(&self, namespace: &Namespace, lease: &LeaseRecord) -> HoldingLease {
        let mut reached = Reached::default();
        reached.blobs.extend(lease.blobs.iter().cloned());
        let named = lease.snapshots.iter();
        reached
            .layers
            .extend(named.filter_map(|key| self.layer_named(&namespace.name, key)));
        let blobs = self.reach(namespace, &mut reached);
        let layers = reached.layers.into_iter();
        HoldingLease {
            lease: Lease {
                namespace: namespace.name.clone(),
                id: lease.id.clone(),
                ends: lease.ends,
                pieces: Vec::new(),
            },
            blobs,
            layers: layers.flat_map(|top| self.store.chain(top)).collect(),
        }
    }

    /// Adds the leases that hold what nobody else keeps.
    fn add_leases(&mut self, holding: Vec<HoldingLease>) {
        for HoldingLease {
            mut lease,
            blobs,
            layers,
        } in holding
        {
            let layers = layers.iter();
            let of_layers = layers.flat_map(|layer| &self.store.layer(*layer).pieces);
            let blobs = blobs.intersection(&self.content.leased);
            let of_blobs = blobs.filter_map(|digest| self.content.pieces.get(digest));
            lease.pieces = of_layers.chain(of_blobs).copied().collect();
            if !lease.pieces.is_empty() {
                self.store.leases.push(lease);
            }
        }
    }

    fn leased(&self, namespace: &Namespace) -> (BTreeSet<Digest>, Vec<LayerId>) {
        let mut reached = Reached::default();
        for lease in self.leases_that_hold(namespace) {
            reached.blobs.extend(lease.blobs.iter().cloned());
        }
        for container in &namespace.containers {
            self.follow(namespace, &container.labels, &mut reached);
        }
        for record in namespace.snapshots.values() {
            self.follow(namespace, &record.labels, &mut reached);
        }
        for (digest, record) in &namespace.blobs {
            if is_root(&record.labels) || self.content.kept.contains(digest) {
                reached.blobs.push(digest.clone());
            }
        }
        let blobs = self.reach(namespace, &mut reached);
        let of_leases = self.leases_that_hold(namespace);
        let of_leases = of_leases.flat_map(|lease| &lease.snapshots);
        let snapshots = namespace.snapshots.iter();
        let rooted = snapshots.filter(|(_, record)| is_root(&record.labels));
        let named = of_leases.chain(rooted.map(|(key, _)| key));
        let named = named.filter_map(|key| self.layer_named(&namespace.name, key));
        reached.layers.extend(named);
        (blobs, reached.layers)
    }

    /// Follows the labels of blobs from some of them to all that they lead to.
    fn reach(&self, namespace: &Namespace, reached: &mut Reached) -> BTreeSet<Digest> {
        let mut blobs = BTreeSet::new();
        while let Some(digest) = reached.blobs.pop() {
            if let Some(record) = namespace.blobs.get(&digest)
                && blobs.insert(digest)
            {
                self.follow(namespace, &record.labels, reached);
            }
        }
        blobs
    }

    /// Adds what labels refer to.
    fn follow(&self, namespace: &Namespace, labels: &Labels, reached: &mut Reached) {
        for (key, value) in labels {
            if key.starts_with(REFERS_TO_CONTENT) {
                reached.blobs.extend(Digest::parse(value));
            } else if let Some(snapshotter) = key.strip_prefix(REFERS_TO_SNAPSHOT) {
                // A suffix tells several references to one snapshotter apart.
                let snapshotter = snapshotter.split('/').next().unwrap_or(snapshotter);
                let key = (snapshotter.to_owned(), value.clone());
                let layer = self.layer_named(&namespace.name, &key);
                reached.layers.extend(layer);
            }
        }
    }

    /// containerd's collector passes over leases that ended (core/metadata/gc.go, `labelGCExpire`).
    fn leases_that_hold<'n>(
        &self,
        namespace: &'n Namespace,
    ) -> impl Iterator<Item = &'n LeaseRecord> + use<'n> {
        let now = self.now;
        let leases = namespace.leases.iter();
        leases.filter(move |lease| !has_ended(lease, now))
    }

    /// Returns the lease that held a snapshot, or one above it, until it ended.
    fn ended_lease_of_layer(&self, layer: LayerId) -> Option<(&Namespace, &LeaseRecord)> {
        self.ended_lease(|namespace, lease| {
            let mut held = lease.snapshots.iter();
            held.any(|key| {
                let top = self.layer_named(&namespace.name, key);
                top.is_some_and(|top| self.store.chain(top).contains(&layer))
            })
        })
    }

    fn ended_lease(
        &self,
        holds: impl Fn(&Namespace, &LeaseRecord) -> bool,
    ) -> Option<(&Namespace, &LeaseRecord)> {
        let namespaces = self.namespaces.iter();
        let mut leases = namespaces.flat_map(|of| of.leases.iter().map(move |lease| (of, lease)));
        leases.find(|(of, lease)| has_ended(lease, self.now) && holds(of, lease))
    }

    fn keep_for_lease(&mut self, namespace: &str, top: LayerId) {
        let role = self.role_of_leased(namespace);
        for layer in self.store.chain(top) {
            if !self.kept.contains(&layer) {
                self.set_roles(layer, role, role);
                self.store.leased.insert(layer);
            }
        }
        self.keep(top);
    }

    fn role_of_leased(&self, namespace: &str) -> Role {
        if self.is_of_builder(namespace) {
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
        let held = self.ended_lease_of_layer(layer).map(left_by);
        let held = held.map(|(kind, reason, exit)| (kind, reason, self.reached(exit)));
        let (kind, reason, exit) = held.unwrap_or_else(|| {
            let exit = self.exit_of_layer(layer);
            ("unreferenced-layer", reason.to_owned(), exit)
        });
        self.set_roles(layer, Role::Orphan, Role::Orphan);
        self.store.disown(Orphan {
            piece,
            reason,
            kind,
            since: self.store.layer(layer).created,
            exit,
        });
    }

    /// A snapshot of which containerd has a record is removed by that; any other goes with its next collection.
    fn exit_of_layer(&self, layer: LayerId) -> Exit {
        let detail = &self.details[layer.as_usize()];
        let exit = match &detail.name {
            Some((namespace, (snapshotter, key))) if detail.is_known => {
                Exit::Records(vec![Record::Snapshot {
                    namespace: namespace.clone(),
                    snapshotter: snapshotter.clone(),
                    key: key.clone(),
                }])
            }
            _ => Exit::Collection,
        };
        self.reached(exit)
    }

    /// No command takes the names of what `BuildKit` keeps by itself.
    fn reached(&self, exit: Exit) -> Exit {
        match self.places.worker {
            Some(_) => Exit::Collection,
            None => exit,
        }
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
                self.store.disown(Orphan {
                    piece,
                    reason: reason.to_owned(),
                    kind: "mount-without-container",
                    since: self.store.layer(layer).created,
                    exit: self.exit_of_layer(layer),
                });
            }
        }
    }

    fn add_unowned_blobs(&mut self, in_rows: &BTreeSet<&Digest>) {
        let blobs = std::mem::take(&mut self.content.pieces);
        for (digest, piece) in &blobs {
            if self.content.kept.contains(digest) {
                continue;
            }
            let mut namespaces = self.namespaces.iter();
            let holder = namespaces.find(|namespace| namespace.blobs.contains_key(digest));
            let role = self.role_of_leased(holder.map_or("", |holder| &holder.name));
            let of_piece = &mut self.store.pieces[piece.as_usize()].role;
            if self.content.leased.contains(digest) {
                if !in_rows.contains(digest) {
                    *of_piece = role;
                }
                continue;
            }
            if self.is_doubtful {
                *of_piece = Role::Bookkeeping;
                continue;
            }
            let (kind, reason, exit) = self.blob_left(digest);
            let exit = self.reached(exit);
            self.store.disown(Orphan {
                piece: *piece,
                reason,
                kind,
                since: None,
                exit,
            });
        }
        self.content.pieces = blobs;
    }

    fn blob_left(&self, digest: &Digest) -> (&'static str, String, Exit) {
        let held = self.ended_lease(|_, lease| lease.blobs.contains(digest));
        if let Some(held) = held {
            return left_by(held);
        }
        let namespaces = self.namespaces.iter();
        let having = namespaces.filter(|of| of.blobs.contains_key(digest));
        let records: Vec<Record> = having
            .map(|of| Record::Blob {
                namespace: of.name.clone(),
                digest: digest.clone(),
            })
            .collect();
        let (reason, exit) = if records.is_empty() {
            ("no namespace has a record of it", Exit::Collection)
        } else {
            let reason = "no image, lease or build cache needs it";
            (reason, Exit::Records(records))
        };
        ("unreferenced-blob", reason.to_owned(), exit)
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

    /// Adds downloads and builds that did not end.
    fn add_ingests(&mut self) {
        let home = self.content_home().join("ingest");
        for name in self.names(&home) {
            let place = home.join(&name);
            let ingest = Ingest::at(&place);
            self.add_orphan(place, "interrupted-pull", ingest.reason(), ingest.since);
        }
    }
}

fn has_ended(lease: &LeaseRecord, now: i64) -> bool {
    lease.ends.is_some_and(|ends| ends < now)
}

/// Returns what is to be said of something that a lease held until it ended.
fn left_by((namespace, lease): (&Namespace, &LeaseRecord)) -> (&'static str, String, Exit) {
    let reason = format!(
        "a pull or build that did not end: only the lease {} has it, and that is over",
        path::display_str(&lease.id)
    );
    let exit = Exit::Records(vec![Record::Lease {
        namespace: namespace.name.clone(),
        id: lease.id.clone(),
    }]);
    ("interrupted-pull", reason, exit)
}

fn is_root(labels: &Labels) -> bool {
    let mut keys = labels.keys();
    keys.any(|key| key == "containerd.io/gc.root" || key.starts_with("containerd.io/gc.bref."))
}
