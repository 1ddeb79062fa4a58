//! The model that every reader fills: what is in one store, by position and by reference.

mod container;
mod extra;
mod layer;

pub(super) use container::SANDBOX;
pub use container::{Container, Growth, Pod, State};
pub use extra::{Extra, ExtraKind, LargePath};
pub use layer::{Contents, Layer, Listing};

use std::collections::HashSet;

use crate::beneath::Beneath;
use crate::error::Warning;
use crate::image::{Digest, Platform};
use crate::path::display;

use super::engine::Engine;
use super::piece::{Location, Piece, PieceId};

macro_rules! position {
    ($name:ident, $what:literal) => {
        #[doc = concat!("Position of ", $what, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Returns the position as an index.
            pub const fn as_usize(self) -> usize {
                self.0 as usize
            }
        }
    };
}

position!(LayerId, "a layer in [`Store::layers`]");
position!(ImageId, "an image in [`Store::images`]");
position!(ContainerId, "a container in [`Store::containers`]");
position!(CacheId, "a record in [`Store::cache`]");
position!(VolumeId, "a volume in [`Store::volumes`]");
position!(PodId, "a pod in [`Store::pods`]");
position!(LeaseId, "a lease in [`Store::leases`]");
position!(ExtraId, "something in [`Store::extras`]");

/// Whether the engine works with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activity {
    /// It probably does.
    #[default]
    Active,
    /// No, or probably not: the engine was moved to another driver, image store or root, and left this one behind.
    LeftBehind,
}

/// One store. A clone shares the open directories.
#[derive(Debug, Clone)]
pub struct Store {
    /// Whose it is.
    pub engine: Engine,
    /// Graph driver or snapshotter, escaped: `overlay2`, `vfs`, `overlayfs`.
    pub driver: String,
    /// Its root.
    pub root: Beneath,
    /// Whether it is in use.
    pub activity: Activity,
    /// Why it is left behind, where more is known of that than stands in it; escaped.
    pub left_for: Option<String>,
    /// Whether the names of its images are known.
    pub naming: Naming,
    /// Whether everybody who may own something is known.
    pub ownership: Ownership,
    /// Everything that takes room. The whole root is [`PieceId`] 0, [`super::Role::Bookkeeping`]: it keeps what
    /// no other piece claims.
    pub pieces: Vec<Piece>,
    /// In no particular order; parents by [`Layer::parent`].
    pub layers: Vec<Layer>,
    /// In the engine's order, or by name.
    pub images: Vec<StoredImage>,
    /// In the engine's order, or by name.
    pub containers: Vec<Container>,
    /// Build cache records.
    pub cache: Vec<CacheRecord>,
    /// Volumes, those of plugins too.
    pub volumes: Vec<Volume>,
    /// Pods, on a Kubernetes node.
    pub pods: Vec<Pod>,
    /// Plugins, artifacts, and what its engine is not known to make.
    pub extras: Vec<Extra>,
    /// The largest paths of bookkeeping and of the files of containers, the largest of each first; known once
    /// measured.
    pub largest: Vec<LargePath>,
    /// Layers that nothing keeps but a lease, or a label for the garbage collector of containerd.
    pub leased: std::collections::BTreeSet<LayerId>,
    /// Containers that nerdctl made, and the namespace of each; unescaped.
    pub nerdctl: std::collections::BTreeMap<ContainerId, String>,
    /// The builder of `docker buildx` whose cache it is, unescaped; `None` where it is none's.
    pub builder: Option<String>,
    /// Leases of containerd that hold what nobody else keeps.
    pub leases: Vec<Lease>,
    /// What nobody owns.
    pub orphans: Vec<Orphan>,
    /// What was odd, or could not be read.
    pub warnings: Vec<Warning>,
}

/// What is known of the names of a store's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// They are recorded: an image without one is dangling.
    Recorded,
    /// The record of them is lost or out of reach: an image without one may have had any.
    Unknown,
}

/// What is known of those who may own something in a store: its images and containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// All of their records were read: what has no container, or no owner at all, is without one.
    Recorded,
    /// Records of images or containers are lost or out of reach: nothing is known to be without one.
    InPart,
}

/// One image, for one platform.
#[derive(Debug, Clone)]
pub struct StoredImage {
    /// Tags and digests that name it, unescaped; none for a dangling one.
    pub names: Vec<String>,
    /// Digest of its configuration.
    pub id: Option<Digest>,
    /// Digest of its manifest or, for containerd, of the index that the name points to.
    pub digest: Option<Digest>,
    /// What it runs on.
    pub platform: Platform,
    /// When it was built, as its configuration says.
    pub created: Option<String>,
    /// Its configuration, where it is readable.
    pub config: Option<Location>,
    /// Bottom first; `None` where a layer is not in the store.
    pub layers: Vec<Option<LayerId>>,
    /// Diff IDs as the configuration lists them, bottom first.
    pub diff_ids: Vec<Digest>,
    /// What it occupies beside its layers: manifests, configuration, its records.
    pub pieces: Vec<PieceId>,
    /// The image it was built from step by step (Docker's legacy builder, Podman), if any.
    pub parent: Option<ImageId>,
    /// Namespace of containerd, where there is more than one; unescaped.
    pub namespace: Option<String>,
    /// Whether the engine lists it only on request: an intermediate step of a build.
    pub is_intermediate: bool,
}

/// One record of a build cache.
#[derive(Debug, Clone)]
pub struct CacheRecord {
    /// The engine's ID, unescaped.
    pub id: String,
    /// What it is, unescaped: `local source for context`, a command.
    pub description: String,
    /// Its layer; images may have the same one.
    pub layer: Option<LayerId>,
    /// Pieces beside that layer.
    pub pieces: Vec<PieceId>,
    /// Size in bytes as the engine wrote it down.
    pub recorded_bytes: Option<u64>,
    /// When it was made, seconds since 1970.
    pub created: Option<i64>,
    /// When it was last used, seconds since 1970.
    pub used: Option<i64>,
    /// The records below, by their IDs; unescaped.
    pub parents: Vec<String>,
    /// The layer of an image that it is a second unpacked copy of: `BuildKit` keeps one of its own where Docker
    /// stores images with containerd.
    pub copy_of: Option<LayerId>,
}

/// One volume.
#[derive(Debug, Clone)]
pub struct Volume {
    /// Its name, unescaped.
    pub name: String,
    /// Its data; empty where it lies elsewhere.
    pub pieces: Vec<PieceId>,
    /// Containers that mount it.
    pub containers: Vec<ContainerId>,
    /// Whether those are all: what Podman's containers mount that were never started is in its database alone.
    pub users: Ownership,
    /// Plugin or driver, unescaped.
    pub driver: String,
    /// Namespace of containerd, where it is one of nerdctl's; unescaped.
    pub namespace: Option<String>,
    /// Stores within it; known once measured.
    pub holds: Vec<Held>,
}

/// A store within a volume.
#[derive(Debug, Clone)]
pub struct Held {
    /// Whose it is, for people.
    pub engine: &'static str,
    /// Where it is.
    pub location: Location,
}

impl Volume {
    /// Returns whether it is known how many containers mount it: some that do, or truly none.
    pub fn has_known_users(&self) -> bool {
        self.users == Ownership::Recorded || !self.containers.is_empty()
    }
}

/// A lease of containerd that has not ended: a pull or a build is at work, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Whose it is, unescaped.
    pub namespace: String,
    /// Its name, unescaped.
    pub id: String,
    /// When it ends by itself, seconds since 1970; `None` where somebody has to remove it.
    pub ends: Option<i64>,
    /// What it holds and neither an image, nor a container, nor the build cache keeps.
    pub pieces: Vec<PieceId>,
}

impl Lease {
    /// Returns what it is and until when, unescaped.
    pub fn words(&self) -> String {
        let ends = self
            .ends
            .and_then(|ends| jiff::Timestamp::from_second(ends).ok());
        match ends {
            Some(ends) => format!("lease {} until {}", self.id, ends.strftime("%F %H:%M UTC")),
            None => format!("lease {}, until it is removed", self.id),
        }
    }
}

/// Something that nobody owns.
#[derive(Debug, Clone)]
pub struct Orphan {
    /// What it occupies.
    pub piece: PieceId,
    /// One line for people, escaped: `no image, container or build cache has it`.
    pub reason: String,
    /// The stable text form of the kind: `unreferenced-directory`, `half-removed-layer`, `interrupted-pull`,
    /// `mount-without-container`, `container-without-mount`, `unreferenced-blob`, `unreferenced-layer`,
    /// `temporary-leftover`, `vanished-pod`.
    pub kind: &'static str,
    /// When it was last changed, where a record tells; otherwise see [`Piece::modified`].
    pub since: Option<i64>,
    /// How it goes away.
    pub exit: Exit,
}

/// How something goes away that nobody owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// By all of these records, which containerd still has.
    Records(Vec<Record>),
    /// The engine has a record of it, and no command that takes a name reaches it.
    Recorded,
    /// containerd's garbage collector takes it, the next time that it has something of the kind to remove.
    Collection,
    /// The engine takes it when it starts.
    Start,
    /// The engine takes it when it stops.
    Stop,
    /// The kubelet takes it with its pod, or has left it behind.
    Pod,
    /// Docker takes it with the next plugin that is removed.
    NextPlugin,
    /// No record of it is left: nothing but a hand takes it away, with the engine stopped.
    ByHand,
}

/// What containerd calls something, for its own commands. All text is unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A snapshot.
    Snapshot {
        /// Whose it is.
        namespace: String,
        /// The plugin that keeps it.
        snapshotter: String,
        /// What that namespace calls it.
        key: String,
    },
    /// A blob.
    Blob {
        /// Whose record it is; others may have one too.
        namespace: String,
        /// What names it everywhere.
        digest: Digest,
    },
    /// A lease that ended, and all that it alone holds.
    Lease {
        /// Whose it is.
        namespace: String,
        /// Its name.
        id: String,
    },
}

/// Whoever keeps a layer or a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// An image.
    Image(ImageId),
    /// A container.
    Container(ContainerId),
    /// A build cache record.
    Cache(CacheId),
    /// A volume.
    Volume(VolumeId),
    /// A pod.
    Pod(PodId),
    /// A lease.
    Lease(LeaseId),
    /// A plugin, an artifact, or something foreign.
    Extra(ExtraId),
}

impl Store {
    /// Starts a store with nothing in it but its root.
    pub fn new(engine: Engine, driver: &str, root: Beneath) -> Self {
        let whole = Piece::new(Location::new(&root, Vec::new()), super::Role::Bookkeeping);
        Self {
            engine,
            driver: driver.to_owned(),
            root,
            activity: Activity::Active,
            left_for: None,
            naming: Naming::Recorded,
            ownership: Ownership::Recorded,
            pieces: vec![whole],
            layers: Vec::new(),
            images: Vec::new(),
            containers: Vec::new(),
            cache: Vec::new(),
            volumes: Vec::new(),
            pods: Vec::new(),
            extras: Vec::new(),
            largest: Vec::new(),
            leased: std::collections::BTreeSet::new(),
            nerdctl: std::collections::BTreeMap::new(),
            builder: None,
            leases: Vec::new(),
            orphans: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Returns why it is left behind, escaped.
    pub fn left_behind(&self) -> Option<&str> {
        let guess = "the engine seems to have moved to another driver or image store";
        let is_left = self.activity == Activity::LeftBehind;
        is_left.then(|| self.left_for.as_deref().unwrap_or(guess))
    }

    /// Returns whether nothing names an image that somebody built or pulled; `None` where names are unknown.
    pub fn is_dangling(&self, image: &StoredImage) -> Option<bool> {
        match self.naming {
            Naming::Unknown if image.names.is_empty() => None,
            _ => Some(image.names.is_empty() && !image.is_intermediate),
        }
    }

    /// Returns a count of those who use something; `None` where it is none, and not all of them are known.
    pub fn known_users<N: PartialEq + Default>(&self, found: N) -> Option<N> {
        let is_none = found == N::default();
        (self.ownership == Ownership::Recorded || !is_none).then_some(found)
    }

    /// Returns whether there is anything in it to tell of.
    pub fn holds_something(&self) -> bool {
        let counts = [
            self.layers.len(),
            self.images.len(),
            self.containers.len(),
            self.cache.len(),
            self.volumes.len(),
            self.leases.len(),
            self.extras.len(),
            self.orphans.len(),
            self.warnings.len(),
        ];
        counts.into_iter().any(|count| count > 0)
    }

    /// Adds a piece and returns its position.
    pub fn add_piece(&mut self, location: Location, role: super::Role) -> PieceId {
        self.pieces.push(Piece::new(location, role));
        PieceId(position(self.pieces.len() - 1))
    }

    /// Notes that nobody owns a piece.
    pub fn disown(&mut self, orphan: Orphan) {
        self.pieces[orphan.piece.as_usize()].role = super::Role::Orphan;
        self.orphans.push(orphan);
    }

    /// Adds a piece that is not within reach: no figure that it is a part of is whole. `reason` is escaped.
    pub fn add_unreachable(
        &mut self,
        location: Location,
        role: super::Role,
        reason: impl Into<String>,
    ) -> PieceId {
        let id = self.add_piece(location, role);
        self.pieces[id.as_usize()].unmeasured = Some(reason.into());
        id
    }

    /// Adds a layer and returns its position.
    pub fn add_layer(&mut self, layer: Layer) -> LayerId {
        self.layers.push(layer);
        LayerId(position(self.layers.len() - 1))
    }

    /// Returns a piece.
    pub fn piece(&self, id: PieceId) -> &Piece {
        &self.pieces[id.as_usize()]
    }

    /// Returns where something is, escaped: below the root of the store, or by its whole name.
    pub fn place(&self, location: &Location) -> String {
        if location.root.name() == self.root.name() {
            return display(&location.path).into_owned();
        }
        location.shown()
    }

    /// Returns a layer.
    pub fn layer(&self, id: LayerId) -> &Layer {
        &self.layers[id.as_usize()]
    }

    /// Takes layers that nobody was found to own for bookkeeping, where an owner's record may not have been read:
    /// they are no orphans.
    pub(super) fn keep_unowned_layers(&mut self) {
        let owned = self.owned_pieces();
        for piece in self.layers.iter().flat_map(|layer| &layer.pieces) {
            let found = &mut self.pieces[piece.as_usize()];
            if found.role == super::Role::Layer && !owned.contains(piece) {
                found.role = super::Role::Bookkeeping;
            }
        }
    }

    /// Returns the layers of which nothing is an image's, a container's or the build cache's, nor lost already.
    pub(super) fn unowned_layers(&self) -> Vec<LayerId> {
        let owned = self.owned_pieces();
        let layers = (0..).map(LayerId).zip(&self.layers);
        layers
            .filter(|(_, layer)| {
                let files = layer.pieces.first().map(|&piece| self.piece(piece).role);
                files == Some(super::Role::Layer)
                    && layer.pieces.iter().all(|piece| !owned.contains(piece))
            })
            .map(|(id, _)| id)
            .collect()
    }

    fn owned_pieces(&self) -> HashSet<PieceId> {
        let of_images = self.images.iter().flat_map(|image| &image.layers).flatten();
        let of_containers = self.containers.iter().flat_map(|container| {
            let own = container.init.iter().chain(&container.writable);
            container.layers.iter().chain(own)
        });
        let of_cache = self.cache.iter().filter_map(|record| record.layer);
        let of_cache = of_cache.flat_map(|layer| self.chain(layer));
        let layers = of_images.chain(of_containers).copied().chain(of_cache);
        layers
            .flat_map(|layer| &self.layers[layer.as_usize()].pieces)
            .copied()
            .collect()
    }

    /// Returns a layer and everything below it, bottom first. A loop of parents ends where it closes.
    pub fn chain(&self, top: LayerId) -> Vec<LayerId> {
        let mut chain = vec![top];
        let mut seen = HashSet::from([top]);
        let mut at = top;
        while let Some(parent) = self
            .layers
            .get(at.as_usize())
            .and_then(|layer| layer.parent)
        {
            if !seen.insert(parent) {
                break;
            }
            chain.push(parent);
            at = parent;
        }
        chain.reverse();
        chain
    }
}

fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
