//! What is known of one store while it is read.

use std::collections::{HashMap, HashSet};

use crate::beneath::Beneath;
use crate::error::Result;
use crate::image::Digest;
use crate::progress::Job;
use crate::store::bbolt::Database;

use super::super::{
    Activity, Engine, Exit, ImageId, Layer, LayerId, Listing, Location, Orphan, PieceId, Role,
    Store,
};
use super::driver::Driver;
use super::graph::Graph;
use super::records::{Records, place};

/// Where a store is, and whether its engine works with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DriverStore {
    pub(super) driver: Driver,
    pub(super) activity: Activity,
    /// Whether what all drivers have in common counts for this one.
    pub(super) shares: Shares,
}

/// Volumes, the build cache and temporary files are of the data root, not of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shares {
    /// They are reported with this store.
    All,
    /// They are reported with another one.
    None,
}

/// Whether every record that may claim a directory was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Claimed {
    /// Whatever is unclaimed now is nobody's.
    #[default]
    Known,
    /// A record was unreadable: it may be that one's.
    InPart,
}

/// A store that is being read.
#[derive(Debug)]
pub(super) struct DockerReader<'a> {
    pub(super) found: DriverStore,
    pub(super) store: Store,
    pub(super) records: Records,
    pub(super) graph: Graph,
    pub(super) job: &'a Job,
    /// Layers by the directory they are in.
    pub(super) by_directory: HashMap<String, LayerId>,
    pub(super) by_chain: HashMap<Digest, LayerId>,
    pub(super) by_image: HashMap<Digest, ImageId>,
    /// What images have in place of layers whose records are out of reach; `None` where they could be listed.
    pub(super) layers_out_of_reach: Option<PieceId>,
    /// Directories of layers that were being removed.
    pub(super) half_removed: HashSet<String>,
    /// Directories of containers that are gone, with what to say about each; escaped.
    pub(super) left_over: HashMap<String, String>,
    pub(super) claimed: Claimed,
    /// Whether the directories of the build cache are known.
    pub(super) cache_claimed: Claimed,
}

/// Layers of images and containers have 64 hexadecimal digits, snapshots of `BuildKit` 25 letters and digits
/// (moby, pkg/stringid; buildkit, identity/randomid.go).
pub(super) fn may_be_cache(name: &str) -> bool {
    name.len() == 25
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

impl<'a> DockerReader<'a> {
    /// Starts with the driver's own directory at `home` below the root; empty where it is the root.
    pub(super) fn new(root: &Beneath, found: DriverStore, home: &[u8], job: &'a Job) -> Self {
        let mut store = Store::new(Engine::Docker, found.driver.name(), root.clone());
        store.activity = found.activity;
        let mut records = Records::new(root);
        if !home.is_empty() {
            store.add_piece(Location::new(root, home), Role::Bookkeeping);
        }
        let graph = Graph::list(&mut records, found.driver, home);
        Self {
            found,
            store,
            records,
            graph,
            job,
            by_directory: HashMap::new(),
            by_chain: HashMap::new(),
            by_image: HashMap::new(),
            layers_out_of_reach: None,
            half_removed: HashSet::new(),
            left_over: HashMap::new(),
            claimed: Claimed::Known,
            cache_claimed: Claimed::Known,
        }
    }

    /// Returns a place in the driver's part of `image/`.
    pub(super) fn image(&self, parts: &[&[u8]]) -> Vec<u8> {
        let driver = self.found.driver.name().as_bytes();
        place(&[b"image", driver, &place(parts)])
    }

    /// Returns a place below the root as a location.
    pub(super) fn location(&self, place: Vec<u8>) -> Location {
        Location::new(&self.store.root, place)
    }

    /// Adds a piece below the root.
    pub(super) fn piece(&mut self, place: Vec<u8>, role: Role) -> PieceId {
        let location = self.location(place);
        self.store.add_piece(location, role)
    }

    /// Adds the pieces of a layer's directory: its files first, then the directory with what the driver notes.
    pub(super) fn pieces(&mut self, directory: &str, files: Role, rest: Role) -> Vec<PieceId> {
        let contents = self.graph.files(directory);
        self.pieces_at(directory, contents, files, rest)
    }

    /// As [`DockerReader::pieces`], where it is known already where the files are.
    pub(super) fn pieces_at(
        &mut self,
        directory: &str,
        contents: super::super::Contents,
        files: Role,
        rest: Role,
    ) -> Vec<PieceId> {
        let whole = self.graph.directory(directory).path;
        let contents = match contents {
            super::super::Contents::Directory(contents) => contents.path,
            super::super::Contents::Refused(_) if self.found.driver.mounts_layers() => {
                let reason = self.graph.obstacle(directory);
                return self.out_of_reach(directory, files, reason);
            }
            // What the link leads to is not the layer's; that it is not measured is.
            super::super::Contents::Refused(_) => match self.graph.link(directory) {
                Some(link) => link.path,
                None => whole.clone(),
            },
        };
        let mut pieces = vec![self.piece(contents.clone(), files)];
        if contents != whole {
            pieces.push(self.piece(whole, rest));
        }
        pieces
    }

    /// Where a directory is missing and its name is none that the engine gives, it is the record that is damaged,
    /// and another directory may be meant.
    pub(super) fn doubt_name(&mut self, directory: &str) {
        let id = directory.strip_suffix("-init").unwrap_or(directory);
        let is_random = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_random && !may_be_cache(id) {
            self.claimed = Claimed::InPart;
        }
    }

    /// Adds the files of a layer whose directory is not there: unmeasured where there is a reason to think that
    /// they are somewhere, escaped; nothing where it is missing.
    pub(super) fn out_of_reach(
        &mut self,
        directory: &str,
        files: Role,
        reason: Option<String>,
    ) -> Vec<PieceId> {
        let location = self.graph.directory(directory);
        let add = |reason| self.store.add_unreachable(location, files, reason);
        reason.map(add).into_iter().collect()
    }

    /// Adds a layer that has a directory and no record of an image's layer.
    pub(super) fn directory_layer(
        &mut self,
        directory: &str,
        parent: Option<LayerId>,
        pieces: Vec<PieceId>,
        listing: Listing,
    ) -> LayerId {
        let layer = self.store.add_layer(Layer {
            parent,
            pieces,
            ..Layer::new(directory, listing)
        });
        self.by_directory.insert(directory.to_owned(), layer);
        layer
    }

    /// Adds something that nobody owns, with its age; `reason` is escaped.
    pub(super) fn orphan(&mut self, place: Vec<u8>, kind: &'static str, reason: String) {
        self.orphan_until(Exit::ByHand, place, kind, reason);
    }

    /// Notes something that nobody owns, and that goes away in a way of its own.
    pub(super) fn orphan_until(
        &mut self,
        exit: Exit,
        place: Vec<u8>,
        kind: &'static str,
        reason: String,
    ) {
        let since = self.records.modified(&place);
        let piece = self.piece(place, Role::Orphan);
        self.store.disown(Orphan {
            piece,
            reason,
            kind,
            since,
            exit,
        });
    }

    /// Notes that nobody owns a layer which has its pieces already; `reason` is escaped.
    pub(super) fn disown(&mut self, layer: LayerId, kind: &'static str, reason: &str) {
        let pieces = self.store.layer(layer).pieces.clone();
        let whole = pieces.last().copied();
        let since = whole.and_then(|piece| {
            self.records
                .modified(&self.store.piece(piece).location.path)
        });
        for piece in pieces {
            self.store.disown(Orphan {
                piece,
                reason: reason.to_owned(),
                kind,
                since,
                exit: Exit::ByHand,
            });
        }
    }

    /// Opens a database of the build cache; where it cannot be read, anything may be the cache's.
    pub(super) fn open(&mut self, place: &[u8]) -> Option<Database> {
        match Database::open(self.records.root(), place) {
            Ok(database) => database,
            Err(error) => {
                self.records.failed(&error);
                self.cache_claimed = Claimed::InPart;
                None
            }
        }
    }

    /// Says what could not be read of it.
    pub(super) fn note_damage(&mut self, place: &[u8], database: &Database) {
        if let Some(damage) = database.damage() {
            self.records.bad(place, damage);
            self.cache_claimed = Claimed::InPart;
        }
    }

    /// Returns whether all records were read that may own something of the build cache.
    pub(super) fn is_cache_known(&self) -> bool {
        self.cache_claimed == Claimed::Known
            && self.claimed == Claimed::Known
            && self.records.is_whole()
    }

    /// Returns the name of the directory that a layer is in.
    pub(super) fn directory_of(&self, layer: LayerId) -> Option<String> {
        let mut known = self.by_directory.iter();
        let found = known.find(|&(_, &known)| known == layer);
        found.map(|(directory, _)| directory.clone())
    }

    /// Returns the store with everything that was odd about it.
    pub(super) fn finish(mut self) -> Store {
        self.store.warnings.extend(self.records.into_warnings());
        self.store
    }

    /// Stops where the user wants it.
    pub(super) fn check(&self) -> Result<()> {
        self.job.check()
    }
}
