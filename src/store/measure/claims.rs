//! Which piece a path belongs to: the innermost one whose place it lies in.

use std::collections::{HashMap, HashSet};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::Stat;

use super::super::piece::{PieceId, Role};
use super::super::{Container, Inventory, Store};
use super::growth::{Files, Grown};
use crate::beneath::Beneath;

/// Position of a piece among those of all stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Claim(pub u32);

impl Claim {
    pub(super) const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

/// Position of a directory in the tree of claimed places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot(u32);

/// Identifies a directory on this machine.
pub(super) type Inode = (u64, u64);

/// Returns what identifies the file that a status is of.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    reason = "the width and sign of a device number depend on the system"
)]
pub(super) const fn inode_of(status: &Stat) -> Inode {
    (status.st_dev as u64, status.st_ino as u64)
}

/// A directory that is walked.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) beneath: Beneath,
    pub(super) spot: Spot,
    pub(super) claim: Option<Claim>,
}

/// What is claimed, by whom.
#[derive(Debug, Default)]
pub(super) struct Claims {
    roots: Vec<Root>,
    positions: HashMap<Inode, usize>,
    names: HashMap<(Spot, Box<[u8]>), Spot>,
    claimed: Vec<Option<Claim>>,
    pieces: Vec<(usize, PieceId)>,
    /// Claims whose directories are to be added up one by one, for a container's growth.
    detailed: HashMap<Claim, (usize, usize)>,
    roles: Vec<Role>,
    /// Places with places below them.
    leading: HashSet<Spot>,
}

impl Claims {
    /// Collects what all stores claim. Where two claim one place the first has it.
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut claims = Self::default();
        for (at, store) in inventory.stores.iter().enumerate() {
            let writable = writable_pieces(store);
            for (position, piece) in store.pieces.iter().enumerate() {
                let id = PieceId(u32::try_from(position).unwrap_or(u32::MAX));
                let claim = claims.add(at, id, piece.role);
                claims.place(&piece.location.root, &piece.location.path, claim);
                if let Some(&container) = writable.get(&id) {
                    claims.detailed.insert(claim, (at, container));
                }
            }
        }
        claims
    }

    fn add(&mut self, store: usize, piece: PieceId, role: Role) -> Claim {
        self.pieces.push((store, piece));
        self.roles.push(role);
        Claim(u32::try_from(self.pieces.len() - 1).unwrap_or(u32::MAX))
    }

    fn place(&mut self, root: &Beneath, path: &[u8], claim: Claim) {
        let Some(mut spot) = self.root(root) else {
            return;
        };
        for name in path
            .split(|&byte| byte == b'/')
            .filter(|name| !name.is_empty())
        {
            let known = self.names.get(&(spot, name.into())).copied();
            spot = known.unwrap_or_else(|| {
                let new = self.new_spot();
                self.leading.insert(spot);
                self.names.insert((spot, name.into()), new);
                new
            });
        }
        self.claimed[spot.0 as usize].get_or_insert(claim);
        if path.is_empty()
            && let Some(root) = self.roots.iter_mut().find(|root| root.spot == spot)
        {
            root.claim.get_or_insert(claim);
        }
    }

    fn root(&mut self, beneath: &Beneath) -> Option<Spot> {
        let status = beneath.status(b"").ok().flatten()?;
        let inode = inode_of(&status);
        if let Some(&position) = self.positions.get(&inode) {
            return Some(self.roots[position].spot);
        }
        let spot = self.new_spot();
        self.positions.insert(inode, self.roots.len());
        self.roots.push(Root {
            beneath: beneath.clone(),
            spot,
            claim: None,
        });
        Some(spot)
    }

    fn new_spot(&mut self) -> Spot {
        self.claimed.push(None);
        Spot(u32::try_from(self.claimed.len() - 1).unwrap_or(u32::MAX))
    }

    /// Returns the directories to walk. One may lie in another: see [`Claims::is_root`].
    pub(super) fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Returns the places right below roots that nobody claims as a whole: they are walked, and not what is beside
    /// them. Roots are by position. Cost is linear in all places.
    pub(super) fn alone(&self) -> Vec<(usize, &[u8], Spot, Claim)> {
        let roots = self.roots.iter().enumerate();
        let unclaimed = roots.filter(|(_, root)| root.claim.is_none());
        let unclaimed: HashMap<Spot, usize> = unclaimed.map(|(at, root)| (root.spot, at)).collect();
        let places = self.names.iter().filter_map(|((above, name), &spot)| {
            let claim = self.claim(Some(spot))?;
            Some((*unclaimed.get(above)?, name.as_ref(), spot, claim))
        });
        places.collect()
    }

    /// Returns whether a directory is walked by itself.
    pub(super) fn is_root(&self, inode: Inode) -> bool {
        self.positions.contains_key(&inode)
    }

    /// Returns the place below a place, if anything at or below it is claimed.
    pub(super) fn below(&self, spot: Option<Spot>, name: &[u8]) -> Option<Spot> {
        self.names.get(&(spot?, name.into())).copied()
    }

    /// Returns whether anything below this place is claimed.
    pub(super) fn leads_on(&self, spot: Spot) -> bool {
        self.leading.contains(&spot)
    }

    /// Returns who claims exactly this place.
    pub(super) fn claim(&self, spot: Option<Spot>) -> Option<Claim> {
        self.claimed.get(spot?.0 as usize).copied().flatten()
    }

    /// Returns who claims a place below this one; cost is linear in all places.
    pub(super) fn claims_below(&self, top: Spot) -> Vec<Claim> {
        let mut children: HashMap<Spot, Vec<Spot>> = HashMap::new();
        for ((above, _), &spot) in &self.names {
            children.entry(*above).or_default().push(spot);
        }
        let mut found = Vec::new();
        let mut waiting = children.remove(&top).unwrap_or_default();
        while let Some(spot) = waiting.pop() {
            found.extend(self.claim(Some(spot)));
            waiting.extend(children.remove(&spot).unwrap_or_default());
        }
        found
    }

    /// Returns how many claims there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Returns the store and the piece behind a claim.
    pub(super) fn piece(&self, claim: Claim) -> (usize, PieceId) {
        self.pieces[claim.as_usize()]
    }

    /// Returns what the piece is there for.
    pub(super) fn role(&self, claim: Claim) -> Role {
        self.roles[claim.as_usize()]
    }

    /// Returns where to add up the directories of a piece, where somebody wants to know them.
    pub(super) fn grown(&self, claim: Claim) -> Option<Arc<Grown>> {
        let files = match self.role(claim) {
            role if super::is_told_by_path(role) => Files::Named,
            _ => Files::InDirectories,
        };
        let is_wanted = files == Files::Named || self.detailed.contains_key(&claim);
        is_wanted.then(|| Grown::top(files))
    }

    /// Returns the store and the container that wrote a piece.
    pub(super) fn container(&self, claim: Claim) -> Option<(usize, usize)> {
        self.detailed.get(&claim).copied()
    }
}

/// Returns the pieces that containers have written, with the containers' positions.
fn writable_pieces(store: &Store) -> HashMap<PieceId, usize> {
    let mut pieces = HashMap::new();
    for (position, container) in store.containers.iter().enumerate() {
        if let Some(piece) = files_of(store, container) {
            pieces.entry(piece).or_insert(position);
        }
    }
    pieces
}

fn files_of(store: &Store, container: &Container) -> Option<PieceId> {
    let layer = store.layers.get(container.writable?.as_usize())?;
    layer.pieces.first().copied()
}

/// Opens a root anew, for the walk.
pub(super) fn reopened(root: &Beneath) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(root.as_descriptor(), ".", flags, Mode::empty())
}
