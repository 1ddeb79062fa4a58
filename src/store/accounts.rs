//! Who takes how much: unique, shared and total bytes of every image, container and record of a measured store.

mod account;
mod amount;
mod owners;
mod removal;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use self::account::{
    CacheAccount, ContainerAccount, ImageAccount, LayerAccount, PodAccount, Totals,
};
pub use self::amount::{Amount, Basis};
use self::owners::Owners;
use self::removal::Bonds;
use super::{Container, ImageId, LayerId, Owner, PieceId, Role, Store, StoredImage};

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
    /// By lease.
    pub leases: Vec<Amount>,
    /// By plugin, artifact, or what is foreign.
    pub extras: Vec<Amount>,
    /// By orphan.
    pub orphans: Vec<Amount>,
    /// What the whole store occupies, by purpose.
    pub totals: Totals,
    owners: Owners,
    bonds: Bonds,
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
            leases: store
                .leases
                .iter()
                .map(|lease| books.sum(&lease.pieces))
                .collect(),
            extras: store
                .extras
                .iter()
                .map(|extra| books.sum(&extra.pieces))
                .collect(),
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
                Owner::Volume(_) | Owner::Pod(_) | Owner::Lease(_) | Owner::Extra(_) => {}
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
                    volumes: with(|role| role == Role::Volume),
                    other: with(|role| !matches!(role, Role::Log | Role::Volume)),
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
                pod.other += account.other;
            }
        }
        for pod in &mut accounts {
            pod.total = pod.writable + pod.logs + pod.volumes + pod.other;
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
                Role::Extra => &mut totals.extras,
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
            Some(Owner::Lease(_)) => &mut totals.leases,
            Some(Owner::Extra(_)) => &mut totals.extras,
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
