//! One snapshotter: its `metadata.db`, its directories, and what kind of files they hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::layer::dir::{Encoding, Namespace};
use crate::limits;
use crate::store::bbolt::{Bucket, Consistency, Database};
use crate::store::places::is_file;
use crate::store::{Location, go_encoding};

/// What a snapshot is for (containerd, core/snapshots/snapshotter.go).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SnapshotKind {
    /// To be looked at; nothing of its own.
    View,
    /// Written to: a container's, a build's.
    Active,
    /// Does not change any more.
    Committed,
}

/// One record of `metadata.db` (containerd, core/snapshots/storage/bolt.go).
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Names its directory.
    pub id: u64,
    pub kind: SnapshotKind,
    /// The whole name of the one below.
    pub parent: Option<String>,
    /// Disk blocks in bytes; only of committed ones.
    pub size: Option<u64>,
    pub created: Option<i64>,
}

/// How a snapshotter keeps files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// `snapshots/N/fs` holds what changed.
    Overlay(Encoding),
    /// `snapshots/N` holds the whole file system.
    Copies,
    /// `active/N`, `view/N` or `snapshots/N` hold the whole file system.
    Subvolumes,
    /// What is written is in `snapshots/N/fs`, and images are fetched into a cache when they are read.
    Remote(Encoding),
    /// `snapshots/N` holds something that is no directory tree.
    Opaque,
}

/// One snapshotter.
#[derive(Debug)]
pub(super) struct Snapshotter {
    pub name: String,
    pub home: Location,
    pub form: Keeping,
    /// By whole name: `NAMESPACE/NUMBER/KEY`.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// What lies in its directories: `snapshots/7`.
    pub directories: BTreeSet<Vec<u8>>,
    /// Why its records may not be all; escaped.
    pub doubt: Option<String>,
}

impl Snapshotter {
    /// Reads a snapshotter's records and lists its directories; `None` where it has never held anything.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub(super) fn read(name: &str, home: Location, namespace: Namespace) -> Result<Option<Self>> {
        let home = with_records(home);
        let database = Database::open(&home.root, &home.join("metadata.db").path)?;
        let form = Keeping::of(name, namespace);
        let mut directories = BTreeSet::new();
        for parent in form.directories() {
            let place = home.join(parent);
            let names = place.root.names(&place.path, limits::STORE_NAMES)?;
            let names = names.into_iter().flatten();
            directories.extend(names.map(|name| [parent.as_bytes(), b"/", &name].concat()));
        }
        let Some(database) = database else {
            if directories.is_empty() {
                return Ok(None);
            }
            let doubt = Some(format!("{} is missing", home.join("metadata.db").shown()));
            return Ok(Some(Self {
                name: name.to_owned(),
                home,
                form,
                snapshots: BTreeMap::new(),
                directories,
                doubt,
            }));
        };
        Ok(Some(Self {
            name: name.to_owned(),
            home,
            form,
            snapshots: read_snapshots(&database),
            directories,
            doubt: doubt(&database),
        }))
    }

    /// Returns where a snapshot's directory is, below the snapshotter's.
    pub(super) fn place(&self, snapshot: &Snapshot) -> Vec<u8> {
        let parent = match (self.form, snapshot.kind) {
            (Keeping::Subvolumes, SnapshotKind::Active) => "active",
            (Keeping::Subvolumes, SnapshotKind::View) => "view",
            _ => "snapshots",
        };
        format!("{parent}/{}", snapshot.id).into_bytes()
    }
}

impl Keeping {
    fn of(name: &str, namespace: Namespace) -> Self {
        match name {
            "overlayfs" => Self::Overlay(Encoding::Overlay(namespace)),
            "fuse-overlayfs" => Self::Overlay(Encoding::FuseOverlay),
            "native" => Self::Copies,
            "btrfs" => Self::Subvolumes,
            "stargz" | "nydus" | "overlaybd" | "soci" => Self::Remote(Encoding::Overlay(namespace)),
            _ => Self::Opaque,
        }
    }

    const fn directories(self) -> &'static [&'static str] {
        match self {
            Self::Subvolumes => &["active", "view", "snapshots"],
            _ => &["snapshots"],
        }
    }
}

/// Returns the part of a snapshotter's directory that has its records: stargz keeps its cache beside it
/// (stargz-snapshotter, service/service.go).
fn with_records(home: Location) -> Location {
    let inner = home.join("snapshotter");
    let has_records = |home: &Location| is_file(&home.root, &home.join("metadata.db").path);
    if !has_records(&home) && has_records(&inner) {
        inner
    } else {
        home
    }
}

/// Returns whether a snapshotter keeps the files of images apart from its snapshots, or may do so.
pub(super) fn has_cache(name: &str) -> bool {
    let is_local = matches!(name, "zfs" | "devmapper" | "blockfile" | "erofs");
    !is_local
        && matches!(
            Keeping::of(name, Namespace::Trusted),
            Keeping::Remote(_) | Keeping::Opaque
        )
}

/// Returns why what a database says may not be all there is; escaped.
pub(super) fn doubt(database: &Database) -> Option<String> {
    let name = database.name();
    if let Some(damage) = database.damage() {
        return Some(format!("{name} is damaged: {damage}"));
    }
    match database.consistency() {
        Consistency::Steady => None,
        Consistency::Moving => Some(format!("{name} was being written while it was read")),
    }
}

fn read_snapshots(database: &Database) -> BTreeMap<String, Snapshot> {
    let snapshots = database.root().descend(&[b"v1", b"snapshots"]);
    let each = snapshots.iter().flat_map(Bucket::buckets);
    each.filter_map(|(name, bucket)| {
        let name = std::str::from_utf8(name).ok()?;
        Some((name.to_owned(), read_snapshot(bucket)?))
    })
    .collect()
}

fn read_snapshot(bucket: Bucket<'_>) -> Option<Snapshot> {
    let kind = match bucket.value(b"kind")? {
        [1] => SnapshotKind::View,
        [2] => SnapshotKind::Active,
        [3] => SnapshotKind::Committed,
        _ => return None,
    };
    let parent = bucket.value(b"parent");
    let size = bucket.value(b"size").and_then(go_encoding::size);
    Some(Snapshot {
        id: go_encoding::unsigned(bucket.value(b"id")?)?,
        kind,
        parent: parent.and_then(|parent| Some(std::str::from_utf8(parent).ok()?.to_owned())),
        size: size.filter(|_| kind == SnapshotKind::Committed),
        created: bucket.value(b"createdat").and_then(go_encoding::time),
    })
}
