//! Which stored bytes nothing shows, why, and which two layers did it.
//!
//! Data lives while any name of its inode is visible in the merged view. A name ends at the next version of
//! its path; data with several names ends with the last of them.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{WasteCause, WasteReport, WastedPath};
use crate::layer::{EntryKind, LayerIndex};
use crate::path::ImagePath;
use crate::tree::{Change, EntryRef, HideCause, MergedTree, PathId, Version};

/// Waste, and what of each layer is still shown.
#[derive(Debug)]
pub(super) struct Balance {
    pub(super) report: WasteReport,
    /// Bytes by layer that the merged view shows.
    pub(super) live_bytes: Vec<u64>,
    /// Bytes of lower layers that each layer made useless.
    pub(super) destroyed_bytes: Vec<u64>,
    /// Paths the merged view shows, without the root.
    pub(super) paths: u64,
}

/// What became of data with several names.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Live,
    Ended {
        at: LayerIndex,
        cause: WasteCause,
        own_name: bool,
        path: PathId,
    },
}

struct Ledger<'t> {
    tree: &'t MergedTree,
    balance: Balance,
    shared: HashMap<EntryRef, (PathId, Fate)>,
}

/// Balances a union. Cost is linear in its versions.
pub(super) fn balance(tree: &MergedTree) -> Balance {
    let layers = tree.layers().len();
    let balance = Balance {
        report: WasteReport::default(),
        live_bytes: vec![0; layers],
        destroyed_bytes: vec![0; layers],
        paths: 0,
    };
    let mut ledger = Ledger {
        tree,
        balance,
        shared: HashMap::new(),
    };
    for path in tree.paths() {
        ledger.take_path(path);
    }
    ledger.take_shared();
    ledger.take_shadowed();
    ledger.finish()
}

impl Ledger<'_> {
    fn take_path(&mut self, path: PathId) {
        let versions = self.tree.versions(path);
        for (position, version) in versions.iter().enumerate() {
            let tree = self.tree.layer(version.layer);
            if version.change == Change::Hidden || !tree.kind(version.node).is_file() {
                continue;
            }
            let end = if version.change == Change::Dangling {
                Some((version.layer, WasteCause::ShadowedInLayer))
            } else {
                let next = versions[position + 1..]
                    .iter()
                    .find(|next| next.change != Change::Dangling);
                next.map(|next| (next.layer, self.cause(*next)))
            };
            self.take_name(path, *version, end);
        }
        let last = versions
            .iter()
            .rev()
            .find(|version| version.change != Change::Dangling);
        if path != PathId::ROOT && last.is_some_and(|version| version.is_visible()) {
            self.balance.paths += 1;
        }
    }

    /// Reads from the version that ended a file why it ended.
    fn cause(&self, next: Version) -> WasteCause {
        match (next.change, next.hidden_by()) {
            (_, Some(HideCause::DeletedDir)) => WasteCause::DeletedDir,
            (_, Some(HideCause::Opaque)) => WasteCause::Opaque,
            (_, Some(HideCause::Replaced)) => WasteCause::Replaced,
            (Change::Removed, None) => WasteCause::Deleted,
            _ if !self.tree.layer(next.layer).kind(next.node).is_file() => WasteCause::Replaced,
            (Change::Touched, None) => WasteCause::MetadataOnly,
            (Change::Repeated, None) => WasteCause::Identical,
            _ => WasteCause::Overwritten,
        }
    }

    fn take_name(&mut self, path: PathId, version: Version, end: Option<(LayerIndex, WasteCause)>) {
        let own_name = self.tree.layer(version.layer).kind(version.node) == EntryKind::File;
        if own_name && !self.tree.is_linked(version.layer, version.node) {
            let bytes = self.tree.layer(version.layer).size(version.node);
            match end {
                None => self.balance.live_bytes[version.layer.as_usize()] += bytes,
                Some((at, cause)) => self.waste(path, bytes, cause, version.layer, at),
            }
            return;
        }
        let Some(data) = self.tree.inode(version.layer, version.node) else {
            return;
        };
        let fate = match end {
            None => Fate::Live,
            Some((at, cause)) => Fate::Ended {
                at,
                cause,
                own_name,
                path,
            },
        };
        let tree = self.tree;
        let known = self.shared.entry(data).or_insert((path, fate));
        if own_name {
            known.0 = path;
        }
        if outlives(tree, fate, known.1) {
            known.1 = fate;
        }
    }

    fn take_shared(&mut self) {
        for ((layer, node), (path, fate)) in std::mem::take(&mut self.shared) {
            let bytes = self.tree.layer(layer).size(node);
            match fate {
                Fate::Live => self.balance.live_bytes[layer.as_usize()] += bytes,
                Fate::Ended { at, cause, .. } => self.waste(path, bytes, cause, layer, at),
            }
        }
    }

    fn take_shadowed(&mut self) {
        for (index, tree) in (0u16..).zip(self.tree.layers()) {
            let layer = LayerIndex(index);
            for shadowed in tree.shadowed() {
                let path = tree.path(shadowed.node);
                let path = ImagePath::new(&path).and_then(|path| self.tree.find(path));
                self.waste(
                    path.unwrap_or(PathId::ROOT),
                    shadowed.size,
                    WasteCause::ShadowedInLayer,
                    layer,
                    layer,
                );
            }
        }
    }

    fn waste(
        &mut self,
        path: PathId,
        bytes: u64,
        cause: WasteCause,
        created_in: LayerIndex,
        destroyed_in: LayerIndex,
    ) {
        if bytes == 0 {
            return;
        }
        let report = &mut self.balance.report;
        report.total_bytes += bytes;
        report.by_cause[cause as usize] += bytes;
        if cause != WasteCause::ShadowedInLayer {
            self.balance.destroyed_bytes[destroyed_in.as_usize()] += bytes;
        }
        report.paths.push(WastedPath {
            path,
            bytes,
            cause,
            created_in,
            destroyed_in,
        });
    }

    fn finish(mut self) -> Balance {
        // Data with several names was taken from a hash map; everything else is in order already.
        self.balance
            .report
            .paths
            .sort_by_key(|wasted| (wasted.path, wasted.created_in, wasted.cause));
        self.balance
    }
}

impl WasteReport {
    /// Returns the `most` largest, ties by path bytes, then by creator.
    ///
    /// Cost is linear in all waste; only what is returned is sorted.
    pub fn largest(&self, tree: &MergedTree, most: usize) -> Vec<WastedPath> {
        let mut found = self.paths.clone();
        if most == 0 {
            return Vec::new();
        }
        if found.len() > most {
            // Everything as large as the last one returned stays in, so that the path can decide.
            let (_, smallest, _) =
                found.select_nth_unstable_by_key(most - 1, |wasted| Reverse(wasted.bytes));
            let threshold = smallest.bytes;
            found.retain(|wasted| wasted.bytes >= threshold);
        }
        let key = |wasted: &WastedPath| (wasted.created_in, wasted.cause);
        found.sort_by(|one, other| {
            let by_bytes = other.bytes.cmp(&one.bytes);
            by_bytes
                .then_with(|| tree.compare_paths(one.path, other.path))
                .then_with(|| key(one).cmp(&key(other)))
        });
        found.truncate(most);
        found
    }
}

/// Returns whether a name keeps the data longer than the one known so far. Of two that end together the name
/// that stores the data speaks for it, then the smaller path.
fn outlives(tree: &MergedTree, fate: Fate, known: Fate) -> bool {
    match (fate, known) {
        (_, Fate::Live) => false,
        (Fate::Live, _) => true,
        (
            Fate::Ended {
                at, own_name, path, ..
            },
            Fate::Ended {
                at: known_at,
                own_name: known_own,
                path: known_path,
                ..
            },
        ) => {
            if at != known_at {
                return at > known_at;
            }
            if own_name != known_own {
                return own_name;
            }
            path != known_path && tree.path(path) < tree.path(known_path)
        }
    }
}
