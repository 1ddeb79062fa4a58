//! What a row is about, in a way that outlives sorting, filtering and reading again.

use crate::store::reclaim::Target;
use crate::store::{
    CacheId, Container, ContainerId, Extra, ExtraId, ImageId, LargePath, LayerId, Lease, LeaseId,
    Orphan, Owner, PodId, Store, StoredImage, Volume, VolumeId,
};
use crate::tui::store_subject::What;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// An image.
    Image(ImageId),
    /// A layer.
    Layer(LayerId),
    /// A container.
    Container(ContainerId),
    /// A pod; its containers follow.
    Pod(PodId),
    /// Position in [`Store::orphans`].
    Orphan(u32),
    /// A build cache record.
    Cache(CacheId),
    /// A volume.
    Volume(VolumeId),
    /// A lease.
    Lease(LeaseId),
    /// A plugin, an artifact, or something foreign.
    Extra(ExtraId),
    /// Position in [`Store::largest`].
    LargePath(u32),
}

impl Key {
    /// Returns what can be opened.
    pub const fn what(self) -> Option<What> {
        match self {
            Self::Image(id) => Some(What::Image(id)),
            Self::Container(id) => Some(What::Container(id)),
            _ => None,
        }
    }

    /// Returns the image it is.
    pub fn image(self, store: &Store) -> Option<&StoredImage> {
        match self {
            Self::Image(id) => store.images.get(id.as_usize()),
            _ => None,
        }
    }

    /// Returns the container it is.
    pub fn container(self, store: &Store) -> Option<&Container> {
        match self {
            Self::Container(id) => store.containers.get(id.as_usize()),
            _ => None,
        }
    }

    /// Returns the orphan it is.
    pub fn orphan(self, store: &Store) -> Option<&Orphan> {
        match self {
            Self::Orphan(at) => store.orphans.get(usize::try_from(at).ok()?),
            _ => None,
        }
    }

    /// Returns the volume it is.
    pub fn volume(self, store: &Store) -> Option<&Volume> {
        match self {
            Self::Volume(id) => store.volumes.get(id.as_usize()),
            _ => None,
        }
    }

    /// Returns the lease it is.
    pub fn lease(self, store: &Store) -> Option<&Lease> {
        match self {
            Self::Lease(id) => store.leases.get(id.as_usize()),
            _ => None,
        }
    }

    /// Returns the plugin, artifact or foreign thing it is.
    pub fn extra(self, store: &Store) -> Option<&Extra> {
        match self {
            Self::Extra(id) => store.extras.get(id.as_usize()),
            _ => None,
        }
    }

    /// Returns the large path it is.
    pub fn large_path(self, store: &Store) -> Option<&LargePath> {
        match self {
            Self::LargePath(at) => store.largest.get(usize::try_from(at).ok()?),
            _ => None,
        }
    }

    /// Returns what can be got rid of; a layer goes with those who have it.
    pub const fn target(self) -> Option<Target> {
        Some(match self {
            Self::Image(id) => Target::Owner(Owner::Image(id)),
            Self::Container(id) => Target::Owner(Owner::Container(id)),
            Self::Pod(id) => Target::Owner(Owner::Pod(id)),
            Self::Orphan(at) => Target::Orphan(at),
            Self::Cache(id) => Target::Owner(Owner::Cache(id)),
            Self::Volume(id) => Target::Owner(Owner::Volume(id)),
            Self::Lease(id) => Target::Owner(Owner::Lease(id)),
            Self::Extra(id) => Target::Owner(Owner::Extra(id)),
            Self::Layer(_) | Self::LargePath(_) => return None,
        })
    }

    /// Returns what the thing is called when the store is read again: its ID, its name, its place.
    pub fn identity(self, store: &Store) -> Option<Vec<u8>> {
        let text = match self {
            Self::Image(id) => image_identity(store.images.get(id.as_usize())?),
            Self::Layer(id) => store.layers.get(id.as_usize())?.name.clone(),
            Self::Container(id) => store.containers.get(id.as_usize())?.id.clone(),
            Self::Pod(id) => store.pods.get(id.as_usize())?.uid.clone(),
            Self::Cache(id) => store.cache.get(id.as_usize())?.id.clone(),
            Self::Volume(id) => {
                let volume = store.volumes.get(id.as_usize())?;
                let namespace = volume.namespace.as_deref().unwrap_or_default();
                format!("{namespace}\0{}", volume.name)
            }
            Self::Lease(_) => {
                let lease = self.lease(store)?;
                format!("{}\0{}", lease.namespace, lease.id)
            }
            Self::Extra(_) => {
                let extra = self.extra(store)?;
                format!("{}\0{}", extra.kind.as_str(), extra.name)
            }
            Self::LargePath(_) => return Some(self.large_path(store)?.location.path.clone()),
            Self::Orphan(_) => {
                let piece = store.pieces.get(self.orphan(store)?.piece.as_usize())?;
                return Some(piece.location.shown().into_bytes());
            }
        };
        Some(text.into_bytes())
    }

    /// Finds the thing in a store that was read again. Cost is linear in things of its kind.
    pub fn carried(self, old: &Store, new: &Store) -> Option<Self> {
        let identity = self.identity(old)?;
        // Most often nothing has changed.
        if self.identity(new).as_ref() == Some(&identity) {
            return Some(self);
        }
        let mut all = self.all_of_kind(new);
        all.find(|key| key.identity(new).as_ref() == Some(&identity))
    }

    fn all_of_kind(self, store: &Store) -> Box<dyn Iterator<Item = Self>> {
        let positions = |len: usize| 0..u32::try_from(len).unwrap_or(u32::MAX);
        match self {
            Self::Image(_) => {
                Box::new(positions(store.images.len()).map(|at| Self::Image(ImageId(at))))
            }
            Self::Layer(_) => {
                Box::new(positions(store.layers.len()).map(|at| Self::Layer(LayerId(at))))
            }
            Self::Container(_) => Box::new(
                positions(store.containers.len()).map(|at| Self::Container(ContainerId(at))),
            ),
            Self::Pod(_) => Box::new(positions(store.pods.len()).map(|at| Self::Pod(PodId(at)))),
            Self::Orphan(_) => Box::new(positions(store.orphans.len()).map(Self::Orphan)),
            Self::Cache(_) => {
                Box::new(positions(store.cache.len()).map(|at| Self::Cache(CacheId(at))))
            }
            Self::Volume(_) => {
                Box::new(positions(store.volumes.len()).map(|at| Self::Volume(VolumeId(at))))
            }
            Self::Lease(_) => {
                Box::new(positions(store.leases.len()).map(|at| Self::Lease(LeaseId(at))))
            }
            Self::Extra(_) => {
                Box::new(positions(store.extras.len()).map(|at| Self::Extra(ExtraId(at))))
            }
            Self::LargePath(_) => Box::new(positions(store.largest.len()).map(Self::LargePath)),
        }
    }
}

fn image_identity(image: &StoredImage) -> String {
    let id = image.id.as_ref().or(image.digest.as_ref());
    let namespace = image.namespace.as_deref().unwrap_or_default();
    let name = image.names.first().map_or("", String::as_str);
    // One configuration may be listed under several manifests, and in several namespaces.
    let digest = image
        .digest
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    match id {
        Some(id) => format!("{namespace}\0{id}\0{digest}"),
        None => format!("{namespace}\0{name}"),
    }
}
