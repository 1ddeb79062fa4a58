//! Who takes how much: unique, shared and total bytes of every image, container and record of a measured store.

mod owners;
mod removal;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use self::owners::Owners;
use self::removal::Bonds;
use super::{
    CacheId, Container, ContainerId, ImageId, LayerId, Owner, Piece, PieceId, Role, Store,
    StoredImage,
};

/// Bytes, and whether they are all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Amount {
    /// What was measured.
    pub bytes: u64,
    /// Pieces of which a part, or all, could not be measured: then `bytes` is the least it can be.
    pub unmeasured: u32,
}

/// In which sense bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Basis {
    /// Disk blocks, every inode once: what removing would free, what `du` and `df` see.
    #[default]
    Disk,
    /// Lengths of files.
    Files,
}

/// One image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageAccount {
    /// In pieces that no other image has.
    pub unique: Amount,
    /// In pieces that other images have too.
    pub shared: Amount,
    /// Both.
    pub total: Amount,
    /// Freed if it alone were removed: what no other image, container or cache record keeps. Nothing where the
    /// engine would refuse.
    pub freed: Amount,
    /// Containers made from it.
    pub containers: u32,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerAccount {
    /// Its files, records and blobs.
    pub total: Amount,
    /// Images that stand on it.
    pub images: Vec<ImageId>,
    /// Containers that stand on it.
    pub containers: Vec<ContainerId>,
    /// Cache records that keep it.
    pub cache: Vec<CacheId>,
}

/// One container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContainerAccount {
    /// What it has written.
    pub writable: Amount,
    /// Its logs.
    pub logs: Amount,
    /// Whatever else is its own.
    pub other: Amount,
}

/// One cache record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheAccount {
    /// All of it.
    pub total: Amount,
    /// What no image and no container has: freed when the cache is pruned, with every record that shares it.
    pub private: Amount,
}

/// One pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PodAccount {
    /// What its containers have written.
    pub writable: Amount,
    /// Logs of its containers and its own.
    pub logs: Amount,
    /// `emptyDir` volumes.
    pub volumes: Amount,
    /// All of it.
    pub total: Amount,
}

/// Where the disk went; the parts are disjoint and add up to `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Whatever images need, each piece once.
    pub images: Amount,
    /// Written by containers.
    pub writable: Amount,
    /// Logs.
    pub logs: Amount,
    /// Whatever else belongs to containers.
    pub container_files: Amount,
    /// Volumes.
    pub volumes: Amount,
    /// What only the build cache keeps.
    pub cache: Amount,
    /// What nobody owns.
    pub orphans: Amount,
    /// Databases, records, and what no piece claims.
    pub bookkeeping: Amount,
    /// Everything.
    pub total: Amount,
    /// Images added up one by one, shared pieces as often as they are shared. No part of `total`.
    pub images_added_up: Amount,
}

/// The accounts of one measured store.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// In which sense.
    pub basis: Basis,
    /// By image.
    pub images: Vec<ImageAccount>,
    /// By layer.
    pub layers: Vec<LayerAccount>,
    /// By container.
    pub containers: Vec<ContainerAccount>,
    /// By cache record.
    pub cache: Vec<CacheAccount>,
    /// By volume.
    pub volumes: Vec<Amount>,
    /// By pod.
    pub pods: Vec<PodAccount>,
    /// By orphan.
    pub orphans: Vec<Amount>,
    /// Everything.
    pub totals: Totals,
    owners: Owners,
    bonds: Bonds,
}

impl Amount {
    /// Returns what is known of a piece.
    pub fn of(piece: &Piece, basis: Basis) -> Self {
        let bytes = piece.usage.map_or(0, |usage| match basis {
            Basis::Disk => usage.disk_bytes,
            Basis::Files => usage.file_bytes,
        });
        let is_whole = piece.usage.is_some() && piece.unmeasured.is_none();
        Self {
            bytes,
            unmeasured: u32::from(!is_whole),
        }
    }

    /// Returns whether it is all there is.
    pub const fn is_whole(self) -> bool {
        self.unmeasured == 0
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            unmeasured: self.unmeasured.saturating_add(other.unmeasured),
        }
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Self::add)
    }
}

/// What the accounts of one store are made from.
struct Books<'a> {
    store: &'a Store,
    basis: Basis,
    owners: &'a Owners,
    bonds: &'a Bonds,
}

impl Accounts {
    /// Adds up a measured store.
    pub fn of(store: &Store, basis: Basis) -> Self {
        let owners = Owners::of(store);
        let bonds = Bonds::of(store);
        let books = Books {
            store,
            basis,
            owners: &owners,
            bonds: &bonds,
        };
        let images: Vec<ImageAccount> = (0..)
            .map(ImageId)
            .zip(&store.images)
            .map(|(id, image)| books.image(id, image))
            .collect();
        let containers: Vec<ContainerAccount> = store
            .containers
            .iter()
            .map(|container| books.container(container))
            .collect();
        let mut totals = books.totals();
        totals.images_added_up = store
            .images
            .iter()
            .zip(&images)
            .filter(|(image, _)| !image.is_intermediate)
            .map(|(_, account)| account.total)
            .sum();
        Self {
            basis,
            layers: books.layers(),
            cache: books.cache(),
            volumes: store
                .volumes
                .iter()
                .map(|volume| books.sum(&volume.pieces))
                .collect(),
            pods: books.pods(&containers),
            orphans: store
                .orphans
                .iter()
                .map(|orphan| books.sum([&orphan.piece]))
                .collect(),
            images,
            containers,
            totals,
            owners,
            bonds,
        }
    }

    /// Returns who keeps a piece, in a stable order.
    pub fn owners(&self, piece: PieceId) -> impl Iterator<Item = Owner> {
        self.owners.of_piece(piece)
    }

    /// Returns what would be freed if the engine were told to remove everything selected, and nothing else.
    ///
    /// Steps of a build that nothing else stands on go with the image, and so do the other platforms of its name.
    /// Docker and Podman keep an image that a container or another image stands on, unless that goes too.
    pub fn freed(&self, store: &Store, selection: &[Owner]) -> Amount {
        let books = Books {
            store,
            basis: self.basis,
            owners: &self.owners,
            bonds: &self.bonds,
        };
        books.freed(selection)
    }
}

impl Books<'_> {
    fn amount(&self, piece: PieceId) -> Amount {
        let piece = self.store.pieces.get(piece.as_usize());
        piece.map_or(Amount::default(), |piece| Amount::of(piece, self.basis))
    }

    /// Adds up pieces, each once.
    fn sum<'p>(&self, pieces: impl IntoIterator<Item = &'p PieceId>) -> Amount {
        let pieces: BTreeSet<PieceId> = pieces.into_iter().copied().collect();
        pieces.into_iter().map(|piece| self.amount(piece)).sum()
    }

    fn image(&self, id: ImageId, image: &StoredImage) -> ImageAccount {
        let pieces = owners::pieces_of_image(self.store, image);
        let is_other = |owner: Owner| match owner {
            Owner::Image(other) => {
                other != id && !self.store.images[other.as_usize()].is_intermediate
            }
            _ => false,
        };
        let (shared, unique): (Vec<_>, Vec<_>) = pieces
            .iter()
            .partition(|piece| self.owners.of_piece(**piece).any(is_other));
        let (shared, unique) = (self.sum(shared), self.sum(unique));
        let containers = self.store.containers.iter();
        let count = containers
            .filter(|container| container.image == Some(id))
            .count();
        ImageAccount {
            unique,
            shared,
            total: unique + shared,
            freed: self.freed(&[Owner::Image(id)]),
            containers: u32::try_from(count).unwrap_or(u32::MAX),
        }
    }

    fn container(&self, container: &Container) -> ContainerAccount {
        let own = owners::pieces_of_container_alone(self.store, container);
        let with = |wanted: fn(Role) -> bool| {
            self.sum(
                own.iter()
                    .filter(|piece| wanted(self.store.piece(**piece).role)),
            )
        };
        ContainerAccount {
            writable: with(|role| role == Role::Writable),
            logs: with(|role| role == Role::Log),
            other: with(|role| !matches!(role, Role::Writable | Role::Log)),
        }
    }

    fn layers(&self) -> Vec<LayerAccount> {
        let mut accounts: Vec<LayerAccount> = self
            .store
            .layers
            .iter()
            .map(|layer| LayerAccount {
                total: self.sum(layer.pieces.iter().chain(&layer.blobs)),
                ..LayerAccount::default()
            })
            .collect();
        let mut each = |layer: LayerId, owner: Owner| {
            let Some(account) = accounts.get_mut(layer.as_usize()) else {
                return;
            };
            match owner {
                Owner::Image(id) => account.images.push(id),
                Owner::Container(id) => account.containers.push(id),
                Owner::Cache(id) => account.cache.push(id),
                Owner::Volume(_) | Owner::Pod(_) => {}
            }
        };
        owners::each_layer(self.store, &mut each);
        for account in &mut accounts {
            account.images.dedup();
            account.containers.dedup();
            account.cache.dedup();
        }
        accounts
    }

    fn cache(&self) -> Vec<CacheAccount> {
        let records = self.store.cache.iter();
        records
            .map(|record| {
                let layer = record
                    .layer
                    .and_then(|layer| self.store.layers.get(layer.as_usize()));
                let own = layer.into_iter().flat_map(|layer| &layer.pieces);
                let pieces: Vec<PieceId> = own.chain(&record.pieces).copied().collect();
                let is_private = |piece: &&PieceId| {
                    let mut owners = self.owners.of_piece(**piece);
                    owners.all(|owner| matches!(owner, Owner::Cache(_)))
                };
                CacheAccount {
                    total: self.sum(&pieces),
                    private: self.sum(pieces.iter().filter(is_private)),
                }
            })
            .collect()
    }

    fn pods(&self, containers: &[ContainerAccount]) -> Vec<PodAccount> {
        let mut accounts: Vec<PodAccount> = self
            .store
            .pods
            .iter()
            .map(|pod| {
                let with = |wanted: fn(Role) -> bool| {
                    self.sum(
                        pod.pieces
                            .iter()
                            .filter(|piece| wanted(self.store.piece(**piece).role)),
                    )
                };
                PodAccount {
                    logs: with(|role| role == Role::Log),
                    volumes: with(|role| role != Role::Log),
                    ..PodAccount::default()
                }
            })
            .collect();
        for (container, account) in self.store.containers.iter().zip(containers) {
            let pod = container
                .pod
                .and_then(|pod| accounts.get_mut(pod.as_usize()));
            if let Some(pod) = pod {
                pod.writable += account.writable;
                pod.logs += account.logs;
            }
        }
        for pod in &mut accounts {
            pod.total = pod.writable + pod.logs + pod.volumes;
        }
        accounts
    }

    fn totals(&self) -> Totals {
        let orphans: BTreeSet<PieceId> = self
            .store
            .orphans
            .iter()
            .map(|orphan| orphan.piece)
            .collect();
        let mut totals = Totals::default();
        for (position, piece) in self.store.pieces.iter().enumerate() {
            let id = PieceId(u32::try_from(position).unwrap_or(u32::MAX));
            let amount = Amount::of(piece, self.basis);
            let part = match piece.role {
                _ if orphans.contains(&id) => &mut totals.orphans,
                Role::Orphan => &mut totals.orphans,
                Role::Log => &mut totals.logs,
                Role::Writable => &mut totals.writable,
                Role::Volume => &mut totals.volumes,
                Role::ContainerFiles => &mut totals.container_files,
                Role::Layer | Role::Blob | Role::Cache | Role::Bookkeeping => {
                    self.part_of_owner(id, piece.role, &mut totals)
                }
            };
            *part += amount;
            totals.total += amount;
        }
        totals
    }

    /// Pieces that anybody may own are the images' first, then the containers', then the cache's.
    fn part_of_owner<'t>(
        &self,
        piece: PieceId,
        role: Role,
        totals: &'t mut Totals,
    ) -> &'t mut Amount {
        match self.owners.of_piece(piece).next() {
            Some(Owner::Image(_)) => &mut totals.images,
            Some(Owner::Container(_) | Owner::Pod(_)) => &mut totals.container_files,
            Some(Owner::Cache(_)) => &mut totals.cache,
            Some(Owner::Volume(_)) => &mut totals.volumes,
            None if role == Role::Cache => &mut totals.cache,
            None if role == Role::Bookkeeping => &mut totals.bookkeeping,
            None => &mut totals.orphans,
        }
    }

    fn freed(&self, selection: &[Owner]) -> Amount {
        let going = self.bonds.removed(selection);
        let is_freed = |piece: &&PieceId| {
            self.owners
                .of_piece(**piece)
                .all(|owner| going.contains(&owner))
        };
        let held: BTreeSet<PieceId> = self.owners.pieces_of(&going);
        self.sum(held.iter().filter(is_freed))
    }
}
