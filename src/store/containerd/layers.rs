//! A layer for every snapshot.

use std::collections::BTreeMap;

use super::snapshotter::{self, Keeping, Snapshot, SnapshotKind, Snapshotter};
use super::{ContainerdReader, Key, SnapshotName};
use crate::beneath::Beneath;
use crate::error::WarningCode;
use crate::image::Digest;
use crate::layer::dir::Namespace as XattrNamespace;
use crate::path;
use crate::store::places::above;
use crate::store::{Layer, LayerId, Listing, Location, Role};

const PLUGIN: &str = "io.containerd.snapshotter.v1.";

/// Where snapshotters that are programs of their own have their directories, beside containerd's
/// (stargz-snapshotter, cmd/containerd-stargz-grpc; nydus-snapshotter, config; soci-snapshotter, config).
const BESIDE: [(&str, &str); 3] = [
    ("stargz", "containerd-stargz-grpc"),
    ("nydus", "containerd-nydus"),
    ("soci", "soci-snapshotter-grpc"),
];

/// What is known of a layer beside what the model says.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerNotes {
    /// The namespace whose it is, its snapshotter and its key; none for a layer that was never unpacked.
    pub name: Option<SnapshotName>,
    pub kind: Option<SnapshotKind>,
    /// Whether `fs` in its directory is what changed, and the rest is the engine's.
    pub is_overlay: bool,
    /// What its files are for, and the directory around them, where that is known.
    pub roles: Option<(Role, Role)>,
    /// Whether its directory belongs as a whole to somebody for whom it is no layer.
    pub is_whole: bool,
    /// Whether `meta.db` has it too.
    pub is_known: bool,
}

impl ContainerdReader {
    /// Reads every snapshotter that has a directory here.
    pub(super) fn read_snapshotters(&mut self) {
        let namespace = xattr_namespace(&self.places.home.root);
        let mut homes = Vec::new();
        if let Some(worker) = &self.places.worker {
            let home = self.places.home.join("snapshots");
            homes.push((worker.snapshotter.clone(), home));
        }
        for name in self.names(&self.places.home.clone()) {
            let name = std::str::from_utf8(&name).ok();
            if let Some(kind) = name.and_then(|name| name.strip_prefix(PLUGIN)) {
                let home = self.places.home.join(format!("{PLUGIN}{kind}"));
                homes.push((kind.to_owned(), home));
            }
        }
        homes.extend(self.homes_beside());
        for (kind, home) in homes {
            if snapshotter::has_cache(&kind) {
                // Claimed before its snapshots are: what none of them has is no container's.
                let cache = self.store.add_piece(home.clone(), Role::Bookkeeping);
                self.caches.push((kind.clone(), cache));
            }
            match Snapshotter::read(&kind, home, namespace) {
                Ok(Some(snapshotter)) => {
                    if let Some(doubt) = &snapshotter.doubt {
                        self.doubt(doubt.clone());
                    }
                    self.snapshotters.push(snapshotter);
                }
                Ok(None) => {}
                Err(error) => self.doubt(error.in_one_line()),
            }
        }
        let most = self
            .snapshotters
            .iter()
            .max_by_key(|snapshotter| snapshotter.snapshots.len());
        let elsewhere = self.namespaces.iter().find_map(|namespace| {
            let ((snapshotter, _), _) = namespace.snapshots.first_key_value()?;
            Some(snapshotter.as_str())
        });
        let driver = match most {
            Some(most) if !most.snapshots.is_empty() || elsewhere.is_none() => most.name.as_str(),
            _ => elsewhere.unwrap_or("overlayfs"),
        };
        self.store.driver = path::display_str(driver).into_owned();
    }

    /// Returns the directories of snapshotters that are programs of their own, as far as the store has their snapshots.
    fn homes_beside(&self) -> Vec<(String, Location)> {
        let Some(library) = above(&self.places.home.root, "..") else {
            return Vec::new();
        };
        let is_used = |name: &str| {
            let mut namespaces = self.namespaces.iter();
            namespaces.any(|of| {
                of.snapshots
                    .keys()
                    .any(|(snapshotter, _)| snapshotter == name)
            })
        };
        let beside = BESIDE.iter().filter(|(name, _)| is_used(name));
        let opened = beside.filter_map(|(name, directory)| {
            let directory = library.directory(directory.as_bytes()).ok()??;
            Some(((*name).to_owned(), Location::new(&directory, Vec::new())))
        });
        opened.collect()
    }

    /// Gives the caches of snapshotters to the images that were unpacked by them: they share them.
    pub(super) fn share_caches(&mut self) {
        for (name, cache) in std::mem::take(&mut self.caches) {
            let is_of = |layer: &LayerId| {
                let of_layer = self.details[layer.as_usize()].name.as_ref();
                of_layer.is_some_and(|(_, (snapshotter, _))| *snapshotter == name)
            };
            let images = self.store.images.iter_mut();
            for image in images.filter(|image| image.layers.iter().flatten().any(is_of)) {
                image.pieces.push(cache);
                self.store.pieces[cache.as_usize()].role = Role::Blob;
            }
        }
    }

    /// Makes a layer of every snapshot, parents set.
    pub(super) fn add_layers(&mut self) {
        let snapshotters = std::mem::take(&mut self.snapshotters);
        for snapshotter in &snapshotters {
            self.add_snapshots(snapshotter);
        }
        self.snapshotters = snapshotters;
        self.add_snapshots_elsewhere();
    }

    fn add_snapshots(&mut self, snapshotter: &Snapshotter) {
        let mut by_whole_name: BTreeMap<&str, LayerId> = BTreeMap::new();
        for (name, snapshot) in &snapshotter.snapshots {
            let layer = self.add_snapshot(snapshotter, name, snapshot);
            by_whole_name.insert(name, layer);
        }
        for (name, snapshot) in &snapshotter.snapshots {
            let Some(parent) = snapshot
                .parent
                .as_deref()
                .filter(|parent| !parent.is_empty())
            else {
                continue;
            };
            let Some(layer) = by_whole_name.get(name.as_str()).copied() else {
                continue;
            };
            let below = by_whole_name.get(parent).copied();
            self.store.layers[layer.as_usize()].parent = below;
            if below.is_none() {
                let reason = format!(
                    "{} stands on {}, of which there is no record",
                    path::display_str(name),
                    path::display_str(parent)
                );
                self.bad(&snapshotter.home.join("metadata.db"), &reason);
            }
            self.set_below(layer, below);
        }
        self.link_names(snapshotter, &by_whole_name);
    }

    /// Takes what the namespaces say about the snapshots over what their names look like.
    fn link_names(&mut self, snapshotter: &Snapshotter, by_whole_name: &BTreeMap<&str, LayerId>) {
        for namespace in &self.namespaces {
            for (key, record) in &namespace.snapshots {
                if key.0 != snapshotter.name {
                    continue;
                }
                let name = (namespace.name.clone(), key.clone());
                let named = record.name.as_deref();
                let layer = match named.and_then(|name| by_whole_name.get(name)) {
                    Some(layer) => *layer,
                    None => match self.layers_by_name.get(&name) {
                        Some(layer) => *layer,
                        None => continue,
                    },
                };
                let detail = &mut self.details[layer.as_usize()];
                detail.is_known = true;
                detail.name = Some(name.clone());
                self.layers_by_name.insert(name, layer);
            }
        }
    }

    fn add_snapshot(&mut self, by: &Snapshotter, name: &str, snapshot: &Snapshot) -> LayerId {
        let (namespace, key) = split(name);
        let place = by.place(snapshot);
        let is_there = by.directories.contains(&place);
        let directory = by.home.join(&place);
        let pieces = if is_there {
            vec![self.store.add_piece(directory.clone(), Role::Layer)]
        } else if by.form == Keeping::Opaque {
            let reason = opaque(by);
            let piece = self
                .store
                .add_unreachable(directory.clone(), Role::Layer, reason);
            vec![piece]
        } else {
            Vec::new()
        };
        let listing = if is_there || by.form == Keeping::Opaque {
            listing_of(by, snapshot.kind, &directory)
        } else {
            let shown = directory.shown();
            self.warn(
                WarningCode::BadRecord,
                format!("{shown} is missing: {}", path::display_str(name)),
            );
            Listing::Unavailable(format!("its directory {shown} is missing"))
        };
        let layer = self.push_layer(
            Layer {
                chain_id: Digest::parse(key),
                pieces,
                recorded_bytes: snapshot.size,
                created: snapshot.created,
                ..Layer::new(key, listing)
            },
            LayerNotes {
                name: Some((namespace.to_owned(), (by.name.clone(), key.to_owned()))),
                kind: Some(snapshot.kind),
                is_overlay: is_there && is_overlay(by.form, snapshot.kind),
                ..LayerNotes::default()
            },
        );
        let name = (namespace.to_owned(), (by.name.clone(), key.to_owned()));
        self.layers_by_name.insert(name, layer);
        layer
    }

    pub(super) fn push_layer(&mut self, layer: Layer, detail: LayerNotes) -> LayerId {
        self.details.push(detail);
        self.store.add_layer(layer)
    }

    /// Claims the files of every layer that somebody keeps apart from the directory around them, which holds
    /// what the kernel needs; the files come first.
    pub(super) fn claim_files(&mut self) {
        for at in 0..self.details.len() {
            let detail = &self.details[at];
            let (files, around) = detail.roles.unwrap_or((Role::Layer, Role::Layer));
            let [outer] = self.store.layers[at].pieces[..] else {
                continue;
            };
            self.store.pieces[outer.as_usize()].role = around;
            if files == Role::Orphan || !detail.is_overlay || detail.is_whole {
                self.store.pieces[outer.as_usize()].role = files;
                continue;
            }
            let inner = self.store.piece(outer).location.join("fs");
            let inner = self.store.add_piece(inner, files);
            self.store.layers[at].pieces.insert(0, inner);
        }
    }

    /// A full copy shows its changes against the one below.
    fn set_below(&mut self, layer: LayerId, parent: Option<LayerId>) {
        let directory_below = parent.and_then(|parent| match &self.store.layer(parent).listing {
            Listing::Copy { directory, .. } => Some(directory.clone()),
            _ => None,
        });
        if let Listing::Copy { below, .. } = &mut self.store.layers[layer.as_usize()].listing {
            *below = directory_below;
        }
    }

    /// Makes layers of snapshots that only `meta.db` knows: their snapshotter keeps them somewhere else.
    fn add_snapshots_elsewhere(&mut self) {
        let mut missing: Vec<(SnapshotName, Option<String>, Option<i64>)> = Vec::new();
        for namespace in &self.namespaces {
            for (key, record) in &namespace.snapshots {
                let name = (namespace.name.clone(), key.clone());
                if !self.layers_by_name.contains_key(&name) {
                    missing.push((name, record.parent.clone(), record.created));
                }
            }
        }
        for (name, _, created) in &missing {
            let (_, (snapshotter, key)) = name;
            let reason = self.why_elsewhere(snapshotter);
            let place = format!("io.containerd.snapshotter.v1.{snapshotter}");
            let place = self.places.home.join(place);
            let piece = self
                .store
                .add_unreachable(place, Role::Layer, reason.clone());
            let layer = self.push_layer(
                Layer {
                    chain_id: Digest::parse(key),
                    pieces: vec![piece],
                    created: *created,
                    ..Layer::new(key, Listing::Unavailable(reason))
                },
                LayerNotes {
                    name: Some(name.clone()),
                    is_known: true,
                    ..LayerNotes::default()
                },
            );
            self.layers_by_name.insert(name.clone(), layer);
        }
        for ((namespace, (snapshotter, key)), parent, _) in missing {
            let of = |key: String| (namespace.clone(), (snapshotter.clone(), key));
            let below = parent
                .filter(|parent| !parent.is_empty())
                .and_then(|parent| self.layers_by_name.get(&of(parent)).copied());
            if let Some(layer) = self.layers_by_name.get(&of(key)) {
                self.store.layers[layer.as_usize()].parent = below;
            }
        }
    }

    fn why_elsewhere(&self, snapshotter: &str) -> String {
        let shown = path::display_str(snapshotter);
        if self
            .snapshotters
            .iter()
            .any(|here| here.name == snapshotter)
        {
            return format!("the snapshotter {shown} has no record of it");
        }
        format!("the snapshotter {shown} keeps its files outside of this directory")
    }

    /// Returns how many snapshots of a namespace a snapshotter has.
    pub(super) fn snapshots_of(&self, namespace: &str, snapshotter: &str) -> usize {
        let namespaces = self.namespaces.iter();
        namespaces
            .filter(|of| of.name == namespace)
            .flat_map(|of| of.snapshots.keys())
            .filter(|(of, _)| of == snapshotter)
            .count()
    }
}

/// Returns whether what a snapshot changes is in its `fs`.
fn is_overlay(form: Keeping, kind: SnapshotKind) -> bool {
    match form {
        Keeping::Overlay(_) => true,
        Keeping::Remote(_) => kind == SnapshotKind::Active,
        Keeping::Copies | Keeping::Subvolumes | Keeping::Opaque => false,
    }
}

fn listing_of(by: &Snapshotter, kind: SnapshotKind, directory: &Location) -> Listing {
    match by.form {
        Keeping::Overlay(encoding) | Keeping::Remote(encoding) if is_overlay(by.form, kind) => {
            Listing::Directory {
                directory: directory.join("fs"),
                encoding,
            }
        }
        Keeping::Copies | Keeping::Subvolumes => Listing::Copy {
            directory: directory.clone(),
            below: None,
        },
        Keeping::Remote(_) | Keeping::Overlay(_) => Listing::Unavailable(format!(
            "the snapshotter {} fetches its files when they are read",
            path::display_str(&by.name)
        )),
        Keeping::Opaque => Listing::Unavailable(opaque(by)),
    }
}

fn opaque(by: &Snapshotter) -> String {
    format!(
        "the snapshotter {} keeps no directory of its files",
        path::display_str(&by.name)
    )
}

/// Splits a snapshot's whole name, `NAMESPACE/NUMBER/KEY`; keys may have slashes.
fn split(name: &str) -> (&str, &str) {
    let mut parts = name.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(namespace), Some(_), Some(key)) => (namespace, key),
        _ => ("", name),
    }
}

/// Rootless engines mount with `userxattr`; their directories belong to a user.
fn xattr_namespace(home: &Beneath) -> XattrNamespace {
    match home.status(b"") {
        Ok(Some(status)) if status.st_uid != 0 => XattrNamespace::User,
        _ => XattrNamespace::Trusted,
    }
}

/// Returns the key of a snapshot of the same snapshotter.
pub(super) fn beside(key: &Key, other: &str) -> Key {
    (key.0.clone(), other.to_owned())
}
